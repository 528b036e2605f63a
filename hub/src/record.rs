//! One identity, a device or a module, with everything that hangs on it: how it proves itself, its twin, its
//! session, its queue, its link.

use crate::LinkId;
use crate::queue::Queue;
use crate::session::Session;
use crate::twin_record::TwinRecord;
use iothub_protocol::identity::Identity;
use iothub_protocol::sas::Key;
use std::sync::Arc;

/// How an identity proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// By a token signed with one of two keys.
    Sas { primary: Key, secondary: Key },
    /// By a certificate with one of two thumbprints (upper-case hex).
    SelfSigned { primary: Option<String>, secondary: Option<String> },
    /// By a certificate that an authority signed for its id.
    CertificateAuthority,
    /// Not at all.
    None,
}

impl Authentication {
    /// `type` in identity documents.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sas { .. } => "sas",
            Self::SelfSigned { .. } => "selfSigned",
            Self::CertificateAuthority => "certificateAuthority",
            Self::None => "none",
        }
    }
}

/// One identity.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) identity: Arc<Identity>,
    pub(crate) generation_id: String,
    /// Counts changes of the identity; shown as base64.
    pub(crate) etag: u64,
    pub(crate) enabled: bool,
    pub(crate) status_reason: Option<String>,
    pub(crate) status_updated_ms: Option<u64>,
    pub(crate) connection_updated_ms: Option<u64>,
    pub(crate) last_activity_ms: Option<u64>,
    pub(crate) authentication: Authentication,
    pub(crate) iot_edge: bool,
    pub(crate) managed_by: Option<String>,
    /// The edge device above; of an edge device, its own scope.
    pub(crate) device_scope: Option<String>,
    pub(crate) parent_scopes: Vec<String>,
    pub(crate) model_id: Option<String>,
    pub(crate) twin: TwinRecord,
    /// Kept while links come and go; none until a client with clean session 0 came.
    pub(crate) session: Option<Session>,
    pub(crate) queue: Queue,
    pub(crate) link: Option<LinkId>,
}

impl Record {
    pub(crate) fn new(
        identity: Identity,
        generation_id: String,
        authentication: Authentication,
        etag: u64,
        now_ms: u64,
    ) -> Self {
        Self {
            identity: Arc::new(identity),
            generation_id,
            etag,
            enabled: true,
            status_reason: None,
            status_updated_ms: None,
            connection_updated_ms: None,
            last_activity_ms: None,
            authentication,
            iot_edge: false,
            managed_by: None,
            device_scope: None,
            parent_scopes: Vec::new(),
            model_id: None,
            twin: TwinRecord::new(now_ms),
            session: None,
            queue: Queue::default(),
            link: None,
        }
    }

    pub(crate) fn is_module(&self) -> bool {
        self.identity.module_id.is_some()
    }

    /// The etag as text: base64 of the counter's eight bytes.
    pub(crate) fn etag_text(&self) -> String {
        etag_text(self.etag)
    }
}

/// Base64 of eight big-endian bytes: `AAAAAAAAAAc=`.
pub(crate) fn etag_text(counter: u64) -> String {
    Key::from_bytes(&counter.to_be_bytes()).to_base64().expose().to_owned()
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn an_etag_looks_like_the_hubs() {
        assert_eq!(super::etag_text(7), "AAAAAAAAAAc=");
    }
}
