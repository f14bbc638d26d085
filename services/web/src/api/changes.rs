//! `/api/v1/changes`: improvement changes with what the points show before and after, and the decisions about charts.
//! No word here says that a change caused anything.

use super::outcomes::{area_asked, aside};
use super::{misread, recorded, write};
use crate::door::auth::Caller;
use crate::door::idempotency::{Keys, Replay};
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use joinedup_application::app::App;
use joinedup_application::charts::{self, ChartRequest};
use joinedup_application::execute::{WriteKey, area_of_change, execute};
use joinedup_contract::answer::{self, Changes, RecordedChange};
use joinedup_contract::parameter::OfChanges;
use joinedup_contract::request::ChangeRequest;
use joinedup_events::{AreaId, Family, local};
use joinedup_views::changes::{
    BeforeAfter, Change, Decisions, Judged, Status, before_and_after, change, decisions,
};
use joinedup_views::decide::{Refusal, version};
use joinedup_views::suppression::Audience;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most charts that one answer reads for the points around its changes.
const MAX_CHARTS: usize = 60;

/// The changes of an area and the areas within it, the latest first, and the targets and baselines decided there.
pub async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Query(of): Query<OfChanges>,
) -> Result<Json<Changes>, Problem> {
    aside(app.turns.clone(), move || {
        let area = area_asked(&app, of.area.as_deref())?;
        let audience = caller.audience_of(area.as_str());
        let measure = of.measure.as_deref();
        if measure.is_some_and(|m| app.definitions.measures.get(m).is_none()) {
            return Err(Problem::no_measure());
        }
        let within = app.definitions.areas.within(&area);
        let (mut changes, mut decided) = charts::views(&app)?.read(|view| {
            let (mut changes, mut decided) = (Vec::new(), Decisions::default());
            for entity in view.listed(Family::Change) {
                let facts = entity.facts.standing();
                let version = version(&entity.facts.all());
                changes.extend(change(&facts).map(|c| (entity.id.to_string(), version, c)));
                let more = decisions(&facts);
                decided.targets.extend(more.targets);
                decided.proposed.extend(more.proposed);
                decided.accepted.extend(more.accepted);
                decided.declined.extend(more.declined);
            }
            (changes, decided)
        });
        changes.retain(|(_, _, c)| {
            within.contains(&c.area)
                && measure.is_none_or(|m| c.measures.iter().any(|x| x.as_str() == m))
        });
        changes.sort_by(|(a, _, x), (b, _, y)| {
            (y.started.or(y.planned), b).cmp(&(x.started.or(x.planned), a))
        });
        let about =
            |a: &AreaId, m: &str| within.contains(a) && measure.is_none_or(|asked| asked == m);
        decided
            .targets
            .retain(|t| about(&t.area, t.measure.as_str()));
        for baselines in [
            &mut decided.proposed,
            &mut decided.accepted,
            &mut decided.declined,
        ] {
            baselines.retain(|b| about(&b.area, b.measure.as_str()));
        }
        let mut around = Around {
            app: &app,
            audience,
            measure,
            read: BTreeMap::new(),
        };
        let shown: Vec<answer::Change> = changes
            .into_iter()
            .map(|(id, version, c)| around.row(id, version, c))
            .collect();
        Ok(Changes {
            area,
            count: shown.len(),
            changes: shown,
            decisions: decided,
        })
    })
    .await
}

/// What is read of a chart.
struct Read {
    title: String,
    unit: String,
    points: Judged,
}

/// The points around changes; each chart is read once for an answer.
struct Around<'a> {
    app: &'a App,
    audience: Audience,
    measure: Option<&'a str>,
    read: BTreeMap<(String, AreaId), Option<Arc<Read>>>,
}

impl Around<'_> {
    fn row(&mut self, id: String, version: u64, change: Change) -> answer::Change {
        let status = change.status(local::date(self.app.now()));
        let before_and_after = match status {
            Status::Finished | Status::Running | Status::Paused => self.compared(&change),
            Status::NotYet | Status::Planned => Vec::new(),
        };
        answer::Change {
            id,
            version,
            status,
            annotations: change.annotations(),
            before_and_after,
            cycle: change,
        }
    }

    fn compared(&mut self, change: &Change) -> Vec<BeforeAfter> {
        let measures = change
            .measures
            .iter()
            .filter(|m| self.measure.is_none_or(|asked| asked == m.as_str()));
        let measures: Vec<String> = measures.map(ToString::to_string).collect();
        measures
            .into_iter()
            .filter_map(|measure| {
                let read = self.points(&measure, &change.area)?;
                before_and_after(change, &measure, (&read.title, &read.unit), &read.points)
            })
            .collect()
    }

    fn points(&mut self, measure: &str, area: &AreaId) -> Option<Arc<Read>> {
        let key = (measure.to_owned(), area.clone());
        if !self.read.contains_key(&key) {
            if self.read.len() >= MAX_CHARTS {
                return None;
            }
            let request = ChartRequest::new(measure, area.as_str());
            let judged = charts::ask(self.app, &request, self.audience)
                .ok()
                .map(|answer| {
                    let (points, unit) = (answer.judged(), answer.chart.unit().to_owned());
                    Arc::new(Read {
                        title: answer.chart.title,
                        unit,
                        points,
                    })
                });
            self.read.insert(key.clone(), judged);
        }
        self.read.get(&key).cloned().flatten()
    }
}

/// Records a step of a change, a target or a baseline.
pub async fn record(
    State(app): State<App>,
    State(keys): State<Keys>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let key = match keys.look(&headers, &caller.name, &body)? {
        Replay::Answered(answer) => return Ok(answer),
        Replay::New(key) => key,
    };
    let request: ChangeRequest = serde_json::from_slice(&body).map_err(|e| {
        let fields = "action (plan, start, pause, study, finish, undo, target-set, rebase-proposed, rebase-accepted, rebase-declined or withdraw), \
                      area, change, title, aim, prediction, led_by, measures, concept, items, begun, decision (adopt, adapt or abandon), \
                      learnt, compared (as-predicted, in-part or otherwise), measure, target, from, reason, position, on, version";
        Problem::bad_request(misread(&e, fields))
    })?;
    let area = match (&request.area, &request.change) {
        (Some(code), _) => charts::area(&app, code)?,
        (None, Some(change)) => area_of_change(&app, change).ok_or(Refusal::UnknownChange)?,
        (None, None) => {
            let what = "the code of an area";
            return Err(Refusal::Missing {
                field: "/area",
                what,
            }
            .into());
        }
    };
    caller.must_cover(&area)?;
    // A change is where it was planned, whatever area a step of it names.
    if let Some(planned) = request
        .change
        .as_ref()
        .and_then(|c| area_of_change(&app, c))
    {
        caller.must_cover(&planned)?;
    }
    let write_key = WriteKey::of(&caller.name, key.of_caller());
    let command = request.command(area, write_key.id())?;
    let write = write(&caller, write_key, command, request.version);
    let receipt = execute(&app, &write).await?;
    let answer = RecordedChange {
        change: receipt.entity.to_string(),
        position: receipt.position,
    };
    Ok(recorded(
        &keys,
        key,
        &answer,
        &write.command,
        receipt.position,
    ))
}
