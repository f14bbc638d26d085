//! Envelopes in the one form in which this product writes them: no spaces, the attributes in alphabetical order, no
//! escapes. They are read from the end without the general parser, which a rebuild would otherwise spend a good part of
//! its time in. Anything else is left to that.
//!
//! Why from the end is right: within a JSON string every quote has a backslash before it, so `,"time":"` as it stands
//! can only be between attributes; and a value that has neither a backslash nor a quote is what it looks like.

use super::{Envelope, instant};
use std::borrow::Cow;

/// Reads an envelope of that form. Its `data` begins and ends as an object does, and may still be none.
pub(super) fn read(text: &str) -> Option<Envelope<'_>> {
    let rest = text.strip_suffix('}')?;
    let (rest, event_type) = last(rest, ",\"type\":")?;
    let (rest, time) = last(rest, ",\"time\":")?;
    let rest = rest.strip_suffix(",\"specversion\":\"1.0\"")?;
    let (rest, source) = last(rest, ",\"source\":")?;
    let (rest, recorded) = last(rest, ",\"recordedtime\":")?;
    let (rest, id) = last(rest, ",\"id\":")?;
    let rest = rest.strip_suffix(",\"datacontenttype\":\"application/json\"")?;
    let (actor, data) = match rest.strip_prefix("{\"data\":") {
        Some(data) => (None, data),
        None => first(rest).map(|(actor, data)| (Some(actor.to_owned()), data))?,
    };
    let is_object = data.starts_with('{') && data.ends_with('}');
    let is_named = ![event_type, source, id].iter().any(|text| text.is_empty());
    (is_object && is_named).then_some(Envelope {
        specversion: Cow::Borrowed("1.0"),
        event_type: Cow::Borrowed(event_type),
        source: Cow::Borrowed(source),
        id: Cow::Borrowed(id),
        time: instant::plain(time.as_bytes())?,
        recorded_time: Some(instant::plain(recorded.as_bytes())?),
        actor,
        data,
    })
}

/// The actor, which is the first attribute where there is one, and the data behind it.
fn first(text: &str) -> Option<(&str, &str)> {
    let (actor, data) = text
        .strip_prefix("{\"actor\":\"")?
        .split_once("\",\"data\":")?;
    let odd = |byte: u8| byte < b' ' || matches!(byte, b'\\' | b'"');
    Some((actor, data)).filter(|_| !actor.bytes().any(odd))
}

/// The attribute at the end of a text, which has this name, and what is before it.
fn last<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (before, value) = text.strip_suffix('"')?.rsplit_once('"')?;
    let odd = |byte: u8| byte < b' ' || byte == b'\\';
    let plain = !value.bytes().fold(false, |any, byte| any | odd(byte));
    Some((before.strip_suffix(name)?, value)).filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use proptest::prelude::*;
    use serde_json::Value;

    /// What the general parser makes of it.
    fn general(text: &str) -> Option<Envelope<'_>> {
        Envelope::of(serde_json::from_str(text)).ok()
    }

    fn same(a: &Envelope<'_>, b: &Envelope<'_>) -> bool {
        (&a.specversion, &a.event_type, &a.source, &a.id, a.data)
            == (&b.specversion, &b.event_type, &b.source, &b.id, b.data)
            && (a.time, a.recorded_time, &a.actor) == (b.time, b.recorded_time, &b.actor)
    }

    fn written() -> Vec<String> {
        let examples = example::all().into_iter().enumerate();
        let events = examples.map(|(n, (_, mut event))| {
            if n % 2 == 0 {
                event["actor"] = "person:a1b2".into();
            }
            event.to_string()
        });
        events.collect()
    }

    #[test]
    fn what_this_product_writes_is_read() {
        for text in written() {
            let read = read(&text).unwrap_or_else(|| panic!("{text}"));
            assert!(same(&read, &general(&text).unwrap()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_read_otherwise_than_by_the_general_parser(
            which in any::<prop::sample::Index>(),
            edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, prop::sample::select(vec![
                "\"", "\\", "{", "}", ",", ":", "x", " ", "\n", "é", "\",\"type\":\"", "\\\",\\\"id\\\":\\\"",
                ",\"data\":{}", "\"actor\":\"x\",", ",\"id\":\"2\"", ",\"specversion\":\"1.0\"",
            ])), 0..4),
        ) {
            let all = written();
            let mut text = which.get(&all).clone();
            for (place, how, what) in edits {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                let at = *place.get(&places);
                match how {
                    0 => text.insert_str(at, what),
                    1 => drop(text.remove(at)),
                    _ => {
                        text.remove(at);
                        text.insert_str(at, what);
                    }
                }
            }
            if let Some(read) = read(&text) {
                match general(&text) {
                    Some(general) => prop_assert!(same(&read, &general), "{}", text),
                    None => prop_assert!(serde_json::from_str::<Value>(read.data).is_err(), "{}", text),
                }
            }
        }
    }
}
