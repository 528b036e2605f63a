//! The hub's own certificate authority: a key and a certificate in a folder, made on first use and kept, so that
//! it has to be trusted once. Hubs that start at the same time make one between them.

use crate::tls::TlsError;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// An authority that can sign.
#[derive(Debug)]
pub struct Authority {
    /// Signs.
    pub issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub certificate: CertificateDer<'static>,
    /// The file that has it, PEM.
    pub file: PathBuf,
}

impl Authority {
    /// Loads the authority of a folder, or makes it.
    ///
    /// # Errors
    /// [`TlsError`] names the file.
    pub fn of(folder: &Path) -> Result<Self, TlsError> {
        let file = folder.join("ca.pem");
        // What is whole needs no lock: the folder may be one that this user can only read.
        if let Some(authority) = load(folder, &file)? {
            return Ok(authority);
        }
        let fail = |path: &Path, error| TlsError::File { path: path.to_owned(), error };
        fs::create_dir_all(folder).map_err(|error| fail(folder, error))?;
        let path = folder.join("ca.lock");
        let lock = File::create(&path).and_then(|lock| lock.lock().map(|()| lock));
        // Held until the end of this function; the file stays, for the next one.
        let _lock = lock.map_err(|error| fail(&path, error))?;
        if let Some(authority) = load(folder, &file)? {
            return Ok(authority);
        }
        make(folder, &file)?;
        load(folder, &file)?.ok_or_else(|| fail(&file, io::Error::other("it is not what was written")))
    }
}

/// The authority, if its key is there and the certificate is the key's.
fn load(folder: &Path, file: &Path) -> Result<Option<Authority>, TlsError> {
    let Some(key) = read_key(&folder.join("ca.key"))? else { return Ok(None) };
    if !file.exists() {
        return Ok(None);
    }
    let certificate = CertificateDer::from_pem_file(file)
        .map_err(|error| TlsError::File { path: file.to_owned(), error: io::Error::other(error) })?;
    let public = key.subject_public_key_info();
    if !certificate.windows(public.len()).any(|window| window == public) {
        return Ok(None);
    }
    let issuer = Issuer::new(params(), key);
    Ok(Some(Authority { issuer, certificate, file: file.to_owned() }))
}

fn read_key(path: &Path) -> Result<Option<KeyPair>, TlsError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(KeyPair::from_pem(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(TlsError::File { path: path.to_owned(), error }),
    }
}

/// Makes what is missing. A key that is there is kept; a certificate of another key is replaced.
fn make(folder: &Path, file: &Path) -> Result<(), TlsError> {
    let path = folder.join("ca.key");
    let key = match read_key(&path)? {
        Some(key) => key,
        None => {
            let key = KeyPair::generate()?;
            write(&path, &key.serialize_pem(), true)?;
            key
        }
    };
    write(file, &params().self_signed(&key)?.pem(), false)
}

/// Writes a file beside its place and moves it there: nobody reads half of it.
fn write(path: &Path, text: &str, secret: bool) -> Result<(), TlsError> {
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    let written = options
        .open(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| TlsError::File { path: path.to_owned(), error })
}

/// The same with every start, so that the kept certificate stays the issuer.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("iothub-local development CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(3650);
    params
}

/// A name that is only a common name.
pub(crate) fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}
