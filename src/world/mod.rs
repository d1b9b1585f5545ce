//! The world: modules, the network between them, and time.
//!
//! A [`World`] is a pure function of its inputs. Drivers push inputs in with the virtual time at which they
//! happen, and pull outputs out with the virtual time at which they happened:
//!
//! - A byte stored at `t` starts on the wire at `t`, or where the byte before it ends, whichever is later.
//! - An input at `t` first lets everything up to `t` happen, then takes effect. Calling
//!   [`World::advance`] more often changes nothing.
//! - Outputs wait in a queue for each module and are handed out only up to the time reached. When they are
//!   read changes nothing.
//! - Each module has its own clock. In a world with several, one may be ahead of the slowest by at most the
//!   world's lookahead. Beyond that, or backwards, is an error that changes nothing.

mod agenda;
mod answer;
mod attachment;
mod causes;
pub mod console;
mod control;
mod departure;
pub mod digest;
pub mod drive;
mod error;
pub mod event;
mod expect;
pub mod inputlog;
mod inputs;
mod lan;
mod order;
mod packets;
pub(crate) mod quantity;
mod questions;
mod recorder;
mod records;
mod replay;
pub mod scenario;
mod schedule;
mod slot;
pub(crate) mod spelling;

use std::collections::{BTreeMap, BTreeSet};

use crate::at::LinkState;
use crate::event::Queue;
use crate::module::{Module, ModuleConfig, ModuleState, Saved};
use crate::net::network::Network;
use crate::profile;
use crate::time::{Duration, Instant};
use crate::uart::LineSettings;
use crate::wifi::Air;
use agenda::Agenda;
pub use attachment::{Attachment, McuTx, OutputPin, Pin, PinChange, Statistics, UartByte};
use causes::Causes;
pub use departure::{Comparison, Departure, compare};
pub use error::Error;
pub use event::{Event, EventKind, Observation};
pub use expect::{Expectation, Needle, Outcome, Pattern, Verdict, When};
use inputlog::Writer;
pub use lan::{CABLE, FRAME_BYTES, LanFrame, LanPort};
use order::Order;
pub use packets::{Interface, Packet, Seen};
use recorder::Recorder;
pub use replay::{Fed, Replay, Replayed, replay, restore};
pub use scenario::Scenario;
use scenario::{SavedText, Timed};
use schedule::Uplink;
use slot::Slot;

/// The seed of a world that is given none.
pub const DEFAULT_SEED: u64 = 1;

/// How far one module may be ahead of the slowest: one quantum of Renode's.
const LOOKAHEAD: Duration = scenario::LEAST_LATENCY_BETWEEN_MODULES;

/// One module of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub(crate) u32);

impl ModuleId {
    /// Its place among [`World::module_names`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many observations the console can be asked for; older ones are forgotten.
pub const HISTORY: usize = 4096;

/// What to record beside the simulation itself. None of it changes what happens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recording {
    /// Make capture bytes ([`World::take_capture`]).
    pub capture: bool,
    /// Keep the packets of the capture as values ([`World::take_packets`]).
    pub packets: bool,
    /// Make input log bytes ([`World::take_log`]).
    pub log: bool,
    /// Keep the dialogue ([`World::take_dialogue`]).
    pub dialogue: bool,
    /// Keep what happened ([`World::take_observations`]).
    pub observations: bool,
    /// Keep the last [`HISTORY`] of what happened, for the console's `observations`.
    pub history: bool,
    /// Keep what comes out of the log ports ([`World::log_port_read`]).
    pub log_port: bool,
    /// Keep how the pins change that modules drive ([`World::pin_read`]).
    pub pins: bool,
    /// Keep what the terminals of hosts receive ([`World::host_received`]).
    pub host_received: bool,
    /// Make bytes of the TLS key log ([`World::take_keylog`]).
    pub keylog: bool,
    /// Keep what real programs are to be told ([`World::take_external`]).
    pub external: bool,
    /// Keep the input log from its first line on ([`World::snapshot`]).
    pub snapshot: bool,
}

/// A simulated world. See the module's documentation for the contract.
pub struct World {
    seed: u64,
    scenario: Scenario,
    slots: Vec<Slot>,
    network: Network,
    /// What modules hand to the network, until the network's clock gets there.
    uplink: Queue<Uplink>,
    /// Console changes that the network must see.
    changes: Agenda,
    /// What is to happen because something else does.
    causes: Causes,
    /// Who is slowest, and who does something next.
    order: Order,
    /// The modules by their names.
    by_name: BTreeMap<String, usize>,
    /// Modules with a file of their own for what they save, that have moved since it was written last.
    unsaved: BTreeSet<usize>,
    recorder: Recorder,
    /// Cables of drivers into LANs, in the order in which they came.
    cables: Vec<lan::Cable>,
    log: Option<Writer>,
    /// The same when it has been closed, and nothing may come behind its end.
    closed_log: Option<Writer>,
    hand_out_log: bool,
    warnings: Vec<String>,
    keep_log_port: bool,
    keep_pins: bool,
    finished: bool,
}

