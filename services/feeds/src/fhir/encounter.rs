//! What an Encounter says of a stay in hospital.

use super::body::Group;
use super::node::Node;
use super::reader::{Reader, UNKNOWN, names};
use crate::line_list::field::reason;
use crate::line_list::moment::Moment;
use crate::pseudonym::Purpose;
use crate::stay::statement::{Fault, Readiness, Stated, Statement, Trigger};
use chrono::{DateTime, TimeDelta, Utc};
use joinedup_events::reason::Reason;
use joinedup_events::transfer::{AdmissionMethod, DischargeMethod, Pathway};
use joinedup_events::{AreaId, Slug};

/// Where an Encounter is in its course, in the words of R4 and those of R5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not begun.
    Ahead,
    /// Somebody is there.
    There,
    /// It has ended.
    Ended,
    /// It was entered in error, or did not take place.
    Never,
}

impl Phase {
    pub fn of(encounter: &Node<'_>) -> Option<Self> {
        Some(match encounter.text_at(&["status"])? {
            "planned" => Self::Ahead,
            "arrived" | "triaged" | "in-progress" | "onleave" | "on-hold" => Self::There,
            "finished" | "discharged" | "completed" => Self::Ended,
            "cancelled" | "entered-in-error" | "discontinued" => Self::Never,
            _ => return None,
        })
    }
}

/// What is wrong with a status that says nothing.
pub(super) const NO_STATUS: &str = "is missing or not one of those that there are";

/// The period of an element, open where it has no end.
pub(super) fn period(node: &Node<'_>, faults: &mut Vec<Fault>) -> (Option<Moment>, Option<Moment>) {
    // R5 has the same element under another name.
    let name = match node.get("period") {
        Some(_) => "period",
        None => "actualPeriod",
    };
    let [start, end] = ["start", "end"].map(|end| node.moment(&[name, end], faults));
    (start, end)
}

impl Reader<'_> {
    /// Whether the Encounter is a stay in a bed; none where it has no class.
    pub(super) fn is_stay(&self, encounter: &Node<'_>) -> Option<bool> {
        let class = encounter.get("class")?;
        let mut codes = class.words().into_iter();
        Some(codes.any(|code| self.mapping.inpatient.iter().any(|one| one == code)))
    }

    /// What an Encounter says, made at a time; none of one that says nothing yet.
    pub(super) fn encounter(
        &self,
        encounter: &Node<'_>,
        group: &Group<'_>,
        recorded: DateTime<Utc>,
        faults: &mut Vec<Fault>,
    ) -> Option<Statement> {
        let Some(phase) = Phase::of(encounter) else {
            faults.push(encounter.fault_in("status", NO_STATUS));
            return None;
        };
        let spell = self.names(encounter, faults)?;
        let (start, end) = period(encounter, faults);
        let trigger = match phase {
            Phase::Ahead => return None,
            Phase::There => Trigger::Present,
            Phase::Ended if end.is_some() => Trigger::Discharge,
            Phase::Ended => {
                let sentence =
                    "is missing, and says when a stay that is over ended: the end is not taken";
                faults.push(encounter.fault_in("period.end", sentence));
                Trigger::Update
            }
            Phase::Never => Trigger::CancelAdmit,
        };
        // While somebody is there an end is one that is planned.
        let discharged = end.filter(|_| trigger == Trigger::Discharge);
        let (died, died_at) = died(encounter, group, faults);
        // R5 has the same element under another name.
        let stay = encounter.get("hospitalization");
        let stay = stay.or_else(|| encounter.get("admission"));
        let places = [Some(encounter.clone()), stay.clone()];
        let disposition = stay.and_then(|stay| stay.get("dischargeDisposition"));
        let mapping = self.mapping;
        let method = mapping.method.node(&places);
        let method = method.and_then(|node| mapping.method.value(node.words()));
        let left = mapping.discharge_method.node(&places);
        let left = left.or_else(|| disposition.clone());
        let left = left.and_then(|node| mapping.discharge_method.value(node.words()));
        let planned = encounter.extension(&mapping.expected);
        let planned = planned.or_else(|| encounter.get("plannedEndDate"));
        // A version replaces the one before: what it lacks while somebody is there is no longer so.
        let replaces = phase == Phase::There && !is_part(encounter);
        let absent = |extensions: &[String]| replaces && !extensions.is_empty();
        Some(Statement {
            unnumbered: false,
            trigger,
            spell,
            person: self.person(encounter, group),
            previous: None,
            inpatient: self.is_stay(encounter),
            recorded,
            within: TimeDelta::seconds(1),
            happened: None,
            admitted: start.map(|start| start.at),
            method: method.and_then(AdmissionMethod::from_code),
            hospital: self.hospital(encounter, group),
            discharged,
            discharge_method: left.and_then(DischargeMethod::from_code),
            destination: disposition.and_then(|node| national_code(&node)),
            died,
            died_at,
            expected: dated(planned, absent(&mapping.expected), faults, Moment::date),
            not_ready_withdrawn: false,
            readiness: dated(
                encounter.extension(&mapping.ready),
                absent(&mapping.ready),
                faults,
                |moment| Readiness {
                    ready: true,
                    date: moment.date(),
                    dated: true,
                },
            ),
            pathway: known(
                mapping.pathway.node(&places),
                absent(&mapping.pathway.extension),
                faults,
                |node| {
                    let mapped = mapping.pathway.value(node.words());
                    mapped.and_then(Pathway::from_code)
                },
            ),
            ward: Stated::Nothing,
            reason: known(
                mapping.delay_reason.node(&places),
                absent(&mapping.delay_reason.extension),
                faults,
                |node| {
                    let words = node.words();
                    let mapped = mapping.delay_reason.value(words.iter().copied());
                    mapped
                        .and_then(Reason::from_code)
                        .or_else(|| words.into_iter().find_map(reason))
                },
            ),
            remark: None,
            faults: Vec::new(),
        })
    }

    /// The hashes of the person: of the first identifier, or of the id where there is none.
    fn person(&self, encounter: &Node<'_>, group: &Group<'_>) -> Vec<String> {
        let Some(subject) = subject(encounter) else {
            return Vec::new();
        };
        let sent = group.referred(&subject);
        let named = sent.and_then(|sent| sent.node.get("identifier"));
        let named = named.or_else(|| subject.get("identifier"));
        let part = |name: &str| named.as_ref().and_then(|one| one.text_at(&[name]));
        let parts = match (part("value"), subject.text_at(&["reference"])) {
            (Some(value), _) => [part("system").unwrap_or_default(), value],
            // Such a name is made anew for each bundle.
            (None, Some(reference)) if !reference.starts_with("urn:") => ["id", reference],
            _ => return Vec::new(),
        };
        names(self.ring, Purpose::Person, parts)
    }

    /// The hospital, where the register of areas has it.
    fn hospital(&self, encounter: &Node<'_>, group: &Group<'_>) -> Option<AreaId> {
        let provider = encounter.get("serviceProvider")?;
        let sent = group.referred(&provider);
        let mut codes: Vec<&str> = Vec::new();
        codes.extend(provider.text_at(&["identifier", "value"]));
        for identifier in sent.iter().flat_map(|one| one.node.all("identifier")) {
            codes.extend(identifier.text_at(&["value"]));
        }
        let reference = provider.text_at(&["reference"]);
        codes.extend(reference.and_then(|text| text.rsplit('/').next()));
        let known = |code: &str| {
            let area = self.areas.get(code)?;
            area.kind.is_provider().then(|| area.id.clone())
        };
        codes.into_iter().find_map(known)
    }
}

