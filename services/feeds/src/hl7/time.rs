//! Times as HL7 v2 writes them: `YYYYMMDD[HH[MM[SS[.S…]]]][±ZZZZ]`, by the clock in London unless they say otherwise.

use crate::line_list::moment::Moment;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use joinedup_events::check::CLOCK_AHEAD;
use joinedup_events::local;

/// A time, and how exactly it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The earliest instant that it can mean.
    pub moment: Moment,
    /// It may have been so much later.
    pub within: TimeDelta,
    /// Or then, in the hour that comes twice when the clocks go back.
    pub again: Option<DateTime<Utc>>,
}

impl Time {
    /// Of a moment and one before it: the second of two that it may be, where the first would come before that.
    #[must_use]
    pub fn after(self, before: Option<Moment>) -> Moment {
        let is_before = before.is_some_and(|before| self.moment.at < before.at);
        match self.again.filter(|_| is_before) {
            Some(at) => Moment { at, ..self.moment },
            None => self.moment,
        }
    }

    /// When a message was made that has come by now: as late as it may be, for messages come as they are made.
    #[must_use]
    pub fn made(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let latest = now.checked_add_signed(CLOCK_AHEAD).unwrap_or(now);
        let again = self.again.filter(|again| *again <= latest);
        again.unwrap_or(self.moment.at).min(now)
    }
}

/// Reads a time of at least a date; `None` for any other text.
#[must_use]
pub fn read(text: &str) -> Option<Time> {
    let (digits, offset) = match text.find(['+', '-']) {
        Some(at) => (text.get(..at)?, Some(offset(text.get(at..)?)?)),
        None => (text, None),
    };
    let whole = digits.split('.').next()?;
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let date = NaiveDate::parse_from_str(whole.get(..8)?, "%Y%m%d").ok()?;
    // The midnight at which a day ends is the one at which the next begins.
    let after = whole.get(8..)?.strip_prefix("24");
    let is_end = after.is_some_and(|rest| rest.bytes().all(|b| b == b'0'));
    let date = if is_end { date.succ_opt()? } else { date };
    let number = |from: usize| match (is_end, from) {
        (true, 8) => Some(0),
        _ => whole.get(from..from + 2)?.parse::<u32>().ok(),
    };
    let (time, within) = match whole.len() {
        8 => {
            return Some(Time {
                moment: Moment::local(date, None),
                within: TimeDelta::days(1),
                again: None,
            });
        }
        10 => (
            NaiveTime::from_hms_opt(number(8)?, 0, 0)?,
            TimeDelta::hours(1),
        ),
        12 => (
            NaiveTime::from_hms_opt(number(8)?, number(10)?, 0)?,
            TimeDelta::minutes(1),
        ),
        14 => (
            NaiveTime::from_hms_opt(number(8)?, number(10)?, number(12)?)?,
            TimeDelta::seconds(1),
        ),
        _ => return None,
    };
    let (moment, again) = match offset {
        None => {
            let moment = Moment::local(date, Some(time));
            (moment, local::again(moment.at))
        }
        Some(offset) => {
            let at: DateTime<FixedOffset> =
                date.and_time(time).and_local_timezone(offset).single()?;
            let moment = Moment {
                at: at.with_timezone(&Utc),
                date_only: false,
            };
            (moment, None)
        }
    };
    Some(Time {
        moment,
        within,
        again,
    })
}

fn offset(text: &str) -> Option<FixedOffset> {
    let (sign, digits) = text.split_at_checked(1)?;
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..)?.parse().ok()?;
    let seconds = hours * 3600 + minutes * 60;
    FixedOffset::east_opt(if sign == "-" { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_local_unless_they_say_otherwise() {
        let at = |text: &str| read(text).map(|time| time.moment.at.to_rfc3339());
        let summer = Some("2026-07-01T09:30:00+00:00".to_owned());
        for text in [
            "202607011030",
            "20260701103000",
            "20260701103000.123",
            "202607010930+0000",
            "202607011130+0200",
        ] {
            assert_eq!(at(text), summer, "{text}");
        }
        assert_eq!(at("20260110"), Some("2026-01-10T00:00:00+00:00".to_owned()));
        assert!(read("20260110").unwrap().moment.date_only);
        assert_eq!(
            at("2026011008"),
            Some("2026-01-10T08:00:00+00:00".to_owned())
        );
        for text in [
            "2026010924",
            "202601092400",
            "20260109240000",
            "202601092400+0000",
        ] {
            assert_eq!(at(text), at("202601100000"), "{text}");
        }
        for text in [
            "",
            "202601092401",
            "2026",
            "202601",
            "20261301",
            "2026-01-10",
            "20260110 1030",
            "202601102530",
            "abc",
            "20260110+1",
            "2026011",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,24}", digits in "[0-9+.-]{0,24}") {
            let _ = read(&text);
            let _ = read(&digits);
        }
    }
}
