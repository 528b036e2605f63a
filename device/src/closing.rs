//! Closing: open work first, running handlers too; then DISCONNECT.
//!
//! A handler that waits for its own `close()` can not end before it. So when the time is up and handlers still run,
//! the application is told that the device is closed, and they have a moment more: what they settle then is
//! acknowledged before DISCONNECT leaves.

use crate::calls::closed;
use crate::device::Device;
use crate::io::{OpId, Settlement, State};
use crate::life::Phase;

/// A close that waits for open work.
#[derive(Debug)]
pub(crate) struct Closing {
    /// Every call that wants it: they all end when the device is closed, none before.
    pub(crate) ops: Vec<OpId>,
    pub(crate) until: u64,
}

/// How long handlers may still settle once the application was told that the device is closed, in milliseconds.
const LAST_WORD: u64 = 100;

impl Device {
    pub(crate) fn begin_close(&mut self, op: OpId, drain: u64) {
        match self.phase {
            Phase::Parting => self.settle(op, Ok(Settlement::Closed)),
            Phase::Closed | Phase::Stopped(_) => {
                self.phase = Phase::Closed;
                self.tell_closed();
                self.settle(op, Ok(Settlement::Closed));
            }
            _ => {
                // What comes from now on stays with the hub, for the next client.
                self.inbox.pause();
                let until = self.at.now.saturating_add(drain);
                let closing = self.closing.get_or_insert(Closing { ops: Vec::new(), until });
                closing.ops.push(op);
                closing.until = closing.until.min(until);
            }
        }
        self.close_when_done();
    }

    pub(crate) fn close_when_done(&mut self) {
        let Some(closing) = &mut self.closing else { return };
        let at_work = !(self.inbox.is_idle() && self.methods.is_idle());
        let over = self.at.now >= closing.until;
        if matches!(self.phase, Phase::Parting) {
            if over || !at_work {
                self.leave();
                self.part();
            }
            return;
        }
        let open = !self.outbox.is_empty() || self.in_flight.is_awaited() || !self.requests.is_idle();
        if (open || at_work) && !over {
            return;
        }
        if at_work && matches!(self.phase, Phase::Online) && !self.renewal.has_left() {
            closing.until = self.at.now + LAST_WORD;
            self.methods.pause();
            self.drop_spare();
            self.phase = Phase::Parting;
        } else {
            self.leave();
            self.phase = Phase::Closed;
        }
        self.tell_closed();
        self.settle_all(&closed());
    }

    /// The connection of a device that is closed already is gone.
    pub(crate) fn part(&mut self) {
        self.phase = Phase::Closed;
        self.closing = None;
    }

    fn tell_closed(&mut self) {
        self.status(State::Closed, "closed", "closed by the application".to_owned(), None);
    }
}
