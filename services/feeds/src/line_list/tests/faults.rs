//! The typing errors of real lists: each is counted and named by line and column, and changes nobody else's figures.

use super::{Feed, HEADER, ONE, csv};
use crate::line_list::fault;
use proptest::prelude::*;

const WHEN: &str = "2026-10-01T06:00:00Z";

/// Kind, column and whether it is known, of the faults of a list; and how many facts of each name it has.
fn faults(rows: &[&str]) -> (Vec<(String, String, u64, bool)>, Vec<&'static str>) {
    let feed = Feed::of("spells");
    let (plan, reading) = feed.read(&csv(rows), WHEN);
    let faults = reading.faults.0.into_iter();
    let facts = plan.events.iter().map(|planned| planned.event.fact.name());
    (
        faults
            .map(|f| (f.kind, f.row.column, f.row.line, f.known))
            .collect(),
        facts.collect(),
    )
}

fn fault(kind: &str, column: &str, line: u64, known: bool) -> (String, String, u64, bool) {
    (kind.to_owned(), column.to_owned(), line, known)
}

#[test]
fn a_discharge_that_cannot_be_read_leaves_nobody_waiting() {
    for (out, kind) in [
        ("07/09/1900 15:00", fault::REFUSED),
        ("last Monday", fault::UNREADABLE_TIME),
        ("31/08/2026 15:00", "discharge-before-admission"),
    ] {
        let (faults, facts) = faults(&[&ONE.replace("07/09/2026 15:00", out)]);
        assert_eq!(
            faults,
            [fault(kind, "DischargeDateTime", 2, false)],
            "{out}"
        );
        assert_eq!(
            facts,
            ["admitted", "expected-date-set", "pathway-set"],
            "{out}"
        );
    }
}

#[test]
fn the_same_row_twice_counts_once_and_rows_that_differ_not_at_all() {
    let (found, facts) = faults(&[ONE, ONE]);
    assert_eq!(found, [fault(fault::REPEATED, "", 3, true)]);
    assert_eq!(facts.len(), 6);
    let (found, facts) = faults(&[ONE, &ONE.replace("P1", "P2")]);
    assert_eq!(found, [fault(fault::CONTRADICTING, "", 3, false)]);
    assert!(facts.is_empty());
}

#[test]
fn a_header_on_each_page_is_not_a_row() {
    let (found, facts) = faults(&[ONE, HEADER]);
    assert_eq!((found, facts.len()), (vec![], 6));
}

#[test]
fn in_the_hour_that_comes_twice_nobody_leaves_before_they_came() {
    let row =
        |came: &str, left: &str| format!("D1,N,W,RAJ12,25/10/2026 {came},,,,,25/10/2026 {left},19");
    let feed = Feed::of("spells");
    let left = |came: &str, left: &str| {
        let (plan, _) = feed.read(&csv(&[&row(came, left)]), "2026-11-01T06:00:00Z");
        let events = plan.events.into_iter().map(|planned| planned.event);
        let mut discharges = events.filter(|event| event.fact.name() == "discharged");
        discharges
            .next()
            .map(|event| event.occurred_at.to_rfc3339())
    };
    let first = Some("2026-10-25T00:50:00+00:00".to_owned());
    assert_eq!(left("01:45", "01:50"), first);
    let second = Some("2026-10-25T01:15:00+00:00".to_owned());
    assert_eq!(left("01:45", "01:15"), second);
    assert_eq!(left("03:45", "03:15"), None);
}

#[test]
fn what_is_known_to_be_wrong_is_counted_and_let_through() {
    let (found, facts) = faults(&[&ONE
        .replace("04/09/2026", "09/09/2026")
        .replace("IP2", "waiting for Godot")
        .replace("RAJ56", "RAJ99")]);
    assert_eq!(
        found,
        [
            fault(fault::UNKNOWN_AREA, "SiteCode", 2, true),
            fault(fault::UNKNOWN_CODE, "DelayReason", 2, true),
            fault("ready-after-discharge", "DischargeDateTime", 2, true),
        ]
    );
    assert_eq!(
        facts,
        [
            "admitted",
            "expected-date-set",
            "ready",
            "pathway-set",
            "discharged"
        ]
    );
}

