//! Where a table begins: its header among titles and notes, and wide tables as long ones.

use super::header::{Header, LayoutError};
use super::period;
use crate::mapping::{Mapping, PeriodRule, WideColumns, WideRule, built_in};
use crate::sheet::SheetRow;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// The most rows above a header.
pub(super) const MAX_ABOVE: usize = 80;
/// The most columns of a wide table: each of its rows becomes as many rows.
const MAX_WIDE: usize = 4_096;

/// A table whose columns are known.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The columns, those that a wide table makes included.
    pub header: Header,
    /// How many columns the table has in the file; `None` when it has no header.
    pub width: Option<usize>,
    /// How many of the first rows are above the first row of data.
    pub above: usize,
    /// What each row becomes, of a wide table.
    groups: Vec<Group>,
    /// The columns of a wide table that each of these rows has, where they are.
    stay: Vec<usize>,
}

/// One row that a row of a wide table becomes: a title, and which cells belong to it.
#[derive(Clone, Debug)]
struct Group {
    title: String,
    columns: Vec<Option<usize>>,
}

/// A row as a header: by itself, and with the row above it. It is made once for all mappings, since a row may have many columns.
struct Heading<'a> {
    at: usize,
    own: Header,
    above: Option<&'a SheetRow>,
    cells: &'a [String],
    joined: OnceCell<Option<Header>>,
}

impl<'a> Heading<'a> {
    fn at(rows: &'a [SheetRow], at: usize) -> Self {
        let cells = rows.get(at).map_or(&[][..], |row| &row.cells);
        Self {
            at,
            own: Header::of(cells),
            above: at.checked_sub(1).and_then(|above| rows.get(above)),
            cells,
            joined: OnceCell::new(),
        }
    }

    fn joined(&self) -> Option<&Header> {
        let join = || Some(Header::joined(&self.above?.cells, self.cells));
        self.joined.get_or_init(join).as_ref()
    }
}

impl Layout {
    /// Finds a mapping's columns in the first rows of a table.
    ///
    /// # Errors
    /// What is missing in the row that has most of them, or a column that is there twice.
    pub fn find(
        rows: &[SheetRow],
        mapping: &Mapping,
        from_1904: bool,
    ) -> Result<Self, LayoutError> {
        let named = mapping.required().iter().any(|c| !c.starts_with('='));
        if !named {
            return Ok(Self {
                header: Header::of(&[]),
                width: None,
                above: 0,
                groups: Vec::new(),
                stay: Vec::new(),
            });
        }
        let mut nearest: Option<(Vec<String>, &SheetRow)> = None;
        for (at, row) in rows.iter().enumerate() {
            match Self::of_row(rows, &Heading::at(rows, at), mapping, from_1904) {
                Ok(layout) => {
                    if !layout.groups.is_empty() && layout.width > Some(MAX_WIDE) {
                        return Err(LayoutError::TooWide(MAX_WIDE));
                    }
                    layout.header.must_be_clear(mapping)?;
                    return Ok(layout);
                }
                Err(missing) => {
                    let nearer = nearest
                        .as_ref()
                        .is_none_or(|(m, _)| missing.len() < m.len());
                    if nearer && !row.is_blank() {
                        nearest = Some((missing, row));
                    }
                }
            }
        }
        let (missing, row) = nearest.ok_or(LayoutError::Empty)?;
        // A row that has none of the columns may be one of people, and is not repeated.
        let is_header = missing.len() < mapping.required().len();
        let present = match is_header {
            true => Header::of(&row.cells).names().to_vec(),
            false => Vec::new(),
        };
        Err(LayoutError::Missing {
            mapping: mapping.name.to_string(),
            missing,
            present,
        })
    }

    /// The built-in mapping whose header stands in the first rows; of several the one that asks for most columns.
    ///
    /// # Errors
    /// When there is none.
    pub fn detect(rows: &[SheetRow], from_1904: bool) -> Result<Mapping, LayoutError> {
        let known = built_in()?;
        for at in 0..rows.len() {
            let heading = Heading::at(rows, at);
            let fitting = known.iter().filter(|mapping| {
                mapping.required().iter().any(|c| !c.starts_with('='))
                    && Self::of_row(rows, &heading, mapping, from_1904).is_ok()
            });
            if let Some(best) = fitting.max_by_key(|mapping| mapping.required().len()) {
                return Ok(best.clone());
            }
        }
        if rows.iter().all(SheetRow::is_blank) {
            return Err(LayoutError::Empty);
        }
        // A row may be one of people. The first of several cells is repeated where none of them has a digit: titles have none.
        let is_header = |row: &&SheetRow| {
            let mut cells = row.cells.iter();
            cells.all(|cell| !cell.contains(|c: char| c.is_ascii_digit()))
        };
        let first = rows.iter().find(|row| Header::of(&row.cells).len() > 1);
        let names = first.filter(is_header);
        Err(LayoutError::NoneFits(names.map_or_else(Vec::new, |row| {
            Header::of(&row.cells).names().to_vec()
        })))
    }

