//! Points of what somebody else has added up. Here a zero is a reported zero, and what was not reported is missing.
//!
//! A return may be published whole and by several breakdowns at once, for several lengths of period, and for a place
//! and its parts. One of each is chosen, so that nothing is counted twice:
//! of breakdowns, the one with the fewest dimensions that has those asked for;
//! of lengths, the one asked for, or shorter ones that fill it;
//! of places, the place itself, or the nearest below it that report, or those that serve it.

mod reporter;
mod scope;

use super::frame::Frame;
use super::{Note, PointQuery, Raw, Sieve, no_population, today};
use crate::cell::{Cells, Filter};
use crate::measure::{Aggregate, Measure};
use crate::period::{Grain, Period, periods};
use crate::quantity::SUPPRESSED_PREFIX;
use crate::tally::Sums;
use chrono::{Days, NaiveDate};
use joinedup_events::AreaId;
use joinedup_events::area::{Area, Areas, Serves};
use reporter::{Filled, Report, Reporter};
use scope::{Scope, marked, provisional, scope};
use std::collections::BTreeSet;

/// A series that has been silent for more than a year has ended, and its chart ends with it. One that has been silent
/// for less shows the gap.
const ENDED_AFTER: Days = Days::new(366);

/// All lengths, the shortest first.
const GRAINS: [Grain; 5] = [
    Grain::Day,
    Grain::Week,
    Grain::Month,
    Grain::Quarter,
    Grain::Year,
];

const MILLION: f64 = 1_000_000.0;

/// The numbers of each expected period.
pub(super) fn raws(
    cells: &Cells,
    areas: &Areas,
    query: &PointQuery<'_>,
    sieve: &Sieve,
) -> (Frame, Vec<Raw>) {
    let quantity = query.measure.quantity.as_str();
    let scoped = scope(cells, areas, query.area, query.measure);
    let note = scoped.note().map(Note::from);
    let Scope {
        places: scope,
        serving,
        years,
        ..
    } = &scoped;
    let (first, last) = extent(cells, quantity, scope, query);
    let frame = Frame::of(query, first, last);
    if scope.is_empty() {
        let none = vec![Raw::missing(Note::NothingEver { verb: "reported" }); frame.periods.len()];
        return (frame, none);
    }
    let mut all = Return::of(cells, quantity, scope, &sieve.whole).waiting(serving, years);
    for reporter in &mut all.reporters {
        reporter.is_share = query.measure.aggregate == Aggregate::Proportion;
    }
    let part = (query.measure.aggregate == Aggregate::Share)
        .then(|| Return::of_part(cells, quantity, scope, sieve).waiting(serving, years));
    let over = query.measure.over.as_deref().map(|over| {
        // Both sides must be of the same places.
        Return::of(cells, over, scope, &sieve.whole).waiting(serving, years)
    });
    // A ratio may change with either side.
    let named = [Some(quantity), query.measure.over.as_deref()];
    let provisional: BTreeSet<NaiveDate> = named
        .into_iter()
        .flatten()
        .flat_map(|quantity| provisional(cells, quantity, scope, &sieve.whole))
        .collect();
    let today = today(query);
    let raws = frame
        .periods
        .iter()
        .map(|period| {
            if period.end <= first.unwrap_or(NaiveDate::MIN) {
                return Raw::missing("nothing was reported here before");
            }
            let over_yet = period.end <= today;
            let mut raw = match query.measure.aggregate {
                Aggregate::AmountMedian => all.median(query.grain, *period, over_yet),
                Aggregate::AsReported => all.exactly(query.grain, *period),
                aggregate => {
                    let amount = match all.sum(query.grain, *period, over_yet) {
                        Ok(amount) => amount,
                        Err(why) => return why,
                    };
                    match aggregate {
                        Aggregate::Share => {
                            match part.as_ref().map(|p| p.sum(query.grain, *period, over_yet)) {
                                Some(Ok(part)) => {
                                    Raw::part(micro(part.value), micro(amount.value), amount.n)
                                }
                                Some(Err(why)) => why,
                                None => Raw::default(),
                            }
                        }
                        Aggregate::Ratio => {
                            match over.as_ref().map(|o| o.sum(query.grain, *period, over_yet)) {
                                Some(Ok(over)) => {
                                    Raw::part(micro(amount.value), micro(over.value), over.n)
                                }
                                Some(Err(why)) => why,
                                None => Raw::default(),
                            }
                        }
                        Aggregate::Proportion => {
                            Raw::part(micro(amount.value), micro(amount.denominator), amount.n)
                        }
                        Aggregate::AmountPerDay => {
                            let days = (period.end.min(today) - period.start).num_days();
                            Raw::part(micro(amount.value), days.max(1) as f64, amount.n)
                        }
                        Aggregate::AmountPer100k(which) => {
                            match scoped.population(areas, query.area, which, *period) {
                                Some(people) => Raw::part(
                                    micro(amount.value),
                                    people as f64 / 100_000.0,
                                    amount.n,
                                ),
                                None => Raw::missing(no_population(which)),
                            }
                        }
                        _ => Raw::of(micro(amount.value), amount.n),
                    }
                }
            };
            raw.provisional = provisional.range(period.start..period.end).next().is_some();
            if raw.note.is_none() {
                raw.note.clone_from(&note);
            }
            raw
        })
        .collect();
    (frame, raws)
}

