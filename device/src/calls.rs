//! How calls end: with what the hub said, at their deadline, given up by their caller, or all at once.
//!
//! Called by the other parts of the device; each call is settled once.

use crate::device::Device;
use crate::error::{Code, Error};
use crate::io::{OpId, Output, Settlement};
use crate::life::Phase;

impl Device {
    pub(crate) fn expire(&mut self, op: OpId) {
        if self.connect_op == Some(op) {
            let error = match self.trouble.take() {
                Some(last) => Error::new(last.code, format!("not connected in time; last: {}", last.message)),
                None => Error::new(
                    Code::Timeout,
                    "the hub said nothing in time, neither yes nor no: check host name and network, or give it longer",
                ),
            };
            return self.stop(error);
        }
        let (code, text) = match self.requests.met(op) {
            Some(429) => (
                Code::Throttled,
                "the hub answered 429 (too many twin requests) until the call's time-out: ask less often, or later",
            ),
            Some(_) => (
                Code::HubError,
                "the hub answered with an error of its own side (5xx) until the call's time-out: try again later",
            ),
            None => (
                Code::Timeout,
                "the call took longer than its time-out; what had left may still reach the hub",
            ),
        };
        self.give_up(op, code, text);
    }

    pub(crate) fn give_up(&mut self, op: OpId, code: Code, text: &str) {
        if self.connect_op == Some(op) {
            self.stop(Error::new(code, text));
        } else if self.outbox.remove(op)
            || self.in_flight.forget(op)
            || self.requests.forget(op)
            || forget(&mut self.subscribing, op)
        {
            self.settle(op, Err(Error::new(code, text)));
        }
    }

    /// The hub has said something about a subscription, or somebody asks.
    pub(crate) fn settle_subscribed(&mut self) {
        if !matches!(self.phase, Phase::Online) || !self.subscriptions.are_settled() {
            return;
        }
        if let Some(op) = self.connect_op.take() {
            self.settle(op, Ok(Settlement::Connected));
        }
        for op in std::mem::take(&mut self.subscribing) {
            self.settle(op, Ok(Settlement::Subscribed));
        }
    }

    pub(crate) fn settle(&mut self, op: OpId, outcome: Result<Settlement, Error>) {
        self.deadlines.settled(op);
        self.outputs.push_back(Output::Settled { op, outcome });
    }

    /// Ends every open call with this error.
    pub(crate) fn settle_all(&mut self, error: &Error) {
        let mut ops = self.in_flight.drain();
        ops.extend(self.outbox.drain());
        ops.extend(self.requests.drain());
        ops.extend(self.connect_op.take());
        ops.append(&mut self.subscribing);
        for op in ops {
            self.settle(op, Err(error.clone()));
        }
        let closes = self.closing.as_mut().map(|closing| std::mem::take(&mut closing.ops));
        for op in closes.unwrap_or_default() {
            self.settle(op, Ok(Settlement::Closed));
        }
        if !matches!(self.phase, Phase::Parting) {
            self.closing = None;
        }
    }
}

fn forget(ops: &mut Vec<OpId>, op: OpId) -> bool {
    let before = ops.len();
    ops.retain(|waiting| *waiting != op);
    ops.len() < before
}

pub(crate) fn closed() -> Error {
    Error::new(Code::Closed, "the client is closed: make a new one with DeviceClient.connect")
}
