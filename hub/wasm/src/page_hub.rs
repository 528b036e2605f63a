//! The hub as JavaScript sees it: inputs are methods, each with both clocks; outputs go to the [`Host`].

use crate::config;
use crate::host::Host;
use iothub_hub::{Hub, LinkId, Now, Opened, Output, Reason, Reply, Request, Response, Transport};
use js_sys::{Array, Object, Reflect, Uint8Array};
use serde_json::json;
use std::collections::BTreeMap;
use wasm_bindgen::prelude::*;

/// Events that are handed over at once.
const BATCH: usize = 256;

/// A hub in this page.
#[wasm_bindgen]
pub struct PageHub {
    hub: Hub,
    host: Host,
    /// Requests that invoked a method and wait for its outcome.
    calls: BTreeMap<u64, Request>,
    told: u64,
    wake_at: Option<u64>,
}

#[wasm_bindgen]
impl PageHub {
    /// `options` is JSON text; `seed` a random whole number; `mono` and `unix` are milliseconds.
    ///
    /// # Errors
    /// A sentence that names the option that is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, seed: f64, host: Host, mono: f64, unix: f64) -> Result<PageHub, JsError> {
        let config = config::read(options).map_err(|text| JsError::new(&text))?;
        let hub = Hub::new(config, whole(seed), Now::new(whole(mono), whole(unix)));
        Ok(Self { hub, host, calls: BTreeMap::new(), told: 0, wake_at: None })
    }

    /// A socket opened.
    pub fn open(&mut self, link: f64, mono: f64, unix: f64) {
        let opened = Opened { transport: Transport::InPage, certificate: None };
        self.hub.handle_opened(LinkId(whole(link)), opened, now(mono, unix));
        self.carry_out();
    }

    /// A frame came from a client.
    pub fn feed(&mut self, link: f64, bytes: &[u8], mono: f64, unix: f64) {
        self.hub.handle_bytes(LinkId(whole(link)), bytes, now(mono, unix));
        self.carry_out();
    }

    /// A client closed its socket.
    pub fn close(&mut self, link: f64, mono: f64, unix: f64) {
        self.hub.handle_closed(LinkId(whole(link)), now(mono, unix));
        self.carry_out();
    }

    /// The deadline of `Host.wake` has passed.
    pub fn timeout(&mut self, mono: f64, unix: f64) {
        self.wake_at = None;
        self.hub.handle_timeout(now(mono, unix));
        self.carry_out();
    }

    /// Ends all links.
    pub fn stop(&mut self, mono: f64, unix: f64) {
        self.hub.handle_stopping(now(mono, unix));
        self.carry_out();
    }

    /// Answers a request as the process does over HTTP. `head` is method, path and query, then names (in lower
    /// case) and values of headers in turn. Gives `[status, headers, body]`, or the number of a method whose
    /// response comes to `Host.answered`.
    pub fn request(&mut self, head: Vec<String>, body: Vec<u8>, mono: f64, unix: f64) -> JsValue {
        let mut parts = head.into_iter();
        let mut next = || parts.next().unwrap_or_default();
        let (method, path, query) = (next(), next(), next());
        let mut pairs = Vec::new();
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            pairs.push((name, value));
        }
        let request = Request { method, path, query, headers: pairs, body };
        let reply = self.hub.handle_request(&request, now(mono, unix));
        let answer = match reply {
            Reply::Now(response) => shown(&response),
            Reply::Method(call) => {
                self.calls.insert(call.0, request);
                number(call.0)
            }
        };
        self.carry_out();
        answer
    }

    /// Up to 256 events after a cursor: JSON text of `{events: [[id, type, data]…], missed, cursor}`.
    #[must_use]
    pub fn events(&self, cursor: f64) -> String {
        let batch = self.hub.events_after(whole(cursor), BATCH);
        let events: Vec<_> =
            batch.events.iter().map(|event| json!([event.id, event.kind(), event.to_json()])).collect();
        json!({ "events": events, "missed": batch.missed, "cursor": batch.cursor }).to_string()
    }

    /// The id of the last event.
    #[wasm_bindgen(js_name = lastEventId)]
    #[must_use]
    pub fn last_event_id(&self) -> f64 {
        float(self.hub.last_event_id())
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Transmit { link, bytes } => {
                    self.host.transmit(float(link.0), Uint8Array::from(bytes.as_slice()));
                }
                Output::Close { link, cause, .. } => {
                    let gently =
                        !matches!(cause.reason, Reason::Fault | Reason::Restarted | Reason::HubStopping);
                    self.host.closed(float(link.0), cause.reason.code(), &cause.detail, gently);
                }
                Output::MethodAnswered { call, outcome } => {
                    if let Some(request) = self.calls.remove(&call.0) {
                        let response = self.hub.method_response(&request, outcome);
                        self.host.answered(float(call.0), shown(&response));
                    }
                }
                Output::Admitted { .. } => {}
            }
        }
        let last = self.hub.last_event_id();
        if last != self.told {
            self.told = last;
            self.host.happened();
        }
        let next = self.hub.poll_timeout();
        if next != self.wake_at {
            self.wake_at = next;
            self.host.wake(next.map(float));
        }
    }
}

fn shown(response: &Response) -> JsValue {
    let headers = Object::new();
    for (name, value) in &response.headers {
        // A plain object takes any string key.
        let _ = Reflect::set(&headers, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    let body = Uint8Array::from(response.body.as_slice());
    Array::of3(&JsValue::from_f64(f64::from(response.status)), &headers, &body).into()
}

fn now(mono: f64, unix: f64) -> Now {
    Now::new(whole(mono), whole(unix))
}

/// JavaScript counts in floats; what comes from its clocks and counters is whole enough and fits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates at both ends"
)]
fn whole(value: f64) -> u64 {
    value as u64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds and counters stay far below 2^53")]
fn float(value: u64) -> f64 {
    value as f64
}

fn number(value: u64) -> JsValue {
    JsValue::from_f64(float(value))
}
