//! Whether people and events are of the areas, and events of the sources, that a caller is bound to.

use super::auth::Caller;
use super::problem::FieldError;
use joinedup_application::app::App;
use joinedup_application::charts::QuestionError;
use joinedup_application::config::Role;
use joinedup_application::feeds::FeedState;
use joinedup_application::sources::contradictions;
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::change::ChangeFact;
use joinedup_events::transfer::TransferFact;
use joinedup_events::{AreaId, Event, EventKey, Fact, Family};
use joinedup_views::changes;
use joinedup_views::contradictions::Listed;
use joinedup_views::contribution::FactKey;
use joinedup_views::suppression::Audience;
use joinedup_views::view::Entity;
use serde_json::Value;

/// Whether somebody lives, or lies in a hospital, in one of the caller's areas.
#[must_use]
pub fn sees(caller: &Caller, entity: &Entity<'_>) -> bool {
    let facts = entity.facts.all();
    let areas = facts
        .iter()
        .filter(|f| f.linked.is_none())
        .flat_map(|f| areas_of(&f.area, &f.fact));
    caller.areas().is_none() || areas.into_iter().any(|area| caller.covers(area.as_str()))
}

/// Whether anything is known of an entity but that another one named it.
fn has_own(entity: &Entity<'_>) -> bool {
    entity.facts.all().iter().any(|fact| fact.linked.is_none())
}

/// Whether a caller sees an event, by its data as they were written. An event that names no area is shown to those alone who are
/// bound to none.
#[must_use]
pub fn sees_data(caller: &Caller, data: &Value) -> bool {
    let covers = |name: &str| data[name].as_str().is_some_and(|area| caller.covers(area));
    caller.areas().is_none() || covers("area") || covers("hospital")
}

/// Where records contradict each other, as a caller may see it: operators exactly, in their own areas.
///
/// # Errors
/// When this process has no views.
pub fn contradictions_for(app: &App, caller: &Caller) -> Result<Vec<Listed>, QuestionError> {
    match caller.audience_in(std::iter::empty()) {
        Audience::Operations => {
            contradictions(app, Audience::Operations, |area| caller.covers(area))
        }
        Audience::Public | Audience::Neighbours => contradictions(app, Audience::Public, |_| true),
    }
}

fn areas_of<'a>(area: &'a AreaId, fact: &'a Fact) -> impl Iterator<Item = &'a AreaId> {
    let hospital = match fact {
        Fact::Transfer(TransferFact::Admitted(admitted)) => admitted.hospital.as_ref(),
        _ => None,
    };
    std::iter::once(area).chain(hospital)
}

const OTHER_SOURCE: &str = "must begin with one of the sources that this token speaks for";

/// What an event may not be about or from, when it comes from this caller; the index is left to whoever counts.
///
/// The entity is looked at as it stands too, where this process has views: naming an own area in an event about somebody
/// else's person is not a way in. The one before it (`previous`) may be anybody's: people come back to other hospitals than
/// they left, all that the earlier stay gets is that its person came back, and a refusal would say that the id is known.
#[must_use]
pub fn misplaced(caller: &Caller, app: &App, event: &Event) -> Vec<FieldError> {
    let wrong = |pointer: &str, detail: &str| FieldError {
        index: None,
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    };
    let mut found = Vec::new();
    let named = std::iter::once(("/source", event.source.as_str())).chain(named_by(&event.fact));
    for (pointer, source) in named {
        if !caller.speaks_for(source) {
            found.push(wrong(pointer, OTHER_SOURCE));
        }
    }
    let accepts = matches!(
        &event.fact,
        Fact::Change(ChangeFact::RebaseAccepted(_))
            | Fact::Assessment(AssessmentFact::Confirmed(_))
    );
    if app.config.two_people && accepts && !caller.has(Role::Admin) {
        found.push(wrong(
            "/type",
            "is an acceptance, which two people are asked for: record it at /api/v1/changes or /api/v1/assessments, where it is known who proposed",
        ));
    }
    if caller.areas().is_none() {
        return found;
    }
    let family = event.fact.family();
    let is_of_others = app.views.as_ref().is_some_and(|views| {
        views.read(|view| {
            let known = view.entity(family, event.entity.as_str());
            known.is_some_and(|known| has_own(&known) && !sees(caller, &known))
        })
    });
    // A chart is of all areas: each decides about its own.
    let is_of_chart =
        family == Family::Change && event.entity.as_str().starts_with(changes::OF_CHARTS);
    let mut areas = areas_of(&event.area, &event.fact);
    if !areas.any(|area| caller.covers(area.as_str())) || !is_of_chart && is_of_others {
        found.push(wrong(
            "/data/area",
            "must be one of the areas that you are bound to, or lie within one, and what the event is about must be there already",
        ));
    }
    if takes_back_of_others(caller, app, event, is_of_chart) {
        found.push(wrong(
            "/data/retracts",
            "must be an event of one of the areas that you are bound to",
        ));
    }
    if let Some((pointer, source)) = speaks_of(event)
        && reports_elsewhere(caller, app, source)
    {
        found.push(wrong(
            pointer,
            "must be a source that reports on areas that you are bound to alone",
        ));
    }
    found
}

