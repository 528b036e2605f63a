//! What waits to be written on one link, between the hub, which adds to it under its own lock, and the link's
//! task, which takes all of it at once so that it leaves as one frame. An idle link's outbox holds no memory.

use iothub_hub::Reason;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What is due on a link.
#[derive(Debug)]
pub enum Due {
    /// Nothing for now.
    Nothing,
    /// Write this.
    Write(Vec<u8>),
    /// Perhaps last bytes, then the end.
    End(Vec<u8>, Reason),
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Bytes that were taken and are not written yet: a client that does not read leaves them here.
    on_the_way: usize,
    end: Option<Reason>,
}

/// The bytes of one link that wait, and whether the hub has ended it.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: Mutex<Queue>,
    bell: Notify,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing in here can panic half-way.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds bytes; gives how many wait now.
    pub fn push(&self, bytes: Vec<u8>) -> usize {
        let mut queue = self.lock();
        if queue.bytes.is_empty() {
            queue.bytes = bytes;
        } else {
            queue.bytes.extend_from_slice(&bytes);
        }
        let waiting = queue.bytes.len() + queue.on_the_way;
        drop(queue);
        self.bell.notify_one();
        waiting
    }

    /// Nothing follows what is in it.
    pub fn end(&self, reason: Reason) {
        self.lock().end = Some(reason);
        self.bell.notify_one();
    }

    /// Takes everything; what was taken before has been written.
    pub fn take(&self) -> Due {
        let mut queue = self.lock();
        let bytes = std::mem::take(&mut queue.bytes);
        queue.on_the_way = bytes.len();
        match queue.end {
            Some(reason) => Due::End(bytes, reason),
            None if bytes.is_empty() => Due::Nothing,
            None => Due::Write(bytes),
        }
    }

    /// Waits until something was added, or has been since the last call.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Waits until the hub has ended the link, so that a task that is stuck in a write gives up.
    pub async fn ended(&self) {
        while self.lock().end.is_none() {
            self.rung().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_leaves_at_once_and_in_order() {
        let outbox = Outbox::default();
        assert!(matches!(outbox.take(), Due::Nothing));
        assert_eq!(outbox.push(vec![1, 2]), 2);
        assert_eq!(outbox.push(vec![3]), 3);
        assert!(matches!(outbox.take(), Due::Write(bytes) if bytes == [1, 2, 3]));
    }

    #[test]
    fn what_was_taken_counts_until_the_next_is_taken() {
        let outbox = Outbox::default();
        outbox.push(vec![0; 10]);
        outbox.take();
        assert_eq!(outbox.push(vec![0; 5]), 15);
        outbox.take();
        assert_eq!(outbox.push(vec![0; 1]), 6);
    }

    #[test]
    fn the_end_comes_after_the_last_bytes() {
        let outbox = Outbox::default();
        outbox.push(vec![7]);
        outbox.end(Reason::TakenOver);
        assert!(matches!(outbox.take(), Due::End(bytes, Reason::TakenOver) if bytes == [7]));
    }
}
