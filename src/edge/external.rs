//! Real programs behind hosts of the simulation: the sockets of `external`.
//!
//! The world hands out what a program is to be sent, and takes what it sends as an input, which goes into the log with its
//! virtual time. Only here does anything depend on the machine.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real programs live by the wall clock"
)]

use std::collections::{BTreeMap, VecDeque};
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::net::network::{ExternalInput, ExternalOutput};
use crate::world::{Scenario, World};

/// How long a program may take to accept a connection, and to take anything of what it is sent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long virtual time stands still for the answer to what a program was sent.
const ANSWER: Duration = Duration::from_millis(200);
/// Pause between two looks for it: one of several programs may be the first, and there is no portable way to wait for all.
const LOOK: Duration = Duration::from_micros(200);
/// Most bytes of an input.
const PIECE: usize = 8192;
/// Most bytes that are read from programs before the world goes on: who never stops sending must not stop time.
const CARRY: usize = 1 << 20;

/// A connection of the simulation: host, port and number.
type Key = (String, u16, u32);

/// How a place on this machine is reached. Takes its time, so it is never called while the world is locked.
type Dial = fn(&str) -> Result<Socket, String>;

/// One connection to a real program.
enum Link {
    /// It is being reached, at this place; the simulation's end may be over by then.
    Reaching { to: String, outcome: Receiver<Result<Socket, String>>, ended: bool },
    /// It is open.
    Open(Open),
}

/// One that is open.
struct Open {
    socket: Socket,
    /// What the program has not taken yet.
    unsent: VecDeque<u8>,
    /// When it took something last, or had nothing to take.
    took: Instant,
    /// The simulation's end is over: the program learns of it behind `unsent`.
    ended: bool,
}

/// The connections to real programs.
pub struct External {
    links: BTreeMap<Key, Link>,
    /// There was one.
    used: bool,
    /// Virtual time does not wait for answers: it follows the wall clock anyway.
    hurries: bool,
    dial: Dial,
}

impl Default for External {
    /// One for a world that waits for answers.
    fn default() -> External {
        External { links: BTreeMap::new(), used: false, hurries: false, dial: connect }
    }
}

impl External {
    /// One for a world that follows the wall clock.
    pub fn hurrying() -> External {
        External { hurries: true, ..External::default() }
    }

    /// Nobody has allowed a scenario to reach real programs.
    ///
    /// # Errors
    /// One sentence, when it wants to.
    pub fn refuse(scenario: &Scenario) -> Result<(), String> {
        match scenario.net.hosts.iter().find(|host| host.has_external()) {
            None => Ok(()),
            Some(host) => Err(format!(
                "host '{}' has `external`, which reaches real programs on this machine: only the option --external of \
                 `espat-sim run` and `espat-sim serve` allows it",
                host.name
            )),
        }
    }

    /// True while a program may do something by itself.
    pub fn is_open(&self) -> bool {
        !self.links.is_empty()
    }

