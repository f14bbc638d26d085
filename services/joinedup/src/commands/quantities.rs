//! `measures quantities`: what measures can be made of, and the series of files that none takes.

use joinedup_feeds::mapping::Mapping;
use joinedup_views::measures::Measures;
use joinedup_views::quantity::{OBSERVATION_PREFIX, Quantity};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is known of a series of published amounts.
#[derive(Default)]
struct Series<'a> {
    measures: BTreeSet<&'a str>,
    mappings: BTreeSet<&'a str>,
    dimensions: BTreeSet<&'a str>,
}

/// One line a quantity: its name, what it holds, its unit and its dimensions; then one a series, with the mappings that
/// bring it and the measures that take it.
#[must_use]
pub fn list(measures: &Measures, mappings: &[Mapping]) -> String {
    let mut text = String::from("Counted here, from events about people and teams:\n");
    let width = Quantity::ALL.iter().map(|q| q.name().len()).max();
    let width = width.unwrap_or_default();
    for quantity in Quantity::ALL {
        let (kind, unit) = (word(quantity.kind()), word(quantity.unit()));
        let by = or_none(quantity.filters());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  {:width$}  {kind}, in {unit}; by {by}",
            quantity.name()
        );
    }
    let mut all: BTreeMap<String, Series<'_>> = BTreeMap::new();
    for measure in measures.iter() {
        for quantity in [Some(&measure.quantity), measure.over.as_ref()]
            .into_iter()
            .flatten()
        {
            if quantity.starts_with(OBSERVATION_PREFIX) {
                let series = all.entry(quantity.clone()).or_default();
                series.measures.insert(measure.id.as_str());
            }
        }
    }
    for mapping in mappings {
        for rule in &mapping.series {
            let series = all
                .entry(format!("{OBSERVATION_PREFIX}{}", rule.id))
                .or_default();
            series.mappings.insert(mapping.name.as_str());
            let dimensions = rule.breakdown.keys().chain(&rule.dimension);
            series.dimensions.extend(dimensions.map(|d| d.as_str()));
        }
    }
    text.push_str("\nSeries of published amounts, which come with files:\n");
    for (name, series) in all {
        let mappings = or_none(series.mappings);
        let measures = or_none(series.measures);
        let by = or_none(series.dimensions);
        let _ = writeln!(
            text,
            "  {name}; by {by}; mappings: {mappings}; measures: {measures}"
        );
    }
    text
}

/// What to say of the series of an import that no measure takes; one line each.
pub fn untaken<'a>(
    series: &'a BTreeSet<String>,
    taken: &'a BTreeSet<String>,
) -> impl Iterator<Item = String> + 'a {
    let untaken = series
        .iter()
        .filter(|id| !taken.contains(&format!("{OBSERVATION_PREFIX}{id}")));
    untaken.map(|id| {
        format!(
            "no measure takes the series `{id}`: it is stored, and no chart shows it until a measure has `quantity = \"{OBSERVATION_PREFIX}{id}\"`; `joinedup measures quantities` lists what there is"
        )
    })
}

/// The quantities that measures take.
#[must_use]
pub fn taken(measures: &Measures) -> BTreeSet<String> {
    let of = measures
        .iter()
        .map(|m| [Some(&m.quantity), m.over.as_ref()]);
    of.flatten().flatten().cloned().collect()
}

/// The word that files use for it.
fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn or_none<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.as_slice() {
        [] => "none".to_owned(),
        words => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_views::catalogue::Catalogue;

    fn measures() -> Measures {
        let catalogue = Catalogue::built_in().unwrap();
        Measures::built_in(|outcome| catalogue.node(outcome).is_some()).unwrap()
    }

    #[test]
    fn quantities_and_series_are_listed_with_what_uses_them() {
        let text = list(&measures(), &joinedup_feeds::mapping::built_in().unwrap());
        for quantity in Quantity::ALL {
            assert!(text.contains(quantity.name()), "{}", quantity.name());
        }
        let line = text
            .lines()
            .find(|l| l.contains("observation.sitrep-nctr;"));
        let line = line.unwrap();
        assert!(
            line.contains("nhs-sitrep-long") && line.contains("sitrep-ready-now"),
            "{line}"
        );
        let line = text
            .lines()
            .find(|l| l.contains("observation.delay-reason-count;"));
        assert!(line.unwrap().contains("by reason;"));
    }

    #[test]
    fn a_series_that_no_measure_takes_is_named_and_no_other() {
        let series: BTreeSet<String> = ["sitrep-nctr", "drd-discharges", "nobody"]
            .map(String::from)
            .into();
        let taken = taken(&measures());
        let said: Vec<String> = untaken(&series, &taken).collect();
        assert_eq!(said.len(), 1);
        assert!(said[0].contains("`nobody`"), "{}", said[0]);
    }
}