/// Whose the Encounter is; the versions before STU3 have another name for it.
fn subject<'a>(encounter: &Node<'a>) -> Option<Node<'a>> {
    let subject = encounter.get("subject");
    subject.or_else(|| encounter.get("patient"))
}

/// Whether the person of an Encounter died, and when, where the person was sent too. Nothing else of a Patient is looked at.
fn died(
    encounter: &Node<'_>,
    group: &Group<'_>,
    faults: &mut Vec<Fault>,
) -> (bool, Option<Moment>) {
    let patient = subject(encounter).and_then(|subject| group.referred(&subject));
    let Some(patient) = patient.filter(|one| one.kind == "Patient") else {
        return (false, None);
    };
    let at = patient.node.moment(&["deceasedDateTime"], faults);
    let flag = patient.node.get("deceasedBoolean");
    let died = flag.is_some_and(|flag| flag.value().as_bool() == Some(true));
    (died || at.is_some(), at)
}

/// Whether it is marked as a part of the resource, as answers to a search for some elements are.
fn is_part(encounter: &Node<'_>) -> bool {
    let meta = encounter.get("meta");
    let mut tags = meta.iter().flat_map(|meta| meta.all("tag"));
    tags.any(|tag| tag.text_at(&["code"]) == Some("SUBSETTED"))
}

/// What is said by an element that is not there.
fn missing<T>(is_withdrawn: bool) -> Stated<T> {
    match is_withdrawn {
        true => Stated::Withdrawn,
        false => Stated::Nothing,
    }
}

/// A date, where one is stated.
fn dated<T>(
    node: Option<Node<'_>>,
    withdrawn: bool,
    faults: &mut Vec<Fault>,
    of: impl Fn(Moment) -> T,
) -> Stated<T> {
    let Some(node) = node else {
        return missing(withdrawn);
    };
    let moment = node.moment(&[], faults);
    moment.map_or(Stated::Nothing, |moment| Stated::Is(of(moment)))
}

/// A word that the mapping knows; another is a fault.
fn known<T>(
    node: Option<Node<'_>>,
    withdrawn: bool,
    faults: &mut Vec<Fault>,
    of: impl Fn(&Node<'_>) -> Option<T>,
) -> Stated<T> {
    let Some(node) = node else {
        return missing(withdrawn);
    };
    let value = of(&node);
    if value.is_none() {
        faults.push(node.fault(UNKNOWN));
    }
    value.map_or(Stated::Nothing, Stated::Is)
}

/// A national code of two digits; no other text is let through.
fn national_code(node: &Node<'_>) -> Option<Slug> {
    let national = |code: &&str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_digit());
    let code = node.words().into_iter().find(national)?;
    Slug::new(code).ok()
}
