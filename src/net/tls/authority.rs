//! The project's certificate authority, and the certificates that it signs for simulated hosts.
//!
//! The authority and the keys are files of the tree (`certificates/`), the same for every seed, profile and version,
//! and a signature over them is a function of what is signed. So a host's certificate depends on what the scenario
//! says of it, and on nothing else; nothing makes a key at run time.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use mbedtls::error::{Error, codes};
use mbedtls::hash;
use mbedtls::pk::Pk;
use mbedtls::x509::certificate::Builder;
use mbedtls::x509::{KeyUsage, Time};

use super::library::{private_key, source};
use super::{CA_KEY, HOST_EC_KEY, HOST_RSA_KEY, HostCertificate, Identity, KeyKind, SetupError};
use crate::rng::Stream;

/// The authority's subject, as its certificate has it.
const ISSUER: &str = "C=EU, O=espat-sim, CN=espat-sim CA";
/// subjectAltName, 2.5.29.17.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
/// extKeyUsage, 2.5.29.37, with serverAuth, 1.3.6.1.5.5.7.3.1.
const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SERVER_USAGE: &[u8] = &[0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// How many certificates are remembered.
const REMEMBERED: usize = 16;

/// What was signed last, oldest first. A signature takes milliseconds, and is always the same: a program that makes many
/// worlds of one scenario makes it once.
static SIGNED: Mutex<VecDeque<(HostCertificate, Identity)>> = Mutex::new(VecDeque::new());

impl HostCertificate {
    /// Signs it with [`CA_KEY`]: the certificate in PEM, and its key. The same for the same content.
    ///
    /// # Errors
    /// A name or a date cannot be in a certificate, there is neither a name nor an address, or this build has no TLS.
    pub fn sign(&self) -> Result<Identity, SetupError> {
        let mut signed = SIGNED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, identity)) = signed.iter().find(|(of, _)| of == self) {
            return Ok(identity.clone());
        }
        let identity = sign_with(CA_KEY, self)?;
        if signed.len() >= REMEMBERED {
            signed.pop_front();
        }
        signed.push_back((self.clone(), identity.clone()));
        Ok(identity)
    }

    /// Whether [`sign`](Self::sign) can sign it, without the work of it.
    ///
    /// # Errors
    /// Those of [`sign`](Self::sign).
    pub fn check(&self) -> Result<(), SetupError> {
        let (mut issuer_key, mut subject_key) = keys(CA_KEY, self)?;
        prepare(self, &mut issuer_key, &mut subject_key).map(|_| ()).map_err(refused)
    }

    /// The same by another authority that has [`CA`](super::CA)'s name, with the host's own key: who trusts that one does
    /// not trust this certificate.
    ///
    /// # Errors
    /// Those of [`sign`](Self::sign).
    pub fn sign_as_another(&self) -> Result<Identity, SetupError> {
        sign_with(HOST_RSA_KEY, self)
    }
}

/// The key of the issuer, and that of the host.
fn keys(issuer_key: &str, host: &HostCertificate) -> Result<(Pk, Pk), SetupError> {
    let key = |pem: &str| private_key(pem.as_bytes()).map_err(SetupError::Key);
    Ok((key(issuer_key)?, key(host_key(host))?))
}

fn host_key(host: &HostCertificate) -> &'static str {
    match host.key {
        KeyKind::Rsa => HOST_RSA_KEY,
        KeyKind::Ec => HOST_EC_KEY,
    }
}

fn refused(error: Error) -> SetupError {
    SetupError::Certificate(error.to_int())
}

fn sign_with(issuer_key: &str, host: &HostCertificate) -> Result<Identity, SetupError> {
    let (mut issuer_key, mut subject_key) = keys(issuer_key, host)?;
    // Only blinds the computation: the signature does not depend on it.
    let mut blinding = source(Stream::new(0, "tls/authority"), 0);
    let certificate = prepare(host, &mut issuer_key, &mut subject_key)
        .and_then(|mut builder| builder.write_pem_string(&mut blinding))
        .map_err(refused)?;
    Ok(Identity { certificate: certificate.into_bytes(), key: host_key(host).as_bytes().to_vec() })
}

/// The certificate with all that is in it, to be signed.
fn prepare<'a>(
    host: &HostCertificate,
    issuer_key: &'a mut Pk,
    subject_key: &'a mut Pk,
) -> Result<Builder<'a>, Error> {
    let invalid = || Error::from(codes::X509InvalidName);
    let common_name = host.names.first().cloned().or_else(|| host.addresses.first().map(IpAddr::to_string));
    let common_name = common_name.filter(|name| is_plain(name)).ok_or_else(invalid)?;
    let from = date(host.valid_from).ok_or(codes::X509InvalidDate)?;
    let until = date(host.valid_until).ok_or(codes::X509InvalidDate)?;
    // Another number for another content, as authorities do. The highest bit would make it negative.
    let description = format!("{host:?}");
    let serial = crate::rng::derive(0, &description) >> 1;
    let mut builder = Builder::new();
    builder
        .subject(&format!("C=EU, O=espat-sim, CN={common_name}"))?
        .issuer(ISSUER)?
        .subject_key(subject_key)
        .issuer_key(issuer_key)
        .signature_hash(hash::Type::Sha256)
        .serial(&serial.to_be_bytes())?
        .validity(from, until)?
        .basic_constraints(false, None)?
        .key_usage(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT)?
        .extension(EXTENDED_USAGE, SERVER_USAGE, false)?
        .extension(ALTERNATIVE_NAMES, &alternative_names(host).ok_or_else(invalid)?, false)?;
    Ok(builder)
}

/// What a certificate's name may consist of without being escaped: host names and addresses do.
fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'*' | b':' | b'_'))
}

/// The extension's content in DER.
fn alternative_names(host: &HostCertificate) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for name in &host.names {
        if !is_plain(name) {
            return None;
        }
        // [2] dNSName
        content.extend([0x82, name.len() as u8]);
        content.extend(name.bytes());
    }
    for address in &host.addresses {
        // [7] iPAddress
        match address {
            IpAddr::V4(v4) => content.extend([0x87, 4].into_iter().chain(v4.octets())),
            IpAddr::V6(v6) => content.extend([0x87, 16].into_iter().chain(v6.octets())),
        }
    }
    let len = u16::try_from(content.len()).ok()?.to_be_bytes();
    let header = match len {
        [0, short @ 0..0x80] => vec![0x30, short],
        [0, short] => vec![0x30, 0x81, short],
        [high, low] => vec![0x30, 0x82, high, low],
    };
    Some([header, content].concat())
}

/// Seconds since 1970 as a date of a certificate.
fn date(seconds: u64) -> Option<Time> {
    use chrono::{Datelike, Timelike};
    let date = chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    let small = |n: u32| u8::try_from(n).ok();
    Time::new(
        u16::try_from(date.year()).ok()?,
        small(date.month())?,
        small(date.day())?,
        small(date.hour())?,
        small(date.minute())?,
        small(date.second())?,
    )
}
