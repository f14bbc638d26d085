//! Cells with amounts: numbers as publications write them, and the marks that stand where there is none.

use crate::mapping::{CellMark, Commas, Mapping};
use crate::number::number;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// A number, and whether the publisher calls it provisional.
    Number { value: f64, provisional: bool },
    /// It is known, and not published.
    Suppressed,
    /// It is not available.
    Missing,
}

/// What a percent sign behind a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Percent {
    /// Nobody said.
    Unknown,
    /// 45.2% is the share 0.452.
    Share,
    /// 45.2% is 45.2, which is made a share of elsewhere.
    AsShown,
}

/// Marks for suppressed, as statistics in the United Kingdom write them; `<5` and its like beside them.
const SUPPRESSED: [&str; 5] = ["*", "**", "c", "[c]", "suppressed"];

/// Marks for not available; `[low]` is a number that rounds to zero, and counts as not available.
const MISSING: [&str; 20] = [
    "-", "\u{2013}", "\u{2014}", "..", "...", "\u{2026}", ":", "[x]", "[z]", "[low]", "low", "n/a",
    "na", "null", "#n/a", "#value!", "#div/0!", "#ref!", "#name?", "#num!",
];

/// Marks behind a number that may change.
const PROVISIONAL: [&str; 4] = ["[p]", "(p)", "p", "*"];

/// Marks behind a number that was changed and is as good as any other, or that only differs in how it was made.
const REVISED: [&str; 4] = ["[r]", "(r)", "r", "[e]"];

/// Reads a cell that is not empty.
///
/// # Errors
/// A sentence that does not repeat the cell.
pub(crate) fn read(
    mapping: &Mapping,
    cell: &str,
    percent: Percent,
) -> Result<Reading, &'static str> {
    if let Some(mark) = mapping.marks.get(cell) {
        return Ok(match mark {
            CellMark::Suppressed => Reading::Suppressed,
            CellMark::Missing => Reading::Missing,
            CellMark::Zero => Reading::Number {
                value: 0.0,
                provisional: false,
            },
        });
    }
    let small = cell.to_lowercase();
    if SUPPRESSED.contains(&small.as_str()) || is_below(&small) {
        return Ok(Reading::Suppressed);
    }
    if MISSING.contains(&small.as_str()) {
        return Ok(Reading::Missing);
    }
    let (text, provisional) = without_mark(&small);
    if mapping.file.commas == Some(Commas::Decimals) {
        let value = amount(&with_points(text), percent);
        let value = value.map_err(|_| "is not a number with a comma before its decimals")?;
        return Ok(Reading::Number { value, provisional });
    }
    if mapping.file.commas == Some(Commas::Unclear) && may_be_decimals(text) {
        return Err(
            "has a comma that may stand between thousands or before decimals, as others of this file do: write a point, or put `file.commas = \"thousands\"` or `\"decimals\"` into the mapping",
        );
    }
    if mapping.file.commas == Some(Commas::Unclear) && may_be_thousands(text) {
        return Err(
            "has a point that may stand before decimals or, as commas of this file stand there, between thousands, so write it without points between thousands",
        );
    }
    amount(text, percent).map(|value| Reading::Number { value, provisional })
}

/// `<5`, `< 8`, `<=7`.
fn is_below(cell: &str) -> bool {
    let rest = cell.strip_prefix('<').or(cell.strip_prefix('\u{2264}'));
    rest.map(|r| r.strip_prefix('=').unwrap_or(r).trim())
        .is_some_and(|r| !r.is_empty() && r.bytes().all(|b| b.is_ascii_digit()))
}

/// `12,5`: nothing between thousands looks so.
pub(super) fn has_decimal_comma(cell: &str) -> bool {
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts = cell.trim().trim_start_matches(['-', '+']).split_once(',');
    parts.is_some_and(|(whole, rest)| {
        let is_decimal = rest.len() != 3 || whole == "0";
        all_digits(whole) && all_digits(rest) && is_decimal
    })
}

