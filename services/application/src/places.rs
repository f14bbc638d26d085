//! Which areas are shown where, and which charts there are: charts of every place with data, numbers of now of localities and above for those who
//! work with the people counted, and of counties and above for everybody.

use crate::app::Definitions;
use joinedup_events::{AreaId, AreaKind, Areas};
use joinedup_views::ask::{self, CellsOf};
use joinedup_views::footprint;
use joinedup_views::measure::Measure;
use joinedup_views::suppression::Audience;
use std::collections::{BTreeMap, BTreeSet};

/// The most areas in one exposition: those of the home area first.
pub const MAX_AREAS: usize = 1_000;

/// Kinds of area in which people who wait are counted as they wait.
const COUNTED_NOW: [AreaKind; 8] = [
    AreaKind::Country,
    AreaKind::Region,
    AreaKind::Icb,
    AreaKind::County,
    AreaKind::Unitary,
    AreaKind::Commissioner,
    AreaKind::Trust,
    AreaKind::Locality,
];

/// Where a kind of area stands in lists of places, the largest first.
#[must_use]
pub const fn size(kind: AreaKind) -> u8 {
    match kind {
        AreaKind::Country => 0,
        AreaKind::Region => 1,
        AreaKind::Icb => 3,
        AreaKind::County => 2,
        AreaKind::Unitary => 4,
        AreaKind::Commissioner => 5,
        AreaKind::Locality => 6,
        AreaKind::Neighbourhood => 7,
        AreaKind::Trust => 8,
        AreaKind::Hospital => 9,
        AreaKind::Other => 10,
    }
}

/// The nearest areas around one, itself included, that are large enough to be named beside a source.
#[must_use]
pub fn nearest_large<'a>(areas: &'a Areas, area: &AreaId) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![area.as_str()];
    let mut left = MAX_AREAS;
    while let Some(next) = open.pop().and_then(|id| areas.get(id)) {
        if COUNTED_NOW.contains(&next.kind) {
            found.insert(next.id.as_str());
        } else if left > 0 {
            left -= 1;
            open.extend(next.parents.iter().map(AreaId::as_str));
        }
    }
    found
}

/// The area that holds the most of some areas, or is served by them. Of several that hold as many it is one of those areas,
/// since a place that an organisation serves has no data of its own, and the smallest. None when none is in the register.
#[must_use]
pub fn around<'a>(
    register: &'a Areas,
    areas: impl IntoIterator<Item = &'a AreaId>,
) -> Option<&'a AreaId> {
    let mut held: BTreeMap<&AreaId, usize> = BTreeMap::new();
    let mut own = BTreeSet::new();
    for area in areas {
        own.insert(area);
        let mut above = BTreeSet::new();
        let mut open = vec![area];
        open.extend(register.served_by(area));
        while let Some(next) = open.pop().and_then(|id| register.get(id.as_str())) {
            if above.insert(&next.id) {
                open.extend(&next.parents);
            }
        }
        for id in above {
            *held.entry(id).or_default() += 1;
        }
    }
    let most = *held.values().max()?;
    let all = held.into_iter().filter(|(_, n)| *n == most);
    all.map(|(id, _)| id)
        .min_by_key(|id| (!own.contains(id), register.within(id).len(), *id))
}

/// The one area that is alerted to what happens in another: the nearest that somebody answers for, a locality before a
/// trust, a trust before a council and so on, so that nobody is alerted to twice; the area itself where there is none.
#[must_use]
pub fn answering<'a>(areas: &'a Areas, area: &'a AreaId) -> &'a str {
    let rank = |id: &str| {
        let kind = areas.get(id).map(|a| a.kind);
        COUNTED_NOW.iter().position(|k| Some(*k) == kind)
    };
    let nearest = nearest_large(areas, area).into_iter();
    // Of two of a kind the first by its code.
    nearest
        .rev()
        .max_by_key(|id| rank(id))
        .unwrap_or(area.as_str())
}