impl World {
    /// A world at time 0. `seed` goes before the scenario's, which goes before [`DEFAULT_SEED`].
    ///
    /// # Errors
    /// [`Error::Network`] when the scenario's network can't be built, [`Error::UnknownProfile`], [`Error::Saved`] when
    /// what a module has saved can't be read, [`Error::ModuleFile`] when a file is no certificate or key for it.
    pub fn new(scenario: &Scenario, seed: Option<u64>, recording: Recording) -> Result<World, Error> {
        let seed = seed.or(scenario.seed).unwrap_or(DEFAULT_SEED);
        let net = scenario.network().map_err(Error::Network)?;
        let mut network = Network::new(&net, seed).map_err(|e| Error::Network(e.to_string()))?;
        network.set_taps(scenario.taps_all);
        if recording.external {
            network.set_reaches_out();
        }
        for ap in scenario.aps.iter().filter(|ap| !ap.up) {
            network.set_segment_up(Instant::ZERO, &ap.name, false);
        }
        let air = Air::new(&scenario.aps);
        let modules: Vec<Module> = scenario
            .modules
            .iter()
            .map(|config| {
                let profile = profile::find(&config.profile).ok_or_else(|| Error::UnknownProfile {
                    module: config.name.clone(),
                    profile: config.profile.clone(),
                })?;
                let mut saved = match &config.saved {
                    None => Saved::default(),
                    Some(SavedText { name, text }) => scenario::saved::parse(name, text, profile)
                        .map_err(|e| Error::Saved(e.to_string()))?,
                };
                scenario.install(config, profile, &mut saved.flash).map_err(Error::ModuleFile)?;
                let config = ModuleConfig {
                    name: config.name.clone(),
                    profile,
                    build: config.build,
                    timing: scenario.timing,
                    mac: config.mac,
                    log_port: config.log_port,
                    saved,
                    seed,
                };
                Ok(Module::new(config, air.clone()))
            })
            .collect::<Result<_, Error>>()?;
        let recorder = Recorder::new(scenario, &modules.iter().collect::<Vec<_>>(), &network, recording);
        let mut world = World {
            seed,
            scenario: scenario.clone(),
            slots: modules.into_iter().map(Slot::new).collect(),
            network,
            uplink: Queue::default(),
            changes: Agenda::default(),
            causes: Causes::default(),
            order: Order::new(scenario.modules.len()),
            by_name: scenario.modules.iter().enumerate().map(|(i, m)| (m.name.clone(), i)).collect(),
            unsaved: BTreeSet::new(),
            recorder,
            cables: Vec::new(),
            log: match Writer::new(seed, scenario) {
                log if recording.snapshot => Some(log.keeping()),
                log => recording.log.then_some(log),
            },
            closed_log: None,
            hand_out_log: recording.log,
            warnings: Vec::new(),
            keep_log_port: recording.log_port,
            keep_pins: recording.pins,
            finished: false,
        };
        for (slot, config) in world.slots.iter_mut().zip(&scenario.modules) {
            config.wire.apply(&mut slot.module);
            config.faults.iter().for_each(|change| slot.module.change(Instant::ZERO, change));
            slot.has_file = config.nvs.is_some();
        }
        for entry in &scenario.timeline {
            match &entry.what {
                Timed::Change(change) => world.file(entry.at, change, None),
                Timed::Rule(rule) => world.file_rule(entry.at, rule)?,
            }
        }
        for (index, slot) in world.slots.iter().enumerate() {
            world.order.file(index, slot);
        }
        Ok(world)
    }

    /// The seed in force.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The scenario that it was made from.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Names of the modules, in the order of their ids.
    pub fn module_names(&self) -> Vec<&str> {
        self.slots.iter().map(|s| s.module.name()).collect()
    }

    /// A line of the console. A change takes effect at the earliest instant that no module has passed, or at
    /// its own time (`at 1.5s ap home down`). Returns what the line answers.
    ///
    /// # Errors
    /// [`Error::Console`] with one sentence that says what was expected.
    pub fn console(&mut self, line: &str) -> Result<String, Error> {
        self.command(line)
    }

