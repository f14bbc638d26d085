//! What is suppressed of a question: the lengths of period and parts of the people that are decided before it, and itself.

use super::Policy;
use super::among::{Among, At, Slice};
use super::lengths::{self, Level};
use crate::ask::Basis;
use crate::cell::Filter;
use crate::dimension;
use crate::period::Grain;
use crate::point::{Point, PointQuery, points};
use chrono::NaiveDate;
use joinedup_events::area::Areas;
use joinedup_events::{AreaId, local};
use std::collections::{BTreeMap, BTreeSet};

/// The points of an area as they are, and which of them are suppressed.
pub(super) struct Decided {
    /// In order of their periods.
    pub points: Vec<Point>,
    /// By the start of the period.
    pub hidden: BTreeSet<NaiveDate>,
    /// The rule holds for the area.
    pub holds: bool,
}

/// Where a question is asked.
pub(super) struct Asked<'a> {
    pub basis: &'a Basis<'a>,
    pub areas: &'a Areas,
    pub policy: &'a Policy,
    pub wanted: &'a [AreaId],
}

impl Asked<'_> {
    /// The points of an area as they are.
    pub fn points(&self, query: &PointQuery<'_>, area: &AreaId, filter: &Filter) -> Vec<Point> {
        let query = PointQuery {
            area,
            filter,
            ..*query
        };
        points(self.basis, self.areas, &query)
    }

    /// The points as they are, and which of them are suppressed beside those of other areas, parts and lengths of period.
    pub fn decided(&self, query: &PointQuery<'_>) -> BTreeMap<AreaId, Decided> {
        let slices = slices(self.basis, query);
        let whole = Filter::default();
        let wanted: BTreeSet<&AreaId> = self.wanted.iter().collect();
        let mut decided: BTreeMap<AreaId, Decided> = BTreeMap::new();
        for area in self.wanted {
            if decided.contains_key(area) {
                continue;
            }
            let family = relatives(self.areas, area, self.policy);
            let (points, hidden) = match &slices {
                // Whatever is asked for, the whole is published too, and is decided without its parts.
                Slices::Whole => self.asked(query, &family, std::slice::from_ref(&whole), (0, &[])),
                Slices::Parts { values, asked } => {
                    let all = self.levels(query, &family, std::slice::from_ref(&whole), (0, &[]));
                    let slices: Vec<Filter> =
                        std::iter::once(&whole).chain(values).cloned().collect();
                    self.asked(query, &family, &slices, (asked + 1, &all))
                }
                // By many questions of this kind the parts of a small number could be put together, also out of the numbers of
                // the places that are free of the rule and hold small ones.
                Slices::Mixed => (self.slice(query, &family, query.filter), None),
            };
            let is_asked = |point: &Point| {
                query.from.is_none_or(|from| point.period_end > from)
                    && query.to.is_none_or(|to| point.period_start <= to)
            };
            for (area, mut points) in points {
                if !wanted.contains(&area) {
                    continue;
                }
                points.retain(|point| query.range.is_some() || is_asked(point));
                let holds = self.policy.holds(self.areas, area.as_str());
                let near = hidden.is_none() && self.policy.holds_near(self.areas, &area);
                let is_hidden = |start: &NaiveDate| match &hidden {
                    Some(hidden) => hidden.contains(&(*start, area.clone())),
                    None => near,
                };
                let starts = points.iter().map(|point| point.period_start);
                let hidden = starts.filter(is_hidden).collect();
                let of_area = Decided {
                    points,
                    hidden,
                    holds,
                };
                decided.insert(area, of_area);
            }
        }
        decided
    }

    fn slice(&self, query: &PointQuery<'_>, family: &BTreeSet<AreaId>, filter: &Filter) -> Slice {
        let points = |area: &AreaId| (area.clone(), self.points(query, area, filter));
        family.iter().map(points).collect()
    }

    /// The slice that is asked for, and which of its points are suppressed.
    fn asked(
        &self,
        query: &PointQuery<'_>,
        family: &BTreeSet<AreaId>,
        filters: &[Filter],
        (asked, whole): (usize, &[Level]),
    ) -> (Slice, Option<BTreeSet<At>>) {
        let levels = self.levels(query, family, filters, (asked, whole));
        let mut levels = levels.into_iter();
        let level = levels.find(|level| level.grain == query.grain);
        let Some(mut level) = level.filter(|level| asked < level.slices.len()) else {
            return (Slice::new(), None);
        };
        let of_asked = level
            .hidden
            .into_iter()
            .filter(|(slice, _)| *slice == asked);
        (
            level.slices.swap_remove(asked),
            Some(of_asked.map(|(_, at)| at).collect()),
        )
    }

    /// All that decides what is suppressed of a length of period beside its whole; none where the data are not a view's.
    fn key(
        &self,
        query: &PointQuery<'_>,
        family: &BTreeSet<AreaId>,
        filters: &[Filter],
    ) -> Option<String> {
        let position = Some(self.basis.position(query.measure)).filter(|position| *position > 0)?;
        let (known, today) = (self.basis.known_at(), local::date(query.now));
        let PointQuery {
            measure,
            grain,
            from,
            to,
            range,
            ..
        } = query;
        let id = &measure.id;
        let of = format!("{id:?} {grain} {from:?} {to:?} {range:?} {family:?} {filters:?}");
        Some(format!("{position} {known:?} {today} {of}"))
    }

    /// Lengths of period in the order in which they are decided, up to the one of the question; those after it are open. With
    /// levels of the `whole` the first slice is the whole of the others, of which only the one that is asked for is decided.
    fn levels(
        &self,
        query: &PointQuery<'_>,
        family: &BTreeSet<AreaId>,
        filters: &[Filter],
        (asked, whole): (usize, &[Level]),
    ) -> Vec<Level> {
        let among = Among {
            areas: self.areas,
            policy: self.policy,
            measure: query.measure,
            unknown: filters.iter().position(is_unknown),
        };
        let mut grains = lengths::order(query.measure);
        let is_alone = query.range.is_some() || query.grain == query.measure.period;
        if is_alone {
            // Of what is decided first nothing else needs to be known.
            grains = vec![query.grain];
        } else if !grains.contains(&query.grain) {
            grains.push(query.grain);
        }
        let wide = if is_alone {
            *query
        } else {
            lengths::widened(query)
        };
        let slices = |grain, is_wanted: &dyn Fn(usize) -> bool| -> Vec<Slice> {
            let query = PointQuery { grain, ..wide };
            let slice = |(at, filter)| match is_wanted(at) {
                true => self.slice(&query, family, filter),
                false => Slice::new(),
            };
            filters.iter().enumerate().map(slice).collect()
        };
        let open = |grain: Grain| Level {
            grain,
            slices: slices(grain, &|at| at == asked),
            hidden: BTreeSet::new(),
            is_open: true,
        };
        // Only through their days are weeks parts of months.
        let by_day = grains.contains(&Grain::Week) && !grains.contains(&Grain::Day);
        let days: Slice = match filters.get(asked) {
            Some(filter) if by_day && !is_alone => {
                let by_day = PointQuery {
                    grain: Grain::Day,
                    ..wide
                };
                self.slice(&by_day, family, filter)
            }
            _ => Slice::new(),
        };
        let mut levels: Vec<Level> = grains.into_iter().map(open).collect();
        let last = levels.iter().position(|level| level.grain == query.grain);
        for at in 0..last.map_or(0, |last| last + 1) {
            let mut level = levels.remove(at);
            let of_whole = whole.iter().find(|of| of.grain == level.grain);
            level.hidden = if filters.len() == 1 {
                among.hidden(&level.slices, None)
            } else {
                let decide = || {
                    let all = slices(level.grain, &|_| true);
                    among.hidden(&all, of_whole.map(|of| &of.hidden))
                };
                let key = self.key(
                    &PointQuery {
                        grain: level.grain,
                        ..wide
                    },
                    family,
                    filters,
                );
                self.policy.decided.decide(key, asked, decide)
            };
            level.is_open = false;
            // What people look at first is decided by itself.
            if at > 0 {
                lengths::hold_back(&among, asked, &mut level, (&levels, &days));
            }
            levels.insert(at, level);
        }
        levels
    }
}

