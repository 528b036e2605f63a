//! Who may call `/local`: programs on this machine, and pages from this machine. A foreign page that a
//! developer has open must not drive the hub, neither directly (Origin) nor by a name that it has made point to
//! 127.0.0.1 (Host).

use super::{Reply, Request, Response, Target};
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

/// Lets a page of `origin` read the response.
pub(crate) fn allow(response: Response, origin: &str) -> Response {
    response
        .with("access-control-allow-origin", origin)
        .with("vary", "origin")
        .with("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE")
        .with("access-control-allow-headers", "authorization, content-type, if-match, last-event-id")
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

    pub(super) fn guarded_local(&mut self, request: &Request, target: &Target) -> Reply {
        if let Err(error) = self.check_local(request) {
            return Reply::Now(self.error_response(&error, super::Form::Local));
        }
        let reply = match request.method.as_str() {
            "OPTIONS" => Reply::Now(Response::empty(204)),
            _ => self.local(request, target),
        };
        match (reply, request.header("origin")) {
            (Reply::Now(response), Some(origin)) => Reply::Now(allow(response, origin)),
            (reply, _) => reply,
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
