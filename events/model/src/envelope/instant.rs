//! Instants of an envelope: RFC 3339. Nearly all end in `Z` and have a fixed form, which is read without the general
//! parser: a rebuild reads two of them an event.

use crate::keys::Text;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, de};

/// An instant that may be there.
pub(super) fn read<'de, D: Deserializer<'de>>(d: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text: Option<Text<'_>> = Option::deserialize(d)?;
    let Some(text) = text else { return Ok(None) };
    plain(text.0.as_bytes())
        .or_else(|| text.0.parse().ok())
        .map(Some)
        .ok_or_else(|| de::Error::custom("not an RFC 3339 instant with a zone"))
}

/// `YYYY-MM-DDTHH:MM:SSZ`, with up to nine digits of a fraction before the `Z`.
pub(super) fn plain(text: &[u8]) -> Option<DateTime<Utc>> {
    let number = |range: std::ops::Range<usize>| {
        text.get(range)?.iter().try_fold(0u32, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
        })
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if text.last() != Some(&b'Z') || marks.iter().any(|(at, mark)| text.get(*at) != Some(mark)) {
        return None;
    }
    let nanos = match text.len() {
        20 => 0,
        length @ 22..=30 if text[19] == b'.' => {
            number(20..length - 1)? * 10u32.pow(30 - length as u32)
        }
        _ => return None,
    };
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(0..4)?).ok()?,
        number(5..7)?,
        number(8..10)?,
    )?;
    Some(
        date.and_hms_nano_opt(number(11..13)?, number(14..16)?, number(17..19)?, nanos)?
            .and_utc(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_forms_are_left_to_the_general_parser() {
        for text in [
            "2026-01-01T00:00:00+01:00",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T00:00:00.Z",
            "",
        ] {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_plain_form_reads_as_the_general_parser_reads_it(seconds in 946_684_800i64..4_102_444_800, nanos in 0..1_000_000_000u32, form in 0..4u8) {
            let form = [chrono::SecondsFormat::Secs, chrono::SecondsFormat::Millis, chrono::SecondsFormat::Micros, chrono::SecondsFormat::Nanos][usize::from(form)];
            let text = DateTime::from_timestamp(seconds, nanos).unwrap().to_rfc3339_opts(form, true);
            prop_assert_eq!(plain(text.as_bytes()), text.parse().ok());
        }
    }
}
