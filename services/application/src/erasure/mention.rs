//! Whether bytes that are not an event name somebody all the same: as they stand, behind escapes of JSON, or in base 64.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};

/// Base 64 within base 64 is looked through so deep.
const DEPTH: u32 = 4;

/// Whether an id stands in some bytes.
pub(super) fn mentions(bytes: &[u8], is_named: &dyn Fn(&str) -> bool) -> bool {
    mentions_within(bytes, is_named, DEPTH)
}

fn mentions_within(bytes: &[u8], is_named: &dyn Fn(&str) -> bool, depth: u32) -> bool {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    loop {
        if is_named(&text) || (depth > 0 && mentions_coded(&text, is_named, depth - 1)) {
            return true;
        }
        // JSON in a string of JSON is escaped twice.
        let plain = unescaped(&text);
        if plain == text {
            return false;
        }
        text = plain;
    }
}

fn mentions_coded(text: &str, is_named: &dyn Fn(&str) -> bool, depth: u32) -> bool {
    let coded = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    let mut runs = text.split(|c| !coded(c)).filter(|run| run.len() > 3);
    runs.any(|run| {
        // The last letters may be of something else.
        let whole = &run.as_bytes()[..run.len() / 4 * 4];
        [run.as_bytes(), whole].into_iter().any(|run| {
            let decoded = BASE64_NOPAD.decode(run);
            let decoded = decoded.or_else(|_| BASE64URL_NOPAD.decode(run));
            decoded.is_ok_and(|bytes| mentions_within(&bytes, is_named, depth))
        })
    })
}

/// A text without one layer of the escapes of JSON, wherever they stand. Ids are of ASCII, so halves of other letters may go.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let code = escape
            .strip_prefix("\\u")
            .and_then(|digits| digits.get(..4));
        if let Some(code) = code.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            plain.extend(char::from_u32(code));
            rest = &escape[6..];
        } else {
            // What is escaped otherwise stands for itself or for a space.
            rest = &escape[1..];
            let escaped = rest.chars().next();
            plain.extend(escaped);
            rest = &rest[escaped.map_or(0, char::len_utf8)..];
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64;

    #[test]
    fn a_name_is_found_however_it_is_written_and_another_is_not() {
        let name = "t-9f86d081884c7d65";
        let data = format!(r#"{{"transfer":"{name}"}}"#);
        let coded = BASE64.encode(data.as_bytes());
        let escape = |text: &str| -> String {
            let code = |c: char| format!("\\u{:04X}", u32::from(c));
            text.chars().map(code).collect()
        };
        let written = [
            data.clone(),
            format!("no JSON: {name}"),
            format!(r#"{{"data":"{}"}}"#, escape(name)),
            r#"{"data":"\\u0074-9f\\u00386d081884c7d65"}"#.to_owned(),
            format!(r#"{{"data_base64":"{coded}"}}"#),
            format!(r#"{{"data_base64":"{}"}}"#, escape(&coded)),
            format!(r#"{{"data_base64":"{}"}}"#, coded.trim_end_matches('=')),
            format!(r#"{{"data_base64":"{}"}}"#, BASE64.encode(coded.as_bytes())),
            format!(
                r#"{{"data_base64":"{}"}}"#,
                BASE64.encode(escape(name).as_bytes())
            ),
            format!(r#"{{"data":1,"data":"{name}","data":2}}"#),
            BASE64.encode(name.as_bytes()),
        ];
        for text in written {
            let found =
                |name: &'static str| mentions(text.as_bytes(), &move |text| text.contains(name));
            assert!(found("t-9f86d081884c7d65"), "{text}");
            assert!(!found("t-9f86d081884c7d66"), "{text}");
        }
        assert!(!mentions(b"\\", &|_| false) && !mentions(b"\\u12", &|_| false));
        assert!(!mentions("\\é\\ud83d".as_bytes(), &|_| false));
    }
}
