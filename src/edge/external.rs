//! Real programs behind hosts of the simulation: the sockets of `external`.
//!
//! The world hands out what a program is to be sent, and takes what it sends as an input, which goes into the log with its
//! virtual time. Only here does anything depend on the machine.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "real programs live by the wall clock"
)]

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::net::network::{ExternalInput, ExternalOutput};
use crate::world::{Scenario, World};

/// How long a program may take to accept a connection, and to take what it is sent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long virtual time stands still for the answer to what a program was sent.
const ANSWER: Duration = Duration::from_millis(200);
/// Pause between two looks for it: one of several programs may be the first, and there is no portable way to wait for all.
const LOOK: Duration = Duration::from_micros(200);
/// Most bytes of an input.
const PIECE: usize = 8192;

/// A connection of the simulation: host, port and number.
type Key = (String, u16, u32);

/// The connections to real programs.
#[derive(Default)]
pub struct External {
    open: BTreeMap<Key, Socket>,
    /// There was one.
    used: bool,
    /// Virtual time does not wait for answers: it follows the wall clock anyway.
    hurries: bool,
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

    /// True while a program may send something by itself.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Carries everything between the world and the programs that is there now. Waits a little for answers.
    pub fn carry(&mut self, world: &mut World) {
        let mut waiting: Option<Instant> = None;
        loop {
            while let Some((host, port, number, output)) = world.take_external() {
                if self.give(world, (host, port, number), output) && !self.hurries {
                    waiting = Some(Instant::now() + ANSWER);
                }
            }
            let took = self.take(world);
            if took {
                waiting = None;
                continue;
            }
            match waiting {
                Some(until) if Instant::now() < until && self.is_open() => std::thread::sleep(LOOK),
                _ => break,
            }
        }
    }

    /// What the simulation sends. True: an answer is to be waited for.
    fn give(&mut self, world: &mut World, key: Key, output: ExternalOutput) -> bool {
        match output {
            ExternalOutput::Open(to) => match connect(&to) {
                Ok(socket) => {
                    if !std::mem::replace(&mut self.used, true) {
                        world.warn(format!(
                            "host '{}' reaches {to} on this machine: another run may differ; a replay of its input \
                             log does not",
                            key.0
                        ));
                    }
                    input(world, &key, ExternalInput::Open);
                    self.open.insert(key, socket);
                    // Who speaks first?
                    true
                }
                Err(why) => {
                    world.warn(format!("host '{}' does not reach {to} on this machine: {why}", key.0));
                    input(world, &key, ExternalInput::Reset);
                    false
                }
            },
            ExternalOutput::Data(data) => {
                let Some(socket) = self.open.get_mut(&key) else { return false };
                let sent = write(socket, &data);
                if sent.is_err() {
                    self.open.remove(&key);
                    input(world, &key, ExternalInput::Reset);
                }
                sent.is_ok()
            }
            ExternalOutput::Close => {
                if let Some(socket) = self.open.get(&key) {
                    // It may be gone already, which the next read says.
                    let _ = socket.shutdown(Shutdown::Write);
                }
                true
            }
            ExternalOutput::Reset => {
                if let Some(socket) = self.open.remove(&key) {
                    let _ = socket.set_linger(Some(Duration::ZERO));
                }
                false
            }
        }
    }

    /// What programs have sent. True when there was something.
    fn take(&mut self, world: &mut World) -> bool {
        let mut took = false;
        let mut gone = Vec::new();
        for (key, socket) in &mut self.open {
            let mut piece = [0; PIECE];
            match socket.read(&mut piece) {
                Ok(0) => {
                    input(world, key, ExternalInput::Close);
                    gone.push(key.clone());
                }
                Ok(length) => input(world, key, ExternalInput::Data(piece[..length].to_vec())),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => continue,
                Err(_) => {
                    input(world, key, ExternalInput::Reset);
                    gone.push(key.clone());
                }
            }
            took = true;
        }
        for key in gone {
            self.open.remove(&key);
        }
        took
    }
}

fn input(world: &mut World, (host, port, number): &Key, input: ExternalInput) {
    // It can only be refused when there is no such host, and the world has named it.
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

/// Writes all of it, and waits for the program to take it for as long as it may.
fn write(socket: &mut Socket, data: &[u8]) -> std::io::Result<()> {
    socket.set_nonblocking(false)?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(data)?;
    socket.set_nonblocking(true)
}
