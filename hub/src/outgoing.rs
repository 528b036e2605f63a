//! What leaves: the buffer of each link, sent once an input is handled, or later where a fault or a throttled tier
//! holds it back. A link that ends meanwhile closes behind what is held, unless its end is abrupt.

use crate::hub::{Hub, Output};
use crate::link::{Link, LinkId};
use crate::reason::{Cause, Reason};
use crate::timers::Timer;
use iothub_protocol::identity::Identity;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes that leave later, each with its moment, in order.
#[derive(Debug, Default)]
pub(crate) struct Held {
    waiting: VecDeque<(u64, Vec<u8>)>,
    bytes: usize,
}

impl Held {
    fn push(&mut self, at_ms: u64, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.waiting.push_back((at_ms, bytes));
    }

    fn due(&mut self, now_ms: u64) -> Option<Vec<u8>> {
        self.waiting.front().filter(|(at, _)| *at <= now_ms)?;
        let (_, bytes) = self.waiting.pop_front()?;
        self.bytes -= bytes.len();
        Some(bytes)
    }

    fn next(&self) -> Option<u64> {
        self.waiting.front().map(|(at, _)| *at)
    }

    /// How much waits.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A link that has ended while bytes for it were held back.
#[derive(Debug)]
pub(crate) struct Leaving {
    held: Held,
    cause: Cause,
    identity: Option<Arc<Identity>>,
}

/// Ends that a network or a hub in need makes: what is on its way is lost.
pub(crate) fn is_abrupt(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Fault
            | Reason::Restarted
            | Reason::HubStopping
            | Reason::SlowReader
            | Reason::ConnectionLost
            | Reason::Throttled
    )
}

impl Hub {
    /// The buffer of a link, which will be transmitted once this input is handled.
    pub(crate) fn out(&mut self, link: LinkId) -> Option<&mut Vec<u8>> {
        let state = self.links.get_mut(&link)?;
        if !state.dirty {
            state.dirty = true;
            self.dirty.push(link);
        }
        Some(&mut state.out)
    }

    /// The next buffer that has something in it.
    pub(crate) fn next_buffer(&mut self) -> Option<Output> {
        while let Some(link) = self.dirty.pop() {
            if let Some(output) = self.take_output(link) {
                return Some(output);
            }
        }
        None
    }

    fn take_output(&mut self, link: LinkId) -> Option<Output> {
        let now = self.now.mono_ms;
        let state = self.links.get_mut(&link)?;
        state.dirty = false;
        let bytes = std::mem::take(&mut state.out);
        if bytes.is_empty() || state.half_open {
            return None;
        }
        if self.packets.on {
            self.log_outgoing(link, &bytes);
        }
        let slowing = if self.faults.is_empty() { None } else { self.slowing(link) };
        let delay = slowing.map_or(0, |slowing| slowing.ms);
        let state = self.links.get_mut(&link)?;
        let until = state.held_until_ms.max(now.saturating_add(delay));
        if until <= now && state.held.next().is_none() {
            return Some(Output::Transmit { link, bytes });
        }
        state.held_until_ms = until;
        state.held.push(until, bytes);
        self.timers.arm(until, Timer::Held(link));
        None
    }

    /// What was held back leaves, and the socket closes behind it if the link has ended.
    pub(crate) fn release_held(&mut self, link: LinkId) {
        let now = self.now.mono_ms;
        let held = match (self.links.get_mut(&link), self.leaving.get_mut(&link)) {
            (Some(state), _) if state.half_open => return state.held = Held::default(),
            (Some(state), _) => &mut state.held,
            (None, Some(leaving)) => &mut leaving.held,
            (None, None) => return,
        };
        while let Some(bytes) = held.due(now) {
            self.outputs.push_back(Output::Transmit { link, bytes });
        }
        match held.next() {
            Some(next) => self.timers.arm(next, Timer::Held(link)),
            None => self.close_leaving(link),
        }
    }

    /// Forgets a link and closes its socket, behind what is held back for it unless the end is abrupt. Gives what
    /// the link was; none when it has ended before.
    pub(crate) fn close(
        &mut self,
        link: LinkId,
        cause: &Cause,
        identity: Option<Arc<Identity>>,
        abrupt: bool,
    ) -> Option<Link> {
        if let Some(output) = self.take_output(link) {
            self.output(output);
        }
        let mut state = self.links.remove(&link)?;
        self.strangers.remove(link);
        self.faults.forget(link);
        self.timers.disarm_link(link);
        let held = std::mem::take(&mut state.held);
        let at_once = abrupt || state.half_open || held.next().is_none();
        if let Some(next) = held.next().filter(|_| !at_once) {
            self.timers.arm(next, Timer::Held(link));
        }
        self.leaving.insert(link, Leaving { held, cause: cause.clone(), identity });
        if at_once {
            self.close_leaving(link);
        }
        Some(state)
    }

    /// Closes the socket of a link that has ended, whatever is held back for it.
    pub(crate) fn close_leaving(&mut self, link: LinkId) {
        if let Some(Leaving { cause, identity, .. }) = self.leaving.remove(&link) {
            self.output(Output::Close { link, cause, identity });
        }
    }
}
