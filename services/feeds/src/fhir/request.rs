//! What a ServiceRequest, a Task about one, and an Encounter that is based on one say of a referral.

use super::body::{Group, Resource};
use super::encounter::{NO_STATUS, Phase, period};
use super::node::Node;
use super::reader::{About, Reader, UNKNOWN};
use super::referral::{self, completed, withdrawn};
use crate::stay::statement::Fault;
use chrono::{DateTime, Utc};
use joinedup_events::facts::Happened;
use joinedup_events::referral::{
    CareService, DeclineReason, Declined, Priority, Received, ReferralFact, Triaged, Trigger,
};

impl Reader<'_> {
    /// An Encounter that is not a stay says how far the referral is that it is based on.
    pub(super) fn contact(
        &self,
        node: &Node<'_>,
        group: &Group<'_>,
        recorded: DateTime<Utc>,
        faults: &mut Vec<Fault>,
    ) -> Option<referral::Statement> {
        // The versions before R4 call it incomingReferral.
        let based = node.get("basedOn");
        let based = based.or_else(|| node.get("incomingReferral"))?;
        let Some(phase) = Phase::of(node) else {
            faults.push(node.fault_in("status", NO_STATUS));
            return None;
        };
        let fact = match phase {
            Phase::There if node.text_at(&["status"]) == Some("triaged") => {
                (recorded, ReferralFact::Triaged(Triaged { priority: None }))
            }
            Phase::Ended => {
                let known = faults.len();
                let ended = period(node, faults).1;
                if ended.is_none() && faults.len() == known {
                    faults.push(node.fault_in("period.end", "is missing, and says when it ended"));
                }
                (ended?.at, completed())
            }
            _ => return None,
        };
        Some(referral::Statement {
            names: self.referral(&based, group, faults)?,
            ids: Vec::new(),
            recorded,
            facts: vec![fact],
            itself: false,
            open: false,
            mistaken: false,
        })
    }

    /// The hashes of what names the referral that an element of type Reference leads to.
    fn referral(
        &self,
        reference: &Node<'_>,
        group: &Group<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<Vec<String>> {
        if let Some(sent) = group.referred(reference) {
            return self.names(&sent.node, faults);
        }
        let value = |name: &str| reference.text_at(&["identifier", name]);
        if let Some(named) = value("value") {
            return Some(self.hashes([value("system").unwrap_or_default(), named]));
        }
        let text = reference.text_at(&["reference"]).unwrap_or_default();
        let mut parts = text.rsplit('/');
        match (parts.next(), parts.next()) {
            (Some(id), Some("ServiceRequest" | "ReferralRequest")) => Some(self.hashes(["id", id])),
            _ => {
                faults.push(reference.fault("leads to no referral that was sent, nor names one"));
                None
            }
        }
    }

    pub(super) fn of_request(
        &self,
        resource: &Resource<'_>,
        group: &Group<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<(DateTime<Utc>, About)> {
        let node = &resource.node;
        let status = node.text_at(&["status"]);
        if status == Some("draft") {
            return None;
        }
        let recorded = self.recorded(node, group, faults)?;
        let names = self.names(node, faults)?;
        let ids = node.text_at(&["id"]).map(|id| self.hashes(["id", id]));
        let ids = ids.unwrap_or_default();
        // R4, and the words of the versions before it.
        let ended = match status {
            Some("active" | "on-hold" | "requested" | "accepted" | "entered-in-error") => None,
            Some("completed") => Some(completed()),
            Some("revoked" | "cancelled" | "rejected") => Some(withdrawn()),
            _ => {
                faults.push(node.fault_in("status", NO_STATUS));
                return None;
            }
        };
        let mistaken = status == Some("entered-in-error");
        let open = ended.is_none() && !mistaken;
        let mut facts: Vec<(DateTime<Utc>, ReferralFact)> = Vec::new();
        if !mistaken {
            facts.extend(self.received(node, faults));
        }
        facts.extend(ended.map(|fact| (recorded, fact)));
        let statement = referral::Statement {
            names,
            ids,
            recorded,
            facts,
            itself: true,
            open,
            mistaken,
        };
        Some((recorded, About::Referral(statement)))
    }

    /// That a referral arrived, where it says when and for what.
    fn received(
        &self,
        node: &Node<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<(DateTime<Utc>, ReferralFact)> {
        let words = |names: &[&str]| -> Vec<_> {
            let nodes = names.iter().flat_map(|name| node.all(name));
            nodes.flat_map(|node| node.words()).collect()
        };
        // The versions before R4 have other names for the time of writing.
        let written = ["authoredOn", "dateSent", "date"];
        let written = written.into_iter().find(|name| node.get(name).is_some());
        let Some(written) = written else {
            let sentence =
                "is missing, and says when the referral was made: its arrival is not taken";
            faults.push(node.fault_in("authoredOn", sentence));
            return None;
        };
        let at = node.moment(&[written], faults)?.at;
        let asked = words(&["category", "code", "serviceRequested", "type"]);
        let service = self.mapping.service.value(asked);
        let Some(service) = service.and_then(CareService::from_code) else {
            faults.push(node.fault_in("code", UNKNOWN));
            return None;
        };
        let set_off = words(&["category", "reasonCode", "reason"]);
        let trigger = self.mapping.trigger.value(set_off);
        let fact = Received {
            service,
            priority: match words(&["priority"]).first() {
                Some(&("urgent" | "asap" | "stat")) => Priority::Urgent,
                _ => Priority::Routine,
            },
            trigger: trigger
                .and_then(Trigger::from_code)
                .unwrap_or(Trigger::Request),
            source_code: None,
            need_identified: None,
            previous: None,
            population: None,
            sector: None,
        };
        Some((at, ReferralFact::Received(fact)))
    }

    pub(super) fn of_task(
        &self,
        resource: &Resource<'_>,
        group: &Group<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<(DateTime<Utc>, About)> {
        let node = &resource.node;
        let reference = node.get("focus").or_else(|| node.get("basedOn"));
        let Some(reference) = reference else {
            faults.push(node.fault_in("focus", "is missing, and says which referral it is about"));
            return None;
        };
        let changed = node.moment(&["lastModified"], faults);
        let at = match changed {
            Some(changed) => changed.at.min(self.now),
            None => self.recorded(node, group, faults)?,
        };
        let Some(status) = node.text_at(&["status"]) else {
            faults.push(node.fault_in("status", "is missing, and says what came of the referral"));
            return None;
        };
        let fact = match status {
            "accepted" | "in-progress" => ReferralFact::Accepted(Happened {}),
            "completed" => completed(),
            "cancelled" => withdrawn(),
            "rejected" => {
                let why = node.get("statusReason");
                let words = why.map(|why| why.words()).unwrap_or_default();
                let reason = self.mapping.decline_reason.value(words);
                let Some(reason) = reason.and_then(DeclineReason::from_code) else {
                    faults.push(node.fault_in("statusReason", UNKNOWN));
                    return None;
                };
                ReferralFact::Declined(Declined { reason })
            }
            _ => return None,
        };
        let statement = referral::Statement {
            names: self.referral(&reference, group, faults)?,
            ids: Vec::new(),
            recorded: at,
            facts: vec![(at, fact)],
            itself: false,
            open: false,
            mistaken: false,
        };
        Some((at, About::Referral(statement)))
    }
}
