//! Modules that talk to each other: how their drivers take turns changes nothing, up to the nanosecond at which one may
//! go no further; and the log of such a run replays.

use espat_sim::uart::McuLoss;
use espat_sim::world::{Attachment, Error, ModuleId, Pin, Recording, Scenario, World, drive, replay};

const MS: u64 = 1_000_000;
/// How far one module may be ahead of the slowest, ns.
const LOOKAHEAD: u64 = 100_000;

/// One module, its host, and what has come.
struct Driven {
    id: ModuleId,
    now: u64,
    received: Vec<u8>,
}

struct Modules {
    world: World,
    each: Vec<Driven>,
}

/// How the drivers take turns.
#[derive(Clone, Copy, Debug)]
enum Turns {
    /// Side by side, in steps of so many ns.
    Steps(u64),
    /// The first goes as far ahead as it may, to the nanosecond; then the others go as far beyond it.
    Edge,
    /// The same, the last one first.
    EdgeBackwards,
    /// Each from event to event, whoever is furthest behind.
    Events,
}

impl Modules {
    fn new(scenario: &str) -> Modules {
        let scenario = Scenario::parse("several.toml", scenario).unwrap_or_else(|e| panic!("{e}"));
        let recording = Recording { capture: true, log: true, ..Recording::default() };
        let mut world = World::new(&scenario, Some(1), recording).expect("a world");
        let names: Vec<String> = world.module_names().into_iter().map(str::to_owned).collect();
        let attach = |name: String| {
            let id = world.attach(&name, Attachment::default()).expect("attach");
            Driven { id, now: 0, received: Vec::new() }
        };
        let each = names.into_iter().map(attach).collect();
        Modules { world, each }
    }

    fn read(&mut self, index: usize) {
        let driven = &mut self.each[index];
        driven.now = self.world.reached(driven.id).expect("reached");
        while let Some(byte) = self.world.uart_read(driven.id).expect("uart_read") {
            driven.received.push(byte.byte);
        }
    }

    fn advance(&mut self, index: usize, to: u64) {
        self.world.advance(self.each[index].id, to).expect("advance");
        self.read(index);
    }

    /// How far this one may go.
    fn edge(&self, index: usize) -> u64 {
        let others = self.each.iter().enumerate().filter(|(other, _)| *other != index);
        others.map(|(_, driven)| driven.now).min().expect("several modules") + LOOKAHEAD
    }

    /// Lets time pass for all.
    fn go(&mut self, end: u64, turns: Turns) {
        while self.each.iter().any(|driven| driven.now < end) {
            let slowest = self.each.iter().map(|driven| driven.now).min().expect("several modules");
            match turns {
                Turns::Steps(ns) => {
                    (0..self.each.len()).for_each(|i| self.advance(i, (slowest + ns).min(end)))
                }
                Turns::Edge => (0..self.each.len()).for_each(|i| self.go_to_the_edge(i, end)),
                Turns::EdgeBackwards => (0..self.each.len()).rev().for_each(|i| self.go_to_the_edge(i, end)),
                Turns::Events => {
                    let index =
                        self.each.iter().position(|driven| driven.now == slowest).expect("the slowest");
                    let limit = self.edge(index).min(end);
                    drive::step(&mut self.world, self.each[index].id, limit).expect("drive::step");
                    self.read(index);
                }
            }
        }
    }

    /// As far as this one may go, and not a nanosecond further.
    fn go_to_the_edge(&mut self, index: usize, end: u64) {
        let edge = self.edge(index);
        if edge >= end {
            return self.advance(index, end.max(self.each[index].now));
        }
        self.advance(index, edge);
        match self.world.advance(self.each[index].id, edge + 1) {
            Err(Error::TooFarAhead { limit, .. }) => {
                assert_eq!(limit, Some(edge), "another edge than the lookahead's")
            }
            other => panic!("one nanosecond beyond the edge: {other:?}"),
        }
    }

    /// What the hosts do: at a time in ms, a module's host stores these bytes.
    fn play(&mut self, script: &[(u64, usize, &str)], turns: Turns) {
        for &(at, index, text) in script {
            self.go(at * MS, turns);
            for byte in text.bytes() {
                self.world.uart_write(self.each[index].id, at * MS, byte).expect("uart_write");
            }
        }
    }

    fn received(&self, index: usize) -> String {
        self.each[index].received.escape_ascii().to_string()
    }

