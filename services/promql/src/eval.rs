//! Evaluation: every part of a query is worked out for all instants at once, so that labels are looked at once a
//! series and not once an instant.

use super::series::{Labels, Matcher, Sample, Series};
use super::subset::{Function, Operator};
use super::tree::{self, At, Kind, Node, Selection};
use super::{Refusal, aggregate, binary, functions, labels_of, over_time};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The most values that one part of a query may have: series times instants.
pub const MAX_VALUES: usize = 2_000_000;

/// The instants of a query, and how it is answered.
#[derive(Debug)]
pub struct Question<'s> {
    /// The instants, in milliseconds since 1970, the first first.
    pub instants: Vec<i64>,
    /// How long a sample holds at most; none: until it ends.
    pub lookback: Option<i64>,
    /// The plan's selectors.
    pub selectors: &'s [Vec<Matcher>],
    /// What each selector found.
    pub found: &'s [Vec<Series>],
    /// When evaluation began and how long it may take.
    pub clock: (Instant, Duration),
}

/// A series with its value at each instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its labels.
    pub labels: Labels,
    /// Its values.
    pub values: Vec<Option<f64>>,
}

/// What a part of a query comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number at each instant.
    Scalar(Vec<f64>),
    /// Series.
    Vector(Vec<Row>),
    /// A string.
    Text(String),
    /// Series with their samples as they are.
    Matrix(Vec<(Labels, Vec<Sample>)>),
}

