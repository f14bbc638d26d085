//! Tables with a column that says what the numbers of each row count: each of its texts becomes a column of its own.

use super::columns::Grid;
use super::text::alike;
use crate::mapping::as_compared;
use joinedup_application::tables::{Column, CountedBy, TableError};
use std::collections::{BTreeMap, BTreeSet};

/// The most texts of such a column.
const MAX_KINDS: usize = 30;
/// The longest of them, in bytes: longer ones are notes.
const MAX_TEXT: usize = 120;
/// Words of its title.
const OF_KINDS: [&str; 4] = ["measure", "metric", "indicator", "kpi"];
/// Titles of columns with numbers that say nothing of what they are.
const PLAIN: [&str; 7] = [
    "value", "values", "number", "count", "amount", "result", "actual",
];

/// The columns that were made.
#[derive(Debug)]
pub(super) struct Kinds {
    /// The column that says what is counted.
    pub column: String,
    /// Of each column that was made, the text and the column with the numbers.
    made: BTreeMap<String, (String, String)>,
}

impl Kinds {
    /// Of a column that was made: the text of the rows that it is of, and the column that its numbers stand in.
    pub fn of(&self, key: &str) -> Option<(&str, &str)> {
        let (kind, column) = self.made.get(key)?;
        Some((kind, column))
    }
}

/// The columns of a grid that could say what is counted: of texts that come again, and not too many.
pub(super) fn candidates(grid: &Grid) -> Vec<Column> {
    let mut columns = grid.columns();
    columns.retain(|column| {
        let texts = texts(grid, &column.key);
        let is_text = !column.has_dates && !column.has_numbers;
        let are_few = (2..=MAX_KINDS).contains(&texts.len());
        let come_again = texts.len() < grid.cells(&column.key).count();
        is_text && are_few && come_again && texts.iter().all(|text| text.len() <= MAX_TEXT)
    });
    columns
}

/// Which of them does: the one that was chosen, or that is called so.
///
/// # Errors
/// When there is no such one.
pub(super) fn chosen(
    candidates: &[Column],
    counted: CountedBy,
) -> Result<Option<usize>, TableError> {
    let is_called_so = |column: &Column| {
        let title = alike(&column.title);
        title.split(' ').any(|word| OF_KINDS.contains(&word))
    };
    match counted {
        CountedBy::Guess => Ok(candidates.iter().position(is_called_so)),
        CountedBy::Titles => Ok(None),
        CountedBy::Column(at) if at < candidates.len() => Ok(Some(at)),
        CountedBy::Column(_) => Err(TableError::Choice(
            "Choose which column says what is counted from the menu".to_owned(),
        )),
    }
}

/// Its texts, each as it first stands there, from the top down.
fn texts(grid: &Grid, key: &str) -> Vec<String> {
    let (mut texts, mut seen) = (Vec::new(), BTreeSet::new());
    for cell in grid.cells(key) {
        if texts.len() <= MAX_KINDS && seen.insert(as_compared(cell)) {
            texts.push(cell.to_owned());
        }
    }
    texts
}

/// Makes a column of each text and each column with numbers, in place of those.
pub(super) fn split(grid: &mut Grid, by: &Column) {
    let texts = texts(grid, &by.key);
    let mut numbers = grid.columns();
    numbers.retain(|column| column.has_numbers && !column.has_dates);
    let (mut made, mut titles) = (BTreeMap::new(), Vec::new());
    for number in &numbers {
        let says_nothing = numbers.len() == 1 && PLAIN.contains(&alike(&number.title).as_str());
        for text in &texts {
            // No title has this sign.
            let key = format!("{text}\u{1f}{}", number.key);
            let title = match says_nothing {
                true => text.clone(),
                false => format!("{text}: {}", number.title),
            };
            titles.push((key.clone(), title));
            made.insert(key, (text.clone(), number.key.clone()));
        }
    }
    let order: BTreeMap<String, usize> = texts
        .iter()
        .map(|text| as_compared(text))
        .zip(0..)
        .collect();
    let kind_at = grid.position(&by.key);
    let numbers_at: Vec<_> = numbers
        .iter()
        .map(|number| grid.position(&number.key))
        .collect();
    grid.add(titles, |row| {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at));
        let of = cell(kind_at).and_then(|kind| order.get(&as_compared(kind)));
        let cells = numbers_at.iter().flat_map(|at| {
            (0..texts.len()).map(move |text| {
                cell(*at)
                    .filter(|_| of == Some(&text))
                    .cloned()
                    .unwrap_or_default()
            })
        });
        cells.collect()
    });
    grid.remove(|key| key == by.key || numbers.iter().any(|number| number.key == key));
    grid.kinds = Some(Kinds {
        column: by.key.clone(),
        made,
    });
}
