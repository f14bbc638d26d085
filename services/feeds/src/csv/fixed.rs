//! What holds of the periods of a whole file: the one that it is of, in its name, in a cell, or in a title above the table.

use super::header::LayoutError;
use super::layout::Layout;
use super::period;
use crate::line_list::moment::have_month_first;
use crate::mapping::Mapping;
use crate::sheet::SheetRow;
use joinedup_views::period::Period;

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
    let nothing = format!("names no {}", rule.grain);
    if let Some(text) = &rule.fixed {
        let period = period::of(rule, text, from_1904).map_err(|what| failed("`fixed`", &what))?;
        return Ok(Some(period));
    }
    if let Some(address) = rule.cell {
        let row = first.iter().find(|row| row.number == address.row);
        let cell = row.and_then(|row| row.cells.get(address.column));
        let period = cell.and_then(|cell| period::of_title(rule, cell, from_1904));
        return period.map(Some).ok_or_else(|| failed("a cell", &nothing));
    }
    if rule.above {
        let above = match layout.width {
            Some(_) => first.get(..layout.above).unwrap_or_default(),
            None => first,
        };
        let period = period::above(rule, above, from_1904);
        return period
            .map(Some)
            .ok_or_else(|| failed("the rows above the table", &nothing));
    }
    if rule.file_name {
        let period = period::within(rule, name);
        return period
            .map(Some)
            .ok_or_else(|| failed("the file's name", &nothing));
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