fn micro(amount: i64) -> f64 {
    amount as f64 / MILLION
}

/// The first date of a return, and the last one when it has ended.
fn extent(
    cells: &Cells,
    quantity: &str,
    scope: &[AreaId],
    query: &PointQuery<'_>,
) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let (mut first, mut last): (Option<NaiveDate>, Option<NaiveDate>) = (None, None);
    let suppressed = marked(quantity, SUPPRESSED_PREFIX);
    let with_suppressed = cells.series_within(&suppressed, scope);
    for series in cells.series_within(quantity, scope).chain(with_suppressed) {
        let Some(grain) = grain_of(series.breakdown) else {
            continue;
        };
        if let (Some(start), Some(end)) =
            (series.cells.keys().next(), series.cells.keys().next_back())
        {
            let end = Period::of(grain, *end).end.pred_opt().unwrap_or(*end);
            first = Some(first.map_or(*start, |f| f.min(*start)));
            last = Some(last.map_or(end, |l| l.max(end)));
        }
    }
    let ended = last.filter(|last| *last + ENDED_AFTER < today(query));
    (first, ended)
}

fn grain_of(breakdown: &[(Box<str>, Box<str>)]) -> Option<Grain> {
    let (_, word) = breakdown.iter().find(|(d, _)| &**d == "grain")?;
    GRAINS.into_iter().find(|grain| grain.code() == &**word)
}

/// The lengths of which whole numbers fill a period, the longest first.
fn fillers(grain: Grain) -> &'static [Grain] {
    match grain {
        Grain::Day => &[Grain::Day],
        Grain::Week => &[Grain::Week, Grain::Day],
        Grain::Month => &[Grain::Month, Grain::Day],
        Grain::Quarter => &[Grain::Quarter, Grain::Month, Grain::Day],
        Grain::Year => &[Grain::Year, Grain::Quarter, Grain::Month, Grain::Day],
    }
}

/// The period by which a return is best shown in an area: the measure's own where reports fill it, or else the shortest
/// longer one that is reported and may be asked for, or else the longest shorter one. Quarterly figures of a monthly measure
/// are shown by quarter, and weekly ones, of which no month is made, by week.
pub(super) fn best_grain(cells: &Cells, areas: &Areas, measure: &Measure, area: &AreaId) -> Grain {
    let scope = scope(cells, areas, area, measure).places;
    let reported: BTreeSet<Grain> = cells
        .series_within(&measure.quantity, &scope)
        .filter(|series| !series.cells.is_empty())
        .filter_map(|series| grain_of(series.breakdown))
        .collect();
    let filled = |grain: Grain| match measure.aggregate {
        Aggregate::AsReported => reported.contains(&grain),
        _ => fillers(grain)
            .iter()
            .any(|filler| reported.contains(filler)),
    };
    if filled(measure.period) {
        return measure.period;
    }
    let may_be = |grain: &Grain| filled(*grain) && measure.allows(*grain);
    let longer = GRAINS.into_iter().filter(|grain| *grain > measure.period);
    let shorter = GRAINS.into_iter().filter(|grain| *grain < measure.period);
    let mut by_preference = longer.chain(shorter.rev());
    by_preference.find(may_be).unwrap_or(measure.period)
}

/// The services by which organisations stand for a place that reports nothing itself.
pub(super) fn standing_for<'a>(
    cells: &Cells,
    areas: &'a Areas,
    measure: &Measure,
    place: &'a AreaId,
) -> Vec<&'a Serves> {
    scope(cells, areas, place, measure).serving
}

fn add(sum: &mut Sums, more: &Sums) {
    sum.value += more.value;
    sum.denominator += more.denominator;
    sum.n += more.n;
}

/// A return, of all the places that speak for an area.
struct Return<'a> {
    reporters: Vec<Reporter<'a>>,
}

impl<'a> Return<'a> {
    fn of(cells: &'a Cells, quantity: &str, scope: &[AreaId], filter: &Filter) -> Self {
        Self::passing(cells, quantity, scope, |b| filter.passes(b))
    }

