//! The two times the hub is told, and the wall clock that a test may stop or move.
//!
//! Every input of the hub carries a [`Now`]. The monotonic part drives keep-alive, time-outs and delays; the
//! wall clock decides about tokens, expiry and time stamps, and is the one that `/local/clock` shifts.

/// What time it is, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds since any fixed moment; never goes back.
    pub mono_ms: u64,
    /// Milliseconds since 1970 (UTC).
    pub unix_ms: u64,
}

impl Now {
    /// Both clocks at once.
    #[must_use]
    pub fn new(mono_ms: u64, unix_ms: u64) -> Self {
        Self { mono_ms, unix_ms }
    }
}

/// The hub's wall clock: the shell's, moved by an offset, or stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WallClock {
    offset_ms: i64,
    stopped_at: Option<u64>,
}

impl WallClock {
    /// The hub's time in milliseconds since 1970.
    #[must_use]
    pub fn unix_ms(&self, now: Now) -> u64 {
        self.stopped_at.unwrap_or_else(|| now.unix_ms.saturating_add_signed(self.offset_ms))
    }

    /// Stops it where it is.
    pub fn stop(&mut self, now: Now) {
        self.stopped_at = Some(self.unix_ms(now));
    }

    /// Lets it run on from where it stands.
    pub fn run(&mut self, now: Now) {
        if let Some(at) = self.stopped_at.take() {
            self.offset_ms = signed_difference(at, now.unix_ms);
        }
    }

    /// Puts it to a moment; a stopped clock stays stopped.
    pub fn set(&mut self, unix_ms: u64, now: Now) {
        self.offset_ms = signed_difference(unix_ms, now.unix_ms);
        if self.stopped_at.is_some() {
            self.stopped_at = Some(unix_ms);
        }
    }

    /// Moves it forward or, with a negative number, back.
    pub fn advance(&mut self, by_ms: i64, now: Now) {
        self.set(self.unix_ms(now).saturating_add_signed(by_ms), now);
    }

    /// Whether it stands still.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped_at.is_some()
    }

    /// How far it is from the shell's clock.
    #[must_use]
    pub fn offset_ms(&self, now: Now) -> i64 {
        signed_difference(self.unix_ms(now), now.unix_ms)
    }
}

fn signed_difference(a: u64, b: u64) -> i64 {
    i64::try_from(i128::from(a) - i128::from(b)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_stopped_clock_stands_and_runs_on_from_there() {
        let mut clock = WallClock::default();
        clock.advance(5_000, Now::new(0, 1_000));
        assert_eq!(clock.unix_ms(Now::new(0, 2_000)), 7_000);
        clock.stop(Now::new(0, 2_000));
        assert_eq!(clock.unix_ms(Now::new(0, 9_000)), 7_000);
        clock.advance(-1_000, Now::new(0, 9_000));
        assert_eq!(clock.unix_ms(Now::new(0, 9_500)), 6_000);
        clock.run(Now::new(0, 10_000));
        assert_eq!(clock.unix_ms(Now::new(0, 10_500)), 6_500);
    }
}
