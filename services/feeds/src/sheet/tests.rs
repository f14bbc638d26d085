//! Text in every encoding and with every separator, and workbooks, as the same rows.

use super::*;
use encoding_rs::WINDOWS_1252;
use rust_xlsxwriter::{ExcelDateTime as Date, Format, Workbook as Writer};

fn rows(bytes: &[u8]) -> Vec<(u64, Vec<String>)> {
    let mut rows = TextRows::new(bytes).unwrap();
    std::iter::from_fn(|| rows.next_row().unwrap())
        .map(|row| (row.number, row.cells))
        .collect()
}

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some('\u{feff}');
    let units: Vec<u16> = mark
        .into_iter()
        .chain(text.chars())
        .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
        .collect();
    units
        .iter()
        .flat_map(|u| {
            if big {
                u.to_be_bytes()
            } else {
                u.to_le_bytes()
            }
        })
        .collect()
}

#[test]
fn one_table_is_the_same_in_every_encoding() {
    let text = "when,area,n\r\n2026-06-01,St Luke\u{2019}s \u{a3},7\r\n";
    let wanted = rows(text.as_bytes());
    assert_eq!(wanted[1].1[1], "St Luke\u{2019}s \u{a3}");
    let (windows, _, _) = WINDOWS_1252.encode(text);
    for bytes in [
        windows.into_owned(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        utf16(text, false, true),
        utf16(text, true, true),
        utf16(text, false, false),
        utf16(text, true, false),
    ] {
        assert_eq!(rows(&bytes), wanted);
    }
}

#[test]
fn the_separator_is_the_one_that_makes_columns() {
    for separator in [',', ';', '\t'] {
        let text = "a,b,c\n1,2,3\n".replace(',', &separator.to_string());
        assert_eq!(rows(text.as_bytes())[1].1, ["1", "2", "3"], "{separator:?}");
    }
    // Decimal commas, and commas within quotes, separate nothing.
    assert_eq!(rows(b"a;b;c\n1,5;2,5;3,5\n")[1].1, ["1,5", "2,5", "3,5"]);
    assert_eq!(rows(b"\"a, b, c\"\tn\nx\t1\n")[0].1, ["a, b, c", "n"]);
    assert_eq!(rows(b"sep=;\na;b,c,d\n1;2,3,4\n")[1].1, ["a", "b,c,d"]);
}

#[test]
fn rows_have_the_number_of_their_line() {
    for end in ["\n", "\r\n"] {
        let text = "title\n\n\na,b\n1,\"two\nlines\"\n3,4".replace('\n', end);
        let numbers: Vec<u64> = rows(text.as_bytes()).iter().map(|r| r.0).collect();
        assert_eq!(numbers, [1, 4, 5, 7], "{end:?}");
    }
    let numbers: Vec<u64> = rows(b"a,b\r1,2\r3,4\r").iter().map(|r| r.0).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn a_workbook_gives_its_cells_as_text() {
    let mut book = Writer::new();
    let sheet = book.add_worksheet().set_name("Data").unwrap();
    let day = Format::new().set_num_format("dd/mm/yyyy");
    sheet
        .merge_range(0, 0, 0, 3, "A title over all columns", &Format::new())
        .unwrap();
    sheet.write(2, 1, "Ward A").unwrap();
    sheet.write(2, 2, 1204.5).unwrap();
    let date = Date::from_ymd(2024, 9, 1).unwrap();
    sheet.write_datetime_with_format(2, 3, &date, &day).unwrap();
    sheet.write(2, 4, true).unwrap();
    sheet.write(2, 5, 45_536).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    assert!(is_workbook(&bytes));
    let mut book = Workbook::open(bytes.as_slice()).unwrap();
    assert_eq!(book.sheets(), ["Data"]);
    assert!(!book.counts_from_1904());
    let rows = book.rows("Data").unwrap();
    assert_eq!(rows[0].number, 1);
    assert_eq!(rows[0].cells[0], "A title over all columns");
    let last = rows.last().unwrap();
    assert_eq!(last.number, 3);
    assert_eq!(
        last.cells,
        ["", "Ward A", "1204.5", "2024-09-01", "TRUE", "45536"]
    );
}

#[test]
fn serial_numbers_are_dates_in_both_systems() {
    let date = |serial, from_1904| serial_date(serial, from_1904).map(|d| d.date().to_string());
    assert_eq!(date(45_170.0, false).as_deref(), Some("2023-09-01"));
    assert_eq!(date(45_536.0, false).as_deref(), Some("2024-09-01"));
    assert_eq!(date(44_074.0, true).as_deref(), Some("2024-09-01"));
    assert_eq!(date(7.0, false), None);
    assert_eq!(date(20_260_601.0, false), None);
    assert_eq!(date(f64::NAN, false), None);
}

#[test]
fn what_is_no_workbook_is_said_to_be_none() {
    for bytes in [
        &b"PK\x03\x04"[..],
        b"",
        b"PK\x03\x04 and then nothing that is a workbook",
    ] {
        assert!(matches!(
            Workbook::open(bytes),
            Err(SheetError::NotAWorkbook)
        ));
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_stop_the_reader(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        rows(&bytes);
    }
}

/// A workbook whose one sheet has this text.
fn workbook_with(text: &str) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.add_worksheet().write(0, 0, text).unwrap();
    writer.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_that_unzips_to_far_more_than_its_file_is_refused() {
    // A part that is not looked at fills memory as well as one that is.
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "xl/sharedStrings.xml",
        zip::write::SimpleFileOptions::default(),
    )
    .unwrap();
    for _ in 0..64 {
        std::io::Write::write_all(&mut zip, &[b' '; 1 << 20]).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20);
    let Err(error) = Workbook::open(bomb.as_slice()) else {
        panic!("a workbook");
    };
    assert!(error.to_string().contains("more than 32 MiB"), "{error}");
    assert!(Workbook::open(workbook_with("whole").as_slice()).is_ok());
}

#[test]
fn a_cell_far_out_takes_no_room_for_the_ones_before_it() {
    let mut writer = Writer::new();
    let sheet = writer.add_worksheet();
    sheet.write(0, 0, "a").unwrap();
    sheet.write(1_048_575, 16_383, "b").unwrap();
    let bytes = writer.save_to_buffer().unwrap();
    let mut book = Workbook::open(bytes.as_slice()).unwrap();
    let rows = book.rows("Sheet1").unwrap();
    assert_eq!(
        (rows.len(), rows[1].number, rows[1].cells.len()),
        (2, 1_048_576, 16_384)
    );
}

/// A workbook of a program that writes formulas, and no results of them: those that are written here as 77777, or as
/// nothing where the result is an empty text.
pub(crate) fn without_results(book: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..from.len() {
        let mut part = from.by_index(at).unwrap();
        let mut text = Vec::new();
        part.read_to_end(&mut text).unwrap();
        let text = match String::from_utf8(text) {
            Ok(text) => {
                let text = text.replace("<v>77777</v>", "<v></v>");
                text.replace("<v>nothing</v>", "<v></v>").into_bytes()
            }
            Err(other) => other.into_bytes(),
        };
        let options = zip::write::SimpleFileOptions::default();
        let name = part.name().unwrap().into_owned();
        to.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut to, &text).unwrap();
    }
    to.finish().unwrap().into_inner()
}

#[test]
fn a_formula_without_a_result_is_not_an_empty_cell() {
    let mut writer = Writer::new();
    let sheet = writer.add_worksheet();
    let formula = |result: &str| rust_xlsxwriter::Formula::new("=A1").set_result(result);
    sheet.write_blank(0, 0, &Format::new().set_bold()).unwrap();
    for (row, result) in [(0, "77777"), (1, "5"), (2, "nothing")] {
        sheet.write_formula(row, 1, formula(result)).unwrap();
    }
    let bytes = without_results(&writer.save_to_buffer().unwrap());
    let rows = Workbook::open(bytes.as_slice()).unwrap().rows("Sheet1");
    let cells: Vec<Vec<String>> = rows.unwrap().into_iter().map(|row| row.cells).collect();
    assert_eq!(cells, [vec!["", UNSAVED], vec!["", "5"], vec!["", ""]]);
}

#[test]
fn a_quotation_mark_that_stands_by_itself_is_found() {
    let torn = |text: &str| -> Vec<bool> {
        let mut reader = TextRows::new(text.as_bytes()).unwrap();
        let rows = std::iter::from_fn(|| reader.next_row().unwrap());
        rows.map(|row| row.is_torn(3, |row| row.cells[0] == "RDE"))
            .collect()
    };
    // For ditto, to the next one or to the end of the file; and before a word.
    assert_eq!(
        torn("a,n,note\nRAJ,4,\"\nRDE,5,x\nRAL,6,\"\n"),
        [false, true]
    );
    assert_eq!(torn("a,n,note\nRAJ,4,\"\nRDE,5,x\n"), [false, true]);
    assert_eq!(torn("a,n,note\nRAJ,4,\""), [false, true]);
    assert_eq!(
        torn("a,note,n\r\nRAJ,\"as above,4\r\nRDE,\"none,5\r\n"),
        [false, true]
    );
    // Text of several lines, with a mark written twice in it.
    assert_eq!(
        torn("a,n,note\nRAJ,4,\"one,\ntwo, \"\"three\"\"\n\"\nRDE,5,\n"),
        [false; 3]
    );
    assert_eq!(rows(b"a,b\n1,\"x\ny").last().unwrap().1, ["1", "x\ny"]);
}