    fn of_part(cells: &'a Cells, quantity: &str, scope: &[AreaId], sieve: &Sieve) -> Self {
        Self::passing(cells, quantity, scope, |b| {
            sieve.whole.passes(b) && sieve.in_part(b)
        })
    }

    fn passing(
        cells: &'a Cells,
        quantity: &str,
        scope: &[AreaId],
        passes: impl Fn(&[(Box<str>, Box<str>)]) -> bool,
    ) -> Self {
        let reporters = scope
            .iter()
            .map(|area| Reporter::of(cells, quantity, area, &passes))
            .collect();
        Self { reporters }
    }

    /// The same of organisations that serve the place, each from its first to its last day, or of its parts, each waited
    /// for in its years.
    fn waiting(mut self, serving: &[&'a Serves], parts: &[&'a Area]) -> Self {
        for (reporter, serves) in self.reporters.iter_mut().zip(serving) {
            reporter.serves = Some(serves);
        }
        for (reporter, part) in self.reporters.iter_mut().zip(parts) {
            reporter.part = Some(part);
        }
        self
    }

    /// Those that speak for the place when a period begins.
    fn reporters_of(&self, period: Period) -> impl Iterator<Item = &Reporter<'a>> {
        let all = self.reporters.iter();
        all.filter(move |r| r.serves.is_none_or(|s| s.on(period.start)))
    }

    /// The amount of all places, or why there is none.
    fn sum(&self, grain: Grain, period: Period, over: bool) -> Result<Sums, Raw> {
        let mut sum = Sums::default();
        let mut reported = 0;
        let mut partly = None;
        let mut places = 0;
        for reporter in self.reporters_of(period) {
            let filled = reporter.fill(grain, period, over);
            if matches!(filled, Filled::NotWaitedFor) {
                continue;
            }
            places += 1;
            match filled {
                Filled::Whole(amount) => {
                    reported += 1;
                    add(&mut sum, &amount);
                }
                Filled::Partly { have, of, filler } => partly = Some((have, of, filler)),
                Filled::Suppressed => return Err(Raw::suppressed()),
                Filled::None | Filled::NotWaitedFor => {}
            }
        }
        if (reported == places && places > 0) || (!over && reported > 0) {
            return Ok(sum);
        }
        Err(Raw::missing(match (places, partly) {
            (0, _) => "none of those that report did so for the place then".to_owned(),
            (1, Some((have, of, filler))) => format!("{have} of {of} {filler}s reported"),
            (1, None) => "nothing was reported".to_owned(),
            _ => format!("{reported} of {places} places reported"),
        }))
    }

    /// The number of one place, for the very period.
    fn exactly(&self, grain: Grain, period: Period) -> Raw {
        match self
            .reporters
            .first()
            .and_then(|r| r.at(grain, period.start))
        {
            Some(Report::Amount(amount)) => Raw::of(micro(amount.value), amount.n),
            Some(Report::Suppressed) => Raw::suppressed(),
            Some(Report::Missing) | None => Raw::missing("nothing was reported"),
        }
    }

    /// The median of the days' amounts over all places; of a longer report, the amount itself.
    fn median(&self, grain: Grain, period: Period, over: bool) -> Raw {
        let daily = self
            .reporters
            .iter()
            .all(|r| r.sets.contains_key(&Grain::Day));
        if grain == Grain::Day || !daily {
            return match self.sum_of_own_length(grain, period, over) {
                Ok(sum) => Raw::of(micro(sum.value), sum.n),
                Err(why) => why,
            };
        }
        let mut amounts: Vec<i64> = Vec::new();
        let last = period.end.pred_opt().unwrap_or(period.start);
        for day in periods(Grain::Day, period.start, last) {
            if let Ok(sum) = self.sum(Grain::Day, day, true) {
                amounts.push(sum.value);
            }
        }
        let (have, of) = (amounts.len(), period.days());
        if have == 0 || (over && i64::try_from(2 * have).unwrap_or(0) < of) {
            return Raw::missing(match have {
                0 => "nothing was reported".to_owned(),
                _ => format!("{have} of {of} days reported, and half are needed"),
            });
        }
        amounts.sort_unstable();
        let middle = f64::midpoint(micro(amounts[(have - 1) / 2]), micro(amounts[have / 2]));
        Raw::of(middle, i64::try_from(have).unwrap_or(i64::MAX))
    }

    fn sum_of_own_length(&self, grain: Grain, period: Period, over: bool) -> Result<Sums, Raw> {
        let longer = self.reporters.iter().all(|r| r.sets.contains_key(&grain));
        if longer {
            self.sum(grain, period, over)
        } else {
            Err(Raw::missing("it is not reported by this period or by day"))
        }
    }
}
