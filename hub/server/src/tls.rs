//! TLS: the hub's certificate, new with every start and signed by its own authority, and what listeners need of it.

use crate::authority::{Authority, named};
use crate::client_certificate::Reader;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The folder of the authority can not be read or written.
    #[error("{path}: {error}. Name another folder with --cert-dir")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The kept key is none, or making a certificate failed.
    #[error("making a certificate: {0}. Delete the files in --cert-dir to start over")]
    Certificate(#[from] rcgen::Error),
    /// The file of client authorities is none.
    #[error("--client-ca {path}: {text}. It holds the certificates of authorities, PEM")]
    ClientAuthority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
    },
    /// The TLS library refused it.
    #[error("TLS: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

/// What listeners need, and the file that clients trust.
#[derive(Clone)]
pub struct Tls {
    /// Shakes hands.
    pub acceptor: TlsAcceptor,
    /// Reads the certificates of clients.
    pub reader: Reader,
    /// The authority's certificate, PEM.
    pub ca_file: PathBuf,
}

/// Loads or makes the authority in `folder`, and a certificate for the host names of this hub.
///
/// # Errors
/// [`TlsError`] says which file or step failed.
pub fn prepare(folder: &Path, client_ca: Option<&Path>, host_names: &[String]) -> Result<Tls, TlsError> {
    let provider = Arc::new(default_provider());
    let reader = Reader::new(client_ca, Arc::clone(&provider))?;
    let authority = Authority::of(folder)?;
    let ca_file = authority.file.clone();
    let certificates = Certificates::new(authority, host_names, &provider)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(reader.clone()))
        .with_cert_resolver(Arc::new(certificates));
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), reader, ca_file })
}

/// A name with a dot that needs no hosts file: some SDKs take no other.
const DOTTED: &str = "hub.localhost";
/// Names below `localhost` that have been asked for and are remembered.
const REMEMBERED: usize = 64;

/// The hub's certificate: one for all its names, and one more for each name below `localhost` that a client asks
/// for. A wildcard would not do: most clients take none directly below a top-level name.
struct Certificates {
    authority: Authority,
    names: Vec<String>,
    key: KeyPair,
    signs: Arc<dyn SigningKey>,
    all: Arc<CertifiedKey>,
    asked: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificates({})", self.names.join(", "))
    }
}

impl Certificates {
    fn new(authority: Authority, host_names: &[String], provider: &CryptoProvider) -> Result<Self, TlsError> {
        let unbracketed = host_names.iter().map(|name| name.trim_matches(['[', ']']).to_owned());
        let mut names: Vec<String> = unbracketed.collect();
        names.push(DOTTED.to_owned());
        let key = KeyPair::generate()?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signs = provider.key_provider.load_private_key(private)?;
        let all = certify(&authority, &names, &key, &signs)?;
        Ok(Self { authority, names, key, signs, all, asked: Mutex::default() })
    }

    /// The certificate for a name that a client asked for.
    fn of(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        if !name.ends_with(".localhost") || self.names.iter().any(|known| known == name) {
            return None;
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = asked.get(name) {
            return Some(Arc::clone(found));
        }
        let mut names = self.names.clone();
        names.push(name.to_owned());
        let made = certify(&self.authority, &names, &self.key, &self.signs).ok()?;
        if asked.len() >= REMEMBERED {
            asked.clear();
        }
        asked.insert(name.to_owned(), Arc::clone(&made));
        Some(made)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.of(&name.to_ascii_lowercase()));
        Some(named.unwrap_or_else(|| Arc::clone(&self.all)))
    }
}

fn certify(
    authority: &Authority,
    names: &[String],
    key: &KeyPair,
    signs: &Arc<dyn SigningKey>,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named("localhost");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(365);
    let leaf = params.signed_by(key, &authority.issuer)?;
    let chain = vec![leaf.der().clone(), authority.certificate.clone()];
    Ok(Arc::new(CertifiedKey::new(chain, Arc::clone(signs))))
}

/// Where the authority is kept when nobody says: the user's data folder.
#[must_use]
pub fn default_folder() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    data.or_else(|| home.map(|home| home.join(".local/share")))
        .unwrap_or_else(std::env::temp_dir)
        .join("iothub-local")
}
