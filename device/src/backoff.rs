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
    failures: u32,
    short_lives: u32,
    last_wait: u64,
}

/// A link that lived shorter than this may have been taken over.
const SHORT_LIFE: u64 = 60_000;
/// A link that lived this long was a good one: the next loss starts from the first wait again.
const GOOD_LIFE: u64 = 10_000;

impl Backoff {
    /// A link that was connected has ended without our asking. Gives the cause to wait for.
    pub(crate) fn link_ended(&mut self, life: u64, options: &Options) -> Cause {
        // Two clients that fight wait longer and longer, so each one's links live longer and longer: a life
        // counts as long only when it is well beyond our own last wait.
        if life >= SHORT_LIFE.max(self.last_wait.saturating_mul(4)) {
            self.short_lives = 0;
        } else {
            self.short_lives = self.short_lives.saturating_add(1);
        }
        if life >= GOOD_LIFE {
            self.failures = 0;
        }
        let limit = options.taken_over_after;
        if limit > 0 && self.short_lives >= limit { Cause::TakenOver } else { Cause::Network }
    }

    /// The wait for this cause, in milliseconds; each call counts as one more failure.
    pub(crate) fn wait(&mut self, cause: Cause, options: &Options, random: &mut Random) -> u64 {
        let doubled =
            |base: u64, times: u32, cap: u64| base.saturating_mul(1 << times.min(20)).min(cap.max(base));
        let wait = match cause {
            Cause::Network | Cause::TokenProvider => {
                let top = doubled(options.backoff_base, self.failures, options.backoff_cap);
                random.between(0, top)
            }
            Cause::Unavailable => {
                let top = doubled(options.throttled_base, self.failures, options.throttled_cap);
                random.between(top / 2, top)
            }
            Cause::TakenOver => {
                let times = self.short_lives.saturating_sub(options.taken_over_after);
                let top = doubled(options.taken_over_base, times, options.taken_over_cap);
                random.between(top / 2, top)
            }
        };
        self.failures = self.failures.saturating_add(1);
        self.last_wait = wait;
        wait
    }

    /// Work flowed: a CONNACK alone is no proof of health, a long life is.
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
        backoff.link_ended(600_000, &options);
        assert!(backoff.wait(Cause::Network, &options, &mut random) <= options.backoff_base);
    }

    #[test]
    fn trap_13_short_lives_in_a_row_mean_somebody_else() {
        let options = Options::default();
        let mut backoff = Backoff::default();
        assert_eq!(backoff.link_ended(500, &options), Cause::Network);
        assert_eq!(backoff.link_ended(500, &options), Cause::Network);
        assert_eq!(backoff.link_ended(500, &options), Cause::TakenOver);
        let mut random = Random::new(1);
        let first = backoff.wait(Cause::TakenOver, &options, &mut random);
        assert!((10_000..=20_000).contains(&first));
        backoff.link_ended(first, &options);
        assert!(backoff.wait(Cause::TakenOver, &options, &mut random) >= 20_000);
        assert_eq!(backoff.link_ended(3_600_000, &options), Cause::Network);
    }
}
