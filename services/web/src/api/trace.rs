//! From a chart back to its events: which entities stand behind a point, what is known of one, and one event.

use super::outcomes::area_asked;
use crate::door::auth::Caller;
use crate::door::problem::Problem;
use crate::door::scope;
use axum::extract::{Path, Query, State};
use axum::{Extension, Json};
use chrono::NaiveDate;
use joinedup_application::app::App;
use joinedup_application::authors;
use joinedup_application::charts::{self, ChartRequest};
use joinedup_contract::answer::{Entity, RecordedFact, StoredEvent, Trace};
use joinedup_events::Family;
use joinedup_log::Position;
use joinedup_views::cell::Place;
use joinedup_views::contribution::FactKey;
use joinedup_views::contributions::contribute;
use joinedup_views::measure::Source;
use joinedup_views::period::Period;
use joinedup_views::quantity::Kind;
use joinedup_views::tally::Delta;
use joinedup_views::view::{Entity as Stored, View};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The most entities that one answer lists.
const MAX_ENTITIES: usize = 500;

/// `GET /api/v1/charts/{measure}/trace?from=…`: the entities that contribute to the period that holds a date.
pub async fn points(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(measure): Path<String>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Result<Json<Trace>, Problem> {
    let home = area_asked(&app, None)?;
    let request = ChartRequest::from_parameters(&measure, &parameters, home.as_str())?;
    Ok(Json(traced(&app, caller, &request).await?))
}

/// What stands behind the period that holds the date from which a question asks, as far as the caller covers it.
///
/// # Errors
/// 400 without that date, 404 for an unknown measure or area, 503 without views.
pub async fn traced(app: &App, caller: Caller, request: &ChartRequest) -> Result<Trace, Problem> {
    let date = request
        .from
        .ok_or_else(|| Problem::bad_request("`from` is needed: a date of the period to trace"))?;
    let definition = app
        .definitions
        .measures
        .get(&request.measure)
        .ok_or_else(Problem::no_measure)?;
    let quantity = definition.quantity.clone();
    let kind = match definition.source() {
        Some(Source::Coded(coded)) => Some(coded.kind()),
        _ => None,
    };
    let period = Period::of(request.period.unwrap_or(definition.period), date);
    let area = charts::area(app, &request.area)?;
    let within: BTreeSet<String> = app
        .definitions
        .areas
        .within(&area)
        .iter()
        .map(ToString::to_string)
        .collect();
    let filter = definition.filter.and(&request.filter);
    let views = charts::views(app)?.clone();
    let found = app
        .turns
        .work(move || {
            views.read(|view| {
                behind(view, (&quantity, kind), period, |place, breakdown| {
                    place.is_within(|area| within.contains(area))
                        && place.is_within(|area| caller.covers(area))
                        && filter.passes(breakdown)
                })
            })
        })
        .await?;
    let count = found.len();
    Ok(Trace {
        period_start: period.start,
        period_end: period.end,
        count,
        truncated: count > MAX_ENTITIES,
        entities: found.into_iter().take(MAX_ENTITIES).collect(),
    })
}

/// Whether what an entity adds on some days counts in a period. To a stock it counts from the day on which it came, also where that
/// was long before.
fn counts_in(period: Period, kind: Option<Kind>, added: &[(NaiveDate, Delta)]) -> bool {
    let is_within = |date: NaiveDate| (period.start..period.end).contains(&date);
    if kind != Some(Kind::Level) {
        return added.iter().any(|(date, _)| is_within(*date));
    }
    let steps = added.iter().filter_map(|(date, delta)| match delta {
        Delta::Sums(sums) => Some((*date, sums.value)),
        Delta::Value(_) => None,
    });
    let at_start: i64 = steps
        .clone()
        .filter(|(date, _)| *date <= period.start)
        .map(|(_, change)| change)
        .sum();
    at_start > 0
        || steps
            .clone()
            .any(|(date, change)| is_within(date) && change > 0)
}

fn behind(
    view: &View,
    (quantity, kind): (&str, Option<Kind>),
    period: Period,
    counts: impl Fn(Place<'_>, &[(Box<str>, Box<str>)]) -> bool,
) -> Vec<Entity> {
    let family = quantity.split('.').next().and_then(Family::from_code);
    let mut found: Vec<Entity> = view
        .entities()
        .filter(|(_, entity)| Some(entity.family) == family)
        .filter_map(|(_, entity)| {
            let facts = entity.facts.standing();
            let mut home = None;
            let mut added = Vec::new();
            contribute(
                entity.family,
                &facts,
                &mut |q: &str,
                      place: Place<'_>,
                      breakdown: &[(&str, &str)],
                      date: NaiveDate,
                      delta: Delta| {
                    let owned: Vec<(Box<str>, Box<str>)> = breakdown
                        .iter()
                        .map(|(d, v)| ((*d).into(), (*v).into()))
                        .collect();
                    if q == quantity && counts(place, &owned) {
                        home.get_or_insert_with(|| place.home.to_owned());
                        added.push((date, delta));
                    }
                },
            );
            let area = home.filter(|_| counts_in(period, kind, &added));
            area.map(|area| known(entity, area))
        })
        .collect();
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found
}

fn known(entity: Stored<'_>, area: String) -> Entity {
    let standing: BTreeSet<FactKey> = entity.facts.standing().iter().map(|f| f.key).collect();
    let mut facts: Vec<RecordedFact> = entity
        .facts
        .all()
        .iter()
        .map(|f| RecordedFact {
            position: f.position,
            fact: f.fact.name(),
            occurred_at: f.occurred_at,
            recorded_at: f.recorded_at,
            actor: None,
            retracted: !standing.contains(&f.key) && f.fact.retraction().is_none(),
        })
        .collect();
    facts.sort_by_key(|f| (f.occurred_at, f.position));
    Entity {
        family: entity.family,
        id: entity.id.to_string(),
        area,
        facts,
    }
}

/// `GET /api/v1/entities/{family}/{id}`: what is known of one entity.
pub async fn entity(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((family, id)): Path<(String, String)>,
) -> Result<Json<Entity>, Problem> {
    let unknown = || Problem::not_found("Nothing is known of such an entity");
    let family = Family::from_code(&family).ok_or_else(unknown)?;
    let found = charts::views(&app)?.read(|view| {
        let entity = view.entity(family, &id).ok_or_else(unknown)?;
        if !scope::sees(&caller, &entity) {
            return Err(unknown().of_others());
        }
        let area = joinedup_views::contributions::area_of(&entity.facts.all())
            .map(ToString::to_string)
            .unwrap_or_default();
        Ok(known(entity, area))
    });
    let mut found = found?;
    let positions = found.facts.iter().map(|fact| fact.position);
    let authors = authors::authors(app.log.as_ref(), positions).await;
    let mut authors = authors.map_err(|e| Problem::unavailable(e.to_string()))?;
    for fact in &mut found.facts {
        fact.actor = authors.remove(&fact.position);
    }
    Ok(Json(found))
}

/// `GET /api/v1/events/{position}`: one event as it was written.
pub async fn event(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(position): Path<String>,
) -> Result<Json<StoredEvent>, Problem> {
    let none = || Problem::not_found("There is no event at that position");
    let position: u64 = position.parse().map_err(|_| none())?;
    let before = Position(position.checked_sub(1).ok_or_else(none)?);
    let found = app
        .log
        .read(before, 1)
        .await
        .map_err(|e| Problem::unavailable(e.to_string()))?;
    let event = found
        .into_iter()
        .next()
        .filter(|e| e.position.0 == position)
        .ok_or_else(none)?;
    let payload: Map<String, Value> = serde_json::from_slice(&event.payload)
        .map_err(|_| Problem::not_found("The event at that position is not JSON"))?;
    if !scope::sees_data(&caller, payload.get("data").unwrap_or(&Value::Null)) {
        return Err(none().of_others());
    }
    Ok(Json(StoredEvent {
        position,
        subject: event.subject.to_string(),
        event: payload,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_long_before_is_behind_the_stock_of_every_day_until_they_left() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let week = Period {
            start: day("2026-11-02"),
            end: day("2026-11-09"),
        };
        let stay = |from: &str, to: Option<&str>| {
            let left = to.map(|to| (day(to), Delta::step(-1)));
            let steps = std::iter::once((day(from), Delta::step(1))).chain(left);
            counts_in(week, Some(Kind::Level), &steps.collect::<Vec<_>>())
        };
        assert!(stay("2026-09-01", None));
        assert!(stay("2026-09-01", Some("2026-11-05")));
        assert!(stay("2026-11-08", None));
        assert!(
            !stay("2026-09-01", Some("2026-11-02")),
            "gone before its first night"
        );
        assert!(!stay("2026-11-09", None));
        let discharge =
            |on: &str| counts_in(week, Some(Kind::Values), &[(day(on), Delta::Value(3))]);
        assert!(discharge("2026-11-08") && !discharge("2026-11-09"));
    }
}
