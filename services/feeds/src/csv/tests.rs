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
    read(text)
        .bad
        .iter()
        .map(|b| b.in_file("falls.csv"))
        .collect()
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
    // Without one of its rows it is not the sum.
    let partial = read_as(
        &FALLS.replace("[period]", "sum = true\n[period]"),
        &text.replacen(",3,620", ",3O,620", 1),
        import(),
    );
    let lines: Vec<u64> = partial.items.iter().map(|item| item.line).collect();
    assert!(!lines.contains(&2) && !lines.contains(&3), "{lines:?}");
    let told = partial
        .bad
        .iter()
        .any(|bad| bad.sentence.contains("the sum is not taken"));
    assert!(told, "{:?}", partial.bad);
}

#[test]
fn a_row_that_may_belong_to_any_sum_takes_those_of_its_period_or_all() {
    let sum = FALLS.replace("[period]", "sum = true\n[period]");
    let good = "2026-04,Ward A,a,3,620\n2026-05,Ward A,a,4,620\n";
    let taken = |row: &str| -> (usize, Vec<(u64, bool)>) {
        let chunk = read_as(&sum, &format!("{HEADER}{good}{row}\n"), import());
        let bad = chunk.bad.iter();
        let bad = bad.map(|bad| (bad.line, bad.sentence.contains("none of them is taken")));
        (chunk.items.len(), bad.collect())
    };
    let whole = "2026-05,Ward A,a,5,620";
    assert_eq!(taken(whole), (2, vec![]));
    // A cell too many, for 1,204 without quotes, and areas that are not readable.
    for row in [
        "2026-05,Ward A,a,1,204,620",
        "2026-05,Ward A,a,5",
        "2026-05,,a,5,620",
    ] {
        assert_eq!(taken(row), (1, vec![(4, false), (4, true)]), "{row}");
    }
    for row in ["2026-13,Ward A,a,5,620", "Ward, A,2026-05,a,5,620"] {
        assert_eq!(taken(row), (0, vec![(4, false), (4, true)]), "{row}");
    }
    // A note and a total below the table, and a place that no code stands for.
    for row in [
        "Source: the wards, 2026",
        "Total,Ward A,,12,1860",
        "2026-05,Ward B!,a,5,620",
    ] {
        assert_eq!(taken(row), (2, vec![(4, false)]), "{row}");
    }
}

#[test]
fn a_comma_that_may_stand_before_decimals_is_not_read_as_thousands() {
    let rows = |cell: &str| {
        let header = "month;ward;kind;falls;bed_days";
        format!("{header}\n2026-05;Ward A;a;{cell};620\n2026-06;Ward A;a;2,5;620\n")
    };
    let value = |mapping: &str, cell: &str| {
        let chunk = read_as(mapping, &rows(cell), import());
        let item = chunk.items.first()?;
        observed(item).value.map(Amount::as_f64)
    };
    for cell in ["12,345", "0,452", "4,5", "-12,345", "12.345", "(1.204)"] {
        assert_eq!(value(FALLS, cell), None, "{cell}");
    }
    assert_eq!(value(FALLS, "12.34"), Some(12.34));
    assert_eq!(value(FALLS, "0.452"), Some(0.452));
    assert_eq!(value(FALLS, "1,234.5"), Some(1234.5));
    assert_eq!(value(FALLS, "1,234,567"), Some(1_234_567.0));
    let without = rows("12,345").replace("2,5;", "2;");
    let chunk = read_as(FALLS, &without, import());
    assert_eq!(
        observed(&chunk.items[0]).value.map(Amount::as_f64),
        Some(12345.0)
    );
    let thousands = format!("{FALLS}\n[file]\ncommas = \"thousands\"\n");
    assert_eq!(value(&thousands, "12,345"), Some(12345.0));
    assert_eq!(value(&thousands, "12.345"), Some(12.345));
    let decimals = format!("{FALLS}\n[file]\ncommas = \"decimals\"\n");
    for (cell, wanted) in [
        ("12,345", 12.345),
        ("12.345", 12_345.0),
        ("(1.204,5)", -1_204.5),
    ] {
        assert_eq!(value(&decimals, cell), Some(wanted), "{cell}");
    }
    // It is refused, and the row below it is not.
    assert_eq!(value(&decimals, "12.5"), Some(2.5));
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
    let error = CsvFile::open("a,b\nSmith,2\n".as_bytes(), None, import())
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("--mapping FILE"), "{error}");
    assert!(error.contains("`a`") && !error.contains("Smith"), "{error}");
    // No row of people is taken for a header.
    let people = "Smith Jane,485 777 3456,1\nJones Ann,401 023 2137,2\n";
    let wide = "a,b\nSmith, Jane, 2\n";
    for (text, mapping) in [(people, Some(mapping())), (people, None), (wide, None)] {
        let error = CsvFile::open(text.as_bytes(), mapping, import())
            .err()
            .unwrap();
        let error = error.to_string();
        assert!(
            !error.contains("Smith") && !error.contains("485"),
            "{error}"
        );
    }
}