/// The source of which an event says up to when it has reported, in all its areas: one that has ended, or its own.
fn speaks_of(event: &Event) -> Option<(&'static str, &str)> {
    match &event.fact {
        Fact::Change(ChangeFact::SourceEnded(end)) => Some(("/data/ended", &end.ended)),
        Fact::Change(ChangeFact::SourceReported(_)) => Some(("/source", &event.source)),
        _ => None,
    }
}

/// Whether an event takes back what was said of an area that is not the caller's. Of a chart, which several areas share,
/// what is taken back has to be there: it would otherwise be gone when a neighbour comes to say it.
fn takes_back_of_others(caller: &Caller, app: &App, event: &Event, is_of_chart: bool) -> bool {
    let (Some(retraction), Some(views)) = (event.fact.retraction(), &app.views) else {
        return false;
    };
    let source = retraction.retracts_source.as_deref();
    let source = source.unwrap_or(&event.source);
    let key = FactKey::from(EventKey::of(source, &retraction.retracts));
    let is_own = views.read(|view| {
        let entity = view.entity(event.fact.family(), event.entity.as_str())?;
        let facts = entity.facts.all();
        let fact = facts.iter().find(|f| f.linked.is_none() && f.key == key)?;
        let mut areas = areas_of(&fact.area, &fact.fact);
        Some(areas.any(|area| caller.covers(area.as_str())))
    });
    !is_own.unwrap_or(!is_of_chart)
}

/// The sources, beside its own, that an event says something of.
fn named_by(fact: &Fact) -> impl Iterator<Item = (&'static str, &str)> {
    let retraction = fact.retraction();
    let retracts = retraction.and_then(|retraction| retraction.retracts_source.as_deref());
    let end = match fact {
        Fact::Change(ChangeFact::SourceEnded(end)) => Some(end),
        _ => None,
    };
    let named = [
        ("/data/retracts_source", retracts),
        ("/data/ended", end.map(|end| end.ended.as_str())),
        (
            "/data/successor",
            end.and_then(|end| end.successor.as_deref()),
        ),
    ];
    let named = named.into_iter();
    named.filter_map(|(pointer, source)| Some((pointer, source?)))
}

/// Whether a source has told of an area that is not the caller's.
fn reports_elsewhere(caller: &Caller, app: &App, source: &str) -> bool {
    app.views.as_ref().is_some_and(|views| {
        views.read(|view| {
            let mut areas = view.summary().areas_of(source);
            areas.any(|area| !caller.covers(area.as_str()))
        })
    })
}

/// The feeds that a caller may see the state of.
#[must_use]
pub fn shown(app: &App, caller: &Caller) -> Vec<FeedState> {
    let mut feeds = app.feeds.all();
    feeds.retain(|feed| caller.has(Role::Operator) && covers_feed(caller, feed));
    feeds
}

/// Whether what a feed takes is of the caller's areas.
#[must_use]
pub fn covers_feed(caller: &Caller, feed: &FeedState) -> bool {
    match &feed.area {
        Some(area) => caller.covers(area),
        None => caller.areas().is_none(),
    }
}
