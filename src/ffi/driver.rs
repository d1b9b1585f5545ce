//! What a driver does: attach, put inputs in, let time pass, take bytes out.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use super::espat_world;
use super::records::recorded;
use super::sized::{SizePrefixed, size_up_to};
use super::status::{Failure, espat_status};
use crate::time::{Instant, NANOS_PER_SEC, Timebase};
use crate::uart::McuLoss;
use crate::world::{Attachment, Error, McuTx, ModuleId, Pin, UartByte, World};

/// The tick of espat_next_event() when nothing will happen by itself.
pub const ESPAT_NEVER: u64 = 0xffff_ffff_ffff_ffff;

/// The byte's stop bit was low.
pub const ESPAT_UART_FRAMING_ERROR: u8 = 1;
/// The byte's parity bit was wrong.
pub const ESPAT_UART_PARITY_ERROR: u8 = 2;
/// The line was held low for longer than a byte.
pub const ESPAT_UART_BREAK: u8 = 4;

/// When bytes that the MCU stores go out on the wire.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_mcu_tx {
    /// As the scenario says (`mcu-tx`), or one after the other at line rate if it says nothing.
    NotGiven = 0,
    /// One after the other at line rate, whatever the emulator's UART model does.
    Wire = 1,
    /// Every byte ends one byte time after its store.
    AsStored = 2,
}

/// Whether the MCU's UART obeys the module's RTS: what is stored waits while that is high.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_obeys_rts {
    /// As the scenario says (`obeys-rts`), or not if it says nothing.
    NotGiven = 0,
    /// It does.
    Yes = 1,
    /// It goes on sending.
    No = 2,
}

/// Why the MCU's receiver lost a byte.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_mcu_loss {
    /// It was full or off; the driver can't tell which.
    Unknown = 0,
    /// It was full.
    Full = 1,
    /// It was off.
    Off = 2,
}

/// A pin of the module that the MCU drives.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_pin {
    /// Chip enable. Low holds the module in reset. High at the start.
    En = 0,
    /// Boot strap, sampled when the chip starts: low keeps the AT firmware from starting. High at the start.
    Gpio0 = 1,
    /// The MCU's RTS, the module's CTS: high asks the module to stop sending, if its flow control is on. Low at the
    /// start.
    McuRts = 2,
    /// The GPIO that AT+SLEEPWKCFG names, unless that is GPIO0: at its level the module is awake. Nobody's at the start.
    Wake = 4,
}

/// How a driver attaches. All zero except `size` is the default. What is given goes before the scenario.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct espat_attach_options {
    /// sizeof(espat_attach_options)
    pub size: usize,
    /// Ticks per second of all times that this driver passes and gets, such as the MCU's clock. 0: 1000000000, so a
    /// tick is a nanosecond. Ticks are rounded down to ns on the way in, and ns up to ticks on the way out.
    pub timebase_hz: u64,
    /// World time of this driver's tick 0, in ns. While that is still to come, the module follows the others as one without a
    /// driver does, and holds nobody back; espat_advance() to tick 0 works when the others are 100 us before it.
    pub origin_ns: u64,
    /// One of espat_mcu_tx.
    pub mcu_tx: u32,
    /// One of espat_obeys_rts.
    pub obeys_rts: u32,
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_attach_options {
    const NAME: &'static str = "espat_attach_options";
    const FIRST_SIZE: usize = size_up_to!(espat_attach_options, obeys_rts);
}

/// One byte on the wire to the MCU. There are many of them: this structure has no size and never grows, what may come
/// stands in `reserved`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_uart_byte {
    /// End of its stop bit, in ticks of the driver, rounded up.
    pub tick: u64,
    /// The same in ns of world time.
    pub ns: u64,
    /// The byte.
    pub byte: u8,
    /// 0: received clean. Otherwise ESPAT_UART_FRAMING_ERROR, ESPAT_UART_PARITY_ERROR, ESPAT_UART_BREAK, added.
    pub flags: u8,
    /// 0
    pub reserved: [u8; 6],
}

