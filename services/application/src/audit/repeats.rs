//! What happens again and again: it is written once, then counted, and the count is written a minute later. So a page
//! that brings itself up to date, or a flood of refusals, does not fill the disk.

use super::{About, By, Did, Entry};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long repeats are counted before their number is written.
const WINDOW: Duration = Duration::from_secs(60);
/// How many different refusals, of callers and of strangers each, are kept apart at a time; what is beyond them is counted together.
const MAX_REFUSALS: usize = 500;
/// How many different readings are counted at a time; what is beyond them is written each time.
const MAX_READS: usize = 5_000;

/// What was written a short while ago, and how often it came again.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<Entry, Count>);

#[derive(Debug)]
struct Count {
    since: Instant,
    times: u64,
}

impl Repeats {
    /// What is to be written of an entry now; none when it is only counted.
    pub fn written(&mut self, entry: Entry, now: Instant) -> Option<Entry> {
        let most = match entry.did {
            Did::RefusedSignIn | Did::RefusedRight => MAX_REFUSALS,
            // Whoever is not asked who they are can make it fail as often as they like.
            Did::Write if entry.by == By::Nobody && entry.status.is_some_and(|s| s >= 500) => {
                MAX_REFUSALS
            }
            Did::Read => MAX_READS,
            _ => return Some(entry),
        };
        if let Some(count) = self.0.get_mut(&entry) {
            count.times += 1;
            return None;
        }
        let is_refusal = entry.did != Did::Read;
        // Strangers, who can be many, take no room from the refusals of known callers.
        let kind = |entry: &Entry| (entry.did == Did::Read, entry.by == By::Nobody);
        let alike = self.0.keys().filter(|known| kind(known) == kind(&entry));
        if alike.count() < most {
            let count = Count {
                since: now,
                times: 0,
            };
            self.0.insert(entry.clone(), count);
            return Some(entry);
        }
        if !is_refusal {
            return Some(entry);
        }
        let others = Entry {
            who: "others".to_owned(),
            by: By::Nobody,
            ..Entry::of_program(entry.did)
        };
        let count = self.0.entry(others).or_insert(Count {
            since: now,
            times: 0,
        });
        count.times += 1;
        None
    }

    /// The counts that are due, or all of them.
    pub fn counted(&mut self, now: Instant, all: bool) -> Vec<Entry> {
        let due: Vec<Entry> = self
            .0
            .iter()
            .filter(|(_, count)| all || now.saturating_duration_since(count.since) >= WINDOW)
            .map(|(entry, _)| entry.clone())
            .collect();
        let mut counted = Vec::new();
        for mut entry in due {
            if let Some(count) = self.0.remove(&entry)
                && count.times > 0
            {
                entry.about = About {
                    times: Some(count.times),
                    ..entry.about
                };
                counted.push(entry);
            }
        }
        counted
    }
}
