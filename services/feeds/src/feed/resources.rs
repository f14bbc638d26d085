//! FHIR resources as feeds take them, over HTTP or as files in a folder: what is new against what is known is published.

use super::FeedFault;
use super::beginning::Beginning;
use super::known::{self, KnownError};
use super::lines::LinesError;
use super::people::People;
use super::report::FileReport;
use super::settings::TableSettings;
use super::tables::{Incoming, Stop, TablesError, unreadable};
use crate::BadRow;
use crate::fhir::body::Body;
use crate::fhir::mapping::FhirMapping;
use crate::fhir::new::New;
use crate::fhir::reader::{About, Reader, Reported};
use crate::fhir::version::Versions;
use crate::line_list::row::Ring;
use crate::line_list::table::MAX_FILE_BYTES;
use crate::pseudonym::{Key, KeyError};
use crate::sink::Sink;
use crate::stay::events::{self, Origin};
use joinedup_application::app::App;
use joinedup_events::{AreaId, Event, Family, Slug, local};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Events that are collected before they are published, about: all of them are of different stays and referrals.
const MAX_PENDING: usize = 500;

/// Takes resources.
pub(super) struct ResourceFeed {
    name: Slug,
    area: AreaId,
    mapping: FhirMapping,
    ring: Ring,
    beginning: Beginning,
    /// Which stays are of one person, once the feed has begun.
    people: Option<People>,
    /// The versions of resources that were taken last.
    versions: Mutex<Versions>,
}

fn source(name: &Slug) -> String {
    format!("/import/{name}")
}

impl From<KnownError> for Stop {
    fn from(error: KnownError) -> Self {
        Self::Later(error.to_string())
    }
}

impl ResourceFeed {
    pub fn open(
        settings: &TableSettings,
        mapping: FhirMapping,
        key: impl Fn(&Path) -> Result<Key, KeyError>,
    ) -> Result<Self, FeedFault> {
        let Some(key_file) = &settings.pseudonym_key_file else {
            return Err(TablesError::NoKey.into());
        };
        let area = settings.area.clone().ok_or(TablesError::NoArea)?;
        let previous = settings.previous_pseudonym_key_file.as_deref();
        let name = settings.name.clone();
        Ok(Self {
            beginning: Beginning::of(&name, source(&name), &area, settings.begins),
            name,
            area,
            mapping,
            people: None,
            versions: Mutex::default(),
            ring: Ring {
                current: key(key_file)?,
                previous: previous.map(key).transpose()?,
            },
        })
    }

    pub fn source(&self) -> String {
        source(&self.name)
    }

    /// Opens what is remembered of people.
    pub fn begin(&mut self, app: &App) -> Result<(), LinesError> {
        let today = local::date(app.now());
        self.people = Some(People::open(&app.config.data, self.name.as_str(), today)?);
        Ok(())
    }

