//! Tables whose columns are periods, such as a column for each month: each of their rows becomes one row a period.

use super::dates::{GRAINS, rule};
use crate::csv::{Header, period};
use crate::mapping::Named;
use crate::sheet::SheetRow;
use joinedup_views::period::Grain;

/// What the columns that a wide table makes are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wide {
    /// The one with the periods.
    pub titles: String,
    /// The one with the numbers.
    pub cells: String,
    /// The columns that are periods, by where they stand.
    columns: Vec<usize>,
}

impl Wide {
    /// Of a header with two titles or more that are periods of one length.
    pub fn of(header: &Header, from_1904: bool) -> Option<Self> {
        let titles = || header.names().iter().enumerate().take(header.len());
        let periods = |grain| -> Vec<usize> {
            let rule = rule(grain, Named::AnyDay);
            // A week that is not one of ours is a period, too: it is refused later, and not passed over.
            let is_period = |(_, title): &(usize, &String)| {
                (grain == Grain::Week && period::is_a_week(title))
                    || period::of(&rule, title, from_1904).is_ok()
            };
            titles().filter(is_period).map(|(at, _)| at).collect()
        };
        // Of equals the longest: a title that names a month is not one of its first day.
        let columns = GRAINS.into_iter().map(periods).max_by_key(Vec::len)?;
        let free = |names: [&'static str; 2]| {
            let taken = |name: &&str| titles().any(|(_, title)| title.eq_ignore_ascii_case(name));
            names.into_iter().find(|name| !taken(name))
        };
        (columns.len() > 1).then_some(())?;
        Some(Self {
            titles: free(["Period", "Period in the title"])?.to_owned(),
            cells: free(["Number", "Number below it"])?.to_owned(),
            columns,
        })
    }

    /// Whether a column is one of the periods.
    pub fn has(&self, column: usize) -> bool {
        self.columns.contains(&column)
    }

    /// The rows that a row becomes: its cells, and behind them the period and the number.
    pub fn rows<'a>(
        &'a self,
        header: &'a Header,
        row: &'a SheetRow,
    ) -> impl Iterator<Item = SheetRow> + 'a {
        self.columns.iter().map(|column| {
            let mut long = row.clone();
            long.cells.resize(header.len(), String::new());
            let number = row.cells.get(*column).cloned().unwrap_or_default();
            let title = header.names().get(*column).cloned().unwrap_or_default();
            long.cells.extend([title, number]);
            long
        })
    }
}
