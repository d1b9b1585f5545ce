//! The command table: every command as data.
//!
//! One entry holds a command's name, its forms, its parameters, what must be true before it runs, and the
//! handlers; one file holds one chapter of the command reference. Parsing, range checks and their codes, AT+CMD?
//! and the `commands` listing all come from here.

mod basic;
mod http;
mod mqtt;
mod options;
mod tcpip;
mod websocket;
mod wifi;

use super::commands::Handler;
use super::error::{ErrorCode, Fault};
use super::limits;
use super::params::{Form, Raw};
use super::schema::{
    Param, Presence, address, any_port, choice, int, ipv4, link, links, mac, mac_or_empty, name, port, text,
    text_within, within,
};
use crate::profile::{Availability, Build, Chip, Profile};

/// What must be true before a command runs. It is an ERROR otherwise, and nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Wi-Fi is not switched off with AT+CWINIT=0.
    Wifi,
    /// The station is switched on (AT+CWMODE=1 or 3).
    Station,
    /// The softAP is switched on (AT+CWMODE=2 or 3).
    SoftAp,
    /// The station has an address.
    Address,
}

/// One way to write a command's parameters.
#[derive(Debug)]
pub struct Syntax {
    /// When it applies; empty when there is only one.
    pub when: &'static str,
    /// The parameters in order.
    pub params: &'static [Param],
}

/// The set form: its parameters, and what runs.
#[derive(Debug)]
pub struct SetForm {
    /// The ways to write it. Which one applies is told by the text of parameter `selector`.
    pub syntaxes: &'static [Syntax],
    /// For more than one syntax: the parameter (with AT+CIPMUX=0; one later with AT+CIPMUX=1) whose text
    /// names it.
    pub selector: Option<usize>,
    /// What runs.
    pub handler: Handler,
}

