//! Worlds with many modules: all moved at once, driven from several threads, left alone for a day, and joined by others
//! that are none of their business. `make soak` runs the large numbers.

use std::sync::{Mutex, PoisonError};

use espat_sim::time::Instant;
use espat_sim::world::{Attachment, Error, ModuleId, Recording, Scenario, World, replay};

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
/// How far one module may be ahead of the slowest, ns.
const LOOKAHEAD: u64 = 100_000;

/// Modules with a driver each, and what came from each.
struct Fleet {
    world: World,
    modules: Vec<ModuleId>,
    received: Vec<Vec<u8>>,
    now: u64,
    /// Moved all at once, or in steps of the lookahead.
    at_once: bool,
}

impl Fleet {
    fn new(scenario: &str, recording: Recording) -> Fleet {
        let scenario = Scenario::parse("many.toml", scenario).unwrap_or_else(|e| panic!("{e}"));
        let mut world = World::new(&scenario, Some(1), recording).expect("a world");
        let names: Vec<String> = world.module_names().into_iter().map(str::to_owned).collect();
        let attach = |name: String| world.attach(&name, Attachment::default()).expect("attach");
        let modules: Vec<ModuleId> = names.into_iter().map(attach).collect();
        let received = vec![Vec::new(); modules.len()];
        Fleet { world, modules, received, now: 0, at_once: true }
    }

    /// Time passes for all, to this instant.
    fn go(&mut self, to: u64) {
        if self.at_once {
            self.world.advance_all(Instant::from_nanos(to)).expect("advance_all");
            self.now = to;
        }
        while self.now < to {
            self.now = (self.now + LOOKAHEAD).min(to);
            for module in &self.modules {
                self.world.advance(*module, self.now).expect("advance");
            }
        }
        for (module, received) in self.modules.iter().zip(&mut self.received) {
            while let Some(byte) = self.world.uart_read(*module).expect("uart_read") {
                received.push(byte.byte);
            }
        }
    }

    /// Each host stores a line of its own now, and so much time passes.
    fn ask(&mut self, line: impl Fn(usize) -> String, ns: u64) {
        for (n, module) in self.modules.iter().enumerate() {
            self.world.uart_write_block(*module, self.now, line(n).as_bytes()).expect("uart_write_block");
        }
        self.go(self.now + ns);
    }

    /// All boot and join what `ssid` says.
    fn join(&mut self, ssid: impl Fn(usize) -> String) {
        self.go(SECOND);
        self.ask(|_| "ATE0\r\nAT+CWMODE=1\r\n".to_owned(), 100 * MS);
        self.ask(|n| format!("AT+CWJAP=\"{}\",\"correct horse\"\r\n", ssid(n)), 8 * SECOND);
        for (n, module) in self.modules.iter().enumerate() {
            let state = self.world.module_state(*module).expect("state");
            assert!(state.ipv4.is_some(), "module {n} is {state}: {}", self.received[n].escape_ascii());
        }
    }

    fn finish(&mut self) -> u64 {
        self.world.finish();
        self.world.digest()
    }
}

/// So many modules are at one access point where there are many: each hears every broadcast frame of the others.
const EACH: usize = 10;
/// Most modules that dial one host at the same instant: its backlog.
const DIALLING: usize = 16;

/// So many modules and access points, `each` modules at one, with a host that echoes for every sixteen of them.
fn scenario(modules: usize, each: usize) -> String {
    let modules_text: String = (0..modules).map(|n| format!("[module.m{n:04}]\n")).collect();
    let ap = |n| {
        format!("[ap.a{n}]\nssid = \"net{n}\"\npassword = \"correct horse\"\nsubnet = \"10.{n}.0.0/16\"\n")
    };
    let aps: String = (0..modules.div_ceil(each)).map(ap).collect();
    let host = |n| format!("[host.echo{n}]\naddress = \"203.0.113.{}\"\ntcp-echo = 7\n", n + 1);
    let hosts: String = (0..modules.div_ceil(DIALLING)).map(host).collect();
    format!("timing = \"fast\"\n{modules_text}{aps}{hosts}")
}

/// The address of the host for module `n`.
fn echo(n: usize) -> String {
    format!("203.0.113.{}", n / DIALLING + 1)
}

#[allow(clippy::disallowed_methods)] // asks how much there shall be
fn soaks() -> bool {
    std::env::var_os("ESPAT_SOAK").is_some()
}

