//! Tables of which a part would be lost in silence, or added to something else.

use super::*;
use crate::sheet::tests::without_results;
use rust_xlsxwriter::{Formula, Workbook as Writer};

fn import() -> Import {
    let now = "2026-10-15T12:00:00Z".parse().unwrap();
    Import {
        areas: Arc::new(Areas::built_in().unwrap()),
        now,
        recorded_at: now,
        edition: None,
    }
}

const FALLS: &str = "name = \"falls\"\n[period]\ncolumn = \"Month\"\ngrain = \"month\"\n[area]\ncolumn = \"Code\"\n[[series]]\nid = \"falls\"\nvalue = \"Falls\"\n";

fn sum() -> String {
    FALLS.replace("[period]", "sum = true\n[period]")
}

/// Month, place and amount of what goes in, and the lines that do not.
fn taken(chunk: &Chunk) -> (Vec<String>, Vec<u64>) {
    let items = chunk.items.iter().map(|item| match &item.event.fact {
        Fact::Observation(ObservationFact::Observed(o)) => format!(
            "{} {} {}",
            o.period_start.format("%Y-%m"),
            item.event.area,
            o.value.map_or(f64::NAN, |value| value.as_f64())
        ),
        _ => panic!("no observation"),
    });
    (
        items.collect(),
        chunk.bad.iter().map(|bad| bad.line).collect(),
    )
}

fn text(mapping: &str, text: &str) -> (Vec<String>, Vec<u64>) {
    let mapping = Mapping::parse("test", mapping).unwrap();
    let mut file = CsvFile::open(text.as_bytes(), Some(mapping), import()).unwrap();
    taken(&file.chunk(usize::MAX).unwrap().unwrap_or_default())
}

fn workbook(mapping: &str, bytes: &[u8]) -> Result<(Vec<String>, Vec<u64>), String> {
    let mapping = Mapping::parse("test", mapping).unwrap();
    let file = CsvFile::open_workbook(bytes, "a.xlsx", Some(mapping), import());
    let mut file = file.map_err(|error| error.to_string())?;
    Ok(taken(&file.chunk(usize::MAX).unwrap().unwrap_or_default()))
}

#[test]
fn rows_that_a_quotation_mark_makes_one_cell_are_not_lost_in_silence() {
    let ditto = "Month,Code,Falls,Note\n2026-05,RAJ,4,\"\n2026-06,RAJ,5,x\n2026-07,RAJ,6,\"\n2026-08,RAJ,7,\n";
    assert_eq!(
        text(FALLS, ditto),
        (vec!["2026-08 RAJ 7".to_owned()], vec![2])
    );
    assert_eq!(text(&sum(), ditto), (vec![], vec![2, 2]));
    let open =
        "Month,Code,Falls,Note\n2026-04,RAJ,3,\n2026-05,RAJ,4,\"see notes\n2026-06,RAJ,5,x\n";
    assert_eq!(
        text(FALLS, open),
        (vec!["2026-04 RAJ 3".to_owned()], vec![3])
    );
    let note =
        "Month,Code,Falls,Note\n2026-05,RAJ,4,\"one, two, three, four\nfive, six, seven, eight\"\n";
    assert_eq!(
        text(FALLS, note),
        (vec!["2026-05 RAJ 4".to_owned()], vec![])
    );
}

