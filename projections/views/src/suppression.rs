//! Small numbers of people: what is suppressed or rounded before a count leaves the system, so that nobody can be found
//! in it. Suppressed is neither zero nor missing.
//!
//! Two published rules are known ([`SmallNumbers`]). They hold below the top of what is published: as the national
//! rules leave the nation's numbers as they are, so [`Policy`] leaves those of large areas as they are, and rounds or
//! keeps back those of small ones. Where one small number could be found by taking its neighbours from their total, a
//! second one is suppressed, or the total.
//!
//! A month and its days, a year and its months are such tables too (`lengths.rs`).

mod among;
mod decided;
mod lengths;
mod neighbours;
mod publish;
mod remembered;
mod sums;

use crate::measure::{Aggregate, Measure, SmallNumbers};
use crate::period::Grain;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use joinedup_events::AreaId;
use joinedup_events::area::{AreaKind, Areas};
pub use publish::published;
pub use remembered::Remembered;
use serde::Serialize;
use std::sync::Arc;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Anybody: rules for small numbers hold.
    Public,
    /// Who works with the people of some other areas: rules hold as for the public and for every kind of area, because an
    /// exempt total less the numbers that they know would be their neighbours'.
    Neighbours,
    /// People who work with the people behind the numbers: they see what is there.
    Operations,
}

/// Which areas the rules for small numbers hold for.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Kinds of area whose numbers are shown as they are.
    pub exempt: Vec<AreaKind>,
    /// What was decided last.
    pub decided: Remembered,
    /// The rules without an exemption, for [`Audience::Neighbours`]: none are in them.
    of_neighbours: Option<Arc<Self>>,
}

impl Default for Policy {
    /// The rules hold for every area below a region; whoever runs the program may name kinds that they do not hold for.
    fn default() -> Self {
        Self::new(vec![AreaKind::Country, AreaKind::Region])
    }
}

impl Policy {
    /// Rules that hold for all kinds of area but some.
    #[must_use]
    pub fn new(exempt: Vec<AreaKind>) -> Self {
        let of_all = Self {
            exempt: Vec::new(),
            decided: Remembered::default(),
            of_neighbours: None,
        };
        Self {
            exempt,
            decided: Remembered::default(),
            of_neighbours: Some(Arc::new(of_all)),
        }
    }

    /// The rules as they hold for an audience.
    #[must_use]
    pub fn of(&self, audience: Audience) -> &Self {
        match (audience, &self.of_neighbours) {
            (Audience::Neighbours, Some(policy)) => policy,
            _ => self,
        }
    }

    /// Whether rules hold for an area. They do for one that is not registered.
    #[must_use]
    pub fn holds(&self, areas: &Areas, area: &str) -> bool {
        areas
            .get(area)
            .is_none_or(|area| !self.exempt.contains(&area.kind))
    }

    /// Whether rules hold for an area or for any place within it. The number of one that they do not hold for, but that holds such
    /// places, may have to be suppressed for their sake.
    #[must_use]
    pub fn holds_near(&self, areas: &Areas, area: &AreaId) -> bool {
        let within = || areas.within(area);
        self.holds(areas, area.as_str())
            || within().iter().any(|part| self.holds(areas, part.as_str()))
    }
}

impl Audience {
    /// The word for it in a file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public | Self::Neighbours => "public",
            Self::Operations => "operations",
        }
    }

    /// Whether points of a measure by a length of period are for this audience: nobody who sees no small numbers is shown
    /// anything shorter than the measure's own length. Whatever is longer could be taken apart by it, and most of it would
    /// be small.
    #[must_use]
    pub fn sees(self, measure: &Measure, grain: Grain) -> bool {
        let is_long = grain >= measure.period;
        self.sees_all(measure) || is_long
    }

    /// Whether a measure as it was known at an instant is for this audience in an area. Asked for morning after morning, a
    /// small number shows when it went past the rule's limit, and a rounded one the day on which it was known to the person:
    /// where either counts, what is shown of now is all that there is.
    #[must_use]
    pub fn sees_past(
        self,
        measure: &Measure,
        areas: &Areas,
        area: &AreaId,
        policy: &Policy,
    ) -> bool {
        self.sees_all(measure) || !policy.of(self).holds_near(areas, area)
    }

    /// An instant at which something was received, as this audience is shown it: to the second it would say when one person
    /// came or left.
    #[must_use]
    pub fn shown_instant(self, at: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Operations => at,
            Self::Public | Self::Neighbours => {
                at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
            }
        }
    }

    /// Whether a measure's numbers are shown to this audience as they are, everywhere.
    fn sees_all(self, measure: &Measure) -> bool {
        self == Self::Operations || measure.small_numbers() == SmallNumbers::None
    }
}

/// A number of people as it may be shown.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// As it is.
    Exact(i64),
    /// To the nearest five.
    Rounded(i64),
    /// Suppressed, because it is small.
    Small,
    /// Suppressed, because a small one beside or below it could be found by subtraction.
    Neighbour,
}