    /// Ends the run; its digest, capture and log.
    fn finish(mut self) -> (u64, Vec<u8>, String) {
        self.world.finish();
        let log = String::from_utf8(self.world.take_log()).expect("a log is text");
        (self.world.digest(), self.world.take_capture(), log)
    }
}

#[track_caller]
fn assert_replays((digest, capture, log): &(u64, Vec<u8>, String)) {
    let recording = Recording { capture: true, ..Recording::default() };
    let mut replayed = replay(log, recording).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.world.digest(), *digest, "the replay's digest");
    assert_eq!(replayed.is_same(), Some(true));
    assert!(replayed.world.take_capture() == *capture, "the replay's capture");
}

/// A run has one digest, one capture and one log that replays, and says the same of its rules, however the drivers take
/// turns.
#[track_caller]
fn assert_is_the_same_however_they_take_turns(run: impl Fn(Turns) -> ((u64, Vec<u8>, String), String)) {
    let (first, rules) = run(Turns::Steps(50_000));
    for turns in [Turns::Steps(33_333), Turns::Edge, Turns::EdgeBackwards, Turns::Events] {
        let (other, others_rules) = run(turns);
        assert_eq!(others_rules, rules, "{turns:?}: other causes");
        assert_eq!(other.0, first.0, "{turns:?}: another digest");
        assert!(other.1 == first.1, "{turns:?}: another capture");
        assert_replays(&other);
    }
    assert_replays(&first);
}

/// What happens in one module's domain, or in the network, brings about something in others; rules hold from the start and
/// from the middle of the run.
#[test]
fn what_rules_bring_about_is_the_same_however_the_drivers_take_turns() {
    const SCENARIO: &str = r#"
        timing = "fast"
        timeline = [
            'when each left reply "+IPD" do pin right wake low',
            'after each right change "wake" 1ms do link left latency 5ms',
            'when left link accepted then right reply "SEND OK" do link right latency 4ms',
            'when each pc tcp-terminal received do host pc send "pong"',
            'when pc change send do pin left gpio0 high',
            'after left link closed 200us do wire right to-mcu break 1ms',
            'every 700us from 10s until 10100ms do pin left wake high',
            'at 9s when each right command do pin left wake low',
        ]
        [module.left]
        [module.right]
        [link.left]
        latency = "2 ms"
        jitter = "500 us"
        [link.right]
        latency = "100 us"
        [ap.home]
        ssid = "espat-sim"
        password = "correct horse"
        [host.pc]
        address = "192.168.1.20"
        tcp-terminal = 23
    "#;
    const LEFT: usize = 0;
    const RIGHT: usize = 1;
    let join = "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n";
    let before = [
        (1000, LEFT, "ATE0\r\nAT+CWMODE=1\r\n"),
        (1000, RIGHT, "ATE0\r\nAT+CWMODE=1\r\n"),
        (1200, LEFT, join),
        (4000, RIGHT, join),
        (7000, LEFT, "AT+CIPMUX=1\r\nAT+CIPSERVER=1,8080\r\n"),
        (7000, RIGHT, "AT+CIPMUX=1\r\n"),
        (8000, RIGHT, "AT+CIPSTART=0,\"TCP\",\"192.168.1.100\",8080\r\n"),
        (8500, RIGHT, "AT+CIPSTART=1,\"TCP\",\"192.168.1.20\",23\r\n"),
    ];
    let after = [
        (10_000, RIGHT, "AT+CIPSEND=0,5\r\n"),
        (10_000, LEFT, "AT+CIPSEND=0,5\r\n"),
        (10_100, RIGHT, "right"),
        (10_100, LEFT, "left!"),
        (11_000, RIGHT, "AT+CIPSEND=1,4\r\n"),
        (11_100, RIGHT, "ping"),
        (12_000, RIGHT, "AT+CIPCLOSE=0\r\n"),
    ];
    let run = |turns: Turns| {
        let mut modules = Modules::new(SCENARIO);
        modules.play(&before, turns);
        modules.go(9_500 * MS, turns);
        // Typed while one may be ahead of the other: it holds from where the first has come to.
        modules.advance(RIGHT, 9_500 * MS + 70_000);
        let answer =
            modules.world.console("when each left command do host pc send \"typed\"").expect("console");
        assert!(answer.starts_with("9.500070 s: "), "{answer}");
        modules.advance(LEFT, 9_500 * MS + 70_000);
        modules.play(&after, turns);
        modules.go(13_000 * MS, turns);
        let rules = modules.world.console("timeline").expect("console");
        assert!(!rules.contains("open: "), "{turns:?}: not all of them have come true:\n{rules}");
        assert!(modules.received(RIGHT).contains("+IPD,1,4:pong"), "{turns:?}: {}", modules.received(RIGHT));
        (modules.finish(), rules)
    };
    assert_is_the_same_however_they_take_turns(run);
}

