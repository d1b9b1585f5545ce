//! Commands and their answers, from the lines of one module's UART.
//!
//! A command is a line that the firmware has got. Its answer ends with the first final line after it (`OK`, `ERROR`,
//! `SEND OK` and the like). When a prompt follows an `OK`, the command goes on: it wants data, and the final line after
//! those is its end; in passthrough there is none, and the next command ends it. `busy p...` is the whole answer to a
//! command that came while another one was at work.

use crate::capture::{PacketKind, Side, UartPacket};
use crate::time::Instant;

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A final line that says that it worked.
    Done = 0,
    /// One that says that it did not.
    Failed = 1,
    /// The module was at work on another one.
    Busy = 2,
    /// No final line has come.
    Unanswered = 3,
}

/// A command and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// When the first byte of its line ended.
    pub since: Instant,
    /// When its line ended.
    pub sent: Instant,
    /// When its answer ended; without one, when it was given up.
    pub answered: Instant,
    /// The line.
    pub line: Vec<u8>,
    /// The final line; empty without one.
    pub answer: Vec<u8>,
    /// What came of it.
    pub outcome: Outcome,
    /// The link that it names, or that there is in single-connection mode.
    pub link: Option<usize>,
    /// It has a prompt, and the MCU's data go on with it.
    prompted: bool,
}

/// Collects the commands of one module.
#[derive(Debug, Default)]
pub struct Commands {
    all: Vec<Command>,
    /// Those that have no final line yet, the oldest first.
    open: Vec<usize>,
}

/// Final lines: true when they say that it worked.
const FINAL: [(&[u8], bool); 10] = [
    (b"OK", true),
    (b"SEND OK", true),
    (b"SET OK", true),
    (b"+MQTTPUB:OK", true),
    (b"ERROR", false),
    (b"FAIL", false),
    (b"SEND FAIL", false),
    (b"SEND CANCELLED", false),
    (b"+MQTTPUB:FAIL", false),
    (b"no change", true),
];

impl Commands {
    /// A packet of the UART; in `heard` of a line of the MCU what of it the firmware has got, without its end. `multiple`: more
    /// links than one may be open (AT+CIPMUX=1).
    pub fn packet(&mut self, packet: &UartPacket, heard: Option<&[u8]>, multiple: bool) {
        match (packet.from, packet.kind) {
            (Side::Mcu, PacketKind::Line) => {
                if let Some(line) = heard {
                    self.command(packet, line, multiple);
                }
            }
            (Side::Mcu, _) => {}
            (Side::Module, PacketKind::Prompt) => self.prompt(),
            (Side::Module, PacketKind::Data) => {}
            (Side::Module, PacketKind::Line) => self.reply(packet.at, packet.bytes.trim_ascii()),
        }
    }

    /// The module has stopped running its firmware: nothing is answered any more.
    pub fn cut(&mut self, at: Instant) {
        for index in std::mem::take(&mut self.open) {
            self.all[index].answered = at.max(self.all[index].sent);
        }
    }

    /// All commands, in their order.
    pub fn finish(mut self, end: Instant) -> Vec<Command> {
        self.cut(end);
        self.all
    }

    fn command(&mut self, packet: &UartPacket, line: &[u8], multiple: bool) {
        // What had a prompt and no final line was passthrough, and is over.
        let (over, open) =
            std::mem::take(&mut self.open).into_iter().partition(|index| self.all[*index].prompted);
        self.open = open;
        for index in Vec::<usize>::into_iter(over) {
            self.all[index].answered = packet.since.max(self.all[index].sent);
        }
        self.open.push(self.all.len());
        self.all.push(Command {
            since: packet.since,
            sent: packet.at,
            answered: packet.at,
            line: line.to_owned(),
            answer: Vec::new(),
            outcome: Outcome::Unanswered,
            link: link_of(line, multiple),
            prompted: false,
        });
    }

    fn reply(&mut self, at: Instant, line: &[u8]) {
        let (place, outcome) = if line.starts_with(b"busy ") {
            (self.open.len().checked_sub(1), Outcome::Busy)
        } else if let Some((_, worked)) = FINAL.iter().find(|(word, _)| *word == line) {
            ((!self.open.is_empty()).then_some(0), if *worked { Outcome::Done } else { Outcome::Failed })
        } else {
            return;
        };
        let Some(place) = place else { return };
        let command = &mut self.all[self.open.remove(place)];
        command.answered = at;
        command.answer = line.to_owned();
        command.outcome = outcome;
    }

    /// The command that was answered last wants data.
    fn prompt(&mut self) {
        let waiting = self.open.first().copied();
        let Some(index) = waiting.or(self.all.len().checked_sub(1)) else { return };
        self.all[index].prompted = true;
        if waiting.is_none() && self.all[index].outcome == Outcome::Done {
            self.open.push(index);
        }
    }
}