fn sheets(sheets: &[(&str, &[&str])]) -> Vec<u8> {
    let mut book = Writer::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (at, row) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(row.split(',')) {
                match cell.parse::<f64>() {
                    Ok(number) => sheet.write(at, column, number).unwrap(),
                    Err(_) => sheet.write(at, column, cell).unwrap(),
                };
            }
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn several_sheets_of_one_table_are_refused_until_one_is_named() {
    let header = "Month,Code,Falls";
    let rows: [&[&str]; 2] = [&[header, "2026-05,RAJ,4"], &[header, "2026-06,RAJ,5"]];
    let both = sheets(&[("Cover", &["Falls"]), ("May", rows[0]), ("June", rows[1])]);
    let refused = workbook(FALLS, &both).unwrap_err();
    assert!(refused.contains("`May`, `June`"), "{refused}");
    let named = format!("{FALLS}[file]\nsheet = \"June\"\n");
    let june = (vec!["2026-06 RAJ 5".to_owned()], vec![]);
    assert_eq!(workbook(&named, &both), Ok(june.clone()));
    // A sheet to be filled in is not another table.
    let form = sheets(&[("Form", &[header]), ("June", rows[1])]);
    assert_eq!(workbook(FALLS, &form), Ok(june));
}

#[test]
fn a_formula_without_its_result_is_not_nothing_reported() {
    let mut book = Writer::new();
    let sheet = book.add_worksheet();
    for (at, row) in (0..).zip(["Month,Code,Falls", "2026-05,RAJ,", "2026-06,RAJ,"]) {
        for (column, cell) in (0..).zip(row.split(',')) {
            sheet.write(at, column, cell).unwrap();
        }
    }
    let formula = |result: &str| Formula::new("=2+2").set_result(result);
    sheet.write_formula(1, 2, formula("77777")).unwrap();
    sheet.write_formula(2, 2, formula("4")).unwrap();
    let bytes = without_results(&book.save_to_buffer().unwrap());
    let june = (vec!["2026-06 RAJ 4".to_owned()], vec![2]);
    assert_eq!(workbook(FALLS, &bytes), Ok(june));
}

#[test]
fn merged_labels_and_months_without_a_year_leave_no_partial_sum() {
    let merged = "Month,Code,Sex,Falls\n2026-06,RAJ,f,4\n,,m,5\n2026-06,RDE,f,6\n,,m,7\n";
    assert_eq!(text(&sum(), merged).0, Vec::<String>::new());
    // The last row without a period is the total, as one that says so is anywhere.
    let rows = "Month,Code,Sex,Falls\n2026-06,RAJ,f,4\n2026-06,RAJ,m,5\n";
    let nine = ["2026-06 RAJ 9"];
    for total in [",,,9", "Total,,,9", "Grand total,RAJ,,9\n,,,9"] {
        assert_eq!(text(&sum(), &format!("{rows}{total}\n")).0, nine, "{total}");
    }
    let bare = "Month,Code,Sex,Falls\nJun-26,RAJ,f,4\nJune,RAJ,m,5\n";
    assert_eq!(text(&sum(), bare).0, Vec::<String>::new());
}

#[test]
fn capitals_and_marks_of_a_place_do_not_matter_unless_two_differ_by_them() {
    let mapping = FALLS.replace(
        "[[series]]",
        "values = { \"St. Luke's\" = \"RAJ\", \"A+\" = \"RDE\", \"A-\" = \"RQW\" }\n[[series]]",
    );
    let rows =
        "Month,Code,Falls\n2026-04,ST LUKE S,1\n2026-05,st. luke's,2\n2026-06,A+,3\n2026-07,A-,4\n";
    let wanted = [
        "2026-04 RAJ 1",
        "2026-05 RAJ 2",
        "2026-06 RDE 3",
        "2026-07 RQW 4",
    ];
    let (found, bad) = text(&mapping, rows);
    assert_eq!((found, bad), (wanted.map(str::to_owned).to_vec(), vec![]));
}

#[test]
fn columns_of_one_month_are_not_added() {
    let wide = "name = \"falls\"\nsum = true\nwide = { titles = \"month\", cells = \"n\", columns = \"others\" }\n[period]\ncolumn = \"month\"\ngrain = \"month\"\n[area]\ncolumn = \"Code\"\n[[series]]\nid = \"falls\"\nvalue = \"n\"\n";
    let mapping = || Some(Mapping::parse("test", wide).unwrap());
    let open = |text: &'static str| CsvFile::open(text.as_bytes(), mapping(), import());
    let refused = open("Code,May-26,May-26 rate per 1000\nRAJ,4,0.5\n")
        .err()
        .unwrap();
    let told = refused.to_string();
    assert!(
        told.contains("`May-26` and `May-26 rate per 1000`"),
        "{told}"
    );
    assert!(open("Code,May-26,Jun-26\nRAJ,4,5\nRAJ,1,2\n").is_ok());
}

/// The month of a table below some titles, or what is said where there is none.
fn above(place: &str, titles: &str, name: &str) -> Result<String, String> {
    let mapping = FALLS.replace("column = \"Month\"", place);
    let mapping = Mapping::parse("test", &mapping).unwrap();
    let text = format!("{titles}\nCode,Falls\nRAJ,4\n");
    let file = CsvFile::open_text(text.as_bytes(), name, Some(mapping), import());
    let mut file = file.map_err(|error| error.to_string())?;
    let chunk = file.chunk(usize::MAX).unwrap().unwrap_or_default();
    Ok(taken(&chunk).0.concat().chars().take(7).collect())
}

#[test]
fn the_day_of_publication_is_not_the_period() {
    for titles in [
        "Data extracted on 9 July 2026\nReporting: June 2026",
        "Falls by trust June 2026\nDate published: 9 July 2026",
        "Monthly falls report (published 9 July 2026)\nPeriod: June 2026",
        "Published:,9 July 2026\nJune 2026",
        "Published: July 9, 2026\nJune 2026",
        "Next publication: 13 August 2026\nFalls in June 2026",
        "\"Monthly series, from April 2025 to June 2026\"\nPeriod:,June 2026",
        "Monthly falls (published July 2026)\nFalls in June 2026",
        "\"Table 3, June 2026\"",
        "Month,30/06/2026",
        "2025/26 data: June 2026",
    ] {
        assert_eq!(
            above("above = true", titles, "a.csv").as_deref(),
            Ok("2026-06"),
            "{titles}"
        );
    }
    for (titles, told) in [
        (
            "Period: 1 April 2026 to 30 June 2026",
            "more than one month (row 1)",
        ),
        (
            "Falls in June 2026\n\nFalls in July 2026",
            "more than one month (rows 1 and 3)",
        ),
        ("Published on 9 July 2026", "names no month"),
    ] {
        let refused = above("above = true", titles, "a.csv").unwrap_err();
        assert!(refused.contains(told), "{titles}: {refused}");
    }
    for name in [
        "2026-07-09 falls June 2026.csv",
        "09-07-2026-falls-June-2026.csv",
        "falls-June-2026-extracted-09-07-2026.csv",
        "falls 1 June 2026 to 30 June 2026.csv",
        "falls_2026-06.csv",
        "2026-06-01.csv",
    ] {
        assert_eq!(
            above("file_name = true", "", name).as_deref(),
            Ok("2026-06"),
            "{name}"
        );
    }
    for name in [
        "falls April 2025 to June 2026.csv",
        "falls 1 April 2026 to 30 June 2026.csv",
        "falls 2026-07-09.csv",
        "falls Q1 2026-27.csv",
        "falls June 2026 and May 2026.csv",
    ] {
        assert!(above("file_name = true", "", name).is_err(), "{name}");
    }
}
