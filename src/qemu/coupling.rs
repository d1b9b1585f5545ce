//! The coupling: one module of one world at one character device of QEMU.
//!
//! QEMU's big lock is held in every function here, except in [`Coupling::finish`] at the end of the process.
//! The world's lock is never held while QEMU is called.

use std::ffi::c_void;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;

use super::api::{Chardev, Notifier, Qemu, SHUTDOWN_BY_SIGNAL, SerialParams, TIMER_BYTES, Timer, TimerCb};
use super::console::Console;
use super::pace::Pace;
use super::pins::Wiring;
use super::record::Record;
use super::reporter::Reporter;
use super::{exit_code, guest_line};
use crate::edge::{Poisoned, Session};
use crate::time::Instant;
use crate::uart::{LineSettings, McuLoss};
use crate::world::{Error, ModuleId, Pin};

/// An object of QEMU that lives as long as the process.
pub(super) struct Pointer<T>(pub *mut T);
// SAFETY: the pointer itself is only a number; what it points at is used under QEMU's big lock.
unsafe impl<T> Send for Pointer<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Pointer<T> {}

/// The thread of the test aid that wakes QEMU's main loop all the time.
pub(super) struct Flood {
    /// Dropped to end it.
    pub stop: crossbeam_channel::Sender<()>,
    pub thread: JoinHandle<u64>,
}

/// Everything that the entry points share.
pub(super) struct Coupling {
    pub qemu: Qemu,
    pub device: Pointer<Chardev>,
    pub session: Session,
    pub module: ModuleId,
    /// Virtual time at which the run ends.
    pub limit: Option<u64>,
    pub reporter: Arc<Mutex<Reporter>>,
    pub flood: Mutex<Option<Flood>>,
    pub timer: Pointer<Timer>,
    /// What the timer is set to, or -1.
    pub armed: AtomicI64,
    /// The last time at which the timer fired, and how often in a row it did so at that time.
    pub fired_at: AtomicU64,
    pub fired: AtomicU32,
    pub idle: super::idle::State,
    /// Where lines come in while QEMU runs; the inner `None`: not any more.
    pub socket: Option<Mutex<Option<super::socket::Socket>>>,
    pub finished: AtomicBool,
    /// A signal has asked QEMU to end.
    pub signalled: AtomicBool,
    /// Character devices that a serial port of the board must be connected to, and the option that chooses it.
    pub ports: Mutex<Vec<(String, String)>>,
    pub console: Console,
    /// How long the wire and the scenario may stand still, nanoseconds.
    pub stall: Option<u64>,
    /// When one of them has moved last, nanoseconds.
    pub moved: AtomicU64,
    pub line: GuestLine,
    pub pace: Option<Pace>,
    /// Pins of the module that the guest drives.
    pub wirings: Vec<Wiring>,
}

/// What the guest has set its UART to.
pub(super) struct GuestLine {
    /// Nobody else has said what the MCU's UART is set to.
    pub is_open: bool,
    /// Then what the guest tells goes to the world.
    pub follows: bool,
    /// What it has told.
    pub told: Mutex<Option<LineSettings>>,
    /// The pair, with the module's, that was warned of last.
    pub warned: Mutex<Option<[LineSettings; 2]>>,
}

static COUPLING: OnceLock<Coupling> = OnceLock::new();

/// Publishes the coupling: from now on the entry points reach it.
pub(super) fn publish(coupling: Coupling) -> Result<&'static Coupling, String> {
    if COUPLING.set(coupling).is_err() {
        return Err("the plugin is loaded already".into());
    }
    COUPLING.get().ok_or_else(|| "the coupling is gone".to_owned())
}

/// Prints a sentence on the standard error stream; a closed stream is no reason to fail.
pub(super) fn say(sentence: &str) {
    // In one piece, so that nobody else's line comes between.
    let _ = std::io::stderr().write_all(format!("espat-sim: {sentence}\n").as_bytes());
}

