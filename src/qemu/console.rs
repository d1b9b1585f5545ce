//! The guest's own console: what it prints, line by line, and what is typed there.

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use super::api::{Chardev, Timer};
use super::coupling::{Coupling, Pointer, on_entry};
use super::typing::{Step, Text, Typing};
use crate::edge::ansi;
use crate::edge::lockstep::message::Input;
use crate::time::Instant;

/// The longest line that is kept in one piece, bytes.
const LINE: usize = 4096;

/// The guest's console, and where it has come.
pub(super) struct Console {
    /// Its character device; null when nobody wants to know what the guest prints.
    device: Pointer<Chardev>,
    /// The timer of the next typed byte.
    timer: Pointer<Timer>,
    /// Texts in a line that end the run.
    exit_on: Vec<String>,
    /// The line that the guest is printing.
    printing: Mutex<Vec<u8>>,
    typing: Mutex<Typing>,
}

impl Console {
    pub fn new(
        device: Option<*mut Chardev>,
        timer: Pointer<Timer>,
        exit_on: Vec<String>,
        texts: Vec<Text>,
    ) -> Console {
        Console {
            device: Pointer(device.unwrap_or(std::ptr::null_mut())),
            timer,
            exit_on,
            printing: Mutex::default(),
            typing: Mutex::new(Typing::new(texts)),
        }
    }

    /// The text of [`Console::exit_on`] that is in this line.
    fn ends_at(&self, line: &str) -> Option<&str> {
        self.exit_on.iter().map(String::as_str).find(|text| line.contains(text))
    }
}

/// The timer's callback: something is to be typed.
pub(super) unsafe extern "C" fn on_timer(_opaque: *mut c_void) {
    on_entry(Coupling::type_on);
}

impl Coupling {
    /// The guest printed on its console: whole lines become records and observations, with the time of their ends.
    pub fn guest_printed(&self, bytes: &[u8]) {
        let now = self.qemu.now();
        let mut is_due = false;
        for &byte in bytes {
            let whole = {
                let mut line = self.console.printing.lock().unwrap_or_else(PoisonError::into_inner);
                if byte != b'\n' {
                    line.push(byte);
                }
                (byte == b'\n' || line.len() == LINE).then(|| std::mem::take(&mut *line))
            };
            if let Some(line) = whole {
                self.printed_line(now, &line);
            }
            is_due |= self.typing(|typing| typing.printed(now, byte));
        }
        if is_due {
            self.type_on();
        }
    }

    fn printed_line(&self, now: u64, line: &[u8]) {
        let at = Instant::from_nanos(now);
        self.reporter.lock().unwrap_or_else(PoisonError::into_inner).console(at, line);
        let text = ansi::plain(line.strip_suffix(b"\r").unwrap_or(line));
        let text = String::from_utf8_lossy(&text).into_owned();
        if let Some(after) = self.check(self.air.input(now, Input::Printed(text.clone()))) {
            self.arm(after.next);
        }
        if let Some(wanted) = self.console.ends_at(&text) {
            self.end(0, &format!("the firmware printed a line with `{}` at {at}", wanted.escape_debug()));
        }
    }

    /// The line that has no end yet, at the run's end.
    pub fn printed_rest(&self, now: u64) {
        let rest = std::mem::take(&mut *self.console.printing.lock().unwrap_or_else(PoisonError::into_inner));
        let left = self.typing(|typing| typing.left());
        let mut reporter = self.reporter.lock().unwrap_or_else(PoisonError::into_inner);
        if !rest.is_empty() {
            reporter.console(Instant::from_nanos(now), &rest);
        }
        if let Some(left) = left {
            reporter.warning(&left);
        }
    }

    /// Types what is due, and sets the timer to what comes next.
    pub fn type_on(&self) {
        let now = self.qemu.now();
        let due = loop {
            match self.typing(|typing| typing.step(now)) {
                Step::Wait(due) => break due,
                Step::Byte(byte) => {
                    // SAFETY: the big lock is held, and no lock of ours. One readable byte.
                    let room = unsafe {
                        let room = (self.qemu.qemu_chr_be_can_write)(self.console.device.0) > 0;
                        if room {
                            (self.qemu.qemu_chr_be_write)(self.console.device.0, &byte, 1);
                        }
                        room
                    };
                    let done = self.typing(|typing| typing.typed(now, room));
                    let mut reporter = self.reporter.lock().unwrap_or_else(PoisonError::into_inner);
                    match done {
                        Some(Ok(text)) => {
                            reporter.typed(Instant::from_nanos(now), text.bytes());
                            drop(reporter);
                            self.moved(now);
                        }
                        Some(Err(sentence)) => reporter.warning(&sentence),
                        None => {}
                    }
                }
            }
        };
        if let Some(due) = due {
            let due = i64::try_from(due).unwrap_or(i64::MAX);
            // SAFETY: the big lock is held; the timer was initialised.
            unsafe { (self.qemu.timer_mod_ns)(self.console.timer.0, due) };
        }
    }

    fn typing<R>(&self, f: impl FnOnce(&mut Typing) -> R) -> R {
        f(&mut self.console.typing.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
