//! Exact amounts: whole millionths, so that sums come out the same in any order.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount, exact to six decimal places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// Millionths in one.
    pub const SCALE: i64 = 1_000_000;
    /// A whole number of millionths.
    #[must_use]
    pub const fn from_micro(micro: i64) -> Self {
        Self(micro)
    }

    /// The amount in millionths.
    #[must_use]
    pub const fn micro(self) -> i64 {
        self.0
    }

    /// The nearest amount to a number; `None` when it is not finite or beyond [`Self::LIMIT`].
    #[must_use]
    pub fn from_f64(number: f64) -> Option<Self> {
        let micro = (number * Self::SCALE as f64).round();
        (micro.is_finite() && micro.abs() <= Self::LIMIT as f64).then_some(Self(micro as i64))
    }

    /// The largest magnitude taken, in millionths (a million million in ones).
    pub const LIMIT: i64 = 1_000_000_000_000 * Self::SCALE;

    /// As a number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / Self::SCALE as f64
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if !s.is_human_readable() || self.0 % Self::SCALE != 0 {
            if s.is_human_readable() {
                s.serialize_f64(self.as_f64())
            } else {
                s.serialize_i64(self.0)
            }
        } else {
            s.serialize_i64(self.0 / Self::SCALE)
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if !d.is_human_readable() {
            return i64::deserialize(d).map(Self);
        }
        let number = f64::deserialize(d)?;
        Self::from_f64(number)
            .ok_or_else(|| de::Error::custom("a number must be finite and at most 10^12"))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number", "minimum": -1e12, "maximum": 1e12, "description": "exact to six decimal places"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_plain_number_in_json_and_exact_inside() {
        let beds: Amount = serde_json::from_str("3545.742").unwrap();
        assert_eq!(beds.micro(), 3_545_742_000);
        assert_eq!(serde_json::to_string(&beds).unwrap(), "3545.742");
        assert_eq!(
            serde_json::to_string(&Amount::from_micro(4_217_000_000)).unwrap(),
            "4217"
        );
        assert!(serde_json::from_str::<Amount>("1e13").is_err());
        assert_eq!(Amount::from_f64(f64::NAN), None);
    }
}
