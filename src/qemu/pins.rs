//! Pins of the module that the guest drives: from an output of a GPIO that QEMU models, or from bits of a register.
//!
//! A board's GPIO that QEMU models has its outputs in QEMU's object model, and ours is connected to one of them; it is named by
//! the address of its registers, as in the data sheet, or by its path there. Most GPIOs are not modelled; then four bytes of memory at the register's address are ours. What the guest stores there arrives in
//! the store itself, at its virtual time, and costs nothing elsewhere.

use std::ffi::{CString, c_int, c_uint, c_void};
use std::sync::Mutex;
use std::sync::PoisonError;

use super::api::{MemoryOps, MemoryRegion, Object, Qemu};
use super::coupling::on_entry;
use super::exit_code;
use crate::world::Pin;
use crate::world::spelling::{did_you_mean, one_of, shown};

/// A bit of a 32-bit register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bit {
    /// Physical address of the register, a multiple of 4.
    register: u64,
    /// From 0 to 31.
    bit: u32,
}

/// What of the board drives a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// Output `line` of a device in QEMU's object model: its path, or the last part of it.
    Output { device: String, line: c_int },
    /// Output `line` of the device whose registers begin at this address.
    OutputAt { registers: u64, line: c_int },
    /// The pin's level is this bit's.
    Level(Bit),
    /// A one stored in the first bit raises the pin, one in the second lowers it.
    SetAndClear(Bit, Bit),
}

/// A pin and what drives it: `en=gpio0.3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wiring {
    text: String,
    pin: Pin,
    source: Source,
}

impl Wiring {
    /// Reads `en=0x40010004.3` (bit 3 of the register there), `en=0x40020018.3/0x40020018.19` (a bit that raises, and
    /// one that lowers), `en=@0x40005000.3` (output 3 of the device whose registers begin there) or `en=gpio0.3` (of that
    /// device of QEMU's object model).
    ///
    /// # Errors
    /// One sentence with what was expected.
    pub fn parse(text: &str) -> Result<Wiring, String> {
        let (pin, source) = text.split_once('=').ok_or_else(|| {
            format!("expected PIN=PLACE, such as en=0x40010004.3 or en=gpio0.3, found {}", shown(text))
        })?;
        let words = || Pin::WORDS.iter().map(|(word, _)| *word);
        let found = Pin::WORDS.iter().find(|(word, _)| *word == pin).map(|(_, pin)| *pin);
        let pin = found.ok_or_else(|| {
            format!("expected {}, found {}{}", one_of(words()), shown(pin), did_you_mean(pin, words()))
        })?;
        let source = match source.split_once('/') {
            Some((set, clear)) if set.starts_with("0x") => Source::SetAndClear(bit(set)?, bit(clear)?),
            _ if source.starts_with("0x") => Source::Level(bit(source)?),
            _ if source.starts_with("@") => output_at(source)?,
            _ => output(source)?,
        };
        Ok(Wiring { text: text.to_owned(), pin, source })
    }
}

/// As it was written.
impl std::fmt::Display for Wiring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn bit(text: &str) -> Result<Bit, String> {
    let parsed = text.strip_prefix("0x").and_then(|rest| rest.split_once('.')).and_then(|(address, bit)| {
        let register = u64::from_str_radix(address, 16).ok()?;
        Some(Bit { register, bit: bit.parse().ok().filter(|bit| *bit < 32)? })
    });
    match parsed {
        Some(bit) if bit.register % 4 == 0 => Ok(bit),
        Some(_) => {
            Err(format!("expected the address of a 32-bit register, a multiple of 4, found {}", shown(text)))
        }
        None => Err(format!(
            "expected the address of a register and a bit of it from 0 to 31, such as 0x40010004.3, found {}",
            shown(text)
        )),
    }
}

