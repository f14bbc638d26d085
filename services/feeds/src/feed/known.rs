//! What the views and the log know of an entity, for feeds that publish what is new against it.

use super::people::People;
use joinedup_application::app::App;
use joinedup_application::authors::event_at;
use joinedup_application::execute::until_seen;
use joinedup_events::{AreaId, EntityId, Family, Slug, subject};
use joinedup_log::ReadError;
use joinedup_views::contribution::StoredFact;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long the views may take to have what was published before, as when the server has just started.
pub(super) const SEEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Why what is known could not be looked up. What came is to be sent again.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// The log.
    #[error("the log cannot be read: {0}; send it again")]
    Read(#[from] ReadError),
    /// The views are behind the log.
    #[error("what was sent before is not in the views yet; send it again")]
    Behind,
    /// The process has no views.
    #[error("this server has no views")]
    NoViews,
}

/// The entity and its facts by the first of the names that stands for one the views know: that of today's key or, where only
/// that knows it, of the key before. `ids` are names that others may come to bear: one counts only where nothing else is known
/// of what is named. What was published about it is waited for.
///
/// # Errors
/// When the log cannot be read, or the views do not catch up.
pub async fn entity(
    app: &App,
    feed: &Slug,
    area: &AreaId,
    family: Family,
    [names, ids]: [&[String]; 2],
    people: &People,
) -> Result<(EntityId, Vec<StoredFact>), KnownError> {
    let bears = |name: &String| bearing(feed, name);
    let named = |name: &String| people.named(name).into_iter().chain(bears(name));
    let mut first = None;
    for entity in names
        .iter()
        .flat_map(named)
        .chain(ids.iter().filter_map(bears))
    {
        if let Some(facts) = facts(app, area, family, &entity).await? {
            return Ok((entity, facts));
        }
        first.get_or_insert(entity);
    }
    first
        .map(|entity| (entity, Vec::new()))
        .ok_or(KnownError::NoViews)
}

/// The entity that bears a name.
#[must_use]
pub fn bearing(feed: &Slug, name: &str) -> Option<EntityId> {
    EntityId::new(&format!("{feed}-{name}")).ok()
}

/// The facts of an entity, where the views know any. What was published about it is waited for.
///
/// # Errors
/// When the log cannot be read, or the views do not catch up.
pub async fn facts(
    app: &App,
    area: &AreaId,
    family: Family,
    entity: &EntityId,
) -> Result<Option<Vec<StoredFact>>, KnownError> {
    let views = app.views.as_ref().ok_or(KnownError::NoViews)?;
    let subject = subject::of_entity(family, area, entity);
    if let Some(last) = app.log.last_on_subject(&subject).await?
        && !until_seen(views, last.position, SEEN_TIMEOUT).await
    {
        return Err(KnownError::Behind);
    }
    Ok(views.read(|view| {
        let known = view.entity(family, entity.as_str());
        known.map(|known| known.facts.all())
    }))
}

/// The ids of the events at some positions.
///
/// # Errors
/// When the log cannot be read.
pub async fn ids(
    app: &App,
    positions: impl Iterator<Item = u64>,
) -> Result<BTreeMap<u64, String>, KnownError> {
    let mut ids = BTreeMap::new();
    for position in positions {
        let event = event_at(app.log.as_ref(), position).await?;
        ids.extend(event.map(|event| (position, event.id)));
    }
    Ok(ids)
}