impl SetForm {
    /// The syntax in which these parameters are written, by its place; `multiple` with AT+CIPMUX=1. Where no text tells,
    /// the first: it has the error code for that.
    pub fn syntax(&self, raw: &[Raw], multiple: bool) -> usize {
        let Some(selector) = self.selector else { return 0 };
        let id_first =
            |s: &Syntax| s.params.first().is_some_and(|p| matches!(p.presence, Presence::MultipleOnly));
        let place = selector + usize::from(multiple && self.syntaxes.iter().any(id_first));
        match raw.get(place) {
            Some(Raw::Text(text)) => {
                self.syntaxes.iter().position(|s| text.starts_with(s.when.as_bytes())).unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// One command.
#[derive(Debug)]
pub struct Command {
    /// What follows AT.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Where it is specified.
    pub section: &'static str,
    /// What must be true before a set or execute form runs.
    pub needs: &'static [Need],
    /// What must be true before the query runs. Few releases look: the library asks for the Wi-Fi mode in the handlers that
    /// say so here, and in no others.
    pub query_needs: &'static [Need],
    /// AT+X?
    pub query: Option<Handler>,
    /// AT+X=...
    pub set: Option<SetForm>,
    /// AT+X
    pub execute: Option<Handler>,
    /// Whether what it sets is kept in flash.
    pub saved: bool,
    /// The code that the command has of its own for what is wrong with a parameter: of this name, or of how many there
    /// are, with an empty one. Such a command takes a comma without an escape for the end of a string.
    pub codes: Option<fn(&str, Fault, bool) -> u16>,
    /// Which profiles have it. Where a release changed its forms, there are two entries of one name, and a profile
    /// has one of them.
    pub on: Availability,
}

impl Command {
    /// A code as the command gives it: of its own behind the parser's, where it has some.
    pub fn explain(&self, code: ErrorCode, raw: &[Raw], params: &[Param], profile: &Profile) -> ErrorCode {
        let (Some(codes), Some((fault, index))) = (self.codes, code.fault()) else { return code };
        let params = if let ([], Some(set)) = (params, &self.set) { set.syntaxes[0].params } else { params };
        let params = params.iter().filter(|p| profile.has(&p.on));
        let mut names = params.flat_map(|p| std::iter::repeat_n(p.name, p.times));
        let name = if fault == Fault::Count { "" } else { names.nth(index).unwrap_or_default() };
        let given = raw.get(index);
        let empty = matches!(given, Some(Raw::Text(text)) if text.is_empty());
        // What is left out is read as nothing.
        let fault = if matches!(given, Some(Raw::Omitted)) { Fault::Unreadable } else { fault };
        let own = ErrorCode::mqtt(codes(name, fault, empty));
        if fault == Fault::Unreadable { own.after(code) } else { own }
    }

    /// Whether the command has this form. No command of the release has a test form.
    pub fn has(&self, form: Form) -> bool {
        match form {
            Form::Test => false,
            Form::Query => self.query.is_some(),
            Form::Set => self.set.is_some(),
            Form::Execute => self.execute.is_some(),
        }
    }
}

/// The command called `name` (upper case, without AT), if this build of the profile has it.
pub fn find(name: &str, profile: &Profile, build: &Build) -> Option<&'static Command> {
    CHAPTERS.into_iter().flatten().find(|c| c.name == name && build.includes(profile, &c.on))
}

const NONE: Command = Command {
    name: "",
    summary: "",
    section: "",
    needs: &[],
    query_needs: &[],
    query: None,
    set: None,
    execute: None,
    saved: false,
    codes: None,
    on: Availability::ALL,
};

/// The ESP32 and its successors.
const FAMILY: &[Chip] = &[Chip::Esp32, Chip::Esp32c3, Chip::Esp32c6];

/// `+++`, which the specification counts among its commands: not a line, but three bytes between silences, taken where
/// payload is. What it leaves, in one line, and where it is specified.
pub const ESCAPE: (&str, &str, &str) = (
    "+++",
    "leave passthrough or AT+CIPSENDL, or cancel a send, between silences of more than 20 ms",
    "TCP/IP: +++",
);

/// Chips with Bluetooth LE.
const BLE: &[Chip] = &[Chip::Esp32, Chip::Esp32c3, Chip::Esp32c6];

/// A set form with one syntax: its handler, then its parameters.
macro_rules! set {
    ($handler:expr $(, $param:expr)* $(,)?) => {
        Some(SetForm {
            syntaxes: &[Syntax { when: "", params: &[$($param),*] }],
            selector: None,
            handler: $handler,
        })
    };
}
use set;

const LINK_ID: Param = link().multiple_only();
const LINKS: Param = links().multiple_only();
const HOST: Param = text_within("remote host", limits::HOST);
const PORT: Param = port("remote port");

static CHAPTERS: [&[Command]; 7] = [
    basic::COMMANDS,
    wifi::COMMANDS,
    tcpip::COMMANDS,
    options::COMMANDS,
    http::COMMANDS,
    mqtt::COMMANDS,
    websocket::COMMANDS,
];

/// The order in which AT+CMD? lists the commands: that of the release's library; those that it does not have at the end.
/// Every command has its place here, or the crate does not build.
#[rustfmt::skip]
const ORDER: &[&str] = &[
    // Basic.
    "", "E0", "E1", "+RST", "+GMR", "+CMD", "+GSLP", "+SYSTIMESTAMP", "+SLEEP", "+RESTORE", "+SYSRAM", "+SYSFLASH",
    "+RFPOWER", "+SYSMSG", "+SYSROLLBACK", "+SYSLOG", "+SYSSTORE", "+SLEEPWKCFG", "+SYSREG", "+SYSTEMP",
    // Basic, of later releases.
    "+SYSMFG", "+SYSMSGFILTER", "+SYSMSGFILTERCFG", "+TRANSINTVL", "+USERRAM",
    // UART.
    "+UART", "+UART_CUR", "+UART_DEF",
    // Wi-Fi.
    "+CWINIT", "+CWMODE", "+CWSTATE", "+CWJAP", "+CWCONFIG", "+CWRECONNCFG", "+CWLAP", "+CWLAPOPT", "+CWQAP", "+CWSAP", "+CWLIF", "+CWQIF",
    "+CWDHCP", "+CWDHCPS", "+CWSTAPROTO", "+CWAPPROTO", "+CWAUTOCONN", "+CWHOSTNAME", "+CWCOUNTRY",
    // TCP/IP.
    "+CIFSR", "+CIPSTAMAC", "+CIPAPMAC", "+CIPSTA", "+CIPAP", "+CIPV6", "+CIPDNS", "+CIPDOMAIN", "+CIPSTATUS",
    "+CIPSTATE", "+CIPSTART", "+CIPSTARTEX", "+CIPTCPOPT", "+CIPCLOSE", "+CIPSEND", "+CIPSENDL", "+CIPSENDLCFG",
    "+CIPSENDEX", "+CIPDINFO", "+CIPMUX", "+CIPRECVMODE", "+CIPRECVTYPE", "+CIPRECVDATA", "+CIPRECVLEN", "+CIPSERVER",
    "+CIPSERVERMAXCONN", "+CIPSSLCCONF", "+CIPSSLCCN", "+CIPSSLCSNI", "+CIPSSLCALPN", "+CIPSSLCPSK", "+CIPMODE",
    "+CIPSTO", "+SAVETRANSLINK", "+CIPSNTPCFG", "+CIPSNTPTIME", "+CIPRECONNINTV",
    // The rest.
    "+PING", "+MDNS", "+CIUPDATE", "+CIPFWVER",
    // HTTP.
    "+HTTPCLIENT", "+HTTPGETSIZE", "+HTTPURLCFG", "+HTTPCGET", "+HTTPCPOST", "+HTTPCPUT", "+HTTPCHEAD", "+HTTPCFG",
    // MQTT.
    "+MQTTUSERCFG", "+MQTTCLIENTID", "+MQTTUSERNAME", "+MQTTPASSWORD", "+MQTTCONNCFG", "+MQTTALPN", "+MQTTCONN", "+MQTTPUB",
    "+MQTTPUBRAW", "+MQTTSUB", "+MQTTUNSUB", "+MQTTCLEAN",
    // WebSocket.
    "+WSCFG", "+WSHEAD", "+WSOPEN", "+WSSEND", "+WSCLOSE",
    // Not in that library.
    "+MQTTLONGCLIENTID", "+MQTTLONGUSERNAME", "+MQTTLONGPASSWORD", "+MQTTSNI",
    "+CIPSSLCPSKHEX", "+CIPSSLCCIPHER", "+CIPSNTPINTV",
];

const _: () = {
    let mut chapter = 0;
    while chapter < CHAPTERS.len() {
        let mut row = 0;
        while row < CHAPTERS[chapter].len() {
            assert!(has_place(CHAPTERS[chapter][row].name), "a command of the table has no place in ORDER");
            row += 1;
        }
        chapter += 1;
    }
};

const fn has_place(name: &str) -> bool {
    let mut place = 0;
    while place < ORDER.len() {
        if is_same(ORDER[place].as_bytes(), name.as_bytes()) {
            return true;
        }
        place += 1;
    }
    false
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// Every command of every profile, in the order in which AT+CMD? lists them.
pub fn all() -> Vec<&'static Command> {
    let mut commands: Vec<_> = CHAPTERS.into_iter().flatten().collect();
    commands.sort_by_key(|c| ORDER.iter().position(|name| *name == c.name).unwrap_or(ORDER.len()));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::PROFILES;

    #[test]
    fn every_entry_is_found_by_its_own_name_and_only_by_it() {
        for command in all() {
            let mut having = PROFILES.into_iter().filter(|p| p.has(&command.on)).peekable();
            assert!(having.peek().is_some(), "no profile has {}", command.name);
            for profile in having {
                let mut build = Build::published(profile);
                if let Some(feature) = command.on.feature() {
                    build = build.with(feature, true);
                }
                let found = find(command.name, profile, &build).expect(command.name);
                assert!(std::ptr::eq(found, command), "{} appears twice in {}", command.name, profile.name);
            }
            assert!(
                [Form::Query, Form::Set, Form::Execute].into_iter().any(|f| command.has(f)),
                "{} has no form",
                command.name
            );
            let more_than_one = command.set.as_ref().is_some_and(|s| s.syntaxes.len() > 1);
            let selector = command.set.as_ref().is_some_and(|s| s.selector.is_some());
            assert_eq!(more_than_one, selector, "{}: several syntaxes need a selector", command.name);
        }
    }
}
