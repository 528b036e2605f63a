//! One table of deadlines. A timer that is no longer wanted is left in and found stale when it fires: arming
//! is the hot path, cancelling never happens.

use crate::LinkId;
use crate::call::CallId;
use crate::registry::Slot;
use std::collections::BTreeSet;

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
    /// Something that a fault held back is due.
    Held(u64),
    /// Throttled work may go on.
    Throttle(LinkId),
    /// Feedback has been collected long enough.
    Feedback,
}

/// Deadlines in monotonic milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(u64, Timer)>);

impl Timers {
    pub(crate) fn arm(&mut self, at_ms: u64, timer: Timer) {
        self.0.insert((at_ms, timer));
    }

    /// The next one that is due, taken out.
    pub(crate) fn due(&mut self, now_ms: u64) -> Option<Timer> {
        let first = *self.0.first()?;
        if first.0 > now_ms {
            return None;
        }
        self.0.remove(&first);
        Some(first.1)
    }

    pub(crate) fn next(&self) -> Option<u64> {
        self.0.first().map(|(at, _)| *at)
    }
}