/// The home area with everything within it. The register holds all of England, so of a country or region it is the area
/// alone: what never reported has no place in a list or a scrape.
#[must_use]
pub fn of_home(areas: &Areas, home: &AreaId) -> BTreeSet<AreaId> {
    let kind = areas.get(home.as_str()).map(|area| area.kind);
    match kind {
        Some(AreaKind::Country | AreaKind::Region) => BTreeSet::from([home.clone()]),
        _ => areas.within(home),
    }
}

/// The areas of an exposition.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The home area and all within it ([`of_home`]), then the others with data and what those are in.
    pub all: Vec<AreaId>,
    /// Those whose numbers of now are shown to the audience: to the public, of places that no rule for small numbers
    /// holds for, because a number that moves with each event shows each person.
    pub now: Vec<AreaId>,
}

impl Places {
    /// The home area with everything within it ([`of_home`]), and every other area of the register that has data or has parts
    /// with data.
    #[must_use]
    pub fn of(
        definitions: &Definitions,
        home: &AreaId,
        cells: CellsOf<'_>,
        audience: Audience,
    ) -> Self {
        let areas = &*definitions.areas;
        let mut all: Vec<AreaId> = Vec::new();
        let mut seen = BTreeSet::new();
        for area in std::iter::once(home.clone()).chain(of_home(areas, home)) {
            if areas.get(area.as_str()).is_some() && seen.insert(area.clone()) {
                all.push(area);
            }
        }
        let mut with_data: BTreeSet<&str> = BTreeSet::new();
        for measure in definitions.measures.iter() {
            let quantities = std::iter::once(&measure.quantity).chain(&measure.over);
            let cells = cells.get(measure);
            with_data.extend(quantities.flat_map(|quantity| cells.areas_of(quantity)));
        }
        let mut open: Vec<AreaId> = with_data
            .iter()
            .filter_map(|id| areas.get(id))
            .map(|area| area.id.clone())
            .collect();
        let mut more = BTreeSet::new();
        // An organisation's numbers stand for the places that it serves, too.
        let served: Vec<AreaId> = open
            .iter()
            .flat_map(|id| areas.served_by(id))
            .cloned()
            .collect();
        open.extend(served);
        while let Some(id) = open.pop() {
            if !seen.contains(&id) && more.insert(id.clone()) {
                open.extend(
                    areas
                        .get(id.as_str())
                        .into_iter()
                        .flat_map(|a| a.parents.iter().cloned()),
                );
            } else if seen.contains(&id) {
                let parents = areas
                    .get(id.as_str())
                    .into_iter()
                    .flat_map(|a| a.parents.iter());
                open.extend(
                    parents
                        .filter(|p| !seen.contains(*p) && !more.contains(*p))
                        .cloned(),
                );
            }
        }
        all.extend(more);
        all.truncate(MAX_AREAS);
        let counted_now = |area: &&AreaId| {
            let kind = areas.get(area.as_str()).map(|a| a.kind);
            // Who is in no larger area would be counted nowhere else.
            (kind.is_some_and(|kind| COUNTED_NOW.contains(&kind))
                || nearest_large(areas, area).is_empty())
                && (audience == Audience::Operations
                    || !definitions.policy.of(audience).holds(areas, area.as_str()))
        };
        let now = all.iter().filter(counted_now).cloned().collect();
        Self { all, now }
    }
}

