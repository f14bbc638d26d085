//! The built-in mappings of whole publications, on small files of the same shape with made-up numbers: titles, moved
//! headers, merged cells, totals beside parts and marks stand where the publishers put them.

use super::csv::{CsvFile, Import};
use super::mapping::Mapping;
use super::{Chunk, Item};
use joinedup_events::observation::{Mark, ObservationFact, Observed};
use joinedup_events::{Areas, Fact};
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use std::sync::Arc;

/// The mappings that are tried here.
pub(super) const SHAPES: [&str; 11] = [
    "nhs-ae",
    "nhs-drd-councils",
    "nhs-sitrep-long",
    "nhs-sitrep-table-2",
    "nhs-sitrep-table-2-split",
    "nhs-virtual-wards",
    "phs-delayed-discharges",
    "phs-delayed-discharges-council",
    "wales-delay-reasons",
    "ni-ae",
    "hse-delayed-transfers",
];

const OTHERS: &str = "
[[area]]
id = \"S08000015\"
title = \"NHS Ayrshire and Arran\"
kind = \"other\"
[[area]]
id = \"S12000028\"
title = \"South Ayrshire\"
kind = \"other\"
[[area]]
id = \"W11000023\"
title = \"Betsi Cadwaladr\"
kind = \"other\"
[[area]]
id = \"ni-belfast\"
title = \"Belfast\"
kind = \"other\"
[[area]]
id = \"ie-beaumont\"
title = \"Beaumont Hospital\"
kind = \"other\"
";

fn rules() -> Import {
    let now = "2026-10-01T09:00:00Z".parse().unwrap();
    Import {
        areas: Arc::new(Areas::built_in().unwrap().and_toml(OTHERS).unwrap()),
        now,
        recorded_at: now,
        edition: None,
    }
}

fn text(mapping: Option<&str>, file: &str, text: &str) -> Chunk {
    let mapping = mapping.map(|name| Mapping::named(name).unwrap());
    let mut table = CsvFile::open_text(text.as_bytes(), file, mapping, rules()).unwrap();
    table.chunk(usize::MAX).unwrap().unwrap_or_default()
}

fn workbook(mapping: Option<&str>, book: &mut Workbook) -> (String, Chunk) {
    let bytes = book.save_to_buffer().unwrap();
    let mapping = mapping.map(|name| Mapping::named(name).unwrap());
    let mut table = CsvFile::open_workbook(bytes.as_slice(), "a.xlsx", mapping, rules()).unwrap();
    let name = table.mapping().name.to_string();
    (name, table.chunk(usize::MAX).unwrap().unwrap_or_default())
}

fn observed(item: &Item) -> &Observed {
    match &item.event.fact {
        Fact::Observation(ObservationFact::Observed(observed)) => observed,
        other => panic!("not an observation: {}", other.name()),
    }
}

/// Value, denominator and mark of a series in an area and a period, the breakdown's values behind its name.
fn said(
    chunk: &Chunk,
    series: &str,
    area: &str,
    start: &str,
) -> Option<(Option<f64>, Option<f64>, Option<Mark>)> {
    let mut items = chunk.items.iter().filter(|item| {
        let o = observed(item);
        let values: String = o.breakdown.values().map(|v| format!("/{v}")).collect();
        format!("{}{values}", o.series) == series
            && item.event.area.as_str() == area
            && o.period_start.to_string() == start
    });
    let found = items.next().map(observed);
    assert!(
        items.next().is_none(),
        "{series} of {area} in {start} is reported twice"
    );
    let number = |a: joinedup_events::Amount| a.as_f64();
    found.map(|o| (o.value.map(number), o.denominator.map(number), o.mark))
}

fn plain(value: f64) -> Option<(Option<f64>, Option<f64>, Option<Mark>)> {
    Some((Some(value), None, None))
}

