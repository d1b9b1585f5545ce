//! The world's side of the socket: takes the boards, asks [`Turns`] whose turn it is, and answers.
//!
//! It listens to all boards all the time, but only one of them can have something to say: the one that runs. Another one
//! speaks to take its leave, or has gone without a word.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::Socket;

use super::message::{Answer, Hello, Input, Lines, Request};
use super::turns::{Turn, Turns};
use crate::edge::Session;
use crate::edge::serve::{Address, Listener};
use crate::time::Instant;
use crate::world::{Attachment, Error, ModuleId, Scenario};

/// How often it looks whether it is to stop, wall time.
const GLANCE: Duration = Duration::from_millis(50);
/// How long boards may take to go when the run is over, wall time.
const FAREWELL: Duration = Duration::from_secs(5);
/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// The exit code of a board whose run the world's end has ended: that of a coupling that failed.
const BROKEN: i32 = 122;
/// The exit code of a board at the world's limit.
const LIMIT: i32 = 124;
/// The exit code of boards that all sleep.
const ASLEEP: i32 = 123;
/// The exit code of a board that is refused.
const REFUSED: i32 = 2;

/// Tells the server that it is to stop.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// From now on it stops as soon as it looks.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_wanted(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// How a run has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All boards have gone, each with a word.
    Done,
    /// The limit has been reached.
    Limit,
    /// All boards sleep, and nothing can wake one: the sentence.
    Asleep(String),
    /// It has not begun: a board did not come, or has gone before the others were there. The sentence.
    NotBegun(String),
    /// A board has gone without a word: the sentence.
    Lost(String),
    /// It was stopped.
    Stopped,
    /// A fault in here: the sentence.
    Broken(String),
}

/// What a board has to say.
enum News {
    Request(Request),
    /// It has gone, or says what nobody understands.
    Gone,
}

/// A connection.
struct Peer {
    socket: Socket,
    lines: Lines,
    /// The number of its module, once it has said who it is.
    board: Option<usize>,
    has_gone: bool,
}

impl Peer {
    fn send(&self, answer: &Answer) -> bool {
        (&self.socket).write_all(answer.line().as_bytes()).is_ok()
    }

    /// Takes what has come.
    fn read(&mut self, buffer: &mut [u8]) {
        match (&self.socket).read(buffer) {
            Ok(0) => self.has_gone = true,
            Ok(count) => self.lines.push(&buffer[..count]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.has_gone = true,
        }
    }

    fn next(&mut self) -> Option<News> {
        match self.lines.take() {
            Ok(Some(line)) => Some(Request::parse(&line).map_or(News::Gone, News::Request)),
            Ok(None) => self.has_gone.then_some(News::Gone),
            Err(_) => Some(News::Gone),
        }
    }
}

/// The world's end of the socket.
pub struct Server {
    listener: Listener,
    peers: Vec<Peer>,
    /// The names of the scenario's modules.
    names: Vec<String>,
    /// Whose boards are awaited.
    awaited: Vec<bool>,
    /// How the boards attach that have come.
    attachments: Vec<Option<Hello>>,
    /// Nobody but the board says what its UART is set to.
    is_open: Vec<bool>,
    /// The scenario's, seconds since 1970.
    epoch: u64,
    stop: Stop,
    buffer: Vec<u8>,
    say: Box<dyn FnMut(&str)>,
}

impl Server {
    /// Listens at `path`, for a board for each of the modules in `boards`, or for each of the scenario's when that is
    /// empty. `say` takes the sentences about boards that come and go.
    ///
    /// # Errors
    /// One sentence that says why not.
    pub fn bind(
        path: &Path,
        scenario: &Scenario,
        boards: &[String],
        stop: Stop,
        say: Box<dyn FnMut(&str)>,
    ) -> Result<Server, String> {
        let names: Vec<String> = scenario.modules.iter().map(|module| module.name.clone()).collect();
        if let Some(unknown) = boards.iter().find(|board| !names.contains(board)) {
            return Err(Error::UnknownModule(unknown.clone(), names).to_string());
        }
        let awaited = names.iter().map(|name| boards.is_empty() || boards.contains(name)).collect();
        let is_open = scenario.modules.iter().map(|module| module.wire.mcu_line.is_none()).collect();
        let listener = Listener::bind(&Address::Unix(path.to_owned()))?;
        let failed = |e: std::io::Error| format!("cannot listen on {}: {e}", path.display());
        listener.socket().set_nonblocking(true).map_err(failed)?;
        Ok(Server {
            listener,
            peers: Vec::new(),
            attachments: vec![None; names.len()],
            names,
            awaited,
            is_open,
            epoch: scenario.epoch,
            stop,
            buffer: vec![0; CHUNK],
            say,
        })
    }

