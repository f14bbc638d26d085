//! The fields of a delivered message's reply subject.
//!
//! `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, or the same with a domain
//! and an account after `ACK`, and perhaps a token at the end (NATS ADR-15). It is read once for each event, so only
//! the numbers that are needed are taken.

use chrono::{DateTime, Utc};

/// The numbers of one delivered message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delivered {
    /// The message's sequence in the stream.
    pub(super) stream_sequence: u64,
    /// How many messages this consumer was given, with this one.
    pub(super) consumer_sequence: u64,
}

/// Stream and consumer sequence; `None` when the subject is not one of a delivered message.
pub(super) fn delivered(reply: &str) -> Option<Delivered> {
    let mut fields = fields(reply)?;
    let stream_sequence = number(fields.next()?)?;
    let consumer_sequence = number(fields.next()?)?;
    Some(Delivered {
        stream_sequence,
        consumer_sequence,
    })
}

/// How many messages were still to come after this one, when it was sent.
pub(super) fn pending(reply: &str) -> Option<u64> {
    number(fields(reply)?.nth(3)?)
}

/// When the stream stored this message.
pub(super) fn stored(reply: &str) -> Option<DateTime<Utc>> {
    let nanoseconds = number(fields(reply)?.nth(2)?)?;
    let nanoseconds = i64::try_from(nanoseconds).ok()?;
    Some(DateTime::from_timestamp_nanos(nanoseconds))
}

/// The fields from the stream sequence on.
fn fields(reply: &str) -> Option<impl Iterator<Item = &[u8]>> {
    let rest = reply.strip_prefix("$JS.ACK.")?.as_bytes();
    // Seven fields without a domain, nine or more with one.
    let dots = rest.iter().filter(|byte| **byte == b'.').count();
    let before = match dots {
        6 => 3,
        8.. => 5,
        _ => return None,
    };
    Some(rest.split(|byte| *byte == b'.').skip(before))
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit <= 9)
            .then(|| number.checked_mul(10)?.checked_add(u64::from(digit)))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_reply_subject_are_read() {
        for reply in [
            "$JS.ACK.JOINEDUP.c1.1.1234.56.1766000000000000000.78",
            "$JS.ACK._.ACCHASH.JOINEDUP.c1.1.1234.56.1766000000000000000.78",
            "$JS.ACK.hub.ACCHASH.JOINEDUP.c1.1.1234.56.1766000000000000000.78.token",
        ] {
            assert_eq!(
                delivered(reply),
                Some(Delivered {
                    stream_sequence: 1234,
                    consumer_sequence: 56
                }),
                "{reply}"
            );
            assert_eq!(pending(reply), Some(78), "{reply}");
        }
    }

    #[test]
    fn anything_else_is_not_taken_for_a_delivery() {
        for reply in [
            "",
            "_INBOX.abc",
            "$JS.ACK.",
            "$JS.ACK.JOINEDUP.c1.1.x.56.17.78",
            "$JS.ACK.JOINEDUP.c1.1..56.17.78",
            "$JS.ACK.a.b.c",
            "$JS.FC.JOINEDUP.c1.abc",
            "$JS.ACK.JOINEDUP.c1.1.99999999999999999999.56.17.78",
        ] {
            assert_eq!(delivered(reply), None, "{reply}");
        }
    }
}
