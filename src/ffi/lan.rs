//! Devices with Ethernet in the modules' network: cables into an access point's LAN.

use std::ffi::c_char;

use super::sized::{SizePrefixed, size_up_to};
use super::status::{Failure, espat_status};
use super::{espat_world, pointer};
use crate::time::Instant;
use crate::world::LanPort;

/// A frame for a device at the end of a cable.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_lan_frame {
    /// sizeof(espat_lan_frame), set by the caller
    pub size: usize,
    /// When it comes out of the cable at the device, in ns of world time.
    pub ns: u64,
    /// Its bytes, from the destination's address on, without the checksum. 0: no frame waits.
    pub length: usize,
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_lan_frame {
    const NAME: &'static str = "espat_lan_frame";
    const FIRST_SIZE: usize = size_up_to!(espat_lan_frame, length);
}

/// Plugs a cable into the LAN of `access_point`, at the earliest instant that no module has passed, and stores its number in
/// `*port`. What is at its other end is the caller's: a board with Ethernet, a computer in an emulator. It is a host like
/// those of the scenario, to the modules, the hosts on that LAN and the gateway, which gives it an address if it asks.
///
/// A frame takes 100 us through the cable, either way. A device has no clock in the world, and holds nobody back: it may be
/// up to 100 us ahead of the slowest module or behind it. Its frames are in the capture, on an interface of their own (`lan0`), in the
/// digest and in the input log.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such access point; ESPAT_STATUS_FINISHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_lan_attach(
    world: *mut espat_world,
    access_point: *const c_char,
    port: *mut u32,
) -> espat_status {
    boundary!(world world; access_point: text, port: out => {
        port.write(world.input(|w| w.lan_attach(access_point))?.0);
        Ok(())
    })
}

/// Pulls the cable out. Its number is not given out again.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such cable, or not any more; ESPAT_STATUS_FINISHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_lan_detach(world: *mut espat_world, port: u32) -> espat_status {
    boundary!(world world; => world.input(|w| w.lan_detach(LanPort(port))))
}

/// The device sends an Ethernet frame at `ns` of world time: 14 to 1518 bytes, from the destination's address on, without the
/// checksum; short ones need no padding. It reaches the access point 100 us later.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT when there is no such cable or it is no frame; ESPAT_STATUS_TIME_BACKWARDS when the
/// slowest module is more than 100 us past `ns`; ESPAT_STATUS_TIME_OVERFLOW; ESPAT_STATUS_FINISHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_lan_send(
    world: *mut espat_world,
    port: u32,
    ns: u64,
    bytes: *const u8,
    length: usize,
) -> espat_status {
    boundary!(world world; bytes: bytes(length) => {
        world.input(|w| w.lan_send(LanPort(port), Instant::from_nanos(ns), bytes))
    })
}

/// Takes the next frame for the device: `*frame` says when it is there and how long it is, its bytes are copied into `buffer`.
/// It is known up to 100 us before it is there. When none waits, `length` is 0. Look after each call that lets time pass.
///
/// Errors: ESPAT_STATUS_BUFFER_TOO_SMALL, with `*frame` filled in and the frame not taken (1518 bytes are enough for any);
/// ESPAT_STATUS_INVALID_ARGUMENT when there is no such cable, or not any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_lan_take(
    world: *mut espat_world,
    port: u32,
    frame: *mut espat_lan_frame,
    buffer: *mut u8,
    capacity: usize,
) -> espat_status {
    boundary!(world world; frame: sized_out, buffer: room(capacity) => {
        let port = LanPort(port);
        let (at, length, fits) = world.look(|w| {
            let Some(next) = w.lan_peek(port)? else { return Ok::<_, Failure>((Instant::ZERO, 0, true)) };
            let (at, length) = (next.at, next.bytes.len());
            let Some(place) = buffer.get_mut(..length) else { return Ok((at, length, false)) };
            pointer::copy(&next.bytes, place);
            w.lan_read(port)?;
            Ok((at, length, true))
        })??;
        frame.write(&espat_lan_frame { size: 0, ns: at.as_nanos(), length });
        if !fits {
            let sentence = format!("'buffer' has {capacity} bytes, the frame has {length}");
            return Err(Failure::new(espat_status::BufferTooSmall, sentence));
        }
        Ok(())
    })
}
