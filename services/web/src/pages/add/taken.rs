//! The end: what was taken is published, and the page says so and leads to its charts.

use super::super::record;
use super::super::visit::Visit;
use super::super::words;
use super::PATH;
use super::prepared::{Prepared, period_for, takers};
use super::second::refused;
use super::undo;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use joinedup_application::app::App;
use joinedup_application::config::Role;
use joinedup_application::restated;
use joinedup_events::observation::{ObservationFact, Observed};
use joinedup_events::{AreaId, Event, Fact};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long the page waits for the charts to have the numbers.
pub(super) const SEEN_TIMEOUT: Duration = Duration::from_secs(5);

/// What became of the facts.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    stored: usize,
    /// Of those that were stored, how many stand in place of what was reported before.
    replaced: usize,
    known: usize,
    /// Where they stand in the log.
    pub positions: Vec<u64>,
    /// Of these, the ones that were stored now.
    pub new: Vec<u64>,
}

/// Publishes the facts of a table, and waits a little until the charts have them. Sent again they are known.
///
/// # Errors
/// 503 when the log does not take them: what was taken stays, and the same form may be sent again.
pub async fn publish(app: &App, caller: &Caller, prepared: &Prepared) -> Result<Counts, Problem> {
    let events: Vec<Event> = prepared
        .table
        .facts
        .iter()
        .map(|(_, event)| {
            let mut event = event.clone();
            caller.sign(&mut event);
            event
        })
        .collect();
    let replaced = restated::replacing(app, &events);
    let appended = record::publish(app, &events, SEEN_TIMEOUT).await?;
    let known = appended.iter().filter(|a| a.duplicate).count();
    Ok(Counts {
        stored: appended.len() - known,
        replaced,
        known,
        positions: appended.iter().map(|a| a.position.0).collect(),
        new: (appended.iter().filter(|a| !a.duplicate))
            .map(|a| a.position.0)
            .collect(),
    })
}

/// What was taken of one series.
#[derive(Default)]
struct OfSeries {
    places: BTreeMap<AreaId, usize>,
    observed: Option<Observed>,
}

/// The page.
pub fn page(visit: &Visit, id: &str, prepared: &Prepared, counts: &Counts) -> Markup {
    let mut all: BTreeMap<String, OfSeries> = BTreeMap::new();
    for (_, event) in &prepared.table.facts {
        if let Fact::Observation(ObservationFact::Observed(observed)) = &event.fact {
            let of = all.entry(observed.series.to_string()).or_default();
            *of.places.entry(event.area.clone()).or_default() += 1;
            of.observed.get_or_insert_with(|| observed.clone());
        }
    }
    let (charted, own): (Vec<_>, Vec<_>) = all
        .iter()
        .partition(|(series, _)| takers(visit, series).next().is_some());
    let is_number = |(_, event): &(u64, Event)| matches!(&event.fact, Fact::Observation(ObservationFact::Observed(o)) if o.value.is_some());
    // What is not available or suppressed is added as that.
    let (one, many) = if prepared.table.facts.iter().all(is_number) {
        ("number", "numbers")
    } else {
        ("entry", "entries")
    };
    let added = counts.stored.saturating_sub(counts.replaced);
    let body = html! {
        h1 { "Data added" }
        p.lead #taken {
            @if added > 0 || counts.replaced == 0 { (words::counted(added, &format!("{one} was added"), &format!("{many} were added"))) ". " }
            @if counts.replaced > 0 { (words::counted(counts.replaced, &format!("{one} replaced what was reported before"), &format!("{many} replaced what was reported before"))) "." }
            @if counts.known > 0 { " " (words::counted(counts.known, &format!("{one} was there already"), &format!("{many} were there already"))) "." }
        }
        @if !charted.is_empty() {
            h2 { "See it on a chart" }
            @if visit.caller.has(Role::Reader) {
                ul #charts { @for (series, of) in charted { (links(visit, series, of)) } }
            } @else { p { "You may add data and not read charts: ask somebody with the role of a reader." } }
        }
        @if prepared.is_published && !own.is_empty() {
            p.note { "Saved too, and shown by no measure yet: " @for (series, _) in &own { code { "observation." (series) } " " } }
        } @else {
            @for (series, of) in own { (declare(prepared, series, of)) }
        }
        @if !prepared.table.refused.is_empty() {
            section.card aria-label="Not added" { (refused(&prepared.table.refused)) }
        }
        @if prepared.made.is_some() {
            h2 { "Next month" }
            form method="get" action=(format!("{PATH}/{id}/mapping.toml")) {
                (kept(id, prepared))
                button.quiet #save type="submit" { "Save these choices as a file" }
            }
            p.note { "Use it with " code { "joinedup import --mapping" } ", or for a folder that joinedup watches." }
        }
        @if counts.stored > 0 { h2 { "Added by mistake?" } (undo::form(visit, id)) }
        @if prepared.look.sheets.len() > 1 { p { a href=(visit.address.elsewhere(format!("{PATH}/{id}"))) { "Add another sheet of this workbook" } } }
        p { a href=(visit.address.elsewhere(PATH)) { "Add more data" } " · " a href=(visit.address.elsewhere("/sources")) { "All sources" } }
    };
    super::page(visit, "Data added", &body)
}