/// `1.234,5` as `1,234.5`.
fn with_points(cell: &str) -> String {
    let other = |c: char| match c {
        ',' => '.',
        '.' => ',',
        c => c,
    };
    cell.chars().map(other).collect()
}

/// Whether commas stand before the decimals of these cells: one of them can be read in no other way, and none can only be read
/// with a point there.
pub(crate) fn have_decimal_commas<'a>(cells: impl Iterator<Item = &'a str>) -> bool {
    let is_point = |cell: &str| number(cell).is_ok() && number(&with_points(cell)).is_err();
    let mut has_comma = false;
    for cell in cells {
        let cell = cell.trim_end_matches(['%', ' ']);
        if is_point(cell) {
            return false;
        }
        has_comma |= has_decimal_comma(cell);
    }
    has_comma
}

/// `12,345`: twelve thousand, or twelve and a bit. Two commas stand between thousands, and so does one with a point after it.
fn may_be_decimals(cell: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let mut parts = cell.split(',');
    let (whole, rest) = (parts.next(), parts.next());
    let is_last = parts.next().is_none() && !cell.contains('.');
    is_last && whole.is_some() && rest.is_some_and(|rest| digits(rest) == 3)
}

/// `1.204`: one and a bit or, where commas stand before decimals, one thousand and more.
fn may_be_thousands(cell: &str) -> bool {
    let cell = cell.trim_start_matches(['-', '+', '(', '\u{2212}', '\u{a3}', '\u{20ac}']);
    let cell = cell.trim_end_matches(['%', ')', ' ']);
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    cell.split_once('.').is_some_and(|(whole, rest)| {
        rest.len() == 3
            && (1..=3).contains(&whole.len())
            && whole != "0"
            && all_digits(whole)
            && all_digits(rest)
    })
}

/// A number without the mark behind it, and whether that says that it may change.
fn without_mark(cell: &str) -> (&str, bool) {
    let strip = |marks: &[&str]| {
        let rest = marks.iter().find_map(|mark| cell.strip_suffix(mark))?;
        let rest = rest.trim_end();
        rest.ends_with(|c: char| c.is_ascii_digit() || c == '%' || c == ')')
            .then_some(rest)
    };
    match (strip(&PROVISIONAL), strip(&REVISED)) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => (cell, false),
    }
}

fn amount(cell: &str, percent: Percent) -> Result<f64, &'static str> {
    if let Some(inner) = cell.strip_prefix('(').and_then(|c| c.strip_suffix(')')) {
        return positive(inner.trim(), percent).map(|n| -n);
    }
    positive(cell, percent)
}

fn positive(cell: &str, percent: Percent) -> Result<f64, &'static str> {
    let (cell, is_percentage) = match cell.strip_suffix('%') {
        Some(rest) => (rest.trim_end(), true),
        None => (cell, false),
    };
    if is_percentage && percent == Percent::Unknown {
        return Err(
            "is a percentage: put `percent = true` into the mapping's series, and 45.2% is read as the share 0.452",
        );
    }
    let cell = cell.strip_prefix(['\u{a3}', '\u{20ac}']).unwrap_or(cell);
    let text = grouped_by_spaces(cell);
    let value = match text.split_once('e') {
        Some((digits, power)) => exponent(digits, power)?,
        None if text.starts_with('.') => number(&format!("0{text}"))?,
        None => number(&text)?,
    };
    let is_share = is_percentage && percent == Percent::Share;
    Ok(if is_share { value / 100.0 } else { value })
}

