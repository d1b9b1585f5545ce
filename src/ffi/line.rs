//! The wire as the MCU's end of it is: what its UART is set to, and the module's RTS.

use super::driver::drain;
use super::espat_world;
use super::records::recorded;
use super::sized::{SizePrefixed, size_up_to};
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
    /// sizeof(espat_pin_change), set by the caller in the first of an array
    pub size: usize,
    /// When, in ticks of the driver, rounded up.
    pub tick: u64,
    /// The same in ns of world time.
    pub ns: u64,
    /// One of espat_output_pin.
    pub pin: u32,
    /// Its level from then on: 0 low, 1 high.
    pub level: u32,
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_pin_change {
    const NAME: &'static str = "espat_pin_change";
    const FIRST_SIZE: usize = size_up_to!(espat_pin_change, level);
}

impl From<PinChange> for espat_pin_change {
    fn from(change: PinChange) -> espat_pin_change {
        let PinChange { tick, at, pin, high } = change;
        let pin = match pin {
            OutputPin::ModuleRts => espat_output_pin::ModuleRts,
        };
        espat_pin_change { size: 0, tick, ns: at.as_nanos(), pin: pin as u32, level: u32::from(high) }
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

/// What a UART is set to.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_line_settings {
    /// sizeof(espat_line_settings), set by the caller
    pub size: usize,
    /// Bits in a second, 80 to 5000000.
    pub baud: u32,
    /// 5 to 8.
    pub data_bits: u32,
    /// One of espat_parity.
    pub parity: u32,
    /// One of espat_stop_bits.
    pub stop_bits: u32,
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_line_settings {
    const NAME: &'static str = "espat_line_settings";
    const FIRST_SIZE: usize = size_up_to!(espat_line_settings, stop_bits);
}

impl From<LineSettings> for espat_line_settings {
    fn from(line: LineSettings) -> espat_line_settings {
        espat_line_settings {
            size: 0,
            baud: line.baud,
            data_bits: u32::from(line.data_bits),
            parity: parity_number(line.parity),
            stop_bits: stop_bits_number(line.stop_bits),
        }
    }
}

impl espat_line_settings {
    /// What C has set.
    fn settings(self) -> Result<LineSettings, Failure> {
        let parity = match self.parity {
            n if n == espat_parity::None as u32 => Parity::None,
            n if n == espat_parity::Odd as u32 => Parity::Odd,
            n if n == espat_parity::Even as u32 => Parity::Even,
            n => return Err(Failure::argument(format!("'parity' is {n}, which is no espat_parity"))),
        };
        let stop_bits = match self.stop_bits {
            n if n == espat_stop_bits::One as u32 => StopBits::One,
            n if n == espat_stop_bits::OneAndHalf as u32 => StopBits::OneAndHalf,
            n if n == espat_stop_bits::Two as u32 => StopBits::Two,
            n => return Err(Failure::argument(format!("'stop_bits' is {n}, which is no espat_stop_bits"))),
        };
        let data_bits = u8::try_from(self.data_bits)
            .map_err(|_| Failure::argument(format!("'data_bits' is {}, expected 5 to 8", self.data_bits)))?;
        Ok(LineSettings { baud: self.baud, data_bits, parity, stop_bits })
    }
}

/// The MCU sets its UART at `tick`. From then on it no longer follows the module's; where the two differ, bytes are
/// garbled both ways as on a real wire. The byte on the wire ends as it began.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT; those of espat_advance().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_mcu_line_set(
    world: *mut espat_world,
    module: u32,
    tick: u64,
    line: *const espat_line_settings,
) -> espat_status {
    boundary!(world world; line: sized_in => {
        let line = line.settings()?;
        world.input(|w| w.set_mcu_line(ModuleId(module), tick, line))
    })
}

/// Fills in what the MCU's UART is set to at the time reached: what espat_mcu_line_set() or the scenario (`mcu-line`)
/// has set, otherwise what the module's is.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_mcu_line_read(
    world: *mut espat_world,
    module: u32,
    line: *mut espat_line_settings,
) -> espat_status {
    boundary!(world world; line: sized_out => {
        line.write(&world.look(|w| w.mcu_line_settings(ModuleId(module)))??.into());
        Ok(())
    })
}

/// Fills in what the module's UART is set to at the time reached.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_module_line_read(
    world: *mut espat_world,
    module: u32,
    line: *mut espat_line_settings,
) -> espat_status {
    boundary!(world world; line: sized_out => {
        line.write(&world.look(|w| w.line_settings(ModuleId(module)))??.into());
        Ok(())
    })
}

/// Stores in `*level` the level of the module's RTS at the time reached: 1 (high) asks the MCU to stop. It changes only
/// at times that espat_next_event() names. espat_pin_take() has the times of the changes; each is an observation, too.
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
/// stores their number in `*count`. If that equals `capacity`, more may wait. Set `size` of the first to
/// sizeof(espat_pin_change): it counts for all.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE; ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_PINS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_pin_take(
    world: *mut espat_world,
    module: u32,
    changes: *mut espat_pin_change,
    capacity: usize,
    count: *mut usize,
) -> espat_status {
    boundary!(world world; changes: sized_room(capacity), count: out => {
        recorded(world.pulled.pins, "changes of pins", "ESPAT_RECORD_PINS")?;
        let put = |place, change: PinChange| changes.write(place, &change.into());
        count.write(world.look(|w| drain(w, ModuleId(module), capacity, World::pin_read, put))??);
        Ok(())
    })
}
