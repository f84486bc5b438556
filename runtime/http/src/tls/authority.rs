//! An authority of our own: it signs certificates for names of this machine.
//!
//! It is kept, so that a client has to be told once that it is to be trusted. What it signs lives
//! as long as the process. Its certificate has a name constraint (RFC 5280, section 4.2.1.10): of
//! all names only `localhost` and those below it can be vouched for, so whoever steals the key
//! can pose as no other site by name. Addresses are free, since any may be listened on.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::{Span, Timestamp, Zoned, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData as _, date_time_ymd,
};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::{Tls, TlsError};

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca-key.pem";

/// How long the authority itself is good.
const YEARS: i64 = 10;

/// How long what it signs is good: clients of Apple take no more than 825 days, and no Samovar
/// runs so long.
const DAYS: i64 = 397;

/// An authority that signs certificates for this machine.
#[derive(Debug)]
pub struct Authority {
    key: KeyPair,
    path: PathBuf,
    pub(super) certificate: CertificateDer<'static>,
}

impl Authority {
    /// The authority that is kept in `folder`, which is made, and an authority in it, where there
    /// is none: `ca.pem`, to be trusted by clients, and `ca-key.pem`, which only this user can
    /// read.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read or made.
    pub fn open(folder: &Path) -> Result<Self, TlsError> {
        fs::create_dir_all(folder).map_err(|error| TlsError::file(folder, error))?;
        let path = folder.join(KEY);
        let new = || Ok(KeyPair::generate()?.serialize_pem());
        let key = kept(folder, &path, new)?;
        let key = KeyPair::from_pem(&key).map_err(|error| TlsError::file(&path, error))?;
        let path = folder.join(CERTIFICATE);
        let new = || Ok(authority(&key)?.self_signed(&key)?.pem());
        let certificate = kept(folder, &path, new)?;
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|error| TlsError::pem(&path, "certificate", error))?;
        Ok(Self { key, path, certificate })
    }

    /// The file with the authority's certificate, for clients: `curl --cacert PATH`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the authority's certificate, as tools show it: `AB:CD:…`.
    pub fn fingerprint(&self) -> String {
        let hash = Sha256::digest(&self.certificate);
        hash.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// TLS with a certificate for these names and addresses, by a key that is made for it.
    ///
    /// # Errors
    /// One of the names cannot be in a certificate.
    pub fn issue(&self, names: impl IntoIterator<Item = String>) -> Result<Tls, TlsError> {
        let mut server = CertificateParams::new(names.into_iter().collect::<Vec<_>>())?;
        server.distinguished_name.push(DnType::CommonName, "Samovar");
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        valid(&mut server, Span::new().days(DAYS));
        let issuer = Issuer::new(authority(&self.key)?, &self.key);
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &issuer)?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        Tls::new(chain, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }
}

/// What the authority's own certificate says.
fn authority(key: &KeyPair) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new())?;
    // Two that are trusted at once must not be taken for each other.
    let hash = Sha256::digest(key.der_bytes());
    let tag: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name.push(DnType::CommonName, format!("Samovar {tag}, for localhost"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("localhost".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    valid(&mut params, Span::new().years(YEARS));
    Ok(params)
}

/// From yesterday, since clocks differ, for as long as `span`.
fn valid(params: &mut CertificateParams, span: Span) {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let date = |zoned: Zoned| {
        let (year, month, day) = (zoned.year(), zoned.month(), zoned.day());
        // Months and days are never negative.
        date_time_ymd(year.into(), month.unsigned_abs(), day.unsigned_abs())
    };
    if let (Ok(from), Ok(until)) = (now.checked_sub(Span::new().days(1)), now.checked_add(span)) {
        params.not_before = date(from);
        params.not_after = date(until);
    }
}

/// The text of a file, which is made of `new` where there is none. Of several that make it at
/// once, one wins, and all read the same.
fn kept(
    folder: &Path,
    path: &Path,
    new: impl FnOnce() -> Result<String, TlsError>,
) -> Result<String, TlsError> {
    let failed = |error: io::Error| TlsError::file(path, error);
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    // Its mode lets nobody else read it.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(new()?.as_bytes()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => {
            Err(failed(error.error))
        }
        _ => fs::read_to_string(path).map_err(failed),
    }
}
