//! What the log port says of TLS: the texts of ESP-IDF's esp-tls, with mbedTLS's codes.
//!
//! These texts have a severity, and a build says from which one on they come out (`log-level`). The AT port has no more
//! than `ERROR` for any of it.

use super::output::Output;
use crate::net::stack::CloseReason;
use crate::net::tls::{Failure, Reason, SetupError};
use crate::profile::{Build, Feature, LogLevel, Profile, Release};
use crate::time::Instant;

/// A text of ESP-IDF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    level: LogLevel,
    tag: &'static str,
    text: String,
}

impl Said {
    pub(super) fn error(tag: &'static str, text: impl Into<String>) -> Said {
        Said { level: LogLevel::Error, tag, text: text.into() }
    }

    pub(super) fn warning(tag: &'static str, text: impl Into<String>) -> Said {
        Said { level: LogLevel::Warning, tag, text: text.into() }
    }

    fn info(tag: &'static str, text: impl Into<String>) -> Said {
        Said { level: LogLevel::Info, tag, text: text.into() }
    }
}

impl Output {
    /// Prints texts of ESP-IDF on the log port, those that the build lets out: letter, milliseconds since the start, tag.
    pub(super) fn say(&mut self, now: Instant, texts: &[Said]) {
        for Said { level, tag, text } in texts {
            if *level > self.log_level {
                continue;
            }
            let letter = match level {
                LogLevel::None => continue,
                LogLevel::Error => 'E',
                LogLevel::Warning => 'W',
                LogLevel::Info => 'I',
            };
            let since = now.since(self.started).as_millis();
            self.log(&format!("{letter} ({since}) {tag}: {text}"));
        }
    }
}

const TLS: &str = "esp-tls";
const MBEDTLS: &str = "esp-tls-mbedtls";

/// mbedTLS's code as this release prints it.
fn code(profile: &Profile, code: i32) -> String {
    if profile.tls.capital_codes { format!("-0x{:04X}", -code) } else { format!("-0x{:x}", -code) }
}

/// What it says of a connection that it wanted to open.
pub fn of_client(profile: &Profile, build: &Build, reason: CloseReason) -> Vec<Said> {
    let said =
        |call: &str, number: i32| Said::error(MBEDTLS, format!("{call} returned {}", code(profile, number)));
    let mut lines = match reason {
        CloseReason::Tls(failure) if failure.reason == Reason::Silent => {
            let text = "Failed to open new connection in specified timeout";
            return vec![Said { level: LogLevel::Warning, tag: TLS, text: text.to_owned() }];
        }
        CloseReason::Tls(failure) => {
            let mut lines = vec![said("mbedtls_ssl_handshake", failure.code)];
            lines.extend(verification(failure));
            lines
        }
        CloseReason::TlsSetup(SetupError::Other(_)) if !build.has(Feature::SslPsk) => vec![
            Said::error(
                MBEDTLS,
                "psk_hint_key configured but not enabled in menuconfig: Please enable \
                 ESP_TLS_PSK_VERIFICATION option",
            ),
            Said::error(TLS, "create_ssl_handle failed"),
        ],
        CloseReason::TlsSetup(error) => setup(profile, error),
        // Of TCP under it.
        CloseReason::Refused if profile.tls.capital_codes => {
            vec![Said::error(TLS, "[sock=54] delayed connect error: Connection reset by peer")]
        }
        CloseReason::Refused => vec![Said::error(TLS, "Failed to connnect to host (errno 104)")],
        CloseReason::TimedOut if profile.tls.capital_codes => {
            vec![Said::error(TLS, "[sock=54] select() timeout")]
        }
        _ => Vec::new(),
    };
    lines.push(Said::error(TLS, "Failed to open new connection"));
    lines
}

/// What it says of a client of the module's server whose handshake has failed. The releases before IDF 5 print the code
/// in decimal digits here.
pub fn of_server(profile: &Profile, reason: CloseReason) -> Vec<Said> {
    match reason {
        CloseReason::Tls(failure) => {
            let number = match profile.tls.capital_codes {
                true => code(profile, failure.code),
                false => failure.code.to_string(),
            };
            let mut lines = vec![Said::error(MBEDTLS, format!("mbedtls_ssl_handshake returned {number}"))];
            lines.extend(verification(failure));
            lines
        }
        CloseReason::TlsSetup(error) => setup(profile, error),
        _ => Vec::new(),
    }
}

/// The line that AT adds to it, of its own.
pub fn no_server_session(profile: &Profile) -> &'static str {
    if profile.release >= Release(4, 1) {
        "create server session failed"
    } else {
        "server session create fail"
    }
}

/// There is no session: something that it needs cannot be read, or there is no memory.
fn setup(profile: &Profile, error: SetupError) -> Vec<Said> {
    let said =
        |call: &str, number: i32| Said::error(MBEDTLS, format!("{call} returned {}", code(profile, number)));
    let client = |text: &str| Said::error(MBEDTLS, text);
    let mut lines = match error {
        SetupError::Memory => vec![said("mbedtls_ssl_setup", -0x7f00)],
        SetupError::Certificate(code) | SetupError::Authorities(code) => {
            vec![said("mbedtls_x509_crt_parse", code), client("Failed to set client configurations")]
        }
        SetupError::Key(code) => {
            vec![said("mbedtls_pk_parse_keyfile", code), client("Failed to set client pki context")]
        }
        SetupError::Other(code) => vec![said("mbedtls_ssl_conf_psk", code)],
        SetupError::NotBuilt => vec![client(&error.to_string())],
    };
    lines.push(Said::error(TLS, "create_ssl_handle failed"));
    lines
}

/// mbedTLS's words for the flags of a certificate, where it is one that was refused.
fn verification(failure: Failure) -> Vec<Said> {
    const WORDS: [(u32, &str); 8] = [
        (0x01, "The certificate validity has expired"),
        (0x04, "The certificate Common Name (CN) does not match with the expected CN"),
        (0x08, "The certificate is not correctly signed by the trusted CA"),
        (0x200, "The certificate validity starts in the future"),
        (0x800, "Usage does not match the keyUsage extension"),
        (0x1000, "Usage does not match the extendedKeyUsage extension"),
        (0x4000, "The certificate is signed with an unacceptable hash."),
        (0x1_0000, "The certificate is signed with an unacceptable key (eg bad curve, RSA too short)."),
    ];
    if failure.flags == 0 {
        return Vec::new();
    }
    let words = WORDS.iter().filter(|(flag, _)| failure.flags & flag != 0);
    let words: Vec<String> = words.map(|(_, text)| format!("  ! {text}")).collect();
    vec![
        Said::info(MBEDTLS, "Failed to verify peer certificate!"),
        Said::info(MBEDTLS, format!("verification info: {}", words.join("\n"))),
    ]
}