    /// Waits until all boards are there, `patience` of wall time at most, and lets them run until the last has gone, or
    /// virtual time has come to `limit`, ns.
    pub fn run(&mut self, session: &Session, patience: Duration, limit: Option<u64>) -> Ended {
        let ended = match self.gather(patience) {
            Ok(()) => match self.play(session, limit) {
                Ok(ended) => ended,
                Err(sentence) => Ended::Broken(sentence),
            },
            Err(ended) => ended,
        };
        let (code, sentence) = match &ended {
            Ended::Done | Ended::Lost(_) if self.peers.iter().all(|peer| peer.board.is_none()) => {
                return ended;
            }
            Ended::Done => (0, "the run is over".to_owned()),
            Ended::Limit => {
                let limit = Instant::from_nanos(limit.unwrap_or(0));
                (LIMIT, format!("the world's virtual-time limit was reached at {limit}"))
            }
            Ended::Asleep(sentence) => (ASLEEP, sentence.clone()),
            Ended::NotBegun(sentence) | Ended::Lost(sentence) | Ended::Broken(sentence) => {
                (BROKEN, sentence.clone())
            }
            Ended::Stopped => (BROKEN, "the world was ended by a signal".to_owned()),
        };
        self.dismiss(session, &Answer::End(code, sentence));
        ended
    }

    /// Waits for the boards.
    fn gather(&mut self, patience: Duration) -> Result<(), Ended> {
        let mut waited = Duration::ZERO;
        loop {
            let missing = self.missing();
            if missing.is_empty() {
                return Ok(());
            }
            if self.stop.is_wanted() {
                return Err(Ended::Stopped);
            }
            if waited >= patience {
                let missing =
                    missing.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" and ");
                return Err(Ended::NotBegun(format!(
                    "no board came for the module {missing} within {} s: start `espat-sim qemu --world {} --module NAME -- …` \
                     for each, or say which modules have one (--board NAME)",
                    patience.as_secs(),
                    self.listener.address(),
                )));
            }
            if !self.listen() {
                waited += GLANCE;
            }
            for index in 0..self.peers.len() {
                while let Some(news) = self.peers[index].next() {
                    match (news, self.peers[index].board) {
                        (News::Request(Request::Hello(hello)), None) => self.welcome(index, hello),
                        (News::Request(Request::Ask(version)), None) => self.tell(index, &version),
                        (News::Request(_) | News::Gone, board) => {
                            self.peers[index].has_gone = true;
                            self.peers[index].board = None;
                            if let Some(board) = board {
                                return Err(Ended::NotBegun(format!(
                                    "the board of module '{}' has gone before the others were there",
                                    self.names[board]
                                )));
                            }
                            break;
                        }
                    }
                }
            }
            self.peers.retain(|peer| !peer.has_gone);
        }
    }

    /// The modules whose boards are not there.
    fn missing(&self) -> Vec<&String> {
        let all = self.names.iter().zip(&self.awaited).zip(&self.attachments);
        all.filter(|((_, awaited), hello)| **awaited && hello.is_none()).map(|((name, _), _)| name).collect()
    }

    /// Waits for a moment for somebody to say something, and reads it. False when nobody has.
    fn listen(&mut self) -> bool {
        let socket = self.listener.socket();
        let listener = PollFd::new(socket, PollFlags::IN);
        let peers =
            self.peers.iter().map(|peer| PollFd::from_borrowed_fd(peer.socket.as_fd(), PollFlags::IN));
        let mut fds: Vec<PollFd<'_>> = std::iter::once(listener).chain(peers).collect();
        let glance = Timespec { tv_sec: 0, tv_nsec: i64::from(GLANCE.subsec_nanos()) };
        if !poll(&mut fds, Some(&glance)).is_ok_and(|count| count > 0) {
            return false;
        }
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready[0]
            && let Ok((socket, _)) = self.listener.socket().accept()
            && socket.set_nonblocking(true).is_ok()
        {
            self.peers.push(Peer { socket, lines: Lines::default(), board: None, has_gone: false });
        }
        for (peer, ready) in self.peers.iter_mut().zip(&ready[1..]) {
            if *ready {
                peer.read(&mut self.buffer);
            }
        }
        true
    }

