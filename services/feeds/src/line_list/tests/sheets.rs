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

#[test]
fn a_number_that_was_rounded_is_nobody() {
    let rows = [
        ONE.replace("D1,", "1.23457E+11,"),
        ONE.replace("D1,", "1.23457E+11,")
            .replace("01/09/2026", "02/09/2026"),
    ];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let mut feed = Feed::of("spells");
    let (plan, reading) = feed.read(&csv(&rows), WHEN);
    assert_eq!((plan.events.len(), reading.faults.unknown()), (0, 2));
    // Where it is the person's alone, the spells stand, and nobody returns.
    feed.mapping.entity = vec!["NHSNumber".to_owned()];
    let rows: Vec<String> = (1..=2)
        .map(|n| rows[n - 1].replace("NHSNO", &format!("S{n}")))
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (_, reading) = feed.read(&csv(&rows), WHEN);
    assert_eq!((reading.stated.len(), reading.faults.unknown()), (2, 2));
    assert!(
        reading
            .stated
            .iter()
            .all(|stated| stated.persons.is_empty())
    );
}

#[test]
fn somebody_who_died_is_not_discharged_and_an_unknown_place_is_not_a_place() {
    let method = |destination: &str| {
        let row = ONE.replace("15:00,19", &format!("15:00,{destination}"));
        let (_, mut reading) = Feed::of("spells").read(&csv(&[&row]), WHEN);
        let stated = reading.stated.remove(0);
        let said = stated
            .facts
            .get("discharged")
            .map(|fact| fact.fields["method"].clone());
        (said, stated.held.contains("discharged"))
    };
    for died in [
        "79",
        "Died",
        "DECEASED",
        "R.I.P.",
        "Patient died",
        "79 - died",
    ] {
        assert_eq!(method(died), (Some("died".into()), false), "{died}");
    }
    for home in [
        "19",
        "19 - Usual place of residence",
        "Usual place of residence",
        "Care Home",
        "",
    ] {
        assert_eq!(method(home), (Some("agreed".into()), false), "{home}");
    }
    // Nobody is to wait for ever because of a word.
    assert_eq!(method("elsewhere"), (Some("agreed".into()), false));
}

const REFERRALS: &str = "ReferralID,LocalPatientID,Area,ReceivedDateTime,Service,Priority,Trigger,SourceCode,TriagedDateTime,Decision,DecisionDateTime,DeclineReason,MeetingDate,FirstContactDateTime,FaceToFace,DiscussedDateTime,Sectors,SharedRecord,Outcome,PlanDateTime,PlanAgreedBy,PersonalBudget,ClosedDateTime,ClosureReason";

/// A referral with some cells.
fn referral(cells: &[(&str, &str)]) -> Vec<u8> {
    let given = [
        ("ReferralID", "R1"),
        ("LocalPatientID", "P1"),
        ("Area", "RAJ"),
    ];
    let given = given
        .iter()
        .chain(&[("ReceivedDateTime", "01/09/2026 10:00")])
        .chain(cells);
    let row = REFERRALS.split(',').map(|column| {
        let cell = given.clone().rfind(|(name, _)| *name == column);
        cell.map_or("", |(_, cell)| cell)
    });
    format!("{REFERRALS}\n{}\n", row.collect::<Vec<_>>().join(",")).into_bytes()
}

#[test]
fn what_happened_and_is_not_whole_is_a_fault_and_takes_nothing_back() {
    let day = "05/09/2026 10:00";
    for (cells, kind, column, facts) in [
        (
            &[("Decision", "Accepted for MDT"), ("DecisionDateTime", day)][..],
            "unknown-code",
            "Decision",
            &["accepted", "declined", "redirected"][..],
        ),
        (
            &[("DecisionDateTime", day)],
            "incomplete",
            "Decision",
            &["accepted", "declined", "redirected"],
        ),
        (
            &[("Decision", "Declined"), ("DecisionDateTime", day)],
            "incomplete",
            "DeclineReason",
            &["declined"],
        ),
        (
            &[("ClosedDateTime", day)],
            "incomplete",
            "ClosureReason",
            &["closed"],
        ),
        (
            &[("DiscussedDateTime", day), ("Sectors", "GP")],
            "incomplete",
            "Outcome",
            &["discussed"],
        ),
        (
            &[("PlanDateTime", day)],
            "incomplete",
            "PlanAgreedBy",
            &["plan-agreed"],
        ),
    ] {
        let (_, reading) = Feed::of("mdt").read(&referral(cells), WHEN);
        let faults = reading
            .faults
            .0
            .iter()
            .map(|f| (f.kind.as_str(), f.row.column.as_str()));
        assert_eq!(faults.collect::<Vec<_>>(), [(kind, column)], "{cells:?}");
        let held = reading.stated[0].held.iter().map(String::as_str);
        assert_eq!(held.collect::<Vec<_>>(), facts, "{cells:?}");
    }
    let (_, reading) = Feed::of("mdt").read(&referral(&[("Decision", "Accepted")]), WHEN);
    assert_eq!(reading.faults.0.len(), 0, "no time: it has not happened");
    // A closure whose reason is emptied stands.
    let mut feed = Feed::of("mdt");
    let closed = [("ClosedDateTime", day), ("ClosureReason", "Completed")];
    feed.knows(&referral(&closed), WHEN);
    let (plan, _) = feed.read(&referral(&closed[..1]), "2026-10-02T06:00:00Z");
    assert_eq!(plan.events.len(), 0);
}

#[test]
fn a_list_in_which_nobody_is_known_again_asks_for_the_key_before() {
    let mut feed = Feed::of("spells");
    let rows: Vec<String> = (1..=6).map(spell).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    feed.knows(&csv(&rows), WHEN);
    feed.ring.current = crate::pseudonym::Key::of(&[8; 32]).unwrap();
    let (plan, _) = feed.read(&csv(&rows), "2026-10-02T06:00:00Z");
    let doubt = plan.doubt.unwrap().to_string();
    assert!(doubt.contains("key"), "{doubt}");
    feed.ring.current = crate::pseudonym::Key::of(&[7; 32]).unwrap();
    let (plan, _) = feed.read(&csv(&rows[..2]), "2026-10-02T06:00:00Z");
    let doubt = plan.doubt.unwrap().to_string();
    assert!(!doubt.contains("key"), "{doubt}");
}