#[test]
fn all_modules_at_once_give_what_steps_give_and_the_log_replays() {
    let run = |at_once| {
        let recording = Recording { capture: true, log: true, ..Recording::default() };
        let mut fleet = Fleet::new(&scenario(3, 2), recording);
        fleet.at_once = at_once;
        fleet.join(|n| format!("net{}", n / 2));
        fleet.ask(|n| format!("AT+CIPSTART=\"TCP\",\"{}\",7\r\n", echo(n)), 2 * SECOND);
        fleet.ask(|_| "AT+CIPSEND=5\r\n".to_owned(), 100 * MS + 1);
        fleet.ask(|n| format!("echo{n}"), SECOND);
        let digest = fleet.finish();
        let log = String::from_utf8(fleet.world.take_log()).expect("a log is text");
        (digest, fleet.received, fleet.world.take_capture(), log)
    };
    let (stepped, at_once) = (run(false), run(true));
    assert!(at_once.1[2].ends_with(b"\r\n+IPD,5:echo2\r\n"), "{}", at_once.1[2].escape_ascii());
    assert_eq!(at_once.1, stepped.1, "other bytes");
    assert_eq!(at_once.0, stepped.0, "another digest");
    assert!(at_once.2 == stepped.2, "another capture");
    assert!(
        at_once.3.contains("\n11100000000 * reach\n") || at_once.3.contains(" * reach\n"),
        "{}",
        at_once.3
    );
    for (_, _, capture, log) in [stepped, at_once] {
        let mut replayed = replay(&log, Recording { capture: true, ..Recording::default() })
            .unwrap_or_else(|e| panic!("{e} in\n{log}"));
        assert_eq!(replayed.is_same(), Some(true), "the replay of\n{log}");
        assert!(replayed.world.take_capture() == capture, "the replay's capture");
    }
}

#[test]
fn all_at_once_never_goes_back_and_takes_along_who_has_no_driver() {
    let scenario = Scenario::parse("many.toml", &scenario(3, 3)).unwrap_or_else(|e| panic!("{e}"));
    let mut world = World::new(&scenario, Some(1), Recording::default()).expect("a world");
    let at = Instant::from_nanos;
    world.advance_all(at(SECOND)).expect("nobody has a driver");
    let first = world.attach("m0000", Attachment::default()).expect("attach");
    assert_eq!(world.now(first), Ok(at(SECOND)), "who attaches later is where the others are");
    world.advance(first, SECOND + 5).expect("nobody holds it back");
    let before = world.digest();
    let back = world.advance_all(at(SECOND + 4));
    assert!(matches!(back, Err(Error::TimeBackwards { .. })), "{back:?}");
    assert_eq!(
        (world.now(first), world.digest()),
        (Ok(at(SECOND + 5)), before),
        "a refused call changes nothing"
    );
    world.advance_all(at(2 * SECOND)).expect("forwards");
    let second = world.attach("m0001", Attachment::default()).expect("attach");
    assert_eq!((world.now(first), world.now(second)), (Ok(at(2 * SECOND)), Ok(at(2 * SECOND))));
}

/// A hundred, and a thousand in `make soak`: each renews its lease every hour, and its link is probed every ten minutes.
#[test]
fn modules_that_are_left_alone_for_a_day_keep_their_leases_and_links() {
    const DAY: u64 = 86_400 * SECOND;
    let count = if soaks() { 1000 } else { 100 };
    let mut fleet = Fleet::new(&scenario(count, EACH), Recording::default());
    fleet.join(|n| format!("net{}", n / EACH));
    fleet.ask(|n| format!("AT+CIPSTART=\"TCP\",\"{}\",7,600\r\n", echo(n)), SECOND);
    let sent =
        |fleet: &Fleet, module: ModuleId| fleet.world.statistics(module).expect("statistics").frames_sent;
    let before: Vec<u64> = fleet.modules.iter().map(|module| sent(&fleet, *module)).collect();
    fleet.go(fleet.now + DAY);
    for (n, (module, before)) in fleet.modules.iter().zip(before).enumerate() {
        let state = fleet.world.module_state(*module).expect("state");
        assert!(state.ipv4.is_some(), "module {n} is {state} after a day");
        assert_eq!(fleet.world.links(*module).expect("links").len(), 1, "module {n} has lost its link");
        let sent = sent(&fleet, *module) - before;
        // 143 probes, 23 renewals, and what ARP and the answers to probes need.
        assert!((143 + 23..1_000).contains(&sent), "module {n} sent {sent} frames in a day");
    }
}

/// Three runs, and fifty in `make soak`.
#[test]
fn a_hundred_modules_driven_from_four_threads_have_one_digest() {
    driven_from_four_threads(100, "");
}