/// The charts of a series, each about the place with most numbers.
fn links(visit: &Visit, series: &str, of: &OfSeries) -> Markup {
    let place = of.places.iter().max_by_key(|(_, n)| **n).map(|(a, _)| a);
    let measures: Vec<_> = takers(visit, series).collect();
    let grain = of.observed.as_ref().map(|o| o.grain);
    let filtered: BTreeSet<_> = measures
        .iter()
        .filter(|m| !m.filter.0.is_empty())
        .map(|m| &m.id)
        .collect();
    html! {
        @for measure in &measures {
            @let address = visit.address.elsewhere(format!("/measures/{}", measure.id));
            @let address = place.map_or(address.clone(), |area| address.with("area", area));
            @let period = grain.and_then(|grain| period_for(measure, grain));
            @let address = period.map_or(address.clone(), |grain| address.with("period", grain));
            // A measure of a part takes nothing of a table without parts.
            @if !filtered.contains(&measure.id) || measures.len() == 1 {
                li { a href=(address) { (measure.title) } @if let Some(place) = place { ", " (visit.title_of(place.as_str())) } }
            }
        }
    }
}

/// A series that no measure takes: what to put into a file of measures.
fn declare(prepared: &Prepared, series: &str, of: &OfSeries) -> Markup {
    let title = prepared.title_of(series);
    let grain = of
        .observed
        .as_ref()
        .map_or(prepared.choice.grain, |o| o.grain);
    let observed = of.observed.as_ref();
    let aggregate = if observed.is_some_and(|o| o.denominator.is_some()) {
        OwnAggregate::Proportion
    } else if prepared.is_share(series) {
        OwnAggregate::SharesAsReported
    } else if never_adds_up(title) {
        OwnAggregate::AsReported
    } else {
        OwnAggregate::Amount
    };
    html! {
        section.card aria-label=(format!("No measure yet: {title}")) {
            h2 { "No measure shows “" (title) "” yet" }
            p { "The numbers are saved as the quantity " code { "observation." (series) } ". Measures are read when the server starts. Ask whoever runs it to put these lines into a file, and to start the server with " code { "--measures" } " and that file:" }
            pre.explained tabindex="0" { (lines(series, title, grain.code(), aggregate)) }
            (explained(aggregate))
        }
    }
}

/// How a measure of a series of one's own comes to its numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OwnAggregate {
    /// Counts out of counts.
    Proportion,
    /// Percentages without what they are out of.
    SharesAsReported,
    /// Averages and the like.
    AsReported,
    /// How many there are.
    Amount,
}

/// Whether numbers with a title are such that adding them up makes nonsense.
fn never_adds_up(title: &str) -> bool {
    const WORDS: [&str; 10] = [
        "average",
        "avg",
        "mean",
        "median",
        "percentile",
        "rate",
        "ratio",
        "score",
        "per",
        "index",
    ];
    let title = title.to_lowercase();
    let mut words = title.split(|c: char| !c.is_alphanumeric());
    words.any(|word| WORDS.contains(&word))
}

