//! Messages that wait for the wire: bounded by count and bytes, first in, first out.

use crate::config::{Options, WhenFull};
use crate::deadlines::find;
use crate::error::{Code, Error};
use crate::io::OpId;
use iothub_protocol::packet::WrittenPublish;
use std::collections::VecDeque;

/// A message that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) op: OpId,
    pub(crate) packet: WrittenPublish,
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

impl Outbox {
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes of the packets that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes a message in. Gives back the calls whose messages had to go for it.
    pub(crate) fn push(&mut self, waiting: Waiting, options: &Options) -> Result<Vec<OpId>, Error> {
        let size = waiting.packet.len();
        let mut dropped = Vec::new();
        if size > options.outbox_bytes {
            return Err(self.full(size, options));
        }
        while self.waiting.len() >= options.outbox_messages || self.bytes + size > options.outbox_bytes {
            let oldest = match options.when_full {
                WhenFull::DropOldest => self.pop(),
                WhenFull::Reject => None,
            };
            match oldest {
                Some(oldest) => dropped.push(oldest.op),
                None => return Err(self.full(size, options)),
            }
        }
        self.bytes += size;
        self.waiting.push_back(waiting);
        Ok(dropped)
    }

    fn full(&self, size: usize, options: &Options) -> Error {
        Error::new(
            Code::OutboxFull,
            format!(
                "the outbox holds {} messages with {} bytes, this one has {size} bytes, and {} messages or {} bytes are allowed: wait for earlier sends, raise the option \"outbox\", or set its whenFull to \"drop-oldest\"",
                self.waiting.len(),
                self.bytes,
                options.outbox_messages,
                options.outbox_bytes
            ),
        )
    }

    pub(crate) fn front(&self) -> Option<&Waiting> {
        self.waiting.front()
    }

    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.bytes -= waiting.packet.len();
        Some(waiting)
    }

    /// Takes one message out; the caller has given up.
    pub(crate) fn remove(&mut self, op: OpId) -> bool {
        let index = find(op, self.waiting.len(), &|at| self.waiting[at].op);
        match index.and_then(|index| self.waiting.remove(index)) {
            Some(waiting) => {
                self.bytes -= waiting.packet.len();
                true
            }
            None => false,
        }
    }

    /// Empties the queue; gives the calls that waited.
    pub(crate) fn drain(&mut self) -> Vec<OpId> {
        self.bytes = 0;
        std::mem::take(&mut self.waiting).into_iter().map(|w| w.op).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iothub_protocol::packet::QoS;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn message(op: u32, body: usize) -> Waiting {
        let packet =
            WrittenPublish::new(QoS::AtLeastOnce, false, &vec![0; body], 0, |t| t.push(b't')).unwrap();
        Waiting { op: OpId(op), packet }
    }

    #[test]
    fn a_full_outbox_rejects_or_drops_the_oldest_as_told() {
        let mut options = Options { outbox_messages: 2, ..Options::default() };
        let mut outbox = Outbox::default();
        outbox.push(message(1, 1), &options).unwrap();
        outbox.push(message(2, 1), &options).unwrap();
        assert_eq!(outbox.push(message(3, 1), &options).unwrap_err().code, Code::OutboxFull);
        options.when_full = WhenFull::DropOldest;
        assert_eq!(outbox.push(message(3, 1), &options).unwrap(), [OpId(1)]);
        options.outbox_bytes = 100;
        assert_eq!(outbox.push(message(4, 80), &options).unwrap(), [OpId(2)]);
        assert_eq!(outbox.push(message(5, 200), &options).unwrap_err().code, Code::OutboxFull);
        assert_eq!(outbox.drain(), [OpId(3), OpId(4)], "nothing is dropped for a message that can never fit");
    }

    #[test]
    fn a_message_can_be_taken_out_of_the_middle() {
        let options = Options::default();
        let mut outbox = Outbox::default();
        for op in 1..=3 {
            outbox.push(message(op, 1), &options).unwrap();
        }
        assert!(outbox.remove(OpId(2)));
        assert!(!outbox.remove(OpId(2)));
        assert_eq!(outbox.drain(), [OpId(1), OpId(3)]);
        assert_eq!(outbox.bytes, 0);
    }
}
