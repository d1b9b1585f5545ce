//! Virtual time for a Rust driver that waits by looking at the clock again and again.
//!
//! `embassy_time::Instant::now()` and the driver's timer end here, and each look lets the simulation go on to its next
//! event: bytes that the module has sent by then reach the driver, and a minute of waiting costs no time at all. A
//! test has a thread and a world of its own.

use std::cell::RefCell;
use std::convert::Infallible;
use std::task::Waker;

use atat::digest::AtDigester;
use atat::{AtatIngress, Ingress, ResponseSlot, UrcChannel};
use embedded_nal::nb;
use esp_at_nal::urc::URCMessages;
use espat_sim::world::{Attachment, ModuleId, Recording, Scenario, World};

/// How much the driver reads with one AT+CIPRECVDATA.
pub const RX: usize = 512;
/// Room for one AT+CIPRECVDATA's answer, and for what comes with it.
pub const BUFFER: usize = 2 * RX;
/// Messages from the module that may wait for the driver.
pub const MESSAGES: usize = 16;

pub type Message = URCMessages<RX>;
pub type Slot = ResponseSlot<BUFFER>;
pub type Channel = UrcChannel<Message, MESSAGES, 1>;

type Receiver = Ingress<'static, AtDigester<Message>, Message, BUFFER, MESSAGES, 1>;

/// Time that passes at each look at the clock when nothing happens before: that of a tight loop on an MCU, roughly.
const LOOK: u64 = 100_000;

struct Simulation {
    world: World,
    module: ModuleId,
    now: u64,
    receiver: Receiver,
    /// What went over the wire, for messages of tests that fail.
    dialogue: String,
}

thread_local! {
    static SIMULATION: RefCell<Option<Simulation>> = const { RefCell::new(None) };
}

fn with<T>(run: impl FnOnce(&mut Simulation) -> T) -> T {
    SIMULATION.with_borrow_mut(|s| run(s.as_mut().expect("start() comes first")))
}

/// A world of this scenario at time 0, its module's UART at `receiver`.
pub fn start(scenario: &str, receiver: Receiver) {
    let scenario = Scenario::parse("driver.toml", scenario).unwrap_or_else(|e| panic!("{e}"));
    let recording = Recording { log: true, ..Recording::default() };
    let mut world = World::new(&scenario, None, recording).unwrap_or_else(|e| panic!("{e}"));
    let module = world.attach("wifi", Attachment::default()).expect("attach");
    let simulation = Simulation { world, module, now: 0, receiver, dialogue: String::new() };
    SIMULATION.set(Some(simulation));
}

/// Ends the run: its digest and its input log.
pub fn finish() -> (u64, String) {
    let mut s = SIMULATION.take().expect("start() comes first");
    s.world.finish();
    (s.world.digest(), String::from_utf8(s.world.take_log()).expect("the log is text"))
}

/// A line of the console.
pub fn console(line: &str) {
    with(|s| s.world.console(line).unwrap_or_else(|e| panic!("console '{line}': {e}")));
}

/// A line that the firmware sends past the driver.
pub fn line(text: &str) {
    with(|s| {
        for byte in text.bytes().chain(*b"\r\n") {
            s.world.uart_write(s.module, s.now, byte).expect("uart_write");
        }
    });
    pass(100);
}

/// What went over the wire so far: lines of the driver with `>`, bytes of the module as they came.
pub fn dialogue() -> String {
    with(|s| s.dialogue.clone())
}

/// Microseconds since the world's start.
pub fn now() -> u64 {
    with(|s| s.now / 1000)
}

/// Lets time pass: up to the next event, at most [`LOOK`]. Returns [`now`].
pub fn look() -> u64 {
    with(|s| {
        let limit = s.now + LOOK;
        let next = s.world.next_event(s.module).expect("next_event").unwrap_or(limit);
        s.now = next.clamp(s.now, limit);
        s.world.advance(s.module, s.now).expect("advance");
        while let Some(byte) = s.world.uart_read(s.module).expect("uart_read") {
            s.dialogue.push_str(&[byte.byte].escape_ascii().to_string());
            let written = s.receiver.try_write(&[byte.byte]);
            assert_eq!(written, Ok(1), "the driver's receiver takes no more:\n{}", s.dialogue);
        }
        s.now / 1000
    })
}

/// Lets `ms` pass.
pub fn pass(ms: u64) {
    let end = now() + ms * 1000;
    while look() < end {}
}

/// The clock that atat reads.
struct Clock;

impl embassy_time_driver::Driver for Clock {
    fn now(&self) -> u64 {
        look()
    }

    fn schedule_wake(&self, _at: u64, _waker: &Waker) {
        unreachable!("the blocking client has nobody to wake");
    }
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock);

/// The timer that esp-at-nal waits with.
#[derive(Default)]
pub struct Timer {
    end: Option<u64>,
}

pub const TIMER_HZ: u32 = 1_000_000;

impl fugit_timer::Timer<TIMER_HZ> for Timer {
    type Error = Infallible;

    fn now(&mut self) -> fugit_timer::TimerInstantU32<TIMER_HZ> {
        fugit_timer::TimerInstantU32::from_ticks(look() as u32)
    }

    fn start(&mut self, duration: fugit_timer::TimerDurationU32<TIMER_HZ>) -> Result<(), Infallible> {
        self.end = Some(now() + u64::from(duration.ticks()));
        Ok(())
    }

    fn cancel(&mut self) -> Result<(), Infallible> {
        self.end = None;
        Ok(())
    }

    fn wait(&mut self) -> nb::Result<(), Infallible> {
        match self.end {
            Some(end) if look() >= end => Ok(()),
            _ => Err(nb::Error::WouldBlock),
        }
    }
}

/// The MCU's UART, as the driver writes to it.
///
/// atat ends a line with CR alone, which a module does not take for the end of a line: it waits for CR LF. Whoever uses
/// atat with ESP-AT firmware adds the LF where the bytes leave; so does this.
pub struct Uart;

impl embedded_io::ErrorType for Uart {
    type Error = Infallible;
}

impl embedded_io::Write for Uart {
    /// Takes all of it: a whole command, or a whole payload.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let line_feed: &[u8] = if bytes.starts_with(b"AT") && bytes.ends_with(b"\r") { b"\n" } else { b"" };
        with(|s| {
            s.dialogue.push_str(&format!("\n> {}\n", bytes.escape_ascii()));
            for byte in [bytes, line_feed].concat() {
                s.world.uart_write(s.module, s.now, byte).expect("uart_write");
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
