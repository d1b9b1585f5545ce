//! The wire of a module: its own UART with FIFO, ring and flow control, and what is modelled of the MCU's.

use std::collections::VecDeque;

use super::escape::EscapeWatch;
use super::sleep::LightSleep;
use super::{Module, Power, Record};
use crate::at::nvs::UartSettings;
use crate::at::system::WakePin;
use crate::at::{At, Env, OnceDrained};
use crate::capture::Mark;
use crate::profile::Profile;
use crate::time::{Duration, Instant};
use crate::uart::{
    Deaf, Direction, FRAMING_ERROR, Heard, LineSettings, PARITY_ERROR, Pace, ReceiveBuffer, UartEvent,
};

/// Bytes in the receive FIFO at which RTS goes high: after a boot, and after AT+UART has set it.
const THRESHOLDS: [usize; 2] = [122, 120];

/// Counters of the wire. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireStatistics {
    /// Bytes that left the module's UART.
    pub module_sent: u64,
    /// What the module's UART received.
    pub module: Received,
    /// What the MCU's received.
    pub mcu: Received,
    /// Bytes that the module lost because its FIFO was full.
    pub overruns: u64,
    /// Bytes lost on the wire, both directions.
    pub lost: u64,
    /// Bytes that the module received while its chip did not run, was about to restart, or slept lightly: nobody heard them.
    pub unheard: u64,
}

/// What one end received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Bytes, the damaged ones with them.
    pub bytes: u64,
    /// Those with a framing error, breaks with them.
    pub framing_errors: u64,
    /// Those with a parity error.
    pub parity_errors: u64,
}

impl Received {
    fn count(&mut self, flags: u8) {
        self.bytes += 1;
        self.framing_errors += u64::from(flags & FRAMING_ERROR != 0);
        self.parity_errors += u64::from(flags & PARITY_ERROR != 0);
    }
}

/// What a change of the wire's quality is: `None` leaves it as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// Chance that one bit of a byte is inverted, parts per million.
    pub noise_ppm: Option<u32>,
    /// Chance that a byte is lost, parts per million.
    pub loss_ppm: Option<u32>,
    /// The line is held low for so long.
    pub low: Option<Duration>,
}

/// State of the wire beside the two directions.
#[derive(Debug)]
pub(super) struct Wire {
    /// What waits for the firmware.
    pub rx: ReceiveBuffer,
    /// The level of the module's RTS.
    rts: bool,
    /// The MCU stops while it is high.
    mcu_obeys_rts: bool,
    /// What the MCU's UART was set to; `None`: it follows the module's.
    mcu_line: Option<LineSettings>,
    /// The module waits for CTS.
    held: bool,
    /// The last byte was lost.
    losing: bool,
    /// Bytes that nobody heard, and whether that was told since the chip last ran.
    unheard: u64,
    pub told_unheard: bool,
    /// Nobody hears the rest of what the MCU was sending.
    pub cut_off: bool,
    sleep: LightSleep,
    pub escape: EscapeWatch,
    module: Received,
    mcu: Received,
    /// What there is to tell, and since when.
    pub events: VecDeque<(Instant, UartEvent)>,
    rts_changes: VecDeque<(Instant, bool)>,
}

impl Wire {
    pub fn new(profile: &Profile) -> Wire {
        Wire {
            rx: ReceiveBuffer::new(profile.rx_fifo, profile.rx_ring),
            rts: false,
            mcu_obeys_rts: false,
            mcu_line: None,
            held: false,
            losing: false,
            unheard: 0,
            told_unheard: false,
            cut_off: false,
            sleep: LightSleep::default(),
            escape: EscapeWatch::default(),
            module: Received::default(),
            mcu: Received::default(),
            events: VecDeque::new(),
            rts_changes: VecDeque::new(),
        }
    }

    /// When the byte started that the firmware gets next. What waits comes before what is on the wire.
    pub fn receiving(&self, mcu: &Direction<()>) -> Option<Instant> {
        self.rx.front().map(|next| next.start).or(mcu.receiving_since())
    }

    fn tell(&mut self, at: Instant, event: UartEvent) {
        self.events.push_back((at, event));
    }
}

impl Module {
    /// Chooses how the MCU's bytes are paced, and whether the MCU stops while the module's RTS is high. Only before
    /// the first one.
    pub fn set_mcu(&mut self, pace: Pace, obeys_rts: bool) {
        self.mcu.set_pace(pace, obeys_rts);
        self.wire.mcu_obeys_rts = obeys_rts;
    }

    /// Sets the MCU's UART. From now on it does not follow the module's.
    pub fn set_mcu_line(&mut self, settings: LineSettings) {
        self.wire.mcu_line = Some(settings);
        self.mcu.set_sender(settings);
        self.own.set_receiver(settings);
    }

    /// What its UART is set to.
    pub fn line_settings(&self) -> LineSettings {
        self.own.settings()
    }

    /// What the MCU's UART is set to.
    pub fn mcu_line_settings(&self) -> LineSettings {
        self.mcu.settings()
    }

