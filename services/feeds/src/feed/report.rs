//! The report that lies beside a file once it was taken or refused: counts, and rejects by line and column. It holds no value
//! of the file.

use crate::BadRow;
use crate::transfer::Contradicting;
use chrono::{DateTime, SecondsFormat, Utc};
use joinedup_events::check::file_label;
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
        // Its name may be that of a person, or hold an end of a line.
        let file = &*file_label(file);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_points_to_a_person_or_breaks_the_line_is_in_no_report() {
        let mut report = FileReport::default();
        report.reject(&BadRow::new(2, "Ready", "is not a date"));
        for name in ["spell 943 476 5919.csv", "a\ntaken: yes.csv"] {
            let text = report.text(name, DateTime::UNIX_EPOCH, Some("it is empty"));
            assert!(text.starts_with("file: a file ("), "{text}");
            assert!(!text.contains("5919") && !text.contains("yes"), "{text}");
        }
    }

    #[test]
    fn a_report_counts_what_was_taken_and_names_what_was_not() {
        let mut report = FileReport {
            rows: 12,
            facts: 9,
            repeats: 1,
            contradicting: Contradicting(2),
            summary: "  first list of this feed\n".to_owned(),
            ..FileReport::default()
        };
        for line in 0..=MAX_NAMED as u64 {
            report.reject(&BadRow::new(line + 2, "Ready", "is not a date"));
        }
        report.bad.truncate(2);
        let at = "2026-11-27T09:30:00Z".parse().unwrap();
        insta::assert_snapshot!(report.text("spells.csv", at, None), @r"
        file: spells.csv
        at: 2026-11-27T09:30:00Z
        taken: yes
        rows: 12
        facts stored: 9
        facts known already: 1
        facts that contradict others or what is known: 2
        rejects: 10001
          spells.csv:2: Ready: is not a date
          spells.csv:3: Ready: is not a date
          and 9999 more
          first list of this feed
        ");
        let refused = FileReport::default().text("other.csv", at, Some("it has no rows"));
        insta::assert_snapshot!(refused, @r"
        file: other.csv
        at: 2026-11-27T09:30:00Z
        refused: it has no rows
        rows: 0
        facts stored: 0
        facts known already: 0
        facts that contradict others or what is known: 0
        rejects: 0
        ");
    }
}
