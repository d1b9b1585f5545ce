//! One ESP module: power, boot, and the joint between its UART, its AT firmware, its station and its IP stack.
//!
//! A module's wire has two directions: from the MCU, whose bytes it receives, and its own. A transmitter besides is
//! the log port's, on a wire that nobody drives. Whoever drives the module asks [`Module::next_event`] when something
//! is due, and calls [`Module::wire_edge`], [`Module::frame`] or [`Module::timer`] at that time. What came of it is
//! taken out as [`Record`]s, frames and radio changes.

use std::collections::VecDeque;

use crate::at::clock::Clock;
use crate::at::faults::Faults;
use crate::at::flash::Flash;
use crate::at::{At, AtEvent, Env, Nvs, OnceDrained};
use crate::capture::Mark;
use crate::event::Kind;
use crate::net::stack::{Medium, Stack, StackConfig};
use crate::profile::{Build, Profile, Range, Reset, Timing};
use crate::rng::{Stream, derive};
use crate::time::{Duration, Instant, earliest};
use crate::uart::{Direction, Disturbance, LineSettings, Pace, Transmitter, UartEvent};
use crate::wifi::{Air, RadioChange, SoftAp, Station};
use wire::Wire;

/// What the AT firmware stands on, borrowed field by field so that the firmware itself stays free.
macro_rules! env {
    ($module:expr) => {
        Env {
            stack: &mut $module.stack,
            station: &mut $module.station,
            softap: &mut $module.softap,
            air: &$module.air,
            nvs: &mut $module.saved.nvs,
            flash: &mut $module.saved.flash,
            faults: &mut $module.faults,
            mac: $module.mac,
            profile: $module.config.profile,
            build: $module.config.build,
            timing: $module.config.timing,
            rng: &mut $module.rng,
            room: $module.config.profile.tx_ring.saturating_sub($module.own.pending()),
            dials: &mut $module.dials,
            receiving: $module.wire.receiving(&$module.mcu),
        }
    };
}

mod escape;
mod fault;
mod radio;
mod sleep;
mod state;
mod timer;
mod wire;

pub use fault::ModuleChange;
pub use state::{ModuleState, PowerState};
pub use wire::{Harm, Received, WireStatistics};

/// How a module is made.
#[derive(Clone, Debug)]
pub struct ModuleConfig {
    /// Its name.
    pub name: String,
    /// Its facts.
    pub profile: &'static Profile,
    /// What its firmware was built with.
    pub build: Build,
    /// How its times are drawn.
    pub timing: Timing,
    /// Its station's MAC address; `None`: derived from its name.
    pub mac: Option<[u8; 6]>,
    /// Where its log texts go.
    pub log_port: LogPort,
    /// What is in its flash at the start.
    pub saved: Saved,
    /// The world's seed.
    pub seed: u64,
}

/// What outlives a power cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// The saved settings.
    pub nvs: Nvs,
    /// Partitions and keys.
    pub flash: Flash,
}

/// Where the log texts of a module come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogPort {
    /// On a UART of their own.
    #[default]
    Own,
    /// On the AT port, between the answers, as in builds that merge both.
    Merged,
}

/// A byte that has ended on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// End of its last stop bit.
    pub at: Instant,
    /// True: from the MCU. False: from the module.
    pub from_mcu: bool,
    /// The byte, as it was received.
    pub byte: u8,
    /// 0, or what was wrong with it ([`crate::uart::FRAMING_ERROR`] and others, added).
    pub flags: u8,
    /// What it is part of.
    pub mark: Mark,
    /// False: from the MCU, and the chip did not run or slept lightly, so that its firmware never sees it.
    pub got: bool,
}

/// Something that a module has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleEvent {
    /// Of its links and its station.
    Firmware(AtEvent),
    /// Of its UART.
    Uart(UartEvent),
}

/// Whether the chip runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    /// EN is low, or there is no supply.
    Off,
    /// Bootloader and start-up code; `ready` comes at the end.
    Booting(Instant),
    /// The AT firmware runs.
    On,
    /// GPIO0 was low at the start: the ROM waits for a download, no AT firmware runs.
    Download,
    /// AT+RST: the chip resets then.
    Resetting(Instant),
    /// AT+GSLP: the chip starts then.
    Asleep(Instant),
}

