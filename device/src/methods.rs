//! Direct methods between their request and their answer.
//!
//! The hub's request id is opaque text that is echoed as it came. A request lives as long as its link: when the
//! link is lost the caller has gone, and a late answer goes nowhere.

use crate::io::{CallId, Event};
use iothub_protocol::topic;

/// The open calls of one link.
#[derive(Debug, Default)]
pub(crate) struct Methods {
    listening: bool,
    held: Vec<Event>,
    open: Vec<(CallId, String)>,
    next_id: u32,
}

impl Methods {
    /// A request came. Gives the event to raise, unless no handler is there yet.
    pub(crate) fn arrived(&mut self, name: &str, rid: &str, payload: &[u8]) -> Option<Event> {
        let call = CallId(self.next_id);
        self.next_id = self.next_id.wrapping_add(1);
        self.open.push((call, rid.to_owned()));
        let event = Event::Method { call, name: name.to_owned(), payload: payload.to_vec() };
        if self.listening {
            return Some(event);
        }
        // A kept session may deliver before the application has named its handlers.
        self.held.push(event);
        None
    }

    /// Handlers are there from now on: what was held is raised.
    pub(crate) fn listen(&mut self) -> Vec<Event> {
        self.listening = true;
        std::mem::take(&mut self.held)
    }

    /// Nobody handles what comes from now on.
    pub(crate) fn pause(&mut self) {
        self.listening = false;
    }

    /// The topic of the answer; none when the caller has gone.
    pub(crate) fn answer(&mut self, call: CallId, status: i32) -> Option<String> {
        let index = self.open.iter().position(|(open, _)| *open == call)?;
        let (_, rid) = self.open.swap_remove(index);
        Some(topic::method_answer(status, &rid))
    }

    /// Whether no handler is at work.
    pub(crate) fn is_idle(&self) -> bool {
        self.open.len() == self.held.len()
    }

    /// The link is gone: every open call's handler is told.
    pub(crate) fn link_lost(&mut self) -> Vec<Event> {
        self.held.clear();
        self.open.drain(..).map(|(call, _)| Event::MethodGone { call }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn trap_8_the_request_id_is_echoed_as_it_came() {
        let mut methods = Methods::default();
        methods.listen();
        methods.arrived("reboot", "1f-é", b"").unwrap();
        assert_eq!(methods.answer(CallId(0), 200).as_deref(), Some("$iothub/methods/res/200/?$rid=1f-é"));
        assert_eq!(methods.answer(CallId(0), 200), None, "a call is answered once");
    }

    #[test]
    fn a_lost_link_ends_its_calls() {
        let mut methods = Methods::default();
        methods.listen();
        methods.arrived("reboot", "1", b"").unwrap();
        assert_eq!(methods.link_lost(), [Event::MethodGone { call: CallId(0) }]);
        assert_eq!(methods.answer(CallId(0), 200), None, "a late answer goes nowhere");
    }
}
