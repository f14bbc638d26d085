//! The fields of an event's data that name its area and its entity, read apart from the fact's own in one pass: a
//! rebuild reads every event.

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use std::borrow::Cow;
use std::fmt;

/// The fields, of all families. No fact has a field of one of these names.
pub(crate) const KEY_FIELDS: &[&str] = &[
    "area", "transfer", "referral", "response", "change", "entity",
];

/// Their values.
#[derive(Debug, Default)]
pub(crate) struct Keys<'a>([Option<Cow<'a, str>>; KEY_FIELDS.len()]);

impl Keys<'_> {
    /// One of them.
    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        let at = KEY_FIELDS.iter().position(|known| *known == field)?;
        self.0[at].as_deref()
    }
}

/// Reads data: the keys, and all else as a fact.
///
/// # Errors
/// When they are no JSON object, or its fields do not fit, or one is there twice.
pub(crate) fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    reader: D,
) -> Result<(Keys<'de>, T), D::Error> {
    let mut keys = Keys::default();
    let fact = T::deserialize(Apart {
        inner: reader,
        keys: &mut keys,
    })?;
    Ok((keys, fact))
}

/// Reads with another reader, but keeps the keys for itself.
struct Apart<'k, 'de, I> {
    inner: I,
    keys: &'k mut Keys<'de>,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Apart<'_, 'de, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Apart {
            inner: visitor,
            keys: self.keys,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Apart<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<V::Value, M::Error> {
        self.inner.visit_map(Apart {
            inner: map,
            keys: self.keys,
        })
    }
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for Apart<'_, 'de, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, M::Error> {
        while let Some(name) = self.inner.next_key_seed(Name)? {
            let Some(at) = KEY_FIELDS.iter().position(|known| *known == name) else {
                return match name {
                    Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
                    Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name)),
                }
                .map(Some);
            };
            if self.keys.0[at].is_some() {
                return Err(de::Error::duplicate_field(KEY_FIELDS[at]));
            }
            let text: Option<Text<'de>> = self.inner.next_value()?;
            self.keys.0[at] = text.map(|text| text.0);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, M::Error> {
        self.inner.next_value_seed(seed)
    }
}

/// A text that is borrowed where it has no escapes. (`serde(borrow)` does not reach a `Cow` within an `Option`.)
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A field's name, borrowed where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Cow<'de, str>, D::Error> {
        Text::deserialize(reader).map(|text| text.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Family;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Fact {
        date: String,
        #[serde(default)]
        score: Option<u8>,
    }

    fn of(text: &str) -> Result<(Keys<'_>, Fact), serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = read(&mut reader)?;
        reader.end().map(|()| read)
    }

    fn error_of(text: &str) -> String {
        of(text).unwrap_err().to_string()
    }

    #[test]
    fn keys_are_read_apart_from_the_fact() {
        let (keys, fact) = of(
            r#"{"transfer":"t-\u0031","x":[{"area":1}],"date":"d","area":"a","score":2,"entity":null}"#,
        )
        .unwrap();
        let score = Some(2);
        assert_eq!(
            fact,
            Fact {
                date: "d".into(),
                score
            }
        );
        assert_eq!(keys.get("transfer"), Some("t-1"));
        assert_eq!(keys.get("area"), Some("a"));
        assert_eq!((keys.get("entity"), keys.get("referral")), (None, None));
    }

    #[test]
    fn what_is_wrong_is_said_as_it_is_of_any_field() {
        assert!(error_of(r#"{"area":"a"}"#).starts_with("missing field `date`"));
        assert!(error_of(r#"{"date":"d","date":"e"}"#).starts_with("duplicate field `date`"));
        assert!(
            error_of(r#"{"area":"a","date":"d","area":"b"}"#).starts_with("duplicate field `area`")
        );
        assert!(error_of(r#"{"date":"d","area":7}"#).starts_with("invalid type"));
        assert!(error_of(r#"["a"]"#).starts_with("invalid type"));
        assert!(error_of(r#"{"date":"d"} x"#).starts_with("trailing"));
        assert!(error_of(r#"{"date":"d""#).starts_with("EOF"));
    }

    #[test]
    fn no_fact_has_a_field_of_a_key() {
        for family in Family::ALL {
            for (name, _, schema) in crate::schema::facts(*family) {
                let fields = schema.get("properties").and_then(|p| p.as_object());
                for field in fields.into_iter().flat_map(|f| f.keys()) {
                    assert!(
                        !KEY_FIELDS.contains(&field.as_str()),
                        "{family}.{name}: {field}"
                    );
                }
            }
        }
    }
}