#[test]
fn a_row_without_its_key_is_not_taken_and_takes_nothing_back() {
    let mut feed = Feed::of("spells");
    feed.knows(&csv(&[ONE]), WHEN);
    for broken in [
        ONE.replace("01/09/2026 10:00", "soon"),
        ONE.replace("RAJ56", "RAJ56,x,"),
    ] {
        let (plan, reading) = feed.read(&csv(&[&broken]), "2026-10-02T06:00:00Z");
        assert_eq!(reading.faults.unknown(), 1);
        assert!(plan.events.is_empty());
    }
    let (plan, reading) = feed.read(
        &csv(&[ONE, "Printed by the warehouse", "TOTAL,,,,,,,,,1,"]),
        "2026-10-02T06:00:00Z",
    );
    assert_eq!((plan.events.len(), reading.faults.unknown()), (0, 2));
}

#[test]
fn rows_that_contradict_take_nothing_back_in_the_first_list_by_a_new_key() {
    let mut feed = Feed::of("spells");
    feed.knows(&csv(&[ONE]), WHEN);
    let new = crate::pseudonym::Key::of(&[8; 32]).unwrap();
    feed.ring.previous = Some(std::mem::replace(&mut feed.ring.current, new));
    let rows = csv(&[ONE, &ONE.replace("P1", "P2")]);
    let (plan, _) = feed.read(&rows, "2026-10-02T06:00:00Z");
    assert_eq!((plan.events.len(), plan.gone), (0, 0));
}

#[test]
fn a_row_that_is_torn_takes_nothing_back_and_makes_nobody() {
    let mut feed = Feed::of("spells");
    let other = ONE.replace("D1,", "D2,");
    feed.knows(&csv(&[ONE, &other]), WHEN);
    let next = |text: Vec<u8>| {
        let (plan, reading) = feed.read(&text, "2026-10-02T06:00:00Z");
        (plan.events.len(), plan.gone, reading.faults.unknown())
    };
    // Behind a break within the ward's name the next date stands where that of an admission does.
    for text in [
        csv(&[&ONE.replace("AMU", "A\r\nMU"), &other]),
        csv(&[&other, &ONE.replace("AMU", "A\r\nM\r\nU")]),
        csv(&[&ONE.replace(",IP2", ",seen by\r\nsomebody")]),
    ] {
        // Whom a torn row was about is missed, so that a list that lost most of them is stopped.
        let (events, missed, faults) = next(text);
        assert!(events == 0 && missed >= 1, "{events}, {missed}");
        assert!(faults >= 2, "{faults}");
    }
    // The file is cut short: what comes behind is not known, and the last time is 07/09/20.
    let whole = csv(&[ONE, &other]);
    let cut = whole.len() - "26 15:00,19\r\n".len();
    assert_eq!(next(whole[..cut].to_vec()), (0, 0, 1));
    assert!(feed.read(&whole[..cut], WHEN).1.is_cut);
    let cut = whole.len() - other.len() - 1;
    assert_eq!(
        next(whole[..cut].to_vec()).0,
        6,
        "a line of one cell is a note"
    );
}

#[test]
fn a_program_that_leaves_out_empty_cells_at_the_end_is_understood() {
    let mut feed = Feed::of("spells");
    let other = ONE.replace("D1,", "D2,");
    feed.knows(&csv(&[ONE, &other]), WHEN);
    let next = |text: Vec<u8>| {
        let (plan, reading) = feed.read(&text, "2026-10-02T06:00:00Z");
        (
            plan.events.len(),
            plan.gone,
            reading.faults.unknown(),
            reading.is_cut,
        )
    };
    // A discharge that was cleared is taken back.
    let open = ONE.strip_suffix(",07/09/2026 15:00,19").unwrap();
    assert_eq!(next(csv(&[open, &other])), (1, 0, 0, false));
    // Two lines of six cells have as many as one row that was torn: each of them is somebody.
    let cells: Vec<&str> = ONE.split(',').collect();
    let short = |id: &str| cells[..6].join(",").replace("D1,", id);
    let two = csv(&[ONE, &other, &short("D4,"), &short("D5,")]);
    assert_eq!(next(two.clone()), (4, 0, 0, false));
    // And the last of them need not end with a new line.
    assert_eq!(next(two[..two.len() - 2].to_vec()), (4, 0, 0, false));
}

