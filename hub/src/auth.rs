//! Who may come in: tokens of devices and modules, client certificates. Every refusal says
//! which part did not fit, and never shows more of a token than audience and expiry.

use crate::config::Right;
use crate::hub::Hub;
use crate::link::PeerCertificate;
use crate::reason::{Cause, Reason, shown};
use crate::record::{Authentication, Record};
use iothub_protocol::sas::{Key, Token};
use iothub_protocol::time::format_millis;
use serde_json::json;

/// How a link proved itself.
pub(crate) struct Proven {
    /// JSON text, as the hub stamps it on every message.
    pub(crate) auth_method: String,
    /// `se` in milliseconds; none with a certificate.
    pub(crate) token_ends_ms: Option<u64>,
}

impl Hub {
    /// Checks what a CONNECT brought against the identity's record.
    pub(crate) fn prove(
        &self,
        record: &Record,
        password: &str,
        certificate: Option<&PeerCertificate>,
    ) -> Result<Proven, Cause> {
        if !password.is_empty() {
            return self.prove_by_token(record, password);
        }
        let Some(certificate) = certificate else {
            let detail = "neither a password (a SAS token) nor a client certificate came with the CONNECT";
            return Err(Cause::new(Reason::PasswordMissing, detail));
        };
        prove_by_certificate(record, certificate)?;
        Ok(Proven { auth_method: auth_method(record, "x509"), token_ends_ms: None })
    }

    fn prove_by_token(&self, record: &Record, password: &str) -> Result<Proven, Cause> {
        let token = Token::parse(password).map_err(|e| Cause::new(Reason::MalformedToken, e.to_string()))?;
        let identity = &record.identity;
        let host = self.config.audience_host(&token);
        if !host.is_some_and(|host| token.covers(&host, &identity.device_id, identity.module())) {
            let detail = format!(
                "the token is for \"{}\", wanted is {}/devices/{identity}",
                shown(&token.audience()),
                self.config.host_name()
            );
            return Err(Cause::new(Reason::TokenAudience, detail));
        }
        let by_policy = self.check_signer(record, &token)?;
        let token_ends_ms = token.expires().saturating_mul(1000);
        let wall = self.wall_ms();
        if token_ends_ms.saturating_add(self.config.sas_skew_ms) <= wall {
            let detail = format!(
                "the token ended {} and the hub's clock says {}: make a new one, or set the clock right",
                format_millis(token_ends_ms.cast_signed()),
                format_millis(wall.cast_signed())
            );
            return Err(Cause::new(Reason::TokenExpiredAtConnect, detail));
        }
        let kind = if by_policy { "sas" } else { "symkey" };
        Ok(Proven { auth_method: auth_method(record, kind), token_ends_ms: Some(token_ends_ms) })
    }

    /// True when a policy signed, false when the identity's own key did.
    fn check_signer(&self, record: &Record, token: &Token) -> Result<bool, Cause> {
        let unsigned = |by: &str| {
            let detail = format!(
                "the token's signature was not made with {by} (audience \"{}\", ends {})",
                shown(&token.audience()),
                format_millis(token.expires().saturating_mul(1000).cast_signed())
            );
            Err(Cause::new(Reason::TokenSignature, detail))
        };
        if let Some(name) = token.policy() {
            let policy = self.config.policy(name).filter(|p| p.rights.contains(&Right::DeviceConnect));
            let Some(policy) = policy else {
                let detail = format!("policy \"{}\" is unknown or has no right DeviceConnect", shown(name));
                return Err(Cause::new(Reason::TokenPolicy, detail));
            };
            return if token.is_signed_by([&policy.key]) {
                Ok(true)
            } else {
                unsigned("the key of its policy")
            };
        }
        match &record.authentication {
            Authentication::Sas { primary, secondary } => match token.is_signed_by([primary, secondary]) {
                true => Ok(false),
                false => unsigned(
                    "the primary or the secondary key of the identity: copy its connection string again",
                ),
            },
            other => {
                let detail = format!("the identity is registered for \"{}\", a token came", other.name());
                Err(Cause::new(Reason::AuthenticationType, detail))
            }
        }
    }

    /// A token for a device or module, as a device would make it; for `/local/tokens`.
    pub(crate) fn key_of(&self, record: &Record) -> Option<Key> {
        match &record.authentication {
            Authentication::Sas { primary, .. } => Some(primary.clone()),
            _ => None,
        }
    }
}

fn prove_by_certificate(record: &Record, shown: &PeerCertificate) -> Result<(), Cause> {
    match &record.authentication {
        Authentication::SelfSigned { primary, secondary } => {
            let known = [primary, secondary].into_iter().flatten();
            if known
                .into_iter()
                .any(|t| t.eq_ignore_ascii_case(&shown.sha1) || t.eq_ignore_ascii_case(&shown.sha256))
            {
                return Ok(());
            }
            let detail = format!("the certificate's thumbprint {} is not one of the registered", shown.sha1);
            Err(Cause::new(Reason::CertificateMismatch, detail))
        }
        Authentication::CertificateAuthority => {
            let wanted = record.identity.to_string();
            let named = shown.common_name.as_deref().unwrap_or("");
            match (shown.authority_signed, named == wanted) {
                (true, true) => Ok(()),
                (false, _) => {
                    let detail = "no authority that the hub was given signed the client certificate";
                    Err(Cause::new(Reason::CertificateMismatch, detail))
                }
                (true, false) => {
                    let detail =
                        format!("the certificate's common name is \"{named}\", wanted is \"{wanted}\"");
                    Err(Cause::new(Reason::CertificateMismatch, detail))
                }
            }
        }
        other => {
            let detail = format!(
                "the identity is registered for \"{}\", a certificate came and no token",
                other.name()
            );
            Err(Cause::new(Reason::AuthenticationType, detail))
        }
    }
}

/// The `iothub-connection-auth-method` of a link.
fn auth_method(record: &Record, kind: &str) -> String {
    let scope = match (kind, record.is_module()) {
        ("sas", _) => "hub",
        (_, true) => "module",
        (_, false) => "device",
    };
    json!({ "scope": scope, "type": kind, "issuer": "iothub", "acceptingIpFilterRule": null }).to_string()
}