/// A sheet of rows; a cell that is a number is written as one, and `@` begins a serial date.
fn write(sheet: &mut Worksheet, first: u32, rows: &[&[&str]]) {
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (row, cells) in (first..).zip(rows) {
        for (column, cell) in (0..).zip(*cells) {
            let written = match (cell.strip_prefix('@'), cell.parse::<f64>()) {
                (Some(serial), _) => {
                    let serial: f64 = serial.parse().unwrap();
                    sheet.write_number_with_format(row, column, serial, &day)
                }
                (None, Ok(number)) => sheet.write_number(row, column, number),
                (None, Err(_)) if cell.is_empty() => continue,
                (None, Err(_)) => sheet.write_string(row, column, *cell),
            };
            written.unwrap();
        }
    }
}

#[test]
fn the_accident_and_emergency_file_counts_no_total_beside_its_parts() {
    let header = "Period,Org Code,Parent Org,Org name,A&E attendances Type 1,A&E attendances Type 2,A&E attendances Other A&E Department,A&E attendances Booked Appointments Type 1,Attendances over 4hrs Type 1,Attendances over 4hrs Type 2,Attendances over 4hrs Other Department,Emergency admissions via A&E - Type 1,Emergency admissions via A&E - Type 2,Emergency admissions via A&E - Other A&E department,Other emergency admissions";
    let rows = "MSitAE-JUNE-2026,RAJ,NHS ENGLAND EAST OF ENGLAND ,MID AND SOUTH ESSEX,\"20,000\",0,5000,7,8000,0,100,6000,0,10,900\nMSitAE-JUNE-2026,RDE,NHS ENGLAND EAST OF ENGLAND ,ESNEFT,10000,0,-,0,4000,0,0,3000,0,0,500\n";
    for total in ["TOTAL,TOTAL,TOTAL,TOTAL", "MSitAE-JUNE-2026,-,TOTAL ,TOTAL"] {
        let chunk = text(
            None,
            "June-2026-CSV.csv",
            &format!("{header}\n{rows}{total},30000,0,5000,7,12000,0,100,9000,0,10,1400\n"),
        );
        assert_eq!(chunk.bad, []);
        let of = |series: &str, area: &str| said(&chunk, series, area, "2026-06-01");
        assert_eq!(of("ae-attendances", "RAJ"), plain(25_000.0));
        assert_eq!(of("ae-over-4h", "RAJ"), plain(8100.0));
        assert_eq!(
            of("ae-within-4h", "RAJ"),
            Some((Some(16_900.0), Some(25_000.0), None))
        );
        assert_eq!(of("ae-emergency-admissions", "RAJ"), plain(6910.0));
        assert_eq!(
            of("ae-attendances", "RDE"),
            Some((None, None, Some(Mark::Missing)))
        );
        assert_eq!(chunk.items.len(), 8);
    }
}

#[test]
fn the_discharge_ready_date_workbook_is_read_wherever_its_header_stands() {
    for above in [12, 15] {
        let mut book = Workbook::new();
        let cover = book.add_worksheet().set_name("Cover").unwrap();
        write(
            cover,
            0,
            &[
                &["Discharge Ready Date"],
                &["Published:", "12 September 2026"],
            ],
        );
        let sheet = book
            .add_worksheet()
            .set_name("UTLA (Acceptable data)")
            .unwrap();
        sheet
            .merge_range(0, 0, 0, 8, "Discharges by council", &Format::new())
            .unwrap();
        write(
            sheet,
            2,
            &[&["", "Period:", "@45536"], &["", "Published:", "@45604"]],
        );
        let blank = ["-"; 5];
        let row = |kind: &'static str,
                   code: &'static str,
                   k: &'static str,
                   l: &'static str,
                   q: &'static str| {
            let mut cells = vec![kind, code, "a name"];
            cells.extend(blank);
            cells.extend(["0.9", "-", k, l, "", "0.8", "0.2", "", q, "5"]);
            cells
        };
        let header = [
            "Summary type",
            "Code",
            "Name",
            "",
            "",
            "",
            "",
            "",
            "Coverage",
        ];
        write(
            sheet,
            above,
            &[
                &header,
                &row("England", "E92000001", "9000", "9999", "8000"),
                &row("UTLA Aggregate", "E10000012", "1000", "450", "850"),
                &row("UTLA", "E10000012", "400", "200", "300"),
                &row("UTLA Aggregate", "E08000038", "100", "-", "90"),
                &row("UTLA Aggregate", "NULL", "7", "7", "7"),
            ],
        );
        let (_, chunk) = workbook(Some("nhs-drd-councils"), &mut book);
        assert_eq!(chunk.bad, []);
        let of = |series: &str, area: &str| said(&chunk, series, area, "2024-09-01");
        assert_eq!(of("drd-discharges", "E10000012"), plain(1000.0));
        assert_eq!(
            of("drd-delayed", "E10000012"),
            Some((Some(150.0), Some(1000.0), None))
        );
        assert_eq!(of("drd-bed-days", "E10000012"), plain(450.0));
        // Barnsley under the code that the register has; a dash is not zero.
        assert_eq!(
            of("drd-bed-days", "E08000016"),
            Some((None, None, Some(Mark::Missing)))
        );
        assert_eq!(chunk.items.len(), 6);
    }
}

