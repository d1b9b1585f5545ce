//! A module that joins the softAP of another one: the scan sees it, its password counts, it lets in as many as it takes,
//! gives them addresses, and both sides are told what happens.

use espat_sim::time::Instant;
use espat_sim::world::{Attachment, ModuleId, Recording, Scenario, World, replay};

const MS: u64 = 1_000_000;
const LOOKAHEAD: u64 = 100_000;

const SCENARIO: &str = r#"
    timing = "fast"
    [module.base]
    [module.first]
    [module.second]
    [ap.home]
    ssid = "espat-sim"
    password = "correct horse"
"#;

const BASE: usize = 0;
const FIRST: usize = 1;
const SECOND: usize = 2;

struct Bench {
    world: World,
    modules: Vec<ModuleId>,
    came: Vec<String>,
    now: u64,
    at_once: bool,
}

impl Bench {
    fn new(at_once: bool) -> Bench {
        let scenario = Scenario::parse("softap.toml", SCENARIO).unwrap_or_else(|e| panic!("{e}"));
        let recording = Recording { capture: true, log: true, ..Recording::default() };
        let mut world = World::new(&scenario, Some(1), recording).expect("a world");
        let attach = |name| world.attach(name, Attachment::default()).expect("attach");
        let modules = ["base", "first", "second"].map(attach).to_vec();
        let mut bench = Bench { world, modules, came: vec![String::new(); 3], now: 0, at_once };
        bench.pass(1_000);
        (0..3).for_each(|n| drop(bench.ask(n, "ATE0\r\n")));
        bench
    }

    /// So many milliseconds pass.
    fn pass(&mut self, ms: u64) {
        let to = self.now + ms * MS;
        while self.now < to {
            if self.at_once {
                self.now = to;
                self.world.advance_all(Instant::from_nanos(to)).expect("advance_all");
            } else {
                self.now = (self.now + LOOKAHEAD).min(to);
                for module in &self.modules {
                    self.world.advance(*module, self.now).expect("advance");
                }
            }
        }
        for (module, came) in self.modules.iter().zip(&mut self.came) {
            while let Some(byte) = self.world.uart_read(*module).expect("uart_read") {
                came.push(char::from(byte.byte));
            }
        }
    }

    /// Stores a line, waits, and gives back what came of it.
    fn ask_for(&mut self, module: usize, line: &str, ms: u64) -> String {
        self.came[module].clear();
        self.world
            .uart_write_block(self.modules[module], self.now, line.as_bytes())
            .expect("uart_write_block");
        self.pass(ms);
        self.came[module].clone()
    }

    fn ask(&mut self, module: usize, line: &str) -> String {
        self.ask_for(module, line, 200)
    }

    /// `base` is on the air as `bench`, for so many stations.
    fn open(&mut self, stations: u8) {
        assert_eq!(self.ask(BASE, "AT+CWMODE=2\r\n"), "\r\nOK\r\n");
        let set = self.ask(BASE, &format!("AT+CWSAP=\"bench\",\"12345678\",5,3,{stations}\r\n"));
        assert_eq!(set, "\r\nOK\r\n");
    }

    fn join(&mut self, module: usize, password: &str) -> String {
        assert_eq!(self.ask(module, "AT+CWMODE=1\r\n"), "\r\nOK\r\n");
        self.ask_for(module, &format!("AT+CWJAP=\"bench\",\"{password}\"\r\n"), 15_000)
    }
}

const JOINED: &str = "WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n";

