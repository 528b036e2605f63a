//! What was promised and what became of it, on both sides of the network.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A message that an application sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Who.
    pub client: usize,
    /// QoS.
    pub qos: u8,
    /// The call was not refused at once.
    pub accepted: bool,
    /// Copies that reached the hub.
    pub at_hub: usize,
}

/// A cloud-to-device message that the hub took.
#[derive(Debug, Clone, Default)]
pub struct Queued {
    /// The hub has seen its PUBACK.
    pub completed: bool,
    /// It expired, or was delivered too often.
    pub given_up: bool,
}

/// The books.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Messages by number; the body of number 7 is `m7`.
    pub sent: Vec<Sent>,
    /// Wills that the hub published.
    pub wills: usize,
    /// Cloud-to-device messages by id, which is also their body.
    pub queued: BTreeMap<String, Queued>,
    /// Bodies in the order the hub took them.
    pub queue_order: Vec<String>,
    /// `{"n": …}` of reported patches in the order the hub applied them.
    pub reported: Vec<u64>,
    /// Methods that were answered, with the status or the error's code.
    pub answers: Vec<Result<i32, u32>>,
    /// Methods invoked.
    pub invoked: usize,
    /// Links the hub let in, by time.
    pub admitted: Vec<u64>,
    /// Reasons for which the hub ended or refused links.
    pub endings: Vec<(u64, &'static str)>,
    /// The hub's desired properties after each version.
    pub desired: BTreeMap<u64, Map<String, Value>>,
    /// The device was deleted and made again: its versions begin anew.
    pub anew: bool,
    /// The first broken rule.
    pub violation: Option<String>,
}

impl Ledger {
    /// Books a broken rule; the first one counts.
    pub fn violated(&mut self, text: impl Into<String>) {
        if self.violation.is_none() {
            self.violation = Some(text.into());
        }
    }

    /// Messages of QoS 1 that were accepted and never reached the hub.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.sent.iter().filter(|sent| sent.accepted && sent.qos == 1 && sent.at_hub == 0).count()
    }

    /// The number of a message with this body.
    #[must_use]
    pub fn number_of(body: &[u8]) -> Option<usize> {
        std::str::from_utf8(body).ok()?.strip_prefix('m')?.split('.').next()?.parse().ok()
    }
}
