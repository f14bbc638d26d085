//! Local dates of facts: `2026-01-31` in JSON, a number of days in compact bytes.
//!
//! Every rebuild reads some of them an event, so the fixed form is read without the general parser; anything else is
//! left to that.

use chrono::{Datelike, NaiveDate};
use serde::{Deserializer, Serialize, Serializer, de};

/// Writes a date.
///
/// # Errors
/// Those of the serializer.
pub(crate) fn serialize<S: Serializer>(date: &NaiveDate, s: S) -> Result<S::Ok, S::Error> {
    if s.is_human_readable() {
        date.serialize(s)
    } else {
        s.serialize_i32(date.num_days_from_ce())
    }
}

/// Reads a date.
///
/// # Errors
/// When it is not a date.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<NaiveDate, D::Error> {
    if d.is_human_readable() {
        d.deserialize_str(Day)
    } else {
        d.deserialize_i32(Day)
    }
}

struct Day;

impl de::Visitor<'_> for Day {
    type Value = NaiveDate;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a date, YYYY-MM-DD")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<NaiveDate, E> {
        match plain(text.as_bytes()) {
            Some(date) => Ok(date),
            None => text.parse().map_err(E::custom),
        }
    }

    fn visit_i32<E: de::Error>(self, days: i32) -> Result<NaiveDate, E> {
        NaiveDate::from_num_days_from_ce_opt(days).ok_or_else(|| E::custom("no date"))
    }
}

/// `YYYY-MM-DD`, ten digits and dashes.
pub(crate) fn plain(text: &[u8]) -> Option<NaiveDate> {
    let &[a, b, c, d, b'-', e, f, b'-', g, h] = text else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0u32, |n, digit| {
            digit
                .is_ascii_digit()
                .then(|| n * 10 + u32::from(digit - b'0'))
        })
    };
    NaiveDate::from_ymd_opt(
        number(&[a, b, c, d])? as i32,
        number(&[e, f])?,
        number(&[g, h])?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Dated(#[serde(with = "super")] NaiveDate);

    proptest! {
        #[test]
        fn a_date_comes_back_from_json_and_from_bytes(days in -3_700_000..3_700_000i32) {
            let date = Dated(NaiveDate::from_num_days_from_ce_opt(days).unwrap());
            let json = serde_json::to_string(&date).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&date.0).unwrap());
            prop_assert_eq!(&serde_json::from_str::<Dated>(&json).unwrap(), &date);
            let bytes = postcard::to_stdvec(&date).unwrap();
            prop_assert_eq!(&postcard::from_bytes::<Dated>(&bytes).unwrap(), &date);
        }

        #[test]
        fn a_text_is_read_as_the_general_parser_reads_it(text in "[ 0-9+-]{8,12}|[0-9]{4}-[0-9]{2}-[0-9]{2}") {
            let read = serde_json::from_str::<Dated>(&format!("\"{text}\"")).ok().map(|d| d.0);
            prop_assert_eq!(read, text.parse().ok());
        }
    }
}