    /// The level of the module's RTS: high asks the MCU to stop.
    pub fn rts(&self) -> bool {
        self.wire.rts
    }

    /// The MCU's RTS, the module's CTS, changes. High stops the module between two bytes if its flow control asks for
    /// it.
    pub fn set_cts(&mut self, now: Instant, high: bool) {
        self.cts = high;
        self.obey_cts(now);
    }

    /// Counters.
    pub fn wire_statistics(&self) -> WireStatistics {
        WireStatistics {
            module_sent: self.own.sent(),
            module: self.wire.module,
            mcu: self.wire.mcu,
            overruns: self.wire.rx.overruns(),
            lost: self.mcu.lost() + self.own.lost(),
            unheard: self.wire.unheard,
        }
    }

    /// How the wire treats bytes now, from the MCU and to it: noise and loss, parts per million.
    pub fn harm(&self) -> [(u32, u32); 2] {
        [self.mcu.disturbance(), self.own.disturbance()].map(|d| (d.noise_ppm, d.loss_ppm))
    }

    /// Harms one direction of the wire, or no longer.
    pub fn set_harm(&mut self, now: Instant, from_mcu: bool, harm: Harm) {
        if from_mcu {
            harm.apply(&mut self.mcu, now);
        } else {
            harm.apply(&mut self.own, now);
        }
    }

    /// The next change of the module's RTS.
    pub fn take_rts_change(&mut self) -> Option<(Instant, bool)> {
        self.wire.rts_changes.pop_front()
    }

    /// Takes the bytes that end at `now`.
    pub fn wire_edge(&mut self, now: Instant) {
        while let Some(heard) = self.mcu.take(now) {
            self.wire.module.count(heard.flags);
            let before = self.wire.unheard;
            let mark = self.received(heard);
            self.record(true, heard, mark, self.wire.unheard == before);
        }
        while let Some(heard) = self.own.take(now) {
            self.wire.sleep.stir(now);
            self.wire.mcu.count(heard.flags);
            self.record(false, heard, heard.mark.unwrap_or(Mark::Text), true);
        }
        while let Some((at, byte, ())) = self.log.take(now) {
            self.logged.push_back((at, byte));
        }
        // Room in the transmit ring: what waited for it goes on; a restart waits for the last byte.
        let blocked = self.at.as_ref().is_some_and(At::is_blocked);
        if blocked {
            self.flush(now);
        }
        let drained = self.own.pending() == 0;
        let receiving = self.wire.receiving(&self.mcu);
        let due = |at: &At| {
            at.is_due(now, receiving)
                || at.is_starved()
                || (blocked && !at.is_blocked())
                || (at.once_drained().is_some() && drained)
        };
        if self.at.as_ref().is_some_and(due) {
            self.settle(now);
        }
    }

    fn record<M>(&mut self, from_mcu: bool, heard: Heard<M>, mark: Mark, got: bool) {
        let Heard { end: at, byte, flags, .. } = heard;
        self.records.push_back(Record { at, from_mcu, byte, flags, mark, got });
    }

    /// A byte of the MCU's has arrived. A chip that does not run hears nothing, nor does one that is about to go down.
    fn received(&mut self, heard: Heard<()>) -> Mark {
        let now = heard.end;
        if self.power != Power::On || self.at.as_ref().is_none_or(At::is_going_down) {
            self.wire.unheard += 1;
            self.tell_unheard(now);
            return Mark::Text;
        }
        if !self.hears(heard.start, now) {
            self.wire.unheard += 1;
            return Mark::Text;
        }
        let kept = self.wire.rx.push(heard.start, now, heard.byte);
        if !kept && !self.wire.losing {
            self.wire.tell(now, UartEvent::ModuleOverrun);
        }
        self.wire.losing = !kept;
        let (_, mark) = self.hand_over(now);
        mark.or_else(|| Some(self.at.as_ref()?.mark_of_waiting(heard.byte))).unwrap_or(Mark::Data)
    }

    /// Says once that the MCU sends to a chip that does not run.
    fn tell_unheard(&mut self, now: Instant) {
        if std::mem::replace(&mut self.wire.told_unheard, true) {
            return;
        }
        let sleeps = |at: &At| matches!(at.once_drained(), Some(OnceDrained::Sleep(_)));
        let why = match self.power {
            Power::On if self.at.as_ref().is_some_and(sleeps) => Deaf::Asleep,
            Power::Off if self.supplied => Deaf::Off,
            Power::Off => Deaf::Unpowered,
            Power::Booting(_) | Power::Resetting(_) | Power::On => Deaf::Booting,
            Power::Download => Deaf::Download,
            Power::Asleep(_) => Deaf::Asleep,
        };
        self.wire.tell(now, UartEvent::Unheard(why));
    }

