//! What a page hears of the world: network back, tab visible, page shown or resumed. Owned; dropping it stops.

use crate::listener::Listener;
use iothub_device::HostSignal;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// The listeners on the page's window (or worker) and document.
pub(crate) struct Page {
    /// Kept for their `Drop`.
    _listeners: Vec<Listener>,
}

impl Page {
    /// Listens on `scope` (`globalThis` of a page or worker) and on its document, if it has one.
    pub(crate) fn new(scope: &EventTarget, tell: impl Fn(HostSignal) + Clone + 'static) -> Self {
        let on = |target: &EventTarget, name, signal| {
            let tell = tell.clone();
            Listener::new(target, name, move |_| tell(signal))
        };
        let mut listeners = vec![
            on(scope, "online", HostSignal::Woken),
            on(scope, "pageshow", HostSignal::Woken),
            on(scope, "offline", HostSignal::Offline),
        ];
        if let Some(document) = Reflect::get(scope, &"document".into()).ok().filter(JsValue::is_object) {
            let target: EventTarget = document.clone().unchecked_into();
            listeners.push(on(&target, "resume", HostSignal::Woken));
            listeners.push(Listener::new(&target, "visibilitychange", move |_| {
                let state = Reflect::get(&document, &"visibilityState".into());
                let visible = state.is_ok_and(|state| state == "visible");
                tell(if visible { HostSignal::Visible } else { HostSignal::Hidden });
            }));
        }
        Self { _listeners: listeners }
    }
}
