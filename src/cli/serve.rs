//! `espat-sim serve`: the module on a real serial endpoint, in wall-clock time.

mod screen;

use std::io::BufRead;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::dialogue::{self, Style};
use super::files;
use super::options::{DialogueArgs, McuArgs, RecordArgs, Terminal};
#[cfg(unix)]
use crate::edge::serve::Pty;
use crate::edge::serve::{Address, Clock, Control, Event, Happening, Listener, Server, State, Wall};
use crate::edge::{CaptureSink, External, Outputs, Session};
use crate::time::Duration;
use crate::world::Recording;
use crate::world::console::wants_json;
use screen::Screen;

/// Put the module on a serial port for a terminal, a host program or an emulator, in wall-clock time.
///
/// The module is switched on when the first client connects, and stays on when one goes and another comes. The
/// standard input is a console: lines such as `ap home down` change the world (`help` lists them), `quit`, its
/// end or Ctrl-C end the run in order. The standard output has the endpoint, what the console answers, and the
/// digest.
///
/// The exit code is 0 when the run was ended in order, 2 when it could not start or go on.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// The scenario file; without it, the built-in one.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// The seed of all randomness; without it, the scenario's, or 1.
    #[arg(long, value_name = "N", value_parser = super::seed)]
    seed: Option<u64>,
    /// The module's name in the scenario.
    #[arg(long, value_name = "NAME", default_value = "wifi")]
    module: String,
    #[command(flatten)]
    record: RecordArgs,
    /// Let the scenario's hosts reach real programs on this machine, where it says so (`external`).
    #[arg(long)]
    external: bool,
    #[command(flatten)]
    mcu: McuArgs,
    /// Let the terminal be set to any rate. Without this, one that is not the module's garbles what passes, as on a
    /// real line; a terminal that sets none is understood always.
    #[cfg(unix)]
    #[arg(long, requires = "pty")]
    any_rate: bool,
    /// Switch the module on at once, not when the first client connects.
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    dialogue: DialogueArgs,
    /// Leave the standard input alone, for a run in the background: SIGINT, SIGTERM or SIGHUP end it in order.
    #[arg(long)]
    no_console: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct EndpointArgs {
    /// Make a pseudo-terminal, for terminal programs and pyserial.
    #[cfg(unix)]
    #[arg(long)]
    pty: bool,
    /// Listen on a TCP port of this machine (7000), or where the address says (0.0.0.0:7000). Port 0: any.
    #[arg(long, value_name = "[ADDR:]PORT", value_parser = Address::tcp)]
    tcp: Option<Address>,
    /// Listen on a Unix socket.
    #[arg(long, value_name = "PATH")]
    unix: Option<PathBuf>,
}

/// What is served on. The files that it has made go with it.
enum Endpoint {
    #[cfg(unix)]
    Pty {
        pty: Pty,
        any_rate: bool,
    },
    Socket(Listener),
}

impl Endpoint {
    fn open(serve: &ServeArgs) -> Result<Endpoint, String> {
        let args = &serve.endpoint;
        #[cfg(unix)]
        if args.pty {
            return Pty::open().map(|pty| Endpoint::Pty { pty, any_rate: serve.any_rate });
        }
        let unix = args.unix.clone().map(Address::Unix);
        match args.tcp.as_ref().or(unix.as_ref()) {
            Some(address) => Listener::bind(address).map(Endpoint::Socket),
            None => Err("nothing to serve on: give --pty, --tcp or --unix".to_owned()),
        }
    }

    fn serve(&self, clock: Clock) -> Result<Receiver<Event>, String> {
        let events = match self {
            #[cfg(unix)]
            Endpoint::Pty { pty, any_rate } => pty.serve(clock, *any_rate),
            Endpoint::Socket(listener) => listener.serve(clock),
        };
        events.map_err(|e| format!("cannot start a thread: {e}"))
    }

    /// As a program needs it: a path or an address.
    fn place(&self) -> String {
        match self {
            #[cfg(unix)]
            Endpoint::Pty { pty, .. } => pty.path().display().to_string(),
            Endpoint::Socket(listener) => listener.address().to_string(),
        }
    }