    /// A board says who it is.
    fn welcome(&mut self, index: usize, hello: Hello) {
        let answer = match self.judge(&hello) {
            Ok(board) => {
                (self.say)(&format!("the board of module '{}' is here", hello.module));
                self.peers[index].board = Some(board);
                let is_open = self.is_open[board] && hello.mcu_line.is_none();
                self.attachments[board] = Some(hello);
                Answer::Welcome(is_open)
            }
            Err(sentence) => {
                (self.say)(&format!("a board was refused: {sentence}"));
                Answer::End(REFUSED, sentence)
            }
        };
        let sent = self.peers[index].send(&answer);
        if !sent || self.peers[index].board.is_none() {
            self.peers[index].has_gone = true;
        }
    }

    /// Somebody asks before it starts a board.
    fn tell(&mut self, index: usize, version: &str) {
        let answer = match same_version(version) {
            Ok(()) => Answer::Epoch(self.epoch),
            Err(sentence) => Answer::End(REFUSED, sentence),
        };
        let peer = &mut self.peers[index];
        peer.has_gone = !peer.send(&answer);
    }

    /// The module that this board drives.
    fn judge(&self, hello: &Hello) -> Result<usize, String> {
        same_version(&hello.version)?;
        let board = self.names.iter().position(|name| *name == hello.module);
        let board = board
            .ok_or_else(|| Error::UnknownModule(hello.module.clone(), self.names.clone()).to_string())?;
        if !self.awaited[board] {
            return Err(format!("this world has no board for module '{}' (--board)", hello.module));
        }
        if self.attachments[board].is_some() {
            return Err(format!("module '{}' has its board already", hello.module));
        }
        Ok(board)
    }

    /// Lets the boards run.
    fn play(&mut self, session: &Session, limit: Option<u64>) -> Result<Ended, String> {
        let attachments: Vec<Option<Attachment>> = self
            .attachments
            .iter()
            .map(|hello| {
                let hello = hello.as_ref()?;
                let Hello { mcu_tx, obeys_rts, .. } = *hello;
                Some(Attachment { mcu_tx, obeys_rts, ..Attachment::default() })
            })
            .collect();
        let lines: Vec<_> = self.attachments.iter().map(|hello| hello.as_ref()?.mcu_line).collect();
        let started = session.with(|w| {
            let turns = Turns::new(w, &attachments, limit)?;
            for (board, line) in lines.iter().enumerate() {
                if let (Some(line), Some(module)) = (line, turns.module(board)) {
                    w.set_mcu_line(module, 0, *line)?;
                }
            }
            Ok::<Turns, Error>(turns)
        });
        let mut turns = whole(started)?;
        let mut lost: Option<String> = None;
        while !turns.is_over() {
            match whole(session.with(|w| turns.next(w)))? {
                Turn::Board(board, go) => {
                    self.send(board, &Answer::Go(go));
                    while turns.running() == Some(board) {
                        if self.stop.is_wanted() {
                            return Ok(Ended::Stopped);
                        }
                        for index in 0..self.peers.len() {
                            while let Some(news) = self.peers[index].next() {
                                self.take(session, &mut turns, index, news, &mut lost)?;
                                if self.peers[index].has_gone {
                                    break;
                                }
                            }
                        }
                        self.peers.retain(|peer| !peer.has_gone);
                        if turns.running() == Some(board) {
                            self.listen();
                        }
                    }
                }
                Turn::Limit => return Ok(Ended::Limit),
                Turn::Asleep(at) => {
                    return Ok(Ended::Asleep(format!(
                        "all boards are asleep at {at} and no event is left that could wake one"
                    )));
                }
                Turn::Stuck(at) => return Err(format!("the world does not get past {at}; please report it")),
            }
        }
        Ok(lost.map_or(Ended::Done, Ended::Lost))
    }

    fn send(&mut self, board: usize, answer: &Answer) {
        for peer in self.peers.iter_mut().filter(|peer| peer.board == Some(board)) {
            if !peer.send(answer) {
                peer.has_gone = true;
            }
        }
    }