/// `1 234 567`, with spaces of any kind between thousands, as one run of digits.
fn grouped_by_spaces(cell: &str) -> String {
    let groups: Vec<&str> = cell.split(char::is_whitespace).collect();
    let digits = |g: &str| !g.is_empty() && g.bytes().all(|b| b.is_ascii_digit());
    let grouped = groups.split_first().is_some_and(|(first, rest)| {
        let first = first.strip_prefix(['-', '+', '\u{2212}']).unwrap_or(first);
        let last = rest
            .last()
            .map(|l| l.split_once('.').map_or(*l, |(whole, _)| whole));
        let between = rest.iter().rev().skip(1);
        digits(first)
            && first.len() <= 3
            && last.is_some_and(|l| l.len() == 3 && digits(l))
            && between.into_iter().all(|g| g.len() == 3 && digits(g))
    });
    if grouped {
        groups.concat()
    } else {
        cell.to_owned()
    }
}

/// `1e3`, as spreadsheets write large and small numbers into CSV: `4.62E+04`.
fn exponent(digits: &str, power: &str) -> Result<f64, &'static str> {
    let value = number(digits)?;
    let power = number(power)?;
    if power.fract() != 0.0 || power.abs() > 12.0 {
        return Err("is not a plain number (its exponent is not one of -12 to 12)");
    }
    Ok(value * 10_f64.powf(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(cell: &str) -> Result<Reading, &'static str> {
        let mapping = Mapping::parse(
            "t",
            "name = \"t\"\nmarks = { nil = \"zero\", x = \"suppressed\" }\n[period]\ncolumn = \"a\"\ngrain = \"day\"\n[area]\ncolumn = \"b\"\n[[series]]\nid = \"n\"\nvalue = \"n\"\n",
        )
        .unwrap();
        read(&mapping, cell, Percent::Share)
    }

    #[test]
    fn numbers_are_read_as_publications_write_them() {
        for (cell, wanted) in [
            ("1,204", 1204.0),
            ("\u{a3}1,234", 1234.0),
            ("(5)", -5.0),
            (".5", 0.5),
            ("1e3", 1000.0),
            ("4.62E+04", 46_200.0),
            ("1 234", 1234.0),
            ("1\u{a0}234", 1234.0),
            ("\u{2212}5", -5.0),
            ("45.2%", 0.452),
            ("45.2 %", 0.452),
            ("7r", 7.0),
            ("nil", 0.0),
        ] {
            let Ok(Reading::Number { value, provisional }) = reading(cell) else {
                panic!("{cell}: {:?}", reading(cell));
            };
            assert!((value - wanted).abs() < 1e-9, "{cell}: {value}");
            assert!(!provisional, "{cell}");
        }
        for cell in ["7*", "7 [p]", "7p", "100%*"] {
            assert!(
                matches!(
                    reading(cell),
                    Ok(Reading::Number {
                        provisional: true,
                        ..
                    })
                ),
                "{cell}"
            );
        }
    }

    #[test]
    fn suppressed_missing_and_zero_are_three_things() {
        for cell in ["*", "c", "C", "[c]", "<5", "<=5", "< 8", "x"] {
            assert_eq!(reading(cell), Ok(Reading::Suppressed), "{cell}");
        }
        for cell in [
            "-", "\u{2013}", "..", ":", "[x]", "[z]", "n/a", "NULL", "#N/A", "low",
        ] {
            assert_eq!(reading(cell), Ok(Reading::Missing), "{cell}");
        }
        let zero = Reading::Number {
            value: 0.0,
            provisional: false,
        };
        assert_eq!(reading("0"), Ok(zero));
    }

    #[test]
    fn what_is_not_plainly_a_number_is_refused() {
        for cell in [
            "many",
            "0x10",
            "inf",
            "nan",
            "TRUE",
            "4,5",
            "12,34",
            "1 23",
            "12 34 567",
            "1e99",
            "1e",
            "p",
            "r",
            "%",
            "()",
            "<",
            "<x",
            "1.2.3",
            "5-9",
        ] {
            assert!(reading(cell).is_err(), "{cell}: {:?}", reading(cell));
        }
    }
}
