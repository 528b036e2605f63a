//! One table of deadlines, at most one for each timer: the earliest that was asked for. A timer that comes too
//! early for what it is about looks, and is armed for the rest.

use crate::LinkId;
use crate::call::CallId;
use crate::registry::Slot;
use std::collections::{BTreeMap, BTreeSet};

/// What is due. The order only breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// CONNECT has not come.
    Connect(LinkId),
    /// The keep-alive of a link may have passed.
    KeepAlive(LinkId),
    /// The token of a link may have ended.
    Token(LinkId),
    /// Messages of this queue may have expired.
    Queue(Slot),
    /// The device did not come, or did not answer.
    Call(CallId),
    /// Something that was held back for a link is due.
    Held(LinkId),
    /// The fault of this number closes a link that it has throttled.
    Throttle(LinkId, u64),
    /// Feedback has been collected long enough.
    Feedback,
}

/// Deadlines in monotonic milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    deadlines: BTreeSet<(u64, Timer)>,
    armed: BTreeMap<Timer, u64>,
}

impl Timers {
    pub(crate) fn arm(&mut self, at_ms: u64, timer: Timer) {
        let deadline = self.armed.entry(timer).or_insert(u64::MAX);
        if at_ms < *deadline {
            self.deadlines.remove(&(*deadline, timer));
            self.deadlines.insert((at_ms, timer));
            *deadline = at_ms;
        }
    }

    /// A link has ended: nothing of it is due any more.
    pub(crate) fn disarm_link(&mut self, link: LinkId) {
        let throttles = Timer::Throttle(link, 0)..=Timer::Throttle(link, u64::MAX);
        let mut all: Vec<Timer> = self.armed.range(throttles).map(|(timer, _)| *timer).collect();
        all.extend([Timer::Connect(link), Timer::KeepAlive(link), Timer::Token(link), Timer::Held(link)]);
        all.into_iter().for_each(|timer| self.disarm(timer));
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        if let Some(at) = self.armed.remove(&timer) {
            self.deadlines.remove(&(at, timer));
        }
    }

    /// The next one that is due, taken out.
    pub(crate) fn due(&mut self, now_ms: u64) -> Option<Timer> {
        let (_, timer) = *self.deadlines.first().filter(|(at, _)| *at <= now_ms)?;
        self.disarm(timer);
        Some(timer)
    }

    pub(crate) fn next(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_timer_has_one_deadline_and_it_is_the_earliest() {
        let (mut timers, one) = (Timers::default(), Timer::Token(LinkId(1)));
        timers.arm(50, one);
        timers.arm(70, one);
        timers.arm(30, one);
        timers.arm(40, Timer::Feedback);
        assert_eq!((timers.next(), timers.due(29)), (Some(30), None));
        assert_eq!(
            (timers.due(70), timers.due(70), timers.due(70)),
            (Some(one), Some(Timer::Feedback), None)
        );
        timers.arm(u64::MAX, one);
        timers.arm(60, Timer::KeepAlive(LinkId(1)));
        timers.arm(61, Timer::Throttle(LinkId(1), 7));
        timers.disarm_link(LinkId(1));
        assert_eq!((timers.next(), timers.armed.len()), (None, 0));
    }
}
