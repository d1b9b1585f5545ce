//! The module as a client of TLS: what AT+CIPSTART "SSL" sets up, from the commands' settings, the flash and the chip.

use std::sync::Arc;

use super::nvs::TlsConfig;
use super::options::TlsNames;
use super::request::{OpenRequest, Transport};
use super::{Core, Env};
use crate::net::stack::{CloseReason, Secure};
use crate::net::tls::{Clock, Config, Identity, Psk, Reason, SetupError, Verify};
use crate::profile::tls::RECORD;
use crate::profile::{Profile, Timing};
use crate::time::{Duration, Instant};

/// What esp-tls waits for each part of the server's answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a link connects with; `None` without TLS.
///
/// # Errors
/// The line of the log port: a certificate or key that the mode asks for is not in flash.
pub(super) fn for_request(
    now: Instant,
    request: &OpenRequest,
    core: &Core,
    env: &Env<'_>,
) -> Result<Option<Secure>, &'static str> {
    match request.transport {
        Transport::Stream { tls: true, .. } => client(now, request.id, core, env).map(Some),
        _ => Ok(None),
    }
}

fn client(now: Instant, id: usize, core: &Core, env: &Env<'_>) -> Result<Secure, &'static str> {
    let tls = &env.profile.tls;
    let TlsConfig { auth_mode, pki_number, ca_number } =
        core.settings.tcpip.tls.get(id).copied().unwrap_or_default();
    let item = |kind: &str, number: u8| env.flash.certificate(env.profile, kind, usize::from(number));
    let identity = if auth_mode & 1 != 0 {
        let certificate = item("client_cert", pki_number).ok_or("read cert fail")?;
        let key = item("client_key", pki_number).ok_or("read prvtkey fail")?;
        Some(Identity { certificate, key })
    } else {
        None
    };
    let verifies = auth_mode & 2 != 0;
    let authorities = if verifies { item("client_ca", ca_number).ok_or("read ca fail")? } else { Vec::new() };
    let names = core.tls.get(id).cloned().unwrap_or_default();
    // esp-tls takes the authority first, and then does not look at the key.
    let psk: Vec<Psk> = if verifies { Vec::new() } else { psk(&names, tls.psk).into_iter().collect() };
    let cost = tls.handshake[usize::from(verifies) + usize::from(verifies && auth_mode & 1 != 0)];
    let config = Config {
        server: false,
        versions: tls.versions,
        suites: tls.suites.to_vec(),
        groups: tls.groups.to_vec(),
        short_hashes: tls.short_hashes,
        record: RECORD,
        name: name(&names),
        alpn: names.protocols.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
        // With a key esp-tls leaves verification on: a server that answers with a certificate is refused.
        verify: if verifies || !psk.is_empty() { Verify::Required } else { Verify::None },
        psk,
        identity,
        authorities,
        dates: tls.dates,
        tickets: true,
        close_notify: false,
        flight: match env.timing {
            Timing::Typical => cost.ends(),
            Timing::Fast => (cost.ends().0, cost.ends().0),
            Timing::Worst => (cost.ends().1, cost.ends().1),
        },
        patience: Some(PATIENCE),
        fault: None,
    };
    let shows = u64::try_from(core.system.clock.unix(now)).unwrap_or(0);
    Ok(Secure { config: Arc::new(config), clock: Clock { at: now, shows }, most: Some(tls.most) })
}

/// esp-tls has one name, which is sent and compared. Which one of both commands wins is not known; a guess.
fn name(names: &TlsNames) -> Option<String> {
    let name = if names.server_name.is_empty() { &names.common_name } else { &names.server_name };
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
}

/// Where keys are not compiled in, one that is set makes every connection fail: an empty one does so here.
fn psk(names: &TlsNames, built: bool) -> Option<Psk> {
    (!names.key.is_empty()).then(|| Psk {
        identity: names.hint.clone(),
        key: if built { names.key.clone() } else { Vec::new() },
    })
}

/// What the log port says of a connection that TLS has ended.
pub(super) fn log(profile: &Profile, reason: CloseReason, core: &mut Core) {
    log_lines(profile, reason).iter().for_each(|line| core.log(line));
}

fn log_lines(profile: &Profile, reason: CloseReason) -> Vec<String> {
    let code = |code: i32| {
        if profile.tls.capital_codes { format!("-0x{:04X}", -code) } else { format!("-0x{:x}", -code) }
    };
    let said = |call: &str, number: i32| format!("esp-tls-mbedtls: {call} returned {}", code(number));
    let mut lines = match reason {
        // The text for it is a warning, which the shipped builds leave out.
        CloseReason::Tls(failure) if failure.reason == Reason::Silent => Vec::new(),
        CloseReason::Tls(failure) => vec![said("mbedtls_ssl_handshake", failure.code)],
        CloseReason::TlsSetup(error) => {
            let first = match error {
                SetupError::Memory => said("mbedtls_ssl_setup", -0x7f00),
                SetupError::Certificate(code) | SetupError::Authorities(code) => {
                    said("mbedtls_x509_crt_parse", code)
                }
                SetupError::Key(code) => said("mbedtls_pk_parse_keyfile", code),
                SetupError::Other(_) if !profile.tls.psk => {
                    "esp-tls-mbedtls: psk_hint_key configured but not enabled in menuconfig: Please enable \
                     ESP_TLS_PSK_VERIFICATION option"
                        .to_owned()
                }
                SetupError::Other(code) => said("mbedtls_ssl_conf_psk", code),
                SetupError::NotBuilt => error.to_string(),
            };
            vec![first, "esp-tls: create_ssl_handle failed".to_owned()]
        }
        _ => Vec::new(),
    };
    lines.push("esp-tls: Failed to open new connection".to_owned());
    lines
}
