//! Submissions of an invented council, and what the department's method makes of them.

use super::{Counted, NAME, count};
use crate::csv::Import;
use crate::input::Input;
use crate::mapping::Mapping;
use joinedup_events::observation::{Mark, ObservationFact};
use joinedup_events::{Areas, Fact};
use proptest::prelude::*;

const HEADER: &str = "LA_Code,LA_Person_Unique_Identifier,Client_Type,Date_of_Birth,Event_Type,Event_Start_Date,Event_End_Date,Event_Outcome,Request_Route_of_Access,Assessment_Type,Service_Type,Service_Component,Reporting_Period_End_Date";

/// A row: person, born, event, start, end, outcome, and the type of the assessment or service.
fn row(
    person: &str,
    born: &str,
    event: &str,
    start: &str,
    end: &str,
    outcome: &str,
    kind: &str,
) -> String {
    let (assessment, service) = match event {
        "Assessment" => (kind, ""),
        _ => ("", kind),
    };
    format!(
        "E10000012,{person},Service user,{born},{event},{start},{end},{outcome},Community,{assessment},{service},,2026-06-30"
    )
}

fn request(person: &str, day: &str) -> String {
    let outcome = "\"Progress to assessment, review or reassessment\"";
    row(person, "1940-05-01", "Request", day, day, outcome, "")
}

fn assessment(person: &str, day: &str, outcome: &str) -> String {
    row(
        person,
        "1940-05-01",
        "Assessment",
        day,
        day,
        outcome,
        "Long term assessment",
    )
}

fn service(person: &str, start: &str, end: &str) -> String {
    row(
        person,
        "1940-05-01",
        "Service",
        start,
        end,
        "",
        "Long Term Support: Community",
    )
}

fn counted(submissions: &[Vec<String>]) -> Counted {
    let files = submissions.iter().map(|rows| {
        let text = format!("{HEADER}\n{}\n", rows.join("\n"));
        ("clients.csv".to_owned(), text.into_bytes())
    });
    count(&files.collect::<Vec<_>>()).unwrap()
}

/// The line of a quarter, without the council and the quarter.
fn quarter(counted: &Counted, first_day: &str) -> Option<String> {
    let begins = format!("E10000012,{first_day},");
    let mut lines = counted.table.lines();
    let line = lines.find_map(|line| line.strip_prefix(&begins));
    line.map(str::to_owned)
}

/// Five new clients who waited 0, 3, 7, 10 and 40 days for an assessment.
fn five() -> Vec<String> {
    let days = [("a", "01"), ("b", "04"), ("c", "08"), ("d", "11")];
    let mut rows: Vec<String> = days
        .into_iter()
        .flat_map(|(person, day)| {
            let assessed = assessment(person, &format!("{day}/04/2026"), "NFA: Other");
            [request(person, "01/04/2026"), assessed]
        })
        .collect();
    rows.push(request("e", "01/04/2026"));
    rows.push(assessment("e", "11/05/2026", "NFA: Other"));
    rows
}

#[test]
fn nobody_is_born_after_what_happened_to_them() {
    let born = |text: &str| {
        let rows = five().into_iter();
        let rows = rows.map(|row| row.replace("1940-05-01", text));
        counted(&[rows.collect()])
    };
    // Years of two digits, as some databases and spreadsheets write them.
    for text in ["01/05/40", "01-MAY-40", "01-05-40"] {
        let all = born(text);
        assert_eq!(all.bad, [], "{text}");
        assert_eq!(
            quarter(&all, "2026-04-01").as_deref(),
            Some("7,5,,"),
            "{text}"
        );
    }
    // Young people stay young.
    assert_eq!(quarter(&born("01/05/15"), "2026-04-01"), None);
    let wrong = born("01/05/2040");
    assert_eq!((wrong.bad.len(), quarter(&wrong, "2026-04-01")), (10, None));
}

#[test]
fn the_median_is_of_new_clients_of_25_years_and_more() {
    let all = counted(&[five()]);
    assert_eq!(all.bad, []);
    assert_eq!(quarter(&all, "2026-04-01").as_deref(), Some("7,5,,"));
    let mut more = five();
    let outcome = "Progress to reablement/ST-Max";
    for (event, day, kind) in [
        ("Request", "2026-04-01", ""),
        ("Assessment", "2026-06-10", "Long term assessment"),
    ] {
        more.push(row("young", "2002-01-01", event, day, day, outcome, kind));
    }
    more.extend([
        service("client", "2025-05-01", "2025-12-01"),
        request("client", "2026-04-01"),
        assessment("client", "2026-06-30", "NFA: Other"),
        row(
            "declined",
            "1940-01-01",
            "Request",
            "2026-04-01",
            "2026-04-01",
            "NFA: Support declined",
            "",
        ),
        assessment("declined", "2026-06-20", "NFA: Other"),
    ]);
    assert_eq!(
        quarter(&counted(&[more]), "2026-04-01").as_deref(),
        Some("7,5,,")
    );
}