/// What the aggregate of the lines does, for who checks them.
fn explained(aggregate: OwnAggregate) -> Markup {
    html! {
        p.note {
            @match aggregate {
                OwnAggregate::Proportion => "Over several places or periods the measure divides all by all.",
                OwnAggregate::SharesAsReported | OwnAggregate::AsReported => {
                    "The measure shows each number for the place and the period that reported it: percentages and averages cannot be added up."
                }
                OwnAggregate::Amount => {
                    "The measure adds the numbers of places and periods up. Where that makes no sense, as with an average, write "
                    code { "as_reported" } " in place of " code { "amount" } "."
                }
            }
        }
    }
}

/// A measure of a series, in TOML.
fn lines(series: &str, title: &str, grain: &str, aggregate: OwnAggregate) -> String {
    // A string of JSON is one of TOML.
    let title = serde_json::Value::from(title);
    let (aggregate, unit) = match aggregate {
        OwnAggregate::Proportion => ("proportion", "proportion"),
        OwnAggregate::SharesAsReported => ("as_reported", "proportion"),
        OwnAggregate::AsReported => ("as_reported", "items"),
        OwnAggregate::Amount => ("amount", "items"),
    };
    format!(
        "[[measure]]\nid = \"{series}\"\ntitle = {title}\nquantity = \"observation.{series}\"\naggregate = \"{aggregate}\"\n\
         unit = \"{unit}\"\nperiod = \"{grain}\"\ndirection = \"none\"\ncounts = {title}\n"
    )
}

/// The choice as hidden fields.
fn kept(id: &str, prepared: &Prepared) -> Markup {
    use super::choice::{OWN, field_of, own_series};
    use joinedup_application::tables::PlaceOf;
    let choice = &prepared.choice;
    let at = |key: &str| prepared.look.columns.iter().position(|c| c.key == key);
    let field =
        |name: &str, value: String| html! { input type="hidden" name=(name) value=(value); };
    html! {
        (field("use", "own".to_owned()))
        @for (name, value) in prepared.part() { (field(name, value)) }
        (field("name", choice.name.to_string()))
        (field("grain", choice.grain.to_string()))
        @if let Some(at) = choice.period.as_deref().and_then(at) { (field("date", at.to_string())) }
        @match &choice.place {
            Some(PlaceOf::Fixed(area)) => { (field("place", "one".to_owned())) (field("one", area.to_string())) }
            Some(PlaceOf::Column(key)) => @if let Some(at) = at(key) { (field("place", at.to_string())) }
            None => {}
        }
        @for (name, area) in &prepared.places { (field(&field_of(id, name), area.to_string())) }
        @for n in &choice.numbers {
            @if let Some(here) = at(&n.column) {
                @let is_own = prepared.look.columns.get(here).is_some_and(|c| own_series(&c.title) == n.series.as_str());
                (field(&format!("v{here}"), if is_own { OWN.to_owned() } else { n.series.to_string() }))
                @if let Some(whole) = n.denominator.as_deref().and_then(at) { (field(&format!("d{here}"), whole.to_string())) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_views::measures::Measures;

    #[test]
    fn the_lines_to_copy_are_a_measure() {
        for aggregate in [
            OwnAggregate::Proportion,
            OwnAggregate::SharesAsReported,
            OwnAggregate::AsReported,
            OwnAggregate::Amount,
        ] {
            let text = lines("local-falls", "Falls \"with\" harm", "month", aggregate);
            let measures = Measures::parse(&text, |_| true).unwrap();
            assert_eq!(
                measures.get("local-falls").unwrap().title,
                "Falls \"with\" harm"
            );
        }
    }

    #[test]
    fn averages_are_told_from_counts_by_their_titles() {
        for title in ["Average stay", "Falls per 1,000 bed days", "Mean (days)"] {
            assert!(never_adds_up(title), "{title}");
        }
        for title in ["Falls with harm", "Meaningful visits", "Separate beds"] {
            assert!(!never_adds_up(title), "{title}");
        }
    }
}
