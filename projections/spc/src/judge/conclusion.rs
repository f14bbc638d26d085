//! What the points and phases say of now, and what of the past.

use super::assurance::assurance;
use super::{meaning, words};
use crate::chart::Chart;
use crate::evidence::RECENT;
use crate::rules::{AlertOn, Rule, Rules, Signal};
use crate::runs::Side;
use crate::series::{Options, Point};
use crate::verdict::{
    LimitsStatus, PastChange, PhaseVerdict, PointState, PointVerdict, Variation, Verdict,
};

/// Judged periods without a word after which the last one says nothing of now.
const SILENT_PERIODS: usize = 3;

/// Icons, alert and sentence, all from one decision.
pub(super) fn conclude(verdict: &mut Verdict, points: &[Point], options: &Options, rules: &Rules) {
    verdict.latest = verdict
        .points
        .iter()
        .rposition(|point| point.state == PointState::Judged);
    mark_level_change(verdict, options, rules);
    let found = verdict.latest.and_then(|latest| {
        let point = verdict.points.get(latest)?;
        Some((latest, point, verdict.phases.get(point.phase)?))
    });
    let Some((latest, point, phase)) = found else {
        let phase = verdict.phases.last();
        verdict.limits_status = phase.map_or(LimitsStatus::TooFew, |phase| phase.limits_status);
        verdict.variation = Variation::NotJudged;
        verdict.assurance = None;
        verdict.alert = false;
        verdict.alert_rules.clear();
        verdict.past.clear();
        verdict.ended = None;
        verdict.seasonal = false;
        verdict.why = words::nothing_to_judge(!verdict.points.is_empty());
        return;
    };
    let ended = ended(verdict, latest, options);
    // Somebody has answered what the old phase said by starting the centre line afresh.
    let answered = point.phase + 1 < verdict.phases.len();
    let silent = ended.is_some() || answered;
    let seasonal = !silent
        && rules.alert_on == AlertOn::LatestPeriod
        && is_seasonal(verdict, latest, options, rules);
    let (variation, alert_rules) = match (silent, seasonal) {
        (true, _) => (Variation::NotJudged, Vec::new()),
        (_, true) => (Variation::CommonCause, Vec::new()),
        _ => decide(point, phase, options, rules),
    };
    let alert = variation.is_special();
    let past = past(verdict, phase, latest, alert || seasonal, rules);
    let assurance = assurance(verdict, point, phase, options, rules);
    let why = words::sentence(
        &words::Findings {
            verdict,
            points,
            point,
            phase,
            variation,
            past: &past,
            ended,
            answered,
            seasonal,
            assurance,
        },
        options,
        rules,
    );
    verdict.limits_status = phase.limits_status;
    verdict.variation = variation;
    verdict.assurance = assurance;
    verdict.alert = alert;
    verdict.alert_rules = alert_rules;
    verdict.past = past;
    verdict.ended = ended;
    verdict.seasonal = seasonal;
    verdict.why = why;
}

/// The probability below which the latest values are said to lie elsewhere than those before.
const LEVEL_CHANGE: f64 = 0.01;

/// Runs alone see little of a change of level: they know sides and not distances. So where the latest values of a run chart lie to one
/// side of those before by more than chance gives, and the very latest does not contradict it, they are marked.
fn mark_level_change(verdict: &mut Verdict, options: &Options, rules: &Rules) {
    let applies = options.chart == Chart::Run && rules.alert_on == AlertOn::LatestPeriod;
    let shift = verdict
        .recent_shift()
        .filter(|shift| shift.p < LEVEL_CHANGE);
    let (true, Some(latest), Some(side)) = (applies, verdict.latest, shift.and_then(|s| s.side))
    else {
        return;
    };
    let on_side = |point: &PointVerdict| {
        let pair = point.value.zip(point.centre);
        pair.and_then(|(value, centre)| Side::of(rules.compare(value, centre))) == Some(side)
    };
    let Some(phase) = verdict
        .points
        .get(latest)
        .filter(|p| on_side(p))
        .map(|p| p.phase)
    else {
        return;
    };
    let recent = verdict.points[..=latest].iter_mut().rev();
    let judged = recent.filter(|p| p.phase == phase && p.state == PointState::Judged);
    for point in judged.take(RECENT) {
        if on_side(point) && point.signals.is_empty() {
            let rule = Rule::LevelChange;
            point.signals.push(Signal { rule, side });
            point.variation = meaning(side, options.direction);
        }
    }
}

/// What the latest judged period says, and the rules that say so: none unless it is special.
fn decide(
    point: &PointVerdict,
    phase: &PhaseVerdict,
    options: &Options,
    rules: &Rules,
) -> (Variation, Vec<Rule>) {
    let mut met: Vec<Rule> = Vec::new();
    for signal in &point.signals {
        if !met.contains(&signal.rule) {
            met.push(signal.rule);
        }
    }
    let runs_decide = options.chart == Chart::Run && !rules.rules_on_run_charts;
    if rules.alert_on == AlertOn::WholePhase && phase.runs_signal {
        met.extend(runs_met(phase).filter(|rule| !point.signals.iter().any(|s| s.rule == *rule)));
        let sided = phase.recent_side.map_or(Variation::Undirected, |side| {
            meaning(side, options.direction)
        });
        return match point.variation {
            special if special.is_special() && !runs_decide => (special, met),
            _ => (sided, met),
        };
    }
    if runs_decide && phase.values < rules.runs_from {
        return (Variation::NotJudged, Vec::new());
    }
    (point.variation, met)
}

