//! What mbedTLS takes, made of what this crate has: the configuration of a session, certificates and keys, random bytes.

use std::borrow::Cow;
use std::ffi::c_int;
use std::sync::{Arc, Mutex};

use mbedtls::alloc::List;
use mbedtls::cipher::raw::CipherType;
use mbedtls::error::Error;
use mbedtls::pk::Pk;
use mbedtls::rng::RngCallback;
use mbedtls::ssl::Config as LibraryConfig;
use mbedtls::ssl::config::{
    AuthMode, Endpoint, NullTerminatedStrList, Preset, Renegotiation, Transport, UseSessionTickets,
};
use mbedtls::ssl::ticket::TicketContext;
use mbedtls::x509::{Certificate, Time, VerifyError};
use mbedtls_sys as sys;

use super::raw;
use super::session::{Wire, lock};
use super::{Config, Identity, SetupError, Verify, Version};
use crate::rng::Stream;

/// Groups by their numbers (IANA), with the library's.
const GROUPS: &[(u16, sys::ecp_group_id)] = &[
    (0x13, sys::ECP_DP_SECP192R1),
    (0x12, sys::ECP_DP_SECP192K1),
    (0x15, sys::ECP_DP_SECP224R1),
    (0x14, sys::ECP_DP_SECP224K1),
    (0x17, sys::ECP_DP_SECP256R1),
    (0x16, sys::ECP_DP_SECP256K1),
    (0x18, sys::ECP_DP_SECP384R1),
    (0x19, sys::ECP_DP_SECP521R1),
    (0x1a, sys::ECP_DP_BP256R1),
    (0x1b, sys::ECP_DP_BP384R1),
    (0x1c, sys::ECP_DP_BP512R1),
    (0x1d, sys::ECP_DP_CURVE25519),
];

/// The library's source of random bytes. It asks for the first four bytes of its hello by themselves: they are the
/// clock (RFC 5246, 7.4.1.2).
pub(super) fn source(stream: Stream, date: u64) -> impl RngCallback {
    let state = Mutex::new((stream, Some(date as u32)));
    move |data: *mut u8, len: usize| -> c_int {
        raw::fill(data, len, |out| {
            let (stream, date) = &mut *lock(&state);
            match date.take() {
                Some(date) if out.len() == 4 => out.copy_from_slice(&date.to_be_bytes()),
                _ => {
                    for part in out.chunks_mut(8) {
                        part.copy_from_slice(&stream.next_u64().to_be_bytes()[..part.len()]);
                    }
                }
            }
        })
    }
}

