//! The rows of the log: many events packed into one, since the store's cost is per row.
//!
//! | key | value |
//! |---|---|
//! | `e` and the position of the row's last event | the events, see [`RowShape`] |
//! | `s` and a subject | the position of its last event, as far as the next row says |
//! | `i` | the position up to which the rows `s` are right |
//! | `m` | the format, and the identity of the log |
//!
//! Numbers are big-endian. A row of events is keyed by its *last* position, so that the row which holds a position, and
//! those after it, are one forward scan.

use bytes::Bytes;

use crate::{NewEvent, Position, RecordedEvent};

pub(super) const EVENTS: &[u8] = b"e";
pub(super) const SUBJECTS: &[u8] = b"s";
pub(super) const INDEXED: &[u8] = b"i";
pub(super) const IDENTITY: &[u8] = b"m";

/// A row is closed when it holds this many bytes: 16 neighbours of this size stay below the 128 KB from which the store
/// would put them into a file of their own.
pub(super) const ROW_BYTES: usize = 6 << 10;

const FORMAT: u8 = 1;
const HEADER: usize = 1 + 8 + 8 + 4;

/// The key of the row whose last event is at this position.
pub(super) fn events_key(last: u64) -> Vec<u8> {
    [EVENTS, &last.to_be_bytes()].concat()
}

pub(super) fn subject_key(subject: &str) -> Vec<u8> {
    [SUBJECTS, subject.as_bytes()].concat()
}

pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

/// Events that go into one row.
pub(super) struct RowWriter {
    bytes: Vec<u8>,
    first: u64,
    count: u32,
}

impl RowWriter {
    /// A row that begins at a position, written at a time (milliseconds since 1970).
    pub(super) fn new(first: u64, written_at: u64) -> Self {
        let mut bytes = Vec::with_capacity(ROW_BYTES + 1024);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&first.to_be_bytes());
        bytes.extend_from_slice(&written_at.to_be_bytes());
        bytes.extend_from_slice(&0_u32.to_be_bytes());
        Self {
            bytes,
            first,
            count: 0,
        }
    }

    /// Per event: the lengths of subject and id (2 bytes each) and of the payload (4 bytes), then the three.
    pub(super) fn push(&mut self, event: &NewEvent) {
        let short = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
        self.bytes.extend_from_slice(&short(&event.subject));
        self.bytes.extend_from_slice(&short(&event.message_id));
        self.bytes.extend_from_slice(
            &u32::try_from(event.payload.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        self.bytes.extend_from_slice(event.subject.as_bytes());
        self.bytes.extend_from_slice(event.message_id.as_bytes());
        self.bytes.extend_from_slice(&event.payload);
        self.count += 1;
        let at = HEADER - 4;
        self.bytes[at..HEADER].copy_from_slice(&self.count.to_be_bytes());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= ROW_BYTES
    }

    /// The position of the next event.
    pub(super) fn next(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// The key and the value.
    pub(super) fn row(&self) -> (Vec<u8>, &[u8]) {
        (events_key(self.next() - 1), &self.bytes)
    }
}

/// What the bytes of a row say of it, if they are those of a row: it may be changed all the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowShape {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Milliseconds since 1970.
    pub(super) written_at: u64,
    /// How many bytes it has.
    pub(super) len: usize,
}

impl RowShape {
    /// Reads the header, and passes over as many events as it says.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        let (first, written_at) = (number(&header[1..9])?, number(&header[9..17])?);
        let count = u32::from_be_bytes(header[17..].try_into().ok()?);
        if header[0] != FORMAT || first == 0 || count == 0 {
            return None;
        }
        let last = first.checked_add(u64::from(count) - 1)?;
        let mut len = HEADER;
        for _ in 0..count {
            let lengths = bytes.get(len..len + 8)?;
            let short = |n: usize| usize::from(u16::from_be_bytes([lengths[n], lengths[n + 1]]));
            let payload = u32::from_be_bytes(lengths[4..].try_into().ok()?) as usize;
            len = len.checked_add(8 + short(0) + short(2))?;
            len = len.checked_add(payload).filter(|len| *len <= bytes.len())?;
        }
        Some(Self {
            first,
            last,
            written_at,
            len,
        })
    }
}

/// A row of events as read.
pub(super) struct EventRow {
    pub(super) first: u64,
    pub(super) last: u64,
    /// Milliseconds since 1970.
    pub(super) written_at: u64,
    bytes: Bytes,
}

impl EventRow {
    /// None: this is not a row of events.
    pub(super) fn decode(key: &[u8], value: Vec<u8>) -> Option<Self> {
        let last = number(key.strip_prefix(EVENTS)?)?;
        let bytes = Bytes::from(value);
        let (&format, rest) = bytes.split_first()?;
        let first = number(rest.get(..8)?)?;
        let written_at = number(rest.get(8..16)?)?;
        let count = u32::from_be_bytes(rest.get(16..20)?.try_into().ok()?);
        let ends = first.checked_add(u64::from(count).checked_sub(1)?);
        let whole = format == FORMAT && first > 0 && ends == Some(last);
        whole.then_some(Self {
            first,
            last,
            written_at,
            bytes,
        })
    }

    /// Each event with its message id; none in the place of one that cannot be read, and of all after it in a row that breaks off.
    pub(super) fn events(&self) -> impl Iterator<Item = Option<(RecordedEvent, &str)>> {
        let mut at = HEADER;
        (self.first..=self.last).map(move |position| {
            let lengths = self.bytes.get(at..at + 8)?;
            let short = |n: usize| usize::from(u16::from_be_bytes([lengths[n], lengths[n + 1]]));
            let payload_len =
                u32::from_be_bytes([lengths[4], lengths[5], lengths[6], lengths[7]]) as usize;
            let subject_at = at + 8;
            let id_at = subject_at + short(0);
            let payload_at = id_at + short(2);
            at = payload_at + payload_len;
            let text = |from: usize, to: usize| std::str::from_utf8(self.bytes.get(from..to)?).ok();
            let subject = text(subject_at, id_at)?.to_owned();
            let id = text(id_at, payload_at)?;
            (at <= self.bytes.len()).then(|| {
                let payload = self.bytes.slice(payload_at..at);
                (
                    RecordedEvent {
                        position: Position(position),
                        subject,
                        payload,
                    },
                    id,
                )
            })
        })
    }
}
