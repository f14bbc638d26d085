//! What resources say: of stays, with the notices that were given of them, and of referrals.

use super::body::{Body, Group, Resource};
use super::mapping::FhirMapping;
use super::node::Node;
use super::notice::Notice;
use super::referral;
use crate::line_list::row::Ring;
use crate::pseudonym::Purpose;
use crate::stay::statement::{Fault, Statement};
use chrono::{DateTime, Utc};
use joinedup_events::Areas;
use joinedup_events::transfer::TransferFact;

pub(super) const UNKNOWN: &str =
    "holds what the mapping does not know: add it to the `values` there";
const NO_TIME: &str =
    "is missing, as is a `timestamp` of the bundle: one of them says when this was made";

/// Reads the resources of one feed.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The mapping.
    pub mapping: &'a FhirMapping,
    /// The keys.
    pub ring: &'a Ring,
    /// The register of areas.
    pub areas: &'a Areas,
    /// The present instant.
    pub now: DateTime<Utc>,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// Resources that facts may follow from.
    pub resources: u64,
    /// Of these, the ones that are right and say nothing of a stay or referral.
    pub without_effect: u64,
    /// Other resources, which were not looked at.
    pub others: u64,
    /// What they say, in the order in which it was made.
    pub reports: Vec<Reported>,
    /// What could not be read, with the number of the resource.
    pub faults: Vec<(u64, Fault)>,
}

/// What one resource says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// Its number among those that were sent, from 1.
    pub number: u64,
    /// Something of it could not be read.
    pub is_faulty: bool,
    /// When it was made.
    pub recorded: DateTime<Utc>,
    /// Of what.
    pub about: About,
    /// What tells it from other resources; it names people, and is hashed.
    pub content: Vec<u8>,
}

/// What a resource is about.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// A stay, and what else happened during it.
    Stay {
        /// The stay.
        statement: Box<Statement>,
        /// Notices and the like, and when they were given, as it stands there.
        also: Vec<(DateTime<Utc>, TransferFact)>,
        /// A message about something else: what it says of the stay does not correct what is known.
        in_passing: bool,
    },
    /// A referral.
    Referral(referral::Statement),
}

