//! The plugin's arguments: `-plugin libespat_sim.so,chardev=wifi,scenario=lab.toml,…`.

use std::path::PathBuf;

use super::pins::Wiring;
use super::typing::Text;
use crate::edge::{CaptureForm, CaptureFormat};
use crate::time::Duration;
use crate::uart::LineSettings;
use crate::world::{McuTx, quantity};

/// Where the dialogue's records go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// An open file descriptor of the process (`fd:5`).
    Descriptor(i32),
    /// A file, made new.
    Path(PathBuf),
}

/// What the user of the plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    /// Id of the `null` character device that the module takes over.
    pub chardev: String,
    /// Id of a `null` character device that the guest prints to; its lines become records.
    pub console: Option<String>,
    /// Where a world listens that this board shares with others; the world has its own scenario, seed, capture and logs.
    pub world: Option<PathBuf>,
    /// Name of the module in the scenario.
    pub module: String,
    /// How stored bytes are paced; as the scenario says when absent.
    pub mcu_tx: Option<McuTx>,
    /// Whether the MCU's UART obeys the module's RTS; as the scenario says when absent.
    pub obeys_rts: Option<bool>,
    /// What the MCU's UART is set to; as the scenario says when absent.
    pub mcu_line: Option<LineSettings>,
    /// The scenario file; the built-in one when absent.
    pub scenario: Option<PathBuf>,
    /// The seed; the scenario's when absent.
    pub seed: Option<u64>,
    /// Where the capture goes.
    pub capture: Option<Target>,
    /// Its format, and what is in it.
    pub capture_form: CaptureForm,
    /// Where lines of the console come in while QEMU runs.
    pub console_socket: Option<PathBuf>,
    /// The input log.
    pub input_log: Option<PathBuf>,
    /// The TLS key log.
    pub keylog: Option<PathBuf>,
    /// Virtual time at which the run ends, in nanoseconds.
    pub limit: Option<u64>,
    /// Texts of the guest's console that end the run.
    pub exit_on: Vec<String>,
    /// How long the wire and the scenario may stand still, in nanoseconds.
    pub stall: Option<u64>,
    /// What is typed on the guest's console.
    pub typing: Vec<Text>,
    /// Virtual time not faster than wall time.
    pub pace: bool,
    /// Pins of the module that the guest drives.
    pub pins: Vec<Wiring>,
    /// Where the records go as things happen.
    pub dialogue: Option<Target>,
    /// The file for what happens, for who compares runs.
    pub events: Option<PathBuf>,
    /// The file for the facts of the run.
    pub report: Option<PathBuf>,
    /// Test aid: wake QEMU's main loop all the time.
    pub flood: bool,
}

