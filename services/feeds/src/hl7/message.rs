//! HL7 v2 messages as segments and fields, read by the separators that each names itself.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use serde::Deserialize;
use std::fmt;

/// So many segments are kept; what follows them is not read.
const MAX_SEGMENTS: usize = 2_000;

/// A message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    separators: Separators,
    segments: Vec<Vec<String>>,
}

/// What stands between the parts of a message (MSH-1 and MSH-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separators {
    /// Between fields.
    pub field: char,
    /// Between components.
    pub component: char,
    /// Between repetitions.
    pub repetition: char,
    /// Around what is escaped.
    pub escape: char,
    /// Between subcomponents.
    pub subcomponent: char,
}

impl Default for Separators {
    fn default() -> Self {
        Self {
            field: '|',
            component: '^',
            repetition: '~',
            escape: '\\',
            subcomponent: '&',
        }
    }
}

/// What a field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// Nothing: what was known stands.
    Nothing,
    /// `""`: what was known is taken back.
    Withdrawn,
    /// This.
    Is(String),
}

impl FieldValue {
    /// The text, where there is one.
    #[must_use]
    pub fn text(self) -> Option<String> {
        match self {
            Self::Is(text) => Some(text),
            Self::Nothing | Self::Withdrawn => None,
        }
    }
}

/// Where in a message something stands: `PV1-19`, `PV1-19.4`, `ZU1-3.1.2`. Without a component the first is meant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Place {
    /// The segment.
    pub segment: String,
    /// The field, counted from 1.
    pub field: usize,
    component: usize,
    subcomponent: usize,
}

/// A text that names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a place in a message is written as PV1-19 or PV1-19.4: segment, field, and perhaps component and subcomponent, counted from 1"
)]
pub struct NotAPlace;

impl TryFrom<String> for Place {
    type Error = NotAPlace;

    fn try_from(text: String) -> Result<Self, NotAPlace> {
        let (segment, rest) = text.split_once('-').ok_or(NotAPlace)?;
        let right = segment.len() == 3
            && segment
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        let numbers = rest.split('.').map(|number| match number.parse() {
            Ok(number @ 1..=999) => Ok(number),
            _ => Err(NotAPlace),
        });
        let numbers = numbers.collect::<Result<Vec<usize>, _>>()?;
        if !right || numbers.len() > 3 {
            return Err(NotAPlace);
        }
        let number = |at: usize| numbers.get(at).copied().unwrap_or(1);
        Ok(Self {
            segment: segment.to_owned(),
            field: number(0),
            component: number(1),
            subcomponent: number(2),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.segment, self.field)?;
        match (self.component, self.subcomponent) {
            (1, 1) => Ok(()),
            (component, 1) => write!(f, ".{component}"),
            (component, sub) => write!(f, ".{component}.{sub}"),
        }
    }
}

/// Only the segment of which a field has one of some values.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// The field, of the same segment.
    pub field: Place,
    /// What it may hold.
    pub is: Vec<String>,
}

impl Message {
    /// Reads a message; `None` when it does not begin with a header.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = decode(bytes);
        let text = text.trim_start_matches(['\u{feff}', '\r', '\n', ' ', '\0']);
        let separators = Separators::of(text)?;
        // LF ends a segment too: that is how many senders write them.
        let lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
        let segments = lines.take(MAX_SEGMENTS).map(|line| {
            let fields = line.split(separators.field);
            let mut fields: Vec<String> = fields.map(str::to_owned).collect();
            if fields.first().is_some_and(|name| name == "MSH") {
                // The separator is itself the first field of the header.
                fields.insert(1, separators.field.to_string());
            }
            fields
        });
        Some(Self {
            separators,
            segments: segments.collect(),
        })
    }

    /// Its separators.
    #[must_use]
    pub fn separators(&self) -> Separators {
        self.separators
    }

    /// A field as it was sent.
    #[must_use]
    pub fn raw(&self, segment: &str, field: usize) -> &str {
        let mut named = self.segments.iter().filter(|s| is(s, segment));
        named
            .find_map(|segment| segment.get(field))
            .map_or("", String::as_str)
    }

    /// What stands in a place: in the first such segment or, with `only`, in the first that fulfils it.
    #[must_use]
    pub fn value_at(&self, place: &Place, only: Option<&Only>) -> FieldValue {
        let fulfils = |segment: &&Vec<String>| {
            only.is_none_or(|only| match self.part(segment, &only.field) {
                FieldValue::Is(text) => only.is.iter().any(|is| is.eq_ignore_ascii_case(&text)),
                FieldValue::Nothing | FieldValue::Withdrawn => false,
            })
        };
        let mut named = self.segments.iter().filter(|s| is(s, &place.segment));
        let found = named.find(fulfils);
        found.map_or(FieldValue::Nothing, |segment| self.part(segment, place))
    }

    /// The text in a place; none where it says nothing or takes something back.
    #[must_use]
    pub fn text(&self, place: &Place) -> Option<String> {
        self.value_at(place, None).text()
    }

    fn part(&self, segment: &[String], place: &Place) -> FieldValue {
        let Separators {
            repetition,
            component,
            subcomponent,
            ..
        } = self.separators;
        let field = segment.get(place.field).map_or("", String::as_str);
        let first = field.split(repetition).next().unwrap_or_default();
        if first.trim() == "\"\"" {
            return FieldValue::Withdrawn;
        }
        let part = first.split(component).nth(place.component - 1);
        let part = part.and_then(|part| part.split(subcomponent).nth(place.subcomponent - 1));
        match part.unwrap_or_default().trim() {
            "" => FieldValue::Nothing,
            "\"\"" => FieldValue::Withdrawn,
            text => FieldValue::Is(self.separators.unescape(text).trim().to_owned()),
        }
    }
}

