//! Lists with a row a person: each is compared with the one before, which is remembered in hashes in the
//! data folder.

use super::{FileReport, Incoming, Stop, TablesError, unreadable};
use crate::feed::FeedFault;
use crate::feed::settings::TableSettings;
use crate::line_list::mapping::ListMapping;
use crate::line_list::recover;
use crate::line_list::row::Ring;
use crate::line_list::snapshot::{Snapshot, Store};
use crate::line_list::table::MAX_FILE_BYTES;
use crate::line_list::{ListImport, summary};
use crate::pseudonym::{Key, KeyError};
use crate::sink::Sink;
use chrono::{DateTime, Utc};
use joinedup_application::app::Definitions;
use joinedup_application::config::Config;
use joinedup_events::{AreaId, Areas};
use joinedup_log::EventLog;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lists of one mapping, one after the other.
pub(super) struct ListFeed {
    mapping: ListMapping,
    ring: Ring,
    areas: Arc<Areas>,
    path: PathBuf,
    /// How somebody says that a list is whole.
    how: &'static str,
    /// What is remembered, once the feed has begun.
    store: Option<Store>,
    before: Option<Snapshot>,
    log: Option<String>,
}

impl ListFeed {
    pub fn open(
        settings: &TableSettings,
        mut mapping: ListMapping,
        how: &'static str,
        config: &Config,
        definitions: &Definitions,
        key: impl Fn(&Path) -> Result<Key, KeyError>,
    ) -> Result<Self, FeedFault> {
        let Some(key_file) = &settings.pseudonym_key_file else {
            return Err(TablesError::NoKey.into());
        };
        // Two feeds may share a mapping, and never rows: what vanished from the one list may stand in the other.
        mapping.name = settings.name.clone();
        mapping.area = mapping.area.or_all_of(settings.area.as_ref());
        let counted = mapping.area.words(&definitions.areas);
        tracing::info!(feed = %settings.name, "the rows of its lists are {counted}");
        let rule = &mut mapping.snapshot;
        rule.window_days = settings.window_days.or(rule.window_days);
        rule.begins = settings.begins.or(rule.begins);
        let previous = settings.previous_pseudonym_key_file.as_deref();
        Ok(Self {
            ring: Ring {
                current: key(key_file)?,
                previous: previous.map(key).transpose()?,
            },
            areas: definitions.areas.clone(),
            path: config
                .data
                .join("feeds")
                .join(format!("{}.snapshot", mapping.name)),
            mapping,
            how,
            store: None,
            before: None,
            log: None,
        })
    }

    pub fn source(&self) -> String {
        self.mapping.source()
    }

    pub fn area(&self) -> Option<&AreaId> {
        self.mapping.area.fixed.as_ref()
    }

    pub async fn begin(&mut self, log: &dyn EventLog) -> Result<(), TablesError> {
        let (store, before) = Store::open(&self.path, &self.mapping, &self.ring)?;
        let (before, identity) =
            recover::held_against_log(log, before, &self.mapping, &self.ring).await?;
        self.store = Some(store);
        self.before = before;
        self.log = Some(identity);
        Ok(())
    }

    /// Imports a list.
    pub async fn take(
        &mut self,
        incoming: Incoming,
        sink: &Sink,
        report: &mut FileReport,
    ) -> Result<(), Stop> {
        let now = Utc::now();
        let list = ListImport {
            mapping: &self.mapping,
            ring: &self.ring,
            areas: &self.areas,
            now,
            // The same file again is of the same time.
            as_at: DateTime::<Utc>::from(incoming.made).min(now),
            recorded_at: now,
        };
        let before = self.before.as_ref();
        let (mut reading, mut plan) = tokio::task::block_in_place(|| {
            let bytes = read(incoming.content).map_err(|error| unreadable(&error))?;
            let reading = list
                .read(&bytes)
                .map_err(|error| Stop::Refused(error.to_string()))?;
            let plan = list.plan(before, &reading);
            Ok::<_, Stop>((reading, plan))
        })?;
        report.rows = reading.rows;
        let sent = match plan.doubt {
            Some(doubt) if !incoming.accepted => Err(Stop::Refused(format!(
                "{doubt}: look whether the list is whole and the newest; if it is, {}",
                self.how
            ))),
            _ => list
                .publish(&mut plan, sink, &mut reading.faults)
                .await
                .map_err(Stop::from),
        };
        let unknown = reading.faults.0.iter().filter(|fault| !fault.known);
        unknown.for_each(|fault| report.reject(&fault.row));
        report.summary = summary(&list, &plan, &reading, before.is_none());
        let sent = sent?;
        report.facts = sent.accepted;
        report.repeats = sent.duplicates;
        report.contradicting = sent.contradicting;
        let mut next = plan.next;
        next.log.clone_from(&self.log);
        if let Some(store) = &self.store {
            // The events are stored; the same list again has the same ids.
            store
                .save(&next)
                .map_err(|error| Stop::Later(format!("{error}; what came is tried again")))?;
        }
        self.before = Some(next);
        Ok(())
    }
}

/// A file's bytes; one more than is taken shows that it is too large.
fn read(content: Box<dyn Read + Send>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
