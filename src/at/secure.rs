//! The module's side of TLS: what a handshake is set up with, from the commands' settings, the flash and the chip.
//!
//! Whoever dials with TLS says what it wants as a [`ClientTls`], in the words of the commands; [`ClientTls::secure`] makes
//! of it what the stack needs, and [`super::dial`] takes it from there.

use std::sync::Arc;

use super::Env;
use super::clock::Clock;
use super::nvs::TlsConfig;
use super::options::TlsNames;
use crate::net::stack::Secure;
use crate::net::tls::{self, Config, Identity, Psk, Verify};
use crate::profile::tls::RECORD;
use crate::profile::{Feature, Range, Timing};
use crate::time::{Duration, Instant};

/// What esp-tls waits for each part of the server's answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose certificates and keys: each kind is kept under names of its own in flash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// Links (`client_cert`, `client_key`, `client_ca`).
    #[default]
    Client,
    /// The module's own server (`server_*`).
    Server,
    /// The MQTT client (`mqtt_*`).
    Mqtt,
    /// The HTTP client (`https_*`, since v4.1).
    Https,
    /// The WebSocket client (`wss_*`, since v4.1).
    Wss,
}

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Certificates.
    Certificate,
    /// Their private keys.
    Key,
    /// Authorities.
    Authority,
}

/// The name under which flash keeps a part of an owner's: of a partition before v3.1, of a namespace since.
pub fn kept_as(owner: Owner, part: Part) -> String {
    let owner = match owner {
        Owner::Client => "client",
        Owner::Server => "server",
        Owner::Mqtt => "mqtt",
        Owner::Https => "https",
        Owner::Wss => "wss",
    };
    let part = match part {
        Part::Certificate => "cert",
        Part::Key => "key",
        Part::Authority => "ca",
    };
    format!("{owner}_{part}")
}

/// The content of an item as it lies in flash. `None`: there is none of this number, or it cannot be read.
pub fn item(owner: Owner, part: Part, number: u8, env: &Env<'_>) -> Option<Vec<u8>> {
    env.flash.certificate(env.profile, &kept_as(owner, part), usize::from(number))
}

/// A client of TLS, as commands set it. Without anything set it shows nothing, trusts everybody, and names nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTls {
    /// Whose certificates it uses.
    pub owner: Owner,
    /// The number of the certificate and key that it shows.
    pub pki: Option<u8>,
    /// The number of the authority that the server's certificate is verified with.
    pub ca: Option<u8>,
    /// The name that is sent (SNI) and, with an authority, compared with the server's certificate.
    pub name: Option<String>,
    /// Application protocols (ALPN), best first.
    pub alpn: Vec<String>,
    /// Cipher suites by their numbers (IANA), best first; empty: all that the build has.
    pub suites: Vec<u16>,
    /// A pre-shared key. It is used without an authority only, as esp-tls has it.
    pub psk: Option<Psk>,
}

impl ClientTls {
    /// With an authentication mode of the commands: bit 0 shows certificate `pki`, bit 1 verifies with authority `ca`.
    pub fn for_mode(owner: Owner, mode: u8, pki: u8, ca: u8) -> ClientTls {
        let pki = (mode & 1 != 0).then_some(pki);
        let ca = (mode & 2 != 0).then_some(ca);
        ClientTls { owner, pki, ca, ..ClientTls::default() }
    }

    /// The client of a link, as AT+CIPSSLCCONF and its kin have set it.
    pub(super) fn of_link(config: TlsConfig, names: &TlsNames) -> ClientTls {
        let TlsConfig { auth_mode, pki_number, ca_number } = config;
        let psk =
            (!names.key.is_empty()).then(|| Psk { identity: names.hint.clone(), key: names.key.clone() });
        ClientTls {
            name: name(names),
            alpn: names.protocols.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
            suites: names.suites.clone(),
            psk,
            ..ClientTls::for_mode(Owner::Client, auth_mode, pki_number, ca_number)
        }
    }

