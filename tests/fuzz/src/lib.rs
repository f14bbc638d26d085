//! What a fuzzer does to something that is right: it changes, adds, cuts and doubles bytes. Bytes of chance alone are refused before
//! anything of interest reads them.

use bolero::TypeGenerator;

/// One change of a text.
#[derive(Clone, Debug, TypeGenerator)]
pub enum Change {
    /// Another byte in a place.
    Set(u16, u8),
    /// One more byte.
    Insert(u16, u8),
    /// Some bytes fewer.
    Cut(u16, u8),
    /// Some bytes twice.
    Double(u16, u8),
    /// A piece of another example.
    Splice(u16, u8, u16, u8),
}

/// An example with changes.
#[derive(Clone, Debug, TypeGenerator)]
pub struct Damage {
    example: u8,
    changes: Vec<Change>,
}

/// So many changes at most: what is changed everywhere is bytes of chance again.
const MAX_CHANGES: usize = 8;

impl Damage {
    /// One of the examples, damaged.
    #[must_use]
    pub fn of(&self, examples: &[String]) -> Vec<u8> {
        let Some(example) = pick(examples, self.example) else {
            return Vec::new();
        };
        let mut bytes = example.as_bytes().to_vec();
        for change in self.changes.iter().take(MAX_CHANGES) {
            change.make(&mut bytes, examples);
        }
        bytes
    }
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>, examples: &[String]) {
        let place = |at: u16, bytes: &[u8]| usize::from(at) % (bytes.len() + 1);
        let span = |at: u16, length: u8, bytes: &[u8]| {
            let from = place(at, bytes);
            from..(from + usize::from(length)).min(bytes.len())
        };
        match *self {
            Self::Set(at, byte) => {
                let at = place(at, bytes);
                if let Some(old) = bytes.get_mut(at) {
                    *old = byte;
                }
            }
            Self::Insert(at, byte) => bytes.insert(place(at, bytes), byte),
            Self::Cut(at, length) => {
                bytes.drain(span(at, length, bytes));
            }
            Self::Double(at, length) => {
                let span = span(at, length, bytes);
                let piece = bytes.get(span.clone()).unwrap_or_default().to_vec();
                bytes.splice(span.start..span.start, piece);
            }
            Self::Splice(at, example, from, length) => {
                let other = pick(examples, example).map_or(&[][..], String::as_bytes);
                let piece = other.get(span(from, length, other)).unwrap_or_default();
                let at = place(at, bytes);
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
}

fn pick(examples: &[String], number: u8) -> Option<&String> {
    examples.get(usize::from(number) % examples.len().max(1))
}
