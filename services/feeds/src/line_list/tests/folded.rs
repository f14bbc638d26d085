//! Two days of a list of 400 spells: what the view counts is what a slow count of the list itself gives.

use super::Feed;
use super::world::{self, Spell};
use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use joinedup_events::Event;
use joinedup_log::EventLog;
use joinedup_views::Quantity;
use joinedup_views::view::View;
use std::collections::BTreeMap;

/// The last night that is counted.
fn horizon() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 30).unwrap()
}

/// What a month had, by place: nights waited, people who left, those of them by five in the afternoon, without a day of delay,
/// and on each pathway.
type Month = (String, u32, String);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures(BTreeMap<Month, i64>);

impl Figures {
    fn add(&mut self, place: &str, date: NaiveDate, what: impl Into<String>, n: i64) {
        *self
            .0
            .entry((place.to_owned(), date.month(), what.into()))
            .or_default() += n;
    }

    fn settled(mut self) -> Self {
        self.0.retain(|_, n| *n != 0);
        self
    }

    /// Counted from the list, a row and a night at a time.
    pub(super) fn of_list(spells: &[Spell]) -> Self {
        let mut figures = Self::default();
        for spell in spells {
            for place in ["RAJ", spell.site] {
                let out = spell.out.map(|at| at.date());
                let mut night = spell.ready;
                while let Some(date) =
                    night.filter(|date| *date <= horizon() && out.is_none_or(|out| *date < out))
                {
                    figures.add(place, date, "nights", 1);
                    night = date.checked_add_days(Days::new(1));
                }
                let Some(at) = spell.out.filter(|_| spell.destination != "79") else {
                    continue;
                };
                figures.add(place, at.date(), "out", 1);
                let five = NaiveTime::from_hms_opt(17, 0, 0).unwrap();
                figures.add(place, at.date(), "by-17", i64::from(at.time() <= five));
                let pathway = match spell.pathway {
                    "" => "unknown",
                    code => code.trim_start_matches('P'),
                };
                figures.add(place, at.date(), format!("pathway {pathway}"), 1);
                if spell.admitted.date() < at.date() {
                    let same_day = spell.ready.is_none_or(|ready| ready >= at.date());
                    figures.add(place, at.date(), "no delay", i64::from(same_day));
                    figures.add(place, at.date(), "stays", 1);
                }
            }
        }
        figures.settled()
    }

    /// Read from the cells of a view of the events.
    pub(super) fn of_view(events: &[Event]) -> Self {
        let mut view = View::new();
        view.fold((1..).zip(events.iter().cloned()));
        let mut figures = Self::default();
        for place in ["RAJ", "RAJ12", "RAJ56"] {
            for series in view.cells().series(Quantity::Waiting.name(), place) {
                let first = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
                let mut level = 0;
                for date in first.iter_days().take_while(|date| *date <= horizon()) {
                    level += series
                        .cells
                        .get(&date)
                        .and_then(|t| t.sums())
                        .map_or(0, |s| s.value);
                    figures.add(place, date, "nights", level);
                }
            }
            for series in view.cells().series(Quantity::Discharges.name(), place) {
                let is = |dimension: &str, code: &str| {
                    series
                        .breakdown
                        .iter()
                        .any(|(d, v)| **d == *dimension && **v == *code)
                };
                for (date, tally) in series.cells {
                    let n = tally.sums().unwrap().value;
                    figures.add(place, *date, "out", n);
                    figures.add(
                        place,
                        *date,
                        "by-17",
                        if is("clock", "by-17") { n } else { 0 },
                    );
                    for pathway in ["unknown", "0", "1", "2", "3"] {
                        let n = if is("pathway", pathway) { n } else { 0 };
                        figures.add(place, *date, format!("pathway {pathway}"), n);
                    }
                }
            }
            for series in view.cells().series(Quantity::DelayDays.name(), place) {
                for (date, tally) in series.cells {
                    let Some(delays) = tally.histogram() else {
                        continue;
                    };
                    for (days, n) in delays.iter() {
                        figures.add(place, *date, "stays", n);
                        figures.add(place, *date, "no delay", if days == 0 { n } else { 0 });
                    }
                }
            }
        }
        figures.settled()
    }
}

