//! One TLS session, of a client or a server: bytes of a connection in, bytes for it out.
//!
//! mbedTLS, which the chips run, stands behind this. A [`Session`] is sans-IO like everything here: the owner
//! pushes what the peer sent with [`Session::feed`], pulls what is to be sent with [`Session::take`], and calls
//! [`Session::poll`] at [`Session::next_timer`]. Randomness comes from the stream it was made with and dates from
//! virtual time, so the same inputs give the same bytes.
//!
//! A session takes no more than it needs: [`Session::wants`] says how many bytes that is now. What the owner keeps
//! back still counts as unread in the connection below, as on the module, where lengths of data that waits are
//! lengths of records.
//!
//! Without the cargo feature `tls` no session can be made: [`Session::new`] answers [`SetupError::NotBuilt`].

#[cfg(feature = "tls")]
mod authority;
mod change;
mod failure;
#[cfg(feature = "tls")]
mod library;
mod pem;
#[cfg(feature = "tls")]
mod raw;
#[cfg(feature = "tls")]
mod session;
#[cfg(all(test, feature = "tls"))]
mod tests;
#[cfg(not(feature = "tls"))]
mod without;

pub use change::{Change, Clients, Shows};
pub use failure::{Failure, Reason};
pub use pem::{check_certificates, check_key, check_pair};
#[cfg(feature = "tls")]
pub use session::Session;
#[cfg(not(feature = "tls"))]
pub use without::Session;

use std::fmt;
use std::net::IpAddr;

use crate::time::{Duration, Instant};

/// The project's certificate authority in PEM: it has signed the certificates of simulated hosts that name no other,
/// and modules trust it first (item 0 of `client_ca`).
pub const CA: &str = include_str!("../../../certificates/ca.pem");
/// The authority's key, for those who want to sign more. It protects nothing.
pub const CA_KEY: &str = include_str!("../../../certificates/ca.key");
/// The authority that has signed the certificates of modules as clients, in PEM.
pub const CLIENT_CA: &str = include_str!("../../../certificates/server_ca.0.pem");
/// What a broker sends behind its certificate, so that modules trust it as an MQTT broker, too.
const MQTT_CHAIN: &str = include_str!("../../../certificates/mqtt_chain.pem");
/// Who has signed the certificates of modules as clients of MQTT.
const MQTT_CLIENT_CA: &str = include_str!("../../../certificates/mqtt_client_ca.pem");
/// What modules come with as clients, item 0: signed by [`CLIENT_CA`].
const CLIENT_CERTIFICATE: &str = include_str!("../../../certificates/client_cert.0.pem");
const CLIENT_KEY: &str = include_str!("../../../certificates/client_cert.0.key");

/// The certificate that modules come with as clients, item 0, with its key.
pub fn client_identity() -> Identity {
    Identity { certificate: CLIENT_CERTIFICATE.into(), key: CLIENT_KEY.into() }
}

/// The keys of hosts that name none.
#[cfg(feature = "tls")]
const HOST_RSA_KEY: &str = include_str!("../../../certificates/host-rsa.key");
#[cfg(feature = "tls")]
const HOST_EC_KEY: &str = include_str!("../../../certificates/host-ec.key");

/// Largest plaintext of a record in bytes (RFC 5246, 6.2.1).
pub const MAX_RECORD: usize = 16_384;

/// Versions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.0 (RFC 2246).
    Tls10,
    /// TLS 1.1 (RFC 4346).
    Tls11,
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3. Nothing here speaks it: a server that has only this refuses every hello with the alert
    /// `protocol_version`, as such servers do to these modules.
    Tls13,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::Tls10 => "TLS 1.0",
            Version::Tls11 => "TLS 1.1",
            Version::Tls12 => "TLS 1.2",
            Version::Tls13 => "TLS 1.3",
        })
    }
}

/// Whether the peer's certificate is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Not at all. A server asks for none.
    #[default]
    None,
    /// A server asks for one, takes a session without one, and refuses one that it does not trust.
    Optional,
    /// There must be one, and it must be trusted.
    Required,
}

/// A certificate with those that lead to its authority, and its private key.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// PEM (one or several, the own one first) or DER.
    pub certificate: Vec<u8>,
    /// PEM or DER, PKCS#1, SEC1 or PKCS#8, without a password.
    pub key: Vec<u8>,
}

/// What a host's key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA with 2048 bits.
    #[default]
    Rsa,
    /// On the curve P-256.
    Ec,
}

/// A certificate that the project's authority signs for a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCertificate {
    /// Names of the host, the first also as common name.
    pub names: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Its key.
    pub key: KeyKind,
    /// From when it is valid, in seconds since 1970.
    pub valid_from: u64,
    /// Until when, in seconds since 1970.
    pub valid_until: u64,
}

impl HostCertificate {
    /// When certificates begin to be valid that say nothing of it: 2000-01-01 00:00:00.
    pub const FROM: u64 = 946_684_800;
    /// Until when they are: 2105-12-31 23:59:59.
    pub const UNTIL: u64 = 4_291_747_199;
}

/// A key that both sides know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Psk {
    /// What the client sends to name the key.
    pub identity: Vec<u8>,
    /// The key, 1 to 32 bytes.
    pub key: Vec<u8>,
}

/// What a server does wrong, for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never answers the client's hello.
    Silent,
    /// It sends the first half of its first flight, and no more.
    HalfFlight,
}

