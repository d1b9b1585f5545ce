//! The AT firmware: collects lines, runs commands, prints what happens to the station and the links.
//!
//! Bytes go in with [`At::receive`], time with [`At::poll`]; what it wants to send is taken from
//! [`At::take_output`]. What stands below it (IP stack, station, saved settings) is lent to it as an [`Env`]
//! for each call.

mod accept;
mod address;
mod clients;
pub mod clock;
pub mod commands;
mod core;
mod datagrams;
mod dial;
mod dispatch;
mod env;
pub mod error;
mod event;
pub mod faults;
pub mod filter;
pub mod flash;
mod hostile;
mod input;
mod job;
pub mod limits;
mod line;
pub mod links;
mod long_send;
mod mode;
pub mod nvs;
pub mod options;
mod outcome;
mod output;
pub mod params;
pub mod passthrough;
mod payload;
mod pki;
mod radio;
mod receive;
mod request;
pub mod schema;
mod secure;
mod sending;
mod server;
mod sockets;
mod softap;
mod state;
pub mod system;
pub mod table;
mod task;
mod timer;
mod tls_log;
mod upload;
mod versions;

use std::net::Ipv4Addr;

use crate::capture::Mark;
use crate::profile::Profile;
use crate::time::{Duration, Instant};
use crate::wifi::StationEvent;
use clock::Clock;
pub use core::Core;
pub use env::Env;
pub use event::{AtEvent, LinkChange, LinkEvent, LinkProtocol, StationChange};
use faults::FaultEvent;
use hostile::Around;
use input::{Input, Taken};
use job::Job;
use line::{Completed, LineBuffer};
use links::Kind;
pub use nvs::Nvs;
use outcome::Context;
pub use outcome::OnceDrained;
pub use state::{LinkState, Modes};
use system::{LIGHT_SLEEP, WakePin};
use task::Task;

/// What the parser is doing.
#[derive(Debug)]
enum Phase {
    /// It waits for a line.
    Idle,
    /// A line is complete; its command runs at this time.
    Parsed(Instant, Completed),
    /// A command is under way.
    Running(Job),
}

/// The UART hands over what it has when nothing has come for so many symbols.
const IDLE_SYMBOLS: u64 = 10;

/// The AT firmware of one module.
#[derive(Debug)]
pub struct At {
    core: Core,
    line: LineBuffer,
    phase: Phase,
    /// What the MCU sends while a command runs, and not as a line, is over then, if nothing more comes.
    stray: Option<Instant>,
    /// `Recv` is next.
    received: bool,
    /// Who owns the MCU's bytes.
    input: Input,
    /// The last byte of a data phase has just come: what its command goes on with is to be looked at now.
    handed_over: bool,
    /// The MCU's payload so far is a whole block: it has left, or been cancelled.
    block_ended: bool,
}

impl At {
    /// The firmware right after its start: saved settings in force, nothing printed yet. `clock`: the one that has run
    /// through the reset. `merged_log`: its log texts go to the AT port.
    pub fn boot(now: Instant, env: &mut Env<'_>, clock: Option<Clock>, merged_log: bool) -> At {
        let mut core = Core::new(now, env, clock, merged_log);
        env.use_dns(core.settings.tcpip.dns);
        env.stack.enable_ipv6(now, core.settings.tcpip.ipv6);
        let on = core.station_on();
        if let Some(mac) = core.settings.wifi.station_mac {
            env.set_station_mac(now, mac);
        }
        env.station.enable(now, on, env.stack);
        env.station.set_addressing(
            now,
            core.settings.wifi.addressing(env.profile.differences.dns_servers),
            env.stack,
        );
        env.station.set_reconnect(core.settings.wifi.reconnect());
        env.station.set_inactive(core.settings.wifi.inactive.station_time());
        core.restart_softap(env);
        // The Wi-Fi commands come up before `ready` is printed, so a saved access point is being joined by then.
        if on && core.settings.wifi.auto_connect {
            core.join_saved(now, env);
        }
        let mut at = At {
            core,
            line: LineBuffer::new(env.profile.line_max),
            phase: Phase::Idle,
            stray: None,
            received: false,
            input: Input::Lines,
            handed_over: false,
            block_ended: false,
        };
        if let Some(saved) = at.core.settings.tcpip.passthrough.clone() {
            at.core.links.passthrough = true;
            at.core.out.begin_passthrough();
            let session = at.core.passthrough_over(0, saved.request(), env.profile, false);
            at.hand_over(Input::Passthrough(Box::new(session)));
        }
        at.core.out.text("\r\nready\r\n");
        at
    }