impl Reader<'_> {
    /// Reads what was sent.
    #[must_use]
    pub fn read(&self, body: &Body) -> Reading {
        let mut reading = Reading::default();
        for group in body.groups() {
            self.group(&group, &mut reading);
        }
        // Whatever the order of entries: what was made first is taken first, and what came of a referral after the referral.
        reading.reports.sort_by_key(|reported| {
            let came_of_it = match &reported.about {
                About::Referral(statement) => !statement.itself,
                About::Stay { .. } => false,
            };
            (reported.recorded, came_of_it)
        });
        reading.faults.sort_by_key(|(number, _)| *number);
        reading
    }

    fn group(&self, group: &Group<'_>, reading: &mut Reading) {
        if let Some((number, bundle)) = &group.unread {
            let sentence = "must be message, transaction, batch, collection or searchset: its entries are not read";
            let fault = bundle.fault_in("type", sentence);
            reading.faults.push((*number, fault));
        }
        for (number, entry) in &group.empty {
            let sentence = "is missing, or to be deleted, which this feed does not do";
            reading
                .faults
                .push((*number, entry.fault_in("resource", sentence)));
        }
        let header = group.of_kind("MessageHeader").next();
        let header = header.filter(|_| group.is_bundle);
        let notice = header.and_then(|header| {
            // R4 writes eventCoding, the versions before it event.
            let event = header.node.get("eventCoding");
            let event = event.or_else(|| header.node.get("event"))?;
            Notice::of(&event.words())
        });
        if let (Some(header), Some(notice)) = (header, notice) {
            reading.resources += 1;
            reading.others += group.resources.len() as u64 - 1;
            self.notice(header, notice, group, reading);
            return;
        }
        for resource in &group.resources {
            let mut faults = Vec::new();
            let about = match resource.kind {
                "Encounter" => self.of_encounter(resource, group, &mut faults),
                "ServiceRequest" | "ReferralRequest" => {
                    self.of_request(resource, group, &mut faults)
                }
                "Task" => self.of_task(resource, group, &mut faults),
                _ => {
                    reading.others += 1;
                    continue;
                }
            };
            reading.resources += 1;
            reading.add(resource, group, about, faults);
        }
    }

    /// When a resource was made.
    pub(super) fn recorded(
        &self,
        node: &Node<'_>,
        group: &Group<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<DateTime<Utc>> {
        let own = node.moment(&["meta", "lastUpdated"], faults);
        let made = own.map(|own| own.at).or(group.made);
        if made.is_none() {
            faults.push(node.fault_in("meta.lastUpdated", NO_TIME));
        }
        made.map(|made| made.min(self.now))
    }

    /// The hashes of what names a resource: its identifier, or its id where it has none.
    pub(super) fn names(&self, node: &Node<'_>, faults: &mut Vec<Fault>) -> Option<Vec<String>> {
        let identifiers = node.all("identifier");
        let valued = || {
            identifiers
                .iter()
                .filter(|one| one.text_at(&["value"]).is_some())
        };
        let preferred = self.mapping.identifier_systems.iter().find_map(|system| {
            valued().find(|one| one.text_at(&["system"]) == Some(system.as_str()))
        });
        let named = preferred.or_else(|| valued().next());
        let parts = match named {
            Some(identifier) => [
                identifier.text_at(&["system"]).unwrap_or_default(),
                identifier.text_at(&["value"]).unwrap_or_default(),
            ],
            None => ["id", node.text_at(&["id"]).unwrap_or_default()],
        };
        if parts[1].is_empty() {
            let sentence = "is missing, as is an `id`: one of them names what this is about";
            faults.push(node.fault_in("identifier", sentence));
            return None;
        }
        Some(self.hashes(parts))
    }

    pub(super) fn hashes(&self, parts: [&str; 2]) -> Vec<String> {
        names(self.ring, Purpose::Entity, parts)
    }

    fn of_encounter(
        &self,
        resource: &Resource<'_>,
        group: &Group<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<(DateTime<Utc>, About)> {
        let node = &resource.node;
        let recorded = self.recorded(node, group, faults)?;
        match self.is_stay(node) {
            Some(true) => {
                let statement = self.encounter(node, group, recorded, faults)?;
                let about = About::Stay {
                    statement: Box::new(statement),
                    also: Vec::new(),
                    in_passing: false,
                };
                Some((recorded, about))
            }
            Some(false) => {
                let statement = self.contact(node, group, recorded, faults)?;
                Some((recorded, About::Referral(statement)))
            }
            None => {
                faults.push(node.fault_in("class", "is missing, and says whether it is a stay"));
                None
            }
        }
    }
}

/// The hashes of a name. People write the identifiers of other systems in small letters or capitals; an `id` is FHIR's own, and
/// capitals tell two of them apart. The hashes of it in capitals, by which it was known before, come last: what was stored under
/// them is found, and nothing new is.
pub(super) fn names(ring: &Ring, purpose: Purpose, [system, value]: [&str; 2]) -> Vec<String> {
    let exact = ["exact", system, value].map(str::to_owned);
    let exact = (system == "id").then(|| ring.hashes(purpose, &exact));
    let mut all = exact.unwrap_or_default();
    all.extend(ring.hashes(purpose, &[system, value].map(str::to_uppercase)));
    all
}

/// When a resource was made, as its sender wrote it. A time to come is recorded as now, and ids that follow from that would be
/// others each time that it is sent.
pub(super) fn made(node: &Node<'_>, group: &Group<'_>) -> Option<DateTime<Utc>> {
    let own = node.at(&["meta", "lastUpdated"]);
    let own = own.and_then(|own| own.as_moment());
    own.map(|own| own.at).or(group.made)
}

impl Reading {
    pub(super) fn add(
        &mut self,
        resource: &Resource<'_>,
        group: &Group<'_>,
        about: Option<(DateTime<Utc>, About)>,
        faults: Vec<Fault>,
    ) {
        let number = resource.number;
        let is_faulty = !faults.is_empty();
        self.without_effect += u64::from(about.is_none() && !is_faulty);
        self.faults
            .extend(faults.into_iter().map(|fault| (number, fault)));
        if let Some((recorded, about)) = about {
            let made = made(&resource.node, group).unwrap_or(recorded);
            let text = format!("{}{}", made.to_rfc3339(), resource.node.value());
            self.reports.push(Reported {
                number,
                is_faulty,
                recorded,
                about,
                content: text.into_bytes(),
            });
        }
    }
}
