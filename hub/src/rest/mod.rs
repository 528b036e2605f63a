//! The hub's HTTP, without HTTP: a request goes in, a response comes out. The process puts axum around it, the
//! hub in a page calls it as a function, and tests need no port.
//!
//! `service` is Microsoft's REST, `local` is `/local`, ours. What streams (`/local/events`) is the shell's.

mod guard;
mod local;
mod local_body;
mod method;
#[cfg(feature = "service")]
mod service;
mod stream;
mod target;

use crate::call::CallId;
use crate::clock::Now;
use crate::hub::{Hub, MethodAnswer};
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::format_round_trip;
use serde_json::{Value, json};
use target::Target;

pub use guard::BodyFault;
pub use stream::{EventFilter, EventReader};

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `PUT`, …
    pub method: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// Header names in lower case, and their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        self.query
            .split('&')
            .filter_map(|field| field.split_once('='))
            .find(|(have, _)| *have == name)
            .map(|(_, value)| iothub_protocol::percent::decode(value))
    }

    pub(crate) fn json(&self) -> Result<Value, ServiceError> {
        serde_json::from_slice(&self.body).map_err(|e| {
            ServiceError::new(ErrorCode::DeserializationError, format!("the body is no JSON: {e}"))
        })
    }
}

/// A response.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// 404 for a path that nobody answers; Microsoft has no code for it.
    #[must_use]
    pub fn not_found(message: &str) -> Self {
        Self::json(404, &json!({ "errorCode": 404_000, "message": message }))
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::raw_json(status, body.to_string().into_bytes())
    }

    pub(crate) fn raw_json(status: u16, body: Vec<u8>) -> Self {
        // The Node service SDK parses a body only under this content type.
        Self { status, headers: vec![("content-type", "application/json; charset=utf-8".to_owned())], body }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Reply {
    /// The answer.
    Now(Response),
    /// A direct method was invoked; [`Hub::method_response`] makes the answer of its outcome.
    Method(CallId),
}

/// Which body form an error has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Old,
    New,
    /// `/local`: ours, plain.
    Local,
}

impl Hub {
    /// Answers a request.
    pub fn handle_request(&mut self, request: &Request, now: Now) -> Reply {
        self.now = now;
        let target = Target::of(request);
        if target.segments.first().is_some_and(|first| first == "local") {
            return self.guarded_local(request, &target);
        }
        self.service_request(request, &target)
    }

    /// Microsoft's REST, with CORS by switch.
    #[cfg(feature = "service")]
    fn service_request(&mut self, request: &Request, target: &Target) -> Reply {
        let cors = self.config.switches.cors_rest && request.header("origin").is_some();
        let reply = match request.method.as_str() {
            "OPTIONS" if cors => Reply::Now(Response::empty(204)),
            _ => self.service(request, target),
        };
        match reply {
            Reply::Now(response) => Reply::Now(self.readable(request, response)),
            Reply::Method(_) => reply,
        }
    }

    /// A hub without Microsoft's REST has `/local` only.
    #[cfg(not(feature = "service"))]
    fn service_request(&mut self, request: &Request, _target: &Target) -> Reply {
        let text = format!("this hub answers /local only, not {}", request.path);
        Reply::Now(self.error_response(&ServiceError::new(ErrorCode::ArgumentInvalid, text), Form::Local))
    }

    fn method_answer(&mut self, answer: &MethodAnswer) -> Response {
        // The body is copied as it is, even if it is no JSON: so does the hub.
        let mut body = format!("{{\"status\":{},\"payload\":", answer.status).into_bytes();
        let payload: &[u8] = if answer.payload.is_empty() { b"null" } else { &answer.payload };
        body.extend_from_slice(payload);
        body.push(b'}');
        Response::raw_json(200, body).with("x-ms-request-id", self.rng.guid())
    }

    pub(crate) fn error_response(&mut self, error: &ServiceError, form: Form) -> Response {
        let tracking = self.rng.guid();
        let at = format_round_trip(self.wall_ms().cast_signed());
        let body = match form {
            Form::Old => error.old_body(&format!("{tracking}-G:0"), &at),
            Form::Local => error.mqtt_body(&tracking, &at, Some(&json!({ "name": error.code.name() }))),
            Form::New => error.new_body(&tracking, &at, Some(&json!({ "timeout": "00:00:00" }))),
        };
        Response::json(error.code.http_status(), &body)
            .with("iothub-errorcode", error.code.name())
            .with("x-ms-request-id", tracking)
    }
}
