//! What a client with clean session 0 finds again: its subscriptions.

use iothub_protocol::limits;

/// What a filter of a device asks for. At most one of each makes the five that a device may hold, and a
/// module's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Cloud-to-device messages.
    Devicebound,
    /// Inputs of a module, which only an edge hub ever sends.
    Inputs,
    /// Answers to twin requests.
    TwinAnswers,
    /// Desired patches.
    Desired,
    /// Method requests.
    Methods,
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) filter: String,
    pub(crate) wanted: Wanted,
    pub(crate) qos: u8,
}

/// The subscriptions of one identity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    /// Ends with its link, and is not kept.
    pub(crate) clean: bool,
    subscriptions: Vec<Subscription>,
}

impl Session {
    /// Adds or replaces; false when it would be one too many.
    pub(crate) fn subscribe(&mut self, new: Subscription) -> bool {
        if let Some(old) = self.subscriptions.iter_mut().find(|s| s.filter == new.filter) {
            *old = new;
            return true;
        }
        if self.subscriptions.len() >= limits::SUBSCRIPTIONS {
            return false;
        }
        self.subscriptions.push(new);
        true
    }

    pub(crate) fn unsubscribe(&mut self, filter: &str) {
        self.subscriptions.retain(|s| s.filter != filter);
    }

    /// The QoS granted for what a message is; none when nobody listens.
    pub(crate) fn granted(&self, wanted: Wanted) -> Option<u8> {
        self.subscriptions.iter().filter(|s| s.wanted == wanted).map(|s| s.qos).max()
    }

    pub(crate) fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }
}
