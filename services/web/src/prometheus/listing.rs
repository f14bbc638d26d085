//! Which series, labels and metrics there are.

use super::Request;
use super::parameters::Parameters;
use super::refusal::Refused;
use joinedup_exposition::event_time;
use joinedup_exposition::unit::Unit;
use joinedup_promql::answer;
use joinedup_promql::plan::{is_label, selector};
use joinedup_promql::series::{Comparison, Labels, Matcher, NAME};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The most selectors of a call.
const MAX_SELECTORS: usize = 32;

/// The selectors of a call, and the moments that it is about.
fn asked(parameters: &Parameters, or_all: bool) -> Result<(Vec<Vec<Matcher>>, i64, i64), Refused> {
    let given = parameters.all("match[]");
    if given.len() > MAX_SELECTORS {
        let text = format!("a call has {MAX_SELECTORS} `match[]` at most");
        return Err(Refused::bad(text));
    }
    let mut selectors = given
        .into_iter()
        .map(selector)
        .collect::<Result<Vec<_>, _>>()?;
    if selectors.is_empty() {
        if !or_all {
            return Err(Refused::bad("no match[] parameter provided"));
        }
        selectors.push(vec![Matcher {
            name: NAME.to_owned(),
            comparison: Comparison::NotEqual(String::new()),
        }]);
    }
    let from = parameters.instant("start")?.unwrap_or(i64::MIN);
    let to = parameters.instant("end")?.unwrap_or(i64::MAX);
    if to < from {
        return Err(Refused::bad(
            "invalid parameter \"end\": end timestamp must not be before start time",
        ));
    }
    Ok((selectors, from, to))
}

/// Texts of the labels that there are.
fn texts(
    request: &Request,
    of: impl Fn(&Labels, &mut dyn FnMut(&str)),
) -> Result<Vec<String>, Refused> {
    let (selectors, from, to) = asked(&request.parameters, true)?;
    let mut texts = BTreeSet::new();
    event_time::list(&request.app, request.audience, &selectors, |series| {
        if series.speaks_within(from, to) {
            of(&series.labels, &mut |text| {
                if !texts.contains(text) {
                    texts.insert(text.to_owned());
                }
            });
        }
    })?;
    Ok(texts
        .into_iter()
        .map(|t| Value::from(t).to_string())
        .collect())
}

/// A list cut short where the question says so; then with a warning, as Prometheus does.
fn limited(parameters: &Parameters, mut items: Vec<String>) -> Result<String, Refused> {
    let most = parameters.count("limit")?.unwrap_or(usize::MAX);
    let cut = items.len() > most;
    items.truncate(most);
    let warning = if cut {
        ",\"warnings\":[\"results truncated due to limit\"]"
    } else {
        ""
    };
    Ok(format!("\"data\":[{}]{warning}", items.join(",")))
}

/// `series`
pub fn series(request: &Request) -> Result<String, Refused> {
    let (selectors, from, to) = asked(&request.parameters, false)?;
    let all: BTreeSet<Labels> = event_time::select(&request.app, request.audience, &selectors)?
        .into_iter()
        .flatten()
        .filter(|series| series.speaks_within(from, to))
        .map(|series| series.labels)
        .collect();
    let written = all
        .iter()
        .map(|labels| {
            let mut out = String::new();
            answer::labels(&mut out, labels);
            out
        })
        .collect();
    limited(&request.parameters, written)
}

/// `labels`
pub fn labels(request: &Request) -> Result<String, Refused> {
    let names = texts(request, |labels, take| {
        labels.iter().for_each(|(name, _)| take(name));
    })?;
    limited(&request.parameters, names)
}

/// `label/<name>/values`
pub fn values(request: &Request, name: &str) -> Result<String, Refused> {
    if !is_label(name) {
        let name: String = name.chars().take(40).collect();
        return Err(Refused::bad(format!("invalid label name: {name:?}")));
    }
    let values = texts(request, |labels, take| {
        let value = labels.get(name);
        if !value.is_empty() {
            take(value);
        }
    })?;
    limited(&request.parameters, values)
}

/// `metadata`
pub fn metadata(parameters: &Parameters) -> Result<String, Refused> {
    let only = parameters.one("metric")?;
    let most = parameters.count("limit")?.unwrap_or(usize::MAX);
    // Each metric has one entry, which no bound above zero takes away.
    parameters.count("limit_per_metric")?;
    let mut all = Map::new();
    for metric in event_time::metrics() {
        let units: Vec<Option<Unit>> = if metric.by_unit {
            Unit::ALL.map(Some).to_vec()
        } else {
            vec![None]
        };
        for unit in units {
            let name = metric.name_for(unit);
            if only.is_none_or(|only| only == name) && all.len() < most {
                let entry = json!([{
                    "type": metric.kind.word(),
                    "help": metric.help_for(unit),
                    "unit": "",
                }]);
                all.insert(name, entry);
            }
        }
    }
    Ok(format!("\"data\":{}", Value::Object(all)))
}
