//! What happened, written twice: as events, and as cases in the wording of the catalogue.

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc, Weekday};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The places where it happens, and the locality of each.
pub const NEIGHBOURHOODS: [(&str, &str); 4] = [
    ("hv-north-1", "havenshire-north"),
    ("hv-north-2", "havenshire-north"),
    ("hv-mid-1", "havenshire-mid"),
    ("hv-south-1", "havenshire-south"),
];

/// The places that are asked about.
pub const PLACES: [&str; 5] = [
    "hv-north-1",
    "hv-mid-1",
    "havenshire-north",
    "havenshire-mid",
    "havenshire",
];

/// Whether what happens in a part happens in a place.
pub fn within(part: &str, place: &str) -> bool {
    part == place
        || place == "havenshire"
        || NEIGHBOURHOODS
            .iter()
            .any(|(n, l)| *n == part && *l == place)
}

/// A die that falls the same way for the same seed.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.roll(n) == 0
    }

    pub fn of<T: Copy>(&mut self, what: &[T]) -> T {
        what[self.roll(what.len() as u64) as usize]
    }

    pub fn place(&mut self) -> &'static str {
        self.of(&NEIGHBOURHOODS).0
    }

    /// Between nine and twenty by UTC, so that the date is the same in London, winter or summer.
    pub fn hour(&mut self, day: u64) -> DateTime<Utc> {
        start()
            + TimeDelta::days(day as i64)
            + TimeDelta::minutes(9 * 60 + self.roll(11 * 60) as i64)
    }

    /// At such an hour, on one of some days from a day on.
    pub fn later(&mut self, day: u64, days: u64) -> DateTime<Utc> {
        let day = day + self.roll(days);
        self.hour(day)
    }
}

pub type Dims = Vec<(&'static str, String)>;

fn dims(stated: &[(&'static str, &str)]) -> Dims {
    stated.iter().map(|(d, v)| (*d, (*v).to_owned())).collect()
}

/// Whether something with these dimensions passes a question about one of them.
pub fn passes(dims: &Dims, asked: Option<(&str, &str)>) -> bool {
    asked.is_none_or(|(d, v)| dims.iter().any(|(dim, value)| *dim == d && value == v))
}

/// A case of a measure: where, when, a number (of a share: 1 met, 0 not), and what it is broken down by.
pub struct Case {
    pub measure: &'static str,
    pub area: &'static str,
    pub date: NaiveDate,
    pub number: f64,
    pub dims: Dims,
}

/// Something that is there from a day until another.
pub struct Span {
    pub what: &'static str,
    pub area: &'static str,
    pub from: NaiveDate,
    pub until: Option<NaiveDate>,
    pub dims: Dims,
}

/// A published level of an item, none when it is not rated, or an ambition for it.
pub struct Stated {
    pub area: &'static str,
    pub item: &'static str,
    pub date: NaiveDate,
    pub level: Option<u8>,
}

/// An amount that a place reports: of all, or of a reason.
pub struct Report {
    pub amount: f64,
    pub out_of: f64,
    pub reason: Option<&'static str>,
}

/// All that happened, in both forms.
#[derive(Default)]
pub struct Story {
    pub events: Vec<Value>,
    pub cases: Vec<Case>,
    /// What a ratio divides by.
    pub over: Vec<Case>,
    pub spans: Vec<Span>,
    pub published: Vec<Stated>,
    pub ambitions: Vec<Stated>,
    pub reports: BTreeMap<String, Series>,
}

/// The reports of a series by place, length and first day.
pub type Series = BTreeMap<(&'static str, &'static str, NaiveDate), Vec<Report>>;

impl Story {
    pub fn publish(&mut self, name: &str, at: DateTime<Utc>, data: Value) {
        let id = self.events.len();
        self.events.push(json!({
            "specversion": "1.0", "type": format!("care.joinedup.{name}"), "source": "tests/oracle", "id": id.to_string(),
            "time": at, "recordedtime": at, "datacontenttype": "application/json", "data": data,
        }));
    }

    pub fn case(
        &mut self,
        measure: &'static str,
        area: &'static str,
        date: NaiveDate,
        number: f64,
        by: &[(&'static str, &str)],
    ) {
        self.cases.push(Case {
            measure,
            area,
            date,
            number,
            dims: dims(by),
        });
    }

    pub fn met(
        &mut self,
        measure: &'static str,
        area: &'static str,
        date: NaiveDate,
        met: bool,
        by: &[(&'static str, &str)],
    ) {
        self.case(measure, area, date, f64::from(u8::from(met)), by);
    }

    pub fn over(
        &mut self,
        measure: &'static str,
        area: &'static str,
        date: NaiveDate,
        number: f64,
        by: &[(&'static str, &str)],
    ) {
        self.over.push(Case {
            measure,
            area,
            date,
            number,
            dims: dims(by),
        });
    }

    pub fn span(
        &mut self,
        what: &'static str,
        area: &'static str,
        from: NaiveDate,
        until: Option<NaiveDate>,
        by: &[(&'static str, &str)],
    ) {
        if until.is_none_or(|until| from < until) {
            self.spans.push(Span {
                what,
                area,
                from,
                until,
                dims: dims(by),
            });
        }
    }
}

pub fn start() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().unwrap()
}

/// The hour in London: summer time began on 29 March 2026.
pub fn london(at: DateTime<Utc>) -> chrono::NaiveTime {
    let summer = at.date_naive() >= NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
    (at + TimeDelta::hours(i64::from(summer))).time()
}

pub fn weekend(date: NaiveDate) -> bool {
    use chrono::Datelike;
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Outside Monday to Friday, eight to six.
pub fn out_of_hours(at: DateTime<Utc>) -> bool {
    let local = london(at);
    weekend(at.date_naive()) || local.hour() >= 18 || local.hour() < 8
}

pub fn minutes(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).num_minutes() as f64
}
