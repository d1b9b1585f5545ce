//! What a world has recorded, pulled piece by piece: capture, input log, dialogue, warnings, digests.

use std::collections::VecDeque;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use super::espat_world;
use super::sized::{SizePrefixed, size_up_to};
use super::status::{Failure, espat_status};
use super::{boundary, pointer};
use crate::capture::{PacketKind, Side};
use crate::world::ModuleId;

/// Who sent a packet of the dialogue.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_side {
    /// The MCU.
    Mcu = 0,
    /// The module.
    Module = 1,
}

/// What a packet of the dialogue is.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_packet_kind {
    /// There is no packet now.
    None = 0,
    /// A line of text with its line ends: a command, a reply, a message.
    Line = 1,
    /// The send prompt.
    Prompt = 2,
    /// A block of payload.
    Data = 3,
}

/// One line, one prompt or one data block on a UART.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_packet {
    /// sizeof(espat_packet), set by the caller
    pub size: usize,
    /// World time at which its last byte ended, in ns.
    pub ns: u64,
    /// Its bytes.
    pub length: usize,
    /// The module's id.
    pub module: u32,
    /// One of espat_side.
    pub from: u32,
    /// One of espat_packet_kind. With ESPAT_PACKET_KIND_NONE the other fields are 0.
    pub kind: u32,
    /// 0
    pub reserved: u32,
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_packet {
    const NAME: &'static str = "espat_packet";
    const FIRST_SIZE: usize = size_up_to!(espat_packet, reserved);
}

/// Takes up to `capacity` bytes of the capture (pcapng) and stores their number in `*length`; 0 means that nothing
/// waits now. With `capacity` 0 (and `buffer` NULL) nothing is taken and `*length` is what waits. All pieces, one
/// after the other, until after espat_world_finish(), are the file.
///
/// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_CAPTURE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_capture_take(
    world: *mut espat_world,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> espat_status {
    boundary!(world world; buffer: room(capacity), length: out => {
        recorded(world.pulled.capture, "capture", "ESPAT_RECORD_CAPTURE")?;
        length.write(take(&mut world.waiting()?.capture, buffer));
        Ok(())
    })
}

/// Takes up to `capacity` bytes of the input log (text, without NUL), as espat_capture_take() does.
///
/// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_INPUT_LOG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_input_log_take(
    world: *mut espat_world,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> espat_status {
    boundary!(world world; buffer: room(capacity), length: out => {
        recorded(world.pulled.log, "input log", "ESPAT_RECORD_INPUT_LOG")?;
        length.write(take(&mut world.waiting()?.log, buffer));
        Ok(())
    })
}

/// Takes up to `capacity` bytes of the TLS key log (NSS's format, text without NUL), as espat_capture_take() does. The line
/// of a session is there before the first byte that it opens.
///
/// Errors: ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_KEYLOG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_keylog_take(
    world: *mut espat_world,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> espat_status {
    boundary!(world world; buffer: room(capacity), length: out => {
        recorded(world.pulled.keylog, "key log", "ESPAT_RECORD_KEYLOG")?;
        length.write(take(&mut world.waiting()?.keylog, buffer));
        Ok(())
    })
}

/// Takes the next packet of the dialogue: fills in `*packet` and copies its bytes (without NUL) to `buffer`. When
/// none waits, `kind` is ESPAT_PACKET_KIND_NONE.
///
/// Errors: ESPAT_STATUS_BUFFER_TOO_SMALL, with `*packet` filled in and the packet not taken;
/// ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_DIALOGUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_dialogue_take(
    world: *mut espat_world,
    packet: *mut espat_packet,
    buffer: *mut u8,
    capacity: usize,
) -> espat_status {
    boundary!(world world; packet: sized_out, buffer: room(capacity) => {
        recorded(world.pulled.dialogue, "dialogue", "ESPAT_RECORD_DIALOGUE")?;
        let waiting = &mut world.waiting()?.dialogue;
        let kind = espat_packet_kind::None as u32;
        let none = espat_packet { size: 0, ns: 0, length: 0, module: 0, from: 0, kind, reserved: 0 };
        let Some((module, next)) = waiting.front() else {
            packet.write(&none);
            return Ok(());
        };
        let from = match next.from {
            Side::Mcu => espat_side::Mcu,
            Side::Module => espat_side::Module,
        };
        let kind = match next.kind {
            PacketKind::Line => espat_packet_kind::Line,
            PacketKind::Prompt => espat_packet_kind::Prompt,
            PacketKind::Data => espat_packet_kind::Data,
        };
        let length = next.bytes.len();
        packet.write(&espat_packet {
            ns: next.at.as_nanos(),
            length,
            module: module.0,
            from: from as u32,
            kind: kind as u32,
            ..none
        });
        let Some(place) = buffer.get_mut(..length) else {
            let sentence = format!("'buffer' has {capacity} bytes, the packet has {length}");
            return Err(Failure::new(espat_status::BufferTooSmall, sentence));
        };
        pointer::copy(&next.bytes, place);
        waiting.pop_front();
        Ok(())
    })
}

/// Takes the next warning, a sentence with its virtual time, and stores it in `*warning`; NULL when none waits. It
/// stays until this thread's next call that hands out a text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_warning_take(
    world: *mut espat_world,
    warning: *mut *const c_char,
) -> espat_status {
    boundary!(world world; warning: out => {
        let next = world.waiting()?.warnings.pop_front();
        warning.write(next.map_or(ptr::null(), |next| boundary::keep([next], &[]).0[0]));
        Ok(())
    })
}

/// Stores in `*digest` the digest of everything that has happened on UARTs, pins and in frames up to the time
/// reached, with the times. espat_digest_text() shows it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_digest(world: *mut espat_world, digest: *mut u64) -> espat_status {
    boundary!(world world; digest: out => {
        digest.write(world.look(|w| w.digest())?);
        Ok(())
    })
}

/// Stores in `*digest` the digest without times, which serves to compare runs under different emulators.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_world_content_digest(
    world: *mut espat_world,
    digest: *mut u64,
) -> espat_status {
    boundary!(world world; digest: out => {
        digest.write(world.look(|w| w.content_digest())?);
        Ok(())
    })
}

/// Stores in `*digest` the digest of one module.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_module_digest(
    world: *mut espat_world,
    module: u32,
    digest: *mut u64,
) -> espat_status {
    boundary!(world world; digest: out => {
        digest.write(world.look(|w| w.module_digest(ModuleId(module)))??);
        Ok(())
    })
}

pub(super) fn recorded(kept: bool, what: &str, flag: &str) -> Result<(), Failure> {
    if kept {
        return Ok(());
    }
    let sentence =
        format!("this world does not keep the {what} for pulling: set {flag} in the options' 'record'");
    Err(Failure::new(espat_status::NotRecorded, sentence))
}

/// Moves as much as fits; with no room, says how much waits.
fn take(waiting: &mut VecDeque<u8>, room: &mut [MaybeUninit<u8>]) -> usize {
    if room.is_empty() {
        return waiting.len();
    }
    let length = room.len().min(waiting.len());
    for (place, byte) in room.iter_mut().zip(waiting.drain(..length)) {
        place.write(byte);
    }
    length
}