fn output(text: &str) -> Result<Source, String> {
    let parsed = text.rsplit_once('.').and_then(|(device, line)| {
        let line = line.parse().ok().filter(|line| (0..1024).contains(line))?;
        (!device.is_empty() && !device.contains('\0'))
            .then(|| Source::Output { device: device.to_owned(), line })
    });
    parsed.ok_or_else(|| {
        format!(
            "expected a device of QEMU's and one of its outputs, such as gpio0.3, or a register and a bit, such as \
             0x40010004.3, found {}",
            shown(text)
        )
    })
}

fn output_at(text: &str) -> Result<Source, String> {
    let parsed =
        text.strip_prefix("@0x").and_then(|rest| rest.rsplit_once('.')).and_then(|(address, line)| {
            let registers = u64::from_str_radix(address, 16).ok()?;
            Some(Source::OutputAt {
                registers,
                line: line.parse().ok().filter(|line| (0..1024).contains(line))?,
            })
        });
    parsed.ok_or_else(|| {
        format!(
            "expected the address of a device's registers and one of its outputs, such as @0x40005000.3, found {}",
            shown(text)
        )
    })
}

/// The four bytes of a register that is ours.
struct Register {
    address: u64,
    /// What the guest has stored last, and what it reads.
    value: Mutex<u32>,
    wirings: Vec<Wiring>,
}

/// Connects all pins, once the machine stands and before it runs. The error is a sentence.
///
/// # Safety
/// The big lock is held and no guest code runs.
pub(super) unsafe fn connect(qemu: &'static Qemu, wirings: &[Wiring]) -> Result<(), String> {
    let mut registers: Vec<Register> = Vec::new();
    for wiring in wirings {
        let mut add = |address: u64| match registers.iter_mut().find(|r| r.address == address) {
            Some(register) => register.wirings.push(wiring.clone()),
            None => {
                registers.push(Register { address, value: Mutex::new(0), wirings: vec![wiring.clone()] });
            }
        };
        match &wiring.source {
            // SAFETY: the caller's promise.
            Source::Output { device, line } => unsafe {
                connect_output(qemu, wiring, named(qemu, wiring, device)?, *line)?;
            },
            // SAFETY: the caller's promise.
            Source::OutputAt { registers, line } => unsafe {
                connect_output(qemu, wiring, at(qemu, wiring, *registers)?, *line)?;
            },
            Source::Level(bit) => add(bit.register),
            Source::SetAndClear(set, clear) => {
                add(set.register);
                if clear.register != set.register {
                    add(clear.register);
                }
            }
        }
    }
    for register in registers {
        // SAFETY: the caller's promise.
        unsafe { put_into_memory(qemu, register) };
    }
    Ok(())
}

/// The device that a wiring names.
unsafe fn named(qemu: &Qemu, wiring: &Wiring, device: &str) -> Result<*mut Object, String> {
    let path = CString::new(device).map_err(|_| format!("a NUL byte in {}", shown(device)))?;
    let mut ambiguous = false;
    // SAFETY: the caller's promise; the text ends with NUL. What is found is asked for its type.
    let object = unsafe {
        let object = (qemu.object_resolve_path)(path.as_ptr(), &mut ambiguous);
        let is_device =
            !object.is_null() && !(qemu.object_dynamic_cast)(object, c"device".as_ptr()).is_null();
        is_device.then_some(object)
    };
    if ambiguous {
        return Err(format!(
            "--pin {wiring}: QEMU has several devices {}: give its whole path, such as /machine/soc/{device}.0 (`info \
             qom-tree` in QEMU's monitor shows them), or the address of its registers, @0xADDRESS.OUTPUT",
            shown(device)
        ));
    }
    object.ok_or_else(|| {
        format!(
            "--pin {wiring}: this machine has no device {} (`info qom-tree` in QEMU's monitor shows what it has); where \
             QEMU does not model the GPIO, name its register: --pin {}=0xADDRESS.BIT",
            shown(device),
            wiring.pin.word()
        )
    })
}

/// What is looked for among the machine's devices, and what was found.
struct Search<'a> {
    qemu: &'a Qemu,
    registers: u64,
    found: *mut Object,
}

