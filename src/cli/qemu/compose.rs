//! What is missing in the user's QEMU command line.

use std::ffi::OsString;

/// Id of the character device that the module takes over.
pub(super) const CHARDEV: &str = "wifi";

/// Id of the character device whose lines are shown.
pub(super) const CONSOLE: &str = "espat-console";

/// What is added to the command line, and what the user is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Arguments that follow the user's.
    pub added: Vec<String>,
    /// Which serial port the module is on: a sentence.
    pub notice: String,
}

/// What of the user's command line matters here.
#[derive(Default)]
struct Seen {
    serials: Vec<String>,
    /// The value of `-chardev` for our id.
    chardev: Option<String>,
    /// Some device other than `-serial` names our chardev.
    device: bool,
    icount: Option<String>,
    /// QEMU makes one of several, part by part.
    rtc: Vec<String>,
    display: bool,
    /// The display is one that shows something.
    window: bool,
    nographic: bool,
    nodefaults: bool,
    monitor: bool,
    /// An option that begins with the state of another run, and its value.
    state: Option<(String, String)>,
}

/// Options whose value could be mistaken for another option.
const WITH_VALUE: [&str; 5] = ["append", "name", "semihosting-config", "fw_cfg", "kernel"];

fn look(user: &[OsString]) -> Seen {
    let mut seen = Seen::default();
    let mut words = user.iter().map(|w| w.to_string_lossy());
    while let Some(word) = words.next() {
        let option = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or("");
        match option {
            "serial" => seen.serials.extend(words.next().map(Into::into)),
            "chardev" => {
                let value = words.next().unwrap_or_default();
                if value.split(',').any(|part| part.strip_prefix("id=") == Some(CHARDEV)) {
                    seen.chardev = Some(value.into());
                }
            }
            "device" | "global" => {
                let value = words.next().unwrap_or_default();
                seen.device |= value.split(',').any(|part| part.strip_prefix("chardev=") == Some(CHARDEV));
            }
            "icount" => seen.icount = words.next().map(Into::into),
            "rtc" => seen.rtc.extend(words.next().map(Into::into)),
            "display" | "vnc" | "spice" => {
                let value = words.next().unwrap_or_default();
                seen.display = true;
                seen.window |= option != "display" || value != "none";
            }
            "monitor" | "qmp" | "qmp-pretty" | "mon" => seen.monitor = words.next().is_some(),
            "loadvm" | "incoming" => {
                seen.state = Some((option.to_owned(), words.next().unwrap_or_default().into()));
            }
            "nographic" => seen.nographic = true,
            "nodefaults" => seen.nodefaults = true,
            _ if WITH_VALUE.contains(&option) => {
                words.next();
            }
            _ => {}
        }
    }
    seen
}

