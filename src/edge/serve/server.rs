//! The server: one module, its world, and whoever is connected to it, in wall-clock time.
//!
//! The only thread that touches the world. It waits for whatever comes first: something from the client, a
//! line of the console, or the wall clock reaching the module's next event. What is worth telling comes out of
//! [`Server::next`], one by one.

use std::collections::VecDeque;

use crossbeam_channel::{Receiver, RecvError, never, select};

use super::{Behind, Clock, Event, Outlet, Pace, Rate, Step, Wall};
use crate::edge::{Poisoned, Session};
use crate::time::Instant;
use crate::uart::LineSettings;
use crate::world::{self, Attachment, Error, ModuleId, Observation, Statistics, World};

/// Bytes that may wait on the MCU's side of the wire. While there are more, the client is made to wait: what it
/// writes goes out at line rate, as from a real serial port.
const AHEAD: usize = 2048;
/// How often it is looked whether a real program has sent something by itself.
const LOOK: std::time::Duration = std::time::Duration::from_millis(20);

/// What whoever runs the server wants from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// A line of the console.
    Line(String),
    /// The end, and why.
    End(&'static str),
}

impl Control {
    /// The line that ends the run.
    pub const QUIT: &str = "quit";
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Somebody has connected; `first` when that started the module.
    Opened {
        /// Who.
        peer: String,
        /// Whether the module starts with it.
        first: bool,
    },
    /// Who was connected has gone.
    Closed(String),
    /// What a line of the console answers, or what is wrong with it.
    Answered {
        /// The line, maybe an empty one.
        line: String,
        /// Its answer.
        answer: Result<String, String>,
    },
    /// Bytes have passed between ends that are set to different rates, bits per second.
    Mismatch {
        /// The client's.
        client: u32,
        /// The module's.
        module: u32,
    },
    /// A host has something to tell.
    Observed(Box<Observation>),
    /// The wall clock has come to where the caller wanted to be told.
    Time,
    /// It is to end, and why.
    End(&'static str),
}

/// The state in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Virtual time by the wall clock.
    pub now: Instant,
    /// What the module is doing, such as `joined 'home' as 192.168.1.100`.
    pub module: String,
    /// Ids of the open links.
    pub links: Vec<usize>,
    /// Who is connected.
    pub peer: Option<String>,
    /// Whether the module has been started.
    pub started: bool,
    /// Bytes that the module said while nobody was connected, or that a client did not take.
    pub dropped: u64,
    /// How well the machine keeps up.
    pub behind: Behind,
    /// The module's counters.
    pub statistics: Statistics,
}

/// Who is connected.
struct Client {
    peer: String,
    outlet: Outlet,
    rate: Option<Box<dyn Rate>>,
    /// The mismatch that was told last.
    told: Option<(u32, u32)>,
}

/// One module in wall-clock time.
pub struct Server {
    session: Session,
    module: ModuleId,
    clock: Clock,
    pace: Pace,
    events: Receiver<Event>,
    controls: Receiver<Control>,
    client: Option<Client>,
    /// What the client has written that the scenario's `mcu-queue` has no room for yet, and when it came.
    unsent: Option<(Wall, Vec<u8>)>,
    dropped: u64,
    happened: VecDeque<Happening>,
}

impl Server {
    /// Attaches to the module called `name`; ticks of `attachment` are nanoseconds. The session must keep observations. Time stands still until
    /// [`Server::start`] or the first client.
    ///
    /// # Errors
    /// One sentence: there is no such module.
    pub fn new(
        session: Session,
        name: &str,
        attachment: Attachment,
        clock: Clock,
        events: Receiver<Event>,
        controls: Receiver<Control>,
    ) -> Result<Server, String> {
        let module = settle(session.with(|w| w.attach(name, attachment)))?;
        Ok(Server {
            session,
            module,
            clock,
            pace: Pace::default(),
            events,
            controls,
            client: None,
            unsent: None,
            dropped: 0,
            happened: VecDeque::new(),
        })
    }

    /// Switches the module on without waiting for a client.
    pub fn start(&mut self) {
        self.pace.start(self.clock.now());
    }