/// What one module's line brings about is at another one, whose thread has its own pace.
#[test]
fn what_rules_bring_about_from_four_threads_has_one_digest() {
    const RULES: &str = "timeline = [
        'when each m0000 reply \"SEND OK\" do pin m0001 wake low',
        'when each m0001 change \"wake low\" do pin m0011 wake high',
        'after each m0002 command 3ms do pin m0005 wake low',
        'when m0003 reply \"SEND OK\" then m0004 reply \"SEND OK\" do link m0006 latency 7ms',
        'every 1100us do pin m0007 wake low',
    ]\n";
    assert_ne!(
        driven_from_four_threads(12, RULES),
        driven_from_four_threads(12, ""),
        "the rules change nothing"
    );
}

/// The digest of `count` modules, which is the same from one thread and from four. `first`: the beginning of the scenario.
fn driven_from_four_threads(count: usize, first: &str) -> u64 {
    const THREADS: usize = 4;
    /// Each module says something so often, this long apart, each a little after the one before it.
    const ROUNDS: u64 = 4;
    const APART: u64 = 30 * MS;
    let line = |n: usize, round: u64| format!("AT+CIPSEND=0,8\r\nm{n:03}r{round:03}");
    let ready = || {
        let scenario = format!("{first}{}", scenario(count, EACH));
        let mut fleet = Fleet::new(&scenario, Recording::default());
        fleet.join(|n| format!("net{}", n / EACH));
        fleet.ask(|_| "AT+CIPMUX=1\r\n".to_owned(), 100 * MS);
        fleet.ask(|n| format!("AT+CIPSTART=0,\"TCP\",\"{}\",7\r\n", echo(n)), SECOND);
        fleet
    };
    // When module `n` stores what, from `start` on.
    let script = |n: usize, start: u64| {
        (0..ROUNDS).flat_map(move |round| {
            let at = start + round * APART + n as u64 * 50_000;
            let (ask, data) = ("AT+CIPSEND=0,8\r\n".to_owned(), format!("m{n:03}r{round:03}"));
            [(at, ask), (at + 10 * MS, data)]
        })
    };
    let finish = |mut fleet: Fleet| {
        fleet.now = fleet.world.reached(fleet.modules[0]).expect("reached");
        fleet.go(fleet.now + SECOND);
        for (n, received) in fleet.received.iter().enumerate() {
            let last = line(n, ROUNDS - 1);
            let last = last.rsplit('\n').next().expect("the payload");
            let echoed = format!("+IPD,0,8:{last}");
            let came = received.windows(echoed.len()).any(|w| w == echoed.as_bytes());
            assert!(came, "module {n} never got {echoed}: {}", received.escape_ascii());
        }
        fleet.finish()
    };
    let alone = {
        let mut fleet = ready();
        let start = fleet.now;
        let mut all: Vec<(u64, usize, String)> =
            (0..count).flat_map(|n| script(n, start).map(move |(at, text)| (at, n, text))).collect();
        all.sort();
        for (at, n, text) in all {
            fleet.go(at);
            fleet.world.uart_write_block(fleet.modules[n], at, text.as_bytes()).expect("uart_write_block");
        }
        fleet.go(start + ROUNDS * APART + 10 * MS);
        finish(fleet)
    };
    for run in 0..if soaks() { 50 } else { 3 } {
        let mut fleet = ready();
        let (start, modules) = (fleet.now, fleet.modules.clone());
        let end = start + ROUNDS * APART + 10 * MS;
        let world = Mutex::new(fleet.world);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (world, modules) = (&world, &modules);
                scope.spawn(move || {
                    let own: Vec<usize> = (thread..count).step_by(THREADS).collect();
                    let mut todo: Vec<_> = own.iter().map(|n| script(*n, start).peekable()).collect();
                    let mut at: Vec<u64> = vec![start; own.len()];
                    while at.iter().any(|at| *at < end) {
                        let before = at.clone();
                        // Each goes as far as it may: to its next input, to the end, or to where the slowest lets it.
                        for (place, n) in own.iter().enumerate() {
                            let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
                            let input = todo[place].peek().filter(|(at, _)| *at <= end).cloned();
                            let to = input.as_ref().map_or(end, |(at, _)| *at);
                            match world.advance(modules[*n], to) {
                                Ok(()) => {
                                    at[place] = to;
                                    if let Some((when, text)) = input {
                                        todo[place].next();
                                        let stored =
                                            world.uart_write_block(modules[*n], when, text.as_bytes());
                                        stored.expect("uart_write_block");
                                    }
                                }
                                Err(Error::TooFarAhead { limit: Some(limit), .. }) => {
                                    if limit > at[place] {
                                        world.advance(modules[*n], limit).expect("as far as it may");
                                        at[place] = limit;
                                    }
                                }
                                Err(other) => panic!("module {n} to {to}: {other}"),
                            }
                        }
                        if at == before {
                            std::thread::yield_now();
                        }
                    }
                });
            }
        });
        fleet.world = world.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(finish(fleet), alone, "run {run} of four threads, and one thread alone");
    }
    alone
}

