//! The story folded into cells, and the questions that are asked of them.

use crate::story::{Dice, PLACES, Story, start};
use crate::{cycles, ratings, referrals, reports, transfers, voices};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::area::Areas;
use joinedup_events::{AreaId, Event, check};
use joinedup_views::Filter;
use joinedup_views::ask::Basis;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, points};
use joinedup_views::view::View;
use serde_json::Value;

pub const GRAINS: [Grain; 5] = [
    Grain::Day,
    Grain::Week,
    Grain::Month,
    Grain::Quarter,
    Grain::Year,
];

pub struct World {
    pub story: Story,
    view: View,
    pub areas: Areas,
    pub measures: Measures,
}

/// Long after, so that everything is ripe.
pub fn now() -> DateTime<Utc> {
    "2027-08-01T12:00:00Z".parse().unwrap()
}

/// A world of events about people, teams and areas.
pub fn world(seed: u64) -> World {
    let (mut story, mut dice) = (Story::default(), Dice(seed));
    for number in 0..220 {
        transfers::stay(&mut story, &mut dice, number);
        referrals::referral(&mut story, &mut dice, number);
        voices::voice(&mut story, &mut dice, number);
        if number % 4 == 0 {
            cycles::cycle(&mut story, &mut dice, number);
        }
    }
    ratings::rounds(&mut story, &mut dice);
    World::of(story)
}

/// A world of returns.
pub fn returns(seed: u64) -> World {
    let (mut story, mut dice) = (Story::default(), Dice(seed));
    let measures = Measures::built_in(|_| true).unwrap();
    for measure in measures.iter() {
        let named = [Some(measure.quantity.as_str()), measure.over.as_deref()];
        for series in named
            .into_iter()
            .flatten()
            .filter_map(|q| q.strip_prefix("observation."))
        {
            if !story.reports.contains_key(series) {
                reports::series(&mut story, &mut dice, series, measure.period.code());
            }
        }
    }
    World::of(story)
}

impl World {
    fn of(story: Story) -> Self {
        let measures = Measures::built_in(|_| true).unwrap();
        let areas = Areas::built_in().unwrap();
        let read = |event: &Value| -> Event {
            check::admit(event.to_string().as_bytes(), &areas, now()).unwrap()
        };
        let mut view = View::new();
        // Last first: the order of arrival is of no account.
        view.fold(
            story
                .events
                .iter()
                .enumerate()
                .rev()
                .map(|(at, e)| (at as u64 + 1, read(e))),
        );
        Self {
            story,
            view,
            areas,
            measures,
        }
    }

    pub fn points(&self, id: &str, place: &str, grain: Grain, filter: &Filter) -> Vec<Point> {
        let area = AreaId::new(place).unwrap();
        let measure = self.measures.get(id).unwrap();
        let query = PointQuery {
            measure,
            area: &area,
            grain,
            from: Some(start().date_naive()),
            to: NaiveDate::from_ymd_opt(2026, 5, 31),
            filter,
            now: now(),
            range: None,
        };
        query.check(&self.areas).unwrap();
        points(&Basis::of_cells(self.view.cells()), &self.areas, &query)
    }

    /// Every point of a measure, by every length of period that it offers and in every place, whole and by the
    /// parts named.
    pub fn each(
        &self,
        id: &str,
        parts: &[(&str, String)],
        mut compare: impl FnMut(&'static str, Grain, Option<(&str, &str)>, &Point),
    ) {
        let measure = self.measures.get(id).unwrap();
        let whole = std::iter::once(None);
        let parts = parts.iter().map(|(d, v)| Some((*d, v.as_str())));
        for part in whole.chain(parts) {
            let filter = part.map_or_else(Filter::default, |(d, v)| Filter::one(d, v));
            for grain in GRAINS.into_iter().filter(|g| measure.allows(*g)) {
                for place in PLACES {
                    let points = self.points(id, place, grain, &filter);
                    assert!(!points.is_empty(), "{id} in {place}");
                    points.iter().for_each(|p| compare(place, grain, part, p));
                }
            }
        }
    }
}

pub fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    }
}

pub fn days(point: &Point) -> Vec<NaiveDate> {
    point
        .period_start
        .iter_days()
        .take_while(|d| *d < point.period_end)
        .collect()
}