    /// Goes on until something is worth telling, or the wall clock shows `until`.
    ///
    /// # Errors
    /// One sentence: the endpoint is of no use any more, or the world stopped.
    pub fn next(&mut self, until: Option<Wall>) -> Result<Happening, String> {
        loop {
            if let Some(happening) = self.happened.pop_front() {
                return Ok(happening);
            }
            let now = self.clock.now();
            if until.is_some_and(|until| until <= now) {
                return Ok(Happening::Time);
            }
            let (reached, event) = self.ask(|w, m| Ok((w.now(m)?, w.next_event(m)?)))?;
            let wait = match self.pace.next(now, reached, event.map(Instant::from_nanos)) {
                Step::Advance(to) => {
                    self.follow_client(reached)?;
                    self.go_to(to)?;
                    Some(now)
                }
                Step::Wait(due) => due,
            };
            if self.unsent.is_some() {
                self.store()?;
            }
            let wait = [wait, until].into_iter().flatten().min();
            self.take_input(wait)?;
        }
    }

    /// The state in brief.
    ///
    /// # Errors
    /// One sentence: the world stopped.
    pub fn state(&mut self) -> Result<State, String> {
        let (module, links, statistics) =
            self.ask(|w, m| Ok((w.module_state(m)?, w.links(m)?, w.statistics(m)?)))?;
        Ok(State {
            now: self.pace.now(self.clock.now()),
            module: module.to_string(),
            links: links.iter().map(|link| link.id).collect(),
            peer: self.client.as_ref().map(|client| client.peer.clone()),
            started: self.pace.is_started(),
            dropped: self.dropped,
            behind: self.pace.behind(),
            statistics,
        })
    }

    /// Brings the world to the present, lets the client have what is left for it, and closes the records.
    /// Returns the last state and the world's digest.
    ///
    /// # Errors
    /// One sentence: a record could not be written, or the world stopped.
    pub fn finish(mut self) -> Result<(State, u64), String> {
        self.catch_up(self.clock.now())?;
        if let Some(client) = self.client.take() {
            self.dropped += client.outlet.finish() as u64;
        }
        let mut state = self.state()?;
        // The clock has gone on; the world has not.
        state.now = self.ask(|w, m| w.now(m))?;
        let failures = self.session.finish();
        if let Some(first) = failures.into_iter().next() {
            return Err(first);
        }
        Ok((state, self.session.with(|w| w.digest()).map_err(|e| e.to_string())?))
    }

    /// Waits for an input until the wall clock shows `until`, and takes it.
    fn take_input(&mut self, until: Option<Wall>) -> Result<(), String> {
        // As good as for ever: it only means one look more.
        let hour = std::time::Duration::from_secs(3600);
        let wait = until.map_or(hour, |until| self.clock.until(until));
        let wait = if self.session.reaches_out() { wait.min(LOOK) } else { wait };
        let held_back = self.unsent.is_some() || self.ask(|w, m| w.mcu_pending(m))? > AHEAD;
        let nobody = never();
        let events = if held_back { &nobody } else { &self.events };
        select! {
            recv(events) -> event => match event {
                Ok(event) => self.event(event),
                Err(RecvError) => Err("the thread that reads from the client has stopped".to_owned()),
            },
            recv(self.controls) -> control => match control {
                Ok(control) => self.control(control),
                Err(RecvError) => {
                    self.controls = never();
                    Ok(())
                }
            },
            default(wait) => Ok(()),
        }
    }