    /// Carries between the world and the programs what there is now, a bounded amount. Waits a little for answers.
    pub fn carry(&mut self, world: &mut World) {
        let mut waiting: Option<Instant> = None;
        let mut left = CARRY;
        loop {
            while let Some((host, port, number, output)) = world.take_external() {
                if self.give(world, (host, port, number), output) {
                    waiting = Some(Instant::now() + ANSWER);
                }
            }
            if self.reached(world) | self.push(world) {
                waiting = Some(Instant::now() + ANSWER);
            }
            let taken = self.take(world, left);
            left -= taken.min(left);
            if taken > 0 {
                waiting = None;
                continue;
            }
            let reaching = self.links.values().any(|link| matches!(link, Link::Reaching { .. }));
            // A thread that reaches for a program comes to an end by itself.
            let waits = reaching || waiting.is_some_and(|until| Instant::now() < until);
            if self.hurries || left == 0 || !waits || !self.is_open() {
                break;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What the simulation sends. True: an answer is to be waited for.
    fn give(&mut self, world: &mut World, key: Key, output: ExternalOutput) -> bool {
        if let ExternalOutput::Open(to) = output {
            let (tell, outcome) = channel();
            let (dial, place) = (self.dial, to.clone());
            let reach = move || {
                // Nobody asks for it any more when the world is gone.
                let _ = tell.send(dial(&place));
            };
            match std::thread::Builder::new().name("external".to_owned()).spawn(reach) {
                Ok(_) => {
                    self.links.insert(key, Link::Reaching { to, outcome, ended: false });
                }
                Err(why) => refused(world, &key, &to, &why.to_string()),
            }
            return true;
        }
        let Some(link) = self.links.get_mut(&key) else { return false };
        match (link, output) {
            (Link::Open(open), ExternalOutput::Data(data)) => {
                if open.unsent.is_empty() {
                    open.took = Instant::now();
                }
                open.unsent.extend(data);
            }
            (Link::Open(Open { ended, .. }) | Link::Reaching { ended, .. }, ExternalOutput::Close) => {
                *ended = true;
            }
            (link, ExternalOutput::Reset) => {
                if let Link::Open(open) = link {
                    let _ = open.socket.set_linger(Some(Duration::ZERO));
                }
                self.links.remove(&key);
                return false;
            }
            // Nothing is sent before the program is reached.
            (Link::Reaching { .. }, ExternalOutput::Data(_)) | (_, ExternalOutput::Open(_)) => {}
        }
        true
    }

    /// Looks for programs that were reached, or were not. True when there was one.
    fn reached(&mut self, world: &mut World) -> bool {
        let mut outcomes = Vec::new();
        for (key, link) in &mut self.links {
            let Link::Reaching { to, outcome, ended } = link else { continue };
            let outcome = match outcome.try_recv() {
                Ok(outcome) => outcome,
                Err(TryRecvError::Empty) => continue,
                Err(TryRecvError::Disconnected) => Err("nobody has tried".to_owned()),
            };
            outcomes.push((key.clone(), to.clone(), *ended, outcome));
        }
        let any = !outcomes.is_empty();
        for (key, to, ended, outcome) in outcomes {
            self.links.remove(&key);
            match outcome {
                Ok(socket) => {
                    if !std::mem::replace(&mut self.used, true) {
                        world.warn(format!(
                            "host '{}' reaches {to} on this machine: another run may differ; a replay of its input \
                             log does not",
                            key.0
                        ));
                    }
                    input(world, &key, ExternalInput::Open);
                    let open = Open { socket, unsent: VecDeque::new(), took: Instant::now(), ended };
                    self.links.insert(key, Link::Open(open));
                }
                Err(why) => refused(world, &key, &to, &why),
            }
        }
        any
    }

    /// Sends what programs take now. True when one took something.
    fn push(&mut self, world: &mut World) -> bool {
        let (mut any, mut gone) = (false, Vec::new());
        for (key, link) in &mut self.links {
            let Link::Open(open) = link else { continue };
            match open.push() {
                Ok(took) => any |= took,
                Err(_) => gone.push(key.clone()),
            }
        }
        for key in gone {
            self.links.remove(&key);
            input(world, &key, ExternalInput::Reset);
        }
        any
    }

    /// What programs have sent, at most `left` bytes and no more than the world has room for: the rest waits in their
    /// sockets, as it would for a slow peer. Answers how much it was; an end counts as one byte.
    fn take(&mut self, world: &mut World, mut left: usize) -> usize {
        let before = left;
        let mut gone = Vec::new();
        for (key, link) in &mut self.links {
            let Link::Open(open) = link else { continue };
            let mut piece = [0; PIECE];
            let room = world.external_room(&key.0, key.1, key.2).min(left).min(PIECE);
            if room == 0 {
                continue;
            }
            let count = match open.socket.read(&mut piece[..room]) {
                Ok(0) => {
                    input(world, key, ExternalInput::Close);
                    gone.push(key.clone());
                    1
                }
                Ok(length) => {
                    input(world, key, ExternalInput::Data(piece[..length].to_vec()));
                    length
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => 0,
                Err(_) => {
                    input(world, key, ExternalInput::Reset);
                    gone.push(key.clone());
                    1
                }
            };
            left -= count;
        }
        for key in gone {
            self.links.remove(&key);
        }
        before - left
    }
}

impl Open {
    /// Sends what the program takes now, and the end behind it. True when it took something. The error: it is gone, or has
    /// taken nothing for too long.
    fn push(&mut self) -> std::io::Result<bool> {
        let mut any = false;
        while !self.unsent.is_empty() {
            match self.socket.write(self.unsent.as_slices().0) {
                Ok(length) => {
                    self.unsent.drain(..length);
                    self.took = Instant::now();
                    any = true;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    let late = self.took.elapsed() > PATIENCE;
                    return if late { Err(Error::from(ErrorKind::TimedOut)) } else { Ok(any) };
                }
                Err(e) => return Err(e),
            }
        }
        if std::mem::take(&mut self.ended) {
            // It may be gone already, which the next read says.
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        Ok(any)
    }
}

/// A program was not reached.
fn refused(world: &mut World, key: &Key, to: &str, why: &str) {
    world.warn(format!("host '{}' does not reach {to} on this machine: {why}", key.0));
    input(world, key, ExternalInput::Reset);
}

fn input(world: &mut World, (host, port, number): &Key, input: ExternalInput) {
    // It can only be refused when there is no such host, and the world has named it; data is no more than it has room for.
    let _ = world.external(host, *port, *number, input);
}

/// Opens a connection to `to`, an address or a name with a port.
fn connect(to: &str) -> Result<Socket, String> {
    let addresses: Vec<SocketAddr> = to.to_socket_addrs().map_err(|e| e.to_string())?.collect();
    let mut why = "it has no address".to_owned();
    for address in addresses {
        let opened = Socket::new(Domain::for_address(address), Type::STREAM, None).and_then(|socket| {
            socket.connect_timeout(&address.into(), PATIENCE)?;
            socket.set_tcp_nodelay(true)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        match opened {
            Ok(socket) => return Ok(socket),
            Err(e) => why = e.to_string(),
        }
    }
    Err(why)
}

#[cfg(test)]
mod tests;