#[test]
fn lines_are_counted_alike_however_they_end() {
    let text = format!("{HEADER}2026-05,RAJ,a,3,620\n2026-04,RAJ,a,many,620\n");
    for text in [text.replace('\n', "\r\n"), text] {
        let chunk = read(&text);
        assert_eq!((chunk.items[0].line, chunk.bad[0].line), (2, 3));
    }
}

const OF_FILE: &str = "name = \"falls\"\n[period]\nPLACE\ngrain = \"month\"\n[area]\nfixed = \"RAJ\"\n[[series]]\nid = \"falls\"\nvalue = \"falls\"\n";

#[test]
fn the_period_of_a_whole_file_is_found_where_the_mapping_says() {
    let text = "Falls in June 2026,,\nPrinted on 3 July 2026,,\n,,\nward,falls,note\nA,4,x\n";
    let open = |place: &str, name: &str| {
        let mapping = Mapping::parse("test", &OF_FILE.replace("PLACE", place)).unwrap();
        let file = CsvFile::open_text(text.as_bytes(), name, Some(mapping), import());
        let mut file = file.map_err(|e| e.to_string())?;
        let chunk = file.chunk(usize::MAX).unwrap().unwrap();
        assert_eq!(chunk.bad, []);
        Ok::<_, String>(observed(&chunk.items[0]).period_start.to_string())
    };
    for (place, name) in [
        ("above = true", "falls.csv"),
        ("cell = \"A1\"", "falls.csv"),
        ("file_name = true", "falls_2026-06.csv"),
        ("fixed = \"June 2026\"", "falls.csv"),
    ] {
        assert_eq!(open(place, name).as_deref(), Ok("2026-06-01"), "{place}");
    }
    let error = open("file_name = true", "falls.csv").unwrap_err();
    assert!(
        error.contains("the file's name") && error.contains("names no month"),
        "{error}"
    );
    assert!(Mapping::parse("t", &OF_FILE.replace("PLACE", "")).is_err());
    assert!(
        Mapping::parse(
            "t",
            &OF_FILE.replace("PLACE", "above = true\nfile_name = true")
        )
        .is_err()
    );
}

#[test]
fn columns_that_are_periods_or_other_values_become_rows() {
    let wide = FALLS
        .replace("denominator = \"bed_days\"\n", "")
        .replace("value = \"falls\"", "value = \"n\"");
    let months = format!("wide = {{ titles = \"month\", cells = \"n\" }}\n{wide}");
    let chunk = read_as(
        &months,
        "ward,kind,Apr-26,May-26,Total\nRAJ,a,3,4,7\nRDE,a,,5,5\n",
        import(),
    );
    assert_eq!(chunk.bad, []);
    let said = |chunk: &Chunk| -> Vec<(String, String, f64)> {
        let items = chunk.items.iter();
        items
            .map(|i| {
                let o = observed(i);
                let value = o.value.map(Amount::as_f64).unwrap();
                (i.event.area.to_string(), o.entity(), value)
            })
            .collect()
    };
    let row = |area: &str, month: &str, kind: &str, n: f64| {
        (
            area.to_owned(),
            format!("falls/month/{month}-01/kind:{kind}"),
            n,
        )
    };
    assert_eq!(
        said(&chunk),
        [
            row("RAJ", "2026-04", "a", 3.0),
            row("RAJ", "2026-05", "a", 4.0),
            row("RDE", "2026-05", "a", 5.0)
        ]
    );
    let kinds =
        format!("wide = {{ titles = \"kind\", cells = \"n\", columns = \"others\" }}\n{wide}");
    let chunk = read_as(
        &kinds,
        "month,ward,Slipped,Fell\n2026-05,RAJ,1,2\n",
        import(),
    );
    assert_eq!(
        said(&chunk),
        [
            row("RAJ", "2026-05", "slipped", 1.0),
            row("RAJ", "2026-05", "fell", 2.0)
        ]
    );
}

