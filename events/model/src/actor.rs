//! Who recorded an event, as the extension attribute `actor` names them: a token's name, or a provider's own name of a
//! person. It is shown beside what was recorded, so nothing that identifies a patient may stand in it.

use crate::check;

/// The most bytes of an actor.
const MAX_BYTES: usize = 256;

/// What an actor must be, to be read after the attribute's name.
pub const RULE: &str = "must be the name of a token or a provider's own name of a person: at most 256 bytes of text without control characters, no number of a person and no e-mail address";

/// Whether a text can be an actor.
#[must_use]
pub fn is_actor(text: &str) -> bool {
    (1..=MAX_BYTES).contains(&text.len())
        && !text
            .chars()
            .any(|c| c.is_control() || check::is_invisible(c))
        && !check::names_somebody(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_names_no_patient() {
        for good in ["north ward", "person:7d0f2c", "person:1004058221"] {
            assert!(is_actor(good), "{good}");
        }
        let bad = [
            "",
            "ward\u{202e}",
            "a\nb",
            "943 476 5919",
            "person:j.smith@example.org",
        ];
        for bad in bad {
            assert!(!is_actor(bad), "{bad}");
        }
    }
}
