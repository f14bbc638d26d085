//! A small map of areas, and questions with everything that a test does not say.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use joinedup_events::area::Areas;
use joinedup_events::{AreaId, Family, local};
use joinedup_views::ask::Basis;
use joinedup_views::measure::Measure;
use joinedup_views::measures::Measures;
use joinedup_views::period::{Grain, Period};
use joinedup_views::point::{Point, PointQuery, State, points};
use joinedup_views::view::{LastReport, Summary};
use joinedup_views::{Cells, Filter};

pub fn d(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn areas() -> Areas {
    let mut text = String::new();
    for (id, kind, parents, adults) in [
        ("land", "country", "", None),
        ("county", "county", "\"land\"", None),
        ("north", "locality", "\"county\"", Some(50_000)),
        ("south", "locality", "\"county\"", Some(150_000)),
        ("n1", "neighbourhood", "\"north\"", None),
        ("n2", "neighbourhood", "\"north\"", None),
        ("ward", "hospital", "", None),
        ("infirmary", "hospital", "\"county\"", None),
    ] {
        text += &format!(
            "[[area]]\nid = \"{id}\"\ntitle = \"{id}\"\nkind = \"{kind}\"\nparents = [{parents}]\n"
        );
        if let Some(adults) = adults {
            text += &format!("population_18 = {adults}\n");
        }
    }
    Areas::from_toml(&text).unwrap()
}

pub fn measure(text: &str) -> Measure {
    let text = format!("[[measure]]\nid = \"m\"\ntitle = \"M\"\n{text}");
    let all = Measures::parse(&text, |_| true).unwrap();
    all.get("m").unwrap().clone()
}

/// A question with everything that a test does not say.
pub struct Ask<'a> {
    pub cells: &'a Cells,
    pub measure: &'a Measure,
    pub area: &'a str,
    pub grain: Grain,
    pub now: &'a str,
    pub filter: Filter,
    pub from: Option<&'a str>,
    /// The last date on which its one source reported; none: nothing is known of sources.
    pub reported: Option<&'a str>,
    pub range: Option<Period>,
}

impl<'a> Ask<'a> {
    pub fn new(cells: &'a Cells, measure: &'a Measure, now: &'a str) -> Self {
        Self {
            cells,
            measure,
            area: "county",
            grain: measure.period,
            now,
            filter: Filter::default(),
            from: None,
            reported: None,
            range: None,
        }
    }

    pub fn points(&self) -> Vec<Point> {
        let area = AreaId::new(self.area).unwrap();
        let query = PointQuery {
            measure: self.measure,
            area: &area,
            grain: self.grain,
            from: self.from.map(d),
            to: None,
            filter: &self.filter,
            now: at(self.now),
            range: self.range,
        };
        query.check(&areas()).unwrap();
        let mut summary = Summary::default();
        if let Some(day) = self.reported {
            // One busy source of transfers in the north, on time until then.
            let (source, north) = ("/ward".to_owned(), AreaId::new("north").unwrap());
            let newest = local::midnight(d(day)) + TimeDelta::hours(12);
            summary
                .feeds
                .insert((Family::Transfer, north.clone(), source.clone()));
            let reports = LastReport {
                occurred_at: newest,
                recorded_at: newest,
                events: 1_000,
            };
            summary.sources.insert((source, north), reports);
        }
        let basis = Basis::of_cells(self.cells).with_sources(&summary);
        points(&basis, &areas(), &query)
    }
}

pub fn states(points: &[Point]) -> Vec<State> {
    points.iter().map(|p| p.state).collect()
}

pub fn values(points: &[Point]) -> Vec<Option<f64>> {
    points.iter().map(|p| p.value).collect()
}
