//! Tables of which a part would be lost in silence, or added to what it is no part of.

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
