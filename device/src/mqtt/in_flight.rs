//! QoS 1 messages on the wire: their packet ids, the window, and what is sent again on the next link.
//!
//! Ids are given out in order, and an id is never given out again while its message waits for a PUBACK, also
//! across links: a resend is the same packet with DUP.

use crate::io::OpId;
use iothub_protocol::packet::WrittenPublish;
use std::collections::VecDeque;

#[derive(Debug)]
struct Flying {
    /// Position in the order of sending; the packet id follows from it.
    sequence: u64,
    /// Whom to tell; none once the caller has given up.
    op: Option<OpId>,
    packet: WrittenPublish,
    sent_at: u64,
    /// Connections in a row that the other side ended soon after this was sent as the oldest.
    ends: u8,
}

/// After so many ends the oldest goes alone, and what ends that connection is its doing.
pub(crate) const SUSPECT: u8 = 2;
/// After so many ends it is given up.
pub(crate) const GUILTY: u8 = 8;
/// An end that comes later than this after a packet has nothing to do with it, in milliseconds.
pub(crate) const SOON: u64 = 3_000;

/// The window.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    /// In the order of sending, so the front is the oldest.
    flying: VecDeque<Flying>,
    bytes: usize,
    next_sequence: u64,
    /// Only the oldest was sent again; the rest waits for its PUBACK.
    alone: bool,
}

/// What a PUBACK settled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Acked {
    pub(crate) op: Option<OpId>,
    pub(crate) round_trip: u64,
}

const IDS: u64 = 65_535;

fn id_of(sequence: u64) -> u16 {
    // 1..=65535, so the cast can not lose anything.
    u16::try_from(sequence % IDS + 1).unwrap_or(1)
}

impl InFlight {
    /// How many wait for a PUBACK.
    pub(crate) fn len(&self) -> usize {
        self.flying.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.flying.is_empty()
    }

    /// Whether a caller still waits for one of them.
    pub(crate) fn is_awaited(&self) -> bool {
        self.flying.iter().any(|flying| flying.op.is_some())
    }

    /// Bytes of the packets that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// An id that no message in flight has; also for SUBSCRIBE.
    pub(crate) fn take_id(&mut self) -> u16 {
        loop {
            let sequence = self.next_sequence;
            self.next_sequence += 1;
            // Ids repeat after 65,535 steps: only then can one still be taken.
            let oldest = self.flying.front().map_or(sequence, |f| f.sequence);
            let id = id_of(sequence);
            if sequence - oldest < IDS || !self.flying.iter().any(|f| id_of(f.sequence) == id) {
                return id;
            }
        }
    }

    /// Puts a message on the wire: gives it an id and appends it to `out`.
    pub(crate) fn send(&mut self, op: Option<OpId>, mut packet: WrittenPublish, now: u64, out: &mut Vec<u8>) {
        packet.set_id(self.take_id());
        out.extend_from_slice(packet.as_bytes());
        self.bytes += packet.len();
        self.flying.push_back(Flying { sequence: self.next_sequence - 1, op, packet, sent_at: now, ends: 0 });
    }

    /// A PUBACK; none when nothing waits for it.
    pub(crate) fn acked(&mut self, id: u16, now: u64) -> Option<Acked> {
        // The hub acknowledges in order, so it is nearly always the front.
        let index = self.flying.iter().position(|f| id_of(f.sequence) == id)?;
        let flying = self.flying.remove(index)?;
        self.bytes -= flying.packet.len();
        Some(Acked { op: flying.op, round_trip: now.saturating_sub(flying.sent_at) })
    }

    /// On a new link: everything once more, in order, with DUP; a suspect alone.
    pub(crate) fn resend(&mut self, now: u64, out: &mut Vec<u8>) {
        self.alone = self.is_suspicious();
        let count = if self.alone { 1 } else { self.flying.len() };
        self.write(0, count, now, out);
    }