#[test]
fn a_council_that_still_writes_release_1_has_the_same_waits() {
    let of_release_1 = |row: String| {
        let row = row.replace(
            "\"Progress to assessment, review or reassessment\"",
            "Progress to Assessment",
        );
        row.replace("NFA: Other", "NFA- Other")
            .replace("Service user", "Service User")
            .replace("Long term assessment", "Long Term Assessment")
    };
    let old = counted(&[five().into_iter().map(of_release_1).collect()]);
    assert_eq!(old.bad, []);
    assert_eq!(
        quarter(&old, "2026-04-01"),
        quarter(&counted(&[five()]), "2026-04-01")
    );
}

#[test]
fn the_table_goes_on_as_a_published_return_does() {
    let mut rows = five();
    rows.extend([request("z", "2026-06-01"), service("z", "2026-07-02", "")]);
    let counted = counted(&[rows]);
    let now = "2026-11-28T10:00:00Z".parse().unwrap();
    let rules = Import {
        areas: Areas::built_in().unwrap().into(),
        now,
        recorded_at: now,
        edition: Some(counted.edition()),
    };
    let mapping = Mapping::named(NAME).unwrap();
    let table = Box::new(std::io::Cursor::new(counted.table.into_bytes()));
    let mut input = Input::of(table, "t".to_owned(), None, Some(&mapping), &rules).unwrap();
    let chunk = input.chunk(100).unwrap().unwrap();
    assert_eq!(chunk.bad, []);
    let amounts = chunk.items.iter().map(|item| match &item.event.fact {
        Fact::Observation(ObservationFact::Observed(o)) => {
            let series = o
                .series
                .as_str()
                .trim_start_matches("client-level-")
                .to_owned();
            (series, o.value.map(|v| v.as_f64()), o.mark)
        }
        _ => panic!("no observation"),
    });
    let suppressed = Some(Mark::Suppressed);
    let of = |series: &str, value, mark| (series.to_owned(), value, mark);
    assert_eq!(
        amounts.collect::<Vec<_>>(),
        [
            of("first-response-wait", Some(7.0), None),
            of("first-responses", Some(5.0), None),
            of("first-response-wait", None, suppressed),
            of("first-responses", None, suppressed),
            of("first-service-wait", None, suppressed),
            of("first-services", None, suppressed),
        ]
    );
}

#[test]
fn a_service_ends_the_wait_where_the_assessment_led_to_it() {
    let mut rows = Vec::new();
    for (person, day) in [("a", 3), ("b", 4), ("c", 5), ("d", 6), ("e", 7), ("f", 8)] {
        rows.push(request(person, "2026-04-01"));
        let led = [
            "Progress to support planning or services",
            "NFA: Support declined",
        ];
        let outcome = led[usize::from(person == "f")];
        rows.push(assessment(person, &format!("2026-04-{day:02}"), outcome));
        rows.push(service(person, &format!("2026-04-{:02}", day + 10), ""));
    }
    // A service before any assessment is the response; on one day the request comes first, then the assessment.
    rows.extend([request("g", "2026-04-01"), service("g", "2026-04-01", "")]);
    assert_eq!(
        quarter(&counted(&[rows]), "2026-04-01").as_deref(),
        Some("4,7,13.5,6")
    );
}

#[test]
fn the_median_of_few_people_is_suppressed() {
    let rows = five().into_iter().take(8).collect();
    let text = quarter(&counted(&[rows]), "2026-04-01");
    assert_eq!(text.as_deref(), Some("*,*,,"));
}

#[test]
fn two_people_with_five_waits_are_few() {
    // Asked and answered three times, and twice.
    let rows = [("a", 1), ("a", 5), ("a", 9), ("b", 1), ("b", 5)].map(|(person, day)| {
        let at = |day: u32| format!("2026-04-{day:02}");
        [
            request(person, &at(day)),
            assessment(person, &at(day + 2), "NFA: Other"),
        ]
    });
    let few = counted(&[rows.concat()]);
    assert_eq!(quarter(&few, "2026-04-01").as_deref(), Some("*,*,,"));
    // Of five people all waits are counted.
    let all = counted(&[[five(), rows.concat()].concat()]);
    let text = quarter(&all, "2026-04-01").unwrap();
    assert!(!text.contains('*'), "{text}");
}