/// What a client or a server of TLS is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// True for the side that accepts.
    pub server: bool,
    /// Lowest and highest version.
    pub versions: (Version, Version),
    /// Cipher suites by their numbers (IANA), best first; a server chooses by its own order. Empty: all that the
    /// library has.
    pub suites: Vec<u16>,
    /// Groups for key exchange by their numbers (IANA), best first. Empty: all that the library has.
    pub groups: Vec<u16>,
    /// Signatures over SHA-1 and SHA-224 are offered and taken in key exchanges.
    pub short_hashes: bool,
    /// Largest plaintext of a record that is sent, 1 to [`MAX_RECORD`] bytes.
    pub record: usize,
    /// Client: the name that is sent (SNI) and, where the certificate is verified, compared with it.
    pub name: Option<String>,
    /// Application protocols (ALPN), best first.
    pub alpn: Vec<String>,
    /// Client: the one key that it offers. Server: all that it knows.
    pub psk: Vec<Psk>,
    /// What this side shows of itself.
    pub identity: Option<Identity>,
    /// Server: what the project's authority certifies. Without an `identity` its certificate is signed and shown when a
    /// session begins, because a signature takes milliseconds and many runs never see one.
    pub host: Option<HostCertificate>,
    /// Server: certificates in PEM that follow the one of `host`.
    pub chain: Vec<u8>,
    /// Whom this side trusts: certificates in PEM, or one in DER.
    pub authorities: Vec<u8>,
    /// Whether the peer must be trusted.
    pub verify: Verify,
    /// Certificates that have expired or are not yet valid are refused. Chips without a calendar don't look.
    pub dates: bool,
    /// Client: session tickets are offered. Server: they are given out.
    pub tickets: bool,
    /// [`Session::close`] says so to the peer (the alert `close_notify`). The modules don't.
    pub close_notify: bool,
    /// How long this side computes over each flight of the peer's handshake, shortest and longest.
    pub flight: (Duration, Duration),
    /// The longest silence of the peer in the handshake. `None`: for ever.
    pub patience: Option<Duration>,
    /// Server: what it does wrong.
    pub fault: Option<Fault>,
}

impl Config {
    /// The same server as an MQTT broker: modules trust it with `mqtt_ca` 0, too, and it knows who has signed `mqtt_cert`.
    pub fn for_mqtt(mut self) -> Config {
        match &mut self.identity {
            Some(identity) => identity.certificate.extend(MQTT_CHAIN.bytes()),
            None => self.chain.extend(MQTT_CHAIN.bytes()),
        }
        if self.verify == Verify::None {
            // For a test that has it ask its clients later.
            self.authorities = CLIENT_CA.into();
        }
        self.authorities.extend(MQTT_CLIENT_CA.bytes());
        self
    }
}

impl Default for Config {
    /// A client that takes all of TLS 1.0 to 1.2 and trusts everybody, computes in no time, and waits for ever.
    fn default() -> Self {
        Config {
            server: false,
            versions: (Version::Tls10, Version::Tls12),
            suites: Vec::new(),
            groups: Vec::new(),
            short_hashes: true,
            record: MAX_RECORD,
            name: None,
            alpn: Vec::new(),
            psk: Vec::new(),
            identity: None,
            host: None,
            chain: Vec::new(),
            authorities: Vec::new(),
            verify: Verify::None,
            dates: true,
            tickets: true,
            close_notify: true,
            flight: (Duration::ZERO, Duration::ZERO),
            patience: None,
            fault: None,
        }
    }
}

impl fmt::Debug for Identity {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate.len()).finish_non_exhaustive()
    }
}

/// What a clock of the node shows: for dates of certificates, and for the first bytes of hellos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// An instant ...
    pub at: Instant,
    /// ... and the seconds since 1970-01-01 00:00:00 UTC that the clock shows then.
    pub shows: u64,
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The handshake is under way.
    Handshaking,
    /// Data may go both ways.
    Open,
    /// Nothing more will come: the peer said so (`close_notify`), or ended the connection below without a word,
    /// which these modules take for the same. Data may still be sent.
    PeerClosed,
    /// It has failed, in the handshake or later. What is to be sent (an alert) may still wait to be taken.
    Failed(Failure),
}

/// Why a session cannot be made from a [`Config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// This build has no TLS.
    NotBuilt,
    /// There are as many sessions already as there is memory for.
    Memory,
    /// The own certificate cannot be read. With the library's code.
    Certificate(i32),
    /// The own key cannot be read. With the library's code.
    Key(i32),
    /// Those who are trusted cannot be read. With the library's code.
    Authorities(i32),
    /// Another part of the configuration is not possible: an empty key, a name with a zero byte. With the
    /// library's code.
    Other(i32),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::NotBuilt => f.write_str("this build of espat-sim has no TLS"),
            SetupError::Memory => f.write_str("no memory for another session"),
            SetupError::Certificate(code) => write!(f, "the certificate cannot be read (-0x{:04x})", -code),
            SetupError::Key(code) => write!(f, "the private key cannot be read (-0x{:04x})", -code),
            SetupError::Authorities(code) => {
                write!(f, "the certificates of authorities cannot be read (-0x{:04x})", -code)
            }
            SetupError::Other(code) => write!(f, "the settings of TLS are not possible (-0x{:04x})", -code),
        }
    }
}

impl std::error::Error for SetupError {}
