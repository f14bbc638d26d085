//! A scorecard of a place: each of its measures with what its chart says there, or with what it waits for.

use crate::app::App;
use crate::charts::{self, ChartRequest, QuestionError};
use crate::gaps::{Gap, gap, with_numbers};
use crate::overview::{Line, Overview, line, overview};
use joinedup_events::AreaId;
use joinedup_views::Filter;
use joinedup_views::measure::Measure;
use joinedup_views::quantity::POPULATION;
use joinedup_views::scorecards::{Item, Scorecard};
use joinedup_views::suppression::Audience;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One line of a scorecard in a place.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The line as the scorecard has it.
    pub item: &'a Item,
    /// Its measure; none where the scorecard names none.
    pub measure: Option<&'a Measure>,
    /// What the measure's chart says; none where it has no point.
    pub line: Option<Line>,
    /// What it waits for, where something is missing.
    pub gap: Option<Gap>,
}

impl Row<'_> {
    /// What the line is called.
    #[must_use]
    pub fn title(&self) -> &str {
        match self.measure {
            Some(measure) if self.item.title.is_empty() => &measure.title,
            _ => &self.item.title,
        }
    }

    /// The line with its latest value, where it has one.
    #[must_use]
    pub fn with_value(&self) -> Option<&Line> {
        self.line.as_ref().filter(|l| l.latest.is_some())
    }
}

/// What scorecards are filled with in a place, as an audience may see it.
pub struct InPlace<'a> {
    app: &'a App,
    area: &'a AreaId,
    audience: Audience,
    overview: Arc<Overview>,
    with_numbers: BTreeSet<String>,
    people: Option<&'a str>,
}

impl<'a> InPlace<'a> {
    /// Of a place.
    ///
    /// # Errors
    /// When this process has no views.
    pub fn of(app: &'a App, area: &'a AreaId, audience: Audience) -> Result<Self, QuestionError> {
        Ok(Self {
            app,
            area,
            audience,
            overview: overview(app, area, audience)?,
            with_numbers: with_numbers(app, area)?,
            people: None,
        })
    }

    /// Of some people alone: a population of the catalogue.
    #[must_use]
    pub fn of_people(self, people: Option<&'a str>) -> Self {
        Self { people, ..self }
    }

    /// The lines of a scorecard.
    #[must_use]
    pub fn rows(&self, card: &'a Scorecard) -> Vec<Row<'a>> {
        let definitions = &self.app.definitions;
        let row = |item: &'a Item| {
            let id = item.measure.as_ref().map(|m| m.as_str());
            let measure = id.and_then(|id| definitions.measures.get(id));
            let gap = |m| gap(&definitions.areas, self.area, m, &self.with_numbers);
            let (line, gap) = match (measure, self.people) {
                (None, _) => (None, None),
                (Some(m), None) => {
                    let line = self.overview.line(m.id.as_str(), self.area.as_str());
                    (line.cloned(), gap(m))
                }
                (Some(m), Some(people)) => {
                    let line = self.line_of(m, people);
                    let missing = line.is_none().then(|| gap(m).or_else(|| Some(unstated(m))));
                    (line, missing.flatten())
                }
            };
            Row {
                item,
                measure,
                line,
                gap,
            }
        };
        card.items.iter().map(row).collect()
    }

    /// What the measure's chart says of some people; none where its numbers do not say which people they are of.
    fn line_of(&self, measure: &Measure, people: &str) -> Option<Line> {
        let can_say = measure.source()?.has_dimension(POPULATION);
        let request = ChartRequest {
            filter: Filter::one(POPULATION, people),
            ..ChartRequest::new(measure.id.as_str(), self.area.as_str())
        };
        let asked = can_say.then(|| charts::ask(self.app, &request, self.audience));
        line(measure, asked?.ok()?.chart)
    }
}

/// What the numbers of a measure lack where only some people are asked for.
fn unstated(measure: &Measure) -> Gap {
    Gap {
        measure: measure.id.to_string(),
        title: measure.title.clone(),
        needs: "numbers that say which people they are of".to_owned(),
        who: "whoever sends them".to_owned(),
        given_by: measure.giver(),
    }
}
