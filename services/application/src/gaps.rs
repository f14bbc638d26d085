//! What a measure waits for in a place, and who could give it: a dark outcome is a question to somebody.

use crate::app::App;
use crate::charts::{self, QuestionError};
use crate::places::with_data;
use joinedup_events::area::{AreaKind, Areas};
use joinedup_events::{Area, AreaId};
use joinedup_views::ask::CellsOf;
use joinedup_views::measure::{Giver, Measure, Population};
use joinedup_views::point::population;
use joinedup_views::suppression::Audience;
use serde::Serialize;
use std::collections::BTreeSet;

/// What a measure waits for in a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gap {
    /// The measure.
    pub measure: String,
    /// Its title.
    pub title: String,
    /// What is missing, as a sentence's beginning.
    pub needs: String,
    /// Who could give it, in words.
    pub who: String,
    /// Their kind.
    pub given_by: Giver,
}

/// The measures that have data in a place, in a part of it or at those that serve it.
///
/// # Errors
/// When this process has no views.
pub fn with_numbers(
    app: &App,
    area: &AreaId,
    audience: Audience,
) -> Result<BTreeSet<String>, QuestionError> {
    let definitions = app.definitions.for_asking();
    let edition = app.edition(audience);
    let found = charts::views(app)?.read(|view| {
        let own = std::slice::from_ref(area);
        with_data(&definitions, own, CellsOf::view(view, edition.as_deref()))
    });
    Ok(found.into_iter().map(|(m, _)| m.id.to_string()).collect())
}

/// What a measure waits for in a place; none where it has what it needs. `with_numbers` are the measures that have data
/// there.
#[must_use]
pub fn gap(
    areas: &Areas,
    area: &AreaId,
    measure: &Measure,
    with_numbers: &BTreeSet<String>,
) -> Option<Gap> {
    let place = areas.get(area.as_str())?;
    let given_by = measure.giver();
    let residents = measure.aggregate.population();
    let without = residents.filter(|which| population(areas, area, *which).is_none());
    let has_source = with_numbers.contains(measure.id.as_str());
    let (needs, who) = match (has_source, without) {
        (true, None) => return None,
        (true, Some(which)) => (
            format!("the number of {}", residents_of(which)),
            "whoever keeps the file of areas, from the national population estimates".to_owned(),
        ),
        (false, without) => {
            let residents = without.map(|w| format!(", and the number of {}", residents_of(w)));
            let needs = format!("{}{}", source_of(measure), residents.unwrap_or_default());
            (needs, who(areas, place, given_by))
        }
    };
    Some(Gap {
        measure: measure.id.to_string(),
        title: measure.title.clone(),
        needs,
        who,
        given_by,
    })
}

const fn residents_of(which: Population) -> &'static str {
    match which {
        Population::Adults => "residents aged 18 and over",
        Population::Older => "residents aged 65 and over",
    }
}

/// The source that a measure is made from.
fn source_of(measure: &Measure) -> &'static str {
    match measure.quantity.split('.').next() {
        Some("transfer") => "a record or list of each stay in hospital",
        Some("referral") => "a record or list of each referral to a team",
        Some("experience") => "answers to its survey",
        Some("assessment") => "published ratings",
        Some("change") => "improvement changes under test",
        _ => "a return or a file with its numbers",
    }
}

/// Who could give it, as the place knows them.
fn who(areas: &Areas, place: &Area, giver: Giver) -> String {
    let title = &place.title;
    let is_council = matches!(place.kind, AreaKind::County | AreaKind::Unitary);
    let serving = |kind: AreaKind| {
        let of_kind = areas.serving(&place.id).filter_map(|s| {
            let area = areas.get(s.organisation.as_str())?;
            // Who served the place once can give nothing any more.
            (area.kind == kind && s.until.is_none()).then_some(area.title.as_str())
        });
        of_kind.collect::<Vec<_>>()
    };
    let named = |who: &str, names: Vec<&str>| match names.as_slice() {
        [] => format!("{who} {title}"),
        names => format!("{who} {title}: {}", names.join(", ")),
    };
    match giver {
        Giver::Council if is_council => format!("the council of {title}"),
        Giver::Council => format!("the councils of {title}"),
        Giver::Trust if place.kind == AreaKind::Trust => title.clone(),
        Giver::Trust => named("the trusts that serve", serving(AreaKind::Trust)),
        Giver::Commissioner => named("the care boards that serve", serving(AreaKind::Icb)),
        Giver::Team => format!("the teams in {title} that take referrals"),
        Giver::Survey => format!("teams in {title} that ask people and carers"),
        Giver::Raters => format!("those who rate the logic model in {title}"),
        Giver::Improvers => format!("teams in {title} that test changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_views::measures::Measures;

    #[test]
    fn a_measure_waits_for_a_source_or_a_population_that_somebody_can_give() {
        let areas = Areas::built_in().unwrap();
        let measures = Measures::built_in(|_| true).unwrap();
        let of = |id: &str, area: &str, there: &[&str]| {
            let there = there.iter().map(|m| (*m).to_owned()).collect();
            let area = AreaId::new(area).unwrap();
            gap(&areas, &area, measures.get(id).unwrap(), &there)
        };
        let budgets = of("ag-personal-budgets", "E10000012", &[]).unwrap();
        assert_eq!(budgets.who, "the council of Essex");
        let stays = of("tr-delayed-nights", "E10000012", &[]).unwrap();
        assert!(
            stays.who.contains("East Suffolk and North Essex"),
            "{stays:?}"
        );
        let rate = "ag-emergency-admissions-65";
        let residents = of(rate, "E10000012", &[rate]).unwrap();
        assert!(residents.needs.contains("65 and over"), "{residents:?}");
        assert_eq!(of(rate, "havenshire", &[rate]), None);
        let both = of(rate, "E10000012", &[]).unwrap();
        assert!(both.needs.contains("file") && both.needs.contains("residents"));
    }
}
