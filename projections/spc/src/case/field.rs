//! Reading the fields of a case.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::CaseError;

/// The parts of a case that every method reads.
pub(super) struct Fields<'a> {
    pub(super) method: &'a str,
    pub(super) options: &'a Map<String, Value>,
    /// Labels as given; positions from 1 where the case has none.
    pub(super) x: Vec<Value>,
    /// Values, `NaN` for missing ones.
    pub(super) y: Vec<f64>,
    /// Denominators, as `y`; empty where the case has none.
    pub(super) n: Vec<f64>,
}

fn malformed(sentence: impl Into<String>) -> CaseError {
    CaseError::Malformed(sentence.into())
}

impl<'a> Fields<'a> {
    pub(super) fn of(input: &'a Value) -> Result<Self, CaseError> {
        static NO_OPTIONS: std::sync::LazyLock<Map<String, Value>> =
            std::sync::LazyLock::new(Map::new);
        let case = input
            .as_object()
            .ok_or_else(|| malformed("it is not a JSON object."))?;
        let method = case
            .get("method")
            .and_then(Value::as_str)
            .ok_or_else(|| malformed("method is missing or not text."))?;
        let options = match case.get("options") {
            None | Some(Value::Null) => &*NO_OPTIONS,
            Some(Value::Object(options)) => options,
            Some(Value::Array(list)) if list.is_empty() => &*NO_OPTIONS,
            Some(_) => return Err(malformed("options is not an object.")),
        };
        let y = numbers(
            "y",
            case.get("y").ok_or_else(|| malformed("y is missing."))?,
        )?;
        let n = match case.get("n") {
            None | Some(Value::Null) => Vec::new(),
            Some(n) => numbers("n", n)?,
        };
        let x = match case.get("x") {
            None | Some(Value::Null) => (1..=y.len()).map(Value::from).collect(),
            Some(x) => list(x),
        };
        if x.len() != y.len() || !(n.is_empty() || n.len() == y.len()) {
            return Err(malformed("x, y and n are not of one length."));
        }
        Ok(Self {
            method,
            options,
            x,
            y,
            n,
        })
    }

    /// Values with infinities refused, missing ones as `None`.
    pub(super) fn finite_y(&self) -> Result<Vec<Option<f64>>, CaseError> {
        self.y
            .iter()
            .enumerate()
            .map(|(i, &v)| match v {
                v if v.is_nan() => Ok(None),
                v if v.is_finite() => Ok(Some(v)),
                _ => Err(CaseError::Refused(format!("Value {} is infinite.", i + 1))),
            })
            .collect()
    }

    /// Labels as text that sorts as the numbers do where they are numbers.
    pub(super) fn x_as_sortable_text(&self) -> Result<Vec<String>, CaseError> {
        self.x_as_text(sortable)
    }

    /// Labels as names.
    pub(super) fn x_as_names(&self) -> Result<Vec<String>, CaseError> {
        self.x_as_text(serde_json::Number::to_string)
    }

    fn x_as_text(
        &self,
        of_number: impl Fn(&serde_json::Number) -> String,
    ) -> Result<Vec<String>, CaseError> {
        self.x
            .iter()
            .map(|x| match x {
                Value::String(text) => Ok(text.clone()),
                Value::Number(number) => Ok(of_number(number)),
                _ => Err(malformed(
                    "x holds something that is neither text nor a number.",
                )),
            })
            .collect()
    }

