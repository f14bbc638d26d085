//! Places for connections: so many in all, so many of one client, and a few to spare for health.
//!
//! When all are taken, the connection on which nothing has moved for longest gives way to the new one. So clients that are
//! silent, or do not read what they asked for, cannot keep others out, however many they are.

use super::client::client;
use super::limits::{Limits, MIN_MOVED, SPARE_CONNECTIONS, STALLED_AFTER};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// What is known of one connection while it lasts.
#[derive(Debug)]
pub struct Activity {
    opened: Instant,
    /// When something last moved, in milliseconds after it was opened.
    moved: AtomicU64,
    /// What has moved since, in bytes.
    bytes: AtomicUsize,
    /// How many handlers work for it.
    working: AtomicUsize,
    /// How many of them wait for the client's own bytes.
    reading: AtomicUsize,
    gives_way: CancellationToken,
}

impl Activity {
    /// Of a connection that was opened just now.
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            moved: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            reading: AtomicUsize::new(0),
            gives_way: CancellationToken::new(),
        })
    }

    /// Bytes were read or written.
    pub fn moved(&self, bytes: usize) {
        if self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes >= MIN_MOVED {
            self.goes_on();
        }
    }

    /// A request has come, or its answer begins, however few bytes it has.
    fn goes_on(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(now, Ordering::Relaxed);
    }

    /// Counts as working until the guard is dropped.
    pub fn working(self: &Arc<Self>) -> Working {
        self.goes_on();
        self.working.fetch_add(1, Ordering::Relaxed);
        Working(self.clone())
    }

    /// Counts as waiting for the client, also while a handler works, until the guard is dropped.
    pub fn reading(self: &Arc<Self>) -> Reading {
        self.reading.fetch_add(1, Ordering::Relaxed);
        Reading(self.clone())
    }

    /// Waits until this connection has to give way to another.
    pub async fn gives_way(&self) {
        self.gives_way.cancelled().await;
    }

    /// How long nothing has moved; none while a handler works, which is our time and not the client's.
    fn stalled(&self) -> Option<Duration> {
        let (working, reading) = (&self.working, &self.reading);
        if working.load(Ordering::Relaxed) > 0 && reading.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        Some(self.opened.elapsed().saturating_sub(moved))
    }
}

/// Held while a handler works.
#[derive(Debug)]
pub struct Working(Arc<Activity>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.goes_on();
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Held while a body is waited for.
#[derive(Debug)]
pub struct Reading(Arc<Activity>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.goes_on();
        self.0.reading.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a connection got a spare place only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crowded {
    /// All places are taken by clients that are busy.
    Server,
    /// This client has as many as one may have.
    Client,
}

/// All places.
#[derive(Debug)]
pub struct Places {
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    opened: u64,
    /// How many requests of each client are being answered that came by a proxy, whose connections are its own.
    asking: HashMap<IpAddr, usize>,
    /// In the order in which they were opened.
    full: BTreeMap<u64, Holder>,
    spare: BTreeMap<u64, Holder>,
}

#[derive(Debug)]
struct Holder {
    client: IpAddr,
    activity: Arc<Activity>,
}

/// One connection's place; free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    number: u64,
    /// What is known of the connection.
    pub activity: Arc<Activity>,
    /// Why only health is answered, where that is so.
    pub crowded: Option<Crowded>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.full.remove(&self.number);
        taken.spare.remove(&self.number);
    }
}

/// Held while a request that came by a proxy is answered.
#[derive(Debug)]
pub struct Asking {
    places: Arc<Places>,
    client: IpAddr,
}

impl Drop for Asking {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(count) = taken.asking.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                taken.asking.remove(&self.client);
            }
        }
    }
}

