//! Which organisations serve which place: a county's people are treated at trusts that do not lie within the county.

use super::{Areas, AreasError};
use crate::id::AreaId;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An organisation that serves a place without being a part of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serves {
    /// The organisation: a trust, a commissioner, a board.
    pub organisation: AreaId,
    /// The place that it serves.
    pub place: AreaId,
    /// The first day on which it does; none: as long as it has reported.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The last day on which it does; none: to this day.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// About which share of its work is for the place, above 0 and up to 1. It is shown, and nothing is multiplied by it.
    #[serde(default)]
    pub share: Option<f64>,
    /// What to mind: who else is in its numbers, whom they leave out.
    #[serde(default)]
    pub caution: Option<String>,
}

impl Serves {
    /// Whether it serves the place on a day.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl Areas {
    /// The organisations that serve a place, in the order of the file.
    pub fn serving<'a>(&'a self, place: &'a AreaId) -> impl Iterator<Item = &'a Serves> {
        self.serves.iter().filter(move |s| s.place == *place)
    }

    /// The places that an organisation serves.
    pub fn served_by<'a>(&'a self, organisation: &'a AreaId) -> impl Iterator<Item = &'a AreaId> {
        let of = self.serves.iter();
        of.filter(move |s| s.organisation == *organisation)
            .map(|s| &s.place)
    }

    /// Takes the services of a file; a place that it names is served by those that it lists, and by no others.
    pub(super) fn take_serves(&mut self, serves: Vec<Serves>) {
        let named: BTreeSet<&AreaId> = serves.iter().map(|s| &s.place).collect();
        self.serves.retain(|s| !named.contains(&s.place));
        self.serves.extend(serves);
    }

    pub(super) fn check_serves(&self) -> Result<(), AreasError> {
        for serves in &self.serves {
            let wrong = |rule| {
                Err(AreasError::Serves {
                    organisation: serves.organisation.clone(),
                    place: serves.place.clone(),
                    rule,
                })
            };
            let known = |id: &AreaId| self.get(id.as_str()).is_some();
            if !known(&serves.organisation) || !known(&serves.place) {
                return wrong("must both be in the register: add an [[area]] for each");
            }
            if self.within(&serves.place).contains(&serves.organisation) {
                return wrong(
                    "are one within the other, so its numbers count already: leave it out",
                );
            }
            if serves.share.is_some_and(|s| !(s > 0.0 && s <= 1.0)) {
                return wrong("have a `share` that is not above 0 and up to 1");
            }
            if let (Some(from), Some(until)) = (serves.from, serves.until)
                && from > until
            {
                return wrong("have a `from` after their `until`");
            }
            let spans = |other: &&Serves| {
                other.organisation == serves.organisation && other.place == serves.place
            };
            if self.serves.iter().filter(spans).count() > 1 {
                return wrong("are named twice: write one [[serves]] for the two");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &str = r#"
        [[area]]
        id = "c"
        title = "County"
        kind = "county"
        [[area]]
        id = "t"
        title = "Trust"
        kind = "trust"
        [[area]]
        id = "own"
        title = "Own trust"
        kind = "trust"
        parents = ["c"]
        [[serves]]
        organisation = "t"
        place = "c"
        from = "2020-04-01"
        until = "2024-03-31"
    "#;

    fn id(code: &str) -> AreaId {
        AreaId::new(code).unwrap()
    }

    #[test]
    fn an_organisation_serves_a_place_from_a_day_to_a_day() {
        let areas = Areas::from_toml(REGISTER).unwrap();
        let county = id("c");
        let serves = areas.serving(&county).next().unwrap();
        for (day, is) in [
            ("2020-03-31", false),
            ("2020-04-01", true),
            ("2024-03-31", true),
            ("2024-04-01", false),
        ] {
            assert_eq!(serves.on(day.parse().unwrap()), is, "{day}");
        }
        assert_eq!(areas.served_by(&id("t")).count(), 1);
        assert_eq!(areas.served_by(&id("own")).count(), 0);
    }

    #[test]
    fn what_a_user_says_of_a_place_replaces_what_was_said_of_it() {
        let more = "[[area]]\nid = \"u\"\ntitle = \"Other\"\nkind = \"trust\"\n\
                    [[serves]]\norganisation = \"u\"\nplace = \"c\"\n";
        let areas = Areas::from_toml(REGISTER).unwrap().and_toml(more).unwrap();
        let county = id("c");
        let serving: Vec<&str> = areas
            .serving(&county)
            .map(|s| s.organisation.as_str())
            .collect();
        assert_eq!(serving, ["u"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_both_named() {
        for (from, to) in [
            ("organisation = \"t\"", "organisation = \"nowhere\""),
            ("organisation = \"t\"", "organisation = \"own\""),
            ("until = \"2024-03-31\"", "until = \"2019-03-31\""),
            ("until = \"2024-03-31\"", "share = 1.5"),
        ] {
            let error = Areas::from_toml(&REGISTER.replace(from, to)).unwrap_err();
            assert!(matches!(error, AreasError::Serves { .. }), "{to}: {error}");
            assert!(error.to_string().contains("place c"), "{error}");
        }
    }
}
