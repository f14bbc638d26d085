//! Dates and times as lists write them, by the clock in London unless they say otherwise.

use crate::sheet::DAYS_TO_1904;
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use joinedup_events::local;
use std::borrow::Cow;

/// A point in time that a cell names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant; of a date alone, the midnight at which it begins.
    pub at: DateTime<Utc>,
    /// Only the date is known.
    pub date_only: bool,
}

const DATES: [&str; 13] = [
    "%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%B-%Y", "%d %B %Y", "%d/%m/%y",
    "%d-%m-%y", "%d.%m.%y", "%d-%B-%y", "%d %B %y", "%Y%m%d",
];
const TIMES: [&str; 4] = ["%H:%M", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p"];
/// The same without colons: `1430` and `14.30`, of which each part has two digits.
const PLAIN_TIMES: [(&str, usize); 2] = [("%H%M", 4), ("%H.%M", 5)];

/// Days that a serial number of Excel may be: from 1954 to 2119. What is smaller is an amount.
const SERIALS: std::ops::Range<f64> = 20_000.0..80_000.0;

impl Moment {
    /// A local date and time.
    #[must_use]
    pub fn local(date: NaiveDate, time: Option<NaiveTime>) -> Self {
        Self {
            at: local::at(date, time.unwrap_or(NaiveTime::MIN)),
            date_only: time.is_none(),
        }
    }

    /// The local date.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        local::date(self.at)
    }

    /// Whether it is the local midnight at which a day begins.
    #[must_use]
    pub fn is_midnight(self) -> bool {
        local::at(self.date(), NaiveTime::MIN) == self.at
    }

    /// Reads a text; `None` when it is not a date.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        Self::of_cell(text, false)
    }

    /// Reads a cell, of a workbook that may count days from 1904; `None` when it is not a date.
    #[must_use]
    pub fn of_cell(cell: &str, from_1904: bool) -> Option<Self> {
        let cell = cell.trim();
        if let Some(moment) = of_serial(cell, from_1904) {
            return Some(moment);
        }
        let colon = cell.find(':');
        if colon.is_none()
            && let Some(date) = date(cell)
        {
            return Some(Self::local(date, None));
        }
        let before = cell.get(..colon.unwrap_or(cell.len()))?;
        let cut = before.rfind([' ', 'T', '\u{a0}'])?;
        let day = date(cell.get(..cut)?.trim_end_matches([',', ' ']))?;
        let rest = cell.get(cut..)?.trim_start_matches([' ', 'T', '\u{a0}']);
        let (day, rest) = match end_of_day(rest) {
            Some(midnight) => (day.succ_opt()?, Cow::Owned(midnight)),
            None => (day, Cow::Borrowed(rest)),
        };
        if let Some(at) = with_offset(day, &rest) {
            return Some(Self {
                at,
                date_only: false,
            });
        }
        let plain = PLAIN_TIMES.iter();
        let plain = plain.filter_map(|(format, digits)| (rest.len() == *digits).then_some(format));
        let time = TIMES
            .iter()
            .chain(plain)
            .find_map(|format| NaiveTime::parse_from_str(&rest, format).ok())?;
        Some(Self::local(day, Some(time)))
    }
}

/// `24:00`, the midnight at which a day ends, as the one at which the next begins.
fn end_of_day(time: &str) -> Option<String> {
    let rest = time.strip_prefix("24")?;
    let more = rest.trim_start_matches([':', '.', '0']);
    let is_whole = more.is_empty() || more.starts_with(['+', '-', 'Z']);
    (is_whole && rest.len() > more.len()).then(|| format!("00{rest}"))
}

/// Whether a date can only have its month first, such as `03/14/2026`; none where it may have either first, or is none.
pub(crate) fn has_month_first(cell: &str) -> Option<bool> {
    let date = cell.split_whitespace().next()?;
    let parts: Vec<&str> = date.split(['/', '-', '.']).collect();
    let [first, then, year] = parts[..] else {
        return None;
    };
    let is_year = match year.parse::<u32>().ok()? {
        0..=99 => year.len() == 2,
        n => (1900..2100).contains(&n),
    };
    let (first, then): (u32, u32) = (first.parse().ok()?, then.parse().ok()?);
    let (months, days) = (1..=12, 13..=31);
    if is_year && months.contains(&first) && days.contains(&then) {
        return Some(true);
    }
    (is_year && days.contains(&first) && months.contains(&then)).then_some(false)
}

