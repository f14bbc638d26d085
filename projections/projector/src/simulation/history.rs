//! What really happened in a simulation: the events of a log, and what their cells must be.

use chrono::{DateTime, Utc};
use joinedup_events::facts::{Happened, Retracted};
use joinedup_events::id::{AreaId, EntityId};
use joinedup_events::transfer::{
    AdmissionMethod, Admitted, DischargeMethod, Discharged, Ready, TransferFact,
};
use joinedup_events::{Envelope, Event, Fact, local, subject};
use joinedup_log::memory::MemoryLog;
use joinedup_log::{EventLog, NewEvent, Position};
use joinedup_views::view::View;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, HashSet};

/// A log and all that was ever stored in it, read without any fault.
pub(super) struct History {
    pub log: MemoryLog,
    /// Apart from those of other logs.
    name: &'static str,
    next: u32,
    /// Its events as far as they were looked at, by position; none for one that cannot be read.
    read: Vec<Option<Event>>,
    /// Cells by position, as they were worked out before.
    known: BTreeMap<u64, String>,
}

impl History {
    /// A log that remembers so few ids that what is sent again may be stored again.
    pub fn new(name: &'static str) -> Self {
        Self::of(MemoryLog::with_window(16), name)
    }

    pub fn of(log: MemoryLog, name: &'static str) -> Self {
        Self {
            log,
            name,
            next: 0,
            read: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// Some events that nobody has sent yet. Now and then one that cannot be read.
    pub fn events(&mut self, count: u32, random: &mut ChaCha8Rng) -> Vec<NewEvent> {
        (0..count).map(|_| self.event(random)).collect()
    }

    fn event(&mut self, random: &mut ChaCha8Rng) -> NewEvent {
        self.next += 1;
        let message_id = format!("{}-{}", self.name, self.next);
        if random.random_ratio(1, 12) {
            return NewEvent {
                subject: "joinedup.transfer.x.00".to_owned(),
                payload: format!("no event {message_id}").into(),
                message_id,
                condition: None,
            };
        }
        let event = transfer(self.name, self.next, random);
        NewEvent {
            subject: subject::of(&event),
            payload: event.to_json().to_string().into(),
            message_id,
            condition: None,
        }
    }

    /// How many events are stored.
    pub async fn head(&self) -> u64 {
        self.log.head().await.unwrap().0
    }

    /// Reads what was stored since this was done before.
    async fn read(&mut self) {
        let at = Position(self.read.len() as u64);
        for recorded in self.log.read(at, usize::MAX).await.unwrap() {
            let event = Envelope::from_json(&recorded.payload).ok();
            let event = event.map(|envelope| Event::decode(&envelope).unwrap());
            self.read.push(event);
        }
    }

    /// Where events are that cannot be read, up to a position.
    pub async fn unreadable(&mut self, upto: u64) -> Vec<u64> {
        self.read().await;
        let bad = (1..=upto).zip(&self.read).filter(|(_, e)| e.is_none());
        bad.map(|(position, _)| position).collect()
    }

    /// The cells of the first events, each folded once and in another order than that of the log.
    pub async fn cells(&mut self, upto: u64) -> &str {
        self.read().await;
        let read = &self.read;
        self.known.entry(upto).or_insert_with(|| {
            let mut seen = HashSet::new();
            let events = (1..=upto).zip(read);
            let events = events.filter_map(|(position, event)| Some((position, event.clone()?)));
            let once = events.filter(|(_, event)| seen.insert(event.id.clone()));
            let mut events: Vec<(u64, Event)> = once.collect();
            events.reverse();
            let mut view = View::new();
            view.fold(events);
            view.cells().export()
        })
    }
}

fn instant(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + hours * 3600, 0).unwrap()
}

/// One more fact of one of a few transfers: begun, ready, ready otherwise, over, taken back.
fn transfer(name: &str, number: u32, random: &mut ChaCha8Rng) -> Event {
    let entity = random.random_range(0..40_u32);
    let hours = i64::from(entity) * 5 + random.random_range(0..200_i64);
    let fact = match random.random_range(0..10) {
        0..=3 => TransferFact::Admitted(Admitted {
            hospital: None,
            method: AdmissionMethod::Emergency,
            previous: None,
            population: None,
        }),
        4..=6 => TransferFact::Ready(Ready {
            date: local::date(instant(hours)),
        }),
        7 => TransferFact::Discharged(Discharged {
            method: DischargeMethod::Agreed,
            destination: None,
            date_only: false,
        }),
        8 => TransferFact::SocialCareReferred(Happened {}),
        _ => TransferFact::Retracted(Retracted {
            retracts: format!("{name}-{}", 1 + random.next_u32() % number),
            retracts_source: None,
            previous: None,
        }),
    };
    Event {
        source: "/pas".into(),
        id: format!("{name}-{number}"),
        occurred_at: instant(hours),
        recorded_at: instant(1_000 + i64::from(number)),
        entity: EntityId::new(&format!("{name}-t-{entity}")).unwrap(),
        area: AreaId::new(["hv-north-1", "hv-south-1"][entity as usize % 2]).unwrap(),
        fact: Fact::Transfer(fact),
        actor: None,
    }
}
