//! Names of things: areas, entities, short codes. All are short and made of letters, digits, `-`, `_` and `.`,
//! so that none can carry a sentence.

use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

/// Why a name was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing there.
    #[error("must not be empty")]
    Empty,
    /// Longer than the limit, in bytes.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// A character outside letters, digits, `-`, `_` and `.` (and `:` and `/` where parts are joined).
    #[error(
        "may have only letters, digits, '-', '_' and '.', and must start with a letter or digit"
    )]
    Character,
}

/// A byte of any name.
const PLAIN: u8 = 0;
/// A byte of a name of joined parts.
const JOINED: u8 = 1;

/// What each byte is: [`PLAIN`], [`JOINED`], or neither. Every rebuild asks it some eighty times an event.
const CLASS: [u8; 256] = {
    let mut class = [2; 256];
    let mut byte = 0u8;
    loop {
        class[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => PLAIN,
            b':' | b'/' => JOINED,
            _ => 2,
        };
        if byte == u8::MAX {
            break class;
        }
        byte += 1;
    }
};

fn check(text: &str, longest: usize, joined: bool) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > longest {
        return Err(IdError::TooLong(longest));
    }
    let bytes = text.as_bytes();
    let most = if joined { JOINED } else { PLAIN };
    if !bytes[0].is_ascii_alphanumeric() || bytes.iter().any(|&b| CLASS[usize::from(b)] > most) {
        return Err(IdError::Character);
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $most:literal, $joined:literal, $text:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name(#[cfg_attr(feature = "schema", schemars(with = "String"))] $text);

        impl $name {
            /// Takes a name.
            ///
            /// # Errors
            /// When it is empty, too long or has other characters than the type allows.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check(text, $most, $joined)?;
                // The length is checked: it fits.
                <$text>::try_from(text).map(Self).map_err(|_| IdError::TooLong($most))
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.as_str().to_owned()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Name;
                impl de::Visitor<'_> for Name {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a string")
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::new(text).map_err(E::custom)
                    }
                }
                d.deserialize_str(Name)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// An area: an ONS or ODS code (`E10000012`, `RAJ`), or a name of the project's own (`havenshire-north`). Every
    /// fact has one, so it is kept in place and costs no memory of its own.
    AreaId, 32, false, ArrayString<32>
}
id! {
    /// A transfer, referral, response or change: a random id minted by its source, never an identifier of a person.
    EntityId, 160, true, Box<str>
}
id! {
    /// A short code from a list: a measure, an item, a series, a theme.
    Slug, 64, false, Box<str>
}

impl AreaId {
    /// Not after any other area in order: where a range over areas begins.
    #[must_use]
    pub fn first() -> Self {
        Self(ArrayString::new_const())
    }
}

/// Names one event for ever: the first 128 bits of the SHA-256 digest of its CloudEvents `source` and `id`.
///
/// Two different events share one by chance about once in 10²⁰ logs of a billion events, and nobody can choose an id that has the
/// key of another source's event, which would then be taken for a repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventKey(pub u128);

impl EventKey {
    /// The key of the event `id` of `source`.
    #[must_use]
    pub fn of(source: &str, id: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(source);
        // No text has this byte, so no other pair is the same bytes.
        digest.update([0xff]);
        digest.update(id);
        let digest = digest.finalize();
        let first = digest.first_chunk().copied().unwrap_or_default();
        Self(u128::from_be_bytes(first))
    }
}

/// A 128-bit hash of two strings, sensitive to where the first ends: quick, for tables and shards, and no defence against
/// somebody who looks for two that share one.
#[must_use]
pub fn hash_two(first: &str, second: &str) -> u128 {
    let seed = twox_hash::XxHash3_64::oneshot(first.as_bytes());
    twox_hash::XxHash3_128::oneshot_with_seed(seed, second.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_carry_a_sentence() {
        assert!(AreaId::new("E10000012").is_ok());
        assert_eq!(AreaId::new("Mrs Smith"), Err(IdError::Character));
        assert_eq!(AreaId::new(""), Err(IdError::Empty));
        assert_eq!(AreaId::new(&"x".repeat(33)), Err(IdError::TooLong(32)));
        assert!(Slug::new("a/b").is_err());
        assert!(EntityId::new("area/scie/co-crisis-response").is_ok());
    }

    #[test]
    fn source_and_id_are_told_apart() {
        assert_ne!(EventKey::of("ab", "c"), EventKey::of("a", "bc"));
        // `printf 'a\377b' | sha256sum`
        assert_eq!(
            EventKey::of("a", "b"),
            EventKey(0x01ce_0241_d2a0_e71a_4fec_d5a8_d711_57fe)
        );
    }
}
