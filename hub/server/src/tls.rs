//! The hub's own certificate authority and certificate. The authority is made on first use and kept, so that it
//! has to be trusted once; the certificate for `localhost` is new with every start.

use crate::client_certificate::Reader;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

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

/// Loads or makes the authority in `folder` and a certificate for this machine's loopback names and `host`.
///
/// # Errors
/// [`TlsError`] says which file or step failed.
pub fn prepare(folder: &Path, client_ca: Option<&Path>, host: IpAddr) -> Result<Tls, TlsError> {
    let ca_file = folder.join("ca.pem");
    let key = authority_key(folder)?;
    let params = authority_params();
    if !ca_file.exists() {
        let certificate = params.clone().self_signed(&key)?;
        write(&ca_file, &certificate.pem(), false)?;
    }
    let issuer = Issuer::new(params, key);
    let leaf_key = KeyPair::generate()?;
    let leaf = leaf_params(host)?.signed_by(&leaf_key, &issuer)?;
    let chain = vec![leaf.der().clone(), CertificateDer::from(pem_body(&ca_file)?)];
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let provider = Arc::new(default_provider());
    let reader = Reader::new(client_ca, Arc::clone(&provider))?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(reader.clone()))
        .with_single_cert(chain, private)?;
    Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), reader, ca_file })
}

fn authority_key(folder: &Path) -> Result<KeyPair, TlsError> {
    let path = folder.join("ca.key");
    if path.exists() {
        let text = fs::read_to_string(&path).map_err(|error| TlsError::File { path, error })?;
        return Ok(KeyPair::from_pem(&text)?);
    }
    fs::create_dir_all(folder).map_err(|error| TlsError::File { path: folder.to_owned(), error })?;
    let key = KeyPair::generate()?;
    write(&path, &key.serialize_pem(), true)?;
    // A certificate of another key would be left over.
    let _ = fs::remove_file(folder.join("ca.pem"));
    Ok(key)
}

fn write(path: &Path, text: &str, secret: bool) -> Result<(), TlsError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| TlsError::File { path: path.to_owned(), error })
}

fn pem_body(path: &Path) -> Result<Vec<u8>, TlsError> {
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    let read = CertificateDer::from_pem_file(path);
    let certificate =
        read.map_err(|error| TlsError::File { path: path.to_owned(), error: io::Error::other(error) })?;
    Ok(certificate.to_vec())
}

/// The same with every start, so that the kept certificate stays the issuer.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("iothub-local development CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(3650);
    params
}

fn leaf_params(host: IpAddr) -> Result<CertificateParams, rcgen::Error> {
    let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    if !host.is_loopback() && !host.is_unspecified() {
        names.push(host.to_string());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named("localhost");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(365);
    Ok(params)
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
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