    /// How somebody at a keyboard gets there, to a module at this rate.
    #[cfg_attr(not(unix), allow(unused_variables, reason = "a pseudo-terminal alone has a rate"))]
    fn hint(&self, baud: u32) -> String {
        match self {
            #[cfg(unix)]
            Endpoint::Pty { pty, .. } => format!("picocom -b {baud} --omap crcrlf {}", pty.path().display()),
            Endpoint::Socket(listener) => match listener.address() {
                Address::Tcp(at) => format!("socat -,icanon=0,echo=0 TCP:{at},crnl"),
                Address::Unix(path) => format!("socat -,icanon=0,echo=0 UNIX:{},crnl", path.display()),
            },
        }
    }
}

/// Runs the server until it is told to end.
pub fn run(args: ServeArgs) -> i32 {
    match start(&args) {
        Ok(()) => 0,
        Err(sentence) => super::fail(&sentence),
    }
}

/// How often the status line is looked at (wall time).
const STATUS: Duration = Duration::from_millis(250);

/// The screen, which outputs of the world write on, too.
type Shared = Arc<Mutex<Screen>>;

fn on(screen: &Shared) -> std::sync::MutexGuard<'_, Screen> {
    // Half a line is all that a panic can leave.
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start(args: &ServeArgs) -> Result<(), String> {
    let scenario = files::scenario(args.scenario.as_deref())?;
    let written =
        [("--input-log", args.record.input_log.as_deref()), ("--keylog", args.record.keylog.as_deref())];
    files::of_run((args.scenario.as_deref(), &scenario), args.record.capture.as_deref(), &written)?;
    let capture = files::capture(args.record.capture.as_deref(), &args.record.capture_form)?;
    let screen: Shared = Arc::new(Mutex::new(Screen::new(!args.no_console)));
    let clock = Clock::start();
    let (control, controls) = bounded(16);
    // Before there is anything to tidy up.
    on_signal(control.clone())?;
    let endpoint = Endpoint::open(args)?;
    let session =
        Session::new(&scenario, args.seed, outputs(args, capture, &screen)?).map_err(|e| e.to_string())?;
    let mut server =
        Server::new(session, &args.module, args.mcu.attachment(), clock, endpoint.serve(clock)?, controls)?;
    introduce(args, &endpoint.place(), &endpoint.hint(server.baud()?), &screen);
    if args.now {
        server.start();
    }
    if !args.no_console {
        console(control)?;
    }
    let ended = attend(&mut server, clock, &screen);
    on(&screen).clear();
    // Also after a failure: the records up to there are worth having.
    let finished = server.finish();
    ended?;
    let (state, digest) = finished?;
    conclude(args, &state, digest, &screen);
    Ok(())
}

/// Where the world's records go.
fn outputs(args: &ServeArgs, capture: Option<CaptureSink>, screen: &Shared) -> Result<Outputs, String> {
    let style = Style { color: Terminal::standard().has_colour(args.dialogue.color) };
    let (dialogue, warnings) = (Arc::clone(screen), Arc::clone(screen));
    let show = move |_: &str, packet: &_| on(&dialogue).print(&dialogue::format(packet, None, style));
    Ok(Outputs {
        capture,
        log: files::sink(args.record.input_log.as_deref())?,
        keylog: files::sink(args.record.keylog.as_deref())?,
        dialogue: args.dialogue.or(false).then(|| Box::new(show) as _),
        warnings: Some(Box::new(move |sentence| on(&warnings).say(&format!("warning: {sentence}")))),
        pulled: Recording { observations: true, history: true, ..Recording::default() },
        external: args.external.then(External::hurrying),
        ..Outputs::default()
    })
}

fn on_signal(control: Sender<Control>) -> Result<(), String> {
    let end = move || drop(control.send(Control::End("a signal")));
    ctrlc::set_handler(end).map_err(|e| format!("cannot take signals: {e}"))
}