/// The library's configuration for `config`.
pub(super) fn library_config<R: RngCallback + Send + 'static>(
    config: &Config,
    random: Arc<R>,
    wire: &Arc<Mutex<Wire>>,
    secrets: &Arc<raw::Secrets>,
    psks: &Arc<Vec<super::Psk>>,
) -> Result<LibraryConfig, SetupError> {
    let other = |error: Error| SetupError::Other(error.to_int());
    let endpoint = if config.server { Endpoint::Server } else { Endpoint::Client };
    let mut library = LibraryConfig::new(endpoint, Transport::Stream, Preset::Default);
    library.set_rng(Arc::clone(&random));
    raw::export_secrets(&mut library, secrets);
    raw::versions(&mut library, minor(config.versions.0), minor(config.versions.1).min(3));
    if !config.suites.is_empty() {
        let list = config.suites.iter().map(|suite| c_int::from(*suite)).chain([0]);
        library.set_ciphersuites(Arc::new(list.collect()));
    }
    if !config.groups.is_empty() {
        let known = |group: &u16| GROUPS.iter().find(|(number, _)| number == group).map(|(_, id)| *id);
        let list = config.groups.iter().filter_map(known).chain([sys::ECP_DP_NONE]);
        library.set_curves(Arc::new(list.collect()));
    }
    if !config.short_hashes {
        raw::long_hashes(&mut library);
    }
    if !config.alpn.is_empty() {
        let names: Vec<&str> = config.alpn.iter().map(String::as_str).collect();
        let list = NullTerminatedStrList::new(&names).map_err(other)?;
        library.set_alpn_protocols(Arc::new(list)).map_err(other)?;
    }
    if config.server {
        if !psks.is_empty() {
            raw::know_psks(&mut library, psks);
        }
        if config.tickets {
            // A day, as servers have it.
            let tickets = TicketContext::new(random, CipherType::Aes256Gcm, 86_400).map_err(other)?;
            library.set_session_tickets_callback(Arc::new(tickets));
        }
    } else {
        if let Some(psk) = psks.first() {
            raw::offer_psk(&mut library, psk).map_err(SetupError::Other)?;
        }
        let tickets = if config.tickets { UseSessionTickets::Enabled } else { UseSessionTickets::Disabled };
        library.set_session_tickets(tickets);
        library.set_renegotiation(Renegotiation::Enabled);
    }
    if let Some(identity) = shown(config)? {
        let chain = certificates(&identity.certificate).map_err(SetupError::Certificate)?;
        let key = private_key(&identity.key).map_err(SetupError::Key)?;
        library.push_cert(Arc::new(chain), Arc::new(key)).map_err(other)?;
    }
    if !config.authorities.is_empty() {
        let list = certificates(&config.authorities).map_err(SetupError::Authorities)?;
        library.set_ca_list(Arc::new(list), None);
    }
    library.set_authmode(match config.verify {
        Verify::None => AuthMode::None,
        Verify::Optional => AuthMode::Optional,
        Verify::Required => AuthMode::Required,
    });
    if config.dates {
        let wire = Arc::clone(wire);
        library.set_verify_callback(move |certificate: &Certificate, _: i32, flags: &mut VerifyError| {
            let date = lock(&wire).date;
            if seconds(&certificate.not_after()?) < date {
                flags.insert(VerifyError::CERT_EXPIRED);
            }
            if seconds(&certificate.not_before()?) > date {
                flags.insert(VerifyError::CERT_FUTURE);
            }
            Ok(())
        });
    }
    Ok(library)
}

/// The version's second byte on the wire; 1 for TLS 1.0.
fn minor(version: Version) -> c_int {
    match version {
        Version::Tls10 => 1,
        Version::Tls11 => 2,
        Version::Tls12 => 3,
        Version::Tls13 => 4,
    }
}

/// Seconds since 1970; 0 for what is before, or no date.
fn seconds(time: &Time) -> u64 {
    let date = chrono::NaiveDate::from_ymd_opt(time.year().into(), time.month().into(), time.day().into());
    let time = date
        .and_then(|date| date.and_hms_opt(time.hour().into(), time.minute().into(), time.second().into()));
    time.and_then(|time| u64::try_from(time.and_utc().timestamp()).ok()).unwrap_or(0)
}

/// What this side shows of itself.
fn shown(config: &Config) -> Result<Option<Cow<'_, Identity>>, SetupError> {
    match (&config.identity, &config.host) {
        (Some(identity), _) => Ok(Some(Cow::Borrowed(identity))),
        (None, Some(host)) => {
            let mut identity = host.sign()?;
            identity.certificate.extend(&config.chain);
            Ok(Some(Cow::Owned(identity)))
        }
        (None, None) => Ok(None),
    }
}

/// PEM texts end with a zero byte for the library.
fn terminated(pem: &[u8]) -> Vec<u8> {
    [pem, &[0]].concat()
}

fn is_pem(content: &[u8]) -> bool {
    content.windows(11).any(|window| window == b"-----BEGIN ")
}

pub(super) fn certificates(content: &[u8]) -> Result<List<Certificate>, i32> {
    let list = if is_pem(content) {
        Certificate::from_pem_multiple(&terminated(content))
    } else {
        Certificate::from_der(content).map(|certificate| [certificate].into_iter().collect())
    };
    let list = list.map_err(|error| error.to_int())?;
    // The library counts certificates that it could not read as success.
    if list.is_empty() { Err(sys::ERR_X509_INVALID_FORMAT) } else { Ok(list) }
}

pub(super) fn private_key(content: &[u8]) -> Result<Pk, i32> {
    let key = if is_pem(content) {
        Pk::from_private_key(&terminated(content), None)
    } else {
        Pk::from_private_key(content, None)
    };
    key.map_err(|error| error.to_int())
}
