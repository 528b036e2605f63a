//! The network between devices and hub: wires that keep order, take time, cut bytes anywhere, die, and lie.

use crate::random::Random;
use iothub_device::SocketId;
use std::collections::VecDeque;

/// Which end of a wire something arrives at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The hub's.
    Hub,
    /// The device's.
    Device,
}

/// What travels.
#[derive(Debug)]
pub enum Item {
    /// Bytes of the stream.
    Bytes(Vec<u8>),
    /// The stream's end.
    Close,
}

/// One direction of a wire: first in, first out.
#[derive(Debug, Default)]
pub struct Lane {
    transit: VecDeque<(u64, Item)>,
    last_arrival: u64,
    /// When the sender's buffer is empty again, where the wire has a rate.
    busy_until: u64,
}

/// One WebSocket, from the device's wish to open it to its end at both sides.
#[derive(Debug)]
pub struct Wire {
    /// Index of the client.
    pub client: usize,
    /// The device's number of it.
    pub socket: SocketId,
    /// The device end is there.
    pub device_alive: bool,
    /// The hub end is there.
    pub hub_alive: bool,
    /// Since when it is open at both ends.
    pub open_since: Option<u64>,
    /// The device has written on it: it is no witness that only stands by.
    pub spoken_on: bool,
    /// The hub has acknowledged a message on it.
    pub worked: bool,
    /// Everything sent from now on is lost: it was cut, or it is half-open.
    pub dead: bool,
    /// Towards the hub.
    pub up: Lane,
    /// Towards the device.
    pub down: Lane,
}

/// What becomes of answers to twin requests. In a large hub they come another way than desired patches do, so they
/// may be late and overtaken, or lost, on a link that lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// They leave at once.
    Prompt,
    /// They leave up to so many milliseconds later.
    Late(u64),
    /// They get lost.
    Lost,
}

/// How wires behave at present.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Shortest and longest time of a byte on the way, in milliseconds.
    pub latency: (u64, u64),
    /// Bytes are cut into pieces of at most so many; whole frames when zero.
    pub pieces: usize,
    /// Bytes that leave a device's socket buffer per millisecond; no limit when zero.
    pub rate: u64,
    /// New sockets are refused until then.
    pub refuse_until: u64,
    /// New sockets hang until then, and never open.
    pub hang_until: u64,
    /// What becomes of answers to twin requests.
    pub twin_answers: Answers,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            latency: (10, 30),
            pieces: 0,
            rate: 0,
            refuse_until: 0,
            hang_until: 0,
            twin_answers: Answers::Prompt,
        }
    }
}

impl Conditions {
    /// The time that something takes.
    pub fn travel(&self, random: &mut Random) -> u64 {
        random.between(self.latency.0, self.latency.1)
    }
}

impl Lane {
    /// Puts bytes on the way; gives the times at which pieces of them arrive.
    pub fn push(&mut self, bytes: &[u8], now: u64, conditions: &Conditions, random: &mut Random) -> Vec<u64> {
        let mut times = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let size = match conditions.pieces {
                0 => rest.len(),
                most => rest.len().min(1 + random.index(most)),
            };
            let (piece, behind) = rest.split_at(size);
            rest = behind;
            let mut leaves = now;
            if conditions.rate > 0 {
                self.busy_until = self.busy_until.max(now) + (size as u64).div_ceil(conditions.rate);
                leaves = self.busy_until;
            }
            times.push(self.enqueue(leaves + conditions.travel(random), Item::Bytes(piece.to_vec())));
        }
        times
    }

    /// Puts the end of the stream behind what is on the way.
    pub fn push_close(&mut self, arrival: u64) -> u64 {
        self.enqueue(arrival, Item::Close)
    }

    fn enqueue(&mut self, arrival: u64, item: Item) -> u64 {
        self.last_arrival = self.last_arrival.max(arrival);
        self.transit.push_back((self.last_arrival, item));
        self.last_arrival
    }

    /// The next item, when it has arrived.
    pub fn arrived(&mut self, now: u64) -> Option<Item> {
        let due = self.transit.front().is_some_and(|(at, _)| *at <= now);
        due.then(|| self.transit.pop_front()).flatten().map(|(_, item)| item)
    }

    /// How many items are on the way.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.transit.len()
    }

    /// Bytes on the way.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.transit.iter().map(|(_, item)| if let Item::Bytes(b) = item { b.len() } else { 0 }).sum()
    }

    /// Bytes that have not left the sender's buffer yet.
    #[must_use]
    pub fn buffered(&self, now: u64, rate: u64) -> usize {
        usize::try_from(self.busy_until.saturating_sub(now) * rate).unwrap_or(usize::MAX)
    }

    /// Loses what is on the way behind the first `keep` bytes.
    pub fn truncate(&mut self, keep: usize) {
        let mut left = keep;
        let mut kept = VecDeque::new();
        for (at, item) in self.transit.drain(..) {
            let Item::Bytes(mut bytes) = item else { break };
            bytes.truncate(left);
            left -= bytes.len();
            if bytes.is_empty() {
                break;
            }
            kept.push_back((at, Item::Bytes(bytes)));
        }
        self.transit = kept;
    }
}

impl Wire {
    /// A wire that a device has asked for.
    #[must_use]
    pub fn new(client: usize, socket: SocketId) -> Self {
        Self {
            client,
            socket,
            device_alive: true,
            hub_alive: false,
            open_since: None,
            spoken_on: false,
            worked: false,
            dead: false,
            up: Lane::default(),
            down: Lane::default(),
        }
    }
}
