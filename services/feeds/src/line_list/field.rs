//! Cells as the values of a fact's fields. No cell is let through as it stands: it is a date, a code of two digits, a
//! word that the mapping knows, or an area of the register.

use super::fault::{UNKNOWN_AREA, UNKNOWN_CODE, UNREADABLE_TIME};
use super::mapping::{ColumnRule, Columns, FieldRule, ListMapping, Read};
use super::moment::Moment;
use super::table::Row;
use crate::delay_reason;
use crate::plain::plain;
use crate::sheet::{HAS_UNSAVED, UNSAVED};
use joinedup_events::Areas;
use joinedup_events::reason::Reason;
use serde_json::Value;

/// Why a cell has no value: kind, column, sentence.
pub(super) type Misread = (&'static str, String, &'static str);

/// The first cell that is not empty, and its column.
pub(super) fn cell<'r>(
    mapping: &ListMapping,
    row: &'r Row,
    columns: &'r Columns,
) -> Option<(&'r str, &'r str)> {
    columns.iter().find_map(|column| {
        let cell = row.cells.get(column)?.as_str();
        (!mapping.missing.iter().any(|m| m.eq_ignore_ascii_case(cell))).then_some((column, cell))
    })
}

/// What is said of a number that was rounded.
pub(super) const ROUNDED: &str = "is a number that a spreadsheet has rounded, as 1.23E+11, so nobody is known by it: write the column as text";

/// Whether a cell is a number with an exponent: others are rounded to the same.
pub(super) fn is_rounded(cell: Option<impl AsRef<str>>) -> bool {
    cell.is_some_and(|cell| {
        let (digits, power) = cell.as_ref().split_once(['E', 'e']).unwrap_or_default();
        let digits = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let power = power.strip_prefix('+').unwrap_or_default();
        let is_power = !power.is_empty() && all_digits(power);
        is_power && digits.0.len() == 1 && all_digits(digits.0) && all_digits(digits.1)
    })
}

/// A moment from the first cell that is not empty.
pub(super) fn moment(
    mapping: &ListMapping,
    row: &Row,
    columns: &Columns,
) -> Result<Option<Moment>, Misread> {
    let Some((column, text)) = cell(mapping, row, columns) else {
        return Ok(None);
    };
    let read = Moment::of_cell(text, row.from_1904).map(Some);
    read.ok_or_else(|| {
        let sentence = match text {
            UNSAVED => HAS_UNSAVED,
            _ => "is not a date or time as 31/05/2026 14:30, 2026-05-31T14:30 or a date of Excel",
        };
        (UNREADABLE_TIME, column.to_owned(), sentence)
    })
}

/// The value of a field; none where the list has nothing to say.
pub(super) fn value(
    mapping: &ListMapping,
    areas: &Areas,
    row: &Row,
    rule: &FieldRule,
) -> Result<Option<Value>, Misread> {
    let rule = match rule {
        FieldRule::Fixed(value) => return Ok(Some(value.json())),
        FieldRule::Column(rule) => rule,
    };
    if matches!(rule.read, Read::Date | Read::DateTime) {
        let read = moment(mapping, row, &rule.column)?;
        return Ok(read.map(|moment| match rule.read {
            Read::Date => moment.date().to_string().into(),
            _ => moment
                .at
                .to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
                .into(),
        }));
    }
    let Some((column, text)) = cell(mapping, row, &rule.column) else {
        return Ok(rule.empty.as_ref().map(super::mapping::Scalar::json));
    };
    if text == UNSAVED {
        return Err((UNKNOWN_CODE, column.to_owned(), HAS_UNSAVED));
    }
    match of_text(areas, rule, text) {
        Ok(value) => Ok(Some(value)),
        Err(_) if rule.otherwise.is_some() => {
            Ok(rule.otherwise.as_ref().map(super::mapping::Scalar::json))
        }
        Err((kind, sentence)) => Err((kind, column.to_owned(), sentence)),
    }
}

