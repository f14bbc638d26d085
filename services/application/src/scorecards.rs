//! A scorecard of a place: each of its measures with what its chart says there, or with what it waits for.

use crate::app::App;
use crate::charts::QuestionError;
use crate::gaps::{Gap, gap, with_numbers};
use crate::overview::{Line, Overview, overview};
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
            overview: overview(app, area, audience)?,
            with_numbers: with_numbers(app, area)?,
        })
    }

    /// The lines of a scorecard.
    #[must_use]
    pub fn rows(&self, card: &'a Scorecard) -> Vec<Row<'a>> {
        let definitions = &self.app.definitions;
        let line = |id| self.overview.line(id, self.area.as_str());
        let row = |item: &'a Item| {
            let id = item.measure.as_ref().map(|m| m.as_str());
            let measure = id.and_then(|id| definitions.measures.get(id));
            Row {
                item,
                measure,
                line: id.and_then(line).cloned(),
                gap: measure
                    .and_then(|m| gap(&definitions.areas, self.area, m, &self.with_numbers)),
            }
        };
        card.items.iter().map(row).collect()
    }
}
