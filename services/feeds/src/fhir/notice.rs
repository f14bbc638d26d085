//! The notices of the Care Act 2014, schedule 3, as hospitals send them to councils, by the codes of their messages (the NHS's
//! assessment, discharge and withdrawal notices, SCCI 2075).

use super::body::{Group, Resource};
use super::encounter::period;
use super::node::Node;
use super::reader::{About, Reader, Reading, made};
use crate::stay::statement::Fault;
use chrono::{DateTime, Utc};
use joinedup_events::facts::Happened;
use joinedup_events::transfer::{DischargeNoticeGiven, TransferFact};

/// What a message of this kind says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Somebody is likely to need care and support after leaving.
    Assessment,
    /// Somebody is to leave on a day.
    Discharge,
    /// The discharge was called off, or that and the assessment.
    Withdrawal,
    /// The council's answer, of which there is no fact.
    Answer,
}

impl Notice {
    /// Of the codes of a message's event; none of those of other messages.
    pub fn of(codes: &[&str]) -> Option<Self> {
        codes.iter().find_map(|code| {
            Some(match *code {
                "975701000000106" => Self::Assessment,
                "975731000000100" => Self::Discharge,
                "975841000000102" | "975851000000104" => Self::Withdrawal,
                // Accepted, rejected, agreed, disagreed, withdrawal accepted, withdrawal rejected.
                "975711000000108" | "975721000000102" | "975821000000109" | "975831000000106"
                | "1025651000000109" | "1025641000000106" => Self::Answer,
                _ => return None,
            })
        })
    }
}

impl Reader<'_> {
    /// A notice of the Care Act: what it says of the stay, and that it was given.
    pub(super) fn notice(
        &self,
        header: &Resource<'_>,
        notice: Notice,
        group: &Group<'_>,
        reading: &mut Reading,
    ) {
        let mut faults = Vec::new();
        let about = (notice != Notice::Answer)
            .then(|| self.of_notice(&header.node, notice, group, &mut faults))
            .flatten();
        reading.add(header, group, about, faults);
    }

    fn of_notice(
        &self,
        header: &Node<'_>,
        notice: Notice,
        group: &Group<'_>,
        faults: &mut Vec<Fault>,
    ) -> Option<(DateTime<Utc>, About)> {
        let given = self.recorded(header, group, faults)?;
        let written = made(header, group).unwrap_or(given);
        // R4 writes focus, the versions before it data.
        let request = header.get("focus").or_else(|| header.get("data"));
        let request = request.and_then(|focus| group.referred(&focus));
        let encounter = request.and_then(|request| {
            let reference = request.node.get("encounter");
            group.referred(&reference.or_else(|| request.node.get("context"))?)
        });
        let encounter = encounter.or_else(|| {
            let mut all = group.of_kind("Encounter");
            all.next().filter(|_| all.next().is_none())
        });
        let Some(encounter) = encounter else {
            let sentence =
                "leads to no Encounter that was sent, and that says which stay the notice is about";
            faults.push(header.fault_in("focus", sentence));
            return None;
        };
        let statement = self.encounter(&encounter.node, group, given, faults)?;
        let also = match notice {
            Notice::Assessment => vec![
                TransferFact::AssessmentNoticeGiven(Happened {}),
                TransferFact::SocialCareReferred(Happened {}),
            ],
            Notice::Discharge => {
                let (_, end) = period(&encounter.node, faults);
                let Some(end) = end else {
                    let sentence =
                        "is missing, and says which day is proposed: the notice is not taken";
                    faults.push(encounter.node.fault_in("period.end", sentence));
                    return None;
                };
                let proposed = end.date();
                vec![TransferFact::DischargeNoticeGiven(DischargeNoticeGiven {
                    proposed,
                })]
            }
            Notice::Withdrawal => vec![TransferFact::DischargeNoticeWithdrawn(Happened {})],
            Notice::Answer => Vec::new(),
        };
        let about = About::Stay {
            statement: Box::new(statement),
            also: also.into_iter().map(|fact| (written, fact)).collect(),
            in_passing: true,
        };
        Some((given, about))
    }
}