/// Composes what is missing. `port` is the serial port for the module where the user has not connected it,
/// `shown` the one whose lines are shown, `start` the date of the scenario's beginning (2024-01-01T00:00:00), `plugin` the
/// value of `-plugin`. The error is one sentence.
pub(super) fn compose(
    user: &[OsString],
    port: usize,
    shown: Option<usize>,
    start: &str,
    plugin: &str,
) -> Result<Plan, String> {
    let seen = look(user);
    let mut added: Vec<String> = Vec::new();
    let mut add = |option: &str, value: &str| added.extend([format!("-{option}"), value.to_owned()]);
    if let Some((option, value)) = &seen.state {
        return Err(format!(
            "the module is no part of a machine's state, so a run can't begin with '-{option} {value}'; leave it out, and \
             run from power-on"
        ));
    }
    match &seen.chardev {
        None => add("chardev", &format!("null,id={CHARDEV}")),
        Some(value) if value.split(',').next() == Some("null") => {}
        Some(value) => {
            return Err(format!(
                "the module takes the place of a null character device, but yours is '-chardev {value}'; leave \
                 it out, or write -chardev null,id={CHARDEV}"
            ));
        }
    }
    if let Some(shown) = shown {
        if shown == port {
            return Err(format!("serial port {port} can't be both the console and the module's"));
        }
        if let Some(taken) = seen.serials.get(shown) {
            return Err(format!(
                "serial port {shown} is to be shown as the console, but your command line has '-serial {taken}' there"
            ));
        }
        add("chardev", &format!("null,id={CONSOLE}"));
    }
    add("plugin", plugin);
    match &seen.icount {
        None => add("icount", "shift=5,sleep=off"),
        Some(value) if value.split(',').any(|part| part == "sleep=off") && !value.contains("auto") => {}
        Some(value) => {
            return Err(format!(
                "a run is reproducible only with a fixed shift and sleep=off, but yours is '-icount {value}'; \
                 leave it out, or write -icount shift=5,sleep=off"
            ));
        }
    }
    let rtc = format!("base={start},clock=vm");
    match missing_of_rtc(&seen.rtc.join(","), start) {
        Some(missing) if missing.is_empty() => {}
        Some(missing) => add("rtc", &missing),
        None => {
            return Err(format!(
                "a run is reproducible only when the board's clock starts at a fixed date and follows virtual time, but \
                 yours is '-rtc {}'; leave it out, or write -rtc {rtc}",
                seen.rtc.join(",")
            ));
        }
    }
    if !seen.display && !seen.nographic {
        add("display", "none");
    }
    let ours = format!("chardev:{CHARDEV}");
    let notice = if let Some(n) = seen.serials.iter().position(|s| *s == ours) {
        format!("the module is on serial port {n} of the board, as your command line says")
    } else if seen.device {
        "the module is on the device of your command line that names it".to_owned()
    } else if let Some(taken) = seen.serials.get(port) {
        return Err(format!(
            "the module belongs on serial port {port} of the board, but your command line has '-serial {taken}' \
             there; choose another port with --serial N, or write -serial {ours} where the module is"
        ));
    } else {
        for n in seen.serials.len()..=port.max(shown.unwrap_or(0)) {
            match n {
                _ if n == port => add("serial", &ours),
                _ if Some(n) == shown => add("serial", &format!("chardev:{CONSOLE}")),
                // The first -serial switches QEMU's own default for the first port off, so it is said here.
                0 => add("serial", console(&seen)),
                _ => add("serial", "null"),
            }
        }
        format!("the module is on serial port {port} of the board (counted from 0)")
    };
    Ok(Plan { added, notice })
}

/// What the user's `-rtc` leaves to this machine's clock, to be added; `None`: what it says is this machine's.
fn missing_of_rtc(rtc: &str, start: &str) -> Option<String> {
    let last = |key: &str| rtc.split(',').filter_map(|part| part.strip_prefix(key)).next_back();
    let base = match last("base=") {
        None => Some(format!("base={start}")),
        Some(date) => date.starts_with(|c: char| c.is_ascii_digit()).then(String::new),
    };
    let clock = match last("clock=") {
        None => Some("clock=vm"),
        Some(clock) => (clock == "vm").then_some(""),
    };
    Some([base?.as_str(), clock?].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(","))
}

