//! What a list of people waiting can be narrowed to, with counts that follow every other choice.

use joinedup_events::Slug;
use joinedup_events::reason::{Reason, Responsible};
use joinedup_events::transfer::Pathway;
use joinedup_views::waiting::WaitingTransfer;
use std::collections::{BTreeMap, BTreeSet};

/// The choice of rows for which nothing is recorded.
pub const NONE: &str = "none";

/// A way to narrow the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facet {
    /// Who needs to act.
    Responsible,
    /// Why the person waits.
    Reason,
    /// The discharge pathway.
    Pathway,
    /// The hospital.
    Hospital,
    /// The ward.
    Ward,
    /// Waiting for so many nights or more.
    Nights,
}

impl Facet {
    /// Every facet.
    pub const ALL: [Self; 6] = [
        Self::Responsible,
        Self::Nights,
        Self::Hospital,
        Self::Ward,
        Self::Pathway,
        Self::Reason,
    ];

    /// Its name in an address.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Responsible => "responsible",
            Self::Reason => "reason",
            Self::Pathway => "pathway",
            Self::Hospital => "hospital",
            Self::Ward => "ward",
            Self::Nights => "nights",
        }
    }

    /// The values that a row has: a wait with several reasons has several, and several whose move it is.
    fn codes(self, row: &WaitingTransfer) -> BTreeSet<&str> {
        let hospital = || row.hospital.as_ref().map(joinedup_events::AreaId::as_str);
        let further = row.further_reasons.iter();
        match self {
            Self::Responsible => further
                .map(|f| f.responsible)
                .chain([row.responsible])
                .collect(),
            Self::Reason => further
                .map(|f| f.reason)
                .chain([row.reason.unwrap_or(NONE)])
                .collect(),
            Self::Pathway => [row.pathway.unwrap_or(NONE)].into(),
            Self::Hospital => [hospital().unwrap_or(NONE)].into(),
            Self::Ward => [row.ward.as_ref().map_or(NONE, Slug::as_str)].into(),
            Self::Nights => BTreeSet::new(),
        }
    }

    /// Whether a choice can be one of this facet's. A ward is whatever its sender calls it, and an area is the register's to know.
    #[must_use]
    pub fn knows(self, choice: &str) -> bool {
        match self {
            Self::Responsible => Responsible::from_code(choice).is_some(),
            Self::Nights => choice.parse().is_ok_and(|least: u16| least > 0),
            Self::Reason => choice == NONE || Reason::from_code(choice).is_some(),
            Self::Pathway => choice == NONE || Pathway::from_code(choice).is_some(),
            Self::Hospital | Self::Ward => true,
        }
    }

    fn keeps(self, row: &WaitingTransfer, choice: &str) -> bool {
        match self {
            Self::Nights => choice.parse().is_ok_and(|least: i64| row.days >= least),
            facet => facet.codes(row).contains(choice),
        }
    }
}

/// What the list is narrowed to: a choice for some of the facets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed(Vec<(Facet, String)>);