impl Question<'_> {
    /// Evaluates a query.
    ///
    /// # Errors
    /// When series do not match as the query says, or it becomes too large or takes too long.
    pub fn answer(&self, root: &Node) -> Result<Value, Refusal> {
        // Only a query of one instant may be of a whole range.
        if let (Node::Range(selection, range), [_]) = (root, &*self.instants) {
            let to = self
                .moments(*selection)
                .first()
                .copied()
                .unwrap_or_default();
            let of = |series: &Series| {
                let samples = series.within(to.saturating_sub(*range), to).to_vec();
                (series.labels.clone(), samples)
            };
            let all: Vec<_> = self.series(*selection).iter().map(of).collect();
            return Ok(Value::Matrix(
                all.into_iter().filter(|(_, s)| !s.is_empty()).collect(),
            ));
        }
        self.value(root)
    }

    /// How many instants there are.
    pub(super) fn len(&self) -> usize {
        self.instants.len()
    }

    fn series(&self, selection: Selection) -> &[Series] {
        self.found
            .get(selection.selector)
            .map_or(&[], Vec::as_slice)
    }

    /// The moments that a selection is of, one for each instant.
    fn moments(&self, selection: Selection) -> Vec<i64> {
        let first = self.instants.first().copied().unwrap_or_default();
        let last = self.instants.last().copied().unwrap_or_default();
        let fixed = selection.at.map(|at| match at {
            At::Instant(at) => at,
            At::Start => first,
            At::End => last,
        });
        let moment = |instant: &i64| fixed.unwrap_or(*instant).saturating_sub(selection.offset);
        self.instants.iter().map(moment).collect()
    }

    fn labels_of_absent(&self, selection: Selection) -> Labels {
        let matchers = self.selectors.get(selection.selector);
        functions::labels_of_absent(matchers.map_or(&[], Vec::as_slice))
    }

    fn in_time(&self) -> Result<(), Refusal> {
        let (began, within) = self.clock;
        if began.elapsed() > within {
            return Err(Refusal::Timeout(within.as_millis()));
        }
        Ok(())
    }

    fn rows(
        &self,
        selection: Selection,
        mut value: impl FnMut(&Series, i64, usize) -> Option<f64>,
        mut labels: impl FnMut(&Labels) -> Labels,
    ) -> Result<Vec<Row>, Refusal> {
        let series = self.series(selection);
        self.bounded(series.len())?;
        let moments = self.moments(selection);
        let mut rows = Vec::with_capacity(series.len());
        for one in series {
            self.in_time()?;
            let values: Vec<Option<f64>> = moments
                .iter()
                .enumerate()
                .map(|(at, moment)| value(one, *moment, at))
                .collect();
            if values.iter().any(Option::is_some) {
                rows.push(Row {
                    labels: labels(&one.labels),
                    values,
                });
            }
        }
        Ok(rows)
    }

    fn bounded(&self, series: usize) -> Result<(), Refusal> {
        if series.saturating_mul(self.len()) > MAX_VALUES {
            return Err(Refusal::execution(format!(
                "{series} series at {} instants are more than {MAX_VALUES} values: ask for fewer series or a longer step",
                self.len()
            )));
        }
        Ok(())
    }

    /// The rows of a vector.
    pub(super) fn vector(&self, node: &Node) -> Result<Vec<Row>, Refusal> {
        match self.value(node)? {
            Value::Vector(rows) => Ok(rows),
            _ => Err(Refusal::query("an instant vector is expected here")),
        }
    }

    /// The numbers of a scalar.
    pub(super) fn scalar(&self, node: &Node) -> Result<Vec<f64>, Refusal> {
        match self.value(node)? {
            Value::Scalar(values) => Ok(values),
            _ => Err(Refusal::query("a number is expected here")),
        }
    }

    fn value(&self, node: &Node) -> Result<Value, Refusal> {
        self.in_time()?;
        Ok(match node {
            Node::Number(number) => Value::Scalar(vec![*number; self.len()]),
            Node::Text(text) => Value::Text(text.clone()),
            Node::Select(selection) => Value::Vector(self.rows(
                *selection,
                |series, moment, _| series.at(moment, self.lookback).map(|s| s.value),
                Labels::clone,
            )?),
            Node::Range(..) => {
                return Err(Refusal::query(
                    "a range vector must be inside a function, or be the whole of a query of one instant",
                ));
            }
            Node::Negate(of) => match self.value(of)? {
                Value::Scalar(values) => Value::Scalar(values.iter().map(|v| -v).collect()),
                Value::Vector(rows) => Value::Vector(unique(each(rows, |v| Some(-v)))?),
                other => other,
            },
            Node::Binary(pair) => {
                let (left, right) = (self.value(&pair.left)?, self.value(&pair.right)?);
                let value = self.pair(pair, left, right)?;
                if let Value::Vector(rows) = &value {
                    self.bounded(rows.len())?;
                }
                value
            }
            Node::Aggregate(of) => Value::Vector(aggregate::aggregate(self, of)?),
            Node::Call(function, arguments) => self.call(*function, arguments)?,
        })
    }

    fn pair(&self, pair: &tree::Binary, left: Value, right: Value) -> Result<Value, Refusal> {
        let (operator, says_bool) = (pair.operator, pair.says_bool);
        Ok(match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => Value::Scalar(
                left.iter()
                    .zip(&right)
                    .map(|(l, r)| binary::of_numbers(operator, *l, *r))
                    .collect(),
            ),
            (Value::Vector(rows), Value::Scalar(numbers)) => Value::Vector(binary::with_number(
                operator, says_bool, rows, &numbers, false,
            )?),
            (Value::Scalar(numbers), Value::Vector(rows)) => Value::Vector(binary::with_number(
                operator, says_bool, rows, &numbers, true,
            )?),
            (Value::Vector(left), Value::Vector(right)) => Value::Vector(match operator {
                Operator::And | Operator::Or | Operator::Unless => {
                    binary::of_sets(operator, &pair.matching, left, right, self.len())?
                }
                _ => binary::between(
                    operator,
                    says_bool,
                    &pair.matching,
                    &left,
                    &right,
                    self.len(),
                )?,
            }),
            _ => {
                return Err(Refusal::query(
                    "an operator stands between numbers and instant vectors",
                ));
            }
        })
    }

    fn call(&self, function: Function, arguments: &[Node]) -> Result<Value, Refusal> {
        let text = |at: usize| match arguments.get(at) {
            Some(Node::Text(text)) => text.as_str(),
            _ => "",
        };
        let texts = |from: usize| (from..arguments.len()).map(text).collect::<Vec<_>>();
        let first = arguments.first();
        Ok(match (function, first) {
            (Function::Time, _) => {
                Value::Scalar(self.instants.iter().map(|t| seconds(*t)).collect())
            }
            (Function::Vector, Some(of)) => Value::Vector(vec![Row {
                labels: Labels::default(),
                values: self.scalar(of)?.into_iter().map(Some).collect(),
            }]),
            (Function::Scalar, Some(of)) => {
                Value::Scalar(functions::only_one(&self.vector(of)?, self.len()))
            }
            (Function::Timestamp, Some(Node::Select(selection))) => {
                Value::Vector(unique(self.rows(
                    *selection,
                    |series, moment, _| series.at(moment, self.lookback).map(|s| seconds(s.at)),
                    Labels::nameless,
                )?)?)
            }
            (Function::Timestamp, Some(of)) => {
                let mut rows = each(self.vector(of)?, Some);
                for row in &mut rows {
                    for (value, instant) in row.values.iter_mut().zip(&self.instants) {
                        *value = value.map(|_| seconds(*instant));
                    }
                }
                Value::Vector(merged(rows)?)
            }
            (Function::Absent, Some(of)) => {
                let labels = match of {
                    Node::Select(selection) => self.labels_of_absent(*selection),
                    _ => Labels::default(),
                };
                Value::Vector(functions::absent(labels, &self.vector(of)?, self.len()))
            }
            (Function::AbsentOverTime, Some(Node::Range(selection, range))) => {
                let rows = self.over(*selection, *range, |samples, _| {
                    (!samples.is_empty()).then_some(1.0)
                })?;
                let labels = self.labels_of_absent(*selection);
                Value::Vector(functions::absent(labels, &rows, self.len()))
            }
            (Function::Sort, Some(of)) => Value::Vector(functions::sorted(self.vector(of)?, false)),
            (Function::SortDesc, Some(of)) => {
                Value::Vector(functions::sorted(self.vector(of)?, true))
            }
            (Function::LabelReplace, Some(of)) => Value::Vector(labels_of::replaced(
                self.vector(of)?,
                [text(1), text(2), text(3), text(4)],
            )?),
            (Function::LabelJoin, Some(of)) => Value::Vector(labels_of::joined(
                self.vector(of)?,
                text(1),
                text(2),
                &texts(3),
            )?),
            (Function::Over(over), _) => {
                let (parameter, range) = match arguments {
                    [range] => (None, range),
                    [parameter, range] => (Some(self.scalar(parameter)?), range),
                    _ => return Err(Refusal::query("a range vector is expected here")),
                };
                let Node::Range(selection, range) = range else {
                    return Err(Refusal::query("a range vector is expected here"));
                };
                let rows = self.over(*selection, *range, |samples, at| {
                    let parameter = parameter.as_ref().and_then(|p| p.get(at)).copied();
                    over_time::over(over, samples, parameter)
                })?;
                Value::Vector(if over_time::keeps_name(over) {
                    rows
                } else {
                    unique(each(rows, Some))?
                })
            }
            (_, Some(of)) if of.kind() == Kind::Vector => {
                let parameters = arguments[1..]
                    .iter()
                    .map(|node| self.scalar(node))
                    .collect::<Result<Vec<_>, _>>()?;
                let mut rows = self.vector(of)?;
                for row in &mut rows {
                    row.labels = row.labels.nameless();
                    for (at, value) in row.values.iter_mut().enumerate() {
                        let given: Vec<f64> = parameters
                            .iter()
                            .filter_map(|p| p.get(at))
                            .copied()
                            .collect();
                        *value = value.and_then(|v| functions::elementwise(function, v, &given));
                    }
                }
                Value::Vector(merged(rows)?)
            }
            _ => {
                return Err(Refusal::query(
                    "a function has other arguments than it takes",
                ));
            }
        })
    }

    fn over(
        &self,
        selection: Selection,
        range: i64,
        mut of: impl FnMut(&[Sample], usize) -> Option<f64>,
    ) -> Result<Vec<Row>, Refusal> {
        self.rows(
            selection,
            |series, moment, at| {
                let samples = series.within(moment.saturating_sub(range), moment);
                if samples.is_empty() {
                    None
                } else {
                    of(samples, at)
                }
            },
            Labels::clone,
        )
    }
}

