//! The calls of mbedTLS that the `mbedtls` crate has no safe form for; the only `unsafe` code of the simulation.
//!
//! Every function here is given an own configuration or context by reference, and what a callback gets to see is
//! kept alive by the [`Session`](super::Session) that set it: it drops its context before anything else.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, PoisonError};

use mbedtls::ssl::{Config, Context};
use mbedtls_sys as sys;

use super::Psk;

/// Fills `len` bytes at `data` by `fill`: the body of a callback for random bytes.
///
/// It must be called by the library only, which passes a buffer of its own.
pub(super) fn fill(data: *mut u8, len: usize, fill: impl FnOnce(&mut [u8])) -> c_int {
    if len > 0 {
        // SAFETY: the library asks for `len` bytes in a buffer that it owns and does not touch meanwhile.
        fill(unsafe { std::slice::from_raw_parts_mut(data, len) });
    }
    0
}

/// Lines of the key log (`CLIENT_RANDOM ...`, the format of NSS) that nobody has taken yet.
pub(super) type Secrets = Mutex<Vec<String>>;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Has the secrets of each session that `config` makes written to `secrets`, which must live as long.
pub(super) fn export_secrets(config: &mut Config, secrets: &Arc<Secrets>) {
    unsafe extern "C" fn export(
        user: *mut std::ffi::c_void,
        master: *const u8,
        _: *const u8,
        _: usize,
        _: usize,
        _: usize,
        client_random: *const u8,
        _: *const u8,
        _: sys::tls_prf_types,
    ) -> c_int {
        // SAFETY: `user` is the `Secrets` below, alive by this function's contract; the library passes 48 bytes of
        // master secret and 32 of the client's random (ssl.h, mbedtls_ssl_export_keys_ext_t).
        let (secrets, master, random) = unsafe {
            (
                &*user.cast::<Secrets>(),
                std::slice::from_raw_parts(master, 48),
                std::slice::from_raw_parts(client_random, 32),
            )
        };
        let line = format!("CLIENT_RANDOM {} {}", hex(random), hex(master));
        secrets.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        0
    }
    let user = Arc::as_ptr(secrets).cast_mut().cast();
    // SAFETY: `config` is a live configuration; the callback and `user` fit together.
    unsafe { sys::ssl_conf_export_keys_ext_cb(config.into(), Some(export), user) };
}

/// The one key that a client offers. The library copies both.
pub(super) fn offer_psk(config: &mut Config, psk: &Psk) -> Result<(), i32> {
    // SAFETY: `config` is a live configuration; pointers and lengths are those of the slices.
    let code = unsafe {
        sys::ssl_conf_psk(
            config.into(),
            psk.key.as_ptr(),
            psk.key.len(),
            psk.identity.as_ptr(),
            psk.identity.len(),
        )
    };
    if code == 0 { Ok(()) } else { Err(code) }
}

/// The keys that a server knows. They must live as long as `config`.
pub(super) fn know_psks(config: &mut Config, keys: &Arc<Vec<Psk>>) {
    unsafe extern "C" fn find(
        user: *mut std::ffi::c_void,
        context: *mut sys::ssl_context,
        identity: *const u8,
        len: usize,
    ) -> c_int {
        // SAFETY: `user` is the list below, alive by this function's contract; the library passes a live buffer.
        let (keys, identity) =
            unsafe { (&*user.cast::<Vec<Psk>>(), std::slice::from_raw_parts(identity, len)) };
        let Some(psk) = keys.iter().find(|psk| psk.identity == identity) else {
            return sys::ERR_SSL_UNKNOWN_IDENTITY;
        };
        // SAFETY: the library passes the context whose handshake asks; it copies the key.
        unsafe { sys::ssl_set_hs_psk(context, psk.key.as_ptr(), psk.key.len()) }
    }
    let user = Arc::as_ptr(keys).cast_mut().cast();
    // SAFETY: `config` is a live configuration; the callback and `user` fit together.
    unsafe { sys::ssl_conf_psk_cb(config.into(), Some(find), user) };
}

/// Lowest and highest minor version (0 for SSL 3.0). 4 is none that the library has: as the lowest it refuses
/// every hello.
pub(super) fn versions(config: &mut Config, lowest: c_int, highest: c_int) {
    // SAFETY: `config` is a live configuration.
    unsafe {
        sys::ssl_conf_min_version(config.into(), 3, lowest);
        sys::ssl_conf_max_version(config.into(), 3, highest);
    }
}

/// Signatures in key exchanges are made over SHA-512, SHA-384 and SHA-256 only, in that order.
pub(super) fn long_hashes(config: &mut Config) {
    static LONG: [c_int; 4] =
        [sys::MD_SHA512 as c_int, sys::MD_SHA384 as c_int, sys::MD_SHA256 as c_int, sys::MD_NONE as c_int];
    // SAFETY: `config` is a live configuration, and the list is static and ends with MD_NONE.
    unsafe { sys::ssl_conf_sig_hashes(config.into(), LONG.as_ptr()) };
}

/// The number of the alert that has just ended the session.
pub(super) fn received_alert<T>(context: &mut Context<T>) -> u8 {
    let context: *mut sys::ssl_context = context.into();
    // SAFETY: a live context; after MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE `in_msg` is the alert, of two bytes, in the
    // buffer that the context owns.
    unsafe {
        let message = (*context).in_msg;
        if message.is_null() { 0 } else { *message.add(1) }
    }
}

/// Sends an alert of level fatal.
pub(super) fn send_alert<T>(context: &mut Context<T>, number: u8) {
    // SAFETY: a live context. A failure to send has nobody left to hear of it.
    let _ = unsafe { sys::ssl_send_alert_message(context.into(), sys::SSL_ALERT_LEVEL_FATAL as u8, number) };
}

/// Says that nothing more will be sent, and leaves the context usable, unlike the crate's `close`.
pub(super) fn close_notify<T>(context: &mut Context<T>) {
    // SAFETY: a live context. A failure to send has nobody left to hear of it.
    let _ = unsafe { sys::ssl_close_notify(context.into()) };
}
