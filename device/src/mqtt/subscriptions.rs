//! Which of the hub's four filters the application needs, and which of them the hub has confirmed.

use iothub_protocol::identity::Identity;
use iothub_protocol::packet::QoS;
use iothub_protocol::topic::Filter;

/// One of the filters that a device may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    Messages,
    Methods,
    TwinAnswers,
    Desired,
}

const ALL: [Topic; 4] = [Topic::TwinAnswers, Topic::Desired, Topic::Methods, Topic::Messages];

impl Topic {
    fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The filter of this identity, and the QoS to ask for.
    pub(crate) fn filter(self, identity: &Identity) -> (String, QoS) {
        let device = &identity.device_id;
        match (self, identity.module()) {
            // A module gets inputs instead of C2D, and only from an Edge hub.
            (Self::Messages, Some(module)) => {
                (Filter::ModuleInputs { device, module }.write(), QoS::AtLeastOnce)
            }
            (Self::Messages, None) => (Filter::C2d { device }.write(), QoS::AtLeastOnce),
            (Self::Methods, _) => (Filter::Methods.write(), QoS::AtMostOnce),
            (Self::TwinAnswers, _) => (Filter::TwinAnswers.write(), QoS::AtMostOnce),
            (Self::Desired, _) => (Filter::DesiredPatches.write(), QoS::AtMostOnce),
        }
    }
}

/// The state of all four.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    wanted: u8,
    /// Confirmed by a SUBACK, and kept by the hub's session since.
    confirmed: u8,
    /// Refused on this link: not asked for again.
    refused: u8,
    asked: Vec<(u16, Vec<Topic>)>,
}

impl Subscriptions {
    /// The application needs it from now on.
    pub(crate) fn want(&mut self, topic: Topic) {
        self.wanted |= topic.bit();
    }

    pub(crate) fn is_confirmed(&self, topic: Topic) -> bool {
        self.confirmed & topic.bit() != 0
    }

    /// A new link: what was asked is lost, what was confirmed is kept only with the session.
    pub(crate) fn link_opened(&mut self, session_present: bool) {
        self.asked.clear();
        self.refused = 0;
        if !session_present {
            self.confirmed = 0;
        }
    }

    /// Whether there may be something to subscribe to.
    pub(crate) fn are_missing(&self) -> bool {
        self.wanted & !self.confirmed != 0
    }

    /// What to subscribe to now; empty when all of it has been asked for.
    pub(crate) fn missing(&self) -> Vec<Topic> {
        let asked =
            self.asked.iter().flat_map(|(_, topics)| topics).fold(0, |bits, topic| bits | topic.bit());
        let open = self.wanted & !self.confirmed & !self.refused & !asked;
        ALL.into_iter().filter(|topic| open & topic.bit() != 0).collect()
    }

    /// A SUBSCRIBE left with this id.
    pub(crate) fn asked(&mut self, id: u16, topics: Vec<Topic>) {
        self.asked.push((id, topics));
    }

    /// A SUBACK.
    pub(crate) fn suback(&mut self, id: u16, granted: &[u8]) {
        let Some(index) = self.asked.iter().position(|(asked, _)| *asked == id) else { return };
        for (topic, code) in self.asked.remove(index).1.iter().zip(granted) {
            let bits = if *code < 0x80 { &mut self.confirmed } else { &mut self.refused };
            *bits |= topic.bit();
        }
    }

    /// Whether the hub has answered for all that is wanted.
    pub(crate) fn are_settled(&self) -> bool {
        self.wanted & !self.confirmed & !self.refused == 0
    }
}
