//! The messages that were taken last, for what comes after them and was made before. Of a message only its hash and what it says of
//! the stay are held, and nothing of it outlives the process.

use crate::stay::statement::Statement;
use std::collections::VecDeque;

/// How many messages are remembered.
pub(super) const MAX_RECENT: usize = 1_000;

/// A message that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    /// The hash of the message.
    pub hash: String,
    /// What it says.
    pub statement: Statement,
}

impl Taken {
    pub fn new(hash: String, statement: &Statement) -> Self {
        let statement = statement.clone();
        Self { hash, statement }
    }

    /// Whether another is about the same stay, as far as the numbers of both say.
    fn is_of_the_stay_of(&self, other: &Self) -> bool {
        let mut names = self.statement.spell.iter();
        names.any(|name| other.statement.spell.contains(name))
    }
}

/// The last messages, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Taken>);

impl Recent {
    pub fn remember(&mut self, taken: Taken) {
        if self.0.len() >= MAX_RECENT {
            self.0.pop_front();
        }
        self.0.push_back(taken);
    }

    /// Those about the stay of a message that were made after it, in the order in which they were made.
    pub fn later_than(&self, taken: &Taken) -> Vec<&Taken> {
        let made = |one: &Taken| one.statement.recorded;
        let is_later = |one: &&Taken| made(one) > made(taken) && one.is_of_the_stay_of(taken);
        let mut later: Vec<&Taken> = self.0.iter().filter(is_later).collect();
        later.sort_by_key(|one| made(one));
        later
    }
}