/// So long the firmware waits for its last words to leave the wire (`ESP_AT_PORT_TX_WAIT_MS_MAX` of its source).
const LONGEST_DRAIN: Duration = Duration::from_secs(3);

/// One module.
pub struct Module {
    config: ModuleConfig,
    mac: [u8; 6],
    power: Power,
    /// The level of EN.
    enabled: bool,
    /// There is a supply.
    supplied: bool,
    strap: bool,
    /// The level of the pin that wakes the module; `None`: nothing drives it.
    wake: Option<bool>,
    boots: u32,
    saved: Saved,
    faults: Faults,
    at: Option<At>,
    /// What the firmware does once everything printed has left the wire, it does then at the latest.
    drain_until: Option<Instant>,
    /// The time of day, while it runs through a reset.
    clock: Option<Clock>,
    station: Station,
    softap: SoftAp,
    stack: Stack,
    air: Air,
    rng: Stream,
    dials: Stream,
    /// The MCU's RTS is high.
    cts: bool,
    /// The flow control in force looks at it.
    obeys_cts: bool,
    mcu: Direction<()>,
    own: Direction<Mark>,
    wire: Wire,
    records: VecDeque<Record>,
    /// The second UART: what people read, and nobody answers.
    log: Transmitter<()>,
    logged: VecDeque<(Instant, u8)>,
}