/// Which part of the people is asked for.
enum Slices {
    /// All of them.
    Whole,
    /// One value of one dimension: beside it the others are published, and all of them together.
    Parts { values: Vec<Filter>, asked: usize },
    /// Several values, or several dimensions.
    Mixed,
}

/// Whether a part is of those alone of whom the value is not known.
fn is_unknown(filter: &Filter) -> bool {
    let mut values = filter.0.values().flatten();
    values
        .next()
        .is_some_and(|value| value == dimension::UNKNOWN)
        && values.next().is_none()
}

fn slices(basis: &Basis<'_>, query: &PointQuery<'_>) -> Slices {
    let mut dimensions = query.filter.0.iter();
    let (Some((dimension, values)), None) = (dimensions.next(), dimensions.next()) else {
        return if query.filter.0.is_empty() {
            Slices::Whole
        } else {
            Slices::Mixed
        };
    };
    let seen = dimension::seen(
        basis.cells(query.measure),
        &query.measure.quantity,
        dimension,
    );
    let mut seen: BTreeSet<String> = seen.into_iter().map(ToOwned::to_owned).collect();
    let (Some(value), 1) = (values.first(), values.len()) else {
        return Slices::Mixed;
    };
    seen.insert(value.clone());
    Slices::Parts {
        asked: seen.iter().position(|v| v == value).unwrap_or_default(),
        values: seen
            .into_iter()
            .map(|value| Filter([(dimension.clone(), BTreeSet::from([value]))].into()))
            .collect(),
    }
}

/// The areas whose numbers, taken together, could give this one away, with the area itself: every total and every part of an area
/// whose own number may have to be suppressed, and so on from those of them that may. What a total is made of beside a suppressed
/// number gives that away too, be it free of the rule. Every area reached that the rule holds for has the same relatives, so what is
/// hidden of it does not depend on who else was asked about.
#[must_use]
pub fn relatives(areas: &Areas, area: &AreaId, policy: &Policy) -> BTreeSet<AreaId> {
    let mut family = BTreeSet::from([area.clone()]);
    let mut open = vec![area.clone()];
    while let Some(next) = open.pop() {
        if !policy.holds_near(areas, &next) {
            continue;
        }
        let above = areas.get(next.as_str()).map_or(&[][..], |a| &a.parents);
        for area in above.iter().chain(areas.children(&next)) {
            if family.insert(area.clone()) {
                open.push(area.clone());
            }
        }
    }
    family
}
