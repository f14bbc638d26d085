//! A feed of one hospital and its team, and what its resources became. All people and numbers are invented.

use crate::fhir::body::Body;
use crate::fhir::mapping::FhirMapping;
use crate::fhir::new::New;
use crate::fhir::reader::{About, Reader, Reading};
use crate::fhir::version::Versions;
use crate::line_list::row::Ring;
use crate::pseudonym::Key;
use crate::stay::events::{self, Origin};
use chrono::{DateTime, Utc};
use joinedup_events::{AreaId, Areas, EntityId, Event, Family, Slug, check};
use joinedup_views::contributions::referral::Case;
use joinedup_views::contributions::transfer::Spell;
use joinedup_views::view::View;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What must be in no event and in no sentence.
pub(super) const CANARIES: [&str; 5] = [
    "Quillfeather",
    "9990123456",
    "QZ4471",
    "1940-02-29",
    "Zebedee",
];

pub(super) const SITE: &str = "format = \"fhir\"\nready = [\"no-criteria-since\"]\n\
                    [pathway]\nextension = [\"pathway\"]\nvalues = { P1 = \"1\" }\n";

/// One feed, and what its resources became.
pub(super) struct World {
    pub mapping: FhirMapping,
    pub ring: Ring,
    pub areas: Areas,
    view: View,
    pub events: Vec<Event>,
    entities: BTreeSet<(Family, EntityId)>,
    pub now: DateTime<Utc>,
    pub versions: Versions,
}

impl World {
    pub fn new() -> Self {
        Self {
            mapping: FhirMapping::parse("site.toml", SITE).unwrap(),
            ring: Ring {
                current: Key::of(&[7; 32]).unwrap(),
                previous: None,
            },
            areas: Areas::built_in().unwrap(),
            view: View::new(),
            events: Vec::new(),
            entities: BTreeSet::new(),
            now: Self::now(),
            versions: Versions::default(),
        }
    }

    pub fn now() -> DateTime<Utc> {
        "2026-12-01T00:00:00Z".parse().unwrap()
    }

    pub fn read(&self, sent: &Value) -> Reading {
        self.read_text(&sent.to_string())
    }

    fn read_text(&self, sent: &str) -> Reading {
        let reader = Reader {
            mapping: &self.mapping,
            ring: &self.ring,
            areas: &self.areas,
            now: self.now,
        };
        reader.read(&Body::read(sent.as_bytes()).unwrap())
    }

    /// Takes what is sent; returns how many events it made, and the paths of what was not readable.
    pub fn take(&mut self, sent: &Value) -> (usize, Vec<String>) {
        self.take_text(&sent.to_string())
    }

    pub fn take_text(&mut self, sent: &str) -> (usize, Vec<String>) {
        let reading = self.read_text(sent);
        let (mut count, mut faults) = (0, Vec::new());
        for reported in &reading.reports {
            let (family, names) = match &reported.about {
                About::Stay { statement, .. } => (Family::Transfer, &statement.spell),
                About::Referral(statement) => (Family::Referral, &statement.names),
            };
            let entity = EntityId::new(&format!("ward-{}", names[0])).unwrap();
            let known = self.view.entity(family, entity.as_str());
            let known = known.map(|known| known.facts.all()).unwrap_or_default();
            let numbered = self.events.iter().zip(1_u64..);
            let ids: BTreeMap<u64, String> =
                numbered.map(|(event, at)| (at, event.id.clone())).collect();
            let origin = Origin {
                feed: &Slug::new("ward").unwrap(),
                source: "/import/ward".to_owned(),
                area: &AreaId::new("RAJ").unwrap(),
                entity: &entity,
                ring: &self.ring,
                message: &events::message(&self.ring, &reported.content),
            };
            let new = New::of(reported, &known, &origin, &self.versions);
            self.versions.remember(reported, &entity);
            let fault = new.fault();
            faults.extend(fault.map(|(place, sentence)| format!("{place} {sentence}")));
            let new = new.events(&origin, reported.recorded, &known, &ids, |_| true);
            count += new.len();
            for event in new {
                check::check(&event, &event.data(), &self.areas, self.now).unwrap();
                names_nobody(&event.to_json().to_string());
                self.events.push(event.clone());
                self.view.fold([(self.events.len() as u64, event)]);
            }
            self.entities.insert((family, entity));
        }
        faults.extend(reading.faults.iter().map(|(_, fault)| fault.to_string()));
        faults.iter().for_each(|fault| names_nobody(fault));
        (count, faults)
    }

