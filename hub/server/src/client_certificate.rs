//! Client certificates: asked for in every handshake, never demanded. Whether one is good is the hub's decision
//! (a registered thumbprint, or an authority that the hub was given); here it is only read, and the client's
//! proof that it holds the key is checked.

use crate::tls::TlsError;
use iothub_hub::PeerCertificate;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConnection, SignatureScheme,
};

/// Reads certificates, and asks the authorities whose children they are.
#[derive(Clone)]
pub struct Reader {
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({})", if self.authorities.is_some() { "with authorities" } else { "no authority" })
    }
}

impl Reader {
    /// A reader with the authorities of a PEM file, or with none.
    ///
    /// # Errors
    /// [`TlsError::ClientAuthority`] when the file holds no certificate that can be an authority.
    pub fn new(authorities: Option<&Path>, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let authorities = authorities.map(|path| read_authorities(path, &provider)).transpose()?;
        Ok(Self { authorities, provider })
    }

    /// The certificate that a client showed, if it showed one.
    #[must_use]
    pub fn shown(&self, connection: &ServerConnection) -> Option<PeerCertificate> {
        let (first, chain) = connection.peer_certificates()?.split_first()?;
        let now = UnixTime::now();
        let authority_signed = self
            .authorities
            .as_ref()
            .is_some_and(|authorities| authorities.verify_client_cert(first, chain, now).is_ok());
        Some(PeerCertificate {
            sha1: hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, first).as_ref()),
            sha256: hex(digest(&SHA256, first).as_ref()),
            common_name: common_name(first),
            authority_signed,
        })
    }
}

fn read_authorities(
    path: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let fail = |text: String| TlsError::ClientAuthority { path: path.to_owned(), text };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| fail(error.to_string()))? {
        let certificate = certificate.map_err(|error| fail(error.to_string()))?;
        roots.add(certificate).map_err(|error| fail(error.to_string()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| fail(error.to_string()))
}

/// Takes any certificate: the hub looks at it when CONNECT comes.
impl ClientCertVerifier for Reader {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// One DER value: its tag, its content, what follows it.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// The last common name of the subject. X.509: certificate → to be signed → subject → sets of (type, value).
fn common_name(certificate: &[u8]) -> Option<String> {
    const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
    const VERSION: u8 = 0xa0;
    let (_, certificate, _) = value(certificate)?;
    let (_, mut rest, _) = value(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = value(rest)?.2;
    }
    // Serial number, signature algorithm, issuer, validity.
    for _ in 0..4 {
        rest = value(rest)?.2;
    }
    let (_, mut names, _) = value(rest)?;
    let mut found = None;
    while let Some((_, mut set, next)) = value(names) {
        while let Some((_, pair, after)) = value(set) {
            if let Some((_, _, text)) = value(pair).filter(|(_, kind, _)| *kind == COMMON_NAME) {
                found = value(text).and_then(|(_, text, _)| String::from_utf8(text.to_vec()).ok());
            }
            set = after;
        }
        names = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::common_name;
    use rcgen::{CertificateParams, DnType, KeyPair};

    #[test]
    fn the_common_name_is_found_among_other_names() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "iothub");
        params.distinguished_name.push(DnType::CommonName, "device-x");
        let certificate = params.self_signed(&key).unwrap();
        assert_eq!(common_name(certificate.der()).as_deref(), Some("device-x"));
        for cut in 0..certificate.der().len().min(200) {
            // Cut anywhere, it is read without a panic.
            let _ = common_name(&certificate.der()[..cut]);
        }
        assert_eq!(common_name(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }
}
