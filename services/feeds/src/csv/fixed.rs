//! The one period of a whole file: in its name, in a cell, or in a title above the table.

use super::header::LayoutError;
use super::layout::Layout;
use super::period;
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
