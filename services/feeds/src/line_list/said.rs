//! What a row says of one fact: that it happened, nothing, or something that cannot be read.

use super::fault::{INCOMPLETE, UNKNOWN_CODE};
use super::field::{self, Misread};
use super::mapping::{Changes, Columns, FactRule, FieldRule};
use super::row::{RowReader, StatedFact};
use super::table::Row;
use serde_json::Map;

/// What a row says of a fact.
pub(super) enum Said {
    /// It does not speak of it.
    Nothing,
    /// It happened.
    Fact(StatedFact),
    /// It speaks of it, and cannot be read: what stands of it already goes on standing.
    Unread,
}

/// Reads what a row says of a fact; what is wrong with its cells is added to `wrong`.
pub(super) fn of(
    reader: &RowReader<'_>,
    row: &Row,
    rule: &FactRule,
    wrong: &mut Vec<Misread>,
) -> Said {
    let mapping = reader.mapping;
    let happened = mapping.has_own_time(rule);
    let moment = field::moment(mapping, row, &rule.time);
    if let Some(when) = &rule.when {
        let column = Columns::One(when.column.clone());
        let cell = field::cell(mapping, row, &column).map(|(_, text)| text);
        if !cell.is_some_and(|text| when.holds(text)) {
            let is_another = cell.is_some_and(|text| mapping.chooses(&when.column, text));
            if is_another || !happened || matches!(moment, Ok(None)) {
                return Said::Nothing;
            }
            let (kind, sentence) = match cell {
                Some(_) => (
                    UNKNOWN_CODE,
                    "holds what the mapping does not know: add it to a `when`",
                ),
                None => (INCOMPLETE, EMPTY),
            };
            wrong.push((kind, when.column.clone(), sentence));
            return Said::Unread;
        }
    }
    let moment = match moment {
        Ok(Some(moment)) => moment,
        Ok(None) => return Said::Nothing,
        Err(why) => {
            wrong.push(why);
            return Said::Unread;
        }
    };
    let mut fields = Map::new();
    let (mut empty, mut is_wrong) = (None, false);
    for (name, from) in &rule.fields {
        let optional = matches!(from, FieldRule::Column(column) if column.optional);
        match field::value(mapping, reader.areas, row, from) {
            Ok(Some(value)) => _ = fields.insert(name.clone(), value),
            Ok(None) if optional => {}
            Ok(None) => empty = empty.or(Some(from)),
            Err(why) => {
                wrong.push(why);
                is_wrong |= !optional;
            }
        }
    }
    if is_wrong {
        return Said::Unread;
    }
    if let Some(from) = empty {
        // Where a value changes over time, an empty cell says nothing; where the time is another fact's, it is that.
        let is_due = rule.changes == Changes::Correct && (happened || rule.when.is_some());
        if !is_due {
            return Said::Nothing;
        }
        if let FieldRule::Column(from) = from {
            let column = from.column.iter().next().unwrap_or_default().to_owned();
            wrong.push((INCOMPLETE, column, EMPTY));
        }
        return Said::Unread;
    }
    if let (Some(field), true) = (&rule.date_only, moment.date_only) {
        fields.insert(field.clone(), true.into());
    }
    Said::Fact(StatedFact { moment, fields })
}

const EMPTY: &str = "is empty, and what it belongs to has its time: it is not taken without it";
