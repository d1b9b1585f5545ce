//! Why a TLS session failed, in words.

use std::fmt;

/// Why a session failed, with what the module's log port prints of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason.
    pub reason: Reason,
    /// mbedTLS's error code, negative; 0 when the library did not say anything.
    pub code: i32,
    /// mbedTLS's flags of a certificate that is refused; 0 otherwise.
    pub flags: u32,
    /// The alert that was sent because of it.
    pub sent: Option<u8>,
}

/// The reason of a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No trusted authority has signed the peer's certificate.
    UnknownCa,
    /// The peer's certificate has expired.
    Expired,
    /// The peer's certificate is not valid yet.
    NotYetValid,
    /// The peer's certificate is for another name.
    WrongName,
    /// The peer's certificate is refused for something else: its hash, its key, its usage.
    BadCertificate,
    /// The peer shows no certificate and should.
    NoCertificate,
    /// This side is to verify and trusts nobody.
    NoAuthority,
    /// There is no version that both sides have.
    NoCommonVersion,
    /// There is no cipher suite that both sides have.
    NoCommonSuite,
    /// There is no application protocol that both sides have.
    NoCommonProtocol,
    /// The peer names a key that is not known here, or the keys differ.
    PskMismatch,
    /// The peer ended with this fatal alert.
    Alert(u8),
    /// This side has ended with this fatal alert, because a test wanted it.
    Told(u8),
    /// A record does not have the authentication code that it should have.
    BadRecord,
    /// The peer ended the connection in the handshake.
    PeerClosed,
    /// The peer was silent for too long in the handshake.
    Silent,
    /// The peer sent something that TLS does not allow.
    Protocol,
}

/// Names of alerts (IANA, TLS Alerts).
const ALERTS: &[(u8, &str)] = &[
    (0, "close notify"),
    (10, "unexpected message"),
    (20, "bad record MAC"),
    (21, "decryption failed"),
    (22, "record overflow"),
    (30, "decompression failure"),
    (40, "handshake failure"),
    (41, "no certificate"),
    (42, "bad certificate"),
    (43, "unsupported certificate"),
    (44, "certificate revoked"),
    (45, "certificate expired"),
    (46, "certificate unknown"),
    (47, "illegal parameter"),
    (48, "unknown CA"),
    (49, "access denied"),
    (50, "decode error"),
    (51, "decrypt error"),
    (60, "export restriction"),
    (70, "protocol version"),
    (71, "insufficient security"),
    (80, "internal error"),
    (86, "inappropriate fallback"),
    (90, "user canceled"),
    (100, "no renegotiation"),
    (109, "missing extension"),
    (110, "unsupported extension"),
    (112, "unrecognized name"),
    (115, "unknown PSK identity"),
    (116, "certificate required"),
    (120, "no application protocol"),
];

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::UnknownCa => "unknown CA",
            Reason::Expired => "expired",
            Reason::NotYetValid => "not yet valid",
            Reason::WrongName => "wrong name",
            Reason::BadCertificate => "bad certificate",
            Reason::NoCertificate => "no certificate",
            Reason::NoAuthority => "no CA to verify with",
            Reason::NoCommonVersion => "no common version",
            Reason::NoCommonSuite => "no common suite",
            Reason::NoCommonProtocol => "no common protocol",
            Reason::PskMismatch => "PSK mismatch",
            Reason::Alert(number) => {
                return match ALERTS.iter().find(|(n, _)| n == number) {
                    Some((_, name)) => write!(f, "alert {number} received ({name})"),
                    None => write!(f, "alert {number} received"),
                };
            }
            Reason::Told(number) => {
                return match ALERTS.iter().find(|(n, _)| n == number) {
                    Some((_, name)) => write!(f, "alert {number} sent ({name})"),
                    None => write!(f, "alert {number} sent"),
                };
            }
            Reason::BadRecord => "bad record",
            Reason::PeerClosed => "closed by the peer",
            Reason::Silent => "no answer",
            Reason::Protocol => "protocol error",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}