    /// False for a byte that comes while the chip sleeps lightly.
    fn hears(&mut self, start: Instant, end: Instant) -> bool {
        let Some(firmware) = self.at.as_ref().filter(|at| at.sleeps_lightly()) else { return true };
        if self.own.pending() > 0 || !firmware.is_idle() || self.is_kept_awake(firmware) {
            self.wire.sleep.stir(end);
            return true;
        }
        let heard = self.wire.sleep.hears(start, end, firmware.wake_after());
        if !heard && self.wire.sleep.is_news() {
            self.wire.tell(start, UartEvent::Asleep);
        }
        heard
    }

    /// Whether the pin of AT+SLEEPWKCFG has the level that wakes the chip.
    fn is_kept_awake(&self, firmware: &At) -> bool {
        let Some(WakePin { gpio, high }) = firmware.wake_pin() else { return false };
        let level = if gpio == 0 { Some(self.strap) } else { self.wake };
        level == Some(high)
    }

    /// A pin that may wake the module changes: until now it was awake, if it is so.
    fn before_wake_changes(&mut self, now: Instant) {
        if self.at.as_ref().is_some_and(|firmware| self.is_kept_awake(firmware)) {
            self.wire.sleep.stir(now);
        }
    }

    /// The boot strap GPIO0 changes. It is looked at when the chip starts, and by AT+SLEEPWKCFG=2,0.
    pub fn set_gpio0(&mut self, now: Instant, high: bool) {
        self.before_wake_changes(now);
        self.strap = high;
    }

    /// The pin that wakes the module changes, on a board that wires it.
    pub fn set_wake(&mut self, now: Instant, high: bool) {
        self.before_wake_changes(now);
        self.wake = Some(high);
    }

    /// Says what has become of an escape, if that has just been decided. True when it has.
    pub(super) fn judge_escape(&mut self, now: Instant) -> bool {
        let spoilt = self.wire.escape.take(now);
        if spoilt && self.at.as_ref().is_some_and(At::can_escape) {
            self.wire.tell(now, UartEvent::EscapeSpoilt);
        }
        spoilt
    }

    /// Hands the firmware what it takes of the bytes that wait. Returns whether it took any, and what the last one is
    /// part of when none is left.
    pub(super) fn hand_over(&mut self, now: Instant) -> (bool, Option<Mark>) {
        let mut mark = None;
        while let (Some(firmware), Some(next)) = (&mut self.at, self.wire.rx.front().copied()) {
            if !firmware.takes(next.start, self.config.profile) {
                break;
            }
            self.wire.rx.pop();
            if let Some(lost) = next.lost {
                firmware.lose(lost);
            }
            let mut env = env!(self);
            mark = Some(firmware.receive((next.start, next.end), now, next.byte, &mut env));
            self.flush(now);
        }
        if let (Some(firmware), Some(lost)) = (&mut self.at, self.wire.rx.take_lost()) {
            firmware.lose(lost);
        }
        self.drive_rts(now);
        (mark.is_some(), mark.filter(|_| self.wire.rx.is_empty()))
    }

    /// Sets the module's UART; the MCU's follows unless it has been set. `booted`: it is set at a start.
    pub(super) fn set_line(&mut self, now: Instant, settings: UartSettings, booted: bool) {
        let line = settings.line();
        self.own.set_sender(line);
        self.mcu.set_receiver(line);
        if self.wire.mcu_line.is_none() {
            self.mcu.set_sender(line);
            self.own.set_receiver(line);
        }
        let threshold = THRESHOLDS[usize::from(!booted)];
        self.wire.rx.set_threshold(settings.drives_rts().then_some(threshold));
        self.drive_rts(now);
        self.obeys_cts = settings.obeys_cts();
        self.obey_cts(now);
    }

    /// What has been received and not been looked at is gone.
    pub(super) fn forget_received(&mut self, now: Instant) {
        self.wire.rx.clear();
        self.wire.losing = false;
        self.wire.cut_off = true;
        self.drive_rts(now);
    }

    fn drive_rts(&mut self, now: Instant) {
        let high = self.wire.rx.rts();
        if high == self.wire.rts {
            return;
        }
        self.wire.rts = high;
        self.wire.rts_changes.push_back((now, high));
        self.wire.tell(now, UartEvent::Rts { high, waiting: self.wire.rx.in_fifo() });
        self.mcu.hold(now, high && self.wire.mcu_obeys_rts);
    }

    fn obey_cts(&mut self, now: Instant) {
        let held = self.cts && self.obeys_cts;
        if held != self.wire.held {
            self.wire.held = held;
            self.wire.tell(now, UartEvent::Cts { high: held, waiting: self.own.pending() });
        }
        self.own.hold(now, held);
    }
}

impl Harm {
    fn apply<M: Copy + PartialEq>(&self, direction: &mut Direction<M>, now: Instant) {
        let disturbance = direction.disturbance_mut();
        disturbance.noise_ppm = self.noise_ppm.unwrap_or(disturbance.noise_ppm);
        disturbance.loss_ppm = self.loss_ppm.unwrap_or(disturbance.loss_ppm);
        if let Some(time) = self.low {
            direction.hold_low(now, time);
        }
    }
}