/// Whether dates are written so, as in America. One alone, or a few of many, are typing errors; what is not a date counts for
/// nothing. Where no day is after the 12th it cannot be told.
pub(crate) fn have_month_first<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> bool {
    let clear = |first| {
        let clear = cells.clone().filter_map(has_month_first);
        clear.filter(|is_first| *is_first == first).count()
    };
    let months = clear(true);
    if months < 2 || months <= clear(false) {
        return false;
    }
    let dates = cells.filter(|cell| Moment::read(cell).is_some()).count();
    months * 10 > months + dates
}

/// A time that names its own distance from UTC.
fn with_offset(day: NaiveDate, rest: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(&format!("{day}T{rest}")).ok();
    // Minutes without seconds are not RFC 3339, and common all the same.
    let at = at.or_else(|| {
        let (time, offset) = rest.split_at_checked(5)?;
        DateTime::parse_from_rfc3339(&format!("{day}T{time}:00{offset}")).ok()
    });
    at.map(|at| at.with_timezone(&Utc))
}

fn date(text: &str) -> Option<NaiveDate> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if digits && text.len() != 8 {
        return None;
    }
    let year = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let formats = DATES.iter();
    // `1.2.3` is the number of something.
    let mut formats = formats.filter(|format| !format.ends_with("%y") || year == 2);
    formats.find_map(|format| {
        NaiveDate::parse_from_str(text, format)
            .ok()
            // A year of two digits is not one of the first century.
            .filter(|date| (1000..=9999).contains(&chrono::Datelike::year(date)))
    })
}

