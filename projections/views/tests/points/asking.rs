//! A small map of areas, and questions with everything that a test does not say.

use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::AreaId;
use joinedup_events::area::Areas;
use joinedup_views::measure::Measure;
use joinedup_views::measures::Measures;
use joinedup_views::period::Grain;
use joinedup_views::point::{Point, PointQuery, State, points};
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
    pub heard: Option<&'a str>,
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
            heard: None,
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
            heard_until: self.heard.map(d),
        };
        query.check(&areas()).unwrap();
        points(self.cells, &areas(), &query)
    }
}

pub fn states(points: &[Point]) -> Vec<State> {
    points.iter().map(|p| p.state).collect()
}

pub fn values(points: &[Point]) -> Vec<Option<f64>> {
    points.iter().map(|p| p.value).collect()
}
