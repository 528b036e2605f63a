//! The last events, in a ring that is bounded in number and in bytes. Readers keep a cursor and come when they
//! can; one that is too slow is told how many it missed, and never holds the hub back.

use crate::event::Event;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a reader gets.
#[derive(Debug, Default)]
pub struct EventBatch {
    /// Events in order.
    pub events: Vec<Arc<Event>>,
    /// How many were dropped before the first of them.
    pub missed: u64,
    /// The cursor for the next call.
    pub cursor: u64,
}

/// The ring.
#[derive(Debug)]
pub(crate) struct EventLog {
    ring: VecDeque<Arc<Event>>,
    bytes: usize,
    last_id: u64,
    max_events: usize,
    max_bytes: usize,
}

impl EventLog {
    pub(crate) fn new(max_events: usize, max_bytes: usize) -> Self {
        Self { ring: VecDeque::new(), bytes: 0, last_id: 0, max_events: max_events.max(1), max_bytes }
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn push(&mut self, event: Event) {
        self.bytes += event.weight();
        self.ring.push_back(Arc::new(event));
        while self.ring.len() > self.max_events || (self.bytes > self.max_bytes && self.ring.len() > 1) {
            if let Some(old) = self.ring.pop_front() {
                self.bytes -= old.weight();
            }
        }
    }

    pub(crate) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Up to `max` events after `cursor`.
    pub(crate) fn after(&self, cursor: u64, max: usize) -> EventBatch {
        let Some(first) = self.ring.front().map(|event| event.id) else {
            return EventBatch { cursor: self.last_id, ..EventBatch::default() };
        };
        // A cursor from before a restart may be ahead of us: begin with what there is.
        let cursor = if cursor > self.last_id { first - 1 } else { cursor };
        let from = (cursor + 1).max(first);
        let start = usize::try_from(from - first).unwrap_or(usize::MAX);
        let events: Vec<_> = self.ring.iter().skip(start).take(max).cloned().collect();
        let cursor_after = events.last().map_or(cursor.max(first - 1), |event| event.id);
        EventBatch { missed: from - cursor - 1, events, cursor: cursor_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Happening;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn log_of(count: u64, max: usize) -> EventLog {
        let mut log = EventLog::new(max, usize::MAX);
        for _ in 0..count {
            let id = log.next_id();
            let happening = Happening::Control { what: String::new() };
            log.push(Event { id, at_ms: 0, identity: None, happening });
        }
        log
    }

    #[test]
    fn a_reader_goes_on_where_it_was() {
        let log = log_of(5, 10);
        let batch = log.after(2, 2);
        assert_eq!((batch.events.len(), batch.missed, batch.cursor), (2, 0, 4));
        assert_eq!(log.after(batch.cursor, 10).events[0].id, 5);
        assert!(log.after(5, 10).events.is_empty());
    }

    #[test]
    fn a_slow_reader_is_told_how_many_it_missed() {
        let batch = log_of(10, 3).after(2, 100);
        assert_eq!((batch.missed, batch.events[0].id, batch.events.len()), (5, 8, 3));
    }

    #[test]
    fn a_cursor_from_another_life_begins_at_the_oldest() {
        assert_eq!(log_of(3, 3).after(99, 100).events[0].id, 1);
    }
}
