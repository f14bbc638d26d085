//! The last events, in memory, so that those who follow the log do not read what was just written.

use std::collections::VecDeque;

use crate::{Position, RecordedEvent};

/// The newest events, without a gap, up to a number of bytes.
pub(super) struct Tail {
    events: VecDeque<RecordedEvent>,
    bytes: usize,
    most_bytes: usize,
}

impl Tail {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            most_bytes,
        }
    }

    pub(super) fn push(&mut self, event: RecordedEvent) {
        self.bytes += weight(&event);
        self.events.push_back(event);
        while self.bytes > self.most_bytes {
            let Some(oldest) = self.events.pop_front() else {
                break;
            };
            self.bytes -= weight(&oldest);
        }
    }

    /// Events after a position, if all of them are here.
    pub(super) fn after(&self, after: Position, limit: usize) -> Option<Vec<RecordedEvent>> {
        let first = self.events.front()?.position.0;
        let skip = usize::try_from((after.0 + 1).checked_sub(first)?).ok()?;
        let end = skip.saturating_add(limit).min(self.events.len());
        (skip < end).then(|| self.events.range(skip..end).cloned().collect())
    }
}

fn weight(event: &RecordedEvent) -> usize {
    event.subject.len() + event.payload.len() + size_of::<RecordedEvent>()
}