#[test]
fn a_workbooks_percentage_is_what_it_shows_however_the_mapping_takes_it() {
    let mapping = |more: &str| {
        format!(
            "name = \"seen\"\n[period]\ncolumn = \"month\"\ngrain = \"month\"\n[area]\nfixed = \"RAJ\"\n[[series]]\nid = \"seen\"\nvalue = \"seen\"\n{more}"
        )
    };
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, format) in [(1, "0.00%"), (2, "0.0\"%\""), (3, "0.0")] {
        let format = rust_xlsxwriter::Format::new().set_num_format(format);
        let number = if row == 1 { 0.125 } else { 12.5 };
        sheet.write_string(row, 0, format!("2026-0{row}")).unwrap();
        let written = sheet.write_number_with_format(row, 1, number, &format);
        written.unwrap();
    }
    sheet.write_string(0, 0, "month").unwrap();
    sheet.write_string(0, 1, "seen").unwrap();
    sheet.write_string(4, 0, "2026-04").unwrap();
    sheet.write_string(4, 1, "12.5%").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let values = |chunk: Chunk| -> Vec<f64> {
        let facts = chunk.items.iter().map(|item| match &item.event.fact {
            Fact::Observation(ObservationFact::Observed(o)) => o.value.unwrap().as_f64(),
            _ => panic!(),
        });
        facts.collect()
    };
    let count = Mapping::parse("seen", &mapping("")).unwrap();
    let table = CsvFile::open_workbook(bytes.as_slice(), "a.xlsx", Some(count), import());
    let chunk = table.unwrap().chunk(usize::MAX).unwrap().unwrap();
    // The fourth is a text: nobody said what it is.
    let told: Vec<String> = chunk.bad.iter().map(|bad| bad.in_file("a.xlsx")).collect();
    assert!(
        told.len() == 1 && told[0].contains("is a percentage"),
        "{told:?}"
    );
    assert_eq!(values(chunk), [0.125, 0.125, 12.5]);
    let text = "month,seen\n2026-01,12.5%\n2026-02,12.5%\n2026-03,12.5\n2026-04,12.5%\n";
    for (more, wanted) in [
        ("percent = true\n", [0.125, 0.125, 12.5, 0.125]),
        ("multiply = 0.01\n", [0.125, 0.125, 0.125, 0.125]),
    ] {
        assert_eq!(values(read_as(&mapping(more), text, import())), wanted);
        let read = Mapping::parse("seen", &mapping(more)).unwrap();
        let table = CsvFile::open_workbook(bytes.as_slice(), "a.xlsx", Some(read), import());
        let chunk = table.unwrap().chunk(usize::MAX).unwrap().unwrap();
        assert_eq!(values(chunk), wanted);
    }
}

#[test]
fn dates_with_the_month_first_are_refused_with_their_table() {
    let table = |dates: [&str; 2]| {
        let mapping = FALLS.replace("grain = \"month\"", "grain = \"day\"");
        let mapping = Mapping::parse("test", &mapping).unwrap();
        let rows = dates.map(|date| format!("{date},Ward A,x,7,9\n"));
        let text = format!("{HEADER}{}", rows.concat());
        CsvFile::open(text.as_bytes(), Some(mapping), import())
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let refused = table(["05/15/2026", "05/14/2026"]).unwrap_err();
    assert!(refused.contains("the month before the day"), "{refused}");
    assert_eq!(table(["05/06/2026", "14/05/2026"]), Ok(()));
    assert_eq!(table(["05/06/2026", "05/14/2026"]), Ok(()));
}
