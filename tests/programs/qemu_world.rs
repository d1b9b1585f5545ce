//! Two boards in one network, each in a QEMU of its own, and the process that has their world: a switch that turns a lamp on
//! and off.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use crate::qemu_firmware::Load;
use crate::tools::{directory, espat_sim, firmware, qemu, root, times, tool};

const BOARD: &str = "mps2-an385";

/// What a process has said so far, on the standard output and on the standard error stream.
#[derive(Default)]
struct Said {
    texts: Mutex<([String; 2], usize)>,
    more: Condvar,
}

impl Said {
    /// Listens to one of the two streams until it is closed.
    fn listen(self: &Arc<Self>, place: usize, stream: impl std::io::Read + Send + 'static) {
        let said = Arc::clone(self);
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let mut texts = said.texts.lock().expect("no panic");
                texts.0[place] += &String::from_utf8_lossy(&line);
                line.clear();
                said.more.notify_all();
            }
            said.texts.lock().expect("no panic").1 += 1;
            said.more.notify_all();
        });
    }

    /// Waits until `done` is content with what was said; at the latest until both streams are closed.
    fn wait(&self, done: impl Fn(&[String; 2]) -> bool) -> [String; 2] {
        let mut texts = self.texts.lock().expect("no panic");
        while texts.1 < 2 && !done(&texts.0) {
            texts = self.more.wait(texts).expect("no panic");
        }
        texts.0.clone()
    }
}

/// A world and its boards, as processes.
struct Air {
    folder: PathBuf,
    children: Vec<(String, Child, Arc<Said>)>,
}

/// How a process has ended, and what it had said.
#[derive(Debug)]
struct Ended {
    exit: Option<i32>,
    out: String,
    err: String,
}