    /// Somebody has said something while the boards run.
    fn take(
        &mut self,
        session: &Session,
        turns: &mut Turns,
        index: usize,
        news: News,
        lost: &mut Option<String>,
    ) -> Result<(), String> {
        let Some(board) = self.peers[index].board else {
            match news {
                News::Request(Request::Hello(hello)) => self.welcome(index, hello),
                News::Request(Request::Ask(version)) => self.tell(index, &version),
                News::Request(_) | News::Gone => self.peers[index].has_gone = true,
            }
            return Ok(());
        };
        let is_its_turn = turns.running() == Some(board);
        match news {
            News::Request(Request::Input(at, input)) if is_its_turn => {
                self.input(session, turns, board, at, &input)?;
            }
            News::Request(Request::Reach(at)) if is_its_turn => turns.reach(board, at),
            News::Request(Request::Sleep(at, until)) if is_its_turn => {
                whole(session.with(|w| turns.sleep(w, board, at, until)))?;
            }
            News::Request(Request::Bye(at)) => {
                whole(session.with(|w| turns.gone(w, board, Some(at))))?;
                (self.say)(&format!(
                    "the board of module '{}' has ended at {}",
                    self.names[board],
                    Instant::from_nanos(at)
                ));
                self.facts(session, index, board)?;
            }
            News::Request(_) | News::Gone => {
                let at = whole(session.with(|w| {
                    turns.gone(w, board, None)?;
                    turns.module(board).map_or(Ok(Instant::ZERO), |module| w.now(module))
                }))?;
                let sentence = format!(
                    "the board of module '{}' has gone without a word at {at}: was its QEMU killed?",
                    self.names[board]
                );
                (self.say)(&sentence);
                lost.get_or_insert(sentence);
                self.peers[index].has_gone = true;
                self.peers[index].board = None;
            }
        }
        Ok(())
    }

    /// The board that runs does something. What the world refuses ends the board's run and nobody else's.
    fn input(
        &mut self,
        session: &Session,
        turns: &mut Turns,
        board: usize,
        at: u64,
        input: &Input,
    ) -> Result<(), String> {
        let answer = match session.with(|w| turns.input(w, board, at, input)).map_err(|e| e.to_string())? {
            Ok(go) => Answer::Go(go),
            Err(e) => Answer::End(BROKEN, format!("the coupling failed: {e}")),
        };
        self.send(board, &answer);
        Ok(())
    }

    /// The last that a board hears.
    fn facts(&mut self, session: &Session, index: usize, board: usize) -> Result<(), String> {
        let statistics = whole(session.with(|w| w.statistics(ModuleId(board as u32))))?;
        self.peers[index].send(&Answer::Facts(statistics));
        self.peers[index].has_gone = true;
        self.peers[index].board = None;
        Ok(())
    }

    /// Sends the boards home that are left, and waits until they have gone.
    fn dismiss(&mut self, session: &Session, end: &Answer) {
        self.peers.retain(|peer| peer.send(end));
        let mut waited = Duration::ZERO;
        while !self.peers.is_empty() && waited < FAREWELL {
            if !self.listen() {
                waited += GLANCE;
            }
            for index in 0..self.peers.len() {
                while let Some(news) = self.peers[index].next() {
                    match (news, self.peers[index].board) {
                        (News::Request(Request::Bye(_)), Some(board)) => {
                            // It only lacks its counters when this fails.
                            let _ = self.facts(session, index, board);
                        }
                        // What it had asked before it heard of the end.
                        (News::Request(_), Some(_)) => {}
                        (News::Request(_), None) | (News::Gone, _) => self.peers[index].has_gone = true,
                    }
                    if self.peers[index].has_gone {
                        break;
                    }
                }
            }
            self.peers.retain(|peer| !peer.has_gone);
        }
    }
}

/// Both ends are of one version, or a sentence.
fn same_version(version: &str) -> Result<(), String> {
    let own = env!("CARGO_PKG_VERSION");
    if version == own {
        return Ok(());
    }
    Err(format!("the board's espat-sim is {version}, and the world's is {own}: use the same one for both"))
}

/// What the world gave, or the sentence about a fault.
fn whole<T>(result: Result<Result<T, Error>, crate::edge::Poisoned>) -> Result<T, String> {
    result.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
}
