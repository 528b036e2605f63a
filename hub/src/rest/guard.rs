//! Who may call `/local`: programs on this machine, and pages from this machine. A foreign page that a
//! developer has open must not drive the hub, neither directly (Origin) nor by a name that it has made point to
//! 127.0.0.1 (Host).

use super::{Form, Reply, Request, Response, Target};
use crate::clock::Now;
use crate::hub::Hub;
use iothub_protocol::connection_string::is_loopback;
use iothub_protocol::service_error::{ErrorCode, ServiceError};

/// The host of `host[:port]` or of an origin.
pub(crate) fn host_of(text: &str) -> &str {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    match text.rfind(':') {
        Some(at) if !text[at..].contains(']') => &text[..at],
        _ => text,
    }
}

/// Largest body of a request: a bulk operation of a hundred devices has room.
const BODY_MAX: usize = 4 * 1024 * 1024;
/// Largest import: what `GET /local/export` says of a large hub can be read back.
const IMPORT_MAX: usize = 256 * 1024 * 1024;

/// Headers that a page may send when it does not say which.
const ALLOWED_HEADERS: &str = "authorization, content-type, if-match, last-event-id, x-ms-max-item-count, \
    x-ms-continuation, x-ms-client-request-id, request-id";

/// Why the shell has no body for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFault {
    /// It is longer than this many bytes.
    TooLarge(usize),
    /// It broke off, or was not framed as HTTP says.
    Broken,
    /// It did not come in this many seconds.
    Slow(u64),
    /// The bodies of all requests together are too large.
    Crowded,
}

impl BodyFault {
    /// What its sender is told.
    #[must_use]
    pub fn error(self) -> ServiceError {
        let (code, text) = match self {
            Self::TooLarge(max) => (
                ErrorCode::MessageTooLarge,
                format!("the body is larger than {max} bytes: send less at once"),
            ),
            Self::Broken => (
                ErrorCode::IotHubFormatError,
                "the body broke off, or its chunks are not as HTTP has them: send it again".to_owned(),
            ),
            Self::Slow(seconds) => (
                ErrorCode::IotHubFormatError,
                format!("the body did not come within {seconds} s: send it at once"),
            ),
            Self::Crowded => (
                ErrorCode::ServiceUnavailable,
                "too many large bodies are on their way at once: try again".to_owned(),
            ),
        };
        ServiceError::new(code, text)
    }
}

/// Lets a page of `origin` read the response to `request`, and send the headers that it asks for.
pub(crate) fn allow(response: Response, request: &Request, origin: &str) -> Response {
    // What stands in the answer is a list of names and nothing else.
    let is_list = |text: &&str| {
        text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b',' | b' '))
    };
    let asked = request.header("access-control-request-headers").filter(is_list);
    response
        .with("access-control-allow-origin", origin)
        .with("vary", "origin, access-control-request-headers")
        .with("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
        .with("access-control-allow-headers", asked.unwrap_or(ALLOWED_HEADERS))
        .with(
            "access-control-expose-headers",
            "etag, iothub-errorcode, x-ms-request-id, x-ms-continuation, x-ms-item-type",
        )
}

impl Hub {
    /// Whether a request may touch `/local`, and if not, why.
    ///
    /// # Errors
    /// 401 with the header that is to blame. Nothing is changed then.
    pub fn check_local(&self, request: &Request) -> Result<(), ServiceError> {
        let refused = |text: String| Err(ServiceError::new(ErrorCode::IotHubUnauthorizedAccess, text));
        let trusted = |host: &str| {
            is_loopback(host) || self.config.trusted_hosts.iter().any(|h| h.eq_ignore_ascii_case(host))
        };
        if let Some(host) = request.header("host").map(host_of).filter(|host| !trusted(host)) {
            return refused(format!("Host is \"{host}\": /local answers to names of this machine only"));
        }
        // What is not plain text is no origin, and could not stand in the answer's header.
        let known = |origin: &str| origin.bytes().all(|b| b.is_ascii_graphic()) && trusted(host_of(origin));
        if let Some(origin) = request.header("origin").filter(|origin| !known(origin)) {
            return refused(format!("Origin is {origin:?}: /local is for pages from this machine only"));
        }
        Ok(())
    }

    /// Looks at a request's head before its body is read; gives how long the body may be.
    ///
    /// # Errors
    /// The response that refuses a foreign page or host.
    pub fn check_head(&mut self, head: &Request, now: Now) -> Result<usize, Box<Response>> {
        self.now = now;
        let target = Target::of(head);
        let parts = target.parts();
        if parts.first() != Some(&"local") {
            return Ok(BODY_MAX);
        }
        match self.check_local(head) {
            Ok(()) if parts[1..] == ["import"] => Ok(IMPORT_MAX),
            Ok(()) => Ok(BODY_MAX),
            Err(error) => Err(Box::new(self.error_response(&error, Form::Local))),
        }
    }

    /// The answer to a request that the shell could not carry out, in the form of its path.
    pub fn failure_response(&mut self, head: &Request, error: &ServiceError, now: Now) -> Response {
        self.now = now;
        let parts = Target::of(head);
        let form = match (parts.parts().first(), parts.parts().last()) {
            (Some(&"local"), _) => Form::Local,
            (_, Some(&"methods")) => Form::New,
            _ => Form::Old,
        };
        let response = self.error_response(error, form);
        self.readable(head, response)
    }

    /// Adds what lets the page that asked read the answer, if it may.
    #[must_use]
    pub fn readable(&self, head: &Request, response: Response) -> Response {
        let local = Target::of(head).segments.first().is_some_and(|first| first == "local");
        match head.header("origin") {
            Some(origin) if local => allow(response, head, origin),
            Some(_) if self.config.switches.cors_rest => allow(response, head, "*"),
            _ => response,
        }
    }

    pub(super) fn guarded_local(&mut self, request: &Request, target: &Target) -> Reply {
        if let Err(error) = self.check_local(request) {
            return Reply::Now(self.error_response(&error, Form::Local));
        }
        let reply = match request.method.as_str() {
            "OPTIONS" => Reply::Now(Response::empty(204)),
            _ => self.local(request, target),
        };
        match reply {
            Reply::Now(response) => Reply::Now(self.readable(request, response)),
            Reply::Method(_) => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::host_of;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_host_is_cut_out_of_headers() {
        for (text, host) in [
            ("localhost:4280", "localhost"),
            ("http://127.0.0.1:5173", "127.0.0.1"),
            ("[::1]:4280", "[::1]"),
            ("https://[::1]", "[::1]"),
            ("example.com", "example.com"),
            ("null", "null"),
        ] {
            assert_eq!(host_of(text), host);
        }
    }
}
