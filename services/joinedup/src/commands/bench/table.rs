//! The table that is printed.

use std::fmt;

struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    beside: Option<(String, f64)>,
    target: Option<String>,
}

/// What a value, or its ratio where it has one, should come to.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

/// Rows, in order.
#[derive(Default)]
pub(super) struct Table(Vec<Row>);

impl Table {
    /// A number by itself.
    pub(super) fn alone(&mut self, what: &str, value: f64, unit: &'static str) {
        self.0.push(Row {
            what: what.into(),
            value,
            unit,
            beside: None,
            target: None,
        });
    }

    /// A number, with its ratio to an earlier one; without, where that was not measured.
    pub(super) fn add(&mut self, what: &str, value: f64, unit: &'static str, beside: &str) {
        let other = self
            .0
            .iter()
            .find(|row| row.what == beside)
            .map(|row| row.value);
        let beside = other.map(|other| (beside.to_owned(), value / other));
        self.0.push(Row {
            what: what.into(),
            value,
            unit,
            beside,
            target: None,
        });
    }

    /// Says of a row which of the project's targets it is measured against, and whether it is reached.
    pub(super) fn target(&mut self, name: &str, what: &str, bound: Bound) {
        for row in self.0.iter_mut().filter(|row| row.what == what) {
            let value = row.beside.as_ref().map_or(row.value, |(_, ratio)| *ratio);
            let (reached, sign, limit) = match bound {
                Bound::AtLeast(limit) => (value >= limit, "at least", limit),
                Bound::AtMost(limit) => (value <= limit, "at most", limit),
            };
            let outcome = if reached { "reached" } else { "missed" };
            row.target = Some(format!("{name}, {sign} {limit}: {outcome}"));
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row {
            what,
            value,
            unit,
            beside,
            target,
        } in &self.0
        {
            let digits = if value.abs() >= 1000.0 {
                0
            } else if value.abs() >= 10.0 {
                1
            } else {
                3
            };
            write!(f, "{what:<44} {value:>12.digits$} {unit:<10}")?;
            if let Some((other, ratio)) = beside {
                write!(f, " {ratio:.3} x {other}")?;
            }
            if let Some(target) = target {
                write!(f, "  [{target}]")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, Table};

    #[test]
    fn a_pair_is_told_as_a_ratio_and_a_missing_partner_as_none() {
        let mut table = Table::default();
        table.alone("drain", 200_000.0, "events/s");
        table.add("fold", 150_000.0, "events/s", "drain");
        table.add("other", 1.5, "s", "nothing");
        let text = table.to_string();
        assert!(
            text.lines().nth(1).unwrap().ends_with("0.750 x drain"),
            "{text}"
        );
        assert!(
            text.lines().nth(2).unwrap().trim_end().ends_with("1.500 s"),
            "{text}"
        );
    }

    #[test]
    fn a_target_is_held_against_the_ratio_where_there_is_one() {
        let mut table = Table::default();
        table.alone("drain", 200_000.0, "events/s");
        table.add("fold", 150_000.0, "events/s", "drain");
        table.target("S1", "fold", Bound::AtLeast(0.85));
        table.alone("memory", 60.0, "MiB");
        table.target("S6", "memory", Bound::AtMost(64.0));
        let text = table.to_string();
        assert!(text.contains("[S1, at least 0.85: missed]"), "{text}");
        assert!(text.contains("[S6, at most 64: reached]"), "{text}");
    }
}
