//! The wire as the MCU's end of it is: what its UART is set to, and the module's RTS.

use super::driver::drain;
use super::espat_world;
use super::records::recorded;
use super::status::{Failure, espat_status};
use crate::uart::{LineSettings, Parity, StopBits};
use crate::world::{ModuleId, OutputPin, PinChange, World};

/// The parity bit of a byte.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_parity {
    /// There is none.
    None = 0,
    /// An odd number of ones.
    Odd = 1,
    /// An even number of ones.
    Even = 2,
}

/// The stop bits of a byte.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_stop_bits {
    /// One.
    One = 0,
    /// One and a half.
    OneAndHalf = 1,
    /// Two.
    Two = 2,
}

/// A pin that the module drives.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_output_pin {
    /// The module's RTS, the MCU's CTS: high asks the MCU to stop sending. Low at the start.
    ModuleRts = 3,
}

/// A pin that the module drives has changed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_pin_change {
    /// When, in ticks of the driver, rounded up.
    pub tick: u64,
    /// The same in ns of world time.
    pub ns: u64,
    /// One of espat_output_pin.
    pub pin: u32,
    /// Its level from then on: 0 low, 1 high.
    pub level: u32,
}

impl From<PinChange> for espat_pin_change {
    fn from(change: PinChange) -> espat_pin_change {
        let PinChange { tick, at, pin, high } = change;
        let pin = match pin {
            OutputPin::ModuleRts => espat_output_pin::ModuleRts,
        };
        espat_pin_change { tick, ns: at.as_nanos(), pin: pin as u32, level: u32::from(high) }
    }
}

pub(super) fn parity_number(parity: Parity) -> u32 {
    let parity = match parity {
        Parity::None => espat_parity::None,
        Parity::Odd => espat_parity::Odd,
        Parity::Even => espat_parity::Even,
    };
    parity as u32
}

pub(super) fn stop_bits_number(stop_bits: StopBits) -> u32 {
    let stop_bits = match stop_bits {
        StopBits::One => espat_stop_bits::One,
        StopBits::OneAndHalf => espat_stop_bits::OneAndHalf,
        StopBits::Two => espat_stop_bits::Two,
    };
    stop_bits as u32
}

/// The MCU sets its UART at `tick`: 80 to 5000000 baud, 5 to 8 data bits, one of espat_parity, one of espat_stop_bits.
/// From then on it no longer follows the module's; where the two differ, bytes are garbled both ways as on a real
/// wire. The byte on the wire ends as it began.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT; those of espat_advance().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_set_mcu_line(
    world: *mut espat_world,
    module: u32,
    tick: u64,
    baud: u32,
    data_bits: u32,
    parity: u32,
    stop_bits: u32,
) -> espat_status {
    boundary!(world world; => {
        let parity = match parity {
            n if n == espat_parity::None as u32 => Parity::None,
            n if n == espat_parity::Odd as u32 => Parity::Odd,
            n if n == espat_parity::Even as u32 => Parity::Even,
            n => return Err(Failure::argument(format!("'parity' is {n}, which is no espat_parity"))),
        };
        let stop_bits = match stop_bits {
            n if n == espat_stop_bits::One as u32 => StopBits::One,
            n if n == espat_stop_bits::OneAndHalf as u32 => StopBits::OneAndHalf,
            n if n == espat_stop_bits::Two as u32 => StopBits::Two,
            n => return Err(Failure::argument(format!("'stop_bits' is {n}, which is no espat_stop_bits"))),
        };
        let data_bits = u8::try_from(data_bits)
            .map_err(|_| Failure::argument(format!("'data_bits' is {data_bits}, expected 5 to 8")))?;
        let line = LineSettings { baud, data_bits, parity, stop_bits };
        world.input(|w| w.set_mcu_line(ModuleId(module), tick, line))
    })
}

/// Stores what the module's UART is set to at the time reached, in the values of espat_set_mcu_line().
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_module_line(
    world: *mut espat_world,
    module: u32,
    baud: *mut u32,
    data_bits: *mut u32,
    parity: *mut u32,
    stop_bits: *mut u32,
) -> espat_status {
    boundary!(world world; baud: out, data_bits: out, parity: out, stop_bits: out => {
        let line = world.look(|w| w.line_settings(ModuleId(module)))??;
        baud.write(line.baud);
        data_bits.write(u32::from(line.data_bits));
        parity.write(parity_number(line.parity));
        stop_bits.write(stop_bits_number(line.stop_bits));
        Ok(())
    })
}

/// Stores in `*level` the level of the module's RTS at the time reached: 1 (high) asks the MCU to stop. It changes only
/// at times that espat_next_event() names. espat_pin_read() has the times of the changes; each is an observation, too.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_module_rts(
    world: *mut espat_world,
    module: u32,
    level: *mut u32,
) -> espat_status {
    boundary!(world world; level: out => {
        level.write(u32::from(world.look(|w| w.module_rts(ModuleId(module)))??));
        Ok(())
    })
}

/// Takes up to `capacity` changes of the pins that the module drives, those up to the time reached in their order, and
/// stores their number in `*count`. If that equals `capacity`, more may wait.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE; ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_PINS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_pin_read(
    world: *mut espat_world,
    module: u32,
    changes: *mut espat_pin_change,
    capacity: usize,
    count: *mut usize,
) -> espat_status {
    boundary!(world world; changes: room(capacity), count: out => {
        recorded(world.pulled.pins, "changes of pins", "ESPAT_RECORD_PINS")?;
        count.write(world.look(|w| drain(w, ModuleId(module), changes, World::pin_read))??);
        Ok(())
    })
}
