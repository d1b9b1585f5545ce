//! Real programs as the other end of simulated connections: a bridge between terminals of hosts and real TCP sockets.
//!
//! [`Bridge::to`] makes a terminal the way to a real server: whoever in the simulation connects to it talks to that
//! server. [`Bridge::from`] is the way in: each connection of a real client becomes one that a terminal dials. What the
//! bridge carries are bytes, so TLS, MQTT and HTTP are all the same to it.
//!
//! A real program answers when it likes. So a test with a bridge checks contents, never times or digests, and virtual
//! time waits for the program: once nothing has moved for [`QUIET`] and what the test waits for is not there, the
//! program owes it, and time stands still until something comes from it, for at most [`PATIENCE`] of the wall clock.
//! What a module sends again because no answer came moves nothing: else time would run on for as long as it does so.
//! Nothing sleeps, and nothing is tried again. A host is the end of one bridge.
#![allow(dead_code)] // each test file uses its own part

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::host::{Host, SECOND};
use espat_sim::net::event::{HostEvent, TcpEvent, quoted};
use espat_sim::world::{Event, Observation};

/// Virtual time that goes by after the last byte before a program is waited for: longer than a module computes over a
/// flight of a handshake, shorter than the ten seconds after which it gives up.
const QUIET: u64 = 8 * SECOND;
/// How long a program may take until it is an error, on the wall clock.
const PATIENCE: Duration = Duration::from_secs(60);
/// A program whose end nothing announces is looked at so often while it is waited for.
const PARTS_OF_PATIENCE: u32 = 600;
/// Virtual time after which a wait is given up, whatever moves.
const LIMIT: u64 = 7200 * SECOND;
/// Most bytes that a terminal is told to send in one line.
const PART: usize = 8192;

/// What comes from threads that read for a bridge.
enum News {
    /// A real client has connected.
    Accepted(usize, TcpStream),
    /// Bytes from the real peer of a connection.
    Data(usize, u64, Vec<u8>),
    /// It has closed.
    End(usize, u64),
    /// A program has printed something.
    Printed(usize, Vec<u8>),
}

enum Way {
    To(SocketAddr),
    From { peer: String, port: u16 },
}

/// A terminal and what stands for its peer.
struct Wire {
    host: String,
    way: Way,
    /// Real clients whose turn has not come: a terminal has one connection at a time.
    waiting: VecDeque<TcpStream>,
    real: Option<TcpStream>,
    /// Number of `real`: what belongs to an earlier one is stale.
    count: u64,
    /// The simulated half is open.
    open: bool,
    /// From the real peer, not yet taken by the terminal.
    inbox: VecDeque<u8>,
    /// The real peer has closed.
    ended: bool,
    /// Bytes that were carried from the real peer, and to it.
    carried: (u64, u64),
}

/// A program that a bridge has started.
#[derive(Clone, Copy)]
pub struct Program(usize);

struct Running {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    /// What it has printed, and how much of that was waited for.
    printed: Vec<u8>,
    seen: usize,
}

/// A world with one module, and real programs around it.
pub struct Bridge {
    pub host: Host,
    /// Virtual time that goes by after the last byte before a program is waited for; [`QUIET`] by itself. Where the module
    /// gives a peer less than that, the test says so.
    pub quiet: u64,
    /// What was observed, in order.
    pub observed: Vec<Observation>,
    wires: Vec<Wire>,
    programs: Vec<Running>,
    news: (Sender<News>, Receiver<News>),
    /// When something last moved, in virtual time ...
    moved: u64,
    /// ... and what the module had printed by then.
    printed: u64,
    /// Something has gone out since something last came from outside: more of it moves nothing.
    owed: bool,
}

impl Bridge {
    pub fn new(host: Host) -> Bridge {
        let moved = host.now;
        let news = channel();
        Bridge {
            host,
            quiet: QUIET,
            observed: Vec::new(),
            wires: Vec::new(),
            programs: Vec::new(),
            news,
            moved,
            printed: 0,
            owed: false,
        }
    }