    /// The MCU's bytes belong to this from now on.
    fn hand_over(&mut self, input: Input) {
        self.core.out.transparent = matches!(input, Input::Passthrough(_));
        self.input = input;
    }

    /// A byte that was on the wire from `start` to `end` is taken at `now`. Returns what it is part of.
    pub fn receive(
        &mut self,
        (start, end): (Instant, Instant),
        now: Instant,
        byte: u8,
        env: &mut Env<'_>,
    ) -> Mark {
        self.core.out.set_hostile(env.faults.hostile.is_some());
        self.core.out.answers();
        let idle = self.is_idle();
        let mark = self.take_byte((start, end), now, byte, env);
        let echo = idle && matches!(mark, Mark::Text | Mark::TextEnd);
        self.interleave(now, echo, false, env);
        mark
    }

    fn take_byte(
        &mut self,
        (start, end): (Instant, Instant),
        now: Instant,
        byte: u8,
        env: &mut Env<'_>,
    ) -> Mark {
        match self.input.byte(start, end, byte) {
            Taken::Not => self.line_byte((start, end), now, byte, env),
            Taken::Data(mark) => mark,
            Taken::Last => {
                let whole = std::mem::take(&mut self.input);
                let payload = matches!(whole, Input::Payload(_));
                let outcome = whole.finish(&mut Context { now, core: &mut self.core, env });
                self.conclude(outcome);
                self.received = payload;
                self.handed_over = matches!(self.phase, Phase::Running(_));
                Mark::DataEnd
            }
        }
    }

    /// A byte of a command line is taken.
    fn line_byte(
        &mut self,
        (start, end): (Instant, Instant),
        now: Instant,
        byte: u8,
        env: &mut Env<'_>,
    ) -> Mark {
        let completed = self.line.push(byte);
        let idle = self.is_idle();
        // What is typed while a command runs is not echoed (unless the command ends before the line does).
        if idle && self.core.system.echo {
            self.core.out.echo(self.line.unechoed());
        }
        let Some(completed) = completed else {
            if !idle || self.stray.is_some() {
                self.stray = Some(end + self.pause_after((start, end)));
            }
            return Mark::Text;
        };
        self.end_stray(now);
        self.core.system.line_end = end;
        if idle {
            if completed != Completed::Line(Vec::new()) {
                let at = now + env.draw(|p| &p.times.command);
                self.phase = Phase::Parsed(at, completed);
            }
        } else if matches!(&completed, Completed::Line(line) if line.ends_with(b"AT+RST")) {
            self.core.out.text("\r\nWill force to restart!!!\r\n");
            // Whatever was under way ends here, and the sockets die with the chip.
            self.core.links.forget();
            self.hand_over(Input::Lines);
            self.phase = Phase::Running(Job::drained(OnceDrained::Restart));
        } else {
            self.core.out.busy();
        }
        Mark::TextEnd
    }

    /// A pause that ends what the firmware reads at once: so many symbols after this byte the UART says that nothing
    /// more has come.
    fn pause_after(&self, (start, end): (Instant, Instant)) -> Duration {
        Duration::from_nanos(end.since(start).as_nanos() * IDLE_SYMBOLS)
    }

    /// Nothing of what the MCU has sent while a command ran is left.
    fn end_stray(&mut self, now: Instant) {
        self.line.clear();
        self.stray = None;
        if let Phase::Running(job) = &mut self.phase
            && self.received
        {
            job.not_before(now);
        }
    }

    /// Whether the firmware takes a byte out of the UART's ring now whose start bit began at `start`. Passthrough and
    /// AT+CIPSENDL let them wait, and so does a task that stands in its write.
    pub fn takes(&self, start: Instant, profile: &Profile) -> bool {
        !self.is_blocked() && !self.is_going_down() && self.input.takes(start, profile.core_buffer)
    }

    /// What a byte is part of that waits to be taken.
    pub fn mark_of_waiting(&self, byte: u8) -> Mark {
        self.input.mark_of_waiting(byte)
    }

    /// True while the UART's transmit ring is full and more is to be printed: the firmware stands in its write, takes
    /// nothing from the MCU and does nothing else.
    pub fn is_blocked(&self) -> bool {
        self.core.out.is_waiting()
    }

    /// True when the chip is about to restart or to sleep: its UART's receive interrupt is off.
    pub fn is_going_down(&self) -> bool {
        match self.once_drained() {
            Some(OnceDrained::Restart | OnceDrained::Restore | OnceDrained::Sleep(_)) => true,
            Some(OnceDrained::Line(_)) | None => false,
        }
    }

    /// True while nothing is printed besides what has been: the last words of a command must leave the wire first, or
    /// there is no room for more.
    fn stands_still(&self) -> bool {
        self.is_blocked() || self.once_drained().is_some()
    }

