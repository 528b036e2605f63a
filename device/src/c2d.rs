//! Cloud-to-device messages between their arrival and their PUBACK.
//!
//! The hub keeps a message until its PUBACK, so it leaves only when the application has handled the message, and
//! always in the order received: an out-of-order PUBACK has cost others their connection. So nothing is acknowledged
//! behind a message whose handler failed or still runs; what is not acknowledged comes again on the next connection.
//! Messages that arrive before anybody listens wait here.

use crate::io::{DeliveryId, Event};
use iothub_protocol::device_side::Received;
use iothub_protocol::packet::{self, QoS};

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Nobody listens.
    Unheard,
    /// Its handler is at work.
    Running,
    Handled,
    Failed,
}

#[derive(Debug)]
struct Delivery {
    id: DeliveryId,
    packet_id: Option<u16>,
    fate: Fate,
}

/// The inbox of one link; a new link starts with an empty one.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    listening: bool,
    /// Messages for which nobody listened yet.
    held: Vec<Event>,
    /// In the order received.
    open: Vec<Delivery>,
    next_id: u32,
}

impl Inbox {
    /// A message came. Gives the event to raise, unless nobody listens yet.
    pub(crate) fn arrived(
        &mut self,
        publish: &Received<'_>,
        input: Option<&str>,
        bag: &str,
    ) -> Option<Event> {
        let delivery = DeliveryId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        let packet_id = (publish.qos != QoS::AtMostOnce).then_some(publish.id);
        let fate = if self.listening { Fate::Running } else { Fate::Unheard };
        self.open.push(Delivery { id: delivery, packet_id, fate });
        let event = Event::Message {
            delivery,
            input: input.map(str::to_owned),
            bag: bag.to_owned(),
            body: publish.payload.to_vec(),
            dup: publish.dup,
        };
        if self.listening {
            return Some(event);
        }
        self.held.push(event);
        None
    }

    /// Somebody listens from now on: what was held is raised.
    pub(crate) fn listen(&mut self) -> Vec<Event> {
        self.listening = true;
        let held = std::mem::take(&mut self.held);
        for event in &held {
            if let Event::Message { delivery, .. } = event {
                self.heard(*delivery, true);
            }
        }
        held
    }

    /// What comes from now on is held.
    pub(crate) fn pause(&mut self) {
        self.listening = false;
    }

    fn set(&mut self, delivery: DeliveryId, fate: Fate) {
        if let Some(open) = self.open.iter_mut().find(|open| open.id == delivery) {
            open.fate = fate;
        }
    }

    /// Whether anybody is at work on it.
    pub(crate) fn heard(&mut self, delivery: DeliveryId, heard: bool) {
        self.set(delivery, if heard { Fate::Running } else { Fate::Unheard });
    }

    /// The application is done with a message; writes the PUBACKs that are due now. Deliveries of an earlier
    /// link are not known any more: the hub sends those messages again.
    pub(crate) fn handled(&mut self, delivery: DeliveryId, well: bool, out: &mut Vec<u8>) {
        self.set(delivery, if well { Fate::Handled } else { Fate::Failed });
        while self.open.first().is_some_and(|open| open.fate == Fate::Handled) {
            if let Some(id) = self.open.remove(0).packet_id {
                packet::write_puback(out, id);
            }
        }
    }

    /// Whether a handler failed: nothing behind that message is acknowledged on this connection.
    pub(crate) fn is_stuck(&self) -> bool {
        self.open.iter().any(|open| open.fate == Fate::Failed)
    }

    /// Whether no handler is at work.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.iter().all(|open| open.fate != Fate::Running)
    }

    /// The link is gone, and with it every packet id.
    pub(crate) fn link_lost(&mut self) {
        self.open.clear();
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn publish(id: u16) -> Received<'static> {
        Received { dup: false, qos: QoS::AtLeastOnce, id, topic: "t", payload: b"body" }
    }

    fn delivery(event: &Event) -> DeliveryId {
        match event {
            Event::Message { delivery, .. } => *delivery,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn trap_1_messages_wait_until_somebody_listens() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.arrived(&publish(1), None, ""), None);
        assert_eq!(inbox.listen().len(), 1);
        assert!(inbox.arrived(&publish(2), None, "").is_some());
    }

    #[test]
    fn trap_26_pubacks_leave_in_the_order_received() {
        let mut inbox = Inbox::default();
        inbox.listen();
        let events: Vec<_> = (1..=3).filter_map(|id| inbox.arrived(&publish(id), None, "")).collect();
        let mut out = Vec::new();
        inbox.handled(delivery(&events[2]), true, &mut out);
        inbox.handled(delivery(&events[1]), false, &mut out);
        assert!(out.is_empty());
        inbox.handled(delivery(&events[0]), true, &mut out);
        assert_eq!(out, [0x40, 2, 0, 1], "nothing passes the failed one");
        assert!(inbox.is_idle());
        inbox.link_lost();
        inbox.arrived(&publish(4), None, "").unwrap();
        assert!(!inbox.is_idle());
    }

    #[test]
    fn a_message_that_nobody_hears_keeps_nobody_waiting_and_is_acknowledged_in_its_turn() {
        let mut inbox = Inbox::default();
        inbox.arrived(&publish(1), None, "");
        assert!(inbox.is_idle(), "it was never raised");
        let raised = delivery(&inbox.listen()[0]);
        assert!(!inbox.is_idle());
        inbox.heard(raised, false);
        assert!(inbox.is_idle(), "its listener has gone");
        inbox.heard(raised, true);
        assert!(!inbox.is_idle());
        let mut out = Vec::new();
        inbox.handled(raised, true, &mut out);
        assert_eq!(out, [0x40, 2, 0, 1]);
    }

    #[test]
    fn an_answer_for_an_earlier_link_acknowledges_nothing() {
        let mut inbox = Inbox::default();
        inbox.listen();
        let old = delivery(&inbox.arrived(&publish(1), None, "").unwrap());
        inbox.link_lost();
        inbox.arrived(&publish(1), None, "").unwrap();
        let mut out = Vec::new();
        inbox.handled(old, true, &mut out);
        assert!(out.is_empty());
    }
}