#[tokio::test]
async fn nights_discharges_and_shares_of_400_spells_equal_a_count_of_the_list_itself() {
    let mut feed = Feed::of("spells");
    let mut spells = world::spells(400);
    let (plan, reading, _) = feed
        .import(&world::list(&spells), "2026-12-01T06:00:00Z")
        .await;
    assert_eq!(reading.rows, 400);
    assert_eq!(reading.faults.unknown(), 0, "{:?}", reading.faults.counts());
    assert_eq!(plan.tallies["admitted"].new, 400);
    let first = Figures::of_list(&spells);
    assert!(first.0.len() > 60);
    assert_eq!(Figures::of_view(&feed.events().await), first);

    // The second day: one spell is deleted, and one left two days later than the list first said.
    let before = feed.events().await.len();
    spells.remove(17);
    let late = spells
        .iter_mut()
        .find(|s| s.ready.is_some() && s.out.is_some() && s.destination == "19")
        .unwrap();
    late.out = late.out.map(|at| at + chrono::TimeDelta::days(2));
    let (plan, ..) = feed
        .import(&world::list(&spells), "2026-12-02T06:00:00Z")
        .await;
    assert_eq!((plan.known, plan.gone), (400, 1));
    assert_eq!(plan.tallies["discharged"].corrected, 1);
    assert!(
        plan.changed <= 2,
        "the spell itself, and a return that follows it"
    );
    let events = feed.events().await;
    let of_the_source = 1;
    assert_eq!(events.len(), before + plan.events.len() + of_the_source);
    assert!(events.len() < before + 12);
    let second = Figures::of_list(&spells);
    assert_ne!(first, second);
    assert_eq!(Figures::of_view(&events), second);
}

#[tokio::test]
async fn no_number_name_or_word_of_a_list_is_in_an_event_or_in_what_is_remembered() {
    let mut feed = Feed::of("spells");
    let spells = world::spells(400);
    let (plan, reading, _) = feed
        .import(&world::list(&spells), "2026-12-01T06:00:00Z")
        .await;
    let mut written = serde_json::to_string(&plan.next).unwrap();
    for recorded in feed
        .log
        .read(joinedup_log::Position::ORIGIN, 100_000)
        .await
        .unwrap()
    {
        written.push_str(&recorded.subject);
        written.push_str(std::str::from_utf8(&recorded.payload).unwrap());
    }
    for fault in &reading.faults.0 {
        written.push_str(&fault.row.in_file("list.csv"));
    }
    for spell in &spells {
        for text in [&spell.id, &spell.nhs, spell.ward] {
            assert!(!written.contains(text), "{text}");
        }
    }
    assert!(!written.to_lowercase().contains("something else"));
    assert!(!written.contains("package of care"));
}

#[tokio::test]
async fn a_workbook_of_the_list_is_the_same_list() {
    let spells = world::spells(40);
    let mut book = rust_xlsxwriter::Workbook::new();
    book.add_worksheet()
        .set_name("Notes")
        .unwrap()
        .write(0, 0, "Spells, as of this morning")
        .unwrap();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "Mid and South").unwrap();
    for (at, name) in (0_u16..).zip(super::HEADER.split(',')) {
        sheet.write(2, at, name).unwrap();
    }
    let date = rust_xlsxwriter::Format::new().set_num_format("dd/mm/yyyy hh:mm");
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30)
        .unwrap()
        .and_time(NaiveTime::MIN);
    let serial = |at: chrono::NaiveDateTime| {
        #[expect(clippy::cast_precision_loss, reason = "some minutes")]
        let days = (at - epoch).num_minutes() as f64 / 1_440.0;
        days
    };
    for (row, spell) in (3_u32..).zip(&spells) {
        for (at, text) in [
            (0, spell.id.as_str()),
            (1, &spell.nhs),
            (2, spell.ward),
            (3, spell.site),
            (7, spell.pathway),
            (8, spell.reason),
        ] {
            sheet.write(row, at, text).unwrap();
        }
        let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN);
        let times = [
            (4, Some(spell.admitted)),
            (5, Some(midnight(spell.expected))),
            (6, spell.ready.map(midnight)),
            (9, spell.out),
        ];
        for (at, time) in times {
            if let Some(time) = time {
                sheet
                    .write_with_format(row, at, serial(time), &date)
                    .unwrap();
            }
        }
        if let Ok(code) = spell.destination.parse::<f64>() {
            sheet.write(row, 10, code).unwrap();
        }
    }
    let mut feed = Feed::of("spells");
    feed.import(&world::list(&spells), "2026-12-01T06:00:00Z")
        .await;
    let (plan, reading) = feed.read(&book.save_to_buffer().unwrap(), "2026-12-02T06:00:00Z");
    assert_eq!(
        (reading.rows, plan.gone, plan.events.len()),
        (40, 0, 0),
        "{:?}",
        plan.tallies
    );
}