#[test]
fn an_age_is_read_as_programs_write_it_and_one_that_is_not_there_is_named() {
    let of_age = |age: &str| {
        let header = HEADER.replace("Date_of_Birth", "Age");
        let rows = five().join("\n").replace("1940-05-01", age);
        let text = format!("{header}\n{rows}\n").into_bytes();
        count(&[("f".to_owned(), text)]).unwrap()
    };
    for (age, taken) in [("67", true), ("67.0", true), ("24.9", false)] {
        let counted = of_age(age);
        assert_eq!(counted.bad, []);
        assert_eq!(quarter(&counted, "2026-04-01").is_some(), taken, "{age}");
    }
    for (age, column) in [("", "Date of Birth"), ("QZ", "Der Age Event Start Date")] {
        let counted = of_age(age);
        assert_eq!(counted.bad.len(), 10, "{age}");
        assert!(counted.bad.iter().all(|(_, bad)| bad.column == column));
    }
    let header = HEADER.replace("Date_of_Birth", "Colour");
    let text = format!("{header}\n{}\n", five().join("\n")).into_bytes();
    let error = count(&[("f".to_owned(), text)]).unwrap_err().to_string();
    assert!(error.contains("`Age` or `Date of Birth`"), "{error}");
}

#[test]
fn a_request_in_two_submissions_counts_once_and_a_service_that_is_gone_has_ended() {
    assert_eq!(
        quarter(&counted(&[five(), five()]), "2026-04-01").as_deref(),
        Some("7,5,,")
    );
    // Open in the first submission, to 31 March 2025, and not in the next: it ended then, more than a year before.
    let first = |rows: Vec<String>| -> Vec<String> {
        let period = |row: String| row.replace("2026-06-30", "2025-03-31");
        rows.into_iter().map(period).collect()
    };
    let open = service("a", "2024-12-01", "");
    let gone = counted(&[first(vec![open.clone()]), five()]);
    assert_eq!(quarter(&gone, "2026-04-01").as_deref(), Some("7,5,,"));
    let mut still = five();
    still.push(open.clone());
    let still = counted(&[first(vec![open]), still]);
    assert_eq!(quarter(&still, "2026-04-01").as_deref(), Some("*,*,,"));
}

#[test]
fn what_cannot_be_used_is_named_by_line_and_column_without_its_value() {
    let mut rows = five();
    rows.extend([
        row("QZ4471", "1940-05-01", "Request", "soon", "", "", ""),
        row("QZ4471", "1940-05-01", "Visit", "2026-04-01", "", "", ""),
        row(
            "QZ4471",
            "1940-05-01",
            "Request",
            "2026-04-01",
            "",
            "Quillfeather",
            "",
        ),
        row("", "1940-05-01", "Request", "2026-04-01", "", "", ""),
        row("QZ4471", "1940-05-01", "Review", "2026-04-01", "", "", ""),
    ]);
    let counted = counted(&[rows]);
    assert_eq!(quarter(&counted, "2026-04-01").as_deref(), Some("7,5,,"));
    let texts: Vec<String> = counted
        .bad
        .iter()
        .map(|(_, bad)| bad.in_file("f"))
        .collect();
    let places: Vec<&str> = texts
        .iter()
        .map(|text| text.split(": ").nth(1).unwrap())
        .collect();
    assert_eq!(
        places,
        [
            "Event Start Date",
            "Event Type",
            "Event Outcome",
            "Der NHS LA Combined Person ID"
        ]
    );
    let all = format!("{}{}", texts.concat(), counted.table);
    assert!(
        !all.contains("QZ4471") && !all.contains("Quillfeather"),
        "{all}"
    );
    let error = count(&[("f".to_owned(), b"a,b\n1,2\n".to_vec())]).unwrap_err();
    assert!(error.to_string().contains("`LA Code`"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_order_of_rows_and_their_repetition_do_not_matter(
        days in prop::collection::vec((0_u32..4, 1_u32..29, 0_u32..3), 1..24),
        order in any::<prop::sample::Index>(),
    ) {
        let rows: Vec<String> = days.iter().map(|(person, day, kind)| {
            let (person, day) = (format!("p{person}"), format!("2026-05-{day:02}"));
            match kind {
                0 => request(&person, &day),
                1 => assessment(&person, &day, "Progress to support planning or services"),
                _ => service(&person, &day, ""),
            }
        }).collect();
        let mut turned = rows.clone();
        turned.rotate_left(order.index(rows.len()));
        turned.extend(rows.iter().take(3).cloned());
        prop_assert_eq!(counted(&[rows]).table, counted(&[turned]).table);
    }

    #[test]
    fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), cell in "\\PC{0,12}") {
        let _ = count(&[("f".to_owned(), bytes)]);
        let rows = [row("a", &cell, "Request", &cell, &cell, "", ""), cell];
        let text = format!("{HEADER}\n{}\n", rows.join("\n"));
        let _ = count(&[("f".to_owned(), text.into_bytes())]);
    }
}
