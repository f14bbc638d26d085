//! Upcasters: an old event's data become the newest, one version at a time, before they are typed.
//! Events are never rewritten; every reader sees only the newest shape.

use crate::event::Family;
use crate::reason::Reason;
use serde_json::Value;

/// One step from a version to the next.
type Step = fn(Value) -> Result<Value, &'static str>;

/// The steps of each fact, from version 1 on.
const STEPS: &[(Family, &str, &[Step])] =
    &[(Family::Transfer, "delay-reason-set", &[delay_reason_1_to_2])];

/// Brings data of `from` up to the newest version.
///
/// # Errors
/// What is wrong with the old data, without their values.
pub fn upcast(family: Family, fact: &str, from: u16, data: Value) -> Result<Value, &'static str> {
    let steps = STEPS
        .iter()
        .find(|(f, n, _)| *f == family && *n == fact)
        .map_or(&[][..], |(_, _, steps)| steps);
    steps
        .iter()
        .skip(usize::from(from) - 1)
        .try_fold(data, |data, step| step(data))
}

/// Version 1 had the letter of the DTOC return and the words of its attribution column.
fn delay_reason_1_to_2(mut data: Value) -> Result<Value, &'static str> {
    let object = data
        .as_object_mut()
        .ok_or("the data are not a JSON object")?;
    if object.contains_key("reason") || object.contains_key("responsible") {
        return Err("`reason` and `responsible` are fields of version 2");
    }
    let code = object.remove("code").ok_or("`code` is missing")?;
    let reason = code
        .as_str()
        .and_then(Reason::from_dtoc_code)
        .ok_or("`code` is not a letter of the DTOC return")?;
    let responsible = match object.remove("attributable_to") {
        None | Some(Value::Null) => "unattributed",
        Some(Value::String(text)) if text == "NHS" => "nhs",
        Some(Value::String(text)) if text == "Social Care" => "social-care",
        Some(Value::String(text)) if text == "Both" => "both",
        Some(_) => return Err("`attributable_to` must be NHS, Social Care or Both"),
    };
    object.insert("reason".into(), reason.code().into());
    object.insert("responsible".into(), responsible.into());
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_step_for_every_version_but_the_newest() {
        for family in Family::ALL {
            for (name, newest) in family.types() {
                let steps = STEPS
                    .iter()
                    .find(|(f, n, _)| f == family && n == name)
                    .map_or(0, |(_, _, s)| s.len());
                assert_eq!(steps, usize::from(*newest) - 1, "{family}.{name}");
            }
        }
    }
}