impl Arguments {
    /// Reads `key=value` arguments. The error is one sentence.
    pub fn parse(arguments: &[String]) -> Result<Arguments, String> {
        let mut out = Arguments {
            chardev: "wifi".into(),
            console: None,
            world: None,
            module: "wifi".into(),
            mcu_tx: None,
            obeys_rts: None,
            mcu_line: None,
            scenario: None,
            seed: None,
            capture: None,
            capture_form: CaptureForm::default(),
            console_socket: None,
            input_log: None,
            keylog: None,
            limit: None,
            exit_on: Vec::new(),
            stall: None,
            typing: Vec::new(),
            pace: false,
            pins: Vec::new(),
            dialogue: None,
            events: None,
            report: None,
            flood: false,
        };
        for argument in arguments {
            let (key, value) = argument.split_once('=').ok_or_else(|| {
                format!("the plugin argument '{argument}' has no value; expected key=value")
            })?;
            if value.is_empty() {
                return Err(format!("the plugin argument '{key}' has an empty value"));
            }
            match key {
                "chardev" => out.chardev = value.into(),
                "console" => out.console = Some(value.into()),
                "world" => out.world = Some(value.into()),
                "module" => out.module = value.into(),
                "mcu-tx" => {
                    let mcu_tx = McuTx::parse(value);
                    out.mcu_tx = Some(mcu_tx.map_err(|e| format!("the plugin argument 'mcu-tx': {e}"))?);
                }
                "obeys-rts" => out.obeys_rts = Some(switch(key, value)?),
                "mcu-line" => {
                    let line = LineSettings::parse(value);
                    out.mcu_line = Some(line.map_err(|e| format!("the plugin argument 'mcu-line': {e}"))?);
                }
                "scenario" => out.scenario = Some(value.into()),
                "seed" => {
                    out.seed = Some(number(key, value, "a whole number from 0 to 18446744073709551615")?)
                }
                "capture" => out.capture = Some(target(key, value)?),
                "capture-format" => {
                    let format = CaptureFormat::parse(value);
                    out.capture_form.format =
                        Some(format.map_err(|e| format!("the plugin argument '{key}': {e}"))?);
                }
                "capture-interface" => out.capture_form.interface = Some(value.into()),
                "console-socket" => out.console_socket = Some(value.into()),
                "input-log" => out.input_log = Some(value.into()),
                "keylog" => out.keylog = Some(value.into()),
                "limit" => out.limit = Some(span(key, value)?),
                "stall" => out.stall = Some(span(key, value)?),
                "exit-on" => out.exit_on.push(value.into()),
                "type" => {
                    let text = Text::parse(value);
                    out.typing.push(text.map_err(|e| format!("the plugin argument 'type': {e}"))?);
                }
                "pace" => out.pace = switch(key, value)?,
                "pin" => {
                    let wiring = Wiring::parse(value);
                    out.pins.push(wiring.map_err(|e| format!("the plugin argument 'pin': {e}"))?);
                }
                "dialogue" => out.dialogue = Some(target(key, value)?),
                "events" => out.events = Some(value.into()),
                "report" => out.report = Some(value.into()),
                "flood" => out.flood = switch(key, value)?,
                _ => {
                    return Err(format!(
                        "unknown plugin argument '{key}'; expected chardev, console, world, module, mcu-tx, obeys-rts, \
                         mcu-line, scenario, seed, capture, capture-format, capture-interface, console-socket, input-log, keylog, limit, stall, exit-on, type, pace, pin, dialogue, events or report"
                    ));
                }
            }
        }
        if let Some(option) = out.world.as_ref().and_then(|_| out.of_world()) {
            return Err(format!(
                "the plugin argument '{option}' is for whoever has the world; with 'world' it is another's"
            ));
        }
        if out.console.is_none() && !(out.exit_on.is_empty() && out.typing.is_empty()) {
            return Err(
                "the plugin arguments 'exit-on' and 'type' need the guest's console: add console=ID".into()
            );
        }
        Ok(out)
    }