/// A date as Excel counts it: days from the end of 1899 or from the beginning of 1904, the time as a fraction.
fn of_serial(cell: &str, from_1904: bool) -> Option<Moment> {
    if !cell.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let serial: f64 = cell.parse().ok()?;
    let serial = if from_1904 {
        serial + DAYS_TO_1904
    } else {
        serial
    };
    if !SERIALS.contains(&serial) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked, and a fraction has at most a day's seconds"
    )]
    let (days, seconds) = (
        serial.trunc() as u64,
        (serial.fract() * 86_400.0).round() as i64,
    );
    let day = NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(days))?;
    if seconds == 0 {
        return Some(Moment::local(day, None));
    }
    let local: NaiveDateTime = day.and_time(NaiveTime::MIN) + TimeDelta::seconds(seconds);
    Some(Moment::local(local.date(), Some(local.time())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(cell: &str) -> Option<(String, bool)> {
        Moment::read(cell).map(|m| {
            (
                m.at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                m.date_only,
            )
        })
    }

    #[test]
    fn a_day_of_an_old_macintosh_workbook_is_the_day_that_its_user_saw() {
        let of_1904 = |cell| Moment::of_cell(cell, true).map(|moment| moment.date().to_string());
        assert_eq!(of_1904("44893.5").as_deref(), Some("2026-11-29"));
        assert_eq!(of_1904("29/11/2026").as_deref(), Some("2026-11-29"));
        assert_eq!(
            Moment::read("46355")
                .map(|moment| moment.date().to_string())
                .as_deref(),
            Some("2026-11-29")
        );
    }

    #[test]
    fn a_time_is_read_by_the_clock_in_london_however_it_is_written() {
        for cell in [
            "28/09/2026 22:50",
            " 28/09/2026 22:50:00 ",
            "28/9/2026 22:50",
            "28/09/26 22:50",
            "2026-09-28 22:50",
            "2026-09-28T22:50:00",
            "2026-09-28T22:50:00.000",
            "2026-09-28T21:50:00Z",
            "2026-09-28T22:50+01:00",
            "28-Sep-2026 22:50",
            "28 Sep 2026 22:50",
            "28 September 2026, 22:50",
            "28.09.2026 10:50 PM",
            "28-09-26 22:50",
            "28.09.26 22.50",
            "28/09/2026 2250",
            "28 Sep 2026 2250",
            "46293.951388889",
        ] {
            assert_eq!(
                read(cell),
                Some(("2026-09-28T21:50:00Z".into(), false)),
                "{cell}"
            );
        }
        assert_eq!(
            read("12/01/2026 22:50"),
            Some(("2026-01-12T22:50:00Z".into(), false))
        );
    }

    #[test]
    fn the_midnight_that_ends_a_day_begins_the_next() {
        for cell in [
            "11/01/2026 24:00",
            "11/01/2026 24:00:00",
            "11-01-26 2400",
            "2026-01-11T24:00:00.000Z",
            "2026-01-11T24:00+00:00",
        ] {
            assert_eq!(
                read(cell),
                Some(("2026-01-12T00:00:00Z".into(), false)),
                "{cell}"
            );
        }
        for cell in ["11/01/2026 24:01", "11/01/2026 24:00:01", "11/01/2026 24"] {
            assert_eq!(read(cell), None, "{cell}");
        }
    }

    #[test]
    fn only_dates_tell_whether_months_come_first() {
        let few = ["03/14/2026", "05/06/2026", "03/30/26 10:00"];
        let with = |others: &'static [&'static str], times: usize| {
            let others = others.iter().copied().cycle().take(times);
            few.into_iter().chain(others)
        };
        assert!(have_month_first(few.into_iter()));
        // A column that is mostly empty is as American as its dates are.
        assert!(have_month_first(with(&["NULL", "", "-", "pending"], 100)));
        assert!(!have_month_first(with(
            &["05/06/2026", "2026-06-05", "46293"],
            100
        )));
        assert!(!have_month_first(few[..2].iter().copied()));
        for number in ["09-26-0042", "09-26-1899", "09-26-2100", "09-26-042"] {
            assert_eq!(has_month_first(number), None, "{number}");
        }
    }

    #[test]
    fn a_date_alone_says_so() {
        for cell in [
            "28/09/2026",
            "2026-09-28",
            "20260928",
            "28-Sep-26",
            "46293",
            "46293.0",
        ] {
            assert_eq!(
                read(cell),
                Some(("2026-09-27T23:00:00Z".into(), true)),
                "{cell}"
            );
        }
    }

    #[test]
    fn an_hour_that_the_clocks_leave_out_or_repeat_is_a_time_all_the_same() {
        assert_eq!(
            read("29/03/2026 01:30"),
            Some(("2026-03-29T01:30:00Z".into(), false))
        );
        assert_eq!(
            read("25/10/2026 01:30"),
            Some(("2026-10-25T00:30:00Z".into(), false))
        );
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for cell in [
            "",
            "tomorrow",
            "31/02/2026",
            "28/09/2026 25:00",
            "12",
            "999999",
            "1.2.3",
            "1/2/3",
            "01.02.003",
            "28/09/2026 250",
            "09/28/2026",
            ":",
            "T:",
            "é:1",
        ] {
            assert_eq!(read(cell), None, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not_and_nothing_panics(cell in "\\PC{0,24}") {
            let _ = Moment::read(&cell);
        }

        #[test]
        fn british_iso_and_serial_spellings_are_one_moment(days in 1_i64..20_000, minute in 1_i64..1_440) {
            let local = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap().and_time(NaiveTime::MIN)
                + TimeDelta::days(days) + TimeDelta::minutes(minute);
            let british = Moment::read(&local.format("%d/%m/%Y %H:%M").to_string());
            let iso = Moment::read(&local.format("%Y-%m-%dT%H:%M:%S").to_string());
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let serial = 36_526.0 + days as f64 + minute as f64 / 1_440.0;
            prop_assert!(british.is_some());
            prop_assert_eq!(british, iso);
            prop_assert_eq!(british, Moment::read(&format!("{serial:.9}")));
        }
    }
}
