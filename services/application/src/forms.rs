//! The forms that the settings ask of sources and of ids that stand for people, so that free text finds no place in them:
//! what cannot be distinguished from a name by its letters is recognised by its form.

use joinedup_events::{Event, Family, Refusal};

/// The most letters of a word beside the part of an id that is made at random, such as `t` or `ref`.
const MAX_LETTERS: usize = 4;
/// The most digits of a number beside it.
const MAX_DIGITS: usize = 8;
/// The fewest letters and digits of a word that is taken for one made at random.
const MIN_RANDOM: usize = 16;
/// The parts of a UUID, in hexadecimal digits.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

const SOURCE_RULE: &str =
    "must be one of the names in `sources` of the settings, where whoever runs this server adds it";
const ID_RULE: &str = "must be a UUID, a keyed hash of 16 or more hexadecimal digits or another random word of 16 or more letters and digits, with at most words of four letters and numbers of eight digits beside it, for `opaque_ids` is set";

/// What the settings ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// The sources that may publish, `*` for any one part between slashes; empty: every one.
    pub sources: Vec<String>,
    /// Whether ids that stand for people, and for events about them, have to be opaque.
    pub opaque_ids: bool,
}

impl Forms {
    /// What an event breaks of them.
    #[must_use]
    pub fn refusals(&self, event: &Event) -> Vec<Refusal> {
        let mut found = Vec::new();
        let mut refuse = |pointer: String, rule: &str| {
            let rule = rule.to_owned();
            found.push(Refusal { pointer, rule });
        };
        let retraction = event.fact.retraction();
        let retracted = retraction.and_then(|retraction| retraction.retracts_source.as_deref());
        let named = [
            ("/source", Some(event.source.as_str())),
            ("/data/retracts_source", retracted),
        ];
        for (pointer, source) in named {
            if !self.sources.is_empty()
                && source.is_some_and(|source| !self.sources.iter().any(|s| is_of(s, source)))
            {
                refuse(pointer.to_owned(), SOURCE_RULE);
            }
        }
        let family = event.fact.family();
        let is_of_people = matches!(
            family,
            Family::Transfer | Family::Referral | Family::Experience
        );
        if self.opaque_ids && is_of_people {
            if !is_opaque(&event.id) {
                refuse("/id".to_owned(), ID_RULE);
            }
            if let Some(field) = family.entity_field()
                && !is_opaque(event.entity.as_str())
            {
                refuse(format!("/data/{field}"), ID_RULE);
            }
            if event
                .fact
                .previous()
                .is_some_and(|id| !is_opaque(id.as_str()))
            {
                refuse("/data/previous".to_owned(), ID_RULE);
            }
        }
        found
    }
}

/// Whether a source is the one of a name.
fn is_of(name: &str, source: &str) -> bool {
    let (mut wanted, mut parts) = (name.split('/'), source.split('/'));
    loop {
        match (wanted.next(), parts.next()) {
            (None, None) => return true,
            (Some("*"), Some(part)) if !part.is_empty() => {}
            (Some(wanted), Some(part)) if wanted == part => {}
            _ => return false,
        }
    }
}

/// Whether an id has a part that is made at random and nothing beside it in which a name has room.
fn is_opaque(id: &str) -> bool {
    let words: Vec<&str> = id
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut rest = words.as_slice();
    let mut random = 0;
    while let Some((word, others)) = rest.split_first() {
        if is_uuid(rest) {
            random += 1;
            rest = &rest[UUID.len()..];
            continue;
        }
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let letters = word.len() - digits;
        let is_hash = word.bytes().all(|b| b.is_ascii_hexdigit()) && letters > 0;
        let is_mixed = letters >= 4 && digits >= 2;
        if word.len() >= MIN_RANDOM && (is_hash || is_mixed) {
            random += 1;
        } else if letters > MAX_LETTERS || digits > MAX_DIGITS {
            return false;
        }
        rest = others;
    }
    random > 0
}

fn is_uuid(words: &[&str]) -> bool {
    let Some(words) = words.get(..UUID.len()) else {
        return false;
    };
    let is_part = |(word, length): (&&str, usize)| {
        word.len() == length && word.bytes().all(|b| b.is_ascii_hexdigit())
    };
    words.iter().zip(UUID).all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opaque_id_leaves_no_room_for_a_name() {
        for good in [
            "3f2504e0-4f89-41d3-9a0c-ab9434765919",
            "t-3f2504e0-4f89-41d3-9a0c-ab9434765919",
            "ref:9f86d081884c7d65/3",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        ] {
            assert!(is_opaque(good), "{good}");
        }
        for bad in [
            "t-1",
            "zebedee.quillfeather",
            "3f2504e0-4f89-41d3-9a0c-ab9434765919-quillfeather",
            "quillfeatherzebedee",
            "1234567812345678",
        ] {
            assert!(!is_opaque(bad), "{bad}");
        }
    }

    #[test]
    fn a_registered_source_is_named_part_by_part() {
        assert!(is_of("/county/*/pas", "/county/east/pas"));
        for other in [
            "/county/pas",
            "/county/east/pas/x",
            "/county//pas",
            "/other",
        ] {
            assert!(!is_of("/county/*/pas", other), "{other}");
        }
    }
}
