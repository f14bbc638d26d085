//! Tables as analysts keep them: what is guessed, what is made of it, and what is refused.

mod kinds;

use super::AddedTables;
use chrono::{DateTime, Utc};
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_application::tables::{
    Choice, CountedBy, How, Look, Numbers, PlaceOf, ReadTable, TableFile, Tables,
};
use joinedup_events::observation::{Grain, ObservationFact};
use joinedup_events::{AreaId, Fact, Slug};
use proptest::prelude::*;
use std::sync::LazyLock;

static DEFINITIONS: LazyLock<Definitions> =
    LazyLock::new(|| Definitions::read(&Config::default()).unwrap());

fn now() -> DateTime<Utc> {
    "2026-11-28T10:00:00Z".parse().unwrap()
}

fn file(name: &str, text: impl Into<Vec<u8>>) -> TableFile {
    TableFile::new(name, text.into())
}

fn look(file: &TableFile) -> Look {
    AddedTables.look(file, &DEFINITIONS).unwrap()
}

fn read(file: &TableFile, choice: &Choice) -> ReadTable {
    let made = AddedTables.mapping(file, choice, &DEFINITIONS).unwrap();
    let how = How::Mapping(made.toml);
    AddedTables.read(file, &how, &DEFINITIONS, now()).unwrap()
}

fn amounts(table: &ReadTable) -> Vec<(String, String, f64)> {
    let facts = table.facts.iter().map(|(_, event)| {
        let Fact::Observation(ObservationFact::Observed(o)) = &event.fact else {
            panic!("no observation");
        };
        let value = o.value.map(|v| v.as_f64()).unwrap_or(f64::NAN);
        (event.area.to_string(), o.period_start.to_string(), value)
    });
    facts.collect()
}

#[test]
fn a_table_of_three_columns_needs_no_correction() {
    let file = file(
        "falls 2026.csv",
        "Emergency bed days by place\n\nMonth,Place,Emergency bed days\nApr 2026,north  havenshire,120\nMay 2026,havenshire-west,131\n",
    );
    let look = look(&file);
    assert_eq!(look.published, None);
    let Choice {
        period,
        grain,
        place,
        numbers,
        name,
        ..
    } = &look.guess;
    assert_eq!(name.as_str(), "falls-2026");
    assert_eq!((period.as_deref(), *grain), (Some("Month"), Grain::Month));
    assert_eq!(*place, Some(PlaceOf::Column("Place".to_owned())));
    assert_eq!(numbers[0].series.as_str(), "emergency-bed-days");
    let table = read(&file, &look.guess);
    assert_eq!(table.refused, []);
    let of = |area: &str, day: &str, value| (area.to_owned(), day.to_owned(), value);
    assert_eq!(
        amounts(&table),
        [
            of("havenshire-north", "2026-04-01", 120.0),
            of("havenshire-west", "2026-05-01", 131.0)
        ]
    );
}

#[test]
fn dates_say_how_long_their_periods_are() {
    for (dates, grain, first) in [
        (
            ["2026-04-01", "2026-05-01", "2026-06-01"],
            Grain::Month,
            "2026-04-01",
        ),
        (
            ["30/04/2026", "31/05/2026", "30/06/2026"],
            Grain::Month,
            "2026-04-01",
        ),
        (
            ["2026-01-01", "2026-04-01", "2026-07-01"],
            Grain::Quarter,
            "2026-01-01",
        ),
        (
            ["04/05/2026", "11/05/2026", "18/05/2026"],
            Grain::Week,
            "2026-05-04",
        ),
        (
            ["10/05/2026", "17/05/2026", "24/05/2026"],
            Grain::Week,
            "2026-05-04",
        ),
        (
            ["2026-05-04", "2026-05-05", "2026-05-06"],
            Grain::Day,
            "2026-05-04",
        ),
        (["2024/25", "2025/26", "2023/24"], Grain::Year, "2024-04-01"),
    ] {
        let rows: Vec<String> = dates.iter().map(|d| format!("{d},RAJ,5\n")).collect();
        let file = file("a.csv", format!("when,trust,beds\n{}", rows.concat()));
        let guess = look(&file).guess;
        assert_eq!(
            (guess.period.as_deref(), guess.grain),
            (Some("when"), grain)
        );
        let choice = Choice {
            numbers: vec![Numbers {
                column: "beds".to_owned(),
                series: Slug::new("own-beds").unwrap(),
                denominator: None,
            }],
            ..guess
        };
        let table = read(&file, &choice);
        assert_eq!(table.refused, [], "{dates:?}");
        assert_eq!(amounts(&table)[0].1, first, "{dates:?}");
    }
}

