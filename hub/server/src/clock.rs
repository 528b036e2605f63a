//! The only clock of the process: monotonic time since the start, and the time of day. The core is told both.

use iothub_hub::Now;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock, and what the timer task sleeps for.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// When the timer task will wake, in milliseconds since the start.
    sleeping_until: AtomicU64,
}

impl Clock {
    /// Starts counting.
    #[must_use]
    pub fn start() -> Self {
        Self { started: Instant::now(), sleeping_until: AtomicU64::new(u64::MAX) }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now::new(millis(self.started.elapsed()), millis(unix))
    }

    /// The timer task is awake: whatever is armed from now on has to ring for it.
    pub fn awake(&self) {
        self.sleeping_until.store(u64::MAX, Ordering::Relaxed);
    }

    /// How long until a deadline; the timer task is about to sleep for it.
    pub fn until(&self, due_ms: u64) -> Duration {
        self.sleeping_until.store(due_ms, Ordering::Relaxed);
        // Rounded up by one, so that the deadline has passed when the sleep is over.
        Duration::from_millis((due_ms.saturating_add(1)).saturating_sub(millis(self.started.elapsed())))
    }

    /// Whether a deadline comes before the timer task wakes.
    #[must_use]
    pub fn earlier(&self, due_ms: Option<u64>) -> bool {
        due_ms.is_some_and(|due| due < self.sleeping_until.fetch_min(due, Ordering::Relaxed))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_never_comes_is_not_at_once() {
        let clock = Clock::start();
        assert!(clock.until(u64::MAX) > Duration::from_secs(1 << 40));
    }
}