fn of_text(
    areas: &Areas,
    rule: &ColumnRule,
    text: &str,
) -> Result<Value, (&'static str, &'static str)> {
    let known = |text: &str| {
        let value = rule.values.get(&plain(text));
        let value = value.or_else(|| rule.values.get(code(text)?));
        value.map(super::mapping::Scalar::json)
    };
    if let Some(value) = known(text) {
        return Ok(value);
    }
    let unknown = "holds what the mapping does not know: add it to the field's `values`";
    match rule.read {
        Read::Values | Read::Date | Read::DateTime => Err((UNKNOWN_CODE, unknown)),
        Read::Code => code(text)
            .map(|code| format!("{code:0>2}").into())
            .ok_or((UNKNOWN_CODE, "is not a national code of one or two digits")),
        Read::DelayReason => reason(text)
            .map(|reason| reason.code().into())
            .ok_or((UNKNOWN_CODE, "is not one of the 37 reasons of the discharge return, nor among the field's `values`: add it there")),
        Read::Area => areas.get(text).map(|area| area.id.as_str().into()).ok_or((
            UNKNOWN_AREA,
            "is not an area of the register: add it to a file of areas, or to the field's `values`",
        )),
        Read::YesNo => match plain(text).as_str() {
            "y" | "yes" | "true" | "1" => Ok(true.into()),
            "n" | "no" | "false" | "0" => Ok(false.into()),
            _ => Err((UNKNOWN_CODE, "is neither yes nor no")),
        },
        Read::List => {
            let mut list: Vec<Value> = Vec::new();
            for part in text.split([',', ';', '/', '+', '|', '\n']).filter(|part| !plain(part).is_empty()) {
                let value = known(part).ok_or((UNKNOWN_CODE, unknown))?;
                if !list.contains(&value) {
                    list.push(value);
                }
            }
            Ok(list.into())
        }
    }
}

/// A code of one or two digits, also as programs write it once a cell of the column is empty (`19.0`), and in front of its words
/// (`19 - Usual place of residence`); a `2-week wait` is none.
fn code(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (code, rest) = text.split_at_checked(digits)?;
    let words = rest.trim_start();
    let are_apart = code.len() == 2 || words.len() < rest.len() || words.starts_with(':');
    let words = words
        .strip_prefix(['-', '\u{2013}', ':'])
        .map(str::trim_start);
    let has_words = are_apart && words.is_some_and(|words| words.starts_with(char::is_alphabetic));
    let is_alone = rest.is_empty() || rest == ".0";
    (matches!(digits, 1..=2) && (is_alone || has_words)).then_some(code)
}

/// A reason by its code, alone or in front of its words, or by its words.
pub(crate) fn reason(text: &str) -> Option<Reason> {
    let words = plain(text);
    coded(&words).or_else(|| delay_reason::of_label(text))
}

/// The reason whose code stands first, as letters and a number, perhaps with a blank between. One that another number follows
/// is not clear: `IP1/2` is two, and `IP 1 0` perhaps IP10.
fn coded(words: &str) -> Option<Reason> {
    let number = words.find(|c: char| c.is_ascii_digit())?;
    let (letters, rest) = words.split_at_checked(number)?;
    let (number, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_another = |word: &str| {
        let all_digits = word.bytes().all(|b| b.is_ascii_digit());
        all_digits || Reason::from_code(&word.to_uppercase()).is_some()
    };
    let mut others = rest.split_whitespace();
    let code = format!("{}{number}", letters.trim_end()).to_uppercase();
    Reason::from_code(&code).filter(|_| !others.any(is_another))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_as_programs_write_it_and_before_its_words() {
        for text in [
            "19",
            "19.0",
            "19 - Usual place",
            "19-Usual place",
            "19: home",
            "19 \u{2013} home",
        ] {
            assert_eq!(code(text), Some("19"), "{text}");
        }
        assert_eq!(code("1 - home"), Some("1"));
        assert_eq!(code("1: home"), Some("1"));
        for text in [
            "",
            "190",
            "19.5",
            "19.00",
            "5-9",
            "2-week wait",
            "2 week wait",
            "home",
            "19 home",
            "12 - 24 hours",
        ] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn a_reason_is_known_by_its_code_or_its_words() {
        for text in [
            "IP2",
            "ip 2",
            "IP2 - other home care",
            " IP2:",
            "Interface process - Other home-based social care service arrangements still underway (P1)",
        ] {
            assert_eq!(reason(text), Some(Reason::Ip2), "{text}");
        }
        assert_eq!(reason("cap10"), Some(Reason::Cap10));
        assert_eq!(reason("IP10"), Some(Reason::Ip10));
        for text in [
            "IP1/2",
            "IP1 & 2",
            "IP 1 0",
            "IP1 IP2",
            "IP1, HP2",
            "awaiting IP1",
        ] {
            assert_eq!(reason(text), None, "{text}");
        }
        assert_eq!(reason("waiting"), None);
    }
}
