//! Pasted tables without a row of titles: people copy the numbers alone, and the first row of them is not to be lost.

use axum::body::Bytes;
use chrono::NaiveDate;

/// What the titles are called that nobody gave, each with its number.
pub const TITLE: &str = "Column";

/// How people write a day, a month with a day before it included.
const DAYS: [&str; 8] = [
    "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y", "%d %B-%y", "%d %m/%Y", "%d %Y-%m",
];

/// The table, with titles above it where its first row is one of data: where it has a day or a month, and a number.
#[must_use]
pub fn with_titles(pasted: Bytes) -> Bytes {
    let text = String::from_utf8_lossy(&pasted);
    let first = text.lines().find(|line| !line.trim().is_empty());
    let first = first.unwrap_or_default();
    let most = |c: &char| first.matches(*c).count();
    let between = ['\t', ';', ','].into_iter().max_by_key(most);
    let cells: Vec<&str> = first.split(between.unwrap_or(',')).collect();
    if !cells.iter().any(|cell| is_day(cell)) || !cells.iter().any(|cell| is_number(cell)) {
        return pasted;
    }
    let titles = (1..=cells.len()).map(|at| format!("{TITLE} {at}"));
    let titles: Vec<String> = titles.collect();
    let titles = titles.join(&between.unwrap_or(',').to_string());
    format!("{titles}\n{text}").into()
}

fn plain(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

fn is_day(cell: &str) -> bool {
    let cell = plain(cell);
    let in_month = format!("1 {cell}");
    let is = |text: &str| {
        DAYS.iter()
            .any(|form| NaiveDate::parse_from_str(text, form).is_ok())
    };
    is(cell) || is(&in_month)
}

fn is_number(cell: &str) -> bool {
    let cell = plain(cell).trim_end_matches('%').replace(',', "");
    cell.starts_with(|c: char| c.is_ascii_digit() || c == '-') && cell.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_row_of_data_is_kept_below_titles_that_we_make() {
        let read = |text: &'static str| {
            let made = with_titles(Bytes::from_static(text.as_bytes()));
            String::from_utf8(made.to_vec()).unwrap()
        };
        for row in [
            "2026-05\tNorth\t12",
            "May 2026\tNorth\t12",
            "31/05/2026\tNorth\t1,012",
            "May-26\tNorth\t12.5%",
        ] {
            let made = with_titles(Bytes::from_static(row.as_bytes()));
            let made = String::from_utf8(made.to_vec()).unwrap();
            assert_eq!(made, format!("Column 1\tColumn 2\tColumn 3\n{row}"));
        }
        for titled in [
            "Month,Place,Falls\n2026-05,North,12",
            "Place,May-26,Jun-26\nNorth,4,5",
            "Place,2025,2026\nNorth,4,5",
        ] {
            assert_eq!(read(titled), titled);
        }
    }
}
