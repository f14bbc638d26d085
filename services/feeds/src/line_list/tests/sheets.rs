//! Files of which a part would be lost in silence: stray marks, more sheets than one, dates that look like times.

use super::{Feed, HEADER, ONE, csv};
use crate::line_list::ListImport;
use rust_xlsxwriter::Workbook;

const WHEN: &str = "2026-10-01T06:00:00Z";

fn spell(n: u32) -> String {
    ONE.replace("D1,", &format!("D{n},"))
}

#[test]
fn nobody_is_taken_back_for_a_quotation_mark() {
    let mut feed = Feed::of("spells");
    let rows: Vec<String> = (1..=20).map(spell).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    feed.knows(&csv(&rows), WHEN);
    for stray in ["\"", "\"see notes"] {
        let mut torn = rows.clone();
        let marked = spell(17).replace(",AMU,", &format!(",{stray},"));
        torn[16] = &marked;
        let (plan, reading) = feed.read(&csv(&torn), "2026-10-02T06:00:00Z");
        assert_eq!((plan.events.len(), reading.is_torn), (0, true), "{stray}");
        assert_eq!(reading.faults.0.len(), 1, "{stray}");
        // To the next one, and not to the end.
        let closed = spell(19).replace(",AMU,", &format!(",{stray},"));
        torn[18] = &closed;
        let (plan, reading) = feed.read(&csv(&torn), "2026-10-02T06:00:00Z");
        assert_eq!((plan.events.len(), reading.is_torn), (0, true), "{stray}");
    }
    let quoted = spell(17).replace(",AMU,", ",\"AMU,\nbed 4\",");
    let mut whole = rows.clone();
    whole[16] = &quoted;
    let (plan, reading) = feed.read(&csv(&whole), "2026-10-02T06:00:00Z");
    assert_eq!((plan.events.len(), reading.is_torn), (0, false));
}

fn workbook(sheets: &[(&str, &[&str])]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (at, row) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(row.split(',')) {
                sheet.write_string(at, column, cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_sheet_for_each_hospital_is_refused_until_one_is_named() {
    let mut feed = Feed::of("spells");
    let two = spell(2);
    let book = workbook(&[
        ("Broomfield", &[HEADER, ONE]),
        ("Basildon", &[HEADER, two.as_str()]),
    ]);
    let read = |list: ListImport<'_>| list.read(&book);
    let refused = read(feed.list(super::at(WHEN))).unwrap_err().to_string();
    assert!(refused.contains("`Broomfield`, `Basildon`"), "{refused}");
    feed.mapping.sheet = Some("Basildon".to_owned());
    let reading = read(feed.list(super::at(WHEN))).unwrap();
    assert_eq!(reading.stated.len(), 1);
}

#[test]
fn a_column_of_midnights_is_one_of_dates() {
    let only = |rows: &[&str]| -> Vec<bool> {
        let (_, reading) = Feed::of("spells").read(&csv(rows), WHEN);
        let stated = reading.stated.iter();
        stated
            .map(|s| s.facts["discharged"].moment.date_only)
            .collect()
    };
    let left = |n, time: &str| spell(n).replace("07/09/2026 15:00", time);
    let (a, b) = (
        left(1, "2026-09-07 00:00:00.000"),
        left(2, "08/09/2026 00:00"),
    );
    assert_eq!(only(&[&a, &b]), [true, true]);
    // One that left at midnight did, where others have their times.
    assert_eq!(only(&[&a, &b, &left(3, "08/09/2026 11:15")]), [false; 3]);
}