fn is(segment: &[String], name: &str) -> bool {
    segment.first().is_some_and(|first| first == name)
}

impl Separators {
    fn of(text: &str) -> Option<Self> {
        let mut header = text.strip_prefix("MSH")?.chars();
        let field = header
            .next()
            .filter(|c| !c.is_alphanumeric() && !c.is_control())?;
        let mut marks = header.take_while(|c| *c != field && !c.is_control());
        let usual = Self::default();
        Some(Self {
            field,
            component: marks.next()?,
            repetition: marks.next().unwrap_or(usual.repetition),
            escape: marks.next().unwrap_or(usual.escape),
            subcomponent: marks.next().unwrap_or(usual.subcomponent),
        })
    }

    /// A text without its escapes; those that mean formatting become blanks.
    fn unescape(self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(self.escape) {
            plain.push_str(before);
            let Some((code, after)) = after.split_once(self.escape) else {
                // A mark that escapes nothing stands for itself.
                plain.push(self.escape);
                rest = after;
                continue;
            };
            match code {
                "F" => plain.push(self.field),
                "S" => plain.push(self.component),
                "T" => plain.push(self.subcomponent),
                "R" => plain.push(self.repetition),
                "E" => plain.push(self.escape),
                _ => plain.push(' '),
            }
            rest = after;
        }
        plain.push_str(rest);
        plain
    }
}

