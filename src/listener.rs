//! An event listener, owned: dropping it takes it off. Used for the page's own events.

use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// A listener that is on, for one event or for several: a closure costs a page more than all it does.
#[must_use = "dropping a listener takes it off"]
pub(crate) struct Listener {
    events: Vec<(EventTarget, &'static str)>,
    closure: Closure<dyn FnMut(JsValue)>,
}

impl Listener {
    pub(crate) fn new(
        events: Vec<(EventTarget, &'static str)>,
        heard: impl FnMut(JsValue) + 'static,
    ) -> Self {
        let closure = Closure::<dyn FnMut(JsValue)>::new(heard);
        for (target, name) in &events {
            // Adding a listener throws for no target that has the method.
            let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        }
        Self { events, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for (target, name) in &self.events {
            let closure = self.closure.as_ref().unchecked_ref();
            let _ = target.remove_event_listener_with_callback(name, closure);
        }
    }
}
