//! Figures that an application may show: what waits, what flew, how long it took.

/// A snapshot; counters never go back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Messages in the outbox.
    pub queued: usize,
    /// Messages on the wire without a PUBACK.
    pub in_flight: usize,
    /// Messages handed to the wire, resends not counted.
    pub sent: u64,
    /// Messages that the hub acknowledged.
    pub acked: u64,
    /// Messages that were sent again after a lost link.
    pub resent: u64,
    /// Links made after the first one.
    pub reconnects: u64,
    /// Smoothed time from PUBLISH to PUBACK, in milliseconds; 0 before the first.
    pub round_trip_ms: u64,
}

impl Metrics {
    pub(crate) fn acknowledged(&mut self, round_trip: u64) {
        self.acked += 1;
        self.round_trip_ms =
            if self.acked == 1 { round_trip } else { (self.round_trip_ms * 7 + round_trip).div_ceil(8) };
    }
}
