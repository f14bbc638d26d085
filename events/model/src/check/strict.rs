//! Reads JSON more strictly than JSON asks: no key twice, no deep nesting, nothing after the end. On a fault it
//! knows which field it was in.

use super::{MAX_DEPTH, Refusal, shape};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::{Cell, RefCell};

#[derive(Default)]
struct Walk {
    /// The keys that lead to where the reader is.
    path: RefCell<Vec<String>>,
    /// The rule of ours that was broken.
    fault: Cell<Option<&'static str>>,
}

#[derive(Clone, Copy)]
struct Seed<'w> {
    walk: &'w Walk,
    depth: usize,
}

/// Reads an event's bytes.
///
/// # Errors
/// The first fault, with the field that it is in.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::new("", "must not be empty"));
    }
    if std::str::from_utf8(bytes).is_err() {
        return Err(Refusal::new("", "must be UTF-8"));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Refusal::new("", "must not start with a byte order mark"));
    }
    let walk = Walk::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Seed {
        walk: &walk,
        depth: 0,
    }
    .deserialize(&mut reader)
    .map_err(|e| {
        let rule = match walk.fault.get() {
            Some(rule) => rule.to_owned(),
            None => at(rule_of(&e), &e),
        };
        Refusal::new(shape::pointer(&walk.path.borrow()), rule)
    })?;
    let follows = |e| Refusal::new("", at("is not JSON: something follows after its end", &e));
    reader.end().map_err(follows)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Refusal::new("", "must be a JSON object"))
    }
}

fn at(rule: &str, error: &serde_json::Error) -> String {
    format!("{rule} (line {} column {})", error.line(), error.column())
}

/// The kind of a fault, without the text that serde repeats.
fn rule_of(error: &serde_json::Error) -> &'static str {
    if error.is_eof() {
        "is not JSON: it ends too early"
    } else {
        "is not JSON: a comma, quote or bracket is missing, or a number, an escape or a control character is not as JSON has it"
    }
}

impl Seed<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.walk
                .fault
                .set(Some("nests objects and lists too deeply"));
            return Err(E::custom("depth"));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number"))
    }
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        loop {
            self.walk.path.borrow_mut().push(values.len().to_string());
            let next = list.next_element_seed(inner)?;
            self.walk.path.borrow_mut().pop();
            match next {
                Some(value) => values.push(value),
                None => return Ok(values.into()),
            }
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut fields = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            self.walk.path.borrow_mut().push(key.clone());
            if fields.contains_key(&key) {
                self.walk.fault.set(Some("is given twice"));
                return Err(A::Error::custom("twice"));
            }
            let value = object.next_value_seed(inner)?;
            self.walk.path.borrow_mut().pop();
            fields.insert(key, value);
        }
        Ok(fields.into())
    }
}
