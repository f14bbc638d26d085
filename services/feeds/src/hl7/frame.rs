//! MLLP: where one message begins and ends in a stream of bytes (VT … FS CR), as senders really write it.
//!
//! Several messages in one packet, one split anywhere, LF or nothing behind FS, NUL or line ends between messages and
//! doubled marks are all taken. A VT within a text (the line break of some word processors) is part of the text.

/// Begins a message.
pub const VT: u8 = 0x0b;
/// Ends a message; CR follows.
pub const FS: u8 = 0x1c;
/// So many bytes outside of messages are passed over; a sender of more does not speak MLLP.
const MAX_STRAY: usize = 4096;

/// Why a connection cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message is larger than is taken.
    #[error("a message is larger than this feed takes (`max_message_kib`)")]
    Large,
    /// What comes is not framed.
    #[error(
        "what was sent is not framed as MLLP: a message begins with 0x0B and ends with 0x1C 0x0D"
    )]
    NotFramed,
}

/// Takes bytes as they come and gives whole messages.
#[derive(Clone, Debug)]
pub struct Framer {
    message: Option<Vec<u8>>,
    stray: usize,
    max_bytes: usize,
}

impl Framer {
    /// A framer for messages of at most so many bytes.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            message: None,
            stray: 0,
            max_bytes,
        }
    }

    /// Takes bytes, and adds the messages that they end to `whole`.
    ///
    /// # Errors
    /// When a message is too large or bytes are not framed; the connection is then of no use.
    pub fn take(&mut self, bytes: &[u8], whole: &mut Vec<Vec<u8>>) -> Result<(), FrameError> {
        for &byte in bytes {
            match (&mut self.message, byte) {
                (None, VT) => self.message = Some(Vec::new()),
                (None, FS | 0 | b'\r' | b'\n') => {}
                (None, _) => {
                    self.stray += 1;
                    if self.stray > MAX_STRAY {
                        return Err(FrameError::NotFramed);
                    }
                }
                (Some(message), FS) => {
                    let from = last_beginning(message);
                    message.drain(..from);
                    whole.extend(self.message.take().iter().flat_map(|frame| each(frame)));
                    self.stray = 0;
                }
                (Some(message), byte) => {
                    if message.len() >= self.max_bytes {
                        return Err(FrameError::Large);
                    }
                    message.push(byte);
                }
            }
        }
        Ok(())
    }
}

/// Where the last message begins: of one that was never ended, only the one after it counts.
fn last_beginning(message: &[u8]) -> usize {
    let begins = |part: &[u8]| part == [VT, b'M', b'S', b'H'];
    message
        .windows(4)
        .rposition(begins)
        .map_or(0, |before| before + 1)
}