/// An instant as a number.
fn seconds(instant: i64) -> f64 {
    instant as f64 / 1_000.0
}

/// Rows without their names, each value changed.
fn each(rows: Vec<Row>, change: impl Fn(f64) -> Option<f64>) -> Vec<Row> {
    rows.into_iter()
        .map(|row| Row {
            labels: row.labels.nameless(),
            values: row
                .values
                .into_iter()
                .map(|v| v.and_then(&change))
                .collect(),
        })
        .collect()
}

fn same_labels() -> Refusal {
    Refusal::execution("vector cannot contain metrics with the same labelset")
}

/// Rows of which no two have the same labels.
fn unique(mut rows: Vec<Row>) -> Result<Vec<Row>, Refusal> {
    rows.sort_by(|a, b| a.labels.cmp(&b.labels));
    if rows.windows(2).any(|pair| pair[0].labels == pair[1].labels) {
        return Err(same_labels());
    }
    Ok(rows)
}

/// Rows put together by their labels; no two may have a value at the same instant.
pub(super) fn merged(rows: Vec<Row>) -> Result<Vec<Row>, Refusal> {
    let mut all: BTreeMap<Labels, Vec<Option<f64>>> = BTreeMap::new();
    for row in rows
        .into_iter()
        .filter(|r| r.values.iter().any(Option::is_some))
    {
        match all.entry(row.labels) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(row.values);
            }
            std::collections::btree_map::Entry::Occupied(mut taken) => {
                for (known, more) in taken.get_mut().iter_mut().zip(row.values) {
                    match (&known, more) {
                        (Some(_), Some(_)) => return Err(same_labels()),
                        (None, Some(_)) => *known = more,
                        _ => {}
                    }
                }
            }
        }
    }
    Ok(all
        .into_iter()
        .map(|(labels, values)| Row { labels, values })
        .collect())
}
