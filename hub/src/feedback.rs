//! Feedback about cloud-to-device messages: collected until there are 64 records or 15 seconds have passed.
//!
//! The real hub hands it out over AMQP and, by its published REST description, over
//! `GET /messages/serviceBound/feedback`; this one also tells `/local/events`.

use crate::event::Happening;
use crate::hub::Hub;
use crate::queue::{Ack, Waiting};
use crate::timers::Timer;
use iothub_protocol::identity::Identity;
use iothub_protocol::time::format_round_trip;
use serde_json::{Value, json};
use std::collections::VecDeque;

const BATCH: usize = 64;
const WAIT_MS: u64 = 15_000;
/// Batches that nobody fetched; the oldest goes first.
const KEPT: usize = 64;
/// How long a batch is kept for whoever fetches it.
const KEPT_MS: u64 = 3_600_000;

/// A batch that a service may fetch.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) lock: String,
    pub(crate) locked_until_ms: u64,
    made_ms: u64,
    pub(crate) records: Value,
}

/// What was collected, and what is ready.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    open: Vec<Value>,
    pub(crate) ready: VecDeque<Batch>,
}

impl Hub {
    pub(crate) fn collect_feedback(
        &mut self,
        who: &Identity,
        generation: &str,
        message: &Waiting,
        status: &str,
    ) {
        let good = status == "Success";
        let wanted = match message.ack {
            Ack::None => false,
            Ack::Positive => good,
            Ack::Negative => !good,
            Ack::Full => true,
        };
        if !wanted {
            return;
        }
        if self.feedback.open.is_empty() {
            self.timers.arm(self.now.mono_ms + WAIT_MS, Timer::Feedback);
        }
        self.feedback.open.push(json!({
            "originalMessageId": message.message_id,
            "enqueuedTimeUtc": format_round_trip(self.wall_ms().cast_signed()),
            "statusCode": status,
            "description": status,
            "deviceId": who.device_id,
            "deviceGenerationId": generation,
        }));
        if self.feedback.open.len() >= BATCH {
            self.send_feedback();
        }
    }

    pub(crate) fn send_feedback(&mut self) {
        self.timers.disarm(Timer::Feedback);
        if self.feedback.open.is_empty() {
            return;
        }
        let records = Value::Array(std::mem::take(&mut self.feedback.open));
        let lock = self.rng.guid();
        if self.feedback.ready.len() >= KEPT {
            self.feedback.ready.pop_front();
        }
        self.feedback.ready.push_back(Batch {
            lock,
            locked_until_ms: 0,
            made_ms: self.now.mono_ms,
            records: records.clone(),
        });
        self.happened(None, Happening::Feedback { records: records.into() });
    }

    /// The oldest batch that is not locked, locked for a minute.
    pub(crate) fn lock_feedback(&mut self) -> Option<(String, Value)> {
        let now = self.now.mono_ms;
        self.feedback.ready.retain(|batch| now - batch.made_ms < KEPT_MS);
        let batch = self.feedback.ready.iter_mut().find(|b| b.locked_until_ms <= now)?;
        batch.locked_until_ms = now + 60_000;
        Some((batch.lock.clone(), batch.records.clone()))
    }

    /// Completes a locked batch, or hands it back; false when the lock is unknown.
    pub(crate) fn settle_feedback(&mut self, lock: &str, complete: bool) -> bool {
        let Some(at) = self.feedback.ready.iter().position(|b| b.lock == lock) else { return false };
        if complete {
            self.feedback.ready.remove(at);
        } else if let Some(batch) = self.feedback.ready.get_mut(at) {
            batch.locked_until_ms = 0;
        }
        true
    }
}
