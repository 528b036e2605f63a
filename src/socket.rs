//! A WebSocket and its listeners, owned: dropping it takes the listeners off and closes the socket.

use crate::listener::Listener;
use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, EventTarget, MessageEvent, WebSocket};

/// What a socket tells the driver.
pub(crate) enum Told {
    Opened,
    Bytes(Vec<u8>),
    Closed(u16),
}

/// A socket of the host's class, or of the one that an option named.
pub(crate) struct Socket {
    socket: WebSocket,
    /// Off before the socket is closed, so that nothing is told of a socket that was given up.
    listeners: Vec<Listener>,
}

impl Socket {
    /// Listens to `socket`; `tell` is called from the event loop, never from within a call here.
    pub(crate) fn new(socket: WebSocket, tell: impl Fn(Told) + Clone + 'static) -> Self {
        // A Blob would have to be read in another turn, and its order would be lost.
        socket.set_binary_type(BinaryType::Arraybuffer);
        let bytes = tell.clone();
        let target: &EventTarget = &socket;
        let message = Listener::new(vec![(target.clone(), "message")], move |event| {
            let data = event.unchecked_into::<MessageEvent>().data();
            // A text frame is no MQTT; the hub sends none.
            if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                bytes(Told::Bytes(Uint8Array::new(&buffer).to_vec()));
            }
        });
        // Some hosts raise no `close` when a socket never opened.
        let life = ["open", "close", "error"].map(|name| (target.clone(), name));
        let life = Listener::new(life.to_vec(), move |event| {
            if Reflect::get(&event, &"type".into()).is_ok_and(|kind| kind == "open") {
                return tell(Told::Opened);
            }
            // An `error` has no code.
            let code = event.unchecked_into::<CloseEvent>().code();
            tell(Told::Closed(if code == 0 { 1006 } else { code }));
        });
        Self { socket, listeners: vec![message, life] }
    }

    /// Writes one frame. A socket that just closed throws; its `close` event says the rest.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let _ = self.socket.send_with_u8_array(bytes);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    pub(crate) fn buffered(&self) -> usize {
        self.socket.buffered_amount() as usize
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.listeners.clear();
        let _ = self.socket.close();
    }
}
