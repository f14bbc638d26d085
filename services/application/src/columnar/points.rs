//! The points of a chart as a table: the columns and values of its CSV.

use super::writer::Writer;
use super::{Column, Of, Remark, TableError};
use chrono::{DateTime, Utc};
use joinedup_views::ask::Answer;
use joinedup_views::chart::{Chart, ChartPoint};
use joinedup_views::suppression::Audience;
use std::borrow::Cow;
use std::io::Write;

/// A point, the chart that it is of, and as known when and by whom.
type Row<'a> = (&'a Chart, &'a ChartPoint, (Option<DateTime<Utc>>, Audience));

/// Writes the points of a chart, as an audience was given it.
///
/// # Errors
/// When the build has no Parquet, or the table cannot be written.
pub fn points(
    answer: &Answer,
    audience: Audience,
    to: impl Write + Send,
) -> Result<(), TableError> {
    let mut file = Writer::begin(to, columns())?;
    for point in &answer.chart.points {
        file.add((&answer.chart, point, (answer.as_known_at, audience)))?;
    }
    file.finish(remarks(answer, audience))
}

fn remarks(answer: &Answer, audience: Audience) -> Vec<Remark> {
    let audience = match audience {
        Audience::Public | Audience::Neighbours => "public: small numbers are suppressed",
        Audience::Operations => "operations: small numbers are shown",
    };
    let known = answer.as_known_at.map(|at| at.to_rfc3339());
    let mut remarks = vec![
        ("audience", audience.to_owned()),
        ("as_of", answer.as_of.to_rfc3339()),
        ("as_of_position", answer.as_of_position.to_string()),
        ("title", answer.chart.title.clone()),
        ("unit", answer.chart.unit.clone()),
        ("definition", answer.chart.definition.clone()),
    ];
    remarks.extend(known.map(|at| ("as_known_at", at)));
    let filter = answer.chart.filter.words();
    remarks.extend((!filter.is_empty()).then_some(("filter", filter)));
    remarks
}

fn columns<'a>() -> Vec<Column<Row<'a>>> {
    vec![
        ("measure", Of::Text(|(chart, ..)| text(&chart.measure))),
        ("area", Of::Text(|(chart, ..)| text(&chart.area))),
        (
            "period",
            Of::Text(|(chart, ..)| Some(chart.period.to_string().into())),
        ),
        (
            "period_start",
            Of::Date(|(_, row, _)| Some(row.point.period_start)),
        ),
        (
            "period_end",
            Of::Date(|(_, row, _)| Some(row.point.period_end)),
        ),
        ("value", Of::Number(|(_, row, _)| row.point.value)),
        ("numerator", Of::Number(|(_, row, _)| row.point.numerator)),
        (
            "denominator",
            Of::Number(|(_, row, _)| row.point.denominator),
        ),
        ("n", Of::Whole(|(_, row, _)| row.point.n)),
        (
            "state",
            Of::Text(|(_, row, _)| text(row.point.state.code())),
        ),
        ("centre", Of::Number(|(_, row, _)| row.centre)),
        ("lcl", Of::Number(|(_, row, _)| row.lcl)),
        ("ucl", Of::Number(|(_, row, _)| row.ucl)),
        (
            "signals",
            Of::Text(|(_, row, _)| {
                let rules = row.signals.iter().map(|signal| signal.rule.code());
                Some(rules.collect::<Vec<_>>().join(" ").into())
            }),
        ),
        (
            "note",
            Of::Text(|(_, row, _)| row.point.note.as_ref().map(|note| note.to_string().into())),
        ),
        (
            "footprint",
            Of::Text(|(chart, ..)| {
                chart
                    .footprint
                    .as_ref()
                    .map(|footprint| footprint.words.as_str().into())
            }),
        ),
        (
            "filter",
            Of::Text(|(chart, ..)| {
                let words = chart.filter.words();
                (!words.is_empty()).then(|| words.into())
            }),
        ),
        (
            "as_known_at",
            Of::Text(|(_, _, (known, _))| known.map(|at| at.to_rfc3339().into())),
        ),
        (
            "audience",
            Of::Text(|(_, _, (_, audience))| text(audience.word())),
        ),
    ]
}

fn text(text: &str) -> Option<Cow<'_, str>> {
    Some(text.into())
}
