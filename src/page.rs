//! What a page hears of the world: network back, tab visible, page shown or resumed. Owned; dropping it stops.

use crate::listener::Listener;
use iothub_device::HostSignal;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use web_sys::EventTarget;

/// The listener on the page's window (or worker) and document.
pub(crate) struct Page {
    /// Kept for its `Drop`.
    _listener: Listener,
}

impl Page {
    /// Listens on `scope` (`globalThis` of a page or worker) and on its document, if it has one.
    pub(crate) fn new(scope: &EventTarget, tell: impl Fn(HostSignal) + 'static) -> Self {
        let mut events =
            vec![(scope.clone(), "online"), (scope.clone(), "pageshow"), (scope.clone(), "offline")];
        let document = Reflect::get(scope, &"document".into()).ok().filter(JsValue::is_object);
        if let Some(document) = &document {
            let target: EventTarget = document.clone().unchecked_into();
            events.extend([(target.clone(), "resume"), (target, "visibilitychange")]);
        }
        let heard = move |event: JsValue| tell(signal_of(&event, document.as_ref()));
        Self { _listener: Listener::new(events, heard) }
    }
}

fn signal_of(event: &JsValue, document: Option<&JsValue>) -> HostSignal {
    let is = |object: &JsValue, name: &str, value: &str| {
        Reflect::get(object, &name.into()).is_ok_and(|seen| seen == value)
    };
    if is(event, "type", "offline") {
        return HostSignal::Offline;
    }
    match document {
        Some(document) if is(event, "type", "visibilitychange") => {
            if is(document, "visibilityState", "visible") { HostSignal::Visible } else { HostSignal::Hidden }
        }
        _ => HostSignal::Woken,
    }
}