    fn event(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Opened { peer, outlet, rate } => {
                // What the module said before this was for nobody.
                self.catch_up(self.clock.now())?;
                let first = !self.pace.is_started();
                self.start();
                self.client = Some(Client { peer: peer.clone(), outlet, rate, told: None });
                self.happened.push_back(Happening::Opened { peer, first });
            }
            Event::Bytes { at, bytes } => {
                let stamp = self.stamp(at)?;
                self.follow_client(stamp)?;
                self.tell_mismatch()?;
                self.unsent = Some((at, bytes));
                self.store()?;
            }
            Event::Closed => {
                if let Some(client) = self.client.take() {
                    self.dropped += client.outlet.forget() as u64;
                    self.happened.push_back(Happening::Closed(client.peer));
                }
            }
            Event::Failed(why) => return Err(why),
        }
        Ok(())
    }

    /// Stores what the client has written, as far as there is room.
    fn store(&mut self) -> Result<(), String> {
        let Some((at, mut bytes)) = self.unsent.take() else { return Ok(()) };
        let stamp = self.stamp(at)?;
        self.go_to(stamp)?;
        let room = self.ask(|w, m| w.mcu_room(m))?.min(bytes.len());
        self.ask(|w, m| w.uart_write_block(m, stamp.as_nanos(), &bytes[..room]))?;
        bytes.drain(..room);
        if !bytes.is_empty() {
            self.unsent = Some((at, bytes));
        }
        self.collect()
    }

    fn control(&mut self, control: Control) -> Result<(), String> {
        match control {
            Control::End(why) => self.happened.push_back(Happening::End(why)),
            Control::Line(line) => match line.trim() {
                "" => {
                    self.happened
                        .push_back(Happening::Answered { line: String::new(), answer: Ok(String::new()) });
                }
                Control::QUIT => self.happened.push_back(Happening::End(Control::QUIT)),
                trimmed => {
                    self.catch_up(self.clock.now())?;
                    let answer = match self.session.with(|w| w.console(trimmed)) {
                        Ok(Ok(answer)) => Ok(answer),
                        Ok(Err(Error::Console(why))) => Err(why),
                        Ok(Err(e)) => return Err(e.to_string()),
                        Err(e) => return Err(e.to_string()),
                    };
                    self.happened.push_back(Happening::Answered { line: trimmed.to_owned(), answer });
                }
            },
        }
        Ok(())
    }

    /// The virtual time of an input that arrived at `wall`.
    fn stamp(&mut self, wall: Wall) -> Result<Instant, String> {
        let (reached, event) = self.ask(|w, m| Ok((w.now(m)?, w.next_event(m)?)))?;
        Ok(self.pace.stamp(wall, reached, event.map(Instant::from_nanos)))
    }

    fn catch_up(&mut self, wall: Wall) -> Result<(), String> {
        let stamp = self.stamp(wall)?;
        self.go_to(stamp)
    }

    fn go_to(&mut self, at: Instant) -> Result<(), String> {
        self.ask(|w, m| w.advance(m, at.as_nanos()))?;
        self.collect()
    }

    /// Sets the MCU's UART to what the client's end is set to. A client that has set nothing, or a rate that no module
    /// can have, follows the module, as all do whose endpoint knows no rate; the format always does.
    fn follow_client(&mut self, at: Instant) -> Result<(), String> {
        let Some(rate) = self.client.as_ref().and_then(|client| client.rate.as_ref()) else { return Ok(()) };
        let (module, mcu) = self.ask(|w, m| Ok((w.line_settings(m)?, w.mcu_line_settings(m)?)))?;
        let set = LineSettings { baud: rate.baud().unwrap_or(module.baud), ..module };
        let line = if set.is_valid() { set } else { module };
        if line != mcu {
            self.ask(|w, m| w.set_mcu_line(m, at.as_nanos(), line))?;
        }
        Ok(())
    }

    /// Bytes have passed: says so when the two ends are set to different rates, once for each pair of them.
    fn tell_mismatch(&mut self) -> Result<(), String> {
        let (module, mcu) = self.ask(|w, m| Ok((w.line_settings(m)?, w.mcu_line_settings(m)?)))?;
        let rates = (mcu.baud, module.baud);
        let Some(client) = self.client.as_mut().filter(|client| client.told != Some(rates)) else {
            return Ok(());
        };
        if rates.0 == rates.1 {
            client.told = None;
        } else {
            client.told = Some(rates);
            self.happened.push_back(Happening::Mismatch { client: rates.0, module: rates.1 });
        }
        Ok(())
    }

    /// What the module's UART is set to, bits per second.
    ///
    /// # Errors
    /// One sentence: the world stopped.
    pub fn baud(&self) -> Result<u32, String> {
        self.ask(|w, m| w.line_settings(m)).map(|line| line.baud)
    }

    /// Takes out what the world has come out with.
    fn collect(&mut self) -> Result<(), String> {
        let (bytes, observations) = self.ask(|w, m| {
            let mut bytes = Vec::new();
            while let Some(byte) = w.uart_read(m)? {
                bytes.push(byte.byte);
            }
            Ok((bytes, w.take_observations()))
        })?;
        if !bytes.is_empty() {
            let count = bytes.len();
            let lost = self.client.as_ref().map_or(count, |client| client.outlet.send(bytes));
            self.dropped += lost as u64;
            self.tell_mismatch()?;
        }
        for observation in observations {
            self.observe(observation);
        }
        // What the records have taken in goes to their files.
        self.session.with(|_| ()).map_err(|e| e.to_string())
    }

    /// What hosts have to tell is told. The rest is the module's own dialogue.
    fn observe(&mut self, seen: Observation) {
        if let world::Event::Host(_) = seen.event {
            self.happened.push_back(Happening::Observed(Box::new(seen)));
        }
    }

    /// Uses the world without waiting for an output.
    fn ask<R>(&self, f: impl FnOnce(&mut World, ModuleId) -> Result<R, Error>) -> Result<R, String> {
        let module = self.module;
        settle(self.session.peek(|w| f(w, module)))
    }
}

fn settle<R>(result: Result<Result<R, Error>, Poisoned>) -> Result<R, String> {
    result.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
}
