//! The hook: what the guest's UART writes to the `null` character device comes to us.
//!
//! A plugin loads too late to register a new kind of character device, so it takes over one that exists: the
//! `chr_write` slot in the class of `null` devices is replaced. Other `null` devices go on as before. Where the
//! slot is was read in QEMU's sources (7.2 and 10.0 agree) and is checked at the start by writing through
//! QEMU's own function and seeing the hook called; otherwise everything is put back and the run refused.

use std::ffi::{CStr, CString, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::api::{Chardev, ChrIoctl, ChrWrite, FrontEnd, Qemu, SET_PARAMS, SerialParams, UNSUPPORTED};
use super::coupling;

/// Place of `chr_write` in `ChardevClass`: after the parent class of 96 bytes, two flags, `parse` and `open`.
const CHR_WRITE_OFFSET: usize = 120;

/// Place of `chr_ioctl`: behind `chr_sync_read`, `chr_add_watch` and `chr_update_read_handler`.
const CHR_IOCTL_OFFSET: usize = 152;

static DEVICE: AtomicPtr<Chardev> = AtomicPtr::new(std::ptr::null_mut());
/// The device that the guest prints to, if its lines are wanted.
static CONSOLE: AtomicPtr<Chardev> = AtomicPtr::new(std::ptr::null_mut());
static ORIGINAL: OnceLock<ChrWrite> = OnceLock::new();
static ORIGINAL_IOCTL: OnceLock<Option<ChrIoctl>> = OnceLock::new();
static PROBING: AtomicBool = AtomicBool::new(false);
static PROBED: AtomicBool = AtomicBool::new(false);

/// Finds the character device `id` and checks that it is a `null` one. The error is a sentence.
pub(super) fn find(qemu: &Qemu, id: &str) -> Result<*mut Chardev, String> {
    let c_id = CString::new(id).map_err(|_| "the character device's id contains a NUL byte".to_owned())?;
    // SAFETY: called with the big lock, from qemu_plugin_install; the id is NUL-terminated.
    let device = unsafe { (qemu.qemu_chr_find)(c_id.as_ptr()) };
    if device.is_null() {
        return Err(format!("there is no character device '{id}': add -chardev null,id={id}"));
    }
    // SAFETY: every object of QEMU has a type with a name, a constant string.
    let kind = unsafe { CStr::from_ptr((qemu.object_get_typename)(device)) };
    if kind != c"chardev-null" {
        let kind = kind.to_string_lossy();
        let kind = kind.strip_prefix("chardev-").unwrap_or(&kind);
        return Err(format!(
            "the character device '{id}' is of type {kind}; the module takes the place of a null one: use \
             -chardev null,id={id}"
        ));
    }
    Ok(device)
}

/// Puts the hook in and proves that it works: for the module's device, and for the guest's console if there is
/// one. The error is a sentence, and nothing has changed then.
pub(super) fn install(
    qemu: &Qemu,
    device: *mut Chardev,
    console: Option<*mut Chardev>,
) -> Result<(), String> {
    // SAFETY: the class of a chardev is a ChardevClass, which has pointers to functions from byte 104 on. It
    // is read and written under the big lock, which all users of the slot hold.
    let slot: *mut Option<ChrWrite> =
        unsafe { (qemu.object_get_class)(device).cast::<u8>().add(CHR_WRITE_OFFSET).cast() };
    // SAFETY: as above; a null pointer reads as None.
    let Some(original) = (unsafe { slot.read() }) else {
        return Err(unknown_layout());
    };
    if ORIGINAL.set(original).is_err() {
        return Err("the plugin is loaded already".into());
    }
    DEVICE.store(device, Ordering::SeqCst);
    PROBING.store(true, Ordering::SeqCst);
    // SAFETY: as above. While probing, the hook takes no byte and returns 0, so that not even a log file of
    // the device sees the probe.
    unsafe {
        slot.write(Some(chr_write));
        (qemu.qemu_chr_write)(device, b"?".as_ptr(), 1, false);
    }
    PROBING.store(false, Ordering::SeqCst);
    if PROBED.load(Ordering::SeqCst) {
        CONSOLE.store(console.unwrap_or(std::ptr::null_mut()), Ordering::SeqCst);
        hear_settings(qemu, device);
        return Ok(());
    }
    // SAFETY: as above; what was there is put back.
    unsafe { slot.write(Some(original)) };
    DEVICE.store(std::ptr::null_mut(), Ordering::SeqCst);
    Err(unknown_layout())
}

/// Hooks the requests of UARTs, too: with one of them, some models tell what the guest has set. Without it nothing is lost but
/// that.
fn hear_settings(qemu: &Qemu, device: *mut Chardev) {
    // SAFETY: as for `chr_write`. `null` devices have nothing there.
    let slot: *mut Option<ChrIoctl> =
        unsafe { (qemu.object_get_class)(device).cast::<u8>().add(CHR_IOCTL_OFFSET).cast() };
    // SAFETY: as above.
    let original = unsafe { slot.read() };
    if original.is_some() || ORIGINAL_IOCTL.set(original).is_err() {
        return;
    }
    PROBED.store(false, Ordering::SeqCst);
    PROBING.store(true, Ordering::SeqCst);
    let mut front = FrontEnd::of(device);
    // SAFETY: as above. QEMU asks the front end for its device only.
    unsafe {
        slot.write(Some(chr_ioctl));
        (qemu.qemu_chr_fe_ioctl)(&mut front, SET_PARAMS, std::ptr::null_mut());
    }
    PROBING.store(false, Ordering::SeqCst);
    if !PROBED.load(Ordering::SeqCst) {
        // SAFETY: as above; what was there is put back.
        unsafe { slot.write(original) };
    }
}

/// The new function of the other slot.
unsafe extern "C" fn chr_ioctl(device: *mut Chardev, request: c_int, argument: *mut c_void) -> c_int {
    if device != DEVICE.load(Ordering::Relaxed) || request != SET_PARAMS {
        return UNSUPPORTED;
    }
    if PROBING.load(Ordering::Relaxed) {
        PROBED.store(true, Ordering::SeqCst);
        return 0;
    }
    // SAFETY: what QEMU passes with this request.
    if let Some(told) = unsafe { argument.cast::<SerialParams>().as_ref() } {
        coupling::on_entry(|c| c.guest_set_line(told));
    }
    0
}

fn unknown_layout() -> String {
    "this version of QEMU lays its character devices out in a way that is not known here (7.2 to 10.0 are): \
     use your distribution's QEMU, or report its version"
        .into()
}

/// The slot's new function. It must not refuse bytes: some UART models would spin, others drop them.
unsafe extern "C" fn chr_write(device: *mut Chardev, bytes: *const u8, length: c_int) -> c_int {
    let is_console = device == CONSOLE.load(Ordering::Relaxed);
    if device != DEVICE.load(Ordering::Relaxed) && !is_console {
        let Some(original) = ORIGINAL.get() else { return length };
        // SAFETY: QEMU's own function with QEMU's own arguments.
        return unsafe { original(device, bytes, length) };
    }
    if PROBING.load(Ordering::Relaxed) {
        PROBED.store(true, Ordering::SeqCst);
        return 0;
    }
    let count = usize::try_from(length).unwrap_or(0);
    if count > 0 && !bytes.is_null() {
        // SAFETY: QEMU passes `length` readable bytes.
        let bytes = unsafe { std::slice::from_raw_parts(bytes, count) };
        coupling::on_entry(|c| if is_console { c.guest_printed(bytes) } else { c.guest_wrote(bytes) });
    }
    length
}
