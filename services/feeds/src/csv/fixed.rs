//! What holds of the periods of a whole file: the one that it is of, in its name, in a cell, or in a title above the table.

use super::header::LayoutError;
use super::layout::Layout;
use super::{period, titles};
use crate::line_list::moment::have_month_first;
use crate::mapping::Mapping;
use crate::sheet::SheetRow;
use chrono::NaiveDate;
use joinedup_views::period::Period;
use std::collections::BTreeMap;

/// The period of every row, where the mapping does not take it from a column.
pub(super) fn period_of_file(
    mapping: &Mapping,
    first: &[SheetRow],
    layout: &Layout,
    name: &str,
    from_1904: bool,
) -> Result<Option<Period>, LayoutError> {
    let rule = &mapping.period;
    let failed = |place: &str, what: &str| LayoutError::Period {
        mapping: mapping.name.to_string(),
        place: place.to_owned(),
        what: what.to_owned(),
    };
    let said = |place: &str, said: Result<Option<Period>, String>| {
        let period = said.and_then(|period| period.ok_or(format!("names no {}", rule.grain)));
        period.map(Some).map_err(|what| failed(place, &what))
    };
    if let Some(text) = &rule.fixed {
        let period = period::of(rule, text, from_1904).map_err(|what| failed("`fixed`", &what))?;
        return Ok(Some(period));
    }
    if let Some(address) = rule.cell {
        let row = first.iter().find(|row| row.number == address.row);
        let cell = row.and_then(|row| row.cells.get(address.column));
        let cell = cell.map_or("", String::as_str);
        return said("a cell", titles::of_title(rule, cell, from_1904));
    }
    if rule.above {
        let place = "the rows above the table";
        let Some(titles) = layout.width.map(|_| layout.above) else {
            // Where the data begins is not known: what is named first counts.
            let first_named = |_| {
                let above = |n| titles::above(rule, first.get(..n)?, from_1904).transpose();
                (1..first.len()).find_map(above).transpose()
            };
            let period = titles::above(rule, first, from_1904).or_else(first_named);
            return said(place, period);
        };
        // The header is asked last: its titles may name other periods.
        let (above, header) = first.split_at(titles.saturating_sub(1).min(first.len()));
        let header = header.get(..1).unwrap_or_default();
        let period = match titles::above(rule, above, from_1904) {
            Ok(None) => titles::above(rule, header, from_1904),
            period => period,
        };
        return said(place, period);
    }
    if rule.file_name {
        return said("the file's name", titles::within(rule, name));
    }
    Ok(None)
}

/// Refuses a table whose first dates have their month first: those that may be read either way would be read wrongly.
pub(super) fn must_have_days_first(
    mapping: &Mapping,
    first: &[SheetRow],
    layout: &Layout,
) -> Result<(), LayoutError> {
    let Some(column) = mapping.period.column.as_deref() else {
        return Ok(());
    };
    let at = layout.header.index(column).unwrap_or(usize::MAX);
    let rows = first.get(layout.above..).unwrap_or_default().iter();
    if have_month_first(
        rows.filter_map(|row| row.cells.get(at))
            .map(|cell| cell.trim()),
    ) {
        return Err(LayoutError::Period {
            mapping: mapping.name.to_string(),
            place: format!("the column `{column}`"),
            what: "has dates with the month before the day, and others would be read wrongly: write them as 2026-05-31".to_owned(),
        });
    }
    Ok(())
}

/// Refuses a table of which two columns are of one period where rows are added: *May-26* and *May-26 rate per 1000* are not
/// parts of one number.
pub(super) fn must_not_add_titles(
    mapping: &Mapping,
    layout: &Layout,
    from_1904: bool,
) -> Result<(), LayoutError> {
    let rule = &mapping.period;
    let titles = mapping.wide.as_ref().map(|wide| wide.titles.as_str());
    if !mapping.sum || titles != rule.column.as_deref() {
        return Ok(());
    }
    let mut known: BTreeMap<NaiveDate, &str> = BTreeMap::new();
    for title in layout.titles() {
        let period = period::of(rule, title, from_1904).ok();
        let period = period.or_else(|| titles::within(rule, title).ok().flatten());
        let Some(period) = period else { continue };
        if let Some(other) = known.insert(period.start, title) {
            return Err(LayoutError::Period {
                mapping: mapping.name.to_string(),
                place: "the titles of its columns".to_owned(),
                what: format!(
                    "name one {} twice (`{other}` and `{title}`), and would be added: take one of them out of the file",
                    rule.grain
                ),
            });
        }
    }
    Ok(())
}