/// The text of a message, by the character set of its header (MSH-18).
fn decode(bytes: &[u8]) -> String {
    let header = bytes
        .split(|b| matches!(b, b'\r' | b'\n'))
        .find(|line| !line.is_empty());
    let header = header.unwrap_or_default();
    let separator = header.get(3).copied().unwrap_or(b'|');
    // The separator is the header's first field, so the field that is number 18 is the 17th part behind the name.
    let named = header
        .split(|b| *b == separator)
        .nth(17)
        .unwrap_or_default();
    let named = String::from_utf8_lossy(named).to_uppercase();
    let first = named.split(['~', '^']).next().unwrap_or_default().trim();
    let encoding = match first.strip_prefix("8859/") {
        Some(part) => Encoding::for_label(format!("iso-8859-{part}").as_bytes()),
        None if first.contains("UTF-8") => Some(UTF_8),
        None => None,
    };
    let encoding = encoding.unwrap_or_else(|| match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        Err(_) => WINDOWS_1252,
    });
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value_at(message: &str, place: &str) -> FieldValue {
        let place = Place::try_from(place.to_owned()).unwrap();
        Message::read(message.as_bytes())
            .unwrap()
            .value_at(&place, None)
    }

    fn is(text: &str) -> FieldValue {
        FieldValue::Is(text.to_owned())
    }

    const MESSAGE: &str = "MSH|^~\\&|PAS|RAJ|||20261120||ADT^A08^ADT_A01|7|P|2.4\rPV1||I|W1^B2^3^SITE&1||||||||||||||||V7^^^PAS&X~V8|||\"\"||A\\T\\E\\X41\\ \\E\rZU1|1|\"\"^x\r";

    #[test]
    fn fields_are_found_by_their_numbers() {
        assert_eq!(value_at(MESSAGE, "MSH-1"), is("|"));
        assert_eq!(value_at(MESSAGE, "MSH-9.2"), is("A08"));
        assert_eq!(value_at(MESSAGE, "MSH-10"), is("7"));
        assert_eq!(value_at(MESSAGE, "PV1-2"), is("I"));
        assert_eq!(value_at(MESSAGE, "PV1-3.4.2"), is("1"));
        assert_eq!(value_at(MESSAGE, "PV1-19"), is("V7"));
        assert_eq!(value_at(MESSAGE, "PV1-19.4"), is("PAS"));
        assert_eq!(value_at(MESSAGE, "PV1-24"), is("A&E  \\E"));
        assert_eq!(value_at(MESSAGE, "PV1-99"), FieldValue::Nothing);
        assert_eq!(value_at(MESSAGE, "PV2-9"), FieldValue::Nothing);
    }

    #[test]
    fn two_quotes_take_back_and_nothing_says_nothing() {
        assert_eq!(value_at(MESSAGE, "PV1-22"), FieldValue::Withdrawn);
        assert_eq!(value_at(MESSAGE, "PV1-22.3"), FieldValue::Withdrawn);
        assert_eq!(value_at(MESSAGE, "ZU1-2"), FieldValue::Withdrawn);
        assert_eq!(value_at(MESSAGE, "ZU1-2.2"), is("x"));
        assert_eq!(value_at(MESSAGE, "PV1-4"), FieldValue::Nothing);
    }

    #[test]
    fn a_message_names_its_own_separators_and_its_characters() {
        let other = "MSH#*~\\&#PAS#RAJ###20261120##ADT*A01#7#P#2.4\nPV1##I#W*B\n";
        assert_eq!(value_at(other, "MSH-9.2"), is("A01"));
        assert_eq!(value_at(other, "PV1-3.2"), is("B"));
        let header = "MSH|^~\\&|||||||ADT^A08|7|P|2.4||||||8859/1\rZU1|caf";
        let latin = [header.as_bytes(), &[0xe9]].concat();
        let place = Place::try_from("ZU1-1".to_owned()).unwrap();
        assert_eq!(
            Message::read(&latin).unwrap().text(&place),
            Some("café".into())
        );
        let utf8 = header.replace("8859/1", "UNICODE UTF-8") + "é";
        assert_eq!(value_at(&utf8, "ZU1-1"), is("café"));
        let silent = [header.replace("8859/1", "").as_bytes(), &[0xe9]].concat();
        assert_eq!(
            Message::read(&silent).unwrap().text(&place),
            Some("café".into())
        );
    }

    #[test]
    fn one_of_several_segments_is_found_by_what_it_is_about() {
        let text = "MSH|^~\\&|\rOBX|1|CE|OTHER||x\rOBX|2|CE|CTR^reside||N\r";
        let message = Message::read(text.as_bytes()).unwrap();
        let place = |text: &str| Place::try_from(text.to_owned()).unwrap();
        let only = Only {
            field: place("OBX-3"),
            is: vec!["ctr".to_owned()],
        };
        assert_eq!(message.value_at(&place("OBX-5"), Some(&only)), is("N"));
        let none = Only {
            is: vec!["else".to_owned()],
            ..only
        };
        assert_eq!(
            message.value_at(&place("OBX-5"), Some(&none)),
            FieldValue::Nothing
        );
    }

    #[test]
    fn a_place_is_segment_and_numbers() {
        for text in ["PV1-19", "PV1-19.4", "ZU1-3.1.2", "MSH-9.2"] {
            assert_eq!(Place::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in [
            "PV1",
            "PV1-",
            "PV1-0",
            "pv1-2",
            "PV1-1.2.3.4",
            "PV1-x",
            "PV11-2",
            "PV1-1.0",
        ] {
            assert_eq!(Place::try_from(text.to_owned()), Err(NotAPlace), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_panics(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            text in "MSH.{0,200}",
            field in 1_usize..30,
            component in 1_usize..6,
        ) {
            let place = Place { segment: "MSH".to_owned(), field, component, subcomponent: component };
            for bytes in [bytes.clone(), text.into_bytes(), [b"MSH|^~\\&|".as_slice(), &bytes].concat()] {
                if let Some(message) = Message::read(&bytes) {
                    let _ = message.value_at(&place, None);
                }
            }
        }

        #[test]
        fn what_is_escaped_comes_out_as_it_was(text in "[ -~]{1,30}") {
            let escaped: String = text.chars().map(|c| match c {
                '|' => "\\F\\".to_owned(),
                '^' => "\\S\\".to_owned(),
                '&' => "\\T\\".to_owned(),
                '~' => "\\R\\".to_owned(),
                '\\' => "\\E\\".to_owned(),
                other => other.to_string(),
            }).collect();
            prop_assert_eq!(Separators::default().unescape(&escaped), text);
        }
    }
}