#[test]
fn a_row_that_lost_its_person_takes_nothing_back_until_it_is_mended() {
    let mut feed = Feed::of("spells");
    let nameless = |row: &str| row.replacen(row.split(',').next().unwrap(), "", 1);
    let other = ONE.replace("01/09/2026 10:00", "02/09/2026 10:00");
    feed.knows(&csv(&[ONE, &other, &nameless(ONE)]), WHEN);
    let (plan, _) = feed.read(&csv(&[ONE, &nameless(ONE)]), "2026-10-02T06:00:00Z");
    assert_eq!(plan.gone, 1, "a row that never named anybody hides nobody");
    for _ in 0..2 {
        let text = csv(&[ONE, &nameless(&other), &nameless(ONE)]);
        let (plan, _) = feed.read(&text, "2026-10-03T06:00:00Z");
        assert_eq!((plan.gone, plan.events.len()), (0, 0));
        feed.before = Some(plan.next);
    }
}

#[test]
fn a_fact_that_is_no_longer_readable_goes_on_standing() {
    let mut feed = Feed::of("spells");
    feed.knows(&csv(&[ONE]), WHEN);
    let (plan, _) = feed.read(
        &csv(&[&ONE.replace("04/09/2026", "??")]),
        "2026-10-02T06:00:00Z",
    );
    assert!(plan.events.is_empty());
    assert_eq!(plan.tallies["ready"].held, 1);
}

