//! Observations: counts and amounts that somebody else has added up, such as a published return.

use crate::amount::Amount;
use crate::facts::{Retracted, codes, facts, payload};
use crate::id::Slug;
use chrono::NaiveDate;
use std::collections::BTreeMap;

codes! {
    /// The span that an observation is of.
    Grain {
        /// A day.
        Day = "day",
        /// An ISO week, Monday to Sunday.
        Week = "week",
        /// A calendar month.
        Month = "month",
        /// A financial quarter (April to June, …).
        Quarter = "quarter",
        /// A financial year (April to March).
        Year = "year",
    }
}
codes! {
    /// The publisher's mark on an amount. Without one it is published as final.
    Mark {
        /// It will be published again, and may change.
        Provisional = "provisional",
        /// It is known and not published, because it could identify single people. There is no value.
        Suppressed = "suppressed",
        /// It is not available. There is no value, and one that was published before no longer counts.
        Missing = "missing",
    }
}
payload! {
    /// The amount of a series in an area and a period. One reported again for the same series, area, period and
    /// breakdown replaces it.
    Observed {
        /// The series, e.g. `dtoc-delayed-days`.
        series: Slug,
        /// First day of the period.
        #[serde(with = "crate::day")]
        #[cfg_attr(feature = "schema", schemars(with = "NaiveDate"))]
        period_start: NaiveDate,
        /// Its length.
        grain: Grain,
        /// The amount (of a proportion or rate: the numerator). Unset when it is suppressed or missing.
        #[serde(default)]
        value: Option<Amount>,
        /// The denominator, where the series has one.
        #[serde(default)]
        denominator: Option<Amount>,
        /// What the amount is broken down by, e.g. `responsible` → `nhs`. Empty: the whole.
        #[serde(default)]
        breakdown: BTreeMap<Slug, Slug>,
        /// Its publisher's mark. Unset: it is final.
        #[serde(default)]
        mark: Option<Mark>,
    }
}
facts! {
    /// The facts about a series' period.
    ObservationFact {
        /// An amount.
        Observed(Observed) = "observed" v 1,
        /// An event about this observation is taken back.
        Retracted(Retracted) = "retracted" v 1,
    }
}

impl Observed {
    /// Whether it has a value where it must have one, and none where it must not.
    #[must_use]
    pub const fn value_agrees_with_mark(&self) -> bool {
        match self.mark {
            None | Some(Mark::Provisional) => self.value.is_some(),
            Some(Mark::Suppressed | Mark::Missing) => {
                self.value.is_none() && self.denominator.is_none()
            }
        }
    }

    /// The entity: the series, its period and its breakdown. The area is part of it too, and added by the event.
    #[must_use]
    pub fn entity(&self) -> String {
        let mut text = format!("{}/{}/{}", self.series, self.grain, self.period_start);
        for (dimension, value) in &self.breakdown {
            text.push('/');
            text.push_str(dimension.as_str());
            text.push(':');
            text.push_str(value.as_str());
        }
        text
    }
}