/// The thread that reads the console.
fn console(control: Sender<Control>) -> Result<(), String> {
    let read = move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line).into_owned();
            if control.send(Control::Line(text)).is_err() {
                return;
            }
            line.clear();
        }
        let _ =
            control.send(Control::End("the end of the standard input (--no-console goes on without one)"));
    };
    let thread = Builder::new().name("espat-serve-console".into()).spawn(read);
    thread.map(drop).map_err(|e| format!("cannot start a thread: {e}"))
}

/// What somebody needs to know before it begins.
fn introduce(args: &ServeArgs, place: &str, hint: &str, screen: &Shared) {
    let mut screen = on(screen);
    let log =
        if args.record.input_log.is_some() { "the input log" } else { "an input log (--input-log FILE)" };
    screen.say(&format!("in wall-clock time no two runs are the same; {log} replays this one exactly"));
    if let Some(address) = args.endpoint.tcp.as_ref().filter(|a| a.is_public()) {
        screen.say(&format!("warning: whoever reaches {address} over the network can use the module"));
    }
    screen.print(&format!("endpoint {place}"));
    let when = if args.now { "is on" } else { "starts with the first client" };
    screen.say(&format!("module {} {when}, such as: {hint}", args.module));
}

/// Tells what happens, until it is to end.
fn attend(server: &mut Server, clock: Clock, screen: &Shared) -> Result<(), String> {
    let live = on(screen).is_live();
    let mut look = clock.now();
    loop {
        if live && look <= clock.now() {
            let state = server.state()?;
            on(screen).status(&screen::status(&state));
            look = Wall(clock.now().0 + STATUS);
        }
        match server.next(live.then_some(look))? {
            Happening::Opened { peer, first: true } => {
                on(screen).say(&format!("{peer} has connected: the module starts"));
            }
            Happening::Opened { peer, first: false } => on(screen).say(&format!("{peer} has connected")),
            Happening::Closed(peer) => on(screen).say(&format!("{peer} has gone")),
            Happening::Answered { line, answer } => {
                let mut screen = on(screen);
                screen.entered(&line);
                match answer {
                    Ok(answer) if line == "help" => {
                        screen
                            .print(&format!("{}\n  quit                  Ends the run.", answer.trim_end()));
                    }
                    Ok(answer) if answer.is_empty() => {}
                    Ok(answer) => screen.print(answer.trim_end()),
                    // Programs read their answers in one place.
                    Err(why) if wants_json(&line) => screen.print(&why),
                    Err(why) => screen.say(&why),
                }
            }
            Happening::Mismatch { client, module } => {
                on(screen).say(&format!(
                    "warning: the terminal is set to {client} baud and the module to {module}, so that neither \
                     understands the other (--any-rate lets the terminal have any rate)"
                ));
            }
            Happening::Observed(seen) => {
                on(screen).print(&format!("{} {} {} {}", seen.at, seen.subject, seen.kind(), seen.event));
            }
            Happening::Time => {}
            Happening::End(why) => {
                let mut screen = on(screen);
                if why == Control::QUIT {
                    screen.entered(why);
                }
                screen.clear();
                screen.say(&format!("ended by {why}"));
                return Ok(());
            }
        }
    }
}

/// The last lines.
fn conclude(args: &ServeArgs, state: &State, digest: u64, screen: &Shared) {
    let mut screen = on(screen);
    let counted = state.statistics;
    screen.say(&format!(
        "{} bytes from the client, {} bytes from the module, {} of them dropped because nobody took them",
        counted.mcu_bytes, counted.module_bytes, state.dropped
    ));
    if counted.module_overruns > 0 {
        screen
            .say(&format!("the module lost {} bytes because its buffers were full", counted.module_overruns));
    }
    if state.behind.times > 0 {
        screen.say(&format!(
            "this machine fell behind the wall clock {} times, by {} ms at most, and caught up; nothing was lost",
            state.behind.times,
            state.behind.most.as_millis()
        ));
    }
    screen.print(&format!("virtual time {}", state.now));
    let written = args.record.written();
    for (what, file) in written {
        if let Some(file) = file {
            screen.print(&format!("{what} {}", file.display()));
        }
    }
    screen.print(&format!("digest {digest:016x}"));
}
