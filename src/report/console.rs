//! What the firmware printed on its console, as a run's output has it.
//!
//! An input log has what the firmware told people when `espat-sim qemu --console N` wrote it. Otherwise the output of a run
//! may have it: that of the same command, from before logs had it, and Renode's log of a UART analyzer, which has virtual
//! times, too.

use crate::time::{Instant, NANOS_PER_SEC};
use crate::world::spelling::printable;

/// A line of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// When its line end came.
    pub at: Instant,
    /// The line without its end.
    pub text: String,
}

/// Reads the lines of the console in `text`, in the order of their times. Two forms are known, and other lines are left out:
///
/// - `     7.570395         | [  7570 ms] link 0 open`, as `espat-sim qemu --console N` prints it beside the dialogue,
/// - `… [INFO] uart0: [host: 2.1s (+2.1s)|virt: 0.51s (+0.51s)] link 0 open`, as Renode's LoggingUartAnalyzer does.
pub fn read(text: &str) -> Vec<Printed> {
    let mut lines: Vec<Printed> =
        text.lines().filter_map(|line| of_dialogue(line).or_else(|| of_renode(line))).collect();
    lines.sort_by_key(|line| line.at);
    lines
}

fn of_dialogue(line: &str) -> Option<Printed> {
    // Nine spaces of speaker, a bar; see `cli::dialogue`.
    let plain = without_colours(line);
    let (time, text) = plain
        .trim_start()
        .split_once("         | ")
        .or_else(|| plain.trim_start().strip_suffix("         |").map(|time| (time, "")))?;
    Some(Printed { at: seconds(time)?, text: printable(text) })
}

fn of_renode(line: &str) -> Option<Printed> {
    let (_, rest) = line.split_once("|virt:")?;
    let (time, text) = rest.split_once(']')?;
    let time = time.split_once('(').map_or(time, |(time, _)| time).trim();
    // The smallest unit last: `us` ends in `s`, too.
    let units = [("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", NANOS_PER_SEC)];
    let (number, unit) = units.iter().find_map(|(word, ns)| Some((time.strip_suffix(word)?, *ns)))?;
    let at = seconds(number.trim())?.as_nanos() / (NANOS_PER_SEC / unit);
    Some(Printed { at: Instant::from_nanos(at), text: printable(text.trim_start()) })
}

/// A decimal number of seconds, to the nanosecond.
fn seconds(text: &str) -> Option<Instant> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{fraction:0<9}");
    let ns = whole.parse::<u64>().ok()?.checked_mul(NANOS_PER_SEC)?;
    ns.checked_add(fraction.get(..9)?.parse().ok()?).map(Instant::from_nanos)
}

/// The line without the escapes of colours.
pub(super) fn without_colours(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_console_are_found_in_what_a_run_prints() {
        let text = "espat-sim: the module is on serial port 1\n     \
             7.570325  ESP <- CONNECT\n     7.570395         | [  7570 ms] link 0 open\n\
             \x1b[2m     7.652106  \x1b[0m\x1b[2m       | \x1b[0m\x1b[32mPASS\x1b[0m\n     8.000001         | \n\
             16:29:05.5102 [INFO] uart0: [host: 1.47s (+1.47s)|virt: 250ms (+0.2s)] booted | well\n\
             espat-sim: exit code 0\n";
        let lines: Vec<(u64, String)> = read(text).into_iter().map(|l| (l.at.as_nanos(), l.text)).collect();
        let expected = [
            (250_000_000, "booted | well"),
            (7_570_395_000, "[  7570 ms] link 0 open"),
            (7_652_106_000, "PASS"),
            (8_000_001_000, ""),
        ];
        assert_eq!(lines, expected.map(|(ns, text)| (ns, text.to_owned())));
    }

    #[test]
    fn what_has_no_time_is_no_line_of_a_console() {
        for text in [
            "a         | b",
            "1.2.3         | b",
            ".5         | b",
            "|virt: s] x",
            "99999999999999999999         | b",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }
}