/// The messages of a frame: one, but some senders put several in, and each is answered. A header begins a segment and names
/// the same marks as the first one; what a text says at the beginning of its line does not.
fn each(frame: &[u8]) -> Vec<Vec<u8>> {
    const HEADER: &[u8] = b"MSH";
    // The header's name, and the five marks behind it.
    let header = frame.get(..8).filter(|first| first.starts_with(HEADER));
    let begins = |at: &usize| {
        let segment = at.checked_sub(1).and_then(|end| frame.get(end));
        segment.is_none_or(|end| matches!(end, b'\r' | b'\n'))
            && header.is_some_and(|header| {
                frame
                    .get(*at..)
                    .is_some_and(|rest| rest.starts_with(header))
            })
    };
    let mut starts: Vec<usize> = (1..frame.len()).filter(begins).collect();
    starts.insert(0, 0);
    starts.push(frame.len());
    let messages = starts.windows(2).filter_map(|ends| match ends {
        [from, to] => frame.get(*from..*to),
        _ => None,
    });
    let messages = messages.filter(|message| !message.is_empty());
    messages.map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(parts: &[&[u8]]) -> Result<Vec<String>, FrameError> {
        let mut framer = Framer::new(64);
        let mut whole = Vec::new();
        for part in parts {
            framer.take(part, &mut whole)?;
        }
        let text = |message| String::from_utf8(message).unwrap();
        Ok(whole.into_iter().map(text).collect())
    }

    #[test]
    fn messages_are_found_however_senders_frame_them() {
        let three = Ok(vec![
            "MSH|1".to_owned(),
            "MSH|2".to_owned(),
            "MSH|3".to_owned(),
        ]);
        for bytes in [
            &b"\x0bMSH|1\x1c\r\x0bMSH|2\x1c\r\x0bMSH|3\x1c\r"[..],
            b"\x0bMSH|1\x1c\n\x0bMSH|2\x1c\r\n\x0bMSH|3\x1c",
            b"\x0bMSH|1\x1c\r\0\x0bMSH|2\x1c\r\0\0\x0bMSH|3\x1c\r\0",
            b"\x0b\x0bMSH|1\x1c\r\x1c\r\x0b\x0bMSH|2\x1c\r\x1c\r\x0bMSH|3\x1c\r\x1c\r",
            b"hello\x0bMSH|1\x1c\r\x0bMSH|half\x0bMSH|2\x1c\r\x0bMSH|3\x1c\r",
        ] {
            assert_eq!(all(&[bytes]), three, "{bytes:?}");
        }
        assert_eq!(
            all(&[b"\x0bMSH|a\x0bb\x1c\r"]),
            Ok(vec!["MSH|a\u{b}b".to_owned()])
        );
    }

    #[test]
    fn each_message_of_a_frame_is_one() {
        let two = "MSH|^~\\&|PAS\rEVN|A01\rMSH|^~\\&|PAS\rEVN|A03\r";
        let framed = [&[VT][..], two.as_bytes(), &[FS, b'\r']].concat();
        let mut framer = Framer::new(1000);
        let mut whole = Vec::new();
        framer.take(&framed, &mut whole).unwrap();
        let texts: Vec<&str> = whole
            .iter()
            .map(|m| std::str::from_utf8(m).unwrap())
            .collect();
        assert_eq!(
            texts,
            ["MSH|^~\\&|PAS\rEVN|A01\r", "MSH|^~\\&|PAS\rEVN|A03\r"]
        );
        // The end of a line within a text, as some senders leave it.
        let one = b"\x0bMSH|^~\\&|PAS\rNTE|1||see\nMSH of the ward\r\x1c\r";
        framer.take(one, &mut whole).unwrap();
        assert_eq!(whole.len(), 3);
    }

    #[test]
    fn what_is_too_large_or_not_framed_ends_the_connection() {
        assert_eq!(all(&[&[VT], &[b'a'; 65]]), Err(FrameError::Large));
        assert_eq!(all(&[&[b'G'; 5000]]), Err(FrameError::NotFramed));
    }

    proptest! {
        #[test]
        fn where_packets_are_cut_makes_no_difference(
            texts in prop::collection::vec("MSH[ -~\r\n\u{b}é]{0,40}", 0..6),
            between in "[\r\n\0]{0,3}",
            sizes in prop::collection::vec(1_usize..20, 1..40),
        ) {
            let texts: Vec<String> = texts.iter().map(|text| text.replace("\u{b}MSH", "")).collect();
            let stream: Vec<u8> = texts
                .iter()
                .flat_map(|text| [&[VT][..], text.as_bytes(), &[FS, b'\r'], between.as_bytes()].concat())
                .collect();
            let mut framer = Framer::new(1000);
            let (mut whole, mut rest) = (Vec::new(), stream.as_slice());
            for size in sizes.iter().cycle() {
                let (part, after) = rest.split_at((*size).min(rest.len()));
                framer.take(part, &mut whole).unwrap();
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            let expected: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(whole, expected);
        }

        #[test]
        fn no_bytes_panic_and_none_are_held_beyond_the_limit(
            bytes in prop::collection::vec(prop_oneof![Just(VT), Just(FS), Just(0), any::<u8>()], 0..600)
        ) {
            let mut framer = Framer::new(50);
            let mut whole = Vec::new();
            let _ = framer.take(&bytes, &mut whole);
            prop_assert!(whole.iter().all(|message| message.len() <= 50));
            prop_assert!(framer.message.is_none_or(|message| message.len() <= 50));
        }
    }
}