    /// The layout when a row is the header, or the columns that it lacks.
    fn of_row(
        rows: &[SheetRow],
        heading: &Heading<'_>,
        mapping: &Mapping,
        from_1904: bool,
    ) -> Result<Self, Vec<String>> {
        let (header, at) = (&heading.own, heading.at);
        let Some(wide) = &mapping.wide else {
            let missing = header.missing(mapping.required());
            let is_whole = |header: &&Header| header.missing(mapping.required()).is_empty();
            let header = match missing.is_empty() {
                true => header,
                false => heading.joined().filter(is_whole).ok_or(missing)?,
            };
            return Ok(Self {
                width: Some(header.len()),
                header: header.clone(),
                above: at + 1,
                groups: Vec::new(),
                stay: Vec::new(),
            });
        };
        let (made, stay) = columns_of(mapping, wide);
        let missing = header.missing(stay.iter().copied());
        if !missing.is_empty() {
            return Err(missing);
        }
        let taken = |header: &Header| -> Vec<usize> {
            stay.iter().filter_map(|c| header.index(c)).collect()
        };
        let one_each =
            |header: &Header| one_column_each(header, mapping, wide, &taken(header), from_1904);
        let (header, groups) = if wide.cells.is_some() {
            match (one_each(header), heading.joined()) {
                // A year may stand once above its months.
                (own, Some(joined)) if own.is_empty() => (joined, one_each(joined)),
                (own, _) => (header, own),
            }
        } else {
            let first = rows.get(..=at).unwrap_or_default();
            let each =
                several_columns_each(first, &mapping.period, &made, &taken(header), from_1904);
            (header, each)
        };
        if groups.is_empty() {
            return Err(made.iter().map(|c| (*c).to_owned()).collect());
        }
        let mut names: Vec<String> = header.names().to_vec();
        for column in groups.iter().flat_map(|g| &g.columns).flatten() {
            if let Some(name) = names.get_mut(*column) {
                name.clear();
            }
        }
        let width = groups
            .iter()
            .flat_map(|g| &g.columns)
            .flatten()
            .map(|column| column + 1)
            .chain([header.len()])
            .max()
            .unwrap_or_default();
        let named = (0..names.len()).filter(|at| names.get(*at).is_some_and(|n| !n.is_empty()));
        let lettered = stay.iter().filter(|column| column.starts_with('='));
        let stay: BTreeSet<usize> = named
            .chain(lettered.filter_map(|column| header.index(column)))
            .collect();
        names.resize(stay.last().map_or(0, |last| last + 1), String::new());
        names.push(wide.titles.clone());
        names.extend(made.iter().map(|name| (*name).to_owned()));
        Ok(Self {
            header: Header::of(&names),
            width: Some(width),
            above: at + 1,
            groups,
            stay: stay.into_iter().collect(),
        })
    }

    /// The titles of a wide table.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.title.as_str())
    }

    /// The rows that a row of the file becomes: itself, or one a group of a wide table, with what stays and its own cells.
    pub fn rows(&self, row: SheetRow) -> Vec<SheetRow> {
        if self.groups.is_empty() {
            return vec![row];
        }
        let title = self.stay.last().map_or(0, |last| last + 1);
        let of_group = |group: &Group| {
            let mut long = SheetRow {
                number: row.number,
                from_1904: row.from_1904,
                is_open: row.is_open,
                within: row.within.clone(),
                cells: vec![String::new(); title],
                ..SheetRow::default()
            };
            long.cells.push(group.title.clone());
            long.cells
                .resize(title + 1 + group.columns.len(), String::new());
            let own = (title + 1..).zip(group.columns.iter().copied());
            let own = own.filter_map(|(to, from)| Some((to, from?)));
            for (to, from) in self.stay.iter().map(|at| (*at, *at)).chain(own) {
                if let (Some(to), Some(cell)) = (long.cells.get_mut(to), row.cells.get(from)) {
                    to.clone_from(cell);
                }
                if row.percentages.contains(&from) {
                    long.percentages.insert(to);
                }
            }
            long
        };
        self.groups.iter().map(of_group).collect()
    }
}

