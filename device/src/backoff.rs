//! How long to wait before the next connection, by the cause of the last loss. Full jitter, so that a fleet does
//! not come back as one; growing waits, so that a refusing hub is not hammered.

use crate::config::Options;
use crate::random::Random;

/// Why the last link ended, as far as waiting is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The network, or a hub that vanished.
    Network,
    /// CONNACK 3: disabled, unavailable, or throttled.
    Unavailable,
    /// The token provider failed.
    TokenProvider,
    /// Another client has the identity.
    TakenOver,
}

/// The memory of recent losses.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    /// Waits in a row for each cause: a long outage of the network must not make the first wait for a busy hub long.
    failures: [u32; 4],
    short_lives: u32,
    last_wait: u64,
}

/// A connection that lived shorter than this may have been taken over.
pub(crate) const SHORT_LIFE: u64 = 60_000;
/// A link that lived this long was a good one: the next loss starts from the first wait again.
const GOOD_LIFE: u64 = 10_000;

impl Backoff {
    /// A connection has ended, whoever ended it. One that lived long or got messages acknowledged was a good one; a
    /// CONNACK alone is no proof of health.
    pub(crate) fn lived(&mut self, life: u64, worked: bool) {
        if worked || life >= GOOD_LIFE {
            self.failures = [0; 4];
        }
    }

    /// The other side has ended a connection. Whether so many ended soon that another client may be the reason.
    pub(crate) fn ended_by_other_side(&mut self, life: u64, options: &Options) -> bool {
        // Two clients that fight wait longer and longer, so each one's links live longer and longer: a life
        // counts as long only when it is well beyond our own last wait.
        if life >= SHORT_LIFE.max(self.last_wait.saturating_mul(4)) {
            self.short_lives = 0;
        } else {
            self.short_lives = self.short_lives.saturating_add(1);
        }
        let limit = options.taken_over_after;
        limit > 0 && self.short_lives >= limit
    }

    /// It was the network: what ended soon says nothing about another client.
    pub(crate) fn forgive(&mut self) {
        self.short_lives = 0;
        self.last_wait = 0;
    }

    /// The wait for this cause, in milliseconds; each call counts as one more failure.
    pub(crate) fn wait(&mut self, cause: Cause, options: &Options, random: &mut Random) -> u64 {
        let doubled =
            |base: u64, times: u32, cap: u64| base.saturating_mul(1 << times.min(20)).min(cap.max(base));
        let failures = self.failures[cause as usize];
        let wait = match cause {
            Cause::Network | Cause::TokenProvider => {
                let top = doubled(options.backoff_base, failures, options.backoff_cap);
                random.between(0, top)
            }
            Cause::Unavailable => {
                let top = doubled(options.throttled_base, failures, options.throttled_cap);
                random.between(top / 2, top)
            }
            Cause::TakenOver => {
                let times = self.short_lives.saturating_sub(options.taken_over_after);
                let top = doubled(options.taken_over_base, times, options.taken_over_cap);
                random.between(top / 2, top)
            }
        };
        self.failures[cause as usize] = failures.saturating_add(1);
        self.last_wait = wait;
        wait
    }

    /// How many connections in a row the other side ended soon.
    pub(crate) fn short_lives(&self) -> u32 {
        self.short_lives
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn waits_grow_to_their_cap_and_start_again_after_a_good_life() {
        let (options, mut random) = (Options::default(), Random::new(7));
        let mut backoff = Backoff::default();
        let longest = (0..30).map(|_| backoff.wait(Cause::Network, &options, &mut random)).max();
        assert!(longest.is_some_and(|wait| wait > 15_000 && wait <= options.backoff_cap));
        backoff.lived(600_000, false);
        assert!(backoff.wait(Cause::Network, &options, &mut random) <= options.backoff_base);
    }

    #[test]
    fn a_connection_that_worked_starts_the_waits_again_and_one_that_was_only_accepted_does_not() {
        let (options, mut random) = (Options::default(), Random::new(7));
        let mut longest_after = |worked| {
            let mut backoff = Backoff::default();
            let waits = (0..30).map(|_| {
                backoff.lived(2_000, worked);
                backoff.wait(Cause::Network, &options, &mut random)
            });
            waits.max().unwrap_or_default()
        };
        assert!(longest_after(true) <= options.backoff_base);
        assert!(longest_after(false) > 10 * options.backoff_base);
    }

    #[test]
    fn each_cause_has_waits_of_its_own() {
        let (options, mut random) = (Options::default(), Random::new(7));
        let mut backoff = Backoff::default();
        for _ in 0..34 {
            backoff.wait(Cause::Network, &options, &mut random);
        }
        assert!(backoff.wait(Cause::Unavailable, &options, &mut random) <= options.throttled_base);
    }

    #[test]
    fn trap_13_short_lives_in_a_row_mean_somebody_else() {
        let options = Options::default();
        let mut backoff = Backoff::default();
        let doubts = [500; 3].map(|life| backoff.ended_by_other_side(life, &options));
        assert_eq!(doubts, [false, false, true]);
        let mut random = Random::new(1);
        let first = backoff.wait(Cause::TakenOver, &options, &mut random);
        assert!((10_000..=20_000).contains(&first));
        backoff.ended_by_other_side(first, &options);
        assert!(backoff.wait(Cause::TakenOver, &options, &mut random) >= 20_000);
        assert!(!backoff.ended_by_other_side(3_600_000, &options));
    }
}