/// Both MCUs lose a byte at one instant, and each may be told first: one instant has one order.
#[test]
fn what_happens_to_several_modules_at_one_instant_counts_in_the_order_of_their_names() {
    const SCENARIO: &str = "timeline = ['when left uart lost then right uart lost do pin left wake low']\n\
                            [module.left]\n[module.right]\n";
    let run = |order: [usize; 2]| {
        let mut modules = Modules::new(SCENARIO);
        modules.go(2000 * MS, Turns::Steps(LOOKAHEAD));
        for index in order {
            let id = modules.each[index].id;
            modules.world.mcu_overrun(id, 2000 * MS, b'x', McuLoss::Full).expect("mcu_overrun");
        }
        modules.go(2001 * MS, Turns::Steps(LOOKAHEAD));
        let rules = modules.world.console("timeline").expect("console");
        assert!(rules.starts_with("done, once, at 2.000000 s"), "{order:?}: {rules}");
        modules.finish()
    };
    let (first, other) = (run([0, 1]), run([1, 0]));
    assert_eq!(first.0, other.0, "another digest");
    assert_replays(&first);
    assert_replays(&other);
}

/// One module's driver has gone as far ahead as it may, and does something there, when the cause is known.
#[test]
fn what_is_brought_about_is_in_front_of_no_driver() {
    const SCENARIO: &str = "timeline = ['when left uart lost do pin right wake low']\n\
                            [module.left]\n[module.right]\n";
    const CAUSE: u64 = 2000 * MS;
    let run = |left_first| {
        let mut modules = Modules::new(SCENARIO);
        modules.go(CAUSE, Turns::Steps(LOOKAHEAD));
        let [left, right] = [0, 1].map(|index: usize| modules.each[index].id);
        modules.world.mcu_overrun(left, CAUSE, b'x', McuLoss::Full).expect("mcu_overrun");
        if left_first {
            modules.advance(0, CAUSE + 1);
        }
        modules.world.set_pin(right, CAUSE + LOOKAHEAD, Pin::Wake, true).expect("set_pin");
        modules.advance(1, CAUSE + LOOKAHEAD);
        modules.go(CAUSE + 10 * LOOKAHEAD, Turns::Steps(LOOKAHEAD));
        modules.finish()
    };
    assert_eq!(run(true).0, run(false).0, "another digest");
}

