//! What a page hears of the world: network back, tab visible, page shown or resumed. Owned; dropping it stops.

use iothub_device::HostSignal;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// The listeners on the page's window (or worker) and document.
pub(crate) struct Page {
    listeners: Vec<(EventTarget, &'static str, Closure<dyn FnMut()>)>,
}

impl Page {
    /// Listens on `scope` (`globalThis` of a page or worker) and on its document, if it has one.
    pub(crate) fn new(scope: &EventTarget, tell: impl Fn(HostSignal) + Clone + 'static) -> Self {
        let mut page = Self { listeners: Vec::new() };
        for (name, signal) in
            [("online", HostSignal::Woken), ("pageshow", HostSignal::Woken), ("offline", HostSignal::Offline)]
        {
            let tell = tell.clone();
            page.listen(scope.clone(), name, Closure::new(move || tell(signal)));
        }
        let document = Reflect::get(scope, &"document".into()).ok().filter(|d| d.is_object());
        if let Some(document) = document {
            let resumed = tell.clone();
            page.listen(document.clone().unchecked_into(), "resume", Closure::new(move || resumed(HostSignal::Woken)));
            let shown = Closure::new({
                let document = document.clone();
                move || {
                    if Reflect::get(&document, &"visibilityState".into()).is_ok_and(|state| state == "visible") {
                        tell(HostSignal::Woken);
                    }
                }
            });
            page.listen(document.unchecked_into(), "visibilitychange", shown);
        }
        page
    }

    fn listen(&mut self, target: EventTarget, name: &'static str, listener: Closure<dyn FnMut()>) {
        let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        self.listeners.push((target, name, listener));
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        for (target, name, listener) in &self.listeners {
            let _ = target.remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
    }
}
