//! From which day on a feed of messages reports: what happened before it began is not known from it, and is not judged.

use super::known::{self, KnownError};
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
    is_said: AtomicBool,
}

impl Beginning {
    pub fn of(name: &Slug, source: String, area: &AreaId, set: Option<NaiveDate>) -> Self {
        Self {
            name: name.clone(),
            source,
            area: area.clone(),
            set,
            is_said: AtomicBool::new(false),
        }
    }

    /// What is to be published before the first events: from the day on that is set, or else from the day after `first`, the
    /// time of the first message. None where it has been said, and of a feed that reported before anybody asked.
    ///
    /// # Errors
    /// When the log cannot be read, or the views do not catch up.
    pub async fn to_say(
        &self,
        app: &App,
        first: Option<DateTime<Utc>>,
    ) -> Result<Option<Event>, KnownError> {
        let may_say = self.set.is_some() || first.is_some();
        if !may_say || self.is_said.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Ok(entity) = EntityId::new(&format!("source/{}", self.name)) else {
            return Ok(None);
        };
        let views = app.views.as_ref().ok_or(KnownError::NoViews)?;
        let said = known::facts(app, &self.area, Family::Change, &entity).await?;
        let mut said = said
            .into_iter()
            .flatten()
            .filter_map(|stored| match stored.fact {
                Fact::Change(ChangeFact::SourceReported(report)) => report.begins,
                _ => None,
            });
        let begins = match (self.set, said.next_back()) {
            (Some(set), said) => (said != Some(set)).then_some(set),
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

    /// It has been said, or need not be.
    pub fn was_said(&self) {
        self.is_said.store(true, Ordering::Relaxed);
    }
}
