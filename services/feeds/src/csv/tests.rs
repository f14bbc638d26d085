//! Tables as people keep them, through a mapping.

use super::*;
use joinedup_events::Amount;

fn import() -> Import {
    let now = "2026-06-15T12:00:00Z".parse().unwrap();
    Import {
        areas: Arc::new(Areas::built_in().unwrap()),
        now,
        recorded_at: now,
        edition: None,
    }
}

const FALLS: &str = "name = \"falls\"\n[period]\ncolumn = \"month\"\ngrain = \"month\"\n[area]\ncolumn = \"ward\"\nvalues = { \"Ward A\" = \"RAJ\" }\n\
                     [[series]]\nid = \"falls\"\nvalue = \"falls\"\ndenominator = \"bed_days\"\nbreakdown = { kind = { column = \"kind\", labels = \"words\" } }\n";

fn read_as(mapping: &str, text: &str, import: Import) -> Chunk {
    let mapping = Mapping::parse("test", mapping).unwrap();
    let mut file = CsvFile::open(text.as_bytes(), Some(mapping), import).unwrap();
    file.chunk(usize::MAX).unwrap().unwrap_or_default()
}

fn read(text: &str) -> Chunk {
    read_as(FALLS, text, import())
}

fn told(text: &str) -> Vec<String> {
    read(text).bad.iter().map(|b| b.told("falls.csv")).collect()
}

const HEADER: &str = "month,ward,kind,falls,bed_days\n";

#[test]
fn an_own_file_becomes_observations() {
    let chunk = read(&format!(
        "\u{feff}{HEADER}2026-05,Ward A,Slipped out of bed,\"1,234\",620.5\n"
    ));
    assert_eq!(chunk.bad, []);
    let event = &chunk.items[0].event;
    assert_eq!(
        (event.source.as_str(), event.area.as_str()),
        ("/import/falls", "RAJ")
    );
    // The month ended at midnight in London, an hour before midnight in UTC.
    assert_eq!(
        event.occurred_at,
        "2026-05-31T23:00:00Z".parse::<DateTime<Utc>>().unwrap()
    );
    let Fact::Observation(ObservationFact::Observed(observed)) = &event.fact else {
        panic!()
    };
    assert_eq!(
        (
            observed.value.unwrap().as_f64(),
            observed.denominator.map(Amount::as_f64)
        ),
        (1234.0, Some(620.5))
    );
    assert_eq!(
        observed.entity(),
        "falls/month/2026-05-01/kind:slipped-out-of-bed"
    );
}

#[test]
fn what_is_sent_is_what_the_door_lets_in() {
    let chunk = read(&format!(
        "{HEADER}2026-05,RAJ,slip,3,620\n2026-06,RAJ,slip,1,100\n"
    ));
    let import = import();
    for item in &chunk.items {
        let json = item.event.to_json().to_string();
        assert_eq!(
            check::admit(json.as_bytes(), &import.areas, import.now).unwrap(),
            item.event
        );
    }
    assert_eq!(chunk.items.len(), 2);
}

#[test]
fn a_bad_row_is_named_by_line_and_column_and_the_good_rows_go_in() {
    let text = format!(
        "{HEADER}2026-05,RAJ,a,3,620\n2026-13,RAJ,a,3,620\n2026-05,Ward Z,a,3,620\n2026-05,ZZZ,a,3,620\n2026-05,RDE,a,many,620\n2026-05,RDE,,3,620\n2026-05,RDE\n2026-05,RDE,a,3,-1\n2027-01,RDE,a,3,1\n2026-04,RAJ,a,2,600\n"
    );
    let chunk = read(&text);
    assert_eq!(
        chunk.items.iter().map(|i| i.line).collect::<Vec<_>>(),
        [2, 11]
    );
    let told = told(&text);
    for (line, column, words) in [
        (3, "month", "is not a period"),
        (4, "ward", "is not an area's code"),
        (5, "ward", "must be an area of the register"),
        (6, "falls", "is not a plain number"),
        (7, "kind", "is empty"),
        (8, "", "has 2 cells where the header has 5"),
        (9, "denominator", "must not be negative"),
        (10, "month", "must not lie in the future"),
    ] {
        let column = if column.is_empty() {
            String::new()
        } else {
            format!("{column}: ")
        };
        let wanted = format!("falls.csv:{line}: {column}{words}");
        assert_eq!(
            told.iter().filter(|t| t.starts_with(&wanted)).count(),
            1,
            "{wanted} in {told:#?}"
        );
    }
    assert_eq!(told.len(), 8, "{told:#?}");
    // No cell is repeated: it may be anything.
    assert!(
        !told
            .iter()
            .any(|t| t.contains("Ward Z") || t.contains("many"))
    );
}

