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

use super::air::{Air, with};
use super::api::{Chardev, Notifier, Qemu, SHUTDOWN_BY_SIGNAL, SerialParams, TIMER_BYTES, Timer, TimerCb};
use super::console::Console;
use super::pace::Pace;
use super::pins::Wiring;
use super::record::Record;
use super::remote::Ending;
use super::reporter::Reporter;
use super::{exit_code, guest_line};
use crate::edge::Session;
use crate::edge::lockstep::message::Input;
use crate::time::Instant;
use crate::uart::LineSettings;
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
    /// The world that the module is in.
    pub air: Air,
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
        match &c.air {
            Air::Own(session, module) => c.event_due(session, *module),
            Air::Shared(remote) => c.turn_due(remote),
        }
    });
}

/// How often the timer may fire at one and the same time before that is taken for a fault.
const FIRED_MAX: u32 = 100_000;

impl Coupling {
    /// The guest stored bytes into its UART.
    pub fn guest_wrote(&self, bytes: &[u8]) {
        let now = self.qemu.now();
        self.moved(now);
        if let Some(after) = self.check(self.air.input(now, Input::Write(bytes.to_vec()))) {
            self.arm(after.next);
            self.compare(now, after.lines);
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
        let Some([_, module]) = self.check(self.air.lines()) else { return };
        let line = guest_line::settings(told.speed, parity, told.data_bits, stop_bits, module.baud);
        let Some(line) = line else { return };
        let before = self.line.told.lock().unwrap_or_else(PoisonError::into_inner).replace(line);
        if before == Some(line) {
            return;
        }
        if let Some(after) = self.check(self.air.input(now, Input::Line(line))) {
            self.arm(after.next);
        }
    }

    /// The guest drives a pin of the module.
    pub fn guest_drives(&self, pin: Pin, high: bool) {
        let now = self.qemu.now();
        if let Some(after) = self.check(self.air.input(now, Input::Pin(pin, high))) {
            self.moved(now);
            self.arm(after.next);
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
    fn event_due(&self, session: &Session, module: ModuleId) {
        let now = self.qemu.now();
        if self.fired_at.swap(now, Ordering::Relaxed) != now {
            self.fired.store(0, Ordering::Relaxed);
        } else if self.fired.fetch_add(1, Ordering::Relaxed) > FIRED_MAX {
            let at = Instant::from_nanos(now);
            self.end(exit_code::BROKEN, &format!("the module does not get past {at}; please report it"));
        }
        let result = with(session, |w| {
            w.advance(module, now.max(w.reached(module)?))?;
            let mut arrived = Vec::new();
            while let Some(b) = w.uart_read(module)? {
                arrived.push(b.byte);
            }
            self.moved(w.changed_at().as_nanos());
            if !arrived.is_empty() || w.mcu_pending(module)? > 0 {
                self.moved(now);
            }
            Ok(arrived)
        });
        let Some(arrived) = self.check(result) else { return };
        for byte in arrived {
            self.deliver(now, byte);
        }
        self.check_end(now);
        if let Some(next) = self.check(with(session, |w| w.next_event(module))) {
            self.arm(next);
        }
    }

    /// Ends the run where its time is over, or nothing has moved for too long.
    pub fn check_end(&self, now: u64) {
        if self.limit.is_some_and(|limit| now >= limit) {
            let limit = crate::time::Duration::from_nanos(self.limit.unwrap_or(0));
            self.end(exit_code::LIMIT, &format!("the virtual-time limit of {limit} was reached"));
        }
        if self.stalls_at().is_some_and(|at| now >= at) {
            let stall = crate::time::Duration::from_nanos(self.stall.unwrap_or(0));
            let words = match &self.air {
                Air::Own(session, _) => {
                    // What has begun and has no end yet is a last word, too.
                    let _ = session.with(|w| w.finish());
                    self.reporter.lock().unwrap_or_else(PoisonError::into_inner).last_words()
                }
                Air::Shared(_) => "the world has its dialogue".to_owned(),
            };
            self.end(
                exit_code::STALLED,
                &format!("stalled: neither the wire nor the scenario has moved for {stall}; {words}"),
            );
        }
    }

    /// When the run ends unless something moves, or whatever does.
    pub fn ends_at(&self) -> Option<u64> {
        [self.limit, self.stalls_at()].into_iter().flatten().min()
    }

    /// When the run ends unless something moves.
    fn stalls_at(&self) -> Option<u64> {
        self.stall.map(|stall| self.moved.load(Ordering::Relaxed).saturating_add(stall))
    }

    /// One byte for the guest's receiver; it is lost when that is full or off, as on a board without flow control.
    pub fn deliver(&self, now: u64, byte: u8) {
        // SAFETY: the big lock is held, and no lock of ours.
        let room = unsafe { (self.qemu.qemu_chr_be_can_write)(self.device.0) } > 0;
        if room {
            // SAFETY: as above; one readable byte.
            unsafe { (self.qemu.qemu_chr_be_write)(self.device.0, &byte, 1) };
        } else {
            // QEMU's answer is the same for a receiver that is off.
            self.check(self.air.input(now, Input::Overrun(byte)));
        }
    }

    /// Sets the timer to the module's next event, the limit or the end of a stall, whichever comes first.
    pub fn arm(&self, next: Option<u64>) {
        let wanted = [next, self.ends_at()].into_iter().flatten().min();
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

    /// Takes the timer away.
    pub fn disarm(&self) {
        self.armed.store(-1, Ordering::Relaxed);
        // SAFETY: the big lock is held; the timer was initialised.
        unsafe { (self.qemu.timer_del)(self.timer.0) };
    }

    /// Sets the timers for the first time.
    pub fn start(&self) {
        let next = match &self.air {
            Air::Own(session, module) => self.check(with(session, |w| w.next_event(*module))).flatten(),
            // Its turn is to be waited for before the first instruction.
            Air::Shared(_) => Some(0),
        };
        self.arm(next);
        self.type_on();
        super::pace::arm(self);
    }

    /// The value, or the end of the run when the world refused.
    pub fn check<T>(&self, result: Result<T, Ending>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(Ending(code, sentence)) => self.end(code, &sentence),
        }
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
        match &self.air {
            Air::Own(session, module) => {
                let last = session.with(|w| {
                    let reached = w.reached(*module)?;
                    w.advance(*module, now.max(reached))?;
                    facts.push(Record::Time(now.max(reached)));
                    w.finish();
                    facts.extend(w.verdicts().into_iter().map(Record::Expect));
                    facts.extend(self.told_line());
                    facts.push(Record::Digest(w.digest()));
                    facts.push(Record::ContentDigest(w.content_digest()));
                    facts.push(Record::Statistics(w.statistics(*module)?));
                    Ok::<(), Error>(())
                });
                match last {
                    Ok(Ok(())) => {}
                    Ok(Err(e)) => say(&format!("the last step failed: {e}")),
                    Err(e) => say(&e.to_string()),
                }
            }
            Air::Shared(remote) => {
                facts.push(Record::Time(now));
                facts.extend(self.told_line());
                facts.extend(remote.bye(now).map(Record::Statistics));
            }
        }
        if let Some(n) = flood {
            facts.push(Record::Flood(n));
        }
        if end.is_none() && self.signalled.load(Ordering::SeqCst) {
            facts.push(Record::Signal);
        }
        let unwritten = match &self.air {
            Air::Own(session, _) => session.finish(),
            Air::Shared(_) => Vec::new(),
        };
        self.reporter.lock().unwrap_or_else(PoisonError::into_inner).finish(&facts, unwritten);
    }

    /// What the guest has set its UART to, where that is followed.
    fn told_line(&self) -> Option<Record> {
        let told = *self.line.told.lock().unwrap_or_else(PoisonError::into_inner);
        self.line.is_open.then_some(Record::McuLine(told))
    }
}