    /// An argument that whoever has the world decides.
    fn of_world(&self) -> Option<&'static str> {
        let given = [
            ("scenario", self.scenario.is_some()),
            ("seed", self.seed.is_some()),
            ("capture", self.capture.is_some()),
            ("console-socket", self.console_socket.is_some()),
            ("input-log", self.input_log.is_some()),
            ("keylog", self.keylog.is_some()),
            ("events", self.events.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// The character devices that a serial port of the board must be connected to, and the option of `espat-sim qemu`
    /// that chooses it.
    pub fn ports(&self) -> Vec<(String, String)> {
        let module = (self.chardev.clone(), "--serial N".to_owned());
        let console = self.console.iter().map(|id| (id.clone(), "--console N".to_owned()));
        std::iter::once(module).chain(console).collect()
    }
}

fn target(key: &str, value: &str) -> Result<Target, String> {
    let Some(fd) = value.strip_prefix("fd:") else { return Ok(Target::Path(value.into())) };
    let fd = fd.parse().ok().filter(|&fd| fd >= 0);
    fd.map(Target::Descriptor)
        .ok_or_else(|| format!("the plugin argument '{key}' names no descriptor: '{value}'"))
}

fn switch(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "1" | "on" => Ok(true),
        "0" | "off" => Ok(false),
        _ => Err(format!("the plugin argument '{key}' is '{value}'; expected on or off")),
    }
}

/// A duration of more than nothing, in nanoseconds.
fn span(key: &str, value: &str) -> Result<u64, String> {
    let span = quantity::duration(value).map(Duration::as_nanos);
    let span = span.map_err(|e| format!("the plugin argument '{key}': {e}"))?;
    // QEMU counts time in signed nanoseconds.
    if span == 0 || span > i64::MAX as u64 {
        return Err(format!("the plugin argument '{key}' must be from 1 ns to 292 years"));
    }
    Ok(span)
}

fn number(key: &str, value: &str, expected: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("the plugin argument '{key}' is '{value}'; expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, String> {
        Arguments::parse(&arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn without_arguments_the_module_is_wifi_on_the_chardev_wifi() {
        let a = parse(&[]).unwrap();
        assert_eq!((a.chardev.as_str(), a.module.as_str()), ("wifi", "wifi"));
        assert_eq!((a.limit, a.flood, a.dialogue), (None, false, None));
        assert_eq!((a.mcu_tx, a.obeys_rts, a.mcu_line), (None, None, None));
    }

    #[test]
    fn every_argument_is_understood() {
        let a = parse(&[
            "chardev=c",
            "module=m",
            "mcu-tx=as-stored",
            "obeys-rts=on",
            "mcu-line=921600 8e2",
            "scenario=s.toml",
            "seed=18446744073709551615",
            "capture=a=b.pcapng",
            "capture-format=pcap",
            "capture-interface=wifi/radio",
            "console-socket=s",
            "input-log=l",
            "limit=5 ns",
            "stall=1min",
            "console=k",
            "exit-on=PASS, all of it",
            "exit-on=FAIL",
            "type=\"a\" at 5s",
            "pace=on",
            "pin=en=gpio0.3",
            "dialogue=fd:3",
            "events=e",
            "report=r",
            "flood=1",
        ])
        .unwrap();
        assert_eq!((a.mcu_tx, a.obeys_rts), (Some(McuTx::AsStored), Some(true)));
        assert_eq!(parse(&["obeys-rts=off"]).unwrap().obeys_rts, Some(false), "off is given, too");
        assert_eq!(a.mcu_line.map(|line| line.to_string()).as_deref(), Some("921600 8e2"));
        assert_eq!(a.seed, Some(u64::MAX));
        assert_eq!(a.capture, Some(Target::Path("a=b.pcapng".into())), "a path may contain '='");
        let form =
            CaptureForm { format: Some(CaptureFormat::Pcap), interface: Some("wifi/radio".to_owned()) };
        assert_eq!(a.capture_form, form);
        assert_eq!((a.console_socket, a.events), (Some("s".into()), Some("e".into())));
        assert_eq!(parse(&["capture=fd:4"]).unwrap().capture, Some(Target::Descriptor(4)));
        assert_eq!((a.stall, a.exit_on.len(), a.typing.len(), a.pins.len()), (Some(60_000_000_000), 2, 1, 1));
        assert!(a.pace && a.exit_on[0] == "PASS, all of it");
        assert_eq!((a.limit, a.dialogue, a.flood), (Some(5), Some(Target::Descriptor(3)), true));
        assert_eq!(parse(&["dialogue=d.txt"]).unwrap().dialogue, Some(Target::Path("d.txt".into())));
    }

    #[test]
    fn a_faulty_argument_is_refused_with_its_name() {
        for (argument, word) in [
            ("seed=-1", "seed"),
            ("seed=x", "seed"),
            ("limit=0", "limit"),
            ("limit=9223372036854775808ns", "limit"),
            ("limit=5", "limit"),
            ("dialogue=fd:x", "dialogue"),
            ("dialogue=fd:-1", "dialogue"),
            ("flood=2", "flood"),
            ("obeys-rts=yes", "obeys-rts"),
            ("mcu-tx=fast", "mcu-tx"),
            ("mcu-line=921600", "mcu-line"),
            ("capture=", "capture"),
            ("capture=fd:x", "capture"),
            ("capture-format=pcapnp", "pcapng"),
            ("stall=0s", "stall"),
            ("exit-on=PASS", "console=ID"),
            ("type=a", "type"),
            ("pace=2", "pace"),
            ("pin=en", "pin"),
            ("world=", "world"),
            ("colour=red", "colour"),
            ("seed", "seed"),
        ] {
            let message = parse(&[argument]).expect_err(argument);
            assert!(message.contains(word), "the message for {argument} does not name it: {message}");
        }
    }

    #[test]
    fn what_the_world_decides_is_refused_beside_another_ones_world() {
        assert_eq!(parse(&["world=air.sock", "module=lamp"]).unwrap().world, Some("air.sock".into()));
        for argument in
            ["scenario=s", "seed=1", "capture=c", "console-socket=s", "input-log=l", "keylog=k", "events=e"]
        {
            let message = parse(&["world=air.sock", argument]).expect_err(argument);
            assert!(argument.starts_with(message.split('\'').nth(1).unwrap_or("?")), "{argument}: {message}");
        }
    }
}