#[test]
fn an_empty_cell_is_nothing_reported_and_zero_is_zero() {
    let chunk = read(&format!(
        "{HEADER}2026-05,RAJ,a,0,620\n2026-04,RAJ,a,,620\n2026-03,RAJ,a,NA,620\n2026-02,RAJ,a,3,\n"
    ));
    assert_eq!((chunk.rows, chunk.items.len(), chunk.bad.len()), (4, 1, 0));
}

#[test]
fn importing_again_says_the_same_whenever_it_is_done() {
    let text = format!("{HEADER}2026-05,RAJ,a,3,620\n2026-06,RAJ,a,1,20\n");
    let first = read(&text);
    let later = Import {
        now: "2026-06-20T12:00:00Z".parse().unwrap(),
        ..import()
    };
    let again = read_as(
        FALLS,
        &text,
        Import {
            recorded_at: later.now,
            ..later
        },
    );
    let messages = |chunk: &Chunk| {
        chunk
            .items
            .iter()
            .map(|i| joinedup_application::publisher::new_event(&i.event, None).message_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(messages(&first), messages(&again));
    let restated = read(&text.replace(",3,", ",4,"));
    assert_ne!(restated.items[0].event.id, first.items[0].event.id);
    assert_eq!(restated.items[1].event.id, first.items[1].event.id);
    let edition = read_as(
        FALLS,
        &text,
        Import {
            edition: Some("second".into()),
            ..import()
        },
    );
    assert_ne!(edition.items[0].event.id, first.items[0].event.id);
}

#[test]
fn rows_that_report_the_same_thing_are_all_refused_or_added() {
    let text = format!(
        "{HEADER}2026-05,RAJ,a,3,620\n2026-05,RAJ,a,3,620\n2026-05,RAJ,a,4,620\n2026-04,RAJ,a,5,600\n"
    );
    let chunk = read(&text);
    assert_eq!(chunk.items.iter().map(|i| i.line).collect::<Vec<_>>(), [5]);
    assert_eq!(
        chunk.bad.iter().map(|b| b.line).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert!(
        chunk.bad[0].sentence.contains("line 3"),
        "{}",
        chunk.bad[0].sentence
    );
    let added = read_as(
        &FALLS.replace("[period]", "sum = true\n[period]"),
        &text,
        import(),
    );
    assert_eq!(added.bad, []);
    let observed = observed(&added.items[0]);
    assert_eq!(observed.value.map(Amount::as_f64), Some(10.0));
    assert_eq!(observed.denominator.map(Amount::as_f64), Some(1860.0));
}

fn observed(item: &Item) -> &Observed {
    let Fact::Observation(ObservationFact::Observed(observed)) = &item.event.fact else {
        panic!()
    };
    observed
}

#[test]
fn a_header_that_does_not_fit_is_told_what_is_missing() {
    let mapping = || Mapping::parse("test", FALLS).unwrap();
    let error = CsvFile::open("month,ward,falls\n".as_bytes(), Some(mapping()), import())
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("`bed_days`")
            && error.contains("`kind`")
            && error.contains("the nearest has `month`"),
        "{error}"
    );
    let error = CsvFile::open(
        "month,ward,kind,falls,falls,bed_days\n".as_bytes(),
        Some(mapping()),
        import(),
    )
    .err()
    .unwrap();
    assert!(error.to_string().contains("`falls` twice"), "{error}");
    let error = CsvFile::open("a,b\n1,2\n".as_bytes(), None, import())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("--mapping FILE"), "{error}");
}

#[test]
fn lines_are_counted_alike_however_they_end() {
    let text = format!("{HEADER}2026-05,RAJ,a,3,620\n2026-04,RAJ,a,many,620\n");
    for text in [text.replace('\n', "\r\n"), text] {
        let chunk = read(&text);
        assert_eq!((chunk.items[0].line, chunk.bad[0].line), (2, 3));
    }
}
