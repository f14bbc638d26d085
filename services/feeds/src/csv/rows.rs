//! The rows of a table, from a text or a sheet, and the layout that its first ones have.

use super::header::LayoutError;
use super::layout::{Layout, MAX_ABOVE};
use crate::mapping::Mapping;
use crate::sheet::{Fit, SheetError, SheetRow, TextRows, Workbook};
use std::io::Read;

/// Where rows come from.
pub(super) enum Rows<R> {
    Text(Box<TextRows<R>>),
    Sheet(std::vec::IntoIter<SheetRow>),
}

impl<R: Read> Rows<R> {
    pub fn next(&mut self) -> Result<Option<SheetRow>, std::io::Error> {
        match self {
            Self::Text(rows) => rows.next_row(),
            Self::Sheet(rows) => Ok(rows.next()),
        }
    }
}

/// The rows among which the header is looked for.
pub(super) fn first_rows<R: Read>(rows: &mut Rows<R>) -> Result<Vec<SheetRow>, SheetError> {
    let mut first = Vec::new();
    while first.len() < MAX_ABOVE
        && let Some(row) = rows.next()?
    {
        first.push(row);
    }
    Ok(first)
}

pub(super) fn fitted(
    first: &[SheetRow],
    mapping: Option<Mapping>,
    from_1904: bool,
) -> Result<(Mapping, Layout), LayoutError> {
    let mapping = match mapping {
        Some(mapping) => mapping,
        None => Layout::detect(first, from_1904)?,
    };
    let layout = Layout::find(first, &mapping, from_1904)?;
    Ok((mapping, layout))
}

/// The sheet of a workbook that the mapping names, or that has its columns.
///
/// # Errors
/// When none has, or several: of those the first would be read without the others.
pub(super) fn of_workbook(
    workbook: &mut Workbook,
    mapping: Option<&Mapping>,
) -> Result<(Vec<SheetRow>, Mapping, Layout), LayoutError> {
    let from_1904 = workbook.counts_from_1904();
    let pattern = mapping.and_then(|m| m.file.sheet.as_ref());
    let present = workbook.sheets();
    let is_meant = |sheet: &&String| pattern.is_none_or(|p| p.matches(sheet));
    let among: Vec<String> = present.iter().filter(is_meant).cloned().collect();
    let found = workbook.the_one(among, MAX_ABOVE, |first| {
        let (mapping, layout) = fitted(first, mapping.cloned(), from_1904)?;
        let below = first.get(layout.above..).unwrap_or_default();
        Ok(Fit {
            has_rows: below.iter().any(|row| !row.is_blank()),
            layout: mapping.name.to_string(),
            table: (mapping, layout),
        })
    });
    match found {
        Ok((sheet, (mapping, layout))) => Ok((workbook.rows(&sheet)?, mapping, layout)),
        // The first sheet that has anything says best what is wrong.
        Err(wrong) => {
            let (empty, other): (Vec<_>, Vec<_>) = wrong
                .into_iter()
                .partition(|error| matches!(error, LayoutError::Empty));
            let none = || LayoutError::NoSheet {
                mapping: mapping.map(|m| m.name.to_string()).unwrap_or_default(),
                present,
            };
            Err(other.into_iter().chain(empty).next().unwrap_or_else(none))
        }
    }
}
