//! The door: every connection that has come in and has not become a device. A stranger may wait only so long,
//! only so many may wait, and whoever is sent away is counted on the log. Nothing is known of a stranger, so the
//! one that has waited longest makes room for the next.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How long and how much the door is patient. The defaults are the documented ones; tests make them short.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From an HTTP connection's start, or from the end of an answer, to the end of the next request's head.
    pub head: Duration,
    /// A TLS handshake.
    pub handshake: Duration,
    /// From the end of a request's head to the end of its body.
    pub body: Duration,
    /// An answer of which nothing is read.
    pub stalled: Duration,
    /// Connections that are not devices.
    pub connections: usize,
    /// Readers of `/local/events`.
    pub event_readers: usize,
    /// Bytes of the bodies that are being read, of all requests together.
    pub body_bytes: usize,
    /// How often the log says who was sent away.
    pub report: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            body: Duration::from_secs(60),
            stalled: Duration::from_secs(60),
            connections: 4096,
            event_readers: 256,
            body_bytes: 512 * 1024 * 1024,
            report: Duration::from_secs(1),
        }
    }
}

/// Why a connection was sent away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Away {
    /// No complete head of a request came in time, or no further request.
    Head,
    /// No TLS handshake in time.
    Handshake,
    /// No complete body in time.
    Body,
    /// The client stopped reading an answer.
    Stalled,
    /// It had waited longest when there were too many.
    Crowd,
    /// All others were at work when it came.
    Full,
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "no HTTP request in time",
            Self::Handshake => "no TLS handshake in time",
            Self::Body => "no whole HTTP body in time",
            Self::Stalled => "stopped reading an answer",
            Self::Crowd => "waited longest of too many",
            Self::Full => "came when the hub was full",
        })
    }
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Those that wait, the longest first.
    waiting: BTreeMap<u64, Arc<Notify>>,
    /// Those whose request is being answered.
    busy: usize,
    /// Those that were sent away and not reported yet.
    away: BTreeMap<Away, u64>,
    reporting: bool,
}

/// The door of one process.
#[derive(Debug)]
pub struct Door {
    /// Its patience.
    pub limits: Limits,
    state: Mutex<State>,
    /// Bytes of bodies that are held.
    body_bytes: AtomicUsize,
    event_readers: AtomicUsize,
    /// Everyone who came in and has not left: strangers and devices.
    inside: watch::Sender<usize>,
    closing: watch::Sender<bool>,
}

impl Door {
    /// An open door.
    #[must_use]
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            state: Mutex::default(),
            body_bytes: AtomicUsize::new(0),
            event_readers: AtomicUsize::new(0),
            inside: watch::Sender::new(0),
            closing: watch::Sender::new(false),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in. None when all others are at work: then it is closed.
    pub fn enter(self: &Arc<Self>) -> Option<Arc<Visitor>> {
        let full = {
            let state = self.lock();
            (state.waiting.len() + state.busy >= self.limits.connections).then(|| state.waiting.is_empty())
        };
        match full {
            Some(true) => {
                self.count(Away::Full);
                return None;
            }
            Some(false) => {
                self.make_room(1);
            }
            None => {}
        }
        self.inside.send_modify(|inside| *inside += 1);
        let visitor = Arc::new(Visitor {
            door: Arc::clone(self),
            place: Mutex::new(Place::Gone),
            sent_away: Arc::new(Notify::new()),
            heard: AtomicBool::new(false),
        });
        visitor.put(Place::Waiting(0));
        Some(visitor)
    }

    /// Sends those away that have waited longest; gives how many went.
    pub fn make_room(self: &Arc<Self>, count: usize) -> usize {
        let mut gone = 0;
        while gone < count {
            let Some((_, oldest)) = self.lock().waiting.pop_first() else { break };
            oldest.notify_one();
            self.count(Away::Crowd);
            gone += 1;
        }
        gone
    }

    /// Counts one that was sent away. The log has the sums, at most one line for each interval.
    pub fn count(self: &Arc<Self>, away: Away) {
        let mut state = self.lock();
        *state.away.entry(away).or_default() += 1;
        if std::mem::replace(&mut state.reporting, true) {
            return;
        }
        drop(state);
        let door = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(door.limits.report).await;
            tracing::warn!("{}", door.report());
        });
    }

    fn report(&self) -> String {
        let mut state = self.lock();
        state.reporting = false;
        let sums: Vec<String> =
            std::mem::take(&mut state.away).iter().map(|(away, count)| format!("{count} {away}")).collect();
        let open = state.waiting.len() + state.busy;
        drop(state);
        format!("connections closed: {}; {open} open that are not devices", sums.join(", "))
    }

    /// How many wait and how many are at work.
    #[must_use]
    pub fn numbers(&self) -> (usize, usize) {
        let state = self.lock();
        (state.waiting.len(), state.busy)
    }

    /// Takes room for bytes of a body; none when all bodies together are too large.
    #[must_use]
    pub fn hold(self: &Arc<Self>) -> Held {
        Held { door: Arc::clone(self), bytes: 0 }
    }

    /// A place among the readers of events; none when there are too many.
    #[must_use]
    pub fn reader(self: &Arc<Self>) -> Option<ReaderPlace> {
        let place = ReaderPlace(Arc::clone(self));
        (self.event_readers.fetch_add(1, Ordering::Relaxed) < self.limits.event_readers).then_some(place)
    }

    /// From now on every answer is the last of its connection.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until the door closes.
    pub async fn closing(&self) {
        // The sender is ours: it outlives the wait.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Waits until everyone has left.
    pub async fn empty(&self) {
        let _ = self.inside.subscribe().wait_for(|inside| *inside == 0).await;
    }
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// For a handshake, for a request; since which turn.
    Waiting(u64),
    /// Its request is being answered.
    Busy,
    /// It is a device, or closed.
    Gone,
}

