//! The board's end of the socket to a world that it shares with others ([`crate::edge::lockstep`]).
//!
//! Inputs are answered at once. The answer to a question whose turn it is may take long, because others run meanwhile: it
//! is waited for a little with QEMU's big lock, then without it, so that the monitor, gdb and signals are heard.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, RawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::exit_code;
use crate::edge::lockstep::message::{Answer, Go, Hello, Input, Lines, Request};
use crate::uart::LineSettings;
use crate::world::Statistics;

/// How long an answer is waited for at a time, wall time.
const PATIENCE: Duration = Duration::from_millis(5);
/// How often the world is tried that has not begun to listen yet, and how long it is waited for between two tries.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
/// How often the world's last word, or its first, is waited for.
const LAST_TRIES: u32 = 400;

/// Why a run cannot go on: exit code and sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending(pub i32, pub String);

/// The connection, and how far the board may go.
pub(super) struct Remote {
    path: PathBuf,
    stream: UnixStream,
    state: Mutex<State>,
}

struct State {
    came: Lines,
    /// It is not its turn: the answer is not there yet.
    waits: bool,
    /// How far the board may go from a time on that its clock has not reached.
    pending: Option<Go>,
    until: Option<u64>,
    horizon: Option<u64>,
    lines: [LineSettings; 2],
}

/// What there is to know after an input.
pub(super) struct After {
    /// When the board must come back.
    pub next: Option<u64>,
    /// What the MCU's UART is set to, and what the module's is.
    pub lines: [LineSettings; 2],
}

/// Asks the world at `path` for its scenario's epoch, seconds since 1970; waits some seconds for one that is about to start.
///
/// # Errors
/// One sentence that says why not.
pub fn epoch_of_world(path: &Path) -> Result<u64, String> {
    let mut tries = 0;
    let stream = loop {
        match UnixStream::connect(path) {
            Ok(stream) => break stream,
            Err(e)
                if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
                    && tries < TRIES =>
            {
                tries += 1;
                #[expect(clippy::disallowed_methods, reason = "nothing runs yet")]
                std::thread::sleep(PAUSE);
            }
            Err(e) => {
                let path = path.display();
                return Err(format!(
                    "no world listens at {path} ({e}): start `espat-sim world --listen {path}` before"
                ));
            }
        }
    };
    let asked = Request::Ask(env!("CARGO_PKG_VERSION").to_owned());
    match Remote::new(path, stream)?.first_answer(&asked)? {
        Answer::Epoch(seconds) => Ok(seconds),
        other => Err(no_world(path, &other)),
    }
}

fn no_world(path: &Path, answer: &Answer) -> String {
    match answer {
        Answer::End(_, sentence) => sentence.clone(),
        _ => format!("what listens at {} is no world of espat-sim's", path.display()),
    }
}

impl Remote {
    fn new(path: &Path, stream: UnixStream) -> Result<Remote, String> {
        let failed = |e: std::io::Error| format!("cannot talk to the world at {}: {e}", path.display());
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        let unknown = LineSettings::eight_n_one(115_200);
        let state = State {
            came: Lines::default(),
            waits: true,
            pending: None,
            until: None,
            horizon: None,
            lines: [unknown; 2],
        };
        Ok(Remote { path: path.to_owned(), stream, state: Mutex::new(state) })
    }

    /// Introduces the board. True: nobody else says what its UART is set to. Its first turn is to be waited for.
    ///
    /// # Errors
    /// One sentence that says why not.
    pub fn join(path: &Path, hello: Hello) -> Result<(Remote, bool), String> {
        let stream = UnixStream::connect(path);
        let stream = stream.map_err(|e| format!("no world listens at {} ({e})", path.display()))?;
        let remote = Remote::new(path, stream)?;
        match remote.first_answer(&Request::Hello(hello))? {
            Answer::Welcome(is_open) => Ok((remote, is_open)),
            other => Err(no_world(path, &other)),
        }
    }