const NCTR: &str = "Number of patients who no longer meet the criteria to reside";

#[test]
fn the_long_situation_report_is_read_by_its_providers_daily_rows() {
    let text_of = format!(
        "Period,Level,Region,ICB,Org Code,Org Name,Metric,Metric Type,Metric Group,Value\n\
         01/04/2026,Provider,EAST,QH8,RAJ,MSE,{NCTR},Daily metric,NCTR,420\n\
         01/04/2026,Provider,EAST,QH8,RAJ,MSE,Number of patients discharged,Daily metric,Discharges,[x]\n\
         01/04/2026,Provider,EAST,QH8,RDE,ESNEFT,{NCTR},Daily metric,NCTR,*\n\
         01/04/2026,Provider,EAST,QH8,RAJ,MSE,{NCTR},Monthly average,NCTR,400\n\
         01/04/2026,Region,EAST,-,Y61,EAST,{NCTR},Daily metric,NCTR,9000\n\
         01/04/2026,Provider,EAST,QH8,RAJ,MSE,Something else,Daily metric,Other,5\n"
    );
    let chunk = text(None, "sitrep.csv", &text_of);
    assert_eq!(chunk.bad, []);
    let of = |series: &str, area: &str| said(&chunk, series, area, "2026-04-01");
    assert_eq!(of("sitrep-nctr", "RAJ"), plain(420.0));
    assert_eq!(
        of("sitrep-discharged", "RAJ"),
        Some((None, None, Some(Mark::Missing)))
    );
    assert_eq!(
        of("sitrep-nctr", "RDE"),
        Some((None, None, Some(Mark::Suppressed)))
    );
    assert_eq!(chunk.items.len(), 3);
}

/// Two days; the dates stand once above their columns, the trusts' header below the rows of England and the boards.
fn table_2(split: bool) -> Workbook {
    let mut book = Workbook::new();
    let cover = book.add_worksheet().set_name("Cover Sheet").unwrap();
    write(
        cover,
        0,
        &[
            &[],
            &["", "Period:", "@45505", "-", "@45535"],
            &["", "Published:", "@45547"],
        ],
    );
    let sheet = book.add_worksheet().set_name("Table 2").unwrap();
    let remaining =
        "Number of patients remaining in hospital who no longer meet the criteria to reside";
    let (columns, gap): (Vec<&str>, Vec<&str>) = if split {
        (
            vec![
                NCTR,
                "Number of patients discharged by 17:00",
                "Number of patients discharged between 17:01 and 23:59",
                remaining,
            ],
            vec![""; 3],
        )
    } else {
        (
            vec![NCTR, "Number of patients discharged", remaining],
            vec![""; 2],
        )
    };
    let cells = |names: [&'static str; 4], days: [[&'static str; 4]; 2]| {
        let mut cells = names.to_vec();
        for day in days {
            cells.extend(if split {
                day.to_vec()
            } else {
                vec![day[0], day[1], day[3]]
            });
        }
        cells
    };
    let id = ["", "", "", ""];
    let mut dates = id.to_vec();
    let mut titles = id.to_vec();
    for day in ["@45505", "@45506"] {
        dates.push(day);
        dates.extend(&gap);
        titles.extend(&columns);
    }
    let board = cells(
        ["", "EAST OF ENGLAND", "QH8", "A board"],
        [["500", "60", "2", "438"], ["510", "61", "2", "447"]],
    );
    let blank: Vec<&str> = Vec::new();
    write(
        sheet,
        0,
        &[
            &["", "Table 2: Number of patients"],
            &["", "Contents"],
            &dates,
            &titles,
            &cells(
                ["", "", "", "ENGLAND (Type 1 Trusts)"],
                [["155", "45", "5", "105"], ["115", "35", "5", "75"]],
            ),
            &blank,
            &["", "Region", "ICB Code", "ICB Name"],
            &board,
            &blank,
            &["", "Region", "Org Code", "Org Name"],
            &cells(
                ["", "EAST OF ENGLAND", "RAJ", "A trust"],
                [["100", "30", "10", "60"], ["110", "30", "0", "80"]],
            ),
            &cells(
                ["", "EAST OF ENGLAND", "RDE", "Another"],
                [["50", "10", "0", "40"], ["-", "-", "-", "-"]],
            ),
            &blank,
            &["", "Note: No data for one day.", "", "", "1"],
        ],
    );
    book
}