/// One connection, as the door sees it, from accepted to closed.
#[derive(Debug)]
pub struct Visitor {
    door: Arc<Door>,
    place: Mutex<Place>,
    sent_away: Arc<Notify>,
    heard: AtomicBool,
}

impl Visitor {
    fn put(&self, place: Place) {
        let mut mine = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.door.lock();
        match *mine {
            Place::Waiting(since) => drop(state.waiting.remove(&since)),
            Place::Busy => state.busy -= 1,
            Place::Gone => {}
        }
        *mine = match place {
            Place::Waiting(_) => {
                state.next += 1;
                let since = state.next;
                state.waiting.insert(since, Arc::clone(&self.sent_away));
                Place::Waiting(since)
            }
            Place::Busy => {
                state.busy += 1;
                Place::Busy
            }
            Place::Gone => Place::Gone,
        };
    }

    /// A request has come, whole as far as its head.
    pub fn works(&self) {
        self.heard.store(false, Ordering::Relaxed);
        self.put(Place::Busy);
    }

    /// The answer has been given; the next request may come. A device does not come back.
    pub fn waits(&self) {
        let gone = matches!(*self.place.lock().unwrap_or_else(PoisonError::into_inner), Place::Gone);
        if !gone {
            self.put(Place::Waiting(0));
        }
    }

    /// Whether its request is being answered.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) == Place::Busy
    }

    /// It is a device's from now on: the hub's own deadline for CONNECT holds.
    pub fn becomes_device(&self) {
        self.put(Place::Gone);
    }

    /// Waits until it has to go because there are too many.
    pub async fn sent_away(&self) {
        self.sent_away.notified().await;
    }

    /// Something came from the client since its last request.
    pub fn hears(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether something did.
    #[must_use]
    pub fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// The door.
    #[must_use]
    pub fn door(&self) -> &Arc<Door> {
        &self.door
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.put(Place::Gone);
        self.door.inside.send_modify(|inside| *inside -= 1);
    }
}

/// Room for the bytes of one body, given back when it is dropped.
#[derive(Debug)]
pub struct Held {
    door: Arc<Door>,
    bytes: usize,
}

impl Held {
    /// How long the body may take.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.door.limits.body
    }

    /// Takes room for more; false when all bodies together are too large.
    pub fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.door.body_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.door.limits.body_bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.door.body_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// One reader of events, until it is dropped.
#[derive(Debug)]
pub struct ReaderPlace(Arc<Door>);

impl Drop for ReaderPlace {
    fn drop(&mut self) {
        self.0.event_readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(connections: usize) -> Arc<Door> {
        Door::new(Limits { connections, ..Limits::default() })
    }

    #[tokio::test]
    async fn the_one_that_waited_longest_makes_room() {
        let door = door(2);
        let (first, second) = (door.enter().unwrap(), door.enter().unwrap());
        first.works();
        first.waits();
        let _third = door.enter().unwrap();
        second.sent_away().await;
        assert!(door.report().starts_with("connections closed: 1 waited longest of too many"));
        drop((first, second));
        assert_eq!(door.numbers(), (1, 0));
    }

    #[tokio::test]
    async fn who_is_at_work_is_not_sent_away() {
        let door = door(1);
        let busy = door.enter().unwrap();
        busy.works();
        assert!(door.enter().is_none());
        busy.becomes_device();
        busy.waits();
        assert_eq!(door.numbers(), (0, 0));
        assert!(door.enter().is_some());
    }

    #[tokio::test]
    async fn the_door_knows_when_the_last_one_has_left() {
        let door = door(2);
        let (first, second) = (door.enter().unwrap(), door.enter().unwrap());
        second.becomes_device();
        drop(first);
        assert!(tokio::time::timeout(Duration::ZERO, door.empty()).await.is_err(), "a device is inside");
        drop(second);
        door.empty().await;
        assert!(tokio::time::timeout(Duration::ZERO, door.closing()).await.is_err());
        door.close();
        door.closing().await;
    }

    #[test]
    fn room_for_bodies_and_readers_comes_back() {
        let door = Door::new(Limits { body_bytes: 10, event_readers: 1, ..Limits::default() });
        let mut held = door.hold();
        assert!(held.grow(6) && !held.grow(5));
        drop(held);
        assert!(door.hold().grow(10));
        let reader = door.reader();
        assert!(reader.is_some() && door.reader().is_none());
        drop(reader);
        assert!(door.reader().is_some());
    }
}
