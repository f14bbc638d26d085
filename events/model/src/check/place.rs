//! Which field it was that did not fit its type.

use super::{Refusal, decode_refusal, shape};
use crate::envelope::Envelope;
use crate::event::{self, DecodeError};
use crate::upcast;
use serde_json::Value;

/// The refusal of an event that does not decode. Reads the data a second time, with an eye on the path.
pub(super) fn refusal(envelope: &Envelope<'_>, raw: &Value, error: &DecodeError) -> Refusal {
    if let DecodeError::Data { rule, .. } = error
        && let Ok((family, name, version)) = event::parse_type(&envelope.event_type)
    {
        return match upcast::upcast(family, name, version, raw.clone()) {
            Ok(newest) => match event::misfit(family, name, &newest.to_string()) {
                Some((mut path, missing)) => {
                    path.insert(0, "data".to_owned());
                    match missing {
                        Some(field) => {
                            path.push(field);
                            Refusal::new(shape::pointer(&path), "is missing")
                        }
                        None => {
                            Refusal::new(shape::pointer(&path), format!("does not fit: {rule}"))
                        }
                    }
                }
                None => decode_refusal(error),
            },
            Err(rule) => Refusal::new("/data", format!("is not of version {version}: {rule}")),
        };
    }
    decode_refusal(error)
}
