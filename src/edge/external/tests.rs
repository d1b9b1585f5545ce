//! Programs that never stop sending, and one that is slow to reach. A host of the simulation dials them.

use std::net::TcpListener;
use std::sync::{Condvar, Mutex};

use super::*;
use crate::world::{Attachment, ModuleId, Recording};

const MS: u64 = 1_000_000;

/// A world whose host `pc` has dialled the host `outside`, behind which a program is.
struct Bench {
    world: World,
    module: ModuleId,
    now: u64,
    external: External,
}

impl Bench {
    fn new(port: u16, external: External) -> Bench {
        let text = format!(
            "[ap.home]\nssid = \"espat-sim\"\n\
             [host.pc]\naddress = \"192.168.1.20\"\ntcp-terminal = 23\n\
             [host.outside]\naddress = \"203.0.113.30\"\nexternal = {{ \"7000\" = \"127.0.0.1:{port}\" }}\n"
        );
        let scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
        let recording = Recording { external: true, observations: true, ..Recording::default() };
        let mut world = World::new(&scenario, Some(1), recording).unwrap_or_else(|e| panic!("{e}"));
        let module = world.attach("wifi", Attachment::default()).expect("attach");
        let mut bench = Bench { world, module, now: 0, external };
        bench.console("host pc connect 203.0.113.30 7000");
        bench
    }

    fn console(&mut self, line: &str) {
        self.world.console(line).unwrap_or_else(|e| panic!("console '{line}': {e}"));
    }

    /// Lets so many milliseconds pass, and carries after each.
    fn go(&mut self, ms: u64) {
        for _ in 0..ms {
            self.now += MS;
            self.world.advance(self.module, self.now).expect("advance");
            self.external.carry(&mut self.world);
        }
    }

    /// What was observed of connections to `outside`, and of the ends of those of `pc`, since the last call.
    fn seen(&mut self) -> Vec<String> {
        let all = self.world.take_observations().into_iter();
        let ends = |text: &str| text.contains(" bytes, ") && text.contains("closed");
        let of_them = all.filter(|o| o.kind() == "external" || o.subject == "pc" && ends(&o.text()));
        of_them.map(|o| o.text()).collect()
    }

    fn room(&self) -> usize {
        self.world.external_room("outside", 7000, 1)
    }
}

/// A program that sends `most` bytes to its one client and closes, or sends until that is gone.
fn sender(most: Option<usize>) -> (u16, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let thread = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut sent = 0;
        while most.is_none_or(|most| sent < most) {
            let piece = [b'x'; 5000];
            if client.write_all(&piece).is_err() {
                break;
            }
            sent += piece.len();
        }
        sent
    });
    (port, thread)
}

#[test]
fn a_program_that_never_stops_sending_does_not_stop_time_and_waits_for_a_slow_reader() {
    let (port, program) = sender(None);
    let mut bench = Bench::new(port, External::default());
    bench.console("host pc pause");
    bench.go(500);
    assert_eq!(bench.room(), 0, "the world takes more than a connection may hold");
    let more = bench.world.external("outside", 7000, 1, ExternalInput::Data(vec![b'x']));
    assert!(more.is_err_and(|e| e.to_string().contains("no room for 1 bytes more on connection 1")));
    bench.console("host pc resume");
    // Time goes on, whatever comes.
    bench.go(500);
    bench.console("host pc reset");
    bench.go(10);
    assert!(!bench.external.is_open(), "the program's socket is kept");
    drop(bench);
    assert!(program.join().expect("the program") > 65_536);
}

#[test]
fn a_program_that_had_to_wait_has_lost_nothing() {
    const LENGTH: usize = 400_000;
    let (port, program) = sender(Some(LENGTH));
    let mut bench = Bench::new(port, External::default());
    bench.console("host pc pause");
    bench.go(100);
    assert_eq!(bench.room(), 0);
    bench.console("host pc resume");
    bench.go(3_000);
    assert_eq!(program.join().expect("the program"), LENGTH);
    let seen = bench.seen();
    let whole = format!("closed after {LENGTH} bytes");
    assert!(seen.iter().any(|line| line.contains(&whole)), "bytes are lost: {seen:?}");
}

/// Whether the way to the program is open, and whether it was taken.
static GATE: Mutex<(bool, bool)> = Mutex::new((false, false));
static MOVED: Condvar = Condvar::new();

/// Connects once the gate is open. Gives up by itself, so that a test can fail.
fn through_the_gate(to: &str) -> Result<Socket, String> {
    let gate = GATE.lock().expect("the gate");
    let (mut gate, late) = MOVED.wait_timeout_while(gate, PATIENCE, |(open, _)| !*open).expect("the gate");
    let socket = if late.timed_out() { Err("the gate stayed shut".to_owned()) } else { connect(to) };
    gate.1 = true;
    MOVED.notify_all();
    socket
}

#[test]
fn the_world_is_free_while_a_program_is_being_reached() {
    let (port, _program) = sender(Some(5000));
    let hurrying = External { dial: through_the_gate, ..External::hurrying() };
    let mut bench = Bench::new(port, hurrying);
    bench.go(1_000);
    let (_, tried) = *GATE.lock().expect("the gate");
    assert!(!tried, "time has stood still until the program was reached, or was not");
    assert!(bench.external.is_open(), "nobody looks for the program");
    assert_eq!(bench.seen(), [""; 0]);
    GATE.lock().expect("the gate").0 = true;
    MOVED.notify_all();
    drop(MOVED.wait_while(GATE.lock().expect("the gate"), |(_, taken)| !*taken).expect("the gate"));
    for _ in 0..10_000 {
        bench.go(1);
        std::thread::yield_now();
        let seen = bench.seen();
        if !seen.is_empty() {
            assert!(seen[0].starts_with("connection from 192.168.1.20:"), "{seen:?}");
            return;
        }
    }
    panic!("the program was reached, and nobody is told");
}
