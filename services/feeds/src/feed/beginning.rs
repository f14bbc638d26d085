//! From which day on a feed of messages reports: what happened before it began is not known from it, and is not judged.

use super::known::{self, KnownError};
use crate::sink::Sent;
use chrono::{DateTime, Days, NaiveDate, Utc};
use joinedup_application::app::App;
use joinedup_application::execute::until_seen;
use joinedup_events::change::{ChangeFact, SourceReported};
use joinedup_events::{AreaId, EntityId, Event, Fact, Family, Slug, local};
use std::sync::atomic::{AtomicBool, Ordering};

/// A feed that says once from when on it reports.
pub(super) struct Beginning {
    name: Slug,
    source: String,
    area: AreaId,
    /// As the file of feeds has it.
    set: Option<NaiveDate>,
    /// It has been said, by this process or before, or need not be.
    is_published: AtomicBool,
}

impl Beginning {
    pub fn of(name: &Slug, source: String, area: &AreaId, set: Option<NaiveDate>) -> Self {
        Self {
            name: name.clone(),
            source,
            area: area.clone(),
            set,
            is_published: AtomicBool::new(false),
        }
    }

    /// What is to be published before the first events: from the day on that is set, or else from the day after `first`, the
    /// time of the first message. None where it has been said, and of a feed that reported before anybody asked.
    ///
    /// # Errors
    /// When the log cannot be read, or the views do not catch up.
    pub async fn to_publish(
        &self,
        app: &App,
        first: Option<DateTime<Utc>>,
    ) -> Result<Option<Event>, KnownError> {
        let may_publish = self.set.is_some() || first.is_some();
        if !may_publish || self.is_published.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Ok(entity) = EntityId::new(&format!("source/{}", self.name)) else {
            return Ok(None);
        };
        let views = app.views.as_ref().ok_or(KnownError::NoViews)?;
        let stated = known::facts(app, &self.area, Family::Change, &entity).await?;
        let mut stated = stated
            .into_iter()
            .flatten()
            .filter_map(|stored| match stored.fact {
                Fact::Change(ChangeFact::SourceReported(report)) => report.begins,
                _ => None,
            });
        let begins = match (self.set, stated.next_back()) {
            (Some(set), stated) => (stated != Some(set)).then_some(set),
            (None, Some(_)) => None,
            (None, None) => {
                let head = app.log.head().await?;
                if !until_seen(views, head, known::SEEN_TIMEOUT).await {
                    return Err(KnownError::Behind);
                }
                let is_new = views.read(|view| view.summary().last_word(&self.source).is_none());
                // Of the day on which it began it knows a part.
                let first = first.filter(|_| is_new);
                first.and_then(|first| local::date(first).checked_add_days(Days::new(1)))
            }
        };
        Ok(begins.map(|begins| Event {
            source: self.source.clone(),
            id: format!("{}-begins-{begins}", self.name),
            occurred_at: app.now(),
            recorded_at: app.now(),
            entity,
            area: self.area.clone(),
            fact: Fact::Change(ChangeFact::SourceReported(SourceReported {
                begins: Some(begins),
                live: true,
            })),
            actor: None,
        }))
    }

    /// It need not be said.
    pub fn was_published(&self) {
        self.is_published.store(true, Ordering::Relaxed);
    }

    /// What the door answered when it was said. Of a day that is refused the log tells each time, until the settings are mended.
    pub fn answered(&self, sent: &Sent) {
        match sent.refused.first() {
            None => self.was_published(),
            Some((_, pointer, rule)) => tracing::error!(
                feed = %self.name,
                "from which day on the feed reports was refused, so that what came before is judged: `{pointer}` {rule}; mend `begins` in the file of feeds"
            ),
        }
    }
}
