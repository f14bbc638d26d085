//! Limits, spans and goals as people write them: `14`, `"14 days"`, `"2 hours"`, `0.8`, `"80 %"`.

use crate::quantity::Unit;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time, in minutes. Written `"14 days"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Span(#[cfg_attr(feature = "schema", schemars(with = "String"))] i64);

impl Span {
    const UNITS: [(&'static str, i64); 4] = [
        ("week", 7 * 1440),
        ("day", 1440),
        ("hour", 60),
        ("minute", 1),
    ];

    /// So many minutes.
    #[must_use]
    pub const fn from_minutes(minutes: i64) -> Self {
        Self(minutes)
    }

    /// In minutes.
    #[must_use]
    pub const fn minutes(self) -> i64 {
        self.0
    }

    /// Reads a number and a unit.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: i64 = text[..digits].parse().ok()?;
        let unit = text[digits..].trim();
        let (_, minutes) = Self::UNITS
            .into_iter()
            .find(|(name, _)| unit == *name || unit.strip_suffix('s') == Some(name))?;
        // A century is longer than any limit that makes sense, and short enough to add to any date.
        let most = 100 * 366 * 1440;
        number.checked_mul(minutes).filter(|m| *m <= most).map(Self)
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, minutes) = Self::UNITS
            .into_iter()
            .skip(1)
            .find(|(_, minutes)| self.0 % minutes == 0)
            .unwrap_or(("minute", 1));
        let number = self.0 / minutes;
        let plural = if number == 1 { "" } else { "s" };
        write!(f, "{number} {name}{plural}")
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::read(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "\"{text}\" is not a length of time: write a whole number and minutes, hours, days or weeks, such as \"14 days\""
            ))
        })
    }
}

/// The limit of a share: in the unit of the quantity, or a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Limit {
    /// In the quantity's unit.
    Number(i32),
    /// A length of time.
    Span(Span),
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(i32),
            Text(String),
        }
        match Either::deserialize(d) {
            Ok(Either::Number(number)) => Ok(Self::Number(number)),
            Ok(Either::Text(text)) if Span::read(&text).is_some() => {
                Ok(Self::Span(Span::read(&text).unwrap_or_default()))
            }
            _ => Err(de::Error::custom(
                "a limit is a whole number in the quantity's unit, or a length of time such as \"14 days\"",
            )),
        }
    }
}

impl Limit {
    /// As a number of the unit; none when it is a time that the unit cannot say.
    #[must_use]
    pub fn number(self, unit: Unit) -> Option<i32> {
        match (self, unit) {
            (Self::Number(number), _) => Some(number),
            (Self::Span(span), Unit::Minutes) => i32::try_from(span.minutes()).ok(),
            (Self::Span(span), Unit::Days) => (span.minutes() % 1440 == 0)
                .then(|| i32::try_from(span.minutes() / 1440).ok())
                .flatten(),
            (Self::Span(_), Unit::Items | Unit::Points) => None,
        }
    }

    /// As a length of time; nothing for what is not a time.
    #[must_use]
    pub fn span(self, unit: Unit) -> Span {
        match (self, unit) {
            (Self::Span(span), _) => span,
            (Self::Number(number), Unit::Minutes) => Span(i64::from(number).max(0)),
            (Self::Number(number), Unit::Days) => Span(1440 * i64::from(number).max(0)),
            (Self::Number(_), Unit::Items | Unit::Points) => Span::default(),
        }
    }
}

/// A goal, in shown units. A share may be written `0.8` or `"80 %"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Goal")
)]
#[serde(transparent)]
pub struct Target(pub f64);

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(f64),
            Text(String),
        }
        let number = match Either::deserialize(d) {
            Ok(Either::Number(number)) => Some(number),
            Ok(Either::Text(text)) => text
                .trim()
                .strip_suffix('%')
                .and_then(|n| n.trim().parse::<f64>().ok())
                .map(|n| n / 100.0),
            Err(_) => None,
        };
        number
            .filter(|n| n.is_finite())
            .map(Self)
            .ok_or_else(|| de::Error::custom("a goal is a number such as 0.8, or \"80 %\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them_and_said_in_the_largest_unit_that_fits() {
        for (text, minutes, words) in [
            ("14 days", 20160, "14 days"),
            ("1 day", 1440, "1 day"),
            ("2hours", 120, "2 hours"),
            ("90 minutes", 90, "90 minutes"),
            ("2 weeks", 20160, "14 days"),
        ] {
            let span = Span::read(text).unwrap();
            assert_eq!(
                (span.minutes(), span.to_string().as_str()),
                (minutes, words)
            );
        }
        for text in [
            "",
            "14",
            "days",
            "-1 days",
            "1 fortnight",
            "99999999999 weeks",
        ] {
            assert_eq!(Span::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_limit_in_hours_does_not_fit_a_quantity_of_days() {
        let limit = Limit::Span(Span::read("36 hours").unwrap());
        assert_eq!(limit.number(Unit::Days), None);
        assert_eq!(limit.number(Unit::Minutes), Some(2160));
        assert_eq!(limit.number(Unit::Points), None);
    }
}