/// The link that a command names: `AT+CIPSEND=1,5` names 1. Where there is one link only, it is 0.
fn link_of(line: &[u8], multiple: bool) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?.to_ascii_uppercase();
    let (name, parameters) = text.strip_prefix("AT+")?.split_once('=').unwrap_or((&text[3..], ""));
    let names = [
        "CIPSTART",
        "CIPSTARTEX",
        "CIPSEND",
        "CIPSENDEX",
        "CIPSENDL",
        "CIPCLOSE",
        "CIPRECVDATA",
        "CIPRECVLEN",
    ];
    if !names.contains(&name) {
        return None;
    }
    if !multiple {
        return Some(0);
    }
    // AT+CIPCLOSE=5 is all of them.
    parameters.split(',').next()?.trim().parse().ok().filter(|link| *link < 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands of a dialogue: `>` the MCU, `<` the module, `!` a prompt, `#` the MCU's data; one ms each.
    fn of(dialogue: &[&str]) -> Vec<(String, Outcome, u64, u64)> {
        let mut commands = Commands::default();
        for (ms, line) in (1..).zip(dialogue) {
            let at = Instant::from_nanos(ms * 1_000_000);
            let (who, text) = line.split_at(1);
            let (from, kind) = match who {
                ">" => (Side::Mcu, PacketKind::Line),
                "#" => (Side::Mcu, PacketKind::Data),
                "!" => (Side::Module, PacketKind::Prompt),
                _ => (Side::Module, PacketKind::Line),
            };
            let packet =
                UartPacket { since: at, at, from, kind, bytes: format!("\r\n{text}\r\n").into_bytes() };
            commands.packet(&packet, Some(text.as_bytes()), true);
        }
        let shown = |c: Command| {
            let [sent, answered] = [c.sent, c.answered].map(|at| at.as_nanos() / 1_000_000);
            (String::from_utf8_lossy(&c.line).into_owned(), c.outcome, sent, answered)
        };
        commands.finish(Instant::from_nanos(99_000_000)).into_iter().map(shown).collect()
    }

    fn command(line: &str, result: Outcome, sent: u64, answered: u64) -> (String, Outcome, u64, u64) {
        (line.to_owned(), result, sent, answered)
    }

    #[test]
    fn a_command_lasts_to_its_final_line() {
        let dialogue =
            [">AT", "<OK", ">AT+CWJAP=\"a\"", "<WIFI CONNECTED", "<WIFI GOT IP", "<OK", ">AT+X", "<ERROR"];
        let all = of(&dialogue);
        assert_eq!(all[0], command("AT", Outcome::Done, 1, 2));
        assert_eq!(all[1], command("AT+CWJAP=\"a\"", Outcome::Done, 3, 6));
        assert_eq!(all[2], command("AT+X", Outcome::Failed, 7, 8));
    }

    #[test]
    fn a_send_lasts_to_the_end_of_the_data_and_passthrough_to_the_next_command() {
        let all = of(&[">AT+CIPSEND=0,4", "<OK", "!>", "#data", "<Recv 4 bytes", "<SEND OK", "<+IPD,0,4:"]);
        assert_eq!(all, [command("AT+CIPSEND=0,4", Outcome::Done, 1, 6)]);
        let all = of(&[">AT+CIPSEND", "<OK", "!>", "#data", "#+++", ">AT", "<OK"]);
        assert_eq!(all[0], command("AT+CIPSEND", Outcome::Done, 1, 6));
        assert_eq!(all[1], command("AT", Outcome::Done, 6, 7));
    }

    #[test]
    fn busy_is_the_answer_to_the_command_that_came_second() {
        let all = of(&[">AT+CWLAP", ">AT", "<busy p...", "<+CWLAP:(3)", "<OK", ">AT", "<OK"]);
        assert_eq!(all[0], command("AT+CWLAP", Outcome::Done, 1, 5));
        assert_eq!(all[1], command("AT", Outcome::Busy, 2, 3));
        assert_eq!(all[2], command("AT", Outcome::Done, 6, 7));
    }

    #[test]
    fn what_is_never_answered_lasts_to_the_end() {
        assert_eq!(of(&[">AT", "<OK", ">AT+RST"])[1], command("AT+RST", Outcome::Unanswered, 3, 99));
    }

    #[test]
    fn the_link_of_a_command_is_the_one_that_it_names() {
        for (line, multiple, link) in [
            ("AT+CIPSEND=1,5", true, Some(1)),
            ("at+cipstart=3,\"TCP\",\"h\",80", true, Some(3)),
            ("AT+CIPSEND=5", false, Some(0)),
            ("AT+CIPSEND", false, Some(0)),
            ("AT+CIPCLOSE=5", true, None),
            ("AT+PING=\"h\"", false, None),
            ("AT", true, None),
        ] {
            assert_eq!(link_of(line.as_bytes(), multiple), link, "{line}");
        }
    }
}
