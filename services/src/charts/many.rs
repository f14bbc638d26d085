//! Many charts of one moment: each is as [`super::ask`] gives it for its measure, area and the measure's own period.

use super::heard_until;
use crate::app::App;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::{AreaId, Family, local};
use joinedup_views::changes::{self, Decisions};
use joinedup_views::chart::{Chart, ChartQuery, of_points};
use joinedup_views::measure::Measure;
use joinedup_views::point::PointQuery;
use joinedup_views::suppression::{Audience, Policy, published_many, relatives};
use joinedup_views::view::View;
use joinedup_views::{Cells, Filter};
use std::collections::{BTreeMap, BTreeSet};

/// A measure and the areas that it is asked for, with what the view says beside the cells.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    measure: &'a Measure,
    areas: Vec<(AreaId, Option<NaiveDate>)>,
    decisions: Decisions,
}

/// Takes what charts of a measure need out of the view, cells aside.
#[must_use]
pub fn asked<'a>(
    view: &View,
    app: &App,
    measure: &'a Measure,
    areas: Vec<AreaId>,
    now: DateTime<Utc>,
) -> Asked<'a> {
    let id = format!("chart/{}", measure.id);
    let facts = view
        .entity(Family::Change, &id)
        .map(|e| e.facts.standing())
        .unwrap_or_default();
    let areas = areas
        .into_iter()
        .map(|area| {
            let heard = heard_until(view, app, measure, &area, now);
            (area, heard)
        })
        .collect();
    Asked {
        measure,
        areas,
        decisions: changes::decisions(&facts),
    }
}

impl Asked<'_> {
    /// How many charts these are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// The measure with each of the areas.
    pub fn pairs(&self) -> impl Iterator<Item = (&Measure, &str)> {
        self.areas
            .iter()
            .map(|(area, _)| (self.measure, area.as_str()))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// The charts.
    #[must_use]
    pub fn charts(
        &self,
        cells: &Cells,
        app: &App,
        audience: Audience,
        now: DateTime<Utc>,
    ) -> Vec<Chart> {
        let (register, policy) = (&app.definitions.areas, Policy::default());
        let filter = Filter::default();
        let today = local::date(now);
        // Areas that are kept back together are worked out together: each one's numbers once.
        let mut together: BTreeMap<(Option<NaiveDate>, BTreeSet<AreaId>), Vec<AreaId>> =
            BTreeMap::new();
        for (area, heard) in &self.areas {
            let key = (*heard, relatives(register, area, &policy));
            together.entry(key).or_default().push(area.clone());
        }
        let mut charts = Vec::with_capacity(self.len());
        for ((heard_until, _), areas) in together {
            let Some(first) = areas.first() else { continue };
            let query = PointQuery {
                measure: self.measure,
                area: first,
                grain: self.measure.period,
                from: None,
                to: None,
                filter: &filter,
                now,
                heard_until,
            };
            let points = published_many(cells, register, &query, &areas, audience, &policy);
            for (area, points) in points {
                let id = self.measure.id.as_str();
                let rebases = self.decisions.phases(id, area.as_str());
                let target = self.decisions.target(id, area.as_str(), today);
                let query = PointQuery {
                    area: &area,
                    ..query
                };
                let mut asked = ChartQuery::new(query, &policy);
                asked.audience = audience;
                asked.rebases = &rebases;
                asked.target = target.map(|t| t.target.as_f64());
                let title = register
                    .get(area.as_str())
                    .map_or_else(|| area.to_string(), |a| a.title.clone());
                charts.push(of_points(&asked, title, points));
            }
        }
        charts
    }
}