    /// Whether the oldest may be what the other side ends connections for.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.flying.front().is_some_and(|oldest| oldest.ends >= SUSPECT)
    }

    /// Whether all else waits for the oldest. When it need not any more, the rest is sent again.
    pub(crate) fn is_held(&mut self, now: u64, out: &mut Vec<u8>) -> bool {
        let suspect = self.flying.front().filter(|oldest| self.alone && oldest.ends >= SUSPECT);
        if suspect.is_some_and(|oldest| now < oldest.sent_at + SOON) {
            return true;
        }
        if std::mem::take(&mut self.alone) {
            self.write(usize::from(suspect.is_some()), self.flying.len(), now, out);
        }
        false
    }

    /// The other side ended the connection. Gives whether the oldest message was sent in vain often enough. While it
    /// goes alone only an end counts before which the hub has `answered` the PINGREQ ahead of it: it had read so far.
    pub(crate) fn blame(&mut self, answered: bool, now: u64) -> bool {
        match self.flying.front_mut() {
            Some(oldest) if (answered || !self.alone) && now < oldest.sent_at + SOON => {
                oldest.ends += 1;
                oldest.ends >= GUILTY
            }
            // This end was not its doing, so those before it may not have been, either.
            Some(oldest) => {
                oldest.ends = 0;
                false
            }
            None => false,
        }
    }

    /// Gives the oldest message up; whom to tell.
    pub(crate) fn drop_oldest(&mut self) -> Option<OpId> {
        let guilty = self.flying.pop_front()?;
        self.bytes -= guilty.packet.len();
        guilty.op
    }

    fn write(&mut self, from: usize, to: usize, now: u64, out: &mut Vec<u8>) {
        for flying in self.flying.range_mut(from..to) {
            flying.packet.set_dup();
            flying.sent_at = now;
            out.extend_from_slice(flying.packet.as_bytes());
        }
    }

    /// When the oldest of them was sent on the current link.
    pub(crate) fn oldest_sent_at(&self) -> Option<u64> {
        self.flying.front().map(|f| f.sent_at)
    }

    /// The caller has given up; the packet stays, because the hub may have it already.
    pub(crate) fn forget(&mut self, op: OpId) -> bool {
        match self.flying.iter_mut().find(|f| f.op == Some(op)) {
            Some(flying) => {
                flying.op = None;
                true
            }
            None => false,
        }
    }

    /// Empties the window; gives the calls that still wait.
    pub(crate) fn drain(&mut self) -> Vec<OpId> {
        self.bytes = 0;
        std::mem::take(&mut self.flying).into_iter().filter_map(|f| f.op).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iothub_protocol::packet::{Decoder, Packet, QoS};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn message() -> WrittenPublish {
        WrittenPublish::new(QoS::AtLeastOnce, false, b"x", 0, |topic| topic.push(b't')).unwrap()
    }

    fn ids(bytes: &[u8]) -> Vec<(u16, bool)> {
        let mut decoder = Decoder::new(1 << 20);
        decoder.push(bytes);
        std::iter::from_fn(|| decoder.next_packet().unwrap())
            .map(|packet| match packet {
                Packet::Publish(publish) => (publish.pkid, publish.dup),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn an_id_is_never_given_out_while_it_is_in_flight() {
        let mut window = InFlight::default();
        let mut out = Vec::new();
        window.send(Some(OpId(0)), message(), 0, &mut out);
        let held = ids(&out)[0].0;
        let mut seen = std::collections::BTreeSet::from([held]);
        for _ in 0..65_534 {
            assert!(seen.insert(window.take_id()));
        }
        // All 65,535 ids were used once; the next round leaves out the one that is held.
        for _ in 0..70_000 {
            assert_ne!(window.take_id(), held);
        }
        assert!(window.acked(held, 1).is_some());
        assert!((0..65_535).any(|_| window.take_id() == held));
    }

    #[test]
    fn a_new_link_gets_all_that_is_open_in_order_with_dup() {
        let mut window = InFlight::default();
        let mut out = Vec::new();
        for op in 0..4 {
            window.send(Some(OpId(op)), message(), 0, &mut out);
        }
        let first = ids(&out);
        assert!(first.iter().all(|(_, dup)| !dup));
        assert_eq!(window.acked(first[1].0, 5), Some(Acked { op: Some(OpId(1)), round_trip: 5 }));
        assert_eq!(window.acked(first[1].0, 5), None);
        let mut again = Vec::new();
        window.resend(10, &mut again);
        assert_eq!(ids(&again), [(first[0].0, true), (first[2].0, true), (first[3].0, true)]);
        assert!(window.forget(OpId(2)));
        assert!(window.is_awaited());
        assert_eq!(window.drain(), [OpId(0), OpId(3)]);
        assert!(!window.is_awaited());
        assert_eq!(window.bytes(), 0);
    }
}