#[test]
fn a_station_sees_joins_talks_and_leaves_and_both_sides_are_told() {
    let run = |at_once| {
        let mut bench = Bench::new(at_once);
        bench.ask(FIRST, "AT+CWMODE=1\r\n");
        let scan = bench.ask_for(FIRST, "AT+CWLAP\r\n", 4_000);
        assert!(scan.contains("\"espat-sim\"") && !scan.contains("\"bench\""), "before it is on: {scan}");
        bench.open(4);
        let scan = bench.ask_for(FIRST, "AT+CWLAP\r\n", 4_000);
        assert!(scan.contains("+CWLAP:(3,\"bench\",-40,\""), "{scan}");
        let wrong = bench.join(FIRST, "87654321");
        assert!(wrong.contains("+CWJAP:2\r\n"), "a wrong password: {wrong}");
        assert_eq!(bench.came[BASE], "\r\nOK\r\n", "who knows no password is no station");
        bench.came[BASE].clear();
        assert_eq!(bench.join(FIRST, "12345678"), JOINED);
        let told = bench.came[BASE].clone();
        assert!(told.contains("+STA_CONNECTED:\"") && told.contains("+DIST_STA_IP:\""), "{told}");
        assert!(told.contains("\"192.168.4.2\""), "{told}");
        assert!(bench.ask(BASE, "AT+CWLIF\r\n").contains("+CWLIF:192.168.4.2,"), "{}", bench.came[BASE]);

        bench.ask(BASE, "AT+CIPMUX=1\r\n");
        bench.ask(BASE, "AT+CIPSERVER=1,333\r\n");
        let dialled = bench.ask_for(FIRST, "AT+CIPSTART=\"TCP\",\"192.168.4.1\",333\r\n", 1_000);
        assert!(dialled.starts_with("CONNECT\r\n"), "{dialled}");
        bench.ask(FIRST, "AT+CIPSEND=5\r\n");
        bench.ask(FIRST, "hello");
        assert!(
            bench.came[BASE].ends_with("0,CONNECT\r\n\r\n+IPD,0,5:hello\r\n")
                || bench.came[BASE].contains("+IPD,0,5:hello"),
            "{}",
            bench.came[BASE]
        );
        bench.came[FIRST].clear();
        bench.ask(BASE, "AT+CIPSEND=0,3\r\n");
        bench.ask(BASE, "abc");
        assert!(bench.came[FIRST].contains("+IPD,3:abc"), "{}", bench.came[FIRST]);

        bench.came[BASE].clear();
        bench.ask(FIRST, "AT+CWQAP\r\n");
        assert!(bench.came[BASE].contains("+STA_DISCONNECTED:\""), "{}", bench.came[BASE]);
        bench.world.finish();
        let log = String::from_utf8(bench.world.take_log()).expect("a log is text");
        (bench.world.digest(), bench.world.take_capture(), log)
    };
    let (stepped, at_once) = (run(false), run(true));
    assert_eq!(at_once.0, stepped.0, "all modules at once, and in steps");
    for (digest, capture, log) in [stepped, at_once] {
        let recording = Recording { capture: true, ..Recording::default() };
        let mut replayed = replay(&log, recording).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(replayed.world.digest(), digest, "the replay's digest");
        assert!(replayed.world.take_capture() == capture, "the replay's capture");
    }
}

#[test]
fn who_finds_no_room_is_refused_and_who_is_sent_away_or_loses_the_softap_is_told() {
    let mut bench = Bench::new(true);
    bench.open(1);
    assert_eq!(bench.join(FIRST, "12345678"), JOINED);
    let refused = bench.join(SECOND, "12345678");
    assert!(refused.contains("+CWJAP:4\r\n"), "there is room for one: {refused}");
    bench.came[FIRST].clear();
    bench.ask(BASE, "AT+CWQIF\r\n");
    assert!(bench.came[FIRST].starts_with("WIFI DISCONNECT\r\n"), "sent away: {:?}", bench.came[FIRST]);
    assert_eq!(bench.join(SECOND, "12345678"), JOINED, "room again");
    bench.came[SECOND].clear();
    assert_eq!(bench.ask(BASE, "AT+CWMODE=1\r\n").matches("OK").count(), 1);
    bench.pass(1_000);
    assert!(
        bench.came[SECOND].starts_with("WIFI DISCONNECT\r\n"),
        "the softAP is gone: {:?}",
        bench.came[SECOND]
    );
    let scan = bench.ask_for(FIRST, "AT+CWLAP\r\n", 4_000);
    assert!(!scan.contains("\"bench\""), "{scan}");
}