/// The rules that the runs of a phase meet; a box may be left where neither of its limits is passed.
fn runs_met(phase: &PhaseVerdict) -> impl Iterator<Item = Rule> {
    let long = phase.runs.long_run();
    let few = phase.runs.few_crossings() || !long;
    let rules = [
        long.then_some(Rule::LongRun),
        few.then_some(Rule::FewCrossings),
    ];
    rules.into_iter().flatten()
}

/// Whether the latest point is special by a run alone, and the same periods of the year before lay on that side too: at
/// least three in four of them, and at least half as many as the run is long.
fn is_seasonal(verdict: &Verdict, latest: usize, options: &Options, rules: &Rules) -> bool {
    let (Some(season), Some(point)) = (options.season, verdict.points.get(latest)) else {
        return false;
    };
    let Some(first) = point.signals.first() else {
        return false;
    };
    let is_run = |signal: &Signal| {
        let of_side = [Rule::LongRun, Rule::Shift, Rule::LevelChange].contains(&signal.rule);
        of_side && signal.side == first.side
    };
    if !point.signals.iter().all(is_run) {
        return false;
    }
    let judged = |p: &&PointVerdict| p.state == PointState::Judged;
    let before = &verdict.points[..=latest];
    let is_level = first.rule == Rule::LevelChange;
    let run = before.iter().enumerate().rev().filter(|(_, p)| judged(p));
    let run = run.take(if is_level { RECENT } else { usize::MAX });
    let run = run.take_while(|(_, p)| is_level || p.signals.iter().any(is_run));
    let (mut values, mut year_before, mut same_side) = (0, 0, 0);
    for (index, _) in run {
        values += 1;
        let earlier = index.checked_sub(season).map(|i| &verdict.points[i]);
        if let Some((value, centre)) = earlier
            .filter(judged)
            .and_then(|earlier| earlier.value.zip(point.centre))
        {
            year_before += 1;
            let side = Side::of(rules.compare(value, centre));
            same_side += usize::from(side == Some(first.side));
        }
    }
    2 * year_before >= values && 4 * same_side >= 3 * year_before
}

/// Periods from the latest judged one to now, where that is too long ago to say anything of now. A period
/// that has a value, though not to be judged yet, is a sign of life.
fn ended(verdict: &Verdict, latest: usize, options: &Options) -> Option<usize> {
    let last = verdict.points.len().saturating_sub(1);
    let now = options.now.unwrap_or(last).max(latest);
    let since = verdict.points.iter().take(now + 1).skip(latest + 1);
    let alive = since.filter(|p| p.state != PointState::Missing).count();
    let age = now - latest;
    (age - alive > SILENT_PERIODS * verdict.step).then_some(age)
}

/// The changes of the phase that are no news: those that do not reach the latest judged point, and all of them where
/// nothing reaches it or it says nothing of now.
fn past(
    verdict: &Verdict,
    phase: &PhaseVerdict,
    latest: usize,
    reached: bool,
    rules: &Rules,
) -> Vec<PastChange> {
    let judged: Vec<(usize, &PointVerdict)> = (phase.first..phase.end)
        .filter_map(|i| Some((i, verdict.points.get(i)?)))
        .filter(|(_, point)| point.state == PointState::Judged)
        .collect();
    let mut found = Vec::new();
    for rule in [
        Rule::Astronomical,
        Rule::Trend,
        Rule::TwoInThree,
        Rule::Shift,
        Rule::LongRun,
    ] {
        for side in [Side::Low, Side::High] {
            let meets = |point: &PointVerdict| point.signals.contains(&Signal { rule, side });
            for stretch in judged.chunk_by(|a, b| meets(a.1) == meets(b.1)) {
                let (first, point) = stretch[0];
                let (last, _) = stretch[stretch.len() - 1];
                if meets(point) && !(reached && last == latest) {
                    found.push(PastChange {
                        rule,
                        side: Some(side),
                        first,
                        last,
                        values: stretch.len(),
                    });
                }
            }
        }
    }
    let whole = judged.first().zip(judged.last());
    let crossings_are_past = !reached || rules.alert_on == AlertOn::LatestPeriod;
    if let Some((first, last)) = whole
        && phase.runs_signal
        && crossings_are_past
        && runs_met(phase).any(|rule| rule == Rule::FewCrossings)
    {
        found.push(PastChange {
            rule: Rule::FewCrossings,
            side: None,
            first: first.0,
            last: last.0,
            values: judged.len(),
        });
    }
    found.sort_by_key(|change| (change.first, change.last));
    found
}
