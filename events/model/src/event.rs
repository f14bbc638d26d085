//! One event, typed: who reported it, when it happened, when it was recorded, about which entity of which area, and what.

mod stated;
mod written;

use crate::actor;
use crate::assessment::AssessmentFact;
use crate::change::ChangeFact;
use crate::envelope::Envelope;
use crate::experience::ExperienceFact;
use crate::facts::codes;
use crate::id::{AreaId, EntityId, EventKey, IdError};
use crate::keys::Keys;
use crate::observation::ObservationFact;
use crate::referral::ReferralFact;
use crate::transfer::TransferFact;
use crate::upcast;
use chrono::{DateTime, Utc};
use serde::Deserializer;
use serde_json::Value;
use std::borrow::Cow;

/// The start of every event type of this product.
pub const TYPE_PREFIX: &str = "care.joinedup.";

codes! {
    /// A family of facts.
    Family {
        /// Transfers of care.
        Transfer = "transfer",
        /// Referrals.
        Referral = "referral",
        /// Assessments of the logic model and other frameworks.
        Assessment = "assessment",
        /// Experience responses.
        Experience = "experience",
        /// Improvement changes and chart decisions.
        Change = "change",
        /// Observations.
        Observation = "observation",
    }
}

impl Family {
    /// The data field that names the entity; none where the entity follows from the fact.
    #[must_use]
    pub fn entity_field(self) -> Option<&'static str> {
        match self {
            Self::Transfer => Some("transfer"),
            Self::Referral => Some("referral"),
            Self::Experience => Some("response"),
            Self::Change => Some("change"),
            Self::Assessment | Self::Observation => None,
        }
    }

    /// Wire name and newest version of the family's facts.
    #[must_use]
    pub fn types(self) -> &'static [(&'static str, u16)] {
        match self {
            Self::Transfer => TransferFact::TYPES,
            Self::Referral => ReferralFact::TYPES,
            Self::Assessment => AssessmentFact::TYPES,
            Self::Experience => ExperienceFact::TYPES,
            Self::Change => ChangeFact::TYPES,
            Self::Observation => ObservationFact::TYPES,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Fact {
    /// About a transfer of care.
    Transfer(TransferFact),
    /// About a referral.
    Referral(ReferralFact),
    /// About an area's item.
    Assessment(AssessmentFact),
    /// About a response.
    Experience(ExperienceFact),
    /// About an improvement change or a chart.
    Change(ChangeFact),
    /// About a series.
    Observation(ObservationFact),
}

macro_rules! each {
    ($fact:expr, $inner:ident => $body:expr) => {
        match $fact {
            Fact::Transfer($inner) => $body,
            Fact::Referral($inner) => $body,
            Fact::Assessment($inner) => $body,
            Fact::Experience($inner) => $body,
            Fact::Change($inner) => $body,
            Fact::Observation($inner) => $body,
        }
    };
}

impl Fact {
    /// The family.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Transfer(_) => Family::Transfer,
            Self::Referral(_) => Family::Referral,
            Self::Assessment(_) => Family::Assessment,
            Self::Experience(_) => Family::Experience,
            Self::Change(_) => Family::Change,
            Self::Observation(_) => Family::Observation,
        }
    }

    /// The wire name within the family.
    #[must_use]
    pub fn name(&self) -> &'static str {
        each!(self, f => f.name())
    }

    /// The event type in its newest version, e.g. `care.joinedup.transfer.ready.v1`.
    #[must_use]
    pub fn event_type(&self) -> String {
        let version = each!(self, f => f.version());
        format!("{TYPE_PREFIX}{}.{}.v{version}", self.family(), self.name())
    }

    /// The fact's own fields as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        each!(self, f => f.to_json())
    }

    /// The retraction, when the fact is one.
    #[must_use]
    pub fn retraction(&self) -> Option<&crate::facts::Retracted> {
        match self {
            Self::Transfer(TransferFact::Retracted(r))
            | Self::Referral(ReferralFact::Retracted(r))
            | Self::Assessment(AssessmentFact::Retracted(r))
            | Self::Experience(ExperienceFact::Retracted(r))
            | Self::Change(ChangeFact::Retracted(r))
            | Self::Observation(ObservationFact::Retracted(r)) => Some(r),
            _ => None,
        }
    }

    /// Another entity of the same family that gets this fact too: the one this person was with before.
    #[must_use]
    pub fn previous(&self) -> Option<&EntityId> {
        match self {
            Self::Transfer(TransferFact::Admitted(f)) => f.previous.as_ref(),
            Self::Referral(ReferralFact::Received(f)) => f.previous.as_ref(),
            _ => self.retraction().and_then(|r| r.previous.as_ref()),
        }
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// CloudEvents `source`.
    pub source: String,
    /// CloudEvents `id`, unique within the source.
    pub id: String,
    /// CloudEvents `time`: when it happened.
    pub occurred_at: DateTime<Utc>,
    /// The extension `recordedtime`: when it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The extension `actor`: who recorded it, where a door knew that: the name of a token, or the provider's own name of
    /// a person who signed in, never what people call them.
    pub actor: Option<String>,
    /// The entity that it is about.
    pub entity: EntityId,
    /// The area that it counts for.
    pub area: AreaId,
    /// What happened.
    pub fact: Fact,
}