    /// Takes what was sent.
    pub async fn take(
        &self,
        incoming: Incoming,
        app: &App,
        sink: &Sink,
        report: &mut FileReport,
    ) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        let read = || {
            let mut content = incoming.content.take(MAX_FILE_BYTES + 1);
            content.read_to_end(&mut bytes)
        };
        tokio::task::block_in_place(read).map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let why = format!("it has more than {} MiB", MAX_FILE_BYTES >> 20);
            return Err(Stop::Refused(why));
        }
        let body = Body::read(&bytes).map_err(|error| Stop::Refused(error.to_string()))?;
        let reader = Reader {
            mapping: &self.mapping,
            ring: &self.ring,
            areas: &app.definitions.areas,
            now: app.now(),
        };
        let reading = reader.read(&body);
        report.rows = reading.resources;
        for (number, fault) in &reading.faults {
            report.reject(&BadRow::new(*number, &fault.place, fault.sentence));
        }
        if reading.others > 0 {
            report.summary = format!("  {} other resources were not looked at\n", reading.others);
        }
        // What is sent now may be all who are there and when they came: only the settings say what was reported before.
        match self.beginning.to_publish(app, None).await? {
            Some(begins) => self.beginning.answered(&sink.send(&[begins]).await?),
            None => self.beginning.was_published(),
        }
        let mut pending = Pending {
            fine: reading.without_effect,
            ..Pending::default()
        };
        for reported in &reading.reports {
            self.take_one(reported, app, sink, &mut pending, report)
                .await?;
        }
        pending.publish(sink, report).await?;
        if reading.resources == 0 {
            let why = "it holds no Encounter, ServiceRequest, Task or notice of the Care Act";
            return Err(Stop::Refused(why.to_owned()));
        }
        let is_taken = report.facts + report.repeats + pending.fine > 0;
        if report.rejects > 0 && !is_taken {
            let why = "nothing of it could be taken";
            return Err(Stop::Refused(why.to_owned()));
        }
        Ok(())
    }

    /// Adds what a resource says that is new.
    async fn take_one(
        &self,
        reported: &Reported,
        app: &App,
        sink: &Sink,
        pending: &mut Pending,
        report: &mut FileReport,
    ) -> Result<(), Stop> {
        let Some(people) = &self.people else {
            return Err(Stop::Later("this feed has not begun".to_owned()));
        };
        let (family, names, ids, person) = match &reported.about {
            About::Stay { statement, .. } => (
                Family::Transfer,
                statement.spell.as_slice(),
                &[][..],
                statement.person.as_slice(),
            ),
            About::Referral(statement) => (
                Family::Referral,
                statement.names.as_slice(),
                statement.ids.as_slice(),
                &[][..],
            ),
        };
        // What is new of a resource depends on the one before about the same, or about the same person.
        let mut all = names.iter().chain(ids).chain(person);
        if all.any(|name| pending.names.contains(name)) || pending.events.len() >= MAX_PENDING {
            pending.publish(sink, report).await?;
        }
        let entity = known::entity(app, &self.name, &self.area, family, [names, ids], people);
        let (entity, known) = entity.await?;
        let mut reported = reported.clone();
        let person = person.to_vec();
        if let About::Stay { statement, .. } = &mut reported.about {
            let admitted = statement.admitted.unwrap_or(statement.recorded);
            let previous = people.previous(app, &self.area, &person, &entity, admitted);
            statement.previous = previous.await?;
        }
        let origin = Origin {
            feed: &self.name,
            source: self.source(),
            area: &self.area,
            entity: &entity,
            ring: &self.ring,
            message: &events::message(&self.ring, &reported.content),
        };
        let new = {
            let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
            let new = New::of(&reported, &known, &origin, &versions);
            versions.remember(&reported, &entity);
            new
        };
        let fault = new.fault();
        if let Some((place, sentence)) = fault {
            report.reject(&BadRow::new(reported.number, place, sentence));
        }
        // What is new counts once it is stored.
        let says_nothing = new.is_empty() && !reported.is_faulty && fault.is_none();
        pending.fine += u64::from(says_nothing || !known.is_empty());
        // Of people who are in no bed nothing is remembered.
        if !known.is_empty() || !new.is_empty() {
            let later = |error: LinesError| Stop::Later(error.to_string());
            let today = local::date(app.now());
            people.remember(&person, &entity, today).map_err(later)?;
            for name in names.first().into_iter().chain(ids.first()) {
                let remembered = people.remember_name(&self.name, name, &entity, today);
                remembered.map_err(later)?;
            }
        }
        let retracted = known::ids(app, new.taken_back()).await?;
        let events = new
            .events(&origin, reported.recorded, &known, &retracted, |event| {
                sink.admits(event)
            })
            .into_iter();
        pending
            .events
            .extend(events.map(|event| (reported.number, event)));
        let all = names.iter().chain(ids).chain(&person);
        pending.names.extend(all.cloned());
        Ok(())
    }
}

/// Events that are published at one go.
#[derive(Default)]
struct Pending {
    /// Each with the number of its resource.
    events: Vec<(u64, Event)>,
    /// The hashes of what they are about, and of whom.
    names: BTreeSet<String>,
    /// Resources that are right and say nothing new, or are of what is known already.
    fine: u64,
}

impl Pending {
    async fn publish(&mut self, sink: &Sink, report: &mut FileReport) -> Result<(), Stop> {
        self.names.clear();
        let (numbers, events): (Vec<u64>, Vec<Event>) =
            std::mem::take(&mut self.events).into_iter().unzip();
        if events.is_empty() {
            return Ok(());
        }
        let sent = sink.send(&events).await?;
        report.facts += sent.accepted;
        report.repeats += sent.duplicates;
        report.contradicting.0 += sent.contradicting;
        for (at, pointer, rule) in sent.refused {
            let number = numbers.get(at).copied().unwrap_or_default();
            let fact = events.get(at).map_or("", |event| event.fact.name());
            report.reject(&BadRow::new(number, format!("{fact}{pointer}"), rule));
        }
        Ok(())
    }
}