/// Counters of one module since the world's start. They only grow.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_statistics {
    /// sizeof(espat_statistics), set by the caller
    pub size: usize,
    /// Bytes that the MCU stored.
    pub mcu_bytes: u64,
    /// Bytes that left the module's UART.
    pub module_bytes: u64,
    /// Most bytes that were stored and not yet on the wire.
    pub mcu_queue_max: u64,
    /// Bytes that espat_mcu_overrun() reported.
    pub mcu_overruns: u64,
    /// Bytes that the module lost because its buffers were full.
    pub module_overruns: u64,
    /// Frames that the module sent.
    pub frames_sent: u64,
    /// Frames that reached the module.
    pub frames_received: u64,
    /// Frames that were lost on the module's link, in both directions.
    pub frames_lost: u64,
    /// Bytes that the module's UART received; those lost because its buffers were full are among them.
    pub module_received: u64,
    /// Those of them with a framing error or a break.
    pub module_framing_errors: u64,
    /// Those with a parity error.
    pub module_parity_errors: u64,
    /// Bytes that the MCU's UART received.
    pub mcu_received: u64,
    /// Those of them with a framing error or a break.
    pub mcu_framing_errors: u64,
    /// Those with a parity error.
    pub mcu_parity_errors: u64,
    /// Bytes lost on the wire, in both directions.
    pub wire_lost: u64,
    /// Bytes that the module's UART received while its firmware did not run (before "ready", in deep sleep) or slept
    /// lightly: nobody heard them. They are among module_received.
    pub module_unheard: u64,
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_statistics {
    const NAME: &'static str = "espat_statistics";
    const FIRST_SIZE: usize = size_up_to!(espat_statistics, module_unheard);
}

/// Attaches a driver to the module called `name` and stores the module's id in `*module`. `options` may be NULL for
/// defaults.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE with the names that exist; ESPAT_STATUS_ALREADY_ATTACHED;
/// ESPAT_STATUS_FINISHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_attach(
    world: *mut espat_world,
    name: *const c_char,
    options: *const espat_attach_options,
    module: *mut u32,
) -> espat_status {
    boundary!(world world; name: text, options: options, module: out => {
        let hz = if options.timebase_hz == 0 { NANOS_PER_SEC } else { options.timebase_hz };
        let timebase = Timebase::new(hz, Instant::from_nanos(options.origin_ns))
            .ok_or_else(|| Failure::argument("'timebase_hz' is 0"))?;
        let mcu_tx = match options.mcu_tx {
            n if n == espat_mcu_tx::NotGiven as u32 => None,
            n if n == espat_mcu_tx::Wire as u32 => Some(McuTx::Wire),
            n if n == espat_mcu_tx::AsStored as u32 => Some(McuTx::AsStored),
            n => return Err(Failure::argument(format!("'mcu_tx' is {n}, which is no espat_mcu_tx"))),
        };
        let obeys_rts = match options.obeys_rts {
            n if n == espat_obeys_rts::NotGiven as u32 => None,
            n if n == espat_obeys_rts::Yes as u32 => Some(true),
            n if n == espat_obeys_rts::No as u32 => Some(false),
            n => return Err(Failure::argument(format!("'obeys_rts' is {n}, which is no espat_obeys_rts"))),
        };
        let id = world.input(|w| w.attach(name, Attachment { timebase, mcu_tx, obeys_rts }))?;
        module.write(id.0);
        Ok(())
    })
}

/// Takes the driver away. The module's clock no longer holds the others back. The module can be attached again.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED, ESPAT_STATUS_FINISHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_detach(world: *mut espat_world, module: u32) -> espat_status {
    boundary!(world world; => world.input(|w| w.detach(ModuleId(module))))
}

/// The MCU stores `byte` into its UART at `tick`. What is stored faster than the line takes it waits in a queue of
/// 1048576 bytes, or as many as the scenario says (`mcu-queue`); a warning comes at a quarter of it.
///
/// Errors: those of espat_advance(); ESPAT_STATUS_QUEUE_FULL, with the time at `tick`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_uart_write(
    world: *mut espat_world,
    module: u32,
    tick: u64,
    byte: u8,
) -> espat_status {
    boundary!(world world; => world.input(|w| w.uart_write(ModuleId(module), tick, byte)))
}

