//! The cloud-to-device queue of one device: at most fifty messages, each until it is acknowledged, expires, or
//! was delivered too often.

use iothub_protocol::limits;
use std::collections::VecDeque;

/// Which feedback the sender asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ack {
    /// None at all.
    #[default]
    None,
    /// When the message was completed.
    Positive,
    /// When it was lost.
    Negative,
    /// Either way.
    Full,
}

impl Ack {
    /// The value of `iothub-ack`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Full => "full",
        }
    }

    /// Reads it without regard to case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Positive, Self::Negative, Self::Full]
            .into_iter()
            .find(|ack| ack.name().eq_ignore_ascii_case(text))
    }
}

/// A message on its way to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Grows by one with every message of the hub.
    pub(crate) sequence: u64,
    pub(crate) message_id: String,
    /// The topic's bag, written once.
    pub(crate) bag: String,
    pub(crate) body: Vec<u8>,
    pub(crate) ack: Ack,
    pub(crate) enqueued_ms: u64,
    pub(crate) expires_ms: u64,
    /// How many times it was put on a link.
    pub(crate) deliveries: u32,
    /// On a link and not acknowledged.
    pub(crate) locked: bool,
}

/// The queue.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queue(VecDeque<Waiting>);

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= limits::C2D_QUEUE
    }

    pub(crate) fn push(&mut self, message: Waiting) {
        self.0.push_back(message);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Waiting> {
        self.0.iter_mut()
    }

    /// Puts the messages into the order of their numbers.
    pub(crate) fn sort(&mut self) {
        self.0.make_contiguous().sort_by_key(|message| message.sequence);
    }

    pub(crate) fn take(&mut self, sequence: u64) -> Option<Waiting> {
        let at = self.0.iter().position(|m| m.sequence == sequence)?;
        self.0.remove(at)
    }

    /// Takes out what has expired and is not on a link.
    pub(crate) fn take_expired(&mut self, unix_ms: u64) -> Vec<Waiting> {
        self.take_where(|m| !m.locked && m.expires_ms <= unix_ms)
    }

    pub(crate) fn take_all(&mut self) -> Vec<Waiting> {
        self.0.drain(..).collect()
    }

    pub(crate) fn take_where(&mut self, mut gone: impl FnMut(&Waiting) -> bool) -> Vec<Waiting> {
        let (out, kept) = std::mem::take(&mut self.0).into_iter().partition(|m| gone(m));
        self.0 = kept;
        Vec::from_iter::<VecDeque<Waiting>>(out)
    }

    /// The next moment at which something expires. What is on a link waits for its PUBACK or the link's end.
    pub(crate) fn next_expiry(&self) -> Option<u64> {
        self.0.iter().filter(|m| !m.locked).map(|m| m.expires_ms).min()
    }
}
