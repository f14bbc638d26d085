//! What charts are made of: the cells of a view with what belongs to them, at one position of the log. Nothing that
//! decides what a chart says (how far its sources have reported, what people decided) can be left behind.

use super::edition::Edition;
use crate::cell::Cells;
use crate::changes::{self, Annotation, Change, ChangeSpan, Decisions, TargetStep};
use crate::expectation::Expectations;
use crate::measure::Measure;
use crate::period::Grain;
use crate::summary::Beginnings;
use crate::view::{KnownAt, Reported, Summary, View};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::area::Areas;
use joinedup_events::{AreaId, Family};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The cells of a view, what is known of their sources, and what people decided about their charts.
#[derive(Clone, Debug)]
pub struct Basis<'a> {
    cells: Cow<'a, Cells>,
    sources: Cow<'a, Summary>,
    edition: Option<Arc<Edition>>,
    expectations: Expectations,
    decisions: BTreeMap<String, Decisions>,
    changes: Vec<Change>,
    position: u64,
    as_of: Option<DateTime<Utc>>,
    pub(super) as_known_at: Option<DateTime<Utc>>,
}

impl<'a> Basis<'a> {
    /// What charts of some measures need of a view, borrowed from it. `expectations` say when its sources are late. Numbers
    /// of people are those of the `edition`, where there is one.
    #[must_use]
    pub fn of<'m>(
        view: &'a View,
        expectations: &Expectations,
        edition: Option<Arc<Edition>>,
        measures: impl IntoIterator<Item = &'m Measure>,
    ) -> Self {
        Self {
            expectations: expectations.clone(),
            cells: Cow::Borrowed(view.cells()),
            sources: Cow::Borrowed(view.summary()),
            edition,
            ..Self::beside_cells(view, measures, None)
        }
    }

    /// The same as it was known at an instant: what was decided or reported later is left out like every fact that was
    /// recorded later.
    #[must_use]
    pub fn as_known_at<'m>(
        view: &View,
        expectations: &Expectations,
        measures: impl IntoIterator<Item = &'m Measure>,
        instant: DateTime<Utc>,
        known: KnownAt,
    ) -> Basis<'static> {
        Basis {
            expectations: expectations.clone(),
            sources: Cow::Owned(view.summary().known_at(instant, &known.reports)),
            cells: Cow::Owned(known.cells),
            position: known.position,
            as_of: view.as_of().map(|as_of| as_of.min(instant)),
            ..Basis::beside_cells(view, measures, Some(instant))
        }
    }

    /// Cells alone, of which no source is known: every period counts as reported. For cells that no view holds.
    #[must_use]
    pub fn of_cells(cells: &'a Cells) -> Self {
        Self {
            cells: Cow::Borrowed(cells),
            ..Basis::empty()
        }
    }

    /// The same with the sources of a summary.
    #[must_use]
    pub fn with_sources(self, summary: &'a Summary) -> Self {
        Self {
            sources: Cow::Borrowed(summary),
            ..self
        }
    }

    /// A copy that outlives the view's lock, so that folding need not wait for many charts.
    #[must_use]
    pub fn detached(self) -> Basis<'static> {
        Basis {
            cells: Cow::Owned(self.cells.into_owned()),
            sources: Cow::Owned(self.sources.into_owned()),
            edition: self.edition,
            expectations: self.expectations,
            decisions: self.decisions,
            changes: self.changes,
            position: self.position,
            as_of: self.as_of,
            as_known_at: self.as_known_at,
        }
    }

    fn empty() -> Basis<'static> {
        Basis {
            cells: Cow::Owned(Cells::default()),
            sources: Cow::Owned(Summary::default()),
            edition: None,
            expectations: Expectations::default(),
            decisions: BTreeMap::new(),
            changes: Vec::new(),
            position: 0,
            as_of: None,
            as_known_at: None,
        }
    }

    fn beside_cells<'m>(
        view: &View,
        measures: impl IntoIterator<Item = &'m Measure>,
        at: Option<DateTime<Utc>>,
    ) -> Basis<'static> {
        let decisions = measures.into_iter().filter_map(|measure| {
            let entity = view.entity(Family::Change, &changes::chart_entity(&measure.id))?;
            let facts = match at {
                Some(at) => entity.facts.standing_at(at),
                None => entity.facts.standing(),
            };
            Some((measure.id.to_string(), changes::decisions(&facts)))
        });
        let changes = view.listed(Family::Change).filter_map(|entity| {
            changes::change(&match at {
                Some(at) => entity.facts.standing_at(at),
                None => entity.facts.standing(),
            })
        });
        Basis {
            decisions: decisions.collect(),
            changes: changes.collect(),
            position: view.position(),
            as_of: view.as_of(),
            as_known_at: at,
            ..Basis::empty()
        }
    }

    /// The edition that a measure's numbers are of.
    fn edition_of(&self, measure: &Measure) -> Option<&Edition> {
        Edition::of_measure(self.edition.as_deref(), measure)
    }

    /// The cells that a measure is counted from.
    pub(crate) fn cells(&self, measure: &Measure) -> &Cells {
        self.edition_of(measure)
            .map_or(&self.cells, |edition| &edition.cells)
    }

    /// The instant as at which it is known; none: now.
    pub(crate) const fn known_at(&self) -> Option<DateTime<Utc>> {
        self.as_known_at
    }

    /// The instant by which periods of a measure are over or not: now, or what was now when its numbers were taken.
    pub(super) fn now(&self, measure: &Measure, now: DateTime<Utc>) -> DateTime<Utc> {
        let taken = self.edition_of(measure).map(|edition| edition.taken);
        let then = self.as_known_at.into_iter().chain(taken);
        then.fold(now, DateTime::min)
    }

    /// The last position of the log that a measure's numbers hold.
    pub(crate) fn position(&self, measure: &Measure) -> u64 {
        self.edition_of(measure)
            .map_or(self.position, |edition| edition.position)
    }

    /// The last position of the log that is shown: where there is an edition, its own, whatever the numbers are of. That of
    /// now goes up with each event of a person.
    #[must_use]
    pub fn shown_position(&self) -> u64 {
        let edition = self.edition.as_deref();
        edition.map_or(self.position, Edition::position)
    }

    /// The instant up to which they hold what was received; none before anything was read.
    pub(super) fn as_of(&self, measure: &Measure) -> Option<DateTime<Utc>> {
        self.edition_of(measure)
            .map_or(self.as_of, |edition| edition.as_of)
    }

    /// Up to when the sources of a measure have reported for areas, for periods of this length; none where no source is known, or where sources report
    /// only when there is something to report.
    #[must_use]
    pub(crate) fn reported(
        &self,
        measure: &Measure,
        within: &BTreeSet<AreaId>,
        grain: Grain,
    ) -> Option<Reported> {
        let family = Self::reporting(measure)?;
        self.sources_of(measure)
            .reported(family, within, &self.expectations, grain)
    }

    /// From which day on the sources of a measure report everything, area by area.
    pub(crate) fn beginnings(&self, measure: &Measure) -> Beginnings {
        let family = Self::reporting(measure);
        family.map_or_else(Beginnings::default, |family| {
            self.sources_of(measure).beginnings(family)
        })
    }

    /// The days from which on a chart of a measure in an area counts a further part of it, with the part; none where
    /// more parts do not make its values greater.
    pub(crate) fn joined(
        &self,
        areas: &Areas,
        measure: &Measure,
        area: &AreaId,
    ) -> Vec<(AreaId, NaiveDate)> {
        let beginnings = self.beginnings(measure);
        if beginnings.is_empty() || !measure.aggregate.grows_with_parts() {
            return Vec::new();
        }
        let within = areas.within(area);
        let (_, joined) = beginnings.among(|part| within.contains(part));
        let joined = joined.into_iter();
        joined.map(|(part, day)| (part.clone(), day)).collect()
    }

    /// The family of a measure's events, where silence says something: the others report when there is something to report,
    /// and observations show their own gaps.
    fn reporting(measure: &Measure) -> Option<Family> {
        let family = measure.quantity.split('.').next();
        family
            .and_then(Family::from_code)
            .filter(|family| matches!(family, Family::Transfer | Family::Referral))
    }

    fn sources_of(&self, measure: &Measure) -> &Summary {
        self.edition_of(measure)
            .map_or(&self.sources, |edition| &edition.sources)
    }

    /// The date of the last report of the source of a measure for an area that has been late for longest; none where none
    /// is late. A number of days after it is not known.
    #[must_use]
    pub fn late_since(
        &self,
        areas: &Areas,
        measure: &Measure,
        area: &AreaId,
        now: DateTime<Utc>,
    ) -> Option<NaiveDate> {
        let family = Self::reporting(measure)?;
        let now = self.now(measure, now);
        self.sources_of(measure)
            .late_since(family, &areas.within(area), &self.expectations, now)
    }

    /// The dates on which the centre line of a chart starts afresh.
    #[must_use]
    pub(crate) fn rebases(&self, measure: &Measure, area: &AreaId) -> Vec<NaiveDate> {
        self.decisions
            .get(measure.id.as_str())
            .map(|d| d.phases(measure.id.as_str(), area.as_str()))
            .unwrap_or_default()
    }

    /// The target that people set for a measure in an area; none where they set none and the measure's own holds.
    #[must_use]
    pub fn target(&self, measure: &Measure, area: &AreaId, on: NaiveDate) -> Option<f64> {
        let decisions = self.decisions.get(measure.id.as_str())?;
        let set = decisions.target(measure.id.as_str(), area.as_str(), on)?;
        Some(set.target.as_f64())
    }

    /// The targets that a chart shows, each from its own first day: the measure's own, then those that people set.
    #[must_use]
    pub(crate) fn target_steps(
        &self,
        measure: &Measure,
        area: &AreaId,
        on: NaiveDate,
    ) -> Vec<TargetStep> {
        let own = measure.target.map(|t| TargetStep {
            from: None,
            target: t.0,
        });
        let decisions = self.decisions.get(measure.id.as_str());
        let set = decisions
            .into_iter()
            .flat_map(|d| d.targets_until(measure.id.as_str(), area.as_str(), on))
            .map(|t| TargetStep {
                from: Some(t.from),
                target: t.target.as_f64(),
            });
        own.into_iter().chain(set).collect()
    }

    /// When the changes that should move a measure in an area or in a part of it were tested, by first day.
    #[must_use]
    pub(crate) fn tested(
        &self,
        areas: &Areas,
        measure: &Measure,
        area: &AreaId,
    ) -> Vec<ChangeSpan> {
        let within = areas.within(area);
        let mut found: Vec<ChangeSpan> = self
            .changes
            .iter()
            .filter(|change| within.contains(&change.area))
            .filter_map(|change| change.span_for(measure.id.as_str()))
            .collect();
        found.sort_by(|a, b| (a.from, &a.title).cmp(&(b.from, &b.title)));
        found
    }

    /// The improvement changes that should move a measure in an area or in a part of it, by date.
    #[must_use]
    pub(crate) fn annotations(
        &self,
        areas: &Areas,
        measure: &Measure,
        area: &AreaId,
    ) -> Vec<Annotation> {
        let within = areas.within(area);
        let mut found: Vec<Annotation> = self
            .changes
            .iter()
            .filter(|change| within.contains(&change.area))
            .flat_map(|change| change.annotations_for(measure.id.as_str()))
            .collect();
        found.sort_by_key(|a| a.date);
        found
    }
}