/// What two modules at `home` come to, with what else there is in the world: their digests, and what they are.
fn of_home(additions: &str, others: &[&str]) -> Vec<(u64, String)> {
    const HOME: &str = r#"
        [module.m]
        [module.n]
        [link.m]
        jitter = "1 ms"
        loss = "3 %"
        [ap.home]
        ssid = "net"
        password = "correct horse"
        subnet = "192.168.1.0/24"
        [host.nas]
        address = "192.168.1.10"
        tcp-echo = 7
        udp-echo = 7
        [host.www]
        address = "203.0.113.10"
        names = ["www.example.com"]
        link = { latency = "15 ms", jitter = "3 ms" }
        tcp-echo = 7
    "#;
    let mut fleet = Fleet::new(&format!("{HOME}\n{additions}"), Recording::default());
    let names: Vec<String> = fleet.world.module_names().into_iter().map(str::to_owned).collect();
    let at_home = |n: usize| matches!(names[n].as_str(), "m" | "n");
    assert_eq!(names.len(), 2 + others.len(), "{names:?}");
    fleet.go(2 * SECOND);
    fleet.ask(|_| "ATE0\r\n".to_owned(), 500 * MS);
    fleet.ask(|_| "AT+CWMODE=1\r\n".to_owned(), 500 * MS);
    let ssid = |n| if at_home(n) { "net" } else { "other" };
    fleet.ask(|n| format!("AT+CWJAP=\"{}\",\"correct horse\"\r\n", ssid(n)), 20 * SECOND);
    let dial = |n: usize| if at_home(n) { "www.example.com" } else { "203.0.113.99" };
    fleet.ask(|n| format!("AT+CIPSTART=\"TCP\",\"{}\",7\r\n", dial(n)), 5 * SECOND);
    for _ in 0..10 {
        fleet.ask(|_| "AT+CIPSEND=16\r\n".to_owned(), 300 * MS);
        fleet.ask(|_| "0123456789abcdef".to_owned(), 300 * MS);
    }
    fleet.ask(|_| "AT+CIPCLOSE\r\n".to_owned(), SECOND);
    // Nobody else calls at home: who answers there asks everybody on the LAN for the way back.
    let near = |n: usize| if at_home(n) { "192.168.1.10" } else { "192.168.9.1" };
    fleet.ask(|n| format!("AT+PING=\"{}\"\r\n", near(n)), 5 * SECOND);
    for (n, received) in fleet.received.iter().enumerate() {
        let echoed = received.windows(9).filter(|w| *w == b"+IPD,16:0").count();
        assert!(echoed >= 8, "{} got {echoed} echoes: {}", names[n], received.escape_ascii());
    }
    let own = (0..names.len()).filter(|n| at_home(*n));
    own.map(|n| {
        let state = fleet.world.module_state(fleet.modules[n]).expect("state");
        let digest = fleet.world.module_digest(fleet.modules[n]).expect("digest");
        (digest, format!("{} {:02x?} {state}", names[n], state.mac))
    })
    .collect()
}

/// UART, pins and frames of a module, its MAC, its address and all that is drawn for it are its own: what is added where it
/// neither scans nor hears changes nothing of them, whatever it is called and wherever it stands in the order of names.
#[test]
fn what_is_added_on_another_segment_changes_nothing_of_a_module() {
    const OTHER: &str = "[ap.other]\nssid = \"other\"\npassword = \"correct horse\"\nchannel = 11\n\
                         subnet = \"192.168.9.0/24\"\n[host.far]\naddress = \"203.0.113.99\"\ntcp-echo = 7\n";
    let alone = of_home("", &[]);
    let additions: [(&str, &[&str]); 4] = [
        ("", &[]),
        (
            "[host.aaa]\naddress = \"192.168.9.20\"\ntcp-echo = 7\n[host.zzz]\naddress = \"198.51.100.1\"\n",
            &[],
        ),
        ("[link.aa]\nloss = \"5 %\"\n", &["aa", "mm", "zz"]),
        ("[link.zz]\njitter = \"3 ms\"\n[host.aaa]\naddress = \"192.168.9.20\"\n", &["a", "zz"]),
    ];
    for (more, modules) in additions {
        let modules_text: String = modules.iter().map(|name| format!("[module.{name}]\n")).collect();
        let added = of_home(&format!("{OTHER}{modules_text}{more}"), modules);
        assert_eq!(added, alone, "with the modules {modules:?} and\n{more}");
    }
}