impl Places {
    /// So many places.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            taken: Mutex::default(),
        })
    }

    /// A place for a new connection, if need be of one that stalls.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Place {
        let client = client(address);
        let mut taken = self.lock();
        let crowded = self.make_room(&mut taken, client);
        taken.opened += 1;
        let number = taken.opened;
        let activity = Activity::new();
        let holder = Holder {
            client,
            activity: activity.clone(),
        };
        if crowded.is_none() {
            taken.full.insert(number, holder);
        } else {
            // Whoever came just now asks at once; whoever came first had its time.
            if taken.spare.len() >= SPARE_CONNECTIONS
                && let Some((_, oldest)) = taken.spare.pop_first()
            {
                oldest.activity.gives_way.cancel();
            }
            taken.spare.insert(number, holder);
        }
        drop(taken);
        Place {
            places: self.clone(),
            number,
            activity,
            crowded,
        }
    }

    /// Counts a request that came by a proxy, until the guard is dropped; none when the client has as many as it may have
    /// connections.
    pub fn ask(self: &Arc<Self>, address: IpAddr) -> Option<Asking> {
        let client = client(address);
        let mut taken = self.lock();
        let count = taken.asking.entry(client).or_default();
        if *count >= self.limits.connections_per_client && !client.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Asking {
            places: self.clone(),
            client,
        })
    }

    fn make_room(&self, taken: &mut Taken, client: IpAddr) -> Option<Crowded> {
        if !client.is_loopback() {
            let of_client = |holder: &Holder| holder.client == client;
            let held = taken.full.values().filter(|h| of_client(h)).count();
            if held >= self.limits.connections_per_client && !taken.free_one(of_client) {
                return Some(Crowded::Client);
            }
        }
        let full = taken.full.len() >= self.limits.connections;
        (full && !taken.free_one(|_| true)).then_some(Crowded::Server)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Takes the place of the one that stalls longest; false when none does.
    fn free_one(&mut self, candidate: impl Fn(&Holder) -> bool) -> bool {
        let longest = self
            .full
            .iter()
            .filter(|(_, holder)| candidate(holder))
            .filter_map(|(number, holder)| Some((holder.activity.stalled()?, *number)))
            .max();
        let Some((_, number)) = longest.filter(|(stalled, _)| *stalled >= STALLED_AFTER) else {
            return false;
        };
        if let Some(holder) = self.full.remove(&number) {
            holder.activity.gives_way.cancel();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, connections_per_client: usize) -> Arc<Places> {
        Places::new(Limits {
            connections,
            connections_per_client,
            streams: 1,
        })
    }

    fn from(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// As if it had been opened, and been silent, for this long.
    fn silent_for(place: &Place, time: Duration) {
        let mut taken = place.places.lock();
        let holder = taken.full.get_mut(&place.number).unwrap();
        holder.activity = Arc::new(Activity {
            opened: Instant::now().checked_sub(time).unwrap(),
            moved: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            reading: AtomicUsize::new(0),
            gives_way: place.activity.gives_way.clone(),
        });
    }

    #[test]
    fn the_one_that_is_silent_longest_gives_way_and_busy_ones_stay() {
        let places = places(3, 3);
        let held: Vec<Place> = (1..=3).map(|n| places.enter(from(n))).collect();
        // Nobody has been silent for long: the new one gets a spare place.
        assert_eq!(places.enter(from(9)).crowded, Some(Crowded::Server));
        silent_for(&held[0], Duration::from_secs(3));
        silent_for(&held[1], Duration::from_secs(60));
        let new = places.enter(from(9));
        assert_eq!(new.crowded, None);
        let gone: Vec<bool> = held
            .iter()
            .map(|p| p.activity.gives_way.is_cancelled())
            .collect();
        assert_eq!(gone, [false, true, false]);
    }

    #[test]
    fn who_is_being_worked_for_is_not_silent() {
        let places = places(1, 1);
        let held = places.enter(from(1));
        silent_for(&held, Duration::from_secs(60));
        let activity = places.lock().full[&held.number].activity.clone();
        let working = activity.working();
        assert_eq!(places.enter(from(2)).crowded, Some(Crowded::Server));
        drop(working);
        // Its answer is on the way.
        assert_eq!(places.enter(from(2)).crowded, Some(Crowded::Server));
        silent_for(&held, Duration::from_secs(60));
        assert_eq!(places.enter(from(2)).crowded, None);
    }

    #[test]
    fn whose_body_is_waited_for_is_silent_until_as_much_came_as_counts() {
        let activity = Activity::new();
        let _working = activity.working();
        assert_eq!(activity.stalled(), None);
        let reading = activity.reading();
        let later = |activity: &Activity| {
            std::thread::sleep(Duration::from_millis(20));
            activity
                .stalled()
                .is_some_and(|time| time.as_millis() >= 20)
        };
        assert!(later(&activity));
        activity.moved(MIN_MOVED - 1);
        assert!(later(&activity), "drops");
        let before = Instant::now();
        activity.moved(1);
        let stalled = activity.stalled().unwrap();
        // However long this thread itself stood still.
        assert!(stalled <= before.elapsed() + Duration::from_millis(1));
        drop(reading);
        assert_eq!(activity.stalled(), None);
    }

    #[test]
    fn one_client_cannot_take_all_places_and_a_network_of_ipv6_is_one() {
        let places = places(10, 2);
        let v6 = |last: u16| IpAddr::from([0x2001, 0xdb8, 1, 1, 0, 0, 0, last]);
        let held = [places.enter(v6(1)), places.enter(v6(2))];
        assert!(held.iter().all(|p| p.crowded.is_none()));
        assert_eq!(places.enter(v6(3)).crowded, Some(Crowded::Client));
        assert_eq!(places.enter(from(1)).crowded, None);
        drop(held);
        assert_eq!(places.enter(v6(3)).crowded, None);
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_one_client() {
        let places = places(10, 2);
        let held: Vec<Place> = (0..5)
            .map(|_| places.enter(IpAddr::from([127, 0, 0, 1])))
            .collect();
        assert!(held.iter().all(|p| p.crowded.is_none()));
    }

    #[test]
    fn one_client_behind_a_proxy_has_as_many_requests_as_it_could_have_connections() {
        let places = places(10, 2);
        let held = [places.ask(from(1)), places.ask(from(1))];
        assert!(held.iter().all(Option::is_some) && places.ask(from(1)).is_none());
        assert!(places.ask(from(2)).is_some());
        drop(held);
        assert!(places.ask(from(1)).is_some());
        assert!(places.lock().asking.is_empty(), "nobody is remembered");
    }

    #[test]
    fn there_is_always_a_spare_place_for_the_newest() {
        let places = places(0, 1);
        let held: Vec<Place> = (0..SPARE_CONNECTIONS)
            .map(|_| places.enter(from(1)))
            .collect();
        let new = places.enter(from(2));
        assert!(held[0].activity.gives_way.is_cancelled());
        assert!(!new.activity.gives_way.is_cancelled());
        assert_eq!(places.lock().spare.len(), SPARE_CONNECTIONS);
    }
}