    /// Whoever connects to the TCP terminal of the host called `host` talks to the real server at `server`.
    pub fn to(&mut self, host: &str, server: SocketAddr) {
        self.add(host, Way::To(server));
    }

    /// Real clients that connect to the address that this returns talk to `peer` (the name of a module, or an address),
    /// whom the terminal of the host called `host` dials for them, one after the other.
    pub fn from(&mut self, host: &str, peer: &str, port: u16) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        let address = listener.local_addr().expect("its address");
        let wire = self.add(host, Way::From { peer: peer.to_owned(), port });
        let news = self.news.0.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if news.send(News::Accepted(wire, client)).is_err() {
                    break;
                }
            }
        });
        address
    }

    fn add(&mut self, host: &str, way: Way) -> usize {
        self.wires.push(Wire {
            host: host.to_owned(),
            way,
            waiting: VecDeque::new(),
            real: None,
            count: 0,
            open: false,
            inbox: VecDeque::new(),
            ended: false,
            carried: (0, 0),
        });
        self.wires.len() - 1
    }

    /// Starts a program; it ends with the bridge at the latest. What it prints, on either stream, can be waited for.
    pub fn start(&mut self, command: &mut Command) -> Program {
        let name = format!("{command:?}");
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
        let number = self.programs.len();
        let (out, err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (first, second) = (self.news.0.clone(), self.news.0.clone());
        std::thread::spawn(move || read_all(out, |data| first.send(News::Printed(number, data)).is_ok()));
        std::thread::spawn(move || read_all(err, |data| second.send(News::Printed(number, data)).is_ok()));
        let stdin = child.stdin.take();
        self.programs.push(Running { name, child, stdin, printed: Vec::new(), seen: 0 });
        Program(number)
    }

    /// Types at a program.
    pub fn type_at(&mut self, program: Program, text: impl AsRef<[u8]>) {
        let running = &mut self.programs[program.0];
        let stdin = running.stdin.as_mut().expect("its input is open");
        stdin.write_all(text.as_ref()).and_then(|()| stdin.flush()).expect("the program reads its input");
    }

    /// Ends a program's input.
    pub fn end_input(&mut self, program: Program) {
        self.programs[program.0].stdin = None;
    }

    /// All that a program has printed so far.
    pub fn output(&self, program: Program) -> String {
        String::from_utf8_lossy(&self.programs[program.0].printed).into_owned()
    }

    /// Waits until a program has printed `text`, behind what was waited for before; what it has printed up to there.
    #[track_caller]
    pub fn printed(&mut self, program: Program, text: &str) -> String {
        self.run(&format!("the program's '{}'", text.escape_debug()), |bridge| {
            let running = &bridge.programs[program.0];
            find(&running.printed[running.seen..], text.as_bytes()).is_some()
        });
        let running = &mut self.programs[program.0];
        let new = &running.printed[running.seen..];
        let end = find(new, text.as_bytes()).expect("it is there") + text.len();
        let taken = String::from_utf8_lossy(&new[..end]).into_owned();
        running.seen += end;
        taken
    }

    /// Waits until a program has ended, which it does by itself; whether it calls that a success. What it still owes and is
    /// still owed is carried meanwhile.
    #[track_caller]
    pub fn ended(&mut self, program: Program) -> bool {
        self.programs[program.0].stdin = None;
        for _ in 0..PARTS_OF_PATIENCE {
            self.pass(SECOND / 10);
            let running = &mut self.programs[program.0];
            if let Some(status) = running.child.try_wait().expect("it can be waited for") {
                return status.success();
            }
            if let Ok(news) = self.news.1.recv_timeout(PATIENCE / PARTS_OF_PATIENCE) {
                self.hear(news);
            }
        }
        panic!("the program never ended\n{}", self.state());
    }

    /// Stores bytes at the present instant.
    pub fn send(&mut self, text: impl AsRef<[u8]>) {
        self.host.send(text);
    }

    /// Waits until exactly `expected` has arrived next from the module, byte for byte.
    #[track_caller]
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        self.run(&format!("'{}'", expected.escape_ascii()), |bridge| {
            let got = &bridge.host.pending;
            let n = got.len().min(expected.len());
            n == expected.len() || got[..n] != expected[..n]
        });
        let right = self.host.pending.starts_with(expected);
        assert!(right, "expected '{}'\n{}", expected.escape_ascii(), self.state());
        self.host.pending.drain(..expected.len());
    }

    /// Sends a line and checks the whole answer.
    #[track_caller]
    pub fn ask(&mut self, line: impl AsRef<[u8]>, answer: impl AsRef<[u8]>) {
        self.send(line);
        self.expect(answer);
    }

    /// Waits until `text` has arrived from the module; everything up to its end.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        self.run(&format!("'{}'", text.escape_debug()), |bridge| {
            find(&bridge.host.pending, text.as_bytes()).is_some()
        });
        self.host.until(text)
    }

    /// Sends a line; everything up to and including its final OK or ERROR.
    #[track_caller]
    pub fn query(&mut self, line: &str) -> String {
        self.send(line);
        let is_last = |bridge: &Bridge| {
            ["\r\nOK\r\n", "\r\nERROR\r\n"].iter().any(|last| bridge.host.pending.ends_with(last.as_bytes()))
        };
        self.run(&format!("the end of the answer to {line:?}"), is_last);
        String::from_utf8_lossy(&std::mem::take(&mut self.host.pending)).into_owned()
    }

    /// Lets virtual time pass. What comes from programs is taken along, and nothing is waited for.
    pub fn pass(&mut self, ns: u64) {
        let end = self.host.now + ns;
        loop {
            self.pump();
            if !self.host.step(end) {
                self.pump();
                return;
            }
        }
    }

    /// Goes on until `done`, and waits for programs where they owe something.
    #[track_caller]
    pub fn run(&mut self, what: &str, done: impl Fn(&Bridge) -> bool) {
        let limit = self.host.now + LIMIT;
        self.moved = self.host.now;
        loop {
            self.pump();
            if done(self) {
                return;
            }
            assert!(self.host.now < limit, "{what} never came\n{}", self.state());
            let held = self.wires.iter().any(|wire| !wire.inbox.is_empty());
            let quiet = self.moved + self.quiet;
            if held || self.host.now < quiet {
                let end = if held { self.host.now + SECOND } else { quiet };
                self.host.step(end);
                continue;
            }
            match self.news.1.recv_timeout(PATIENCE) {
                Ok(news) => self.hear(news),
                Err(_) => {
                    panic!("{what} never came: nothing came from outside for a minute\n{}", self.state())
                }
            }
        }
    }

    /// What there is to say when a wait has failed.
    fn state(&self) -> String {
        let pending = &self.host.pending[..self.host.pending.len().min(400)];
        let mut text = format!(
            "at {} ns the module has sent '{}', {} bytes\n",
            self.host.now,
            pending.escape_ascii(),
            self.host.pending.len()
        );
        for wire in &self.wires {
            let (from, to) = wire.carried;
            text += &format!("{}: {from} bytes from outside, {to} bytes to it\n", wire.host);
        }
        for running in &self.programs {
            text +=
                &format!("{} has printed:\n{}\n", running.name, String::from_utf8_lossy(&running.printed));
        }
        for seen in self.observed.iter().rev().take(20).rev() {
            let line: String = seen.text().chars().take(120).collect();
            text += &format!("{} {} {line}\n", seen.subject, seen.kind());
        }
        text
    }

    /// Moves what can be moved now, in both directions.
    fn pump(&mut self) {
        let counted = self.host.world.statistics(self.host.module).expect("the module is there");
        if std::mem::replace(&mut self.printed, counted.module_bytes) != counted.module_bytes {
            self.moved = self.host.now;
        }
        while let Ok(news) = self.news.1.try_recv() {
            self.hear(news);
        }
        loop {
            for observation in self.host.world.take_observations() {
                self.observe(&observation);
                self.observed.push(observation);
            }
            let moved = (0..self.wires.len()).fold(false, |moved, wire| self.feed(wire) | moved);
            if !moved {
                return;
            }
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Accepted(wire, client) => self.wires[wire].waiting.push_back(client),
            News::Data(wire, count, data) if self.wires[wire].count == count => {
                self.wires[wire].inbox.extend(data);
            }
            News::End(wire, count) if self.wires[wire].count == count => self.wires[wire].ended = true,
            // What a program prints and what belongs to an earlier connection moves nothing here: what was owed still is.
            News::Data(..) | News::End(..) => return,
            News::Printed(program, data) => return self.programs[program].printed.extend(data),
        }
        self.moved = self.host.now;
        self.owed = false;
    }

    /// Something that has happened in the world: bytes for a real peer perhaps.
    fn observe(&mut self, observation: &Observation) {
        let Event::Host(HostEvent::TcpTerminal(event)) = &observation.event else { return };
        let Some(number) = self.wires.iter().position(|wire| wire.host == observation.subject) else {
            return;
        };
        let more = matches!(event, TcpEvent::Received { .. }) && std::mem::replace(&mut self.owed, true);
        if !more {
            self.moved = self.host.now;
        }
        let wire = &mut self.wires[number];
        match event {
            TcpEvent::Connected { dialled, .. } => {
                wire.open = true;
                if let (Way::To(server), false) = (&wire.way, dialled) {
                    let real = TcpStream::connect_timeout(server, PATIENCE)
                        .unwrap_or_else(|e| panic!("{server}: {e}"));
                    self.carry(number, real);
                }
            }
            TcpEvent::Received { data, .. } => {
                wire.carried.1 += data.len() as u64;
                // A peer that has hung up does not want it; that it has is on its way here.
                let _ = wire.real.as_mut().map(|real| real.write_all(data));
            }
            TcpEvent::NotConnected { .. } | TcpEvent::Ended { .. } => {
                wire.open = false;
                wire.ended = false;
                // What still comes from the real peer is too late.
                wire.count += 1;
                wire.inbox.clear();
                if let Some(real) = wire.real.take() {
                    let _ = real.shutdown(Shutdown::Write);
                }
            }
            TcpEvent::Dropped { bytes, .. } => panic!("the bridge has lost {bytes} bytes"),
            _ => {}
        }
    }

    /// `real` is now what the wire carries; a thread reads from it.
    fn carry(&mut self, number: usize, real: TcpStream) {
        let wire = &mut self.wires[number];
        wire.count += 1;
        let (count, news) = (wire.count, self.news.0.clone());
        real.set_nodelay(true).expect("a TCP socket");
        real.set_write_timeout(Some(PATIENCE)).expect("a TCP socket");
        let input = real.try_clone().expect("a second handle of a socket");
        wire.real = Some(real);
        std::thread::spawn(move || {
            read_all(input, |data| news.send(News::Data(number, count, data)).is_ok());
            let _ = news.send(News::End(number, count));
        });
    }

    /// Hands a terminal what has come from its real peer. True when something was done.
    fn feed(&mut self, number: usize) -> bool {
        let wire = &mut self.wires[number];
        if let (None, Way::From { peer, port }) = (&wire.real, &wire.way)
            && let Some(client) = wire.waiting.pop_front()
        {
            let line = format!("host {} connect {peer} {port}", wire.host);
            self.carry(number, client);
            self.host.console(&line);
            return true;
        }
        if !wire.open {
            return false;
        }
        let mut moved = false;
        while !wire.inbox.is_empty() {
            let part: Vec<u8> = wire.inbox.iter().copied().take(PART).collect();
            let line = format!("host {} send {}", wire.host, quoted(&part));
            if self.host.world.console(&line).is_err() {
                // The terminal has as much waiting as it keeps.
                return moved;
            }
            wire.inbox.drain(..part.len());
            wire.carried.0 += part.len() as u64;
            self.moved = self.host.now;
            moved = true;
        }
        if wire.ended {
            wire.ended = false;
            let line = format!("host {} close", wire.host);
            self.host.world.console(&line).unwrap_or_else(|e| panic!("{line}: {e}"));
            return true;
        }
        moved
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        for running in &mut self.programs {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

/// A port of this machine that nobody uses, for programs that cannot choose one.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
    listener.local_addr().expect("its address").port()
}

fn find(data: &[u8], text: &[u8]) -> Option<usize> {
    data.windows(text.len()).position(|window| window == text)
}

/// Hands on what can be read, until that is over or nobody wants it.
fn read_all(mut from: impl Read, mut hand_on: impl FnMut(Vec<u8>) -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(n) = from.read(&mut buffer)
        && n > 0
    {
        if !hand_on(buffer[..n].to_vec()) {
            break;
        }
    }
}

/// Every byte value, many times over.
fn binary(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + i / 256) as u8).collect()
}

