//! Feedback about cloud-to-device messages: collected until there are 64 records or 15 seconds have passed.
//!
//! The real hub hands it out over AMQP and, by its published REST description, over
//! `GET /messages/serviceBound/feedback`; this one also tells `/local/events`.

use crate::event::Happening;
use crate::fields::Fields;
use crate::hub::Hub;
use crate::queue::{Ack, Waiting};
use crate::timers::Timer;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::ServiceError;
use iothub_protocol::time::format_round_trip;
use serde_json::{Value, json};
use std::collections::VecDeque;

const BATCH: usize = 64;
const WAIT_MS: u64 = 15_000;
/// Batches that nobody fetched; the oldest goes first.
const KEPT: usize = 64;
/// How long a batch is kept for whoever fetches it.
const KEPT_MS: u64 = 3_600_000;

/// For how long a fetched batch is the receiver's own.
const LOCK_MS: u64 = 60_000;

/// A batch that a service may fetch.
#[derive(Debug)]
struct Batch {
    /// What it is kept under in the data file.
    number: u64,
    /// By the hub's wall clock, which a restart does not set back.
    made_ms: u64,
    records: Vec<Value>,
    /// Another one each time it is fetched; and until when, in monotonic milliseconds.
    lock: Option<(String, u64)>,
}

/// What was collected, and what is ready.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    open: Option<Batch>,
    ready: VecDeque<Batch>,
    next: u64,
}

impl Collected {
    /// Nothing, with its numbers going on.
    pub(crate) fn emptied(self) -> Self {
        Self { next: self.next, ..Self::default() }
    }

    /// The numbers of all batches.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.ready.iter().chain(&self.open).map(|batch| batch.number).collect()
    }

    /// The document of a batch for the data file.
    pub(crate) fn document(&self, number: u64) -> Option<Value> {
        let open = self.open.as_ref().filter(|batch| batch.number == number);
        let batch = open.or_else(|| self.ready.iter().find(|batch| batch.number == number))?;
        Some(json!({ "madeMs": batch.made_ms, "records": batch.records, "open": open.is_some() }))
    }
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
        let record = json!({
            "originalMessageId": message.message_id,
            "enqueuedTimeUtc": format_round_trip(self.wall_ms().cast_signed()),
            "statusCode": status,
            "description": status,
            "deviceId": who.device_id,
            "deviceGenerationId": generation,
        });
        if self.feedback.open.is_none() {
            self.timers.arm(self.now.mono_ms + WAIT_MS, Timer::Feedback);
            let (number, made_ms) = (self.feedback.next, self.wall_ms());
            self.feedback.next += 1;
            self.feedback.open = Some(Batch { number, made_ms, records: Vec::new(), lock: None });
        }
        let Some(batch) = &mut self.feedback.open else { return };
        batch.records.push(record);
        let (number, full) = (batch.number, batch.records.len() >= BATCH);
        self.touch_feedback(number);
        if full {
            self.send_feedback();
        }
    }

    pub(crate) fn send_feedback(&mut self) {
        self.timers.disarm(Timer::Feedback);
        let Some(batch) = self.feedback.open.take() else { return };
        if self.feedback.ready.len() >= KEPT
            && let Some(oldest) = self.feedback.ready.pop_front()
        {
            self.touch_feedback(oldest.number);
        }
        self.touch_feedback(batch.number);
        let records = Value::Array(batch.records.clone());
        self.feedback.ready.push_back(batch);
        self.happened(None, Happening::Feedback { records: records.into() });
    }

    /// The oldest batch that is not locked, locked for a minute under a name of its own.
    pub(crate) fn lock_feedback(&mut self) -> Option<(String, Value)> {
        let (now, wall, lock) = (self.now.mono_ms, self.wall_ms(), self.rng.guid());
        let over = |batch: &Batch| wall.saturating_sub(batch.made_ms) >= KEPT_MS;
        while self.feedback.ready.front().is_some_and(over) {
            let old = self.feedback.ready.pop_front();
            old.into_iter().for_each(|batch| self.touch_feedback(batch.number));
        }
        let free = |batch: &&mut Batch| batch.lock.as_ref().is_none_or(|(_, until)| *until <= now);
        let batch = self.feedback.ready.iter_mut().find(free)?;
        batch.lock = Some((lock.clone(), now + LOCK_MS));
        Some((lock, Value::Array(batch.records.clone())))
    }

    /// Completes a batch for whoever holds its lock, or hands it back; false when nobody holds that lock any more.
    pub(crate) fn settle_feedback(&mut self, lock: &str, complete: bool) -> bool {
        let now = self.now.mono_ms;
        let held =
            |batch: &Batch| batch.lock.as_ref().is_some_and(|(held, until)| held == lock && *until > now);
        let Some(at) = self.feedback.ready.iter().position(held) else { return false };
        if complete {
            if let Some(batch) = self.feedback.ready.remove(at) {
                self.touch_feedback(batch.number);
            }
        } else if let Some(batch) = self.feedback.ready.get_mut(at) {
            batch.lock = None;
        }
        true
    }

    /// Takes a batch of feedback back as it was kept; one that was still open is sent in time.
    ///
    /// # Errors
    /// 400 with the field that is wrong.
    pub fn restore_feedback(&mut self, number: u64, document: &Value) -> Result<(), ServiceError> {
        let fields = Fields::of("a batch of feedback", document)?;
        let made_ms = fields.count("madeMs", u64::MAX)?.unwrap_or(0);
        let batch = Batch { number, made_ms, records: fields.list("records")?.to_vec(), lock: None };
        self.feedback.next = self.feedback.next.max(number + 1);
        if fields.flag("open")? == Some(true) && self.feedback.open.is_none() {
            self.feedback.open = Some(batch);
            self.timers.arm(self.now.mono_ms + WAIT_MS, Timer::Feedback);
        } else {
            self.feedback.ready.push_back(batch);
        }
        Ok(())
    }
}
