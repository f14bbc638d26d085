//! A scorecard of a place: each of its measures with what its chart says there, or with what it waits for.

use crate::app::App;
use crate::charts::QuestionError;
use crate::gaps::{Gap, gap, with_numbers};
use crate::overview::{Line, Overview, overview_of};
use joinedup_events::AreaId;
use joinedup_views::measure::Measure;
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
    overview: Arc<Overview>,
    with_numbers: BTreeSet<String>,
    of_some: bool,
}

impl<'a> InPlace<'a> {
    /// Of a place: of everybody, or of the people of one population of the catalogue alone.
    ///
    /// # Errors
    /// When this process has no views.
    pub fn of(
        app: &'a App,
        area: &'a AreaId,
        audience: Audience,
        people: Option<&str>,
    ) -> Result<Self, QuestionError> {
        Ok(Self {
            app,
            area,
            overview: overview_of(app, area, audience, people)?,
            with_numbers: with_numbers(app, area, audience)?,
            of_some: people.is_some(),
        })
    }

    /// The lines of a scorecard.
    #[must_use]
    pub fn rows(&self, card: &'a Scorecard) -> Vec<Row<'a>> {
        let definitions = &self.app.definitions;
        let row = |item: &'a Item| {
            let id = item.measure.as_ref().map(|m| m.as_str());
            let measure = id.and_then(|id| definitions.measures.get(id));
            let line = id.and_then(|id| self.overview.line(id, self.area.as_str()));
            let gap = measure.and_then(|measure| {
                let of_all = gap(&definitions.areas, self.area, measure, &self.with_numbers);
                match (self.of_some, line) {
                    (false, _) => of_all,
                    (true, Some(_)) => None,
                    (true, None) => of_all.or_else(|| Some(unstated(measure))),
                }
            });
            Row {
                item,
                measure,
                line: line.cloned(),
                gap,
            }
        };
        card.items.iter().map(row).collect()
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