#[test]
fn a_real_server_gets_and_sends_every_byte_through_the_bridge() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = server.local_addr().expect("its address");
    let echo = std::thread::spawn(move || {
        let (mut peer, _) = server.accept().expect("a client");
        let mut data = vec![0; 20_000];
        peer.read_exact(&mut data).expect("all that the module sends");
        peer.write_all(&data).expect("the answer is taken");
        data
    });
    let mut bridge = Bridge::new(Host::joined_with_pc(1));
    bridge.to("pc", address);
    bridge.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    bridge.ask("AT+CIPRECVMODE=1\r\n", "\r\nOK\r\n");
    let data = binary(20_000);
    for part in data.chunks(5000) {
        bridge.ask(format!("AT+CIPSEND={}\r\n", part.len()), "\r\nOK\r\n\r\n>");
        bridge.ask(part, format!("\r\nRecv {} bytes\r\n\r\nSEND OK\r\n", part.len()));
    }
    let mut got = Vec::new();
    while got.len() < data.len() {
        let answer = {
            bridge.send("AT+CIPRECVDATA=8192\r\n");
            bridge.run("data or the end of it", |bridge| {
                bridge.host.pending.ends_with(b"\r\nOK\r\n") || bridge.host.pending.ends_with(b"ERROR\r\n")
            });
            std::mem::take(&mut bridge.host.pending)
        };
        if let Some(at) = find(&answer, b"+CIPRECVDATA:") {
            let rest = &answer[at + 13..];
            let comma = find(rest, b",").expect("a length");
            let length: usize = String::from_utf8_lossy(&rest[..comma]).parse().expect("a length");
            got.extend_from_slice(&rest[comma + 1..][..length]);
        } else {
            bridge.run("more data", |bridge| find(&bridge.host.pending, b"+IPD,").is_some());
            bridge.pass(SECOND);
            bridge.host.pending.clear();
        }
    }
    assert!(echo.join().expect("the server") == data, "the server got other bytes");
    assert!(got == data, "the module got other bytes");
    bridge.run("the end of the connection", |bridge| find(&bridge.host.pending, b"CLOSED\r\n").is_some());
}

#[test]
fn a_real_client_reaches_the_modules_server_through_the_bridge() {
    let mut bridge = Bridge::new(Host::joined_with_pc(1));
    bridge.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    bridge.ask("AT+CIPSERVER=1,80\r\n", "\r\nOK\r\n");
    let address = bridge.from("pc", "wifi", 80);
    for turn in ["first", "second"] {
        let client = std::thread::spawn(move || {
            let mut peer = TcpStream::connect(address).expect("the bridge listens");
            peer.write_all(b"hello\0\xff").expect("the bridge reads");
            let mut answer = [0; 3];
            peer.read_exact(&mut answer).expect("an answer");
            answer
        });
        bridge.expect("0,CONNECT\r\n");
        bridge.expect(b"\r\n+IPD,0,7:hello\0\xff\r\n");
        bridge.ask("AT+CIPSEND=0,3\r\n", "\r\nOK\r\n\r\n>");
        bridge.ask(b"\x00\x80!", "\r\nRecv 3 bytes\r\n\r\nSEND OK\r\n");
        bridge.expect("0,CLOSED\r\n");
        assert_eq!(client.join().expect("the client"), *b"\x00\x80!", "the {turn} client got other bytes");
    }
}
