//! The entry points that QEMU looks for in a TCG plugin.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;

use super::air::Air;
use super::api::{self, CLOCK_VIRTUAL, Notifier, Qemu, QemuInfo};
use super::arguments::{Arguments, Target};
use super::console::{self, Console};
use super::coupling::{self, Coupling, Flood, GuestLine, Pointer, new_timer, on_entry, on_timer, say};
use super::pace::{self, Pace};
use super::remote::Remote;
use super::reporter::Reporter;
use super::socket::Socket;
use super::{hook, idle, pins};
use crate::edge::events::EventFile;
use crate::edge::lockstep::message::Hello;
use crate::edge::{CaptureForm, CaptureSink, Outputs, Paths, SavedFiles, Session, Sink, load_scenario};
use crate::world::{Attachment, Recording, Scenario};

/// How often a flood wakes QEMU's main loop.
const FLOOD: Duration = Duration::from_micros(20);

/// The version of the plugin interface that this library speaks. QEMU reads it after loading the library.
///
/// No single value will do: QEMU up to 8.2 accepts nothing above 1, later ones nothing below 2. What is used of the
/// interface is the same in all of them, except `qemu_plugin_insn_data`, which goes by what QEMU says of
/// itself. So the value is chosen when the library is loaded.
#[unsafe(export_name = "qemu_plugin_version")]
pub static VERSION: AtomicI32 = AtomicI32::new(1);

/// Runs when the library is loaded. In a process without QEMU it finds nothing and changes nothing.
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static CHOOSE_VERSION: extern "C" fn() = {
    extern "C" fn choose_version() {
        // Functions that came with these versions. Plugins may use them, so every QEMU exports them.
        if api::exists(c"qemu_plugin_read_memory_vaddr") {
            VERSION.store(4, Ordering::Relaxed);
        } else if api::exists(c"qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu") {
            VERSION.store(2, Ordering::Relaxed);
        }
    }
    choose_version
};

/// QEMU has loaded the library. Returns 0, or ends QEMU after a sentence on the standard error stream.
///
/// # Safety
/// For QEMU to call, with the arguments that its plugin interface defines.
#[unsafe(export_name = "qemu_plugin_install")]
pub unsafe extern "C" fn install(
    id: u64,
    info: *const QemuInfo,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let outcome = catch_unwind(|| {
        // SAFETY: QEMU passes a valid block and `argc` NUL-terminated strings.
        unsafe {
            let mut arguments = Vec::new();
            for i in 0..usize::try_from(argc).unwrap_or(0) {
                arguments.push(CStr::from_ptr(*argv.add(i)).to_string_lossy().into_owned());
            }
            couple(id, &*info, &arguments)
        }
    });
    match outcome {
        Ok(Ok(())) => 0,
        Ok(Err(sentence)) => {
            say(&sentence);
            // What QEMU itself does when a plugin refuses, without its sentence, which would look like the cause.
            // SAFETY: called from `qemu_plugin_install`, in QEMU's main thread.
            unsafe { libc::exit(1) }
        }
        Err(_) => {
            say("an internal error (the message above) kept the plugin from starting; please report it");
            -1
        }
    }
}

