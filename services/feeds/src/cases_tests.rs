//! The small files of `shared/cases/files`, each with its right answer: spellings of periods and amounts, encodings,
//! separators, titles, footnotes, repeated rows.

use super::Chunk;
use super::csv::{CsvFile, Import};
use super::mapping::Mapping;
use joinedup_events::observation::{Grain, Mark, ObservationFact, Observed};
use joinedup_events::{Areas, Fact};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of cases; `None`, with a line that says so, where it is not there and need not be.
fn folder() -> Option<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut folders = here.ancestors().map(|a| a.join("shared/cases/files"));
    let found = folders.find(|folder| folder.is_dir());
    if found.is_none() {
        let ci = std::env::var("CI");
        assert_ne!(ci.as_deref(), Ok("true"), "shared/cases/files is missing");
        println!("passed over: there is no shared/cases/files above this folder");
    }
    found
}

const TOTALS: &str =
    "[[area]]\nid = \"S08000015\"\ntitle = \"NHS Ayrshire and Arran\"\nkind = \"other\"\n";

fn read_as(folder: &Path, mapping: &str, file: &str) -> Result<Chunk, String> {
    let mapping = Mapping::parse("case.toml", mapping).unwrap();
    let now = "2027-04-10T09:00:00Z".parse().unwrap();
    let import = Import {
        areas: Arc::new(Areas::built_in().unwrap().and_toml(TOTALS).unwrap()),
        now,
        recorded_at: now,
        edition: None,
    };
    let bytes = std::fs::read(folder.join(file)).unwrap();
    let table = CsvFile::open(bytes.as_slice(), Some(mapping), import);
    let mut table = table.map_err(|e| e.to_string())?;
    Ok(table.chunk(usize::MAX).unwrap().unwrap_or_default())
}

fn read(folder: &Path, mapping: &str, file: &str) -> Result<Chunk, String> {
    let text = std::fs::read_to_string(folder.join(mapping)).unwrap();
    read_as(folder, &text, file)
}

fn observed(chunk: &Chunk) -> Vec<&Observed> {
    let facts = chunk.items.iter().map(|i| &i.event.fact);
    let observed = |fact| match fact {
        &Fact::Observation(ObservationFact::Observed(ref o)) => o,
        _ => panic!("not an observation"),
    };
    facts.map(observed).collect()
}

fn values(chunk: &Chunk) -> Vec<f64> {
    let values = observed(chunk).into_iter().filter_map(|o| o.value);
    values.map(|v| v.as_f64()).collect()
}

#[test]
fn every_spelling_of_a_period_is_read_as_the_period_that_it_is() {
    let Some(folder) = folder() else { return };
    let mut tried = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(case) = name
            .strip_prefix("period-")
            .and_then(|n| n.strip_suffix(".csv"))
        else {
            continue;
        };
        let chunk = read(&folder, &format!("period-{case}.toml"), &name).unwrap();
        assert_eq!(
            (chunk.bad.as_slice(), values(&chunk)),
            (&[][..], vec![7.0]),
            "{case}"
        );
        let observed = observed(&chunk)[0];
        let start = match (observed.grain, case) {
            (Grain::Year, "fy-text") => "2025-04-01",
            (Grain::Year | Grain::Quarter, _) => "2026-04-01",
            _ => "2026-06-01",
        };
        assert_eq!(observed.period_start.to_string(), start, "{case}");
        tried += 1;
    }
    assert!(tried >= 25, "{tried} cases");
}

#[test]
fn amounts_and_marks_are_what_their_publishers_mean() {
    let Some(folder) = folder() else { return };
    let number = |case: &str| read(&folder, "num.toml", &format!("num-{case}.csv")).unwrap();
    for (case, value) in [
        ("comma-dec", 1234.5),
        ("lead-dot", 0.5),
        ("minus", -5.0),
        ("minus-unicode", -5.0),
        ("nbsp", 1234.0),
        ("paren-neg", -5.0),
        ("plus", 5.0),
        ("pound-q", 1234.0),
        ("sci", 1000.0),
        ("thousands-space", 1234.0),
        ("trailing-r", 7.0),
        ("17digits", 0.123_457),
    ] {
        let chunk = number(case);
        assert_eq!(
            (chunk.bad.as_slice(), values(&chunk)),
            (&[][..], vec![value]),
            "{case}"
        );
        assert_eq!(observed(&chunk)[0].mark, None, "{case}");
    }
    for (mark, cases) in [
        (Mark::Suppressed, &["c", "cbr", "lt-eq", "star"][..]),
        (Mark::Missing, &["dash", "dots", "excelNA", "low", "x"]),
    ] {
        for case in cases {
            let chunk = number(case);
            assert_eq!(
                (chunk.bad.as_slice(), values(&chunk)),
                (&[][..], vec![]),
                "{case}"
            );
            assert_eq!(observed(&chunk)[0].mark, Some(mark), "{case}");
        }
    }
    let provisional = number("provisional");
    assert_eq!(values(&provisional), [7.0]);
    assert_eq!(observed(&provisional)[0].mark, Some(Mark::Provisional));
    assert_eq!(
        (number("empty").items.len(), number("empty").bad.len()),
        (0, 0)
    );
    for case in [
        "comma-bad",
        "dec-comma",
        "hex",
        "inf",
        "nan",
        "tiny",
        "true",
        "percent-space",
        "100star",
    ] {
        let chunk = number(case);
        assert_eq!((chunk.items.len(), chunk.bad.len()), (0, 1), "{case}");
    }
    let percent = std::fs::read_to_string(folder.join("num.toml")).unwrap() + "percent = true\n";
    let share = |case: &str| read_as(&folder, &percent, &format!("num-{case}.csv")).unwrap();
    assert_eq!(values(&share("percent-space")), [0.452]);
    assert_eq!(observed(&share("100star"))[0].mark, Some(Mark::Provisional));
}

