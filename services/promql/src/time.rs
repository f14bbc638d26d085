//! Instants and durations as Prometheus's API gives them.

use chrono::DateTime;

/// The units of durations, the longest first, in milliseconds.
const UNITS: [(&str, i64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
/// The farthest from 1970 that an instant may be, in milliseconds: some ten thousand years.
const FARTHEST: i64 = 300_000_000_000_000;

/// A duration such as `1w2d`, in milliseconds: above zero, units in order and each once.
#[must_use]
pub fn duration(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(end);
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let (_, each) = units.find(|(name, _)| *name == unit)?;
        let number: i64 = number.parse().ok().filter(|n| *n <= 999_999_999)?;
        total = total.checked_add(number.checked_mul(*each)?)?;
        rest = tail;
    }
    (total > 0 && total <= FARTHEST).then_some(total)
}

/// A duration with a unit, or a number of seconds, in milliseconds. The number may be zero or below.
#[must_use]
pub fn duration_or_seconds(text: &str) -> Option<i64> {
    match text.parse::<f64>() {
        Ok(seconds) => millis(seconds),
        Err(_) => duration(text),
    }
}

/// An instant: seconds since 1970, or RFC 3339.
#[must_use]
pub fn instant(text: &str) -> Option<i64> {
    match text.parse::<f64>() {
        Ok(seconds) => millis(seconds),
        Err(_) => {
            let at = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
            (at.abs() <= FARTHEST).then_some(at)
        }
    }
}

/// Seconds in milliseconds, when that is an instant that can be asked for.
fn millis(seconds: f64) -> Option<i64> {
    let millis = (seconds * 1_000.0).round();
    (millis.is_finite() && millis.abs() <= FARTHEST as f64).then_some(millis as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_in_order() {
        assert_eq!(duration("1w2d"), Some(777_600_000));
        assert_eq!(duration("1m500ms"), Some(60_500));
        for wrong in [
            "",
            "5",
            "1d1w",
            "1d1d",
            "w",
            "0s",
            "1.5h",
            "-1h",
            "9999999999s",
            "1q",
            "1 d",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
        assert_eq!(duration_or_seconds("0.5"), Some(500));
        assert_eq!(duration_or_seconds("-1"), Some(-1_000));
        assert_eq!(duration_or_seconds("1h"), Some(3_600_000));
        assert_eq!(duration_or_seconds("NaN"), None);
    }

    #[test]
    fn instants_are_seconds_or_rfc_3339() {
        assert_eq!(instant("1435781451.781"), Some(1_435_781_451_781));
        assert_eq!(instant("2015-07-01T20:10:51.781Z"), Some(1_435_781_451_781));
        assert_eq!(
            instant("2015-07-01T21:10:51+01:00"),
            Some(1_435_781_451_000)
        );
        for wrong in [
            "",
            "now",
            "Inf",
            "1e300",
            "2015-07-01",
            "+99999-01-01T00:00:00Z",
        ] {
            assert_eq!(instant(wrong), None, "{wrong}");
        }
    }
}