/// Why an envelope could not be read as an event. No text holds a value of the event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The type is not one of this product's.
    #[error(
        "the event type is not one of joinedup's: it should be care.joinedup.<family>.<fact>.v<n>"
    )]
    UnknownType,
    /// A version that this program does not know yet.
    #[error(
        "version {found} of {family}.{fact} is newer than this program knows ({known}); update it, then replay the quarantine"
    )]
    NewerVersion {
        /// The family.
        family: Family,
        /// The fact.
        fact: &'static str,
        /// The version found.
        found: u16,
        /// The newest version known.
        known: u16,
    },
    /// The data have not the shape of the fact.
    #[error("the data of {family}.{fact} do not fit its schema at {place}: {rule}")]
    Data {
        /// The family.
        family: Family,
        /// The fact.
        fact: String,
        /// Line and column within the data, or the field.
        place: String,
        /// What kind of misfit.
        rule: &'static str,
    },
    /// A field that names something does not hold a valid name.
    #[error("`{field}` {rule}")]
    Id {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        rule: IdError,
    },
    /// A field is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

impl Event {
    /// Reads an envelope, bringing an older version up to the newest first.
    ///
    /// # Errors
    /// When the type is unknown or newer than this program, or the data do not fit it.
    pub fn decode(envelope: &Envelope<'_>) -> Result<Self, DecodeError> {
        let Kind {
            family,
            name: known_name,
            version,
            known,
        } = Kind::of(&envelope.event_type)?;
        let misfit = |e: &serde_json::Error| DecodeError::Data {
            family,
            fact: known_name.to_owned(),
            place: format!("line {} column {}", e.line(), e.column()),
            rule: rule_of(e),
        };
        let data: Cow<'_, str> = if version < known {
            let old = serde_json::from_str(envelope.data).map_err(|e| misfit(&e))?;
            let new = upcast::upcast(family, known_name, version, old).map_err(|rule| {
                DecodeError::Data {
                    family,
                    fact: known_name.to_owned(),
                    place: format!("version {version}"),
                    rule,
                }
            })?;
            Cow::Owned(new.to_string())
        } else {
            Cow::Borrowed(envelope.data)
        };
        let mut reader = serde_json::Deserializer::from_str(&data);
        let (keys, fact) = read_fact(family, known_name, &mut reader)
            .and_then(|read| reader.end().map(|()| read))
            .map_err(|e| misfit(&e))?
            .ok_or(DecodeError::UnknownType)?;
        let (area, entity) = named(family, &keys, &fact)?;
        Ok(Self {
            source: envelope.source.clone().into_owned(),
            id: envelope.id.clone().into_owned(),
            occurred_at: envelope.time,
            recorded_at: envelope.recorded_time.unwrap_or(envelope.time),
            // What came past the door may hold anything, and an actor is shown.
            actor: (envelope.actor.as_deref())
                .filter(|actor| actor::is_actor(actor))
                .map(ToOwned::to_owned),
            entity,
            area,
            fact,
        })
    }

    /// Names the event for ever.
    #[must_use]
    pub fn key(&self) -> EventKey {
        EventKey::of(&self.source, &self.id)
    }

    /// The event's data: entity, area and the fact's own fields that are set.
    #[must_use]
    pub fn data(&self) -> serde_json::Value {
        let mut data = self.all_data();
        data.retain(|_, value| !value.is_null());
        Value::Object(data)
    }

    /// The event's data with the fields that are not set, as null.
    pub(crate) fn all_data(&self) -> serde_json::Map<String, Value> {
        let mut data = match self.fact.to_json() {
            Value::Object(fields) => fields,
            _ => serde_json::Map::new(),
        };
        // A retraction cannot derive its entity from its own fields, so it carries it.
        let carried = self.fact.retraction().map(|_| "entity");
        let entity = self.fact.family().entity_field().or(carried);
        let keys = [
            (entity, self.entity.as_str()),
            (Some("area"), self.area.as_str()),
        ];
        for (field, value) in keys {
            // A field of the fact's own comes before one of the same name.
            if let Some(field) = field
                && data.get(field).is_none_or(Value::is_null)
            {
                data.insert(field.to_owned(), value.into());
            }
        }
        data
    }
}

/// An event type, of those that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) family: Family,
    /// The wire name of the fact.
    pub(crate) name: &'static str,
    pub(crate) version: u16,
    /// The newest version.
    pub(crate) known: u16,
}