impl Narrowed {
    /// Reads the choices through a function from a facet's name in an address to what is chosen.
    #[must_use]
    pub fn of<'a>(chosen: impl Fn(&str) -> Option<&'a str>) -> Self {
        let choice = |facet: Facet| Some((facet, chosen(facet.name())?.to_owned()));
        Self(Facet::ALL.into_iter().filter_map(choice).collect())
    }

    /// Whether anything is chosen.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// What is chosen of a facet.
    #[must_use]
    pub fn choice(&self, facet: Facet) -> Option<&str> {
        let chosen = self.0.iter().find(|(f, _)| *f == facet);
        chosen.map(|(_, choice)| choice.as_str())
    }

    /// The row passes every choice.
    #[must_use]
    pub fn keeps(&self, row: &WaitingTransfer) -> bool {
        self.0
            .iter()
            .all(|(facet, choice)| facet.keeps(row, choice))
    }

    fn keeps_but(&self, row: &WaitingTransfer, but: Facet) -> bool {
        let mut others = self.0.iter().filter(|(facet, _)| *facet != but);
        others.all(|(facet, choice)| facet.keeps(row, choice))
    }

    /// How many rows there are beside what is chosen of the other facets: fewer than its values would show together where a
    /// row has several.
    #[must_use]
    pub fn beside(&self, rows: &[WaitingTransfer], facet: Facet) -> usize {
        rows.iter().filter(|row| self.keeps_but(row, facet)).count()
    }

    /// How many rows each value of a facet would show, beside what is chosen of the other facets; the most first. A
    /// chosen value is always among them.
    #[must_use]
    pub fn counts(&self, rows: &[WaitingTransfer], facet: Facet) -> Vec<(String, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        if let Some(choice) = self.choice(facet) {
            counts.insert(choice, 0);
        }
        for row in rows.iter().filter(|row| self.keeps_but(row, facet)) {
            for code in facet.codes(row) {
                *counts.entry(code).or_default() += 1;
            }
        }
        let mut counts: Vec<(String, usize)> = counts
            .into_iter()
            .map(|(code, n)| (code.to_owned(), n))
            .collect();
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        counts
    }

    /// How many rows wait for so many nights or more, beside what is chosen of the other facets.
    #[must_use]
    pub fn at_least(&self, rows: &[WaitingTransfer], nights: i64) -> usize {
        rows.iter()
            .filter(|row| self.keeps_but(row, Facet::Nights) && row.days >= nights)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_events::{AreaId, EntityId};
    use joinedup_views::waiting::FurtherReason;

    fn row(responsible: &'static str, pathway: Option<&'static str>, days: i64) -> WaitingTransfer {
        with_reasons(responsible, pathway, days, &[])
    }

    fn with_reasons(
        responsible: &'static str,
        pathway: Option<&'static str>,
        days: i64,
        further: &[FurtherReason],
    ) -> WaitingTransfer {
        WaitingTransfer {
            transfer: EntityId::new("t-1").unwrap(),
            area: AreaId::new("north").unwrap(),
            hospital: None,
            ward: None,
            since: chrono::NaiveDate::default(),
            days,
            pathway,
            reason: None,
            reason_title: None,
            responsible,
            further_reasons: further.to_vec(),
            next_step: "",
            expected: None,
        }
    }

    #[test]
    fn who_waits_for_two_bodies_is_found_under_each() {
        let further = FurtherReason {
            reason: "equipment-adaptations",
            reason_title: "",
            responsible: "social-care",
            since: chrono::NaiveDate::default(),
            days: 3,
        };
        let rows = [with_reasons("nhs", None, 9, &[further])];
        let any = Narrowed::default();
        let by_body = any.counts(&rows, Facet::Responsible);
        assert_eq!(
            by_body,
            [("nhs".to_owned(), 1), ("social-care".to_owned(), 1)]
        );
        assert_eq!(any.beside(&rows, Facet::Responsible), 1);
        for (facet, code) in [
            ("responsible", "social-care"),
            ("reason", "equipment-adaptations"),
        ] {
            let chosen = Narrowed::of(|name| (name == facet).then_some(code));
            assert!(chosen.keeps(&rows[0]), "{facet}");
        }
    }

    #[test]
    fn a_count_is_what_choosing_it_shows() {
        let rows = [
            row("nhs", Some("0"), 9),
            row("nhs", None, 1),
            row("both", Some("0"), 2),
            row("social-care", Some("3"), 15),
        ];
        for chosen in [None, Some("nhs"), Some("both")] {
            let with = |pathway: Option<&'static str>| {
                Narrowed::of(|name| match name {
                    "responsible" => chosen,
                    "pathway" => pathway,
                    _ => None,
                })
            };
            for (code, count) in with(None).counts(&rows, Facet::Pathway) {
                let code: &'static str = ["0", "3", NONE].into_iter().find(|c| *c == code).unwrap();
                let shown = rows
                    .iter()
                    .filter(|row| with(Some(code)).keeps(row))
                    .count();
                assert_eq!(shown, count, "{chosen:?} {code}");
            }
        }
        let both = Narrowed::of(|name| (name == "responsible").then_some("both"));
        assert_eq!(both.at_least(&rows, 7), 0);
        assert_eq!(Narrowed::default().at_least(&rows, 7), 2);
    }

    #[test]
    fn what_makes_no_sense_shows_nobody_and_says_so_by_its_count() {
        let rows = [row("nhs", None, 9)];
        let odd = Narrowed::of(|name| (name == "responsible").then_some("nobody"));
        assert!(odd.any() && !odd.keeps(&rows[0]));
        let counts = odd.counts(&rows, Facet::Responsible);
        assert_eq!(counts, [("nhs".to_owned(), 1), ("nobody".to_owned(), 0)]);
        for (facet, known, unknown) in [
            (Facet::Responsible, "unattributed", NONE),
            (Facet::Nights, "1", "-1"),
            (Facet::Reason, "HP1", "nobody"),
            (Facet::Pathway, NONE, "4"),
        ] {
            assert!(facet.knows(known) && !facet.knows(unknown), "{facet:?}");
        }
    }
}
