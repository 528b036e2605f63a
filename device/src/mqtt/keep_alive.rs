//! Whether the link is alive: PINGREQ after silence, an answer that is due, and what a late timer means.

use crate::clock::earlier;
use crate::config::Options;

/// A timer that comes this much later than asked was not throttled (browsers delay timers of hidden tabs by up
/// to a minute): the page was frozen or the machine slept, and the answer may still wait in the socket.
const FROZEN: u64 = 65_000;

/// A timer for an answer that is overdue by less than this is about to fire, in milliseconds.
const JUDGED_SOON: u64 = 1_000;
/// PINGREQ after so long without a byte, in milliseconds, where timers run once a minute: with the two minutes that
/// such timers take to ask and to judge, a dead link is still found within 130 s.
const SILENCE_WHEN_LATE: u64 = 9_000;

/// The memory of one link's traffic.
#[derive(Debug)]
pub(crate) struct KeepAlive {
    last_in: u64,
    last_out: u64,
    last_ping: u64,
    answer_due: Option<u64>,
    /// The host runs timers late, as for a hidden tab.
    late_timers: bool,
}

/// What a deadline that has passed asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing yet.
    Fine,
    /// Send a PINGREQ.
    Ping,
    /// The link is dead.
    Dead,
}

impl KeepAlive {
    pub(crate) fn new(now: u64) -> Self {
        Self { last_in: now, last_out: now, last_ping: now, answer_due: None, late_timers: false }
    }

    /// Whether the host runs timers late.
    pub(crate) fn timers_are_late(&mut self, late: bool) {
        self.late_timers = late;
    }

    /// Bytes came.
    pub(crate) fn heard(&mut self, now: u64) {
        self.last_in = now;
        self.answer_due = None;
    }

    /// Bytes left.
    pub(crate) fn spoke(&mut self, now: u64) {
        self.last_out = now;
    }

    /// A PINGREQ leaves now.
    pub(crate) fn pinged(&mut self, now: u64, options: &Options) {
        self.last_ping = now;
        // An answer that is due already stays due: a host that wakes us again and again must not put it off.
        let pending = self.answer_due.filter(|due| now < due + JUDGED_SOON);
        self.answer_due = Some(pending.unwrap_or(now + options.ping_timeout));
    }

    fn ping_due(&self, options: &Options, oldest_unacked: Option<u64>) -> u64 {
        let patience = if self.late_timers { SILENCE_WHEN_LATE } else { u64::MAX };
        let silent = self.last_in + options.ping_after.min(patience);
        // The hub counts our packets, not its own: speak well before the announced keep-alive ends.
        let mute = self.last_out + u64::from(options.keep_alive_seconds) * 750;
        let unacked = oldest_unacked.map(|sent| sent.max(self.last_ping) + options.ack_timeout);
        earlier(Some(silent.min(mute)), unacked).unwrap_or(silent)
    }

    /// When to look again.
    pub(crate) fn deadline(&self, options: &Options, oldest_unacked: Option<u64>) -> u64 {
        self.answer_due.unwrap_or_else(|| self.ping_due(options, oldest_unacked))
    }

    /// Looks at the time.
    pub(crate) fn check(&self, now: u64, options: &Options, oldest_unacked: Option<u64>) -> Verdict {
        match self.answer_due {
            Some(due) if now >= due + FROZEN => Verdict::Ping,
            Some(due) if now >= due => Verdict::Dead,
            Some(_) => Verdict::Fine,
            None if now >= self.ping_due(options, oldest_unacked) => Verdict::Ping,
            None => Verdict::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_idle_link_is_found_dead_within_40_seconds() {
        let options = Options::default();
        let mut link = KeepAlive::new(0);
        assert_eq!(link.check(29_999, &options, None), Verdict::Fine);
        assert_eq!(link.check(30_000, &options, None), Verdict::Ping);
        link.pinged(30_000, &options);
        assert_eq!(link.check(39_999, &options, None), Verdict::Fine);
        assert_eq!(link.check(40_000, &options, None), Verdict::Dead);
    }

    #[test]
    fn a_sending_link_is_found_dead_within_20_seconds() {
        let options = Options::default();
        let mut link = KeepAlive::new(0);
        assert_eq!(link.check(10_000, &options, Some(0)), Verdict::Ping);
        link.pinged(10_000, &options);
        assert_eq!(link.check(20_000, &options, Some(0)), Verdict::Dead);
    }

    #[test]
    fn a_hub_that_only_delays_its_puback_is_not_flooded_with_pings() {
        let options = Options::default();
        let mut link = KeepAlive::new(0);
        link.pinged(10_000, &options);
        link.heard(10_050);
        assert_eq!(link.check(19_999, &options, Some(0)), Verdict::Fine);
        assert_eq!(link.check(20_000, &options, Some(0)), Verdict::Ping);
    }

    #[test]
    fn a_second_ping_does_not_put_off_the_answer_to_the_first() {
        let options = Options::default();
        let mut link = KeepAlive::new(0);
        link.pinged(1_000, &options);
        link.pinged(9_000, &options);
        assert_eq!(link.check(11_000, &options, None), Verdict::Dead);
    }

    #[test]
    fn a_timer_that_slept_asks_again_before_it_judges() {
        let options = Options::default();
        let mut link = KeepAlive::new(0);
        link.pinged(30_000, &options);
        assert_eq!(
            link.check(40_000 + 60_000, &options, None),
            Verdict::Dead,
            "a throttled timer still judges"
        );
        assert_eq!(link.check(3_600_000, &options, None), Verdict::Ping, "a frozen one asks first");
    }
}