    fn first_answer(&self, request: &Request) -> Result<Answer, String> {
        let mut state = self.lock();
        self.send(&mut state, request).map_err(|Ending(_, sentence)| sentence)?;
        for _ in 0..LAST_TRIES {
            if let Some(answer) = self.read(&mut state).map_err(|Ending(_, sentence)| sentence)? {
                return Ok(answer);
            }
        }
        Err(format!("the world at {} does not answer", self.path.display()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket, to wait for.
    pub fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    fn gone(&self) -> Ending {
        Ending(exit_code::BROKEN, format!("the world at {} has gone", self.path.display()))
    }

    fn send(&self, state: &mut State, request: &Request) -> Result<(), Ending> {
        if (&self.stream).write_all(request.line().as_bytes()).is_ok() {
            return Ok(());
        }
        // It may have said why before it went.
        while let Some(answer) = self.read(state)? {
            if let Answer::End(code, sentence) = answer {
                return Err(Ending(code, sentence));
            }
        }
        Err(self.gone())
    }

    /// The next answer, if it comes soon.
    fn read(&self, state: &mut State) -> Result<Option<Answer>, Ending> {
        let unreadable = || {
            let what =
                format!("the world at {} says what this version does not understand", self.path.display());
            Ending(exit_code::BROKEN, what)
        };
        let mut buffer = [0; 4096];
        loop {
            if let Some(line) = state.came.take().map_err(|_| unreadable())? {
                return Answer::parse(&line).map(Some).ok_or_else(unreadable);
            }
            match (&self.stream).read(&mut buffer) {
                Ok(0) => return Err(self.gone()),
                Ok(count) => state.came.push(&buffer[..count]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(None),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(self.gone()),
            }
        }
    }

    /// The next answer but one about counters, if it comes soon.
    fn read_go(&self, state: &mut State) -> Result<Option<Go>, Ending> {
        match self.read(state)? {
            None => Ok(None),
            Some(Answer::Go(go)) => {
                state.waits = false;
                state.until = go.until;
                state.horizon = go.horizon;
                state.lines = go.lines;
                Ok(Some(go))
            }
            Some(Answer::End(code, sentence)) => Err(Ending(code, sentence)),
            Some(Answer::Epoch(_) | Answer::Welcome(_) | Answer::Facts(_)) => Err(self.gone()),
        }
    }

    /// An answer that must come at once, because it is this board's turn.
    fn insist(&self, state: &mut State) -> Result<Go, Ending> {
        loop {
            if let Some(go) = self.read_go(state)? {
                return Ok(go);
            }
        }
    }

    /// The board does something.
    pub fn input(&self, now: u64, input: Input) -> Result<After, Ending> {
        let mut state = self.lock();
        while state.waits || state.horizon.is_some_and(|horizon| now > horizon) {
            // Its clock went on without its timers, as it does while a debugger steps.
            if !state.waits {
                self.send(&mut state, &Request::Reach(now))?;
                state.waits = true;
            }
            let go = self.insist(&mut state)?;
            keep(&mut state, go);
        }
        self.send(&mut state, &Request::Input(now, input))?;
        let go = self.insist(&mut state)?;
        Ok(After { next: next(&state), lines: go.lines })
    }

    /// What the MCU's UART is set to, and what the module's is.
    pub fn lines(&self) -> [LineSettings; 2] {
        self.lock().lines
    }

    /// When the board must come back.
    pub fn next(&self) -> Option<u64> {
        next(&self.lock())
    }

    /// When the board must ask again, unless it is waiting already.
    pub fn until(&self) -> Option<u64> {
        self.lock().until
    }

    /// A question has no answer yet.
    pub fn waits(&self) -> bool {
        self.lock().waits
    }

    /// True when there is something to do at a time that the clock has not reached.
    pub fn is_pending(&self) -> bool {
        self.lock().pending.is_some()
    }

    /// What was to be done at a time that has come.
    pub fn due(&self, now: u64) -> Option<Go> {
        self.lock().pending.take_if(|go| go.at <= now)
    }

    /// For later.
    pub fn keep(&self, go: Go) {
        keep(&mut self.lock(), go);
    }

    /// Asks for a turn.
    pub fn ask(&self, request: &Request) -> Result<(), Ending> {
        let mut state = self.lock();
        state.waits = true;
        self.send(&mut state, request)
    }

    /// The answer, if it comes soon.
    pub fn answer(&self) -> Result<Option<Go>, Ending> {
        self.read_go(&mut self.lock())
    }

    /// Takes leave. The module's counters, if the world still has a word for it.
    pub fn bye(&self, now: u64) -> Option<Statistics> {
        let mut state = self.lock();
        self.send(&mut state, &Request::Bye(now)).ok()?;
        for _ in 0..LAST_TRIES {
            match self.read(&mut state) {
                Ok(Some(Answer::Facts(statistics))) => return Some(statistics),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
        None
    }
}

fn next(state: &State) -> Option<u64> {
    state.pending.as_ref().map(|go| go.at).into_iter().chain(state.until).min()
}

/// Keeps a turn for later, behind what is kept already.
fn keep(state: &mut State, mut go: Go) {
    if let Some(before) = state.pending.take() {
        go.bytes = [before.bytes, go.bytes].concat();
        go.at = before.at;
    }
    state.pending = Some(go);
}
