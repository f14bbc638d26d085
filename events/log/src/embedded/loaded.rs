//! What an embedded log keeps in memory, read back when it is opened.

use std::collections::{HashMap, HashSet};

use joinedup_store::{DurableStore, Store};

use super::row::{EVENTS, EventRow, INDEXED, SUBJECTS, number};
use super::window::Window;
use super::{EmbeddedOptions, broken_row, read_error, rows, writer};
use crate::ReadError;

/// What is kept in memory, read back.
pub(super) struct Loaded {
    pub(super) head: u64,
    pub(super) indexed: u64,
    pub(super) last_on_subject: HashMap<String, u64>,
    pub(super) unindexed: HashSet<String>,
}

impl Loaded {
    pub(super) fn from(store: &DurableStore) -> Result<Self, ReadError> {
        let broken = |what: &str| ReadError::Broken(what.to_owned());
        let last_row = store.last(EVENTS).map_err(read_error)?;
        let head = match last_row {
            Some(row) => {
                EventRow::decode(&row.key, row.value)
                    .ok_or_else(|| broken("its last row is not one of events"))?
                    .last
            }
            None => 0,
        };
        let indexed = match store.get(INDEXED).map_err(read_error)? {
            Some(row) => {
                number(&row).ok_or_else(|| broken("the position of its index is unreadable"))?
            }
            None => 0,
        };
        if indexed > head {
            return Err(ReadError::Broken(format!(
                "it ends at position {head}, and its index at {indexed}"
            )));
        }
        let mut last_on_subject = HashMap::new();
        for row in store.scan(SUBJECTS, SUBJECTS) {
            let row = row.map_err(read_error)?;
            let subject = String::from_utf8(row.key[SUBJECTS.len()..].to_vec()).ok();
            let (subject, position) = subject
                .zip(number(&row.value))
                .ok_or_else(|| broken("its index of subjects is unreadable"))?;
            last_on_subject.insert(subject, position);
        }
        let mut unindexed = HashSet::new();
        for row in rows(store, indexed) {
            let row = row?;
            for event in row.events() {
                let (event, _) = event.ok_or_else(|| broken_row(&row))?;
                if event.position.0 > indexed {
                    last_on_subject.insert(event.subject.clone(), event.position.0);
                    unindexed.insert(event.subject);
                }
            }
        }
        Ok(Self {
            head,
            indexed,
            last_on_subject,
            unindexed,
        })
    }
}

/// The ids of the last appends, read back.
pub(super) fn window(
    store: &DurableStore,
    head: u64,
    options: &EmbeddedOptions,
) -> Result<Window, ReadError> {
    let mut window = Window::new(options.window, options.window_ids);
    let now = writer::now_ms();
    let oldest = head.saturating_sub(options.window_ids as u64);
    for row in rows(store, first_since(store, oldest, head, window.since(now))?) {
        let row = row?;
        for event in row.events() {
            let (event, id) = event.ok_or_else(|| broken_row(&row))?;
            let key = window.key(id);
            window.remember(key, event.position.0, row.written_at);
        }
    }
    window.expire(now);
    Ok(window)
}

/// A position, from `low` to `high`, before which all events were written before a time. Halves the range, for times
/// rise with positions; where the clock was set back, some events are remembered for longer or shorter.
fn first_since(store: &DurableStore, low: u64, high: u64, since: u64) -> Result<u64, ReadError> {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = low + (high - low) / 2;
        let row = rows(store, middle)
            .next()
            .ok_or_else(|| ReadError::Broken("its last events are missing".to_owned()))??;
        if row.written_at < since {
            low = row.last;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