    /// A byte from the MCU that ended at `end` was lost.
    pub fn lose(&mut self, end: Instant) {
        self.input.lose(end);
    }

    /// True when no command is under way. A data phase is none but that of AT+CIPSENDL, nor is passthrough: a line that comes
    /// behind them is a command.
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle) && !self.input.is_command()
    }

    /// AT+SLEEP=2.
    pub fn sleeps_lightly(&self) -> bool {
        self.core.system.sleep == LIGHT_SLEEP
    }

    /// After this a timer wakes it from light sleep (AT+SLEEPWKCFG).
    pub fn wake_after(&self) -> Option<Duration> {
        self.core.system.wake_after
    }

    /// The pin that wakes it from light sleep (AT+SLEEPWKCFG).
    pub fn wake_pin(&self) -> Option<WakePin> {
        self.core.system.wake_pin
    }

    /// True while `+++` between silences ends something.
    pub fn can_escape(&self) -> bool {
        self.input.can_escape()
    }

    /// True once when the MCU's payload so far is a whole block though no mark said so: time or silence has ended it.
    pub fn take_block_ended(&mut self) -> bool {
        std::mem::take(&mut self.block_ended)
    }

    /// True when [`At::poll`] has something to do at once for a byte of payload that it has just got. `receiving`: when
    /// the byte that is on its way from the MCU started.
    pub fn is_due(&self, now: Instant, receiving: Option<Instant>) -> bool {
        self.handed_over || self.input.is_due(now, receiving)
    }

    /// Does what is due, and looks at everything below that may have moved. True when it did something to the stack:
    /// poll that again.
    pub fn poll(&mut self, now: Instant, env: &mut Env<'_>) -> bool {
        let mut moved = false;
        self.handed_over = false;
        self.core.out.starved = false;
        self.core.out.set_hostile(env.faults.hostile.is_some());
        if self.stands_still() {
            self.interleave(now, false, false, env);
            return false;
        }
        self.core.out.reports(self.has_no_command());
        let over = |until: &mut Instant| {
            let until = *until;
            until <= now && env.receiving.is_none_or(|start| start >= until)
        };
        if self.stray.take_if(over).is_some() {
            moved = true;
            self.end_stray(now);
            self.core.out.reports(false);
            self.core.out.busy();
        }
        while let Some(event) = env.station.take_event() {
            moved = true;
            self.station_event(event, env);
            self.progress(now, env, Some(event));
        }
        while let Some(event) = env.stack.take_ipv6_event() {
            moved = true;
            self.core.got_ipv6(event);
        }
        moved |= self.core.poll_softap(env);
        // Before the command that runs now: what it starts is looked at when the stack has moved.
        for task in Task::ALL {
            moved |= task.poll(now, &mut self.core, env);
        }
        self.core.events.extend(env.faults.news.drain(..).map(AtEvent::Fault));
        self.core.out.answers();
        let ran = matches!(self.phase, Phase::Running(_));
        if let Phase::Parsed(at, _) = &self.phase
            && *at <= now
            && let Phase::Parsed(_, completed) = std::mem::replace(&mut self.phase, Phase::Idle)
        {
            moved = true;
            self.run(now, completed, env);
        }
        moved |= self.progress(now, env, None);
        let begun = !ran && matches!(self.phase, Phase::Running(_));
        if self.once_drained().is_none() {
            moved |= self.poll_input(now, env);
            self.core.out.reports(self.has_no_command());
            moved |= receive::pump(now, &mut self.core, env);
        }
        self.interleave(now, false, begun, env);
        // One that stays in the past would make the world stand still.
        let overdue = || self.overdue(now, env.receiving);
        debug_assert!(moved || overdue().is_none(), "{:?} has fired and is due still", overdue());
        moved
    }

    /// True when nothing is under way that what happens could belong to.
    fn has_no_command(&self) -> bool {
        !matches!(self.phase, Phase::Running(_)) && matches!(self.input, Input::Lines)
    }

    /// Puts reports where they are least expected, while they are hostile. `echo`: what was printed is one; `begun`: a
    /// command is under way only now.
    fn interleave(&mut self, now: Instant, echo: bool, begun: bool, env: &mut Env<'_>) {
        let Some(printed) = self.core.out.hostile.as_ref().map(|hostile| hostile.count()) else { return };
        let restarts = self.once_drained() == Some(OnceDrained::Restart);
        let neutral = match printed > 0 && !echo && !restarts {
            true => self.core.neutral_reports(env),
            false => Vec::new(),
        };
        let transparent = self.core.out.transparent;
        let Some(stream) = &mut env.faults.hostile else { return };
        let put = self.core.out.interleave(Around { now, stream, neutral, echo, begun, transparent });
        for (place, text) in put {
            self.core.tell(AtEvent::Fault(FaultEvent::Reported { place, text }));
        }
    }

    /// Carries on with what owns the MCU's bytes. True when it did anything.
    fn poll_input(&mut self, now: Instant, env: &mut Env<'_>) -> bool {
        let looked = self.input.poll(now, &mut self.core, env);
        self.block_ended |= looked.block_ended;
        if looked.over {
            self.hand_over(Input::Lines);
        }
        looked.moved
    }

    /// What the chip is to do as soon as everything printed has left the wire. Until then nothing more is printed, but for
    /// `busy p...` before [`OnceDrained::Line`].
    pub fn once_drained(&self) -> Option<OnceDrained> {
        match &self.phase {
            Phase::Running(job) => job.once_drained(),
            Phase::Idle | Phase::Parsed(..) => None,
        }
    }

    /// The UART has been set as [`OnceDrained::Line`] said: commands are taken again.
    pub fn line_is_set(&mut self) {
        if let Phase::Running(job) = &self.phase
            && let Some(OnceDrained::Line(settings)) = job.once_drained()
        {
            self.core.system.uart = settings;
            self.phase = Phase::Idle;
        }
    }

    /// The time of day, as it goes on.
    pub fn clock(&self) -> Clock {
        self.core.system.clock
    }

    /// Prints these bytes between two writes of its own.
    pub fn print(&mut self, bytes: &[u8]) {
        self.core.out.text_bytes(bytes);
    }

    /// True when received data waits for room in the transmit ring.
    pub fn is_starved(&self) -> bool {
        self.core.out.starved
    }

    /// The next thing that it has to tell of its links and its station.
    pub fn take_event(&mut self) -> Option<AtEvent> {
        self.core.events.pop_front()
    }

    /// The next byte to send.
    pub fn take_output(&mut self) -> Option<(u8, Mark)> {
        self.core.out.take()
    }

    /// The next byte for the log port.
    pub fn take_log(&mut self) -> Option<u8> {
        self.core.out.log_port.pop_front()
    }

    fn station_event(&mut self, event: StationEvent, env: &mut Env<'_>) {
        match event {
            StationEvent::Connected => {
                let ap = ap_name(env);
                self.core.tell(AtEvent::Station(StationChange::Associated(ap)));
                self.core.out.announce("WIFI CONNECTED\r\n");
            }
            StationEvent::GotIp => {
                let address = env.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
                self.core.tell(AtEvent::Station(StationChange::Joined { ap: ap_name(env), address }));
                self.core.out.announce("WIFI GOT IP\r\n");
            }
            StationEvent::Disconnected => {
                // The sockets are cleaned up before the text is printed (a guess from the library's order). UDP links
                // stay, without a word, and work when the station is back (Zephyr's driver learnt it from modules).
                for id in 0..self.core.links.count() {
                    let over = self.core.links.get(id).is_some_and(|link| {
                        matches!(link.kind, Kind::Stream(_)) && !link.is_on_lan(env.stack)
                    });
                    if over {
                        self.core.close_link(id, env.stack);
                    }
                }
                self.core.links.had_link = false;
                self.core.update.disconnected(&mut self.core.out, env);
                self.core.tell(AtEvent::Station(StationChange::Disconnected));
                self.core.out.announce("WIFI DISCONNECT\r\n");
            }
            StationEvent::JoinFailed(_) => {}
        }
    }

    /// Whether `Recv` waits for the end of bytes beyond the payload: they meet `busy` before it.
    fn waits_for_stray(&self) -> bool {
        self.stray.is_some() && self.received
    }

    /// Looks at the running job until it waits. True when it went further.
    fn progress(&mut self, now: Instant, env: &mut Env<'_>, event: Option<StationEvent>) -> bool {
        let mut moved = false;
        while let Phase::Running(_) = self.phase
            && !self.waits_for_stray()
        {
            let Phase::Running(job) = std::mem::replace(&mut self.phase, Phase::Idle) else { break };
            match job.poll(&mut Context { now, core: &mut self.core, env }, event) {
                Ok(outcome) => {
                    self.received = false;
                    self.conclude(outcome);
                }
                Err((job, went_further)) => {
                    self.phase = Phase::Running(job);
                    if !went_further {
                        break;
                    }
                }
            }
            moved = true;
        }
        if let Phase::Idle = self.phase {
            self.core.links.release_reservation();
        }
        moved
    }
}

/// The name of the access point that the station is with.
fn ap_name(env: &Env<'_>) -> String {
    env.station.ap().map_or("?", |ap| ap.name.as_str()).to_owned()
}
