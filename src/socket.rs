//! A WebSocket and its listeners, owned: dropping it takes the listeners off and closes the socket.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// What a socket tells the driver.
pub(crate) enum Told {
    Opened,
    Bytes(Vec<u8>),
    Closed(u16),
}

/// A socket of the host's class, or of the one that an option named.
pub(crate) struct Socket {
    socket: WebSocket,
    listeners: [(&'static str, Closure<dyn FnMut(JsValue)>); 4],
}

impl Socket {
    /// Listens to `socket`; `tell` is called from the event loop, never from within a call here.
    pub(crate) fn new(socket: WebSocket, tell: impl Fn(Told) + Clone + 'static) -> Self {
        // A Blob would have to be read in another turn, and its order would be lost.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let (opened, bytes, closed, failed) = (tell.clone(), tell.clone(), tell.clone(), tell);
        let listeners: [(&'static str, Closure<dyn FnMut(JsValue)>); 4] = [
            ("open", Closure::new(move |_| opened(Told::Opened))),
            ("message", Closure::new(move |event: JsValue| {
                let data = event.unchecked_into::<MessageEvent>().data();
                // A text frame is no MQTT; the hub sends none.
                if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                    bytes(Told::Bytes(Uint8Array::new(&buffer).to_vec()));
                }
            })),
            ("close", Closure::new(move |event: JsValue| closed(Told::Closed(event.unchecked_into::<CloseEvent>().code())))),
            // Some hosts raise no `close` when a socket never opened.
            ("error", Closure::new(move |_| failed(Told::Closed(1006)))),
        ];
        for (name, listener) in &listeners {
            let _ = socket.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
        Self { socket, listeners }
    }

    /// Writes one frame. A socket that just closed throws; its `close` event says the rest.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let _ = self.socket.send_with_u8_array(bytes);
    }

    pub(crate) fn buffered(&self) -> usize {
        self.socket.buffered_amount() as usize
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        for (name, listener) in &self.listeners {
            let _ = self.socket.remove_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
        let _ = self.socket.close();
    }
}