/// The first serial port when the user says nothing about it: QEMU's default where one would see it, otherwise
/// the standard output, where the default is a window that is not there.
fn console(seen: &Seen) -> &'static str {
    if seen.nodefaults {
        "null"
    } else if seen.nographic && !seen.monitor {
        "mon:stdio"
    } else if seen.window {
        "vc"
    } else {
        "stdio"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(user: &str, port: usize) -> Result<Plan, String> {
        let user: Vec<OsString> = user.split_whitespace().map(Into::into).collect();
        compose(&user, port, None, "2024-01-01T00:00:00", "file=lib.so")
    }

    #[test]
    fn the_console_that_is_shown_gets_a_device_of_its_own() {
        let serials = |user: &str, port, shown| {
            let user: Vec<OsString> = user.split_whitespace().map(Into::into).collect();
            compose(&user, port, Some(shown), "2024-01-01T00:00:00", "file=lib.so").map(|plan| {
                let serials = plan.added.chunks(2).filter(|c| c[0] == "-serial");
                serials.map(|c| c[1].clone()).collect::<Vec<_>>().join(" ")
            })
        };
        assert_eq!(serials("", 1, 0).unwrap(), "chardev:espat-console chardev:wifi");
        assert_eq!(serials("-serial null", 1, 3).unwrap(), "chardev:wifi null chardev:espat-console");
        assert!(serials("-serial stdio", 1, 0).unwrap_err().contains("-serial stdio"));
        assert!(serials("", 1, 1).unwrap_err().contains("both"));
    }

    /// The values of an option among what is added.
    fn added(user: &str, port: usize, option: &str) -> Vec<String> {
        let plan = plan(user, port).unwrap_or_else(|e| panic!("{user}: {e}"));
        plan.added.chunks(2).filter(|c| c[0] == option).map(|c| c[1].clone()).collect()
    }

    #[test]
    fn a_bare_command_line_gets_everything() {
        assert_eq!(
            plan("-M mps2-an385 -kernel fw.elf", 1).unwrap().added.join(" "),
            "-chardev null,id=wifi -plugin file=lib.so -icount shift=5,sleep=off \
             -rtc base=2024-01-01T00:00:00,clock=vm -display none \
             -serial stdio -serial chardev:wifi"
        );
    }

    #[test]
    fn the_module_is_on_the_second_port_whatever_the_first_is() {
        for (user, serials) in [
            ("", &["stdio", "chardev:wifi"][..]),
            ("-nodefaults", &["null", "chardev:wifi"]),
            ("-nographic", &["mon:stdio", "chardev:wifi"]),
            ("-nographic -monitor none", &["stdio", "chardev:wifi"]),
            ("-nographic -qmp unix:q", &["stdio", "chardev:wifi"]),
            ("-display gtk", &["vc", "chardev:wifi"]),
            ("-display none", &["stdio", "chardev:wifi"]),
            ("-serial stdio", &["chardev:wifi"]),
            ("-serial mon:stdio", &["chardev:wifi"]),
            ("--serial file:x", &["chardev:wifi"]),
            ("-append -serial -serial stdio", &["chardev:wifi"]),
        ] {
            assert_eq!(added(user, 1, "-serial"), serials, "for {user:?}");
        }
    }

    #[test]
    fn another_port_is_reached_over_empty_ones() {
        assert_eq!(added("-serial stdio", 3, "-serial"), ["null", "null", "chardev:wifi"]);
        assert_eq!(added("", 2, "-serial"), ["stdio", "null", "chardev:wifi"]);
        assert_eq!(added("", 0, "-serial"), ["chardev:wifi"]);
        let message = plan("-serial stdio -serial null", 1).unwrap_err();
        assert!(message.contains("-serial null") && message.contains("--serial N"), "{message}");
    }

    #[test]
    fn where_the_user_has_connected_the_module_it_stays() {
        let user = "-serial null -serial null -serial chardev:wifi";
        assert!(added(user, 1, "-serial").is_empty());
        assert!(plan(user, 1).unwrap().notice.contains("port 2"));
        assert!(added("-device isa-serial,chardev=wifi", 1, "-serial").is_empty());
        assert!(added("-chardev null,id=wifi -serial chardev:wifi", 1, "-chardev").is_empty());
    }

    #[test]
    fn what_the_user_gives_is_not_given_twice() {
        let user =
            "-icount shift=6,sleep=off -rtc base=2001-02-03,clock=vm -display gtk -chardev null,id=other";
        for option in ["-icount", "-rtc", "-display"] {
            assert!(added(user, 1, option).is_empty(), "{option} twice");
        }
        assert_eq!(added(user, 1, "-chardev"), ["null,id=wifi"]);
        assert!(added("-nographic", 1, "-display").is_empty());
    }

    #[test]
    fn what_a_clock_of_the_board_leaves_open_is_added() {
        assert_eq!(added("-rtc clock=vm", 1, "-rtc"), ["base=2024-01-01T00:00:00"]);
        assert_eq!(added("-rtc base=2001-02-03", 1, "-rtc"), ["clock=vm"]);
        assert!(added("-rtc base=2001-02-03 -rtc clock=vm", 1, "-rtc").is_empty());
        assert_eq!(added("-rtc driftfix=slew", 1, "-rtc"), ["base=2024-01-01T00:00:00,clock=vm"]);
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_remedy() {
        for user in ["-icount shift=5", "-icount auto,sleep=off", "-icount shift=auto,sleep=off"] {
            assert!(plan(user, 1).unwrap_err().contains("-icount shift=5,sleep=off"), "{user}");
        }
        for user in [
            "-rtc clock=host",
            "-rtc base=utc",
            "-rtc base=localtime,clock=vm",
            "-rtc clock=vm -rtc base=utc",
        ] {
            assert!(plan(user, 1).unwrap_err().contains("-rtc base=2024-01-01T00:00:00,clock=vm"), "{user}");
        }
        for user in ["-loadvm booted", "-incoming tcp:0:4444"] {
            assert!(plan(user, 1).unwrap_err().contains(&format!("can't begin with '{user}'")), "{user}");
        }
        let message = plan("-chardev socket,id=wifi,path=x", 1).unwrap_err();
        assert!(message.contains("-chardev null,id=wifi"), "{message}");
    }
}