/// The MCU stores `length` bytes at the same `tick`, one after the other. `length` 0 does what espat_advance()
/// does; `bytes` may be NULL then.
///
/// Errors: those of espat_uart_write(); none of the bytes was stored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_uart_write_block(
    world: *mut espat_world,
    module: u32,
    tick: u64,
    bytes: *const u8,
    length: usize,
) -> espat_status {
    boundary!(world world; bytes: bytes(length) => world.input(|w| w.uart_write_block(ModuleId(module), tick, bytes)))
}

/// The level of `pin` (one of espat_pin) becomes `level` (0 low, 1 high) at `tick`.
///
/// Errors: those of espat_advance().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_pin_set(
    world: *mut espat_world,
    module: u32,
    tick: u64,
    pin: u32,
    level: u32,
) -> espat_status {
    boundary!(world world; => {
        let pin = match pin {
            n if n == espat_pin::En as u32 => Pin::En,
            n if n == espat_pin::Gpio0 as u32 => Pin::Gpio0,
            n if n == espat_pin::McuRts as u32 => Pin::McuRts,
            n if n == espat_pin::Wake as u32 => Pin::Wake,
            n => return Err(Failure::argument(format!("'pin' is {n}, which is no espat_pin"))),
        };
        if level > 1 {
            return Err(Failure::argument(format!("'level' is {level}, expected 0 or 1")));
        }
        world.input(|w| w.set_pin(ModuleId(module), tick, pin, level == 1))
    })
}

/// The driver lost `byte` at `tick`, because the MCU's receiver was full or off: `loss` is one of espat_mcu_loss. Counted,
/// and one warning for a run of such bytes. A run ends when two byte times, or 1 ms if that is longer, pass without one.
///
/// Errors: ESPAT_STATUS_INVALID_ARGUMENT; those of espat_advance().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_mcu_overrun(
    world: *mut espat_world,
    module: u32,
    tick: u64,
    byte: u8,
    loss: u32,
) -> espat_status {
    boundary!(world world; => {
        let loss = match loss {
            n if n == espat_mcu_loss::Unknown as u32 => McuLoss::Unknown,
            n if n == espat_mcu_loss::Full as u32 => McuLoss::Full,
            n if n == espat_mcu_loss::Off as u32 => McuLoss::Off,
            n => return Err(Failure::argument(format!("'loss' is {n}, which is no espat_mcu_loss"))),
        };
        world.input(|w| w.mcu_overrun(ModuleId(module), tick, byte, loss))
    })
}

/// Stores in `*tick` the tick at which this module has something for its driver, or wants espat_advance() to be
/// called. While a byte waits to be taken that is the tick reached, however often it is asked for: take bytes before you
/// ask. ESPAT_NEVER: nothing will happen unless the driver does something. What the log port prints is nothing to come
/// back for.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_next_event(
    world: *mut espat_world,
    module: u32,
    tick: *mut u64,
) -> espat_status {
    boundary!(world world; tick: out => {
        tick.write(world.look(|w| w.next_event(ModuleId(module)))??.unwrap_or(ESPAT_NEVER));
        Ok(())
    })
}

/// Lets everything up to and including `tick` happen, as far as this module is concerned.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED, ESPAT_STATUS_TIME_BACKWARDS,
/// ESPAT_STATUS_TOO_FAR_AHEAD, ESPAT_STATUS_TIME_OVERFLOW, ESPAT_STATUS_FINISHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_advance(world: *mut espat_world, module: u32, tick: u64) -> espat_status {
    boundary!(world world; => world.input(|w| w.advance(ModuleId(module), tick)))
}

/// Lets everything up to and including `ns` of world time happen, for all modules; those without a driver come along. It
/// gives the same as espat_advance() for each of them in turn, in steps of 100 us, which is as far as one may be ahead
/// of another, and it costs less. For whoever drives all modules.
///
/// Errors: ESPAT_STATUS_TIME_BACKWARDS when a module has come further, ESPAT_STATUS_FINISHED. They change nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_advance_all(world: *mut espat_world, ns: u64) -> espat_status {
    boundary!(world world; => world.input(|w| w.advance_all(Instant::from_nanos(ns))))
}

/// Stores in `*tick` how far this module has come, rounded up.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE, ESPAT_STATUS_NOT_ATTACHED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_reached(world: *mut espat_world, module: u32, tick: *mut u64) -> espat_status {
    boundary!(world world; tick: out => {
        tick.write(world.look(|w| w.reached(ModuleId(module)))??);
        Ok(())
    })
}

