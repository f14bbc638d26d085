//! The county's places, taken from the register of areas.

use super::{Scenario, SimulateError};
use joinedup_events::{Area, AreaId, AreaKind, Areas};

/// One locality.
pub(super) struct Locality {
    pub(super) id: AreaId,
    /// The id without the county's, for sources and teams: `north`.
    pub(super) short: String,
    /// The neighbourhoods, or the locality itself where the register has none.
    pub(super) homes: Vec<AreaId>,
    pub(super) adults: f64,
    pub(super) aged_65: f64,
}

/// The county.
pub(super) struct County {
    pub(super) id: AreaId,
    pub(super) localities: Vec<Locality>,
    pub(super) hospitals: Vec<AreaId>,
}

impl County {
    pub(super) fn of(scenario: &Scenario, areas: &Areas) -> Result<Self, SimulateError> {
        let county = &scenario.county;
        let within = |id: &AreaId, kind: AreaKind| -> Vec<&Area> {
            areas
                .within(id)
                .iter()
                .filter_map(|a| areas.get(a.as_str()))
                .filter(|a| a.kind == kind)
                .collect()
        };
        let localities: Vec<Locality> = within(county, AreaKind::Locality)
            .into_iter()
            .map(|area| {
                let mut homes: Vec<AreaId> = within(&area.id, AreaKind::Neighbourhood)
                    .into_iter()
                    .map(|a| a.id.clone())
                    .collect();
                let people = |of: fn(&Area) -> Option<u32>, default: u32| {
                    let inside: u32 = homes
                        .iter()
                        .filter_map(|h| areas.get(h.as_str()))
                        .filter_map(of)
                        .sum();
                    f64::from(of(area).unwrap_or(if inside > 0 { inside } else { default }))
                };
                let (adults, aged_65) = (
                    people(|a| a.population_18, 240_000),
                    people(|a| a.population_65, 62_000),
                );
                if homes.is_empty() {
                    homes.push(area.id.clone());
                }
                let prefix = format!("{county}-");
                let short = area
                    .id
                    .as_str()
                    .strip_prefix(&prefix)
                    .unwrap_or(area.id.as_str());
                Locality {
                    id: area.id.clone(),
                    short: short.to_owned(),
                    homes,
                    adults,
                    aged_65,
                }
            })
            .collect();
        if localities.is_empty() {
            return Err(SimulateError::NoCounty(county.clone()));
        }
        let hospitals: Vec<AreaId> = within(&scenario.trust, AreaKind::Hospital)
            .into_iter()
            .map(|a| a.id.clone())
            .collect();
        if hospitals.is_empty() {
            return Err(SimulateError::NoTrust(scenario.trust.clone()));
        }
        Ok(Self {
            id: county.clone(),
            localities,
            hospitals,
        })
    }

    /// The locality that plays a part, by its place in the order of codes; a small county gives several parts to one.
    pub(super) fn part(&self, index: usize) -> usize {
        index % self.localities.len()
    }

    pub(super) fn source(&self, system: &str) -> String {
        format!("/{}/{system}", self.id)
    }

    pub(super) fn local_source(&self, locality: usize, system: &str) -> String {
        format!("/{}/{}/{system}", self.id, self.localities[locality].short)
    }

    /// The source that stops publishing shortly before the end.
    pub(super) fn silent_source(&self) -> String {
        self.local_source(self.part(1), "mdt")
    }
}