    /// Positions sorted by x; equal ones keep their order.
    pub(super) fn in_x_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.x.len()).collect();
        order.sort_by(|&a, &b| match (self.x[a].as_f64(), self.x[b].as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (None, None) => self.x[a].as_str().cmp(&self.x[b].as_str()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
        });
        order
    }

    fn option(&self, name: &str) -> Option<&Value> {
        let dotted = || self.options.get(&name.replace('_', "."));
        let value = self.options.get(name).or_else(dotted);
        value.filter(|value| !value.is_null())
    }

    /// Refuses options that the method does not have: one that is passed over would look as if it had been heeded.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), CaseError> {
        let strange = |name: &&String| !known.contains(&name.replace('.', "_").as_str());
        match self.options.keys().find(strange) {
            None => Ok(()),
            Some(name) => Err(CaseError::Refused(format!(
                "{} has no option \"{name}\"; it has {}.",
                self.method,
                known.join(", ")
            ))),
        }
    }

    /// Refuses denominators where the method has no use for them.
    pub(super) fn without_n(&self) -> Result<(), CaseError> {
        if self.n.is_empty() {
            Ok(())
        } else {
            Err(CaseError::Refused(format!(
                "{} takes no denominators: divide first, or leave n out.",
                self.method
            )))
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, CaseError> {
        self.option(name)
            .map(|value| {
                value
                    .as_f64()
                    .ok_or_else(|| malformed(format!("options.{name} is not a number.")))
            })
            .transpose()
    }

    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, CaseError> {
        self.number(name)?
            .map(|value| {
                if (0.0..=1e9).contains(&value) && value.fract() == 0.0 {
                    Ok(value as usize)
                } else {
                    Err(malformed(format!(
                        "options.{name} is not a whole number from 0 on."
                    )))
                }
            })
            .transpose()
    }

    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, CaseError> {
        self.option(name).map_or(Ok(default), |value| {
            value
                .as_bool()
                .ok_or_else(|| malformed(format!("options.{name} is neither true nor false.")))
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, CaseError> {
        self.option(name)
            .map(|value| {
                value
                    .as_str()
                    .ok_or_else(|| malformed(format!("options.{name} is not text.")))
            })
            .transpose()
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, CaseError> {
        let texts = self.option(name).map(list).unwrap_or_default();
        texts
            .iter()
            .map(|value| match value {
                Value::String(text) => Ok(text.clone()),
                Value::Number(number) => Ok(sortable(number)),
                _ => Err(malformed(format!(
                    "options.{name} holds something that is neither text nor a number."
                ))),
            })
            .collect()
    }

    pub(super) fn positions(&self, name: &str) -> Result<Vec<i64>, CaseError> {
        let positions = self.option(name).map(list).unwrap_or_default();
        positions
            .iter()
            .map(|value| {
                value
                    .as_f64()
                    .filter(|position| position.fract() == 0.0)
                    .map(|position| position as i64)
                    .ok_or_else(|| {
                        malformed(format!(
                            "options.{name} holds something that is not a whole number."
                        ))
                    })
            })
            .collect()
    }

    /// One number for all rows, or one for each.
    pub(super) fn centre(&self, name: &str) -> Result<Vec<Option<f64>>, CaseError> {
        let Some(value) = self.option(name) else {
            return Ok(Vec::new());
        };
        let centre: Vec<Option<f64>> = numbers(name, value)?
            .into_iter()
            .map(|v| (!v.is_nan()).then_some(v))
            .collect();
        if centre.len() == 1 || centre.len() == self.y.len() {
            Ok(centre)
        } else {
            Err(malformed(format!(
                "options.{name} must hold one number, or one for every row."
            )))
        }
    }
}

/// A number as text in the order of numbers: the bits of a double, turned round for those below 0.
fn sortable(number: &serde_json::Number) -> String {
    let value = number.as_f64().unwrap_or(f64::NAN) + 0.0;
    let bits = value.to_bits();
    let key = if value < 0.0 { !bits } else { bits | 1 << 63 };
    format!("{key:016x}")
}

/// A list, or a single value as a list of one.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        single => vec![single.clone()],
    }
}

fn numbers(name: &str, value: &Value) -> Result<Vec<f64>, CaseError> {
    list(value)
        .iter()
        .enumerate()
        .map(|(i, value)| match value {
            Value::Null => Ok(f64::NAN),
            Value::Number(number) => Ok(number.as_f64().unwrap_or(f64::NAN)),
            Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
            Value::String(text) => match text.as_str() {
                "Inf" => Ok(f64::INFINITY),
                "-Inf" => Ok(f64::NEG_INFINITY),
                "NaN" | "NA" => Ok(f64::NAN),
                _ => Err(malformed(format!(
                    "{name} holds text at position {} that is not a number.",
                    i + 1
                ))),
            },
            _ => Err(malformed(format!(
                "{name} holds something at position {} that is not a number.",
                i + 1
            ))),
        })
        .collect()
}
