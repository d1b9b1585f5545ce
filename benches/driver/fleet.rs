//! Many modules in one world: what benchmarks drive side by side.

use espat_sim::time::Instant;
use espat_sim::world::{Attachment, ModuleId, Recording, Scenario, World};

/// How far one module may be ahead of the slowest, ns.
pub const QUANTUM: u64 = 100_000;
/// Most modules at one access point.
const AT_ONE: usize = 50;

/// The scenario of so many modules, `m0` and so on, fifty at an access point.
pub fn scenario(modules: usize) -> Scenario {
    let mut text = "timing = \"fast\"\n".to_owned();
    for ap in 0..modules.div_ceil(AT_ONE) {
        text.push_str(&format!(
            "[ap.a{ap}]\nssid = \"net{ap}\"\npassword = \"correct horse\"\nsubnet = \"10.{}.{}.0/24\"\n",
            ap / 256,
            ap % 256
        ));
    }
    for module in 0..modules {
        text.push_str(&format!("[module.m{module}]\n"));
    }
    Scenario::parse("fleet.toml", &text).unwrap_or_else(|e| panic!("{e}"))
}

/// Modules with a driver each, all at the same instant.
pub struct Fleet {
    pub world: World,
    pub modules: Vec<ModuleId>,
    pub now: u64,
}

impl Fleet {
    /// A world of so many modules, just powered.
    pub fn new(modules: usize) -> Fleet {
        let mut world = World::new(&scenario(modules), Some(1), Recording::default()).expect("a world");
        let names = (0..modules).map(|module| format!("m{module}"));
        let modules = names.map(|name| world.attach(&name, Attachment::default()).expect("attach")).collect();
        Fleet { world, modules, now: 0 }
    }

    /// The same, when each has joined its access point.
    pub fn joined(modules: usize) -> Fleet {
        let mut fleet = Fleet::new(modules);
        fleet.pass(1_000_000_000);
        fleet.ask(|_| "ATE0\r\nAT+CWMODE=1\r\n".to_owned(), 50_000_000);
        let join = |module| format!("AT+CWJAP=\"net{}\",\"correct horse\"\r\n", module / AT_ONE);
        fleet.ask(join, 8_000_000_000);
        for (module, id) in fleet.modules.iter().enumerate() {
            let state = fleet.world.module_state(*id).expect("state");
            assert!(state.ipv4.is_some(), "module m{module} is {state} after its time to join");
        }
        fleet
    }

    /// Every MCU stores a line of its own; then so much time passes, and what came is thrown away.
    pub fn ask(&mut self, line: impl Fn(usize) -> String, ns: u64) {
        for (module, id) in self.modules.iter().enumerate() {
            self.world.uart_write_block(*id, self.now, line(module).as_bytes()).expect("uart_write_block");
        }
        self.pass(ns);
    }

    /// Every module goes one quantum on.
    pub fn quantum(&mut self) {
        self.now += QUANTUM;
        for id in &self.modules {
            self.world.advance(*id, self.now).expect("advance");
        }
    }

    /// So much time passes for all; what came is thrown away.
    pub fn pass(&mut self, ns: u64) {
        self.now += ns;
        self.world.advance_all(Instant::from_nanos(self.now)).expect("advance_all");
        for id in &self.modules {
            while self.world.uart_read(*id).expect("uart_read").is_some() {}
        }
    }
}