/// Checks that everything is there, makes the world, and joins it to QEMU.
///
/// # Safety
/// `info` is what QEMU passed; the caller is `qemu_plugin_install` and holds the big lock.
unsafe fn couple(id: u64, info: &QemuInfo, arguments: &[String]) -> Result<(), String> {
    let arguments = Arguments::parse(arguments)?;
    if !info.system_emulation {
        return Err("this is a user-mode QEMU; the module needs a whole machine: use qemu-system-arm".into());
    }
    // SAFETY: a NUL-terminated string of QEMU's.
    let target = unsafe { CStr::from_ptr(info.target_name) }.to_string_lossy();
    if !matches!(&*target, "arm" | "aarch64" | "riscv32" | "riscv64") {
        return Err(format!(
            "this QEMU emulates {target}; the coupling knows how Arm and RISC-V guests sleep, and no others"
        ));
    }
    if info.smp_vcpus > 1 {
        return Err(ONE_CPU.into());
    }
    let qemu = Qemu::find(info.version_cur)?;
    if !qemu.counts_instructions() {
        return Err("time must come from counting instructions: add -icount shift=5,sleep=off".into());
    }
    let device = hook::find(&qemu, &arguments.chardev)?;
    let scenario = load_scenario(arguments.scenario.as_deref()).map_err(|e| e.line().to_owned())?;
    name_files(&arguments, &scenario)?;
    let reporter = Arc::new(Mutex::new(Reporter::new(
        arguments.dialogue.as_ref().map(live).transpose()?,
        arguments.report.clone(),
    )));
    let (air, is_open) = match &arguments.world {
        None => own_world(&scenario, &arguments, &reporter)?,
        Some(path) => {
            let Arguments { mcu_tx, obeys_rts, mcu_line, .. } = arguments;
            let (version, module) = (env!("CARGO_PKG_VERSION").to_owned(), arguments.module.clone());
            let (remote, is_open) =
                Remote::join(path, Hello { version, module, mcu_tx, obeys_rts, mcu_line })?;
            (Air::Shared(Box::new(remote)), is_open)
        }
    };
    // The 16550 of RISC-V's `virt` tells rates of a clock that its own device tree does not have.
    let follows = is_open && !target.starts_with("riscv");
    let console = arguments.console.as_ref().map(|id| hook::find(&qemu, id)).transpose()?;
    hook::install(&qemu, device, console)?;
    let timer = new_timer(&qemu, CLOCK_VIRTUAL, on_timer);
    let typing_timer = new_timer(&qemu, CLOCK_VIRTUAL, console::on_timer);
    let pace = arguments.pace.then(|| Pace::new(new_timer(&qemu, CLOCK_VIRTUAL, pace::on_timer)));
    let ports = arguments.ports();
    let idle = idle::State::new();
    let socket = arguments.console_socket.as_deref().map(Socket::bind).transpose()?;
    let coupling = coupling::publish(Coupling {
        qemu,
        device: Pointer(device),
        air,
        limit: arguments.limit,
        reporter,
        flood: Mutex::new(None),
        timer,
        armed: AtomicI64::new(-1),
        fired_at: AtomicU64::new(u64::MAX),
        fired: AtomicU32::new(0),
        idle,
        socket: socket.map(|socket| Mutex::new(Some(socket))),
        finished: AtomicBool::new(false),
        signalled: AtomicBool::new(false),
        ports: Mutex::new(ports),
        console: Console::new(console, typing_timer, arguments.exit_on, arguments.typing),
        stall: arguments.stall,
        moved: AtomicU64::new(0),
        line: GuestLine { is_open, follows, told: Mutex::default(), warned: Mutex::default() },
        pace,
        wirings: arguments.pins,
    })?;
    if let (Some(path), Some(socket)) = (&arguments.console_socket, &coupling.socket) {
        let socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
        socket.iter().try_for_each(|socket| socket.start(coupling))?;
        say(&format!(
            "console {}; what changes something there takes effect where the run has come to: the next run may differ, and \
             an input log (--input-log FILE) replays this one exactly",
            path.display()
        ));
    }
    if arguments.flood {
        *coupling.flood.lock().unwrap_or_else(PoisonError::into_inner) = Some(flood(coupling)?);
    }
    let q = &coupling.qemu;
    // SAFETY: called from qemu_plugin_install, where QEMU allows all of these; the callbacks are functions of
    // this library, which is never unloaded.
    unsafe {
        (q.qemu_plugin_register_atexit_cb)(id, on_exit, std::ptr::null_mut());
        (q.qemu_plugin_register_vcpu_init_cb)(id, idle::on_vcpu);
        (q.qemu_plugin_register_vcpu_tb_trans_cb)(id, idle::on_translation);
        let nobody = std::ptr::null_mut();
        let notifier = Notifier { notify: idle::on_main_loop, links: [nobody, nobody] };
        (q.main_loop_poll_add_notifier)(Box::into_raw(Box::new(notifier)));
        let notifier = Notifier { notify: coupling::on_shutdown, links: [nobody, nobody] };
        (q.qemu_register_shutdown_notifier)(Box::into_raw(Box::new(notifier)));
        if !coupling.wirings.is_empty() {
            let notifier = Notifier { notify: pins::on_machine, links: [nobody, nobody] };
            (q.qemu_add_machine_init_done_notifier)(Box::into_raw(Box::new(notifier)));
        }
    }
    // SAFETY: called from qemu_plugin_install, with the big lock.
    unsafe { api::refuse_snapshots() };
    // Not later: set from the callback for a new vCPU, the timer crashes QEMU 7.2.
    coupling.start();
    Ok(())
}

/// A world of this process, with the module attached. The second value: nobody else says what the MCU's UART is set to.
fn own_world(
    scenario: &Scenario,
    arguments: &Arguments,
    reporter: &Arc<Mutex<Reporter>>,
) -> Result<(Air, bool), String> {
    let session = session(scenario, arguments, reporter)?;
    let Arguments { mcu_tx, obeys_rts, .. } = *arguments;
    let attachment = Attachment { mcu_tx, obeys_rts, ..Attachment::default() };
    let attached = session.with(|w| {
        let module = w.attach(&arguments.module, attachment)?;
        arguments.mcu_line.map_or(Ok(()), |line| w.set_mcu_line(module, 0, line)).map(|()| module)
    });
    let module = attached.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
    let wire = scenario.modules.get(module.index()).map(|m| &m.wire);
    let is_open = arguments.mcu_line.is_none() && wire.is_none_or(|wire| wire.mcu_line.is_none());
    Ok((Air::Own(Box::new(session), module), is_open))
}

