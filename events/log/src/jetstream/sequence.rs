//! A stream that forgets nothing has every position from its first on: a hole is loss, and whoever would read over it is
//! stopped with a sentence. The server does not say so by itself: it leaves out what it cannot read and goes on.

use super::Shared;
use super::stream::StreamState;
use crate::{Position, ReadError, sequence};

impl Shared {
    /// Whether a position may follow on another.
    pub(super) fn follows(&self, last: Position, found: Position) -> Result<(), ReadError> {
        let gap = self
            .begins
            .and_then(|begins| sequence::gap(begins, last, found));
        gap.map_or(Ok(()), |(first, last)| Err(self.missing(first, last)))
    }

    /// Whether what the server says of the stream leaves something out after a position.
    pub(super) fn starts(&self, after: Position, state: &StreamState) -> Result<(), ReadError> {
        let first = if state.messages == 0 {
            state.last_seq.saturating_add(1)
        } else {
            state.first_seq
        };
        self.follows(after, Position(first))
    }

    /// Whether the stream may end at a position although its last is `head`.
    pub(super) fn ends(&self, last: Position, head: u64) -> Result<(), ReadError> {
        match self.next(last).filter(|expected| *expected <= head) {
            Some(expected) => Err(self.missing(expected, head)),
            None => Ok(()),
        }
    }

    /// The position that comes after another; none in a stream that may leave some out.
    fn next(&self, last: Position) -> Option<u64> {
        self.begins.map(|begins| sequence::next(begins, last))
    }

    fn missing(&self, first: u64, last: u64) -> ReadError {
        if self.begins == Some(first) {
            return ReadError::Broken(format!(
                "the events from position {first} to {last} are missing: stream {} begins after them; restore it from its \
                 archive, or, where they were purged on purpose, accept that by the name `missing-beginning`",
                self.stream
            ));
        }
        ReadError::missing(first, last)
    }
}
