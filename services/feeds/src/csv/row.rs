//! One row of a table, read through a mapping.

use super::amount::{self, Reported};
use super::gather::Breakdown;
use super::header::Header;
use crate::mapping::{BreakdownRule, Labels, Mapping, SeriesRule};
use crate::plain::plain;
use crate::sheet::{SheetRow, UNSAVED};
use crate::{BadRow, delay_reason};
use joinedup_events::observation::Mark;
use joinedup_events::reason::Reason;
use joinedup_events::{Amount, AreaId, Slug};
use sha2::{Digest, Sha256};

/// What a row reports of a series: the amount's column, the amount, the denominator, the breakdown.
pub(super) type SeriesReport = (String, Reported, Option<Amount>, Breakdown);

/// One row.
pub(super) struct Row<'a> {
    pub row: &'a SheetRow,
    pub header: &'a Header,
    pub mapping: &'a Mapping,
}

impl<'a> Row<'a> {
    pub fn bad(&self, column: &str, sentence: impl Into<String>) -> BadRow {
        BadRow::new(self.row.number, column, sentence)
    }

    /// What stands in a cell; nothing when there is no such column.
    pub fn text(&self, column: &str) -> &'a str {
        let cell = self
            .header
            .index(column)
            .and_then(|at| self.row.cells.get(at));
        cell.map(|c| c.trim()).unwrap_or_default()
    }

    /// What a cell says; `None` when it says that there is nothing, or when there is no such column.
    pub fn cell(&self, column: &str) -> Option<&'a str> {
        let cell = self.text(column);
        (!cell.is_empty() && !self.mapping.missing.iter().any(|m| m == cell)).then_some(cell)
    }

    /// An amount's cell, and whether its workbook shows its number as a percentage.
    fn amount(&self, column: &str) -> Option<(&'a str, bool)> {
        let at = self.header.index(column)?;
        Some((self.cell(column)?, self.row.percentages.contains(&at)))
    }

    /// The first column with a formula whose result was not saved.
    pub fn unsaved(&self) -> Option<&'a str> {
        let is_there = self.row.cells.iter().any(|cell| cell == UNSAVED);
        let series = self.mapping.series.iter();
        let read = series.flat_map(SeriesRule::read_columns);
        let mut all = self.mapping.required().into_iter().chain(read);
        all.find(|column| is_there && self.text(column) == UNSAVED)
    }

    /// Whether it is a row of the table that counts: neither blank, nor a note, nor left out by the mapping.
    pub fn counts(&self) -> bool {
        let filled = self
            .row
            .cells
            .iter()
            .filter(|c| !c.trim().is_empty())
            .count();
        let note = filled == 1 && self.mapping.required().len() > 1;
        filled > 0
            && !note
            && self.mapping.only.all(|c| self.text(c))
            && !self.mapping.except.any(|c| self.text(c))
    }

    /// Whether any amount stands in it.
    pub fn has_amounts(&self) -> bool {
        let mut series = self.mapping.series.iter().filter(|s| self.has(s));
        series.any(|s| s.amounts().any(|column| self.cell(column).is_some()))
    }

    /// Whether it may be of a period that cannot be read: of none are those that say that they are a total, or a note, and what
    /// has no amounts needs a digit.
    pub fn may_say_a_period(&self, has_amounts: bool) -> bool {
        const OF_NONE: [&str; 8] = [
            "total", "totals", "sum", "all", "overall", "average", "source", "note",
        ];
        let Some(column) = self.mapping.period.column.as_deref() else {
            return true;
        };
        let text = self.text(column);
        let is_of_none = || plain(text).split(' ').any(|word| OF_NONE.contains(&word));
        text.contains(|c: char| c.is_ascii_digit()) || has_amounts && !is_of_none()
    }

    /// Whether it does not say of which period it is, as where the cell of the row above it is merged over both.
    pub fn says_no_period(&self) -> bool {
        let column = self.mapping.period.column.as_deref();
        column.is_some_and(|column| self.text(column).is_empty())
    }

    /// Whether it names an area, known or not: a place that no code stands for is another one than those that have theirs.
    pub fn names_an_area(&self) -> bool {
        let rule = &self.mapping.area;
        let mut cells = rule.looked_at().map(|column| self.text(column));
        cells.any(|cell| !cell.is_empty() && !rule.blank.iter().any(|b| b == cell))
    }

    /// Whether the series is one of this row.
    pub fn has(&self, series: &SeriesRule) -> bool {
        series.only.all(|c| self.text(c))
    }

    pub fn area(&self) -> Result<AreaId, BadRow> {
        let rule = &self.mapping.area;
        if let Some(fixed) = &rule.fixed {
            return Ok(fixed.clone());
        }
        let columns: Vec<&str> = rule
            .looked_at()
            .filter(|c| self.header.index(c).is_some())
            .collect();
        if let (true, Some(area)) = (columns.is_empty(), &rule.without_column) {
            return Ok(area.clone());
        }
        let first = columns.first().copied().unwrap_or("area");
        // An area may be called NA: only empty cells are empty here.
        let cells = columns.iter().map(|c| (*c, self.text(c)));
        let filled: Vec<(&str, &str)> = cells.filter(|(_, cell)| !cell.is_empty()).collect();
        let telling = filled
            .iter()
            .find(|(_, cell)| !rule.blank.iter().any(|b| b == cell));
        match telling.or(filled.last()).copied() {
            None => rule
                .empty
                .clone()
                .ok_or_else(|| self.bad(first, "is empty, and says which area the row is of")),
            Some((column, cell)) => match rule.value(cell) {
                Some(area) => Ok(area.clone()),
                None => AreaId::new(cell).map_err(|_| {
                    self.bad(
                        column,
                        "is not an area's code: put what it says into the mapping's `area.values`",
                    )
                }),
            },
        }
    }

    /// What the row reports of a series; `wide` is one of its `columns` with the value that it stands for.
    pub fn report(
        &self,
        series: &SeriesRule,
        wide: Option<(&String, &Slug)>,
    ) -> Result<Option<SeriesReport>, BadRow> {
        let column = wide
            .map(|(column, _)| column)
            .or(series.value.as_ref())
            .map(String::as_str)
            .unwrap_or_default();
        let cell = |c: &str| self.amount(c);
        let Some(mut reported) = amount::of(self.mapping, series, column, cell)
            .map_err(|(c, sentence)| self.bad(&c, sentence))?
        else {
            return Ok(None);
        };
        let denominator = match &series.denominator {
            None => None,
            Some(_) => {
                let read = amount::denominator(self.mapping, series, cell)
                    .map_err(|(c, sentence)| self.bad(&c, sentence))?;
                // A share without its whole is not a share.
                let Some(whole) = read else { return Ok(None) };
                reported.mark = amount::stronger(reported.mark, whole.mark);
                whole.value
            }
        };
        let hidden = matches!(reported.mark, Some(Mark::Suppressed | Mark::Missing));
        if hidden {
            reported.value = None;
        }
        let mut breakdown = Breakdown::new();
        for (dimension, rule) in &series.breakdown {
            breakdown.insert(dimension.clone(), self.breakdown(rule)?);
        }
        if let (Some(dimension), Some((_, value))) = (&series.dimension, wide) {
            breakdown.insert(dimension.clone(), value.clone());
        }
        let denominator = denominator.filter(|_| !hidden);
        if let (Some(bounds), Some(value)) = (series.bounds, reported.value)
            && let Some(sentence) = bounds.broken(value, denominator)
        {
            return Err(self.bad(column, sentence));
        }
        Ok(Some((column.to_owned(), reported, denominator, breakdown)))
    }

    fn breakdown(&self, rule: &BreakdownRule) -> Result<Slug, BadRow> {
        let rule = match rule {
            BreakdownRule::Fixed(value) => return Ok(value.clone()),
            BreakdownRule::Column(rule) => rule,
        };
        let Some(cell) = self.cell(&rule.column) else {
            return Err(self.bad(
                &rule.column,
                "is empty, and the amount is broken down by it",
            ));
        };
        if let Some(value) = rule.values.get(cell) {
            return Ok(value.clone());
        }
        let reason = |reason: Option<Reason>, what: &str| {
            let reason = reason.and_then(|r| Slug::new(r.code()).ok());
            reason.ok_or_else(|| {
                self.bad(
                    &rule.column,
                    format!("is not one of {what}; put it into the mapping's `values`"),
                )
            })
        };
        match rule.labels {
            Labels::DelayReason => reason(
                delay_reason::of_label(cell),
                "the 37 reasons of the discharge return",
            ),
            Labels::DtocLetter => reason(
                Reason::from_dtoc_code(cell),
                "the letters of the delayed-transfers collection (A to I, Di, Dii, O)",
            ),
            Labels::Words => Slug::new(&joined(cell))
                .map_err(|rule_of| self.bad(&rule.column, format!("makes no code: it {rule_of}"))),
            Labels::Code => {
                let sentence = "is not a code (letters, digits, '-', '_', '.'): put it into the mapping's `values`, or say `labels = \"words\"`";
                Slug::new(cell).map_err(|_| self.bad(&rule.column, sentence))
            }
        }
    }
}

/// The longest code of words. A longer one is cut, and a digest of the whole told apart from others of its beginning.
const MAX_CODE: usize = 64;

/// Words in small letters with hyphens between them.
fn joined(cell: &str) -> String {
    let lower: String = cell
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    let code = lower.split_whitespace().collect::<Vec<_>>().join("-");
    if code.len() <= MAX_CODE {
        return code;
    }
    // Letters only: digits could look like somebody's number.
    let digest = Sha256::digest(code.as_bytes());
    let letters = digest.iter().take(8).map(|b| char::from(b'a' + b % 26));
    let kept = code.get(..MAX_CODE - 9).unwrap_or_default();
    format!(
        "{}-{}",
        kept.trim_end_matches('-'),
        letters.collect::<String>()
    )
}