    /// The one stay.
    pub fn stay<T>(&self, ask: impl FnOnce(Option<&Spell<'_>>) -> T) -> T {
        let mut stays = self.entities.iter().filter(|(f, _)| *f == Family::Transfer);
        let (_, entity) = stays.next().unwrap();
        assert_eq!(stays.next(), None, "one stay");
        let known = self.view.entity(Family::Transfer, entity.as_str()).unwrap();
        let stands = known.facts.standing();
        ask(Spell::of(&stands).as_ref())
    }

    /// The one referral.
    pub fn case<T>(&self, ask: impl FnOnce(&Case<'_>) -> T) -> T {
        let mut all = self.entities.iter().filter(|(f, _)| *f == Family::Referral);
        let (_, entity) = all.next().unwrap();
        assert_eq!(all.next(), None, "one referral");
        let known = self.view.entity(Family::Referral, entity.as_str()).unwrap();
        let stands = known.facts.standing();
        ask(&Case::of(&stands))
    }
}

pub(super) fn names_nobody(text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

/// A stay, as it was stated at a time, with more elements.
pub(super) fn encounter(made: &str, status: &str, more: Value) -> Value {
    let mut resource = json!({
        "resourceType": "Encounter",
        "id": "e1",
        "meta": { "lastUpdated": made },
        "text": { "status": "generated", "div": "<div>Jane Quillfeather, 9990123456</div>" },
        "identifier": [{ "system": "https://example.nhs.uk/visit", "value": "QZ4471" }],
        "status": status,
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
        "subject": { "reference": "Patient/p1", "display": "Jane Quillfeather" },
        "location": [{ "location": { "display": "Zebedee ward" } }],
    });
    let fields = more.as_object().unwrap().clone();
    resource.as_object_mut().unwrap().extend(fields);
    resource
}

pub(super) fn patient(more: Value) -> Value {
    let mut patient = json!({
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [{ "system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990123456" }],
        "name": [{ "family": "Quillfeather", "given": ["Jane"] }],
        "birthDate": "1940-02-29",
    });
    let fields = more.as_object().unwrap().clone();
    patient.as_object_mut().unwrap().extend(fields);
    patient
}

pub(super) fn bundle(kind: &str, resources: &[Value]) -> Value {
    let entries: Vec<Value> = resources
        .iter()
        .map(|one| json!({ "fullUrl": format!("urn:uuid:{}", one["id"].as_str().unwrap_or("x")), "resource": one }))
        .collect();
    json!({ "resourceType": "Bundle", "type": kind, "timestamp": "2026-11-14T09:00:00Z", "entry": entries })
}

pub(super) fn start() -> Value {
    json!({ "period": { "start": "2026-11-10T08:00:00Z" } })
}

pub(super) fn over(end: &str) -> Value {
    json!({
        "period": { "start": "2026-11-10T08:00:00Z", "end": end },
        "hospitalization": { "dischargeDisposition": { "coding": [{ "code": "19", "display": "Usual place" }] } },
    })
}

pub(super) fn request(made: &str, status: &str) -> Value {
    json!({
        "resourceType": "ServiceRequest", "id": "s1",
        "meta": { "lastUpdated": made },
        "identifier": { "value": "QZ4471-R" },
        "status": status, "intent": "order", "priority": "urgent",
        "category": [{ "text": "Hospital discharge" }],
        "code": { "coding": [{ "code": "x", "display": "Urgent Community Response" }] },
        "subject": { "display": "Jane Quillfeather" },
        "authoredOn": "2026-11-10T08:00:00+00:00",
        "patientInstruction": "Ask for Zebedee",
    })
}

pub(super) fn task(made: &str, status: &str, more: Value) -> Value {
    let mut task = json!({
        "resourceType": "Task", "id": "t1", "status": status, "intent": "order",
        "lastModified": made,
        "basedOn": { "reference": "ServiceRequest/s1" },
    });
    let fields = more.as_object().unwrap().clone();
    task.as_object_mut().unwrap().extend(fields);
    task
}