/// Runs `f` with the coupling, if it stands and has not ended. No panic leaves this function.
pub(super) fn on_entry(f: impl FnOnce(&'static Coupling)) {
    let Some(coupling) = COUPLING.get() else { return };
    if coupling.finished.load(Ordering::Relaxed) {
        return;
    }
    if catch_unwind(AssertUnwindSafe(|| f(coupling))).is_err() {
        // The panic's own message has been printed by the panic hook.
        coupling
            .end(exit_code::BROKEN, "an internal error (the message above) ended the run; please report it");
    }
}

/// Allocates and initialises a timer of QEMU. It is never freed.
pub(super) fn new_timer(qemu: &Qemu, clock: std::ffi::c_int, callback: TimerCb) -> Pointer<Timer> {
    let timer: *mut Timer = Box::into_raw(Box::new([0_u128; TIMER_BYTES / 16])).cast();
    // SAFETY: the memory is large enough, aligned, zeroed and lives for ever; scale 1 means nanoseconds; a
    // null list group stands for the main loop's.
    unsafe {
        (qemu.timer_init_full)(timer, std::ptr::null_mut(), clock, 1, 0, callback, std::ptr::null_mut())
    };
    Pointer(timer)
}

/// QEMU shuts the machine down; `cause` points to the reason, a `ShutdownCause`.
pub(super) unsafe extern "C" fn on_shutdown(_notifier: *mut Notifier, cause: *mut c_void) {
    on_entry(|c| {
        // SAFETY: QEMU passes the address of an enumeration, which has the size of an int.
        let cause = unsafe { cause.cast::<std::ffi::c_int>().as_ref() };
        if cause == Some(&SHUTDOWN_BY_SIGNAL) {
            c.signalled.store(true, Ordering::SeqCst);
        }
    });
}

/// The virtual timer's callback: an event of the module is due, or the limit.
pub(super) unsafe extern "C" fn on_timer(_opaque: *mut c_void) {
    on_entry(|c| {
        c.armed.store(-1, Ordering::Relaxed);
        c.event_due();
    });
}

/// How often the timer may fire at one and the same time before that is taken for a fault.
const FIRED_MAX: u32 = 100_000;

impl Coupling {
    /// The guest stored bytes into its UART.
    pub fn guest_wrote(&self, bytes: &[u8]) {
        let now = self.qemu.now();
        self.moved(now);
        let result = self.session.with(|w| {
            let tick = now.max(w.reached(self.module)?);
            w.uart_write_block(self.module, tick, bytes)?;
            let lines = [w.mcu_line_settings(self.module)?, w.line_settings(self.module)?];
            Ok((w.next_event(self.module)?, lines))
        });
        if let Some((next, lines)) = self.check(result) {
            self.arm(next);
            self.compare(now, lines);
        }
    }

    /// Warns when the guest sends at other settings than the module's.
    fn compare(&self, now: u64, [mcu, module]: [LineSettings; 2]) {
        if !self.line.follows || mcu == module {
            return;
        }
        let mut warned = self.line.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.replace([mcu, module]) != Some([mcu, module]) {
            let at = Instant::from_nanos(now);
            self.reporter.lock().unwrap_or_else(PoisonError::into_inner).warning(&format!(
                "{at}: the MCU's UART is set to {mcu} and sends to a module at {module}: what each hears of the other is \
                 garbage"
            ));
        }
    }

    /// The guest has set its UART.
    pub fn guest_set_line(&self, told: &SerialParams) {
        if !self.line.follows {
            return;
        }
        let now = self.qemu.now();
        let parity = told.parity as u8;
        // QEMU's model of Cadence's UART tells two stop bits for one.
        let stop_bits = if self.qemu.has_device(c"cadence_uart") { 1 } else { told.stop_bits };
        let result = self.session.with(|w| {
            let module = w.line_settings(self.module)?;
            let line = guest_line::settings(told.speed, parity, told.data_bits, stop_bits, module.baud);
            let Some(line) = line else { return Ok(None) };
            let before = self.line.told.lock().unwrap_or_else(PoisonError::into_inner).replace(line);
            if before == Some(line) {
                return Ok(None);
            }
            w.set_mcu_line(self.module, now.max(w.reached(self.module)?), line)?;
            w.next_event(self.module).map(Some)
        });
        if let Some(Some(next)) = self.check(result) {
            self.arm(next);
        }
    }

    /// The guest drives a pin of the module.
    pub fn guest_drives(&self, pin: Pin, high: bool) {
        let now = self.qemu.now();
        let result = self.session.with(|w| {
            w.set_pin(self.module, now.max(w.reached(self.module)?), pin, high)?;
            w.next_event(self.module)
        });
        if let Some(next) = self.check(result) {
            self.moved(now);
            self.arm(next);
        }
    }

    /// The wire or the scenario has moved.
    pub fn moved(&self, now: u64) {
        self.moved.fetch_max(now, Ordering::Relaxed);
    }

    /// Says which serial ports this board does not have. The first call, when the machine stands, is the last.
    pub fn check_ports(&self) {
        let ports = std::mem::take(&mut *self.ports.lock().unwrap_or_else(PoisonError::into_inner));
        for (device, option) in ports {
            if self.qemu.is_connected(&device) == Some(false) {
                let sentence = format!(
                    "no UART of this board is connected to the character device '{device}': the board has no such \
                     serial port ({option}, counted from 0)"
                );
                self.reporter.lock().unwrap_or_else(PoisonError::into_inner).warning(&sentence);
            }
        }
    }

    /// Lets the world come up to now, hands the guest what has arrived for it, and sets the timer anew.
    fn event_due(&self) {
        let now = self.qemu.now();
        if self.fired_at.swap(now, Ordering::Relaxed) != now {
            self.fired.store(0, Ordering::Relaxed);
        } else if self.fired.fetch_add(1, Ordering::Relaxed) > FIRED_MAX {
            let at = Instant::from_nanos(now);
            self.end(exit_code::BROKEN, &format!("the module does not get past {at}; please report it"));
        }
        let result = self.session.with(|w| {
            w.advance(self.module, now.max(w.reached(self.module)?))?;
            let mut arrived = Vec::new();
            while let Some(b) = w.uart_read(self.module)? {
                arrived.push(b.byte);
            }
            self.moved(w.changed_at().as_nanos());
            if !arrived.is_empty() || w.mcu_pending(self.module)? > 0 {
                self.moved(now);
            }
            Ok(arrived)
        });
        let Some(arrived) = self.check(result) else { return };
        for byte in arrived {
            self.deliver(now, byte);
        }
        if self.limit.is_some_and(|limit| now >= limit) {
            let limit = crate::time::Duration::from_nanos(self.limit.unwrap_or(0));
            self.end(exit_code::LIMIT, &format!("the virtual-time limit of {limit} was reached"));
        }
        if self.stalls_at().is_some_and(|at| now >= at) {
            let stall = crate::time::Duration::from_nanos(self.stall.unwrap_or(0));
            // What has begun and has no end yet is a last word, too.
            let _ = self.session.with(|w| w.finish());
            let words = self.reporter.lock().unwrap_or_else(PoisonError::into_inner).last_words();
            self.end(
                exit_code::STALLED,
                &format!("stalled: neither the wire nor the scenario has moved for {stall}; {words}"),
            );
        }
        let result = self.session.with(|w| w.next_event(self.module));
        if let Some(next) = self.check(result) {
            self.arm(next);
        }
    }

    /// When the run ends unless something moves.
    fn stalls_at(&self) -> Option<u64> {
        self.stall.map(|stall| self.moved.load(Ordering::Relaxed).saturating_add(stall))
    }

    /// One byte for the guest's receiver; it is lost when that is full or off, as on a board without flow control.
    fn deliver(&self, now: u64, byte: u8) {
        // SAFETY: the big lock is held, and no lock of ours.
        let room = unsafe { (self.qemu.qemu_chr_be_can_write)(self.device.0) } > 0;
        if room {
            // SAFETY: as above; one readable byte.
            unsafe { (self.qemu.qemu_chr_be_write)(self.device.0, &byte, 1) };
        } else {
            // QEMU's answer is the same for a receiver that is off.
            let result = self.session.with(|w| {
                w.mcu_overrun(self.module, now.max(w.reached(self.module)?), byte, McuLoss::Unknown)
            });
            self.check(result);
        }
    }

    /// Sets the timer to the module's next event, the limit or the end of a stall, whichever comes first.
    pub fn arm(&self, next: Option<u64>) {
        let wanted = [next, self.limit, self.stalls_at()].into_iter().flatten().min();
        // QEMU counts in signed nanoseconds; an event in 292 years is no event.
        let wanted = wanted.and_then(|ns| i64::try_from(ns).ok()).unwrap_or(-1);
        if self.armed.swap(wanted, Ordering::Relaxed) == wanted {
            return;
        }
        // SAFETY: the big lock is held; the timer was initialised.
        unsafe {
            if wanted < 0 {
                (self.qemu.timer_del)(self.timer.0);
            } else {
                (self.qemu.timer_mod_ns)(self.timer.0, wanted);
            }
        }
    }

    /// Sets the timers for the first time.
    pub fn start(&self) {
        let result = self.session.with(|w| w.next_event(self.module));
        if let Some(next) = self.check(result) {
            self.arm(next);
        }
        self.type_on();
        super::pace::arm(self);
    }

    /// The value, or the end of the run when the world refused.
    pub fn check<T>(&self, result: Result<Result<T, Error>, Poisoned>) -> Option<T> {
        let message = match result {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(e)) => e.to_string(),
            Err(e) => e.to_string(),
        };
        self.end(exit_code::BROKEN, &format!("the coupling failed: {message}"));
    }

    /// Ends QEMU with `code`, after everything is written out.
    pub fn end(&self, code: i32, sentence: &str) -> ! {
        self.finish(Some((code, sentence)));
        // SAFETY: what QEMU does itself when the guest asks for an exit through semihosting, in the same
        // thread and under the same lock: the handlers of atexit run, the terminal is restored.
        unsafe { libc::exit(code) }
    }

    /// Writes everything out and reports, once. `end`: why the coupling ends the run, if it does.
    pub fn finish(&self, end: Option<(i32, &str)>) {
        if self.finished.swap(true, Ordering::SeqCst) {
            return;
        }
        // With it goes the socket's file.
        drop(self.socket.as_ref().and_then(|socket| socket.lock().ok()?.take()));
        let flood = self.flood.lock().ok().and_then(|mut f| f.take());
        let flood = flood.and_then(|f| {
            drop(f.stop);
            f.thread.join().ok()
        });
        let now = self.qemu.now();
        self.printed_rest(now);
        let mut facts = Vec::new();
        if let Some((code, sentence)) = end {
            // Who listens says it, in its place behind what has happened.
            if !self.reporter.lock().unwrap_or_else(PoisonError::into_inner).is_live() {
                say(sentence);
            }
            facts.push(Record::End(code, sentence.to_owned()));
        }
        let last = self.session.with(|w| {
            let reached = w.reached(self.module)?;
            w.advance(self.module, now.max(reached))?;
            facts.push(Record::Time(now.max(reached)));
            w.finish();
            facts.extend(w.verdicts().into_iter().map(Record::Expect));
            if self.line.is_open {
                facts.push(Record::McuLine(*self.line.told.lock().unwrap_or_else(PoisonError::into_inner)));
            }
            facts.push(Record::Digest(w.digest()));
            facts.push(Record::ContentDigest(w.content_digest()));
            facts.push(Record::Statistics(w.statistics(self.module)?));
            Ok::<(), Error>(())
        });
        match last {
            Ok(Ok(())) => {}
            Ok(Err(e)) => say(&format!("the last step failed: {e}")),
            Err(e) => say(&e.to_string()),
        }
        if let Some(n) = flood {
            facts.push(Record::Flood(n));
        }
        if end.is_none() && self.signalled.load(Ordering::SeqCst) {
            facts.push(Record::Signal);
        }
        let unwritten = self.session.finish();
        self.reporter.lock().unwrap_or_else(PoisonError::into_inner).finish(&facts, unwritten);
    }
}
