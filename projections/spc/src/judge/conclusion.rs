//! What the points and phases say of now, and what of the past.

use super::assurance::assurance;
use super::{meaning, words};
use crate::chart::Chart;
use crate::evidence::{RecentShift, changed_at};
use crate::numerics::summary;
use crate::rules::{AlertOn, Rule, Rules, Signal};
use crate::runs::Side;
use crate::series::{Options, Point};
use crate::verdict::{
    LimitsStatus, PastChange, PhaseVerdict, PointState, PointVerdict, Variation, Verdict,
};

/// Periods without a value after which the latest verdict is no longer about now.
const SILENT_PERIODS: usize = 3;

/// Icons, alert and sentence, all from one decision.
pub(super) fn conclude(verdict: &mut Verdict, points: &[Point], options: &Options, rules: &Rules) {
    verdict.latest = verdict
        .points
        .iter()
        .rposition(|point| point.state == PointState::Judged);
    // What was found at an earlier look says nothing of this one.
    verdict.ended = None;
    let level = mark_level_change(verdict, options, rules);
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
        verdict.seasonal = false;
        verdict.why = words::nothing_to_judge(!verdict.points.is_empty());
        return;
    };
    let ended = ended(verdict, latest, options);
    // Somebody has answered the old phase's signal by starting the centre line afresh.
    let answered = point.phase + 1 < verdict.phases.len();
    let silent = ended.is_some() || answered;
    let seasonal = !silent
        && rules.alert_on == AlertOn::LatestPeriod
        && is_seasonal(verdict, latest, level, options, rules);
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
            level,
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

/// The probability below which the latest values count as lying elsewhere than those before. A chart that is looked at every
/// week for a year then errs to the worse side about once in twenty years.
const LEVEL_CHANGE: f64 = 0.005;

/// The mean of so many of the latest values must still lie to the side of a change of level: one that is over is not news.
/// One value alone would contradict every sixth change of one standard deviation.
const STILL_THERE: usize = 3;

/// Runs alone see little of a change of level: they know sides and not distances. So where the latest values of a run chart lie to one
/// side of those before by more than chance gives, and still do, those since which the level is another are marked: the latest one
/// for all of them, and those on that side of the centre.
fn mark_level_change(
    verdict: &mut Verdict,
    options: &Options,
    rules: &Rules,
) -> Option<RecentShift> {
    let applies = options.chart == Chart::Run && rules.alert_on == AlertOn::LatestPeriod;
    let shift = verdict
        .recent_shift()
        .filter(|shift| applies && shift.p < LEVEL_CHANGE)?;
    let side = shift.side?;
    let all = newest_judged(verdict, usize::MAX);
    let newest = all.iter().take(STILL_THERE);
    let newest = summary::mean(newest.filter_map(|&i| verdict.points[i].value));
    if Side::of(rules.compare(newest, shift.mean_before)) != Some(side) {
        return None;
    }
    let values: Vec<f64> = all
        .iter()
        .rev()
        .filter_map(|&i| verdict.points[i].value)
        .collect();
    let changed = changed_at(&values, side).map_or(shift.latest, |at| values.len() - at);
    for (age, &index) in all.iter().take(changed).enumerate() {
        let point = &mut verdict.points[index];
        let pair = point.value.zip(point.centre);
        let place = pair.and_then(|(value, centre)| Side::of(rules.compare(value, centre)));
        if point.signals.is_empty() && (age == 0 || place == Some(side)) {
            let rule = Rule::LevelChange;
            point.signals.push(Signal { rule, side });
            point.variation = meaning(side, options.direction);
        }
    }
    Some(shift)
}

/// Indices of the judged points of the phase that holds the latest one, the newest first; so many at most.
fn newest_judged(verdict: &Verdict, limit: usize) -> Vec<usize> {
    let latest = verdict.latest.unwrap_or_default();
    let phase = verdict.points.get(latest).map(|point| point.phase);
    let of_phase = |&i: &usize| phase == Some(verdict.points[i].phase) && is_judged(verdict, i);
    let found = (0..=latest).rev().filter(of_phase);
    found.take(limit).collect()
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

/// Whether the latest point is special by a run or a level alone, and the same periods of the year before had it too.
fn is_seasonal(
    verdict: &Verdict,
    latest: usize,
    level: Option<RecentShift>,
    options: &Options,
    rules: &Rules,
) -> bool {
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
    if let (Rule::LevelChange, Some(level)) = (first.rule, level) {
        return is_level_of_season(verdict, level, season);
    }
    let judged = (0..=latest).rev().filter(|&i| is_judged(verdict, i));
    let run = judged.take_while(|&i| verdict.points[i].signals.iter().any(is_run));
    is_run_of_season(verdict, &run.collect::<Vec<_>>(), season, rules, first.side)
}

fn is_judged(verdict: &Verdict, index: usize) -> bool {
    let point = verdict.points.get(index);
    point.is_some_and(|point| point.state == PointState::Judged)
}

/// The judged point nearest to a year before another one: where one in some periods is judged, it need not be that of
/// the very date.
pub(crate) fn year_before(verdict: &Verdict, index: usize, season: usize) -> Option<&PointVerdict> {
    let place = index.checked_sub(season)?;
    let around =
        (0..=verdict.step / 2).flat_map(|away| [place.checked_sub(away), Some(place + away)]);
    let mut found = around.flatten().filter(|&i| is_judged(verdict, i));
    verdict.points.get(found.next()?)
}

/// Of the same periods of the year before at least three in four, and at least half as many as the run is long, lay on
/// its side.
fn is_run_of_season(
    verdict: &Verdict,
    run: &[usize],
    season: usize,
    rules: &Rules,
    side: Side,
) -> bool {
    let sides: Vec<Option<Side>> = run
        .iter()
        .filter_map(|&index| {
            let value = year_before(verdict, index, season)?.value?;
            let centre = verdict.points[index].centre?;
            Some(Side::of(rules.compare(value, centre)))
        })
        .collect();
    let same_side = sides.iter().filter(|s| **s == Some(side)).count();
    2 * sides.len() >= run.len() && 4 * same_side >= 3 * sides.len()
}

/// The share of a change of level that the year before must have had, if it is to be of the season. Chance alone has so much of it in one chart of
/// fifty, where a vote of sides would hide one real change in ten.
pub(crate) const OF_THE_SEASON: f64 = 0.6;

/// The same periods of the year before, at least half as many, lay most of the way to where the latest values lie.
fn is_level_of_season(verdict: &Verdict, level: RecentShift, season: usize) -> bool {
    let latest = newest_judged(verdict, level.latest);
    // What lies before a fresh centre line lies about its own.
    let away = |index: usize| {
        let point = year_before(verdict, index, season)?;
        let same_phase = point.phase == verdict.points[index].phase;
        let usual = if same_phase {
            Some(level.mean_before)
        } else {
            point.centre
        };
        Some(point.value? - usual?)
    };
    let then: Vec<f64> = latest.iter().filter_map(|&i| away(i)).collect();
    let share = summary::mean(then.iter().copied()) / (level.mean - level.mean_before);
    2 * then.len() >= latest.len() && share >= OF_THE_SEASON
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

/// The changes of the phase that are not news: those that do not reach the latest judged point, and all of them where
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