#[test]
fn separators_encodings_and_titles_of_spreadsheets_are_no_fault() {
    let feed = Feed::of("spells");
    let plain = feed.read(&csv(&[ONE]), WHEN).0;
    let text = format!("Spells\n\n{HEADER}\n{ONE}\n,,,,,,,,,,\n");
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let semicolons = format!("sep=;\n{}", text.replace(',', ";"));
    let west = format!("{HEADER}\n{}\n", ONE.replace("AMU", "Caf#")).into_bytes();
    let west: Vec<u8> = west
        .into_iter()
        .map(|b| if b == b'#' { 0xe9 } else { b })
        .collect();
    let capitals = format!(
        "{}\n{ONE}\n",
        HEADER.to_uppercase().replace("SITECODE", " Site Code ")
    );
    for bytes in [
        text.clone().into_bytes(),
        utf16,
        semicolons.into_bytes(),
        text.replace(',', "\t").into_bytes(),
        west,
        capitals.into_bytes(),
    ] {
        let (plan, reading) = feed.read(&bytes, WHEN);
        assert_eq!(reading.faults.0, []);
        let events = |plan: &super::Plan| {
            plan.events
                .iter()
                .map(|p| p.event.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(events(&plan), events(&plain));
    }
    let list = feed.list(super::at(WHEN));
    let error = list.read(b"a,b\n1,2\n").unwrap_err().to_string();
    assert!(
        error.contains("`spells`") && error.contains("`SiteCode`"),
        "{error}"
    );
    assert!(list.read(b"PK\x03\x04 not a workbook").is_err());
}

#[test]
fn referrals_to_a_team_go_in_with_the_mapping_beside_it() {
    let header = "ReferralID,LocalPatientID,Area,ReceivedDateTime,Service,Priority,Trigger,SourceCode,TriagedDateTime,Decision,DecisionDateTime,DeclineReason,MeetingDate,FirstContactDateTime,FaceToFace,DiscussedDateTime,Sectors,SharedRecord,Outcome,PlanDateTime,PlanAgreedBy,PersonalBudget,ClosedDateTime,ClosureReason,GP name";
    let row = "R1,D1,E10000012,01/09/2026 09:00,MDT,Urgent,Risk list,1,02/09/2026,Accepted,03/09/2026 10:00,,08/09/2026,04/09/2026 11:00,F2F,08/09/2026 14:00,GP; Social care,Y,Care plan,08/09/2026 15:00,Patient,No,20/09/2026,Completed,Dr Who";
    let no = "R2,D2,E10000012,01/09/2026 09:00,,,,,,Declined,03/09/2026 10:00,Already known,,,,,,,,,,,,,";
    let feed = Feed::of("mdt");
    let (plan, reading) = feed.read(format!("{header}\n{row}\n{no}\n").as_bytes(), WHEN);
    assert_eq!(reading.faults.0, []);
    let names: Vec<&str> = plan.events.iter().map(|p| p.event.fact.name()).collect();
    assert_eq!(
        names,
        [
            "received",
            "triaged",
            "accepted",
            "listed",
            "first-contact",
            "discussed",
            "plan-agreed",
            "closed",
            "received",
            "declined"
        ]
    );
    let discussed = &plan.events[5].event.data();
    assert_eq!(
        discussed["sectors"],
        serde_json::json!(["health", "social-care"])
    );
    assert_eq!(plan.events[0].event.data()["source_code"], "01");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever stands in a list, it is read without a panic, and no event or message repeats a long word of it.
    #[test]
    fn any_cell_is_taken_or_refused_without_being_repeated(cells in proptest::collection::vec("[a-z0-9/: ]{0,20}|zq[a-z]{8}", 11)) {
        let feed = Feed::of("spells");
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER.split(',')).unwrap();
        writer.write_record(&cells).unwrap();
        let (plan, reading) = feed.read(&writer.into_inner().unwrap(), WHEN);
        let mut text = serde_json::to_string(&plan.next).unwrap();
        for planned in &plan.events {
            text.push_str(&planned.event.to_json().to_string());
        }
        for fault in &reading.faults.0 {
            text.push_str(&fault.row.in_file("list"));
        }
        for cell in cells.iter().filter(|cell| cell.starts_with("zq")) {
            prop_assert!(!text.contains(cell.as_str()));
        }
    }
}

#[test]
fn a_list_with_its_months_before_its_days_is_refused_as_a_whole() {
    let feed = Feed::of("spells");
    let list = feed.list(super::at(WHEN));
    let american = ONE
        .replace("01/09/2026", "09/01/2026")
        .replace("07/09/2026", "09/17/2026");
    let other = american.replace("D1,", "D2,");
    let refused = list.read(&csv(&[&american, &other])).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("`DischargeDateTime`"), "{refused}");
    // One is a typing error, and named by its line.
    assert_eq!(list.read(&csv(&[&american])).unwrap().faults.unknown(), 1);
    let rows: Vec<String> = (10..30)
        .map(|n| ONE.replace("D1,", &format!("D{n},")))
        .collect();
    let mut rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    rows.push(&american);
    assert_eq!(list.read(&csv(&rows)).unwrap().faults.unknown(), 1);
}

#[test]
fn numbers_that_look_like_dates_are_none() {
    // The number of a spell may have the month and the year in it.
    let rows = ["09-26-42", "09-26-43", "10-27-2026"].map(|n| ONE.replace("D1,", &format!("{n},")));
    let (found, _) = faults(&[&rows[0], &rows[1], &rows[2]]);
    assert_eq!(found, []);
}

#[test]
fn what_says_that_nothing_was_recorded_says_so_in_small_letters() {
    for nothing in ["NULL", "null", "n/a", "#N/A"] {
        let (found, facts) = faults(&[&ONE.replace("07/09/2026 15:00", nothing)]);
        assert_eq!((found.len(), facts.len()), (0, 5), "{nothing}");
    }
}
