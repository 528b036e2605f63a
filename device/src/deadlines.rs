//! When open calls run out of time. A settled call leaves nothing behind: no wake-up, no memory.
//!
//! Calls without a time-out never come here, and a call that settles while none is open costs one comparison.

use crate::io::OpId;
use std::cell::Cell;
use std::collections::VecDeque;

/// Deadlines of open calls.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// In the order of the calls' numbers.
    open: VecDeque<(OpId, u64)>,
    /// The earliest, once somebody has looked: it is looked for once in a turn, however many calls the turn settles.
    first: Cell<Option<u64>>,
}

/// Where `op` is among `len` calls that were numbered in order. Numbers begin again behind `u32::MAX`.
#[inline(never)]
pub(crate) fn find(op: OpId, len: usize, op_at: &dyn Fn(usize) -> OpId) -> Option<usize> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = usize::midpoint(low, high);
        let at = op_at(middle).0.wrapping_sub(op_at(0).0);
        match at.cmp(&op.0.wrapping_sub(op_at(0).0)) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

impl Deadlines {
    pub(crate) fn push(&mut self, op: OpId, due: u64) {
        self.open.push_back((op, due));
        self.first.set(None);
    }

    /// The earliest.
    pub(crate) fn first(&self) -> Option<u64> {
        if self.first.get().is_none() {
            self.first.set(self.open.iter().map(|(_, due)| *due).min());
        }
        self.first.get()
    }

    /// The calls whose time is up; they are settled next.
    pub(crate) fn expired(&self, now: u64) -> Vec<OpId> {
        if self.first().is_none_or(|first| first > now) {
            return Vec::new();
        }
        self.open.iter().filter(|(_, due)| *due <= now).map(|(op, _)| *op).collect()
    }

    /// A call has ended, with a deadline or without.
    pub(crate) fn settled(&mut self, op: OpId) {
        if !self.open.is_empty() {
            self.remove(op);
        }
    }

    #[inline(never)] // As in pump.rs: nobody waits with a time-out before the first CONNACK but `connect`.
    fn remove(&mut self, op: OpId) {
        let index = find(op, self.open.len(), &|at| self.open[at].0);
        let removed = index.and_then(|index| self.open.remove(index));
        if removed.is_some_and(|(_, due)| Some(due) == self.first.get()) {
            self.first.set(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_earliest_open_call_is_first_also_across_the_end_of_the_numbers() {
        for first in [0, u32::MAX - 1] {
            let op = |n: u32| OpId(first.wrapping_add(n));
            let mut deadlines = Deadlines::default();
            for (n, due) in [(0, 30), (1, 10), (3, 20)] {
                deadlines.push(op(n), due);
            }
            assert_eq!((deadlines.first(), deadlines.expired(9)), (Some(10), vec![]));
            assert_eq!(deadlines.expired(20), [op(1), op(3)]);
            deadlines.settled(op(1));
            assert_eq!(deadlines.first(), Some(20));
            // It had no deadline.
            deadlines.settled(op(2));
            deadlines.settled(op(3));
            deadlines.settled(op(7));
            assert_eq!(deadlines.first(), Some(30));
            deadlines.settled(op(0));
            assert_eq!((deadlines.first(), deadlines.open.len()), (None, 0));
        }
    }
}