/// The measures, each with those of some areas that have data of it: in them, in a part of them, or at an organisation
/// that serves them.
#[must_use]
pub fn with_data<'a>(
    definitions: &ask::Definitions<'a>,
    areas: &[AreaId],
    cells: CellsOf<'_>,
) -> Vec<(&'a Measure, Vec<AreaId>)> {
    let within: Vec<_> = areas
        .iter()
        .map(|area| (area, definitions.areas.within(area)))
        .collect();
    let of = |measure: &Measure| -> Vec<AreaId> {
        let with_data = cells.get(measure).areas_of(&measure.quantity);
        within
            .iter()
            .filter(|(area, within)| {
                let has = |id: &AreaId| with_data.contains(id.as_str());
                within.iter().any(has)
                    || (footprint::is_taken_by(measure)
                        && definitions
                            .areas
                            .serving(area)
                            .any(|s| has(&s.organisation)))
            })
            .map(|(area, _)| (*area).clone())
            .collect()
    };
    definitions
        .measures
        .iter()
        .map(|measure| (measure, of(measure)))
        .filter(|(_, areas)| !areas.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &str = r#"
[[area]]
id = "icb"
title = "ICB"
kind = "icb"
[[area]]
id = "trust"
title = "Trust"
kind = "trust"
parents = ["icb"]
[[area]]
id = "site"
title = "Site"
kind = "hospital"
parents = ["trust"]
[[area]]
id = "unitary"
title = "Unitary"
kind = "unitary"
parents = ["icb"]
[[area]]
id = "north"
title = "North"
kind = "locality"
parents = ["unitary", "icb"]
[[area]]
id = "street"
title = "Street"
kind = "neighbourhood"
parents = ["trust", "north"]
[[area]]
id = "alone"
title = "A hospital of its own"
kind = "hospital"
[[area]]
id = "clinic"
title = "An organisation that serves two places"
kind = "trust"
[[serves]]
organisation = "clinic"
place = "alone"
caution = "It also treats people of Unitary"
[[serves]]
organisation = "clinic"
place = "unitary"
caution = "It also treats people of elsewhere"
"#;

    #[test]
    fn one_place_answers_for_each_area_the_nearest_that_can_act() {
        let areas = Areas::from_toml(REGISTER).unwrap();
        for (area, answers) in [
            ("site", "trust"),
            ("trust", "trust"),
            ("unitary", "unitary"),
            ("north", "north"),
            ("street", "north"),
            ("alone", "alone"),
            ("icb", "icb"),
        ] {
            assert_eq!(
                answering(&areas, &AreaId::new(area).unwrap()),
                answers,
                "{area}"
            );
        }
    }

    #[test]
    fn what_never_reported_in_england_is_in_no_exposition() {
        let definitions = Definitions::read(&crate::config::Config::default()).unwrap();
        let england = AreaId::new("E92000001").unwrap();
        let mut cells = joinedup_views::Cells::default();
        let report = [("grain", "month")];
        let (series, day) = (
            "observation.ae-emergency-admissions",
            chrono::NaiveDate::MIN,
        );
        cells.apply(series, "RAJ", &report, day, joinedup_views::Delta::ONE, 1);
        let places = Places::of(
            &definitions,
            &england,
            CellsOf::all(&cells),
            Audience::Operations,
        );
        let all: Vec<&str> = places.all.iter().map(AreaId::as_str).collect();
        for (id, is_there) in [
            ("E92000001", true),
            ("Y61", true),
            ("RAJ", true),
            ("E10000012", true),
            ("RDE", false),
            ("Y62", false),
            ("QMM", false),
        ] {
            assert_eq!(all.contains(&id), is_there, "{id} in {all:?}");
        }
    }

    #[test]
    fn home_is_the_smallest_place_around_what_reports() {
        let areas = Areas::from_toml(REGISTER).unwrap();
        let found = |ids: &[&str]| {
            let ids: Vec<AreaId> = ids.iter().map(|id| AreaId::new(id).unwrap()).collect();
            around(&areas, &ids).map(ToString::to_string)
        };
        for (reported, home) in [
            (&["street"][..], Some("street")),
            (&["street", "north"], Some("north")),
            (&["site", "street"], Some("trust")),
            (&["site", "unitary"], Some("icb")),
            // No place holds them all: the one that holds the most.
            (&["site", "street", "alone"], Some("trust")),
            // An organisation alone, and not one of the places that it serves.
            (&["clinic"], Some("clinic")),
            (&["clinic", "alone"], Some("alone")),
            (&["clinic", "unitary"], Some("unitary")),
            (&["atlantis"], None),
            (&[], None),
        ] {
            assert_eq!(found(reported).as_deref(), home, "{reported:?}");
        }
    }
}
