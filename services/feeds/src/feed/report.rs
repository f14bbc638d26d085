//! The report that lies beside a file once it was taken or refused: counts, and rejects by line and column. It holds no value
//! of the file.

use crate::BadRow;
use crate::transfer::Contradicting;
use chrono::{DateTime, SecondsFormat, Utc};
use std::fmt::Write as _;

/// So many rejects are named one by one; the others are counted.
const MAX_NAMED: usize = 10_000;

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Rows read.
    pub rows: u64,
    /// Facts that were stored now.
    pub facts: u64,
    /// Facts that were known already.
    pub repeats: u64,
    /// Facts that contradict each other or what is known.
    pub contradicting: Contradicting,
    /// Rejects, in the order of the file.
    pub bad: Vec<BadRow>,
    /// How many rejects there are, with those that are not named.
    pub rejects: u64,
    /// What else is to be said, in lines.
    pub summary: String,
}

impl FileReport {
    /// Adds a reject.
    pub fn reject(&mut self, row: &BadRow) {
        self.rejects += 1;
        if self.bad.len() < MAX_NAMED {
            self.bad.push(row.clone());
        }
    }

    /// The text; `refused` says why nothing was taken.
    #[must_use]
    pub fn text(&self, file: &str, at: DateTime<Utc>, refused: Option<&str>) -> String {
        let mut text = String::new();
        // Writing to a text does not fail.
        let mut line = |what: &str, value: &str| {
            let _ = writeln!(text, "{what}: {value}");
        };
        line("file", file);
        line("at", &at.to_rfc3339_opts(SecondsFormat::Secs, true));
        match refused {
            Some(why) => line("refused", why),
            None => line("taken", "yes"),
        }
        line("rows", &self.rows.to_string());
        line("facts stored", &self.facts.to_string());
        line("facts known already", &self.repeats.to_string());
        line(
            "facts that contradict others or what is known",
            &self.contradicting.0.to_string(),
        );
        line("rejects", &self.rejects.to_string());
        for bad in &self.bad {
            let _ = writeln!(text, "  {}", bad.in_file(file));
        }
        let more = self.rejects - self.bad.len() as u64;
        if more > 0 {
            let _ = writeln!(text, "  and {more} more");
        }
        text.push_str(&self.summary);
        text
    }
}