impl Air {
    /// The world of `scenarios/lamp.toml`.
    fn new(test: &str, options: &[&str]) -> Air {
        let folder = directory(&format!("qemu-world-{test}"));
        let mut air = Air { folder, children: Vec::new() };
        let mut command = espat_sim("world");
        command.arg("--scenario").arg(root().join("scenarios/lamp.toml")).args(options);
        command.arg("--listen").arg(air.socket());
        command.arg("--capture").arg(air.path("air.pcapng")).arg("--input-log").arg(air.path("air.log"));
        air.start("world", command);
        air
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn socket(&self) -> PathBuf {
        self.path("air.sock")
    }

    fn start(&mut self, name: &str, mut command: Command) {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("start espat-sim");
        let said = Arc::new(Said::default());
        said.listen(0, child.stdout.take().expect("a pipe"));
        said.listen(1, child.stderr.take().expect("a pipe"));
        self.children.push((name.to_owned(), child, said));
    }

    /// A board with the firmware of this name, as the module of this name. QEMU's options go last.
    fn board(&mut self, module: &str, options: &[&str], of_qemu: &[&str]) {
        let mut command = espat_sim("qemu");
        command.arg("--world").arg(self.socket()).args([
            "--module",
            module,
            "--console",
            "0",
            "--limit",
            "300s",
        ]);
        command.args(options);
        command.args(["--", &qemu(), "-M", BOARD, "-display", "none", "-nodefaults"]).args(of_qemu);
        command.args(["-semihosting-config", "enable=on,target=native", "-kernel"]);
        command.arg(firmware(BOARD, &format!("-{module}")));
        self.start(module, command);
    }

    fn child(&self, name: &str) -> &(String, Child, Arc<Said>) {
        self.children.iter().find(|(known, ..)| known == name).expect("it was started")
    }

    /// Sends a signal to it.
    fn signal(&self, name: &str, signal: &str) {
        send(signal, &self.child(name).1.id().to_string());
    }

    /// Waits until `name` has said this.
    fn wait_for(&self, name: &str, text: &str) {
        let said = self.child(name).2.wait(|said| said.iter().any(|said| said.contains(text)));
        assert!(said.iter().any(|said| said.contains(text)), "{name} ended without '{text}': {said:?}");
    }

    /// Whether it is not there any more.
    fn has_ended(&mut self, name: &str) -> bool {
        let child = self.children.iter_mut().find(|(known, ..)| known == name).expect("it was started");
        child.1.try_wait().expect("look at it").is_some()
    }

    /// Waits for it.
    fn ended(&mut self, name: &str) -> Ended {
        let place = self.children.iter().position(|(known, ..)| known == name).expect("it was started");
        let (_, mut child, said) = self.children.remove(place);
        let exit = child.wait().expect("wait").code();
        let [out, err] = said.wait(|_| false);
        Ended { exit, out, err }
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        for (_, child, _) in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal to the process of this number, which must be there.
fn send(signal: &str, pid: &str) {
    let sent = Command::new("kill").args(["-s", signal, pid]).status().expect("start kill");
    assert!(sent.success(), "the process had ended before the signal {signal}");
}

/// What there is of a run in which both pass.
struct Passed {
    digest: String,
    consoles: [String; 2],
    capture: Vec<u8>,
    log: Vec<u8>,
    folder: PathBuf,
}

/// Lets both boards run to their end. `flood`: something wakes the main loops of both QEMUs all the time.
fn pass(test: &str, flood: bool) -> Passed {
    let mut air = Air::new(test, &["--limit", "60s"]);
    let flood: &[&str] = if flood { &["--flood"] } else { &[] };
    air.board("switch", flood, &[]);
    air.board("lamp", flood, &[]);
    let [lamp, switch, world] = ["lamp", "switch", "world"].map(|name| air.ended(name));
    for board in [&lamp, &switch] {
        assert!(board.exit == Some(0) && board.out.contains("| PASS\n"), "{test}: {board:?}\n{world:?}");
        assert!(!board.err.contains("digest"), "the digest is the world's: {board:?}");
    }
    assert_eq!(world.exit, Some(0), "{test}: {world:?}");
    assert!(world.err.contains("4 expectations met, 0 failed"), "{test}: {world:?}");
    assert!(world.out.contains("switch  MCU -> AT+CIPSTART=\"TCP\",\"192.168.1.50\",5000"), "{world:?}");
    assert!(!air.socket().exists(), "the socket should go with the world");
    let digest = world.err.lines().find_map(|line| line.strip_prefix("espat-sim: digest "));
    let read = |name| std::fs::read(air.path(name)).expect("a file of the run");
    Passed {
        digest: digest.expect("the world says its digest").to_owned(),
        consoles: [lamp.out, switch.out],
        capture: read("air.pcapng"),
        log: read("air.log"),
        folder: air.folder.clone(),
    }
}

#[test]
fn all_runs_of_two_boards_are_one_run_whatever_the_machine_is_doing() {
    let first = pass("again-0", false);
    for n in 1..times(100) {
        let name = format!("again-{n}");
        let loaded = n % 2 == 1;
        let load = loaded.then(Load::start);
        let again = pass(&name, loaded);
        if let Some(load) = load {
            assert!(load.stop(), "{name}: the CPU load did not run");
        }
        assert_eq!(again.digest, first.digest, "{name}: the digest differs");
        assert_eq!(again.consoles, first.consoles, "{name}: a console differs");
        assert!(again.log == first.log, "{name}: the input log differs");
        assert!(again.capture == first.capture, "{name}: the capture differs");
    }
    let replayed = espat_sim("replay").arg(first.folder.join("air.log")).arg("--no-dialogue").output();
    let said = String::from_utf8_lossy(&replayed.expect("start espat-sim replay").stdout).into_owned();
    assert!(said.contains(&format!("digest {}", first.digest)), "the log replays to another digest: {said}");
}

#[test]
fn a_board_in_a_debugger_makes_the_run_that_it_makes_without() {
    let alone = pass("without-gdb", false);
    let mut air = Air::new("gdb", &["--limit", "60s"]);
    air.board("lamp", &[], &[]);
    let gdb = air.path("gdb");
    let chardev = format!("socket,id=gdb,path={},server=on,wait=off", gdb.display());
    air.board("switch", &[], &["-S", "-chardev", &chardev, "-gdb", "chardev:gdb"]);
    air.wait_for("world", "module 'switch' is here");
    // gdb itself does not wait for the socket.
    while UnixStream::connect(&gdb).is_err() {
        assert!(!air.has_ended("switch"), "QEMU ended before gdb came");
        std::thread::yield_now();
    }
    let target = format!("target remote {}", gdb.display());
    let mut debugger = tool("gdb-multiarch", "gdb-multiarch");
    debugger.args(["-nx", "-batch", "-ex", "set confirm off", "-ex", &target]);
    for command in ["break press", "continue", "stepi 50", "continue", "delete", "continue"] {
        debugger.args(["-ex", command]);
    }
    // It calls it an error that QEMU has gone in the end.
    let output = debugger.arg(firmware(BOARD, "-switch")).output().expect("start gdb-multiarch");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("Breakpoint 1, "), "it should have stopped on the way: {said}");
    let [lamp, switch, world] = ["lamp", "switch", "world"].map(|name| air.ended(name));
    assert!(lamp.exit == Some(0) && switch.exit == Some(0), "{lamp:?}\n{switch:?}");
    assert!(
        world.err.contains(&format!("digest {}", alone.digest)),
        "{} without gdb: {world:?}",
        alone.digest
    );
}

#[test]
fn a_board_that_is_killed_does_not_hold_the_other_up() {
    let mut air = Air::new("killed", &["--limit", "20s"]);
    air.board("lamp", &[], &[]);
    air.board("switch", &[], &[]);
    air.wait_for("switch", "the lamp is on");
    air.signal("switch", "KILL");
    let [lamp, world] = ["lamp", "world"].map(|name| air.ended(name));
    assert_eq!(lamp.exit, Some(124), "it should have gone on to the world's limit: {lamp:?}");
    assert!(lamp.err.contains("the world's virtual-time limit was reached at 20.000000 s"), "{lamp:?}");
    assert!(world.err.contains("the board of module 'switch' has gone without a word at "), "{world:?}");
    assert_ne!(world.exit, Some(0), "a run that lost a board is no success: {world:?}");
}

#[test]
fn a_world_that_is_killed_ends_its_boards() {
    let mut air = Air::new("no-world", &[]);
    air.board("lamp", &[], &[]);
    air.board("switch", &[], &[]);
    air.wait_for("switch", "the lamp is on");
    air.signal("world", "KILL");
    for name in ["lamp", "switch"] {
        let board = air.ended(name);
        assert_eq!(board.exit, Some(122), "{board:?}");
        assert!(board.err.contains("air.sock has gone"), "{name} should say why: {board:?}");
    }
}

#[test]
fn signals_are_heard_while_another_board_stands_still() {
    let mut air = Air::new("signals", &[]);
    air.board("lamp", &[], &[]);
    let pid = air.path("pid");
    air.board("switch", &[], &["-pidfile", &pid.display().to_string()]);
    air.wait_for("switch", "module is ready");
    let pid = std::fs::read_to_string(pid).expect("QEMU writes its process number");
    // It stands still as a QEMU does in which somebody debugs.
    send("STOP", pid.trim());
    air.signal("lamp", "TERM");
    let lamp = air.ended("lamp");
    assert_eq!(lamp.exit, Some(128 + 15), "the lamp's QEMU waits for its turn and must hear: {lamp:?}");
    air.wait_for("world", "the board of module 'lamp' has ended at ");
    air.signal("world", "TERM");
    let world = air.ended("world");
    assert!(world.exit == Some(2) && world.err.contains("a signal ended the run"), "{world:?}");
    send("CONT", pid.trim());
    let switch = air.ended("switch");
    assert!(switch.exit == Some(122) && switch.err.contains("the world was ended by a signal"), "{switch:?}");
}

#[test]
fn a_board_that_does_not_come_is_missed() {
    let mut air = Air::new("missing", &["--patience", "1s"]);
    air.board("lamp", &[], &[]);
    let [lamp, world] = ["lamp", "world"].map(|name| air.ended(name));
    // The lamp may come too late itself, on a busy machine.
    let sentence = "'switch' within 1 s: start `espat-sim qemu --world";
    assert!(world.err.contains("no board came for the module ") && world.err.contains(sentence), "{world:?}");
    assert_eq!(world.exit, Some(2), "{world:?}");
    assert!(!world.err.contains("digest"), "a run that has not begun has none: {world:?}");
    assert!(lamp.exit == Some(122) && lamp.err.contains(sentence) || lamp.exit == Some(2), "{lamp:?}");
}

#[test]
fn one_board_is_enough_where_the_world_waits_for_one() {
    let mut air = Air::new("one", &["--board", "switch", "--limit", "8s"]);
    air.board("switch", &[], &[]);
    air.wait_for("world", "module 'switch' is here");
    air.board("lamp", &[], &[]);
    let [lamp, switch, world] = ["lamp", "switch", "world"].map(|name| air.ended(name));
    assert_eq!(lamp.exit, Some(2), "nobody waits for it: {lamp:?}");
    let told = lamp.err.contains("this world has no board for module 'lamp'");
    assert!(told || lamp.err.contains("no world listens"), "{lamp:?}");
    assert_eq!(switch.exit, Some(124), "nobody is there to be reached: {switch:?}");
    assert_eq!(world.exit, Some(1), "the scenario expects a lamp: {world:?}");
}

#[test]
fn mistakes_at_either_end_are_told() {
    let mut air = Air::new("mistakes", &["--patience", "300s"]);
    let said = |command: &mut Command| {
        let output = command.output().expect("start espat-sim");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let board = |air: &Air, options: &[&str]| {
        let mut command = espat_sim("qemu");
        command.arg("--world").arg(air.socket()).args(options);
        command.args(["--", &qemu(), "-M", BOARD, "-display", "none", "-nodefaults", "-kernel"]);
        command.arg(firmware(BOARD, "-lamp"));
        command
    };
    air.board("lamp", &[], &[]);
    air.wait_for("world", "module 'lamp' is here");
    for (options, sentence) in [
        (&["--module", "lmap"][..], "there is no module 'lmap'"),
        (&["--module", "lamp"], "module 'lamp' has its board already"),
        (&["--module", "switch", "--scenario", "scenarios/lamp.toml"], "cannot be used with"),
        (&["--module", "switch", "--seed", "1"], "cannot be used with"),
        (&["--module", "switch", "--capture", "x.pcapng"], "cannot be used with"),
    ] {
        let (exit, said) = said(&mut board(&air, options));
        assert!(exit == Some(2) && said.contains(sentence), "{options:?}: {exit:?} {said}");
    }
    let answer = |line: &str| {
        let mut stream = UnixStream::connect(air.socket()).expect("the world's socket");
        stream.write_all(line.as_bytes()).expect("write");
        stream.shutdown(std::net::Shutdown::Write).expect("shut down");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer, or none");
        answer
    };
    assert!(answer("ask 1 0.0.1\n").contains("espat-sim is 0.0.1, and the world's is "), "another version");
    assert!(answer("hello 9 0.0.1 whatever\n").contains("0.0.1 (protocol 9)"), "another protocol");
    assert_eq!(answer("GET / HTTP/1.1\r\n"), "", "somebody else altogether");
    let (exit, twice) = said(espat_sim("world").arg("--listen").arg(air.socket()));
    assert!(exit == Some(2) && twice.contains("another program listens there"), "{exit:?} {twice}");
    // After all that the run begins and passes.
    air.board("switch", &[], &[]);
    let world = air.ended("world");
    assert_eq!(world.exit, Some(0), "{world:?}");
    let nowhere = Air { folder: directory("qemu-world-nowhere"), children: Vec::new() };
    let (exit, said) = said(&mut board(&nowhere, &["--module", "lamp"]));
    assert!(exit == Some(2) && said.contains("no world listens at "), "{exit:?} {said}");
}
