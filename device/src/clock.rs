//! The time as the machine gets it: from outside, with every call. Nothing in this crate reads a clock.

/// Now, twice: a monotonic clock for time-outs, the wall clock for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// Milliseconds of a clock that never goes back, from any origin. It may stand still while the machine sleeps.
    pub now: u64,
    /// Milliseconds since 1970 (UTC). It may be set at any time.
    pub unix_ms: u64,
}

/// Two clocks that part by more than this have been parted, in milliseconds.
const STEP: u64 = 2_000;

impl Clock {
    /// Whole seconds since 1970, the unit of SAS.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        self.unix_ms / 1000
    }

    /// The origin of the monotonic clock on the wall clock.
    pub(crate) fn origin(self) -> u64 {
        self.unix_ms.wrapping_sub(self.now)
    }

    /// Whether since the time of this origin the machine slept, or its wall clock was set: nothing tells one from the
    /// other. Neither says anything about how long calls have waited.
    pub(crate) fn has_stepped(self, origin: u64) -> bool {
        self.origin().abs_diff(origin) > STEP
    }
}

/// The earlier of two deadlines, where either may be absent.
pub(crate) fn earlier(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
