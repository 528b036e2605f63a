//! The smallest part of a schedule that still breaks a rule.

use crate::run::{Failure, run};
use crate::schedule::Schedule;

/// Lines of the trace that a failure shows.
const LINES: usize = 300;

/// Leaves out what is not needed for the failure: halves first, then quarters, down to single steps.
#[must_use]
pub fn shrunk(schedule: &Schedule) -> (Schedule, Option<Failure>) {
    let mut best = schedule.clone();
    let mut size = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        while from < best.steps.len() {
            let mut fewer = best.clone();
            fewer.steps.drain(from..(from + size).min(best.steps.len()));
            if run(&fewer, 0).is_err() {
                best = fewer;
            } else {
                from += size;
            }
        }
        if size == 1 {
            break;
        }
        size = size.div_ceil(2);
    }
    let failure = run(&best, LINES).err();
    (best, failure)
}