/// The device whose registers begin at an address.
unsafe fn at(qemu: &Qemu, wiring: &Wiring, registers: u64) -> Result<*mut Object, String> {
    let mut search = Search { qemu, registers, found: std::ptr::null_mut() };
    // SAFETY: the caller's promise; the search outlives the call, and nobody else has it meanwhile.
    unsafe {
        let root = (qemu.object_get_root)();
        (qemu.object_child_foreach_recursive)(root, look_at, (&raw mut search).cast());
    }
    if search.found.is_null() {
        return Err(format!(
            "--pin {wiring}: QEMU models no device whose registers begin at {registers:#x} (`info mtree` in QEMU's monitor \
             shows those of this machine); where it does not model the GPIO, name its register: --pin {}=0xADDRESS.BIT",
            wiring.pin.word()
        ));
    }
    Ok(search.found)
}

/// An object of the machine. The answer 1 ends the search.
unsafe extern "C" fn look_at(object: *mut Object, search: *mut c_void) -> c_int {
    // SAFETY: what `at` has passed.
    let search = unsafe { &mut *search.cast::<Search<'_>>() };
    let q = search.qemu;
    // SAFETY: an object of the machine, of which a device on the system bus is asked for its memory, a region for its address.
    unsafe {
        if (q.object_dynamic_cast)(object, c"sys-bus-device".as_ptr()).is_null()
            || !(q.sysbus_has_mmio)(object, 0)
        {
            return 0;
        }
        let region: *mut Object = (q.sysbus_mmio_get_region)(object, 0).cast();
        if (q.object_property_get_uint)(region, c"addr".as_ptr(), std::ptr::null_mut()) != search.registers {
            return 0;
        }
    }
    search.found = object;
    1
}

/// Connects an output of `object` to a pin.
unsafe fn connect_output(
    qemu: &Qemu,
    wiring: &Wiring,
    object: *mut Object,
    line: c_int,
) -> Result<(), String> {
    let property = CString::new(format!("unnamed-gpio-out[{line}]")).unwrap_or_default();
    // SAFETY: the caller's promise; the text ends with NUL. The device is asked for the output before it is connected.
    unsafe {
        if (qemu.object_property_find)(object, property.as_ptr()).is_null() {
            return Err(format!("--pin {wiring}: this device has no output {line}"));
        }
        if !(qemu.qdev_get_gpio_out_connector)(object, std::ptr::null(), line).is_null() {
            return Err(format!("--pin {wiring}: the board has something at output {line} already"));
        }
        let pin = Box::into_raw(Box::new(wiring.pin));
        let irq = (qemu.qemu_allocate_irq)(on_output, pin.cast(), 0);
        (qemu.qdev_connect_gpio_out)(object, line, irq);
    }
    Ok(())
}

/// An output of a GPIO has changed; `level` below 0: nobody drives it, and the module's pull-up does.
unsafe extern "C" fn on_output(pin: *mut c_void, _number: c_int, level: c_int) {
    // SAFETY: the address that was given with this function, of a value that is never freed.
    let pin = unsafe { *pin.cast::<Pin>() };
    on_entry(|c| c.guest_drives(pin, level != 0));
}

unsafe fn put_into_memory(qemu: &Qemu, register: Register) {
    static OPS: MemoryOps = MemoryOps::of_bytes(on_read, on_write);
    let address = register.address;
    let register = Box::into_raw(Box::new(register));
    let region: *mut MemoryRegion = Box::into_raw(Box::new([0_u128; super::api::REGION_BYTES / 16])).cast();
    // SAFETY: the caller's promise; region, register and table of functions live for ever.
    unsafe {
        let nobody = std::ptr::null_mut();
        (qemu.memory_region_init_io)(region, nobody, &OPS, register.cast(), c"espat-pins".as_ptr(), 4);
        let memory = (qemu.get_system_memory)();
        // Above whatever the board has there.
        (qemu.memory_region_add_subregion_overlap)(memory, address, region, 1_000_000);
    }
}

unsafe extern "C" fn on_read(register: *mut c_void, offset: u64, size: c_uint) -> u64 {
    // SAFETY: the address that was given with this function, of a value that is never freed.
    let register = unsafe { &*register.cast::<Register>() };
    let value = *register.value.lock().unwrap_or_else(PoisonError::into_inner);
    u64::from(value) >> (8 * offset.min(3)) & mask(size)
}

unsafe extern "C" fn on_write(register: *mut c_void, offset: u64, data: u64, size: c_uint) {
    // SAFETY: as above.
    let register = unsafe { &*register.cast::<Register>() };
    let shift = 8 * offset.min(3);
    let stored = (data & mask(size)) << shift;
    let value = {
        let mut value = register.value.lock().unwrap_or_else(PoisonError::into_inner);
        *value = ((u64::from(*value) & !(mask(size) << shift)) | stored) as u32;
        *value
    };
    for wiring in &register.wirings {
        let one = |bit: &Bit, of: u64| bit.register == register.address && of >> bit.bit & 1 == 1;
        let level = match &wiring.source {
            Source::Level(bit) => Some(one(bit, u64::from(value))),
            // As in the registers of this kind: where both are stored, setting wins.
            Source::SetAndClear(set, _) if one(set, stored) => Some(true),
            Source::SetAndClear(_, clear) if one(clear, stored) => Some(false),
            Source::SetAndClear(..) | Source::Output { .. } | Source::OutputAt { .. } => None,
        };
        if let Some(high) = level {
            on_entry(|c| c.guest_drives(wiring.pin, high));
        }
    }
}

fn mask(size: c_uint) -> u64 {
    (1_u64 << (8 * size.min(4))) - 1
}

/// The machine stands, and does not run yet.
pub(super) unsafe extern "C" fn on_machine(_notifier: *mut super::api::Notifier, _data: *mut c_void) {
    on_entry(|c| {
        // SAFETY: QEMU calls this with the big lock, before it lets the guest run.
        if let Err(sentence) = unsafe { connect(&c.qemu, &c.wirings) } {
            c.end(exit_code::BROKEN, &sentence);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_driven_by_a_register_or_by_a_device() {
        let wiring = Wiring::parse("en=0x40010004.3").expect("right");
        assert_eq!(
            (wiring.pin, wiring.source),
            (Pin::En, Source::Level(Bit { register: 0x4001_0004, bit: 3 }))
        );
        let both = Wiring::parse("gpio0=0x40020018.5/0x40020018.21").expect("right");
        let at = |bit| Bit { register: 0x4002_0018, bit };
        assert_eq!((both.pin, both.source), (Pin::Gpio0, Source::SetAndClear(at(5), at(21))));
        let device = Wiring::parse("wake=/machine/soc/gpio.7").expect("right");
        assert_eq!(device.source, Source::Output { device: "/machine/soc/gpio".into(), line: 7 });
        assert_eq!(device.to_string(), "wake=/machine/soc/gpio.7");
        let address = Wiring::parse("en=@0x40005000.3").expect("right");
        assert_eq!(address.source, Source::OutputAt { registers: 0x4000_5000, line: 3 });
    }

    #[test]
    fn a_faulty_place_is_refused_with_what_was_expected() {
        for (text, part) in [
            ("en", "PIN=PLACE"),
            ("enable=gpio0.3", "`en`"),
            ("en=0x40010004", "a bit of it"),
            ("en=0x40010004.32", "a bit of it"),
            ("en=0x40010002.3", "a multiple of 4"),
            ("en=0x40010004.3/x", "a bit of it"),
            ("en=gpio0", "one of its outputs"),
            ("en=.3", "one of its outputs"),
            ("en=@40005000.3", "such as @0x40005000.3"),
            ("en=@0x40005000", "such as @0x40005000.3"),
        ] {
            let error = Wiring::parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
