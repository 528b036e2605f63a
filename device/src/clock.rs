//! The time as the machine gets it: from outside, with every call. Nothing in this crate reads a clock.

/// Now, twice: a monotonic clock for time-outs, the wall clock for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// Milliseconds of a clock that never goes back, from any origin. It should count sleep.
    pub now: u64,
    /// Milliseconds since 1970 (UTC).
    pub unix_ms: u64,
}

impl Clock {
    /// Whole seconds since 1970, the unit of SAS.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        self.unix_ms / 1000
    }
}

/// The earlier of two deadlines, where either may be absent.
pub(crate) fn earlier(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
