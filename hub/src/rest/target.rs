//! The address of a request, taken apart.

use super::Request;
use iothub_protocol::identity::Identity;
use iothub_protocol::percent;

/// Decoded path segments; a trailing slash makes no segment.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) segments: Vec<String>,
}

impl Target {
    pub(crate) fn of(request: &Request) -> Self {
        Self { segments: request.path.split('/').filter(|s| !s.is_empty()).map(percent::decode).collect() }
    }

    /// The segments as text to match on.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

pub(crate) fn device(device_id: &str) -> Identity {
    Identity { device_id: device_id.to_owned(), module_id: None }
}

pub(crate) fn module(device_id: &str, module_id: &str) -> Identity {
    Identity { device_id: device_id.to_owned(), module_id: Some(module_id.to_owned()) }
}
