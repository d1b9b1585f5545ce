//! The command table: every command as data.
//!
//! One entry holds a command's name, its forms, its parameters, what must be true before it runs, and the
//! handlers; one file holds one chapter of the command reference. Parsing, range checks and their codes, AT+CMD?
//! and the `commands` listing all come from here.

mod basic;
mod http;
mod listing;
mod mqtt;
mod options;
mod row;
mod tcpip;
mod websocket;
mod wifi;

pub use row::{Command, Need, SetForm, Syntax};

use crate::profile::{Build, Profile};

/// The command called `name` (upper case, without AT), if this build of the profile has it.
pub fn find(name: &str, profile: &Profile, build: &Build) -> Option<&'static Command> {
    CHAPTERS.into_iter().flatten().find(|c| c.name == name && build.includes(profile, &c.on))
}

/// `+++`, which the specification counts among its commands: not a line, but three bytes between silences, taken where
/// payload is. What it leaves, in one line, and where it is specified.
pub const ESCAPE: (&str, &str, &str) = (
    "+++",
    "leave passthrough or AT+CIPSENDL, or cancel a send, between silences of more than 20 ms",
    "TCP/IP: +++",
);

static CHAPTERS: [&[Command]; 7] = [
    basic::COMMANDS,
    wifi::COMMANDS,
    tcpip::COMMANDS,
    options::COMMANDS,
    http::COMMANDS,
    mqtt::COMMANDS,
    websocket::COMMANDS,
];

/// The order of the documentation. Every command has its place here, or the crate does not build; [`listing`] has that of
/// AT+CMD?.
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
    // Of later releases.
    "+MQTTLONGCLIENTID", "+MQTTLONGUSERNAME", "+MQTTLONGPASSWORD", "+MQTTSNI",
    "+CIPSSLCPSKHEX", "+CIPSSLCCIPHER", "+CIPSNTPINTV",
];

const _: () = {
    let mut chapter = 0;
    while chapter < CHAPTERS.len() {
        let mut row = 0;
        while row < CHAPTERS[chapter].len() {
            let name = CHAPTERS[chapter][row].name;
            assert!(has_place(ORDER, name), "a command of the table has no place in ORDER");
            assert!(listing::has_place_everywhere(name), "a command of the table has no place in listing.rs");
            row += 1;
        }
        chapter += 1;
    }
};

const fn has_place(names: &[&str], name: &str) -> bool {
    let mut place = 0;
    while place < names.len() {
        if is_same(names[place].as_bytes(), name.as_bytes()) {
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

/// Every command of every profile, in the order of the documentation.
pub fn all() -> Vec<&'static Command> {
    let mut commands: Vec<_> = CHAPTERS.into_iter().flatten().collect();
    commands.sort_by_key(|c| ORDER.iter().position(|name| *name == c.name).unwrap_or(ORDER.len()));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at::params::Form;
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