impl Kind {
    /// Reads an event type.
    ///
    /// # Errors
    /// When it is unknown, or newer than this program.
    pub(crate) fn of(event_type: &str) -> Result<Self, DecodeError> {
        let (family, name, version) = parse_type(event_type)?;
        let (name, known) = family
            .types()
            .iter()
            .find(|(n, _)| *n == name)
            .copied()
            .ok_or(DecodeError::UnknownType)?;
        if version > known {
            return Err(DecodeError::NewerVersion {
                family,
                fact: name,
                found: version,
                known,
            });
        }
        Ok(Self {
            family,
            name,
            version,
            known,
        })
    }
}

/// Why data that were read already do not make a fact.
pub(crate) enum Misfit {
    /// A field does not fit: the keys that lead to it, or to what it is missing from.
    Field(Vec<String>),
    /// Something else.
    Decode(DecodeError),
}

/// The area, the entity and the fact of data of the newest version.
pub(crate) fn from_value(kind: Kind, data: &Value) -> Result<(AreaId, EntityId, Fact), Misfit> {
    let (keys, fact) = match read_fact(kind.family, kind.name, data) {
        Ok(Some(read)) => read,
        Ok(None) => return Err(Misfit::Decode(DecodeError::UnknownType)),
        Err(_) => {
            // Only now is it followed where the reader is: most data fit.
            let mut track = serde_path_to_error::Track::new();
            let reader = serde_path_to_error::Deserializer::new(data, &mut track);
            let _ = read_fact(kind.family, kind.name, reader);
            let path = track.path();
            let keys = path.iter().map_while(|segment| match segment {
                serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
                serde_path_to_error::Segment::Map { key } => Some(key.clone()),
                _ => None,
            });
            return Err(Misfit::Field(keys.collect()));
        }
    };
    let (area, entity) = named(kind.family, &keys, &fact).map_err(Misfit::Decode)?;
    Ok((area, entity, fact))
}

/// Reads a fact of a family; `None` when it has none of that name.
fn read_fact<'de, D: Deserializer<'de>>(
    family: Family,
    name: &str,
    reader: D,
) -> Result<Option<(Keys<'de>, Fact)>, D::Error> {
    Ok(match family {
        Family::Transfer => typed(TransferFact::read(name, reader)?, Fact::Transfer),
        Family::Referral => typed(ReferralFact::read(name, reader)?, Fact::Referral),
        Family::Assessment => typed(AssessmentFact::read(name, reader)?, Fact::Assessment),
        Family::Experience => typed(ExperienceFact::read(name, reader)?, Fact::Experience),
        Family::Change => typed(ChangeFact::read(name, reader)?, Fact::Change),
        Family::Observation => typed(ObservationFact::read(name, reader)?, Fact::Observation),
    })
}

/// The area and the entity that data name.
fn named(family: Family, keys: &Keys<'_>, fact: &Fact) -> Result<(AreaId, EntityId), DecodeError> {
    let area = keys.get("area").ok_or(DecodeError::Missing("area"))?;
    let area = AreaId::new(area).map_err(|rule| DecodeError::Id {
        field: "area",
        rule,
    })?;
    let entity = entity_of(family, keys, &area, fact)?;
    Ok((area, entity))
}

/// Splits `care.joinedup.<family>.<fact>.v<n>`.
fn parse_type(text: &str) -> Result<(Family, &str, u16), DecodeError> {
    let mut parts = text
        .strip_prefix(TYPE_PREFIX)
        .ok_or(DecodeError::UnknownType)?
        .split('.');
    let (Some(family), Some(name), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(DecodeError::UnknownType);
    };
    let family = Family::from_code(family).ok_or(DecodeError::UnknownType)?;
    let version = version
        .strip_prefix('v')
        .filter(|v| !v.starts_with(['0', '+']))
        .and_then(|v| v.parse().ok())
        .ok_or(DecodeError::UnknownType)?;
    Ok((family, name, version))
}

fn entity_of(
    family: Family,
    keys: &Keys<'_>,
    area: &AreaId,
    fact: &Fact,
) -> Result<EntityId, DecodeError> {
    let field = family.entity_field().unwrap_or("entity");
    let derived = match fact {
        Fact::Assessment(f) => f
            .item()
            .map(|(framework, item)| format!("{area}/{framework}/{item}")),
        Fact::Observation(ObservationFact::Observed(o)) => Some(format!("{area}/{}", o.entity())),
        _ => None,
    };
    let text = derived.as_deref().or_else(|| keys.get(field));
    let text = text.ok_or(DecodeError::Missing(field))?;
    EntityId::new(text).map_err(|rule| DecodeError::Id { field, rule })
}

/// A family's fact as any fact.
fn typed<'a, F>(
    read: Option<(Keys<'a>, F)>,
    fact: impl FnOnce(F) -> Fact,
) -> Option<(Keys<'a>, Fact)> {
    read.map(|(keys, of_family)| (keys, fact(of_family)))
}

/// The kind of a JSON misfit, without the value that serde puts into its message.
fn rule_of(error: &serde_json::Error) -> &'static str {
    if error.is_data() {
        "a field is missing or given twice, or its value is of the wrong kind, out of range or not in its list"
    } else {
        "the data are not a JSON object"
    }
}

#[cfg(test)]
mod tests;