    /// The tick at which this module has something for its driver, or must be woken with [`World::advance`]; while a byte
    /// waits to be read, the tick reached. `None`: nothing will happen unless the driver does something. What the log port
    /// prints is nothing to come back for.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`], [`Error::NotAttached`].
    pub fn next_event(&self, module: ModuleId) -> Result<Option<u64>, Error> {
        let slot = self.attached(module)?;
        // What waits to be read already is there now, not in the past.
        Ok(self.next_instant(module.0 as usize).map(|t| slot.tick(t.max(slot.reached))))
    }

    /// Lets everything up to and including `tick` happen, as far as this module is concerned.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`], [`Error::NotAttached`], [`Error::TimeOverflow`], [`Error::TimeBackwards`],
    /// [`Error::TooFarAhead`]. None of them changes anything.
    pub fn advance(&mut self, module: ModuleId, tick: u64) -> Result<(), Error> {
        self.go_to(module, tick).map(|_| ())
    }

    /// Lets everything up to and including `at` happen, for all modules: what is the same as advancing each of them in
    /// steps of the lookahead, and cheaper. For who drives them all, or none: modules without a driver come along.
    ///
    /// # Errors
    /// [`Error::TimeBackwards`] when a module with a driver has come further. Nothing has changed then.
    pub fn advance_all(&mut self, at: Instant) -> Result<(), Error> {
        self.go_to_all(at)
    }

    /// How far this module has come: a tick of its driver, rounded up.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`], [`Error::NotAttached`].
    pub fn reached(&self, module: ModuleId) -> Result<u64, Error> {
        let slot = self.attached(module)?;
        Ok(slot.tick(slot.reached))
    }

    /// How far this module has come, in world time.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn now(&self, module: ModuleId) -> Result<Instant, Error> {
        self.slot(module).map(|s| self.order.reached(s))
    }

    /// The next byte on the wire to the MCU, up to the time reached.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn uart_read(&mut self, module: ModuleId) -> Result<Option<UartByte>, Error> {
        self.slot_mut(module).map(|s| s.out.pop_front())
    }

    /// What a module is doing at the time reached; in a few words when it is shown: `joined 'home' as 192.168.1.100`.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn module_state(&self, module: ModuleId) -> Result<ModuleState, Error> {
        self.slot(module).map(|s| s.module.state())
    }

    /// The links that are open at the time reached, in the order of their numbers. After a restart, in deep sleep and
    /// without power there are none.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn links(&self, module: ModuleId) -> Result<Vec<LinkState>, Error> {
        self.slot(module).map(|s| s.module.links())
    }

    /// How many of the bytes that the MCU stored have not ended on the wire yet, at the time reached.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn mcu_pending(&self, module: ModuleId) -> Result<usize, Error> {
        self.slot(module).map(|s| s.module.mcu_pending())
    }

    /// How many bytes the MCU may store now without an [`Error::McuQueueFull`], at the time reached.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn mcu_room(&self, module: ModuleId) -> Result<usize, Error> {
        let limit = self.scenario.modules.get(module.index()).map_or(usize::MAX, |m| m.wire.mcu_queue);
        Ok(limit.saturating_sub(self.mcu_pending(module)?))
    }

    /// What the module's UART is set to at the time reached.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn line_settings(&self, module: ModuleId) -> Result<LineSettings, Error> {
        self.slot(module).map(|s| s.module.line_settings())
    }

    /// What the MCU's UART is set to at the time reached.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn mcu_line_settings(&self, module: ModuleId) -> Result<LineSettings, Error> {
        self.slot(module).map(|s| s.module.mcu_line_settings())
    }

    /// The level of the module's RTS at the time reached: high asks the MCU to stop. A driver comes back by itself
    /// when it changes ([`World::next_event`]); [`World::pin_read`] has the time of each change.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn module_rts(&self, module: ModuleId) -> Result<bool, Error> {
        self.slot(module).map(|s| s.module.rts())
    }

    /// When a line of the console or of the timeline has taken effect last; the start when none has.
    pub fn changed_at(&self) -> Instant {
        self.recorder.changed()
    }

    /// Counters of a module.
    ///
    /// # Errors
    /// [`Error::NoSuchModule`].
    pub fn statistics(&self, module: ModuleId) -> Result<Statistics, Error> {
        self.slot(module).map(Slot::statistics)
    }

    fn slot(&self, module: ModuleId) -> Result<&Slot, Error> {
        self.slots.get(module.0 as usize).ok_or(Error::NoSuchModule)
    }

    fn slot_mut(&mut self, module: ModuleId) -> Result<&mut Slot, Error> {
        self.slots.get_mut(module.0 as usize).ok_or(Error::NoSuchModule)
    }

    fn attached(&self, module: ModuleId) -> Result<&Slot, Error> {
        let slot = self.slot(module)?;
        match slot.attachment {
            Some(_) => Ok(slot),
            None => Err(Error::NotAttached(slot.module.name().to_owned())),
        }
    }
}