/// The columns that a wide table makes beside its titles, and those that it has.
fn columns_of<'a>(mapping: &'a Mapping, wide: &'a WideRule) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut all = mapping.required();
    all.remove(wide.titles.as_str());
    let made: Vec<&str> = match &wide.cells {
        Some(cells) => vec![cells],
        None => mapping.series.iter().flat_map(|s| s.amounts()).collect(),
    };
    let stay = all.into_iter().filter(|c| !made.contains(c)).collect();
    let mut unique: Vec<&str> = Vec::new();
    for name in made {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    (unique, stay)
}

fn one_column_each(
    header: &Header,
    mapping: &Mapping,
    wide: &WideRule,
    taken: &[usize],
    from_1904: bool,
) -> Vec<Group> {
    let named = header.names().iter().enumerate();
    named
        .filter(|(at, title)| !title.is_empty() && !taken.contains(at))
        .filter(|(_, title)| {
            wide.columns == WideColumns::Others
                || period::of(&mapping.period, title, from_1904).is_ok()
        })
        .map(|(at, title)| Group {
            title: title.clone(),
            columns: vec![Some(at)],
        })
        .collect()
}

/// Groups of a table that has periods in one row and the titles of their columns in a row below, both at or above the
/// header, which names the other columns. A period stands once for all of its columns when cells were merged.
fn several_columns_each(
    rows: &[SheetRow],
    rule: &PeriodRule,
    made: &[&str],
    taken: &[usize],
    from_1904: bool,
) -> Vec<Group> {
    let titles = rows.iter().enumerate().rev().find(|(_, row)| {
        let header = Header::of(&row.cells);
        header.missing(made.iter().copied()).is_empty()
    });
    let Some((below, titles)) = titles else {
        return Vec::new();
    };
    let is_period = |cell: &String| period::of(rule, cell.trim(), from_1904).is_ok();
    let periods = rows
        .iter()
        .take(below)
        .rev()
        .find(|row| row.cells.iter().any(is_period));
    let Some(periods) = periods else {
        return Vec::new();
    };
    let mut groups: Vec<Group> = Vec::new();
    for (at, title) in titles.cells.iter().enumerate() {
        if let Some(period) = periods.cells.get(at).filter(|cell| is_period(cell))
            && groups.last().is_none_or(|g| g.title != *period)
        {
            groups.push(Group {
                title: period.clone(),
                columns: vec![None; made.len()],
            });
        }
        if taken.contains(&at) {
            continue;
        }
        let alone = Header::of(std::slice::from_ref(title));
        let which = made.iter().position(|name| alone.index(name).is_some());
        let group = groups.last_mut();
        if let Some(place) = group.zip(which).and_then(|(g, w)| g.columns.get_mut(w)) {
            place.get_or_insert(at);
        }
    }
    groups.retain(|g| g.columns.iter().any(Option::is_some));
    groups
}

impl Layout {
    /// What is wrong with a row of text that has not as many cells as the header; empty ones too many do not matter.
    pub fn uneven(&self, row: &SheetRow) -> Option<String> {
        let wants = self.width?;
        let filled = row.cells.iter().rposition(|c| !c.trim().is_empty());
        let (has, last) = (row.cells.len(), filled.map_or(0, |at| at + 1));
        let uneven = self.groups.is_empty() && (has < wants || last > wants);
        uneven.then(|| format!("has {has} cells where the header has {wants}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_row_has_what_stays_and_its_own_cells() {
        let group = |title: &str, column| Group {
            title: title.to_owned(),
            columns: vec![Some(column)],
        };
        let layout = Layout {
            header: Header::of(&[]),
            width: Some(5),
            above: 1,
            groups: vec![group("May", 1), group("June", 3), group("July", 4)],
            stay: vec![0, 2],
        };
        let row = SheetRow {
            cells: ["RAJ", "4", "falls", "5", "6"].map(str::to_owned).into(),
            percentages: [3].into(),
            ..SheetRow::default()
        };
        let long = layout.rows(row);
        let cells: Vec<String> = long.iter().map(|row| row.cells.join(",")).collect();
        assert_eq!(
            cells,
            ["RAJ,,falls,May,4", "RAJ,,falls,June,5", "RAJ,,falls,July,6"]
        );
        let shown: Vec<bool> = long
            .iter()
            .map(|row| row.percentages.contains(&4))
            .collect();
        assert_eq!(shown, [false, true, false]);
    }
}