#[test]
fn an_unknown_place_is_named_and_chosen_and_a_number_of_a_person_is_not_named() {
    let file = file(
        "a.csv",
        "month,where,Emergency bed days\n2026-04,Ward Nine,3\n2026-04,943 476 5919,4\n2026-05,RAJ,5\n2026-05,E06999999,6\n",
    );
    let mut choice = look(&file).guess;
    choice.place = Some(PlaceOf::Column("where".to_owned()));
    let made = AddedTables.mapping(&file, &choice, &DEFINITIONS).unwrap();
    assert_eq!(
        (made.unknown, made.more_unknown),
        (vec!["Ward Nine".to_owned(), "E06999999".to_owned()], 1)
    );
    assert_eq!(read(&file, &choice).facts.len(), 1);
    let raj = AreaId::new("RAJ").unwrap();
    choice.places.insert("Ward Nine".to_owned(), raj);
    let table = read(&file, &choice);
    assert_eq!(table.facts.len(), 2);
    let lines: Vec<u64> = table.refused.iter().map(|r| r.line).collect();
    assert_eq!(lines, [3, 5], "{:?}", table.refused);
}

#[test]
fn what_is_refused_is_named_by_row_and_column_and_not_repeated() {
    let file = file(
        "a.csv",
        "month,Emergency bed days\n2026-04,Mrs Canary\n2026-05,7\nCanary day,8\n2026-06,45\n",
    );
    let mut choice = look(&file).guess;
    choice.place = Some(PlaceOf::Fixed(AreaId::new("RAJ").unwrap()));
    let table = read(&file, &choice);
    assert_eq!((table.rows, table.facts.len()), (4, 2));
    let refused: Vec<(u64, &str)> = table
        .refused
        .iter()
        .map(|r| (r.line, r.column.as_str()))
        .collect();
    assert_eq!(refused, [(2, "Emergency bed days"), (4, "month")]);
    assert!(!format!("{:?}", table.refused).contains("Canary"));
}

#[test]
fn a_share_takes_its_whole_and_percentages_are_shares() {
    let file = file(
        "a.csv",
        "quarter,area,Still at home after 91 days,Total\nQ1 2026/27,E10000012,80,100\n",
    );
    let guess = look(&file).guess;
    assert_eq!(guess.numbers[0].denominator.as_deref(), Some("Total"));
    assert_eq!(read(&file, &guess).facts.len(), 1);
}

#[test]
fn columns_without_a_title_or_with_the_same_one_are_read_by_their_letters() {
    let file = file("a.csv", "month,n,n,\n2026-04,1,2,\n2026-05,3,4,\n");
    let seen = look(&file);
    let keys: Vec<&str> = seen.columns.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(keys, ["month", "=B", "=C"]);
    let choice = Choice {
        place: Some(PlaceOf::Fixed(AreaId::new("RAJ").unwrap())),
        numbers: vec![Numbers {
            column: "=C".to_owned(),
            series: Slug::new("own").unwrap(),
            denominator: None,
        }],
        ..seen.guess
    };
    let table = read(&file, &choice);
    let values: Vec<f64> = amounts(&table).iter().map(|a| a.2).collect();
    assert_eq!(values, [2.0, 4.0], "{:?}", table.refused);
}

#[test]
fn a_published_return_is_known_by_its_header() {
    assert_eq!(
        look(&file("a.csv", "Month,Place,Falls\na,b,c\n")).published,
        None
    );
    let mapping = crate::mapping::Mapping::named("ae").unwrap();
    let columns: Vec<&str> = mapping.required().into_iter().collect();
    let row = columns.iter().map(|c| match *c {
        "month" => "2026-04",
        "trust_code" => "RAJ",
        _ => "9",
    });
    let row = row.collect::<Vec<_>>().join(",");
    let known = file("a.csv", format!("{}\n{row}\n", columns.join(",")));
    let name = look(&known).published.unwrap().name;
    assert_eq!(name, "ae");
    let how = How::Published(name);
    let table = AddedTables.read(&known, &how, &DEFINITIONS, now()).unwrap();
    assert!(!table.facts.is_empty(), "{:?}", table.refused);
    let how = How::Published("/etc/hostname".to_owned());
    let wrong = AddedTables.read(&file("a.csv", "a,b\n1,2\n"), &how, &DEFINITIONS, now());
    assert!(wrong.is_err());
}