    /// What [`super::dial::Dial::with_tls`] takes. The flash is read now, and the clock.
    ///
    /// # Errors
    /// The line of the log port: a certificate or key that it needs is not in flash.
    pub fn secure(&self, now: Instant, clock: Clock, env: &Env<'_>) -> Result<Secure, &'static str> {
        let tls = &env.profile.tls;
        let item = |part, number| item(self.owner, part, number, env);
        let identity = match self.pki {
            Some(number) => Some(Identity {
                certificate: item(Part::Certificate, number).ok_or("read cert fail")?,
                key: item(Part::Key, number).ok_or("read prvtkey fail")?,
            }),
            None => None,
        };
        let authorities = match self.ca {
            Some(number) => item(Part::Authority, number).ok_or("read ca fail")?,
            None => Vec::new(),
        };
        let verifies = self.ca.is_some();
        // esp-tls takes the authority first, and then does not look at the key.
        let psk: Vec<Psk> = self
            .psk
            .iter()
            .filter(|_| !verifies)
            .map(|psk| built(psk, env.build.has(Feature::SslPsk)))
            .collect();
        let cost = tls.handshake[usize::from(verifies) + usize::from(verifies && identity.is_some())];
        let suites = match &self.suites[..] {
            [] => tls.suites(env.build.has(Feature::SslPsk)),
            set => set.to_vec(),
        };
        let config = Config {
            suites,
            name: self.name.clone(),
            alpn: self.alpn.clone(),
            // With a key esp-tls leaves verification on: a server that answers with a certificate is refused.
            verify: if verifies || !psk.is_empty() { Verify::Required } else { Verify::None },
            psk,
            identity,
            authorities,
            ..base(cost, env)
        };
        Ok(with_clock(now, config, clock, env))
    }
}

/// What a client of the module's own server is met with, from the flash as it is now: certificate, key and authority 0
/// of the server's. `ca`: the client must show a certificate that the authority has signed.
///
/// # Errors
/// The line of the log port: one of them is not in flash.
pub(super) fn server(now: Instant, ca: bool, clock: Clock, env: &Env<'_>) -> Result<Secure, &'static str> {
    let tls = &env.profile.tls;
    let item = |part| item(Owner::Server, part, 0, env);
    let identity = Identity {
        certificate: item(Part::Certificate).ok_or("read cert fail")?,
        key: item(Part::Key).ok_or("read prvtkey fail")?,
    };
    let authorities = if ca { item(Part::Authority).ok_or("read ca fail")? } else { Vec::new() };
    let config = Config {
        server: true,
        suites: tls.suites(false),
        identity: Some(identity),
        authorities,
        verify: if ca { Verify::Required } else { Verify::None },
        // It gives none out, and remembers no session.
        tickets: false,
        ..base(tls.handshake[usize::from(ca)], env)
    };
    Ok(with_clock(now, config, clock, env))
}

/// What clients and servers of a module have in common. `cost`: how long the chip computes.
fn base(cost: Range, env: &Env<'_>) -> Config {
    let tls = &env.profile.tls;
    let (shortest, longest) = cost.ends();
    Config {
        versions: tls.versions,
        groups: tls.groups.to_vec(),
        short_hashes: tls.short_hashes,
        record: RECORD,
        dates: tls.dates,
        close_notify: false,
        flight: match env.timing {
            Timing::Typical => (shortest, longest),
            Timing::Fast => (shortest, shortest),
            Timing::Worst => (longest, longest),
        },
        patience: Some(PATIENCE),
        ..Config::default()
    }
}

fn with_clock(now: Instant, config: Config, clock: Clock, env: &Env<'_>) -> Secure {
    let shows = u64::try_from(clock.unix(now)).unwrap_or(0);
    let clock = tls::Clock { at: now, shows };
    Secure { config: Arc::new(config), clock, most: Some(env.tls_sessions()) }
}

/// Where keys are not compiled in, one that is set makes every connection fail: an empty one does so here.
fn built(psk: &Psk, built: bool) -> Psk {
    if built { psk.clone() } else { Psk { key: Vec::new(), ..psk.clone() } }
}

/// esp-tls has one name, which is sent and compared. Which one of both commands wins is not known; a guess.
fn name(names: &TlsNames) -> Option<String> {
    let name = if names.server_name.is_empty() { &names.common_name } else { &names.server_name };
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
}