#[test]
fn files_are_read_whatever_wrote_them() {
    let Some(folder) = folder() else { return };
    for (case, wanted, refused) in [
        ("blank-lines", &[7.0, 8.0][..], 0),
        ("cp1252-cell", &[7.0, 8.0], 0),
        ("cp1252-header", &[7.0], 0),
        ("cr", &[7.0, 8.0], 0),
        ("crlf", &[7.0, 8.0], 0),
        ("footnote", &[7.0, 8.0], 0),
        ("header-case", &[7.0], 0),
        ("header-newline", &[7.0], 0),
        ("header-space", &[7.0], 0),
        ("semicolon", &[7.0, 8.0], 0),
        ("sep-line", &[7.0, 8.0], 0),
        ("tab", &[7.0, 8.0], 0),
        ("title-lines", &[7.0, 8.0], 0),
        ("trailing-commas", &[7.0], 0),
        ("two-headers", &[7.0, 8.0], 0),
        ("utf16", &[7.0, 8.0], 0),
        ("utf8-bom", &[7.0, 8.0], 0),
        // The mapping may say that this row does not count; nothing can know it.
        ("total-row", &[7.0, 8.0], 1),
    ] {
        let chunk = read(&folder, "num.toml", &format!("file-{case}.csv")).unwrap();
        let lines: std::collections::BTreeSet<u64> = chunk.bad.iter().map(|b| b.line).collect();
        assert_eq!(
            (values(&chunk).as_slice(), lines.len()),
            (wanted, refused),
            "{case}: {:?}",
            chunk.bad
        );
    }
    let twice = read(&folder, "num.toml", "file-dup-header.csv").unwrap_err();
    assert!(twice.contains("`n` twice"), "{twice}");
    let text = std::fs::read_to_string(folder.join("num.toml")).unwrap();
    let without = format!("except = {{ area = \"TOTAL\" }}\n{text}");
    let chunk = read_as(&folder, &without, "file-total-row.csv").unwrap();
    assert_eq!((values(&chunk), chunk.bad.len()), (vec![7.0, 8.0], 0));
}

#[test]
fn nothing_is_counted_twice_and_no_first_row_stands_for_the_others() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("num.toml")).unwrap();
    for case in [
        "dup-same-value.csv",
        "dup-other-value.csv",
        "ni-departments.csv",
    ] {
        let chunk = read_as(&folder, &text, case).unwrap();
        assert_eq!(chunk.items.len(), 0, "{case}");
        assert_eq!(chunk.bad.len() as u64, chunk.rows, "{case}");
    }
    let sum = format!("sum = true\n{text}");
    for (case, total) in [("dup-same-value.csv", 10.0), ("ni-departments.csv", 2807.0)] {
        assert_eq!(
            values(&read_as(&folder, &sum, case).unwrap()),
            [total],
            "{case}"
        );
    }
    let rows = read(&folder, "num.toml", "refused-count.csv").unwrap();
    assert_eq!(
        (rows.rows, rows.items.len(), rows.bad.len()),
        (1, 1, 0),
        "blank rows do not count"
    );
    let midnight = read(&folder, "num-day.toml", "utc-midnight.csv").unwrap();
    assert_eq!(
        observed(&midnight)[0].period_start.to_string(),
        "2026-06-01"
    );
    let tiny = read_as(&folder, &text, "tiny.csv").unwrap();
    assert_eq!((values(&tiny), tiny.bad.len()), (vec![0.5], 1));
    let wales = read(&folder, "wales-long-reason.toml", "wales-long-reason.csv").unwrap();
    let total: f64 = values(&wales).iter().sum();
    let rows = std::fs::read_to_string(folder.join("wales-long-reason.csv")).unwrap();
    let published: f64 = rows
        .lines()
        .skip(1)
        .filter_map(|l| l.rsplit(',').next()?.parse::<f64>().ok())
        .sum();
    assert_eq!((total, wales.bad.len()), (published, 0));
    let of_scotland = std::fs::read_to_string(folder.join("totals-rows.toml")).unwrap();
    let of_scotland = format!(
        "where = {{ age = \"18plus\", reason = \"All Delay Reasons\" }}\n{}",
        of_scotland.replace("breakdown", "# breakdown")
    );
    assert_eq!(
        values(&read_as(&folder, &of_scotland, "totals-rows.csv").unwrap()),
        [2574.0]
    );
}