#[test]
fn the_situation_reports_table_has_several_columns_a_day() {
    let (name, chunk) = workbook(None, &mut table_2(false));
    assert_eq!(name, "nhs-sitrep-table-2");
    assert_eq!(chunk.bad, []);
    let of = |chunk: &Chunk, series: &str, area: &str, day: &str| said(chunk, series, area, day);
    assert_eq!(of(&chunk, "sitrep-nctr", "RAJ", "2024-08-01"), plain(100.0));
    assert_eq!(of(&chunk, "sitrep-nctr", "RAJ", "2024-08-02"), plain(110.0));
    assert_eq!(
        of(&chunk, "sitrep-discharged", "RAJ", "2024-08-01"),
        plain(30.0)
    );
    assert_eq!(
        of(&chunk, "sitrep-nctr", "RDE", "2024-08-02"),
        Some((None, None, Some(Mark::Missing)))
    );
    assert_eq!(chunk.items.len(), 8, "no rows of England or the boards");
    let (name, chunk) = workbook(None, &mut table_2(true));
    assert_eq!(name, "nhs-sitrep-table-2-split");
    assert_eq!(
        of(&chunk, "sitrep-discharged", "RAJ", "2024-08-01"),
        plain(40.0)
    );
    assert_eq!(chunk.items.len(), 8);
}

#[test]
fn the_virtual_wards_month_stands_in_a_title() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Notes").unwrap();
    let sheet = book.add_worksheet().set_name("ICB level data").unwrap();
    write(
        sheet,
        1,
        &[
            &["", "Title:", "Virtual ward capacity and occupancy"],
            &["", "Period:", "February 2024"],
            &["", "Published:", "14 March 2024"],
        ],
    );
    write(
        sheet,
        15,
        &[
            &[
                "",
                "Region",
                "Region Code",
                "ICB code",
                "Name",
                "Virtual Ward Capacity",
                "Patients in a Virtual Ward\n1",
                "Occupancy %\n2",
            ],
            &["", "ENGLAND*", "-", "-", "ENGLAND*", "11000", "8000", "73%"],
            &[
                "",
                "EAST OF ENGLAND",
                "Y61",
                "QH8",
                "A board",
                "180",
                "187",
                "100%*",
            ],
            &[
                "",
                "EAST OF ENGLAND",
                "Y61",
                "QJG",
                "Another",
                "161",
                "-",
                "-",
            ],
        ],
    );
    let (name, chunk) = workbook(None, &mut book);
    assert_eq!(name, "nhs-virtual-wards");
    assert_eq!(chunk.bad, []);
    let of = |area: &str| said(&chunk, "virtual-ward-patients", area, "2024-02-01");
    assert_eq!(of("E54000026"), Some((Some(187.0), Some(180.0), None)));
    assert_eq!(of("E54000023"), Some((None, None, Some(Mark::Missing))));
    assert_eq!(chunk.items.len(), 2);
}

mod nations;