impl Shown {
    /// Whether it is suppressed.
    #[must_use]
    pub const fn is_hidden(self) -> bool {
        matches!(self, Self::Small | Self::Neighbour)
    }

    /// The number, when it is shown.
    #[must_use]
    pub const fn number(self) -> Option<i64> {
        match self {
            Self::Exact(n) | Self::Rounded(n) => Some(n),
            Self::Small | Self::Neighbour => None,
        }
    }
}

impl SmallNumbers {
    /// The largest number that is suppressed.
    #[must_use]
    pub const fn largest_hidden(self) -> i64 {
        match self {
            Self::None => -1,
            Self::Hes7 => 7,
            Self::Mhsds5 => 4,
        }
    }

    /// The smallest number that is suppressed.
    #[must_use]
    pub const fn smallest_hidden(self) -> i64 {
        match self {
            Self::Mhsds5 => 0,
            Self::None | Self::Hes7 => 1,
        }
    }

    /// A count of people as it may be shown.
    #[must_use]
    pub const fn count(self, n: i64) -> Shown {
        if let Self::None = self {
            return Shown::Exact(n);
        }
        if n < self.smallest_hidden() {
            return Shown::Exact(n);
        }
        if n <= self.largest_hidden() {
            return Shown::Small;
        }
        self.rounded(n)
    }

    /// A number that may be shown, to the nearest five. Zero stays zero.
    #[must_use]
    pub const fn rounded(self, n: i64) -> Shown {
        match self {
            Self::None => Shown::Exact(n),
            _ if n == 0 => Shown::Exact(0),
            _ => Shown::Rounded((n + 2).div_euclid(5) * 5),
        }
    }

    /// A share as it may be shown: from the rounded numerator and denominator; none when either is suppressed or there
    /// is nothing to divide by.
    #[must_use]
    pub fn share(self, numerator: i64, denominator: i64) -> Option<f64> {
        let (numerator, denominator) = (
            self.count(numerator).number()?,
            self.count(denominator).number()?,
        );
        (denominator != 0).then(|| numerator as f64 / denominator as f64)
    }

    /// Of how many people a median or percentile must be to be shown: it says how many there are on either side of it, and
    /// of the smaller one there must be more than are suppressed. A 90th percentile of eleven is what one person waited.
    /// Other numbers are suppressed by the people whom they count.
    #[must_use]
    pub fn fewest(self, aggregate: Aggregate) -> i64 {
        let of_hundred = match aggregate {
            Aggregate::Median => 50,
            Aggregate::Percentile(percent) => percent.min(100_u8.saturating_sub(percent)).max(1),
            _ => return 0,
        };
        let least = 100 * (self.largest_hidden() + 1);
        let of_hundred = i64::from(of_hundred);
        (least + of_hundred - 1) / of_hundred
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hes_7_keeps_1_to_7_back_and_rounds_the_rest_to_five() {
        let rule = SmallNumbers::Hes7;
        for (n, shown) in [
            (0, Some(0)),
            (1, None),
            (7, None),
            (8, Some(10)),
            (12, Some(10)),
            (13, Some(15)),
            (22, Some(20)),
            (23, Some(25)),
        ] {
            assert_eq!(rule.count(n).number(), shown, "{n}");
        }
        for (aggregate, fewest) in [
            (Aggregate::Mean, 0),
            (Aggregate::Median, 16),
            (Aggregate::Percentile(90), 80),
            (Aggregate::Percentile(10), 80),
            (Aggregate::Percentile(75), 32),
        ] {
            assert_eq!(rule.fewest(aggregate), fewest);
        }
    }

    #[test]
    fn mhsds_5_keeps_0_to_4_back_and_rounds_the_rest_to_five() {
        let rule = SmallNumbers::Mhsds5;
        for (n, shown) in [
            (0, None),
            (4, None),
            (5, Some(5)),
            (7, Some(5)),
            (8, Some(10)),
        ] {
            assert_eq!(rule.count(n).number(), shown, "{n}");
        }
        assert_eq!(rule.fewest(Aggregate::Percentile(90)), 50);
        assert_eq!(SmallNumbers::None.fewest(Aggregate::Median), 0);
    }

    #[test]
    fn a_share_is_of_rounded_numbers_and_goes_with_either_of_them() {
        let rule = SmallNumbers::Hes7;
        assert_eq!(rule.share(12, 22), Some(0.5));
        assert_eq!(rule.share(0, 22), Some(0.0));
        assert_eq!(rule.share(3, 22), None);
        assert_eq!(rule.share(0, 5), None);
        assert_eq!(rule.share(0, 0), None);
        assert_eq!(SmallNumbers::Mhsds5.share(0, 22), None);
        assert_eq!(SmallNumbers::None.share(1, 2), Some(0.5));
    }
}