/// Why a machine is refused.
pub(super) const ONE_CPU: &str = "this machine has more than one CPU; the coupling keeps time for one only";

/// No file serves two purposes, and all can be written.
fn name_files(arguments: &Arguments, scenario: &Scenario) -> Result<(), String> {
    let mut paths = Paths::default();
    if let Some(path) = &arguments.scenario {
        paths.read("scenario", path)?;
    }
    SavedFiles::name(scenario, &mut paths)?;
    let dialogue = match &arguments.dialogue {
        Some(Target::Path(path)) => Some(path),
        Some(Target::Descriptor(_)) | None => None,
    };
    if let Some(Target::Path(path)) = &arguments.capture {
        paths.capture("capture", path)?;
    }
    let written = [
        ("console-socket", arguments.console_socket.as_ref()),
        ("input-log", arguments.input_log.as_ref()),
        ("keylog", arguments.keylog.as_ref()),
        ("report", arguments.report.as_ref()),
        ("dialogue", dialogue),
    ];
    for (what, path) in written {
        if let Some(path) = path {
            paths.write(what, path)?;
        }
    }
    Ok(())
}

/// Opens the place for the live records.
fn live(target: &Target) -> Result<Sink, String> {
    match target {
        Target::Path(path) => Sink::create_patiently(path, say).map_err(|e| e.to_string()),
        Target::Descriptor(fd) => {
            Sink::from_writer("the dialogue", inherited(*fd, "dialogue")?).map_err(|e| e.to_string())
        }
    }
}

/// Opens the place for the capture.
fn capture(target: &Target, form: CaptureForm) -> Result<CaptureSink, String> {
    let opened = match target {
        Target::Path(path) => CaptureSink::create_patiently(path, form, say),
        Target::Descriptor(fd) => {
            CaptureSink::from_writer("the standard output", inherited(*fd, "capture")?, form)
        }
    };
    opened.map_err(|e| e.to_string())
}

/// A descriptor that was passed on, for `what`.
#[expect(clippy::disallowed_types, reason = "the edge writes files")]
fn inherited(fd: i32, what: &str) -> Result<std::fs::File, String> {
    use std::os::fd::FromRawFd;
    // SAFETY: asks for the flags of a descriptor, whatever it is.
    if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return Err(format!("the descriptor {fd} for the {what} is not open"));
    }
    // SAFETY: it is open, and whoever passed it on the command line gave it to us.
    Ok(unsafe { std::fs::File::from_raw_fd(fd) })
}

fn session(
    scenario: &Scenario,
    arguments: &Arguments,
    reporter: &Arc<Mutex<Reporter>>,
) -> Result<Session, String> {
    let create = |path: &Option<std::path::PathBuf>| match path {
        Some(path) => Sink::create_patiently(path, say).map(Some).map_err(|e| e.to_string()),
        None => Ok(None),
    };
    let form = &arguments.capture_form;
    let captured = arguments.capture.as_ref().map(|target| capture(target, form.clone())).transpose()?;
    let mut outputs = Outputs {
        capture: captured,
        log: create(&arguments.input_log)?,
        keylog: create(&arguments.keylog)?,
        events: create(&arguments.events)?.map(|sink| EventFile::new(sink).of("")),
        pulled: Recording { history: arguments.console_socket.is_some(), ..Recording::default() },
        ..Outputs::default()
    };
    let r = Arc::clone(reporter);
    outputs.warnings = Some(Box::new(move |w| r.lock().unwrap_or_else(PoisonError::into_inner).warning(w)));
    if arguments.stall.is_some() || reporter.lock().unwrap_or_else(PoisonError::into_inner).is_live() {
        let r = Arc::clone(reporter);
        outputs.dialogue =
            Some(Box::new(move |m, p| r.lock().unwrap_or_else(PoisonError::into_inner).packet(m, p)));
    }
    Session::new(scenario, arguments.seed, outputs).map_err(|e| e.to_string())
}

/// Test aid: a thread that wakes QEMU's main loop every 20 us (wall time), to show that nothing depends on when it runs.
fn flood(coupling: &'static Coupling) -> Result<Flood, String> {
    let (stop, stopped) = crossbeam_channel::bounded::<()>(0);
    let thread = std::thread::Builder::new().name("espat-flood".into()).spawn(move || {
        let mut count = 0;
        while stopped.recv_timeout(FLOOD) == Err(RecvTimeoutError::Timeout) {
            // SAFETY: may be called from any thread at any time.
            unsafe { (coupling.qemu.qemu_notify_event)() };
            count += 1;
        }
        count
    });
    Ok(Flood { stop, thread: thread.map_err(|e| format!("cannot start the flood: {e}"))? })
}

/// QEMU ends: the user closed it, or the guest asked for it through semihosting.
unsafe extern "C" fn on_exit(_id: u64, _data: *mut c_void) {
    on_entry(|c| c.finish(None));
}