/// One is the server of the other, and datagrams go both ways; on its way a frame is lost here and there.
#[test]
fn two_modules_that_talk_to_each_other_say_the_same_however_their_drivers_take_turns() {
    const SCENARIO: &str = r#"
        timing = "fast"
        [module.left]
        [module.right]
        [link.left]
        latency = "2 ms"
        jitter = "500 us"
        [link.right]
        latency = "1 ms"
        loss = "3 %"
        [ap.home]
        ssid = "espat-sim"
        password = "correct horse"
    "#;
    const LEFT: usize = 0;
    const RIGHT: usize = 1;
    let join = "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n";
    let data = "x".repeat(2000);
    let script = [
        (1000, LEFT, "ATE0\r\n"),
        (1000, RIGHT, "ATE0\r\n"),
        (1100, RIGHT, "AT+CWMODE=1\r\n"),
        (1100, LEFT, "AT+CWMODE=1\r\n"),
        (1200, LEFT, join),
        (4000, RIGHT, join),
        (7000, LEFT, "AT+CIPMUX=1\r\n"),
        (7000, RIGHT, "AT+CIPMUX=1\r\n"),
        (7100, LEFT, "AT+CIPSERVER=1,8080\r\n"),
        (7200, LEFT, "AT+CIPSTART=4,\"UDP\",\"192.168.1.101\",6000,5000\r\n"),
        (7200, RIGHT, "AT+CIPSTART=3,\"UDP\",\"192.168.1.100\",5000,6000\r\n"),
        (8000, RIGHT, "AT+CIPSTART=0,\"TCP\",\"192.168.1.100\",8080\r\n"),
        // Both send in the same instant, on both kinds of links.
        (10_000, RIGHT, "AT+CIPSEND=0,2000\r\n"),
        (10_000, LEFT, "AT+CIPSEND=0,12\r\n"),
        (10_100, RIGHT, &data),
        (10_100, LEFT, "over the top"),
        (12_000, LEFT, "AT+CIPSEND=4,8\r\n"),
        (12_000, RIGHT, "AT+CIPSEND=3,8\r\n"),
        (12_100, LEFT, "datagram"),
        (12_100, RIGHT, "datagram"),
        (13_000, LEFT, "AT+CIPSERVER=0,1\r\n"),
    ];
    let run = |turns: Turns| {
        let mut modules = Modules::new(SCENARIO);
        modules.play(&script, turns);
        modules.go(14_000 * MS, turns);
        let (left, right) = (modules.received(LEFT), modules.received(RIGHT));
        assert!(left.contains("0,CONNECT\\r\\n") && left.contains("+IPD,0,"), "{turns:?}: {left}");
        assert_eq!(left.matches('x').count(), 2000, "{turns:?}: {left}");
        assert!(right.contains("+IPD,0,12:over the top"), "{turns:?}: {right}");
        assert!(right.contains("0,CLOSED\\r\\n"), "{turns:?}: {right}");
        (modules.finish(), String::new())
    };
    assert_is_the_same_however_they_take_turns(run);
}

/// A log as format 2 had it: bytes in hex, one tick a line, and clocks side by side. It is never written anew.
#[test]
fn a_log_of_format_2_replays_as_its_log_in_the_format_of_today_does() {
    let old = include_str!("../logs/format-2.espat-log");
    assert!(old.starts_with("espat-sim input log 2\n"), "it is to stay in format 2");
    let recording = Recording { capture: true, log: true, ..Recording::default() };
    let mut replayed = replay(old, recording).unwrap_or_else(|e| panic!("{e}"));
    let now = String::from_utf8(replayed.world.take_log()).expect("a log is text");
    assert!(!now.starts_with("espat-sim input log 2\n") && now.len() < old.len(), "{now}");
    assert_replays(&(replayed.world.digest(), replayed.world.take_capture(), now));
}

/// Four of them, and a thousand in `make soak`.
#[test]
#[allow(clippy::disallowed_methods)] // asks how many there shall be
fn each_of_many_modules_gets_its_own_and_the_log_of_all_replays() {
    let count = if std::env::var_os("ESPAT_SOAK").is_some() { 1000 } else { 4 };
    let modules: String = (0..count).map(|n| format!("[module.m{n:04}]\n")).collect();
    let scenario = format!(
        "timing = \"fast\"\n{modules}\
         [ap.home]\nssid = \"espat-sim\"\npassword = \"correct horse\"\nsubnet = \"10.0.0.0/16\"\n\
         dhcp-range = [\"10.0.1.0\", \"10.0.15.255\"]\n\
         [host.www]\naddress = \"203.0.113.10\"\ntcp-echo = 7\n\
         connections = {count}\nbacklog = {count}\n"
    );
    let mut modules = Modules::new(&scenario);
    let said: Vec<String> = (0..count).map(|n| format!("{n:04}")).collect();
    let mut script: Vec<(u64, usize, &str)> = Vec::new();
    for (at, line) in [
        (1000, "ATE0\r\n"),
        (1100, "AT+CWMODE=1\r\n"),
        (1200, "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n"),
        (12_000, "AT+CIPSTART=\"TCP\",\"203.0.113.10\",7\r\n"),
        (14_000, "AT+CIPSEND=4\r\n"),
    ] {
        script.extend((0..count).map(|n| (at, n, line)));
    }
    script.extend((0..count).map(|n| (14_500, n, said[n].as_str())));
    modules.play(&script, Turns::Steps(LOOKAHEAD));
    modules.go(16_000 * MS, Turns::Steps(LOOKAHEAD));
    for (n, said) in said.iter().enumerate() {
        let came = modules.received(n);
        assert!(came.ends_with(&format!("\\r\\n+IPD,4:{said}\\r\\n")), "module {n}: {came}");
    }
    assert_replays(&modules.finish());
}