impl Module {
    /// A module with EN high, that starts to boot at the world's start.
    pub fn new(config: ModuleConfig, air: Air) -> Module {
        let line = LineSettings::eight_n_one(config.profile.baud);
        // Without an address of its own: locally administered, unicast, the same for the same name in every world.
        let mac = config.mac.unwrap_or_else(|| {
            let [a, b, c, d, e, f, ..] = derive(0, &format!("mac/{}", config.name)).to_be_bytes();
            [a & 0xfc | 0x02, b, c, d, e, f]
        });
        let rng = Stream::new(config.seed, &format!("module/{}/timing", config.name));
        let dials = Stream::new(config.seed, &format!("module/{}/dials", config.name));
        let stack = new_stack(&config, mac, 0);
        let harm = |side| Disturbance::new(config.seed, &format!("wire/{}/{side}", config.name));
        let (from_mcu, to_mcu) = (harm("from-mcu"), harm("to-mcu"));
        let mut module = Module {
            mac,
            power: Power::Off,
            enabled: true,
            supplied: true,
            strap: true,
            wake: None,
            boots: 0,
            saved: config.saved.clone(),
            faults: Faults::default(),
            at: None,
            drain_until: None,
            clock: None,
            station: Station::default(),
            softap: SoftAp::default(),
            stack,
            air,
            rng,
            dials,
            cts: false,
            obeys_cts: false,
            mcu: Direction::new(line, from_mcu),
            own: Direction::new(line, to_mcu),
            wire: Wire::new(config.profile),
            records: VecDeque::new(),
            log: Transmitter::new(LineSettings::eight_n_one(config.profile.boot_log.baud), Pace::Wire),
            logged: VecDeque::new(),
            config,
        };
        module.boot(Instant::ZERO, Reset::PowerOn);
        module
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Its station's MAC address.
    pub fn mac(&self) -> [u8; 6] {
        self.mac
    }

    /// When something is due that a driver must come back for: everything but the log port, which people read.
    pub fn next_for_driver(&self) -> Option<Instant> {
        earliest([self.mcu.next_edge(), self.own.next_edge(), self.next_timeout()])
    }

    /// What is due next, and when.
    pub fn next_event(&self) -> Option<(Instant, Kind)> {
        let edge = earliest([self.mcu.next_edge(), self.own.next_edge(), self.log.next_edge()]);
        match (edge, self.next_timeout()) {
            (Some(edge), Some(timer)) if timer < edge => Some((timer, Kind::Timer)),
            (Some(edge), _) => Some((edge, Kind::WireEdge)),
            (None, Some(timer)) => Some((timer, Kind::Timer)),
            (None, None) => None,
        }
    }

    /// The MCU stores a byte. Returns how many of its bytes have not ended yet.
    pub fn store(&mut self, now: Instant, byte: u8) -> usize {
        self.wire.escape.store(now, byte, self.mcu.settings(), self.mcu.silent_since());
        self.mcu.store(now, byte, ());
        self.mcu.pending()
    }

    /// How many of the MCU's bytes have not ended on the wire yet.
    pub fn mcu_pending(&self) -> usize {
        self.mcu.pending()
    }

    /// What outlives a power cut now.
    pub fn saved(&self) -> &Saved {
        &self.saved
    }

    /// The next thing that it has to tell, and when it happened; `now`: that of what the firmware tells.
    pub fn take_event(&mut self, now: Instant) -> Option<(Instant, ModuleEvent)> {
        let firmware = self.at.as_mut().and_then(At::take_event);
        firmware.map(|event| (now, ModuleEvent::Firmware(event))).or_else(|| {
            let (at, event) = self.wire.events.pop_front()?;
            Some((at, ModuleEvent::Uart(event)))
        })
    }

    /// EN changes. Low switches everything off at once, also in the middle of a byte.
    pub fn set_enable(&mut self, now: Instant, high: bool) {
        self.enabled = high;
        self.powered(now);
    }

    /// Does what is due at `now`.
    pub fn timer(&mut self, now: Instant) {
        if self.judge_escape(now) && self.next_timeout().is_none_or(|next| next > now) {
            return;
        }
        match self.power {
            Power::Booting(at) if at <= now => {
                self.power = Power::On;
                self.wire.told_unheard = false;
                self.own.set_sender(self.saved.nvs.uart(self.config.profile).line());
                self.print_log(now, self.config.profile.boot_log.firmware);
                let (clock, merged) = (self.clock.take(), self.config.log_port == LogPort::Merged);
                let mut env = env!(self);
                self.at = Some(At::boot(now, &mut env, clock, merged));
            }
            Power::Resetting(at) if at <= now => {
                self.stop(now);
                self.lose_unsent();
                self.boot(now, Reset::Software);
            }
            Power::Asleep(at) if at <= now => self.boot(now, Reset::DeepSleep),
            _ => {}
        }
        self.settle(now);
    }

    /// The next byte that has ended on the wire.
    pub fn take_record(&mut self) -> Option<Record> {
        self.records.pop_front()
    }

    /// True once when what the MCU has sent so far is a whole block of payload, and nothing marked its last byte.
    pub fn take_block_ended(&mut self) -> bool {
        let cut_off = std::mem::take(&mut self.wire.cut_off);
        self.at.as_mut().is_some_and(At::take_block_ended) || cut_off
    }

    /// The next byte that has ended on the wire of the log port, and when.
    pub fn take_logged(&mut self) -> Option<(Instant, u8)> {
        self.logged.pop_front()
    }

    /// The next frame that it sends.
    pub fn take_frame(&mut self) -> Option<Vec<u8>> {
        self.stack.take_frame()
    }

    /// The next line of its TLS key log, before the first frame that it opens.
    pub fn take_secret(&mut self) -> Option<String> {
        self.stack.take_secret()
    }

    /// The next frame that it sends on its softAP interface.
    pub fn take_softap_frame(&mut self) -> Option<Vec<u8>> {
        self.stack.take_lan_frame()
    }

    /// The next thing that the network must be told.
    pub fn take_radio_change(&mut self) -> Option<RadioChange> {
        self.station.take_change().or_else(|| self.softap.take_change())
    }

    /// Lets everything that has moved find its rest at `now`.
    fn settle(&mut self, now: Instant) {
        self.softap.poll(now);
        while self.power == Power::On {
            self.stack.poll(now);
            self.flush(now);
            let mut env = env!(self);
            env.poll_station(now);
            let Some(firmware) = &mut self.at else { return };
            let moved = firmware.poll(now, &mut env);
            self.flush(now);
            let (taken, _) = self.hand_over(now);
            let moved = moved || taken;
            let then = self.take_drained(now);
            if let Some(then) = then {
                self.drained(now, then);
            }
            if !moved && then.is_none() {
                break;
            }
        }
    }

    /// What the chip does now: everything printed has left the wire, or has had time enough.
    fn take_drained(&mut self, now: Instant) -> Option<OnceDrained> {
        let then = self.at.as_ref().and_then(At::once_drained);
        let until = self.drain_until.unwrap_or(now + LONGEST_DRAIN);
        let over = until <= now || (self.own.pending() == 0 && !self.at.as_ref().is_some_and(At::is_blocked));
        self.drain_until = then.filter(|_| !over).map(|_| until);
        then.filter(|_| over)
    }

    /// Everything printed has left the wire.
    fn drained(&mut self, now: Instant, then: OnceDrained) {
        match then {
            OnceDrained::Restart => {
                let pause = self.draw(|p| &p.times.restart);
                self.power = Power::Resetting(now + pause);
            }
            OnceDrained::Restore => {
                let erased = now + self.draw(|p| &p.times.erase);
                self.power = Power::Resetting(erased + self.draw(|p| &p.times.restart));
            }
            OnceDrained::Sleep(time) => {
                self.stop(now);
                self.lose_unsent();
                self.power = Power::Asleep(now + time);
            }
            OnceDrained::Line(settings) => {
                self.set_line(now, settings, false);
                if let Some(firmware) = &mut self.at {
                    firmware.line_is_set();
                }
            }
        }
    }

    /// What has not left the UART's transmit ring never will.
    fn lose_unsent(&mut self) {
        if self.own.pending() > 0 {
            self.own.cut();
        }
    }

    /// Hands what the firmware printed to the UART, as far as its transmit ring has room.
    fn flush(&mut self, now: Instant) {
        let ring = self.config.profile.tx_ring;
        if let Some(firmware) = &mut self.at {
            while self.own.pending() < ring
                && let Some((byte, mark)) = firmware.take_output()
            {
                self.own.store(now, byte, mark);
            }
            while let Some(byte) = firmware.take_log() {
                self.log.store(now, byte, ());
            }
        }
    }

    /// Prints what is not the AT firmware's own on the log port.
    fn print_log(&mut self, now: Instant, text: &str) {
        for byte in text.bytes() {
            match self.config.log_port {
                LogPort::Own => self.log.store(now, byte, ()),
                LogPort::Merged => self.own.store(now, byte, Mark::Text),
            }
        }
    }

    /// Everything in RAM is gone. Peers are told nothing.
    fn stop(&mut self, now: Instant) {
        self.station.leave(now, &mut self.stack);
        self.softap.cut();
        self.drain_until = None;
        // One that is down already has left its clock behind.
        if let Some(at) = self.at.take() {
            self.clock = Some(at.clock()).filter(|_| self.config.profile.clock_survives_reset);
        }
        self.forget_received(now);
    }

    fn boot(&mut self, now: Instant, reset: Reset) {
        self.boots += 1;
        if reset.is_total() {
            self.clock = None;
        }
        self.set_line(now, self.saved.nvs.uart(self.config.profile), true);
        self.stack = new_stack(&self.config, self.mac, self.boots);
        let mut station = Station::default();
        // What the old one still had to tell the network must not be forgotten.
        std::mem::swap(&mut station, &mut self.station);
        self.station.inherit_changes(&mut station);
        if self.config.log_port == LogPort::Merged {
            // The ROM does not know what the firmware has saved.
            self.own.set_sender(LineSettings::eight_n_one(self.config.profile.boot_log.baud));
        }
        let text = self.config.profile.boot_log.start(reset, !self.strap);
        self.print_log(now, &text);
        let pause = self.draw(|p| &p.times.boot);
        self.power = if self.strap { Power::Booting(now + pause) } else { Power::Download };
    }

    fn draw(&mut self, pick: fn(&Profile) -> &Range) -> Duration {
        pick(self.config.profile).draw(self.config.timing, &mut self.rng)
    }
}

fn new_stack(config: &ModuleConfig, mac: [u8; 6], boot: u32) -> Stack {
    let mut stack = Stack::new(&StackConfig {
        // Every boot draws its own ports and sequence numbers, as a chip with a random source does.
        name: format!("{}/boot{boot}", config.name),
        seed: config.seed,
        medium: Medium::Ethernet { mac },
        mtu: config.profile.mtu,
        tcp_rx: config.profile.tcp_buffer,
        tcp_tx: config.profile.tcp_send_buffer,
    });
    if !config.profile.differences.reassembly {
        stack.drop_fragments();
    }
    stack.set_up(Instant::ZERO, false);
    stack
}