#[test]
fn what_is_no_table_is_refused_in_words() {
    for (bytes, word) in [
        (&b""[..], "no table"),
        (b"a,b\n", "no table"),
        (b"one column\n1\n2\n", "no table"),
        (b"{\"specversion\":\"1.0\"}\n", "not a table"),
        (b"[1,2]", "not a table"),
        (b"PK\x03\x04rubbish", "not a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ".xlsx"),
    ] {
        let error = AddedTables
            .look(&file("a", bytes), &DEFINITIONS)
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
}

proptest! {
    #[test]
    fn no_file_brings_it_down(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "[a-z0-9,;\"\n\t/ .%=-]{0,300}") {
        for bytes in [bytes, text.into_bytes()] {
            let file = file("x.csv", bytes);
            if let Ok(look) = AddedTables.look(&file, &DEFINITIONS)
                && let Ok(made) = AddedTables.mapping(&file, &look.guess, &DEFINITIONS)
            {
                let _ = AddedTables.read(&file, &How::Mapping(made.toml), &DEFINITIONS, now());
            }
        }
    }
}

#[test]
fn a_table_with_a_column_for_each_month_needs_no_correction_but_what_is_counted() {
    let text = "Falls by place\nPlace,Note,Apr 2026,May 2026,Jun 2026\nRAJ,a,4,5,*\nRDE,,7,,9\n";
    let file = file("falls.csv", text);
    let look = look(&file);
    let keys: Vec<&str> = look.columns.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(keys, ["Place", "Note", "Period", "Number"]);
    let guess = &look.guess;
    assert_eq!(
        (guess.period.as_deref(), guess.grain),
        (Some("Period"), Grain::Month)
    );
    assert_eq!(guess.place, Some(PlaceOf::Column("Place".to_owned())));
    let choice = Choice {
        numbers: vec![Numbers {
            column: "Number".to_owned(),
            series: Slug::new("falls").unwrap(),
            denominator: None,
        }],
        ..guess.clone()
    };
    let table = read(&file, &choice);
    assert_eq!(table.refused, []);
    let known = amounts(&table)
        .into_iter()
        .filter(|(.., value)| !value.is_nan());
    let of = |area: &str, day: &str, value| (area.to_owned(), day.to_owned(), value);
    assert_eq!(
        known.collect::<Vec<_>>(),
        [
            of("RAJ", "2026-04-01", 4.0),
            of("RAJ", "2026-05-01", 5.0),
            of("RDE", "2026-04-01", 7.0),
            of("RDE", "2026-06-01", 9.0),
        ]
    );
}

#[test]
fn years_beside_a_column_of_months_are_no_periods_of_their_own() {
    let look = look(&file(
        "a.csv",
        "Month,Place,2025,2026\n2026-04-01,RAJ,4,5\n2026-05-01,RAJ,6,7\n",
    ));
    let keys: Vec<&str> = look.columns.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(keys, ["Month", "Place", "2025", "2026"]);
}

#[test]
fn a_header_in_two_rows_is_found() {
    let text =
        "Trolleys by day,,,\nMonth,Trust,Trolleys,\n,,ED,Ward\n2026-01,RAJ,7,3\n2026-02,RAJ,8,4\n";
    let look = look(&file("a.csv", text));
    let titles: Vec<&str> = look.columns.iter().map(|c| c.title.as_str()).collect();
    assert_eq!(titles, ["Month", "Trust", "Trolleys ED", "Trolleys Ward"]);
    let choice = Choice {
        numbers: vec![Numbers {
            column: "Trolleys Ward".to_owned(),
            series: Slug::new("local-ward").unwrap(),
            denominator: None,
        }],
        ..look.guess
    };
    let table = read(&file("a.csv", text), &choice);
    let values: Vec<f64> = amounts(&table).iter().map(|a| a.2).collect();
    assert_eq!((values, table.refused.len()), (vec![3.0, 4.0], 0));
}

#[test]
fn a_table_without_numbers_is_said_to_have_none_and_blank_cells_are_counted() {
    let bare = file("wards.csv", "week,ward\n2026-06-01,RAJ\n");
    let text = file("notes.csv", "week,ward,note\n2026-06-01,RAJ,busy\n");
    for file in [&bare, &text] {
        let made = AddedTables.mapping(file, &look(file).guess, &DEFINITIONS);
        let why = made.map(|_| ()).unwrap_err().to_string();
        assert!(why.starts_with("We found no column with numbers"), "{why}");
    }
    let file = file(
        "falls.csv",
        "month,trust,Emergency bed days,beds\n2026-01,RAJ,3,\n2026-02,RAJ,,9\n2026-03,RAJ,n/a,\n2026-03,RAJ,7,\nSource:,the wards,,\n",
    );
    let table = read(&file, &look(&file).guess);
    assert_eq!((table.facts.len(), table.blank), (1, 1));
    let repeated: Vec<_> = table.refused.iter().map(|r| r.sentence.as_str()).collect();
    assert_eq!(
        repeated,
        [
            "reports the same place, period and series as row 5",
            "reports the same place, period and series as row 4"
        ]
    );
}