/// Stores in `*ns` how far this module has come, in ns of world time.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_reached_ns(
    world: *mut espat_world,
    module: u32,
    ns: *mut u64,
) -> espat_status {
    boundary!(world world; ns: out => {
        ns.write(world.look(|w| w.now(ModuleId(module)))??.as_nanos());
        Ok(())
    })
}

/// Takes up to `capacity` bytes off the wire to the MCU, those that have ended by the time reached, and stores
/// their number in `*count`. If that equals `capacity`, more may wait.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_uart_take(
    world: *mut espat_world,
    module: u32,
    bytes: *mut espat_uart_byte,
    capacity: usize,
    count: *mut usize,
) -> espat_status {
    boundary!(world world; bytes: room(capacity), count: out => {
        count.write(world.look(|w| drain_bytes(w, ModuleId(module), bytes, World::uart_read))??);
        Ok(())
    })
}

/// Takes up to `capacity` bytes that came out of the module's log port (its second UART, UART0) by the time reached,
/// as espat_uart_take() does. Firmware prints there why a command failed. Nothing of it asks the driver to come back,
/// nor goes into the digest.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE; ESPAT_STATUS_NOT_RECORDED without ESPAT_RECORD_LOG_PORT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_log_port_take(
    world: *mut espat_world,
    module: u32,
    bytes: *mut espat_uart_byte,
    capacity: usize,
    count: *mut usize,
) -> espat_status {
    boundary!(world world; bytes: room(capacity), count: out => {
        recorded(world.pulled.log_port, "log port", "ESPAT_RECORD_LOG_PORT")?;
        count.write(world.look(|w| drain_bytes(w, ModuleId(module), bytes, World::log_port_read))??);
        Ok(())
    })
}

/// Moves outputs to C until its room for `capacity` of them is full or none is left. `put` gets each with its place.
pub(super) fn drain<T>(
    world: &mut World,
    module: ModuleId,
    capacity: usize,
    next: fn(&mut World, ModuleId) -> Result<Option<T>, Error>,
    mut put: impl FnMut(usize, T),
) -> Result<usize, Error> {
    world.now(module)?;
    for place in 0..capacity {
        let Some(output) = next(world, module)? else { return Ok(place) };
        put(place, output);
    }
    Ok(capacity)
}

/// The same for bytes of a UART.
fn drain_bytes(
    world: &mut World,
    module: ModuleId,
    room: &mut [MaybeUninit<espat_uart_byte>],
    next: fn(&mut World, ModuleId) -> Result<Option<UartByte>, Error>,
) -> Result<usize, Error> {
    drain(world, module, room.len(), next, |place, byte| {
        room[place].write(byte.into());
    })
}

/// Fills in the counters of a module.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_statistics_read(
    world: *mut espat_world,
    module: u32,
    statistics: *mut espat_statistics,
) -> espat_status {
    boundary!(world world; statistics: sized_out => {
        let now = world.look(|w| w.statistics(ModuleId(module)))??;
        statistics.write(&espat_statistics {
            size: 0,
            mcu_bytes: now.mcu_bytes,
            module_bytes: now.module_bytes,
            mcu_queue_max: now.mcu_queue_max,
            mcu_overruns: now.mcu_overruns,
            module_overruns: now.module_overruns,
            frames_sent: now.frames_sent,
            frames_received: now.frames_received,
            frames_lost: now.frames_lost,
            module_received: now.module_received,
            module_framing_errors: now.module_framing_errors,
            module_parity_errors: now.module_parity_errors,
            mcu_received: now.mcu_received,
            mcu_framing_errors: now.mcu_framing_errors,
            mcu_parity_errors: now.mcu_parity_errors,
            wire_lost: now.wire_lost,
            module_unheard: now.module_unheard,
        });
        Ok(())
    })
}

impl From<UartByte> for espat_uart_byte {
    fn from(byte: UartByte) -> espat_uart_byte {
        let UartByte { tick, at, byte, flags } = byte;
        espat_uart_byte { tick, ns: at.as_nanos(), byte, flags, reserved: [0; 6] }
    }
}
