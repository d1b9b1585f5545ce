//! The command table: every command as data.
//!
//! One entry holds a command's name, its forms, its parameters, what must be true before it runs, and the
//! handlers. Parsing, range checks and their codes, AT+CMD? and the `commands` listing all come from here.

use super::commands::{Handler, basic, link, status, wifi};
use super::params::Form;
use super::schema::{Param, choice, int, text};

/// What must be true before a command runs. It is an ERROR otherwise, and nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The station is switched on (AT+CWMODE=1 or 3).
    Station,
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
    /// AT+X?
    pub query: Option<Handler>,
    /// AT+X=...
    pub set: Option<SetForm>,
    /// AT+X
    pub execute: Option<Handler>,
    /// Whether what it sets is kept in flash.
    pub saved: bool,
}

impl Command {
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

/// The command called `name` (upper case, without AT).
pub fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|c| c.name == name)
}

const NONE: Command = Command {
    name: "",
    summary: "",
    section: "",
    needs: &[],
    query: None,
    set: None,
    execute: None,
    saved: false,
};

const LINK_ID: Param = int("link ID", 0, 4).multiple_only();
const HOST: Param = text("remote host", 1, 255);
const PORT: Param = int("remote port", 1, 65_535);

/// Every command, in the order in which AT+CMD? lists them.
pub static COMMANDS: [Command; 22] = [
    Command {
        name: "",
        summary: "test that the module answers",
        section: "Basic: AT",
        execute: Some(basic::nothing),
        ..NONE
    },
    Command {
        name: "E0",
        summary: "echo off",
        section: "Basic: ATE",
        execute: Some(basic::echo_off),
        ..NONE
    },
    Command { name: "E1", summary: "echo on", section: "Basic: ATE", execute: Some(basic::echo_on), ..NONE },
    Command {
        name: "+RST",
        summary: "restart",
        section: "Basic: AT+RST",
        execute: Some(basic::restart),
        ..NONE
    },
    Command {
        name: "+GMR",
        summary: "version texts",
        section: "Basic: AT+GMR",
        execute: Some(basic::version),
        ..NONE
    },
    Command {
        name: "+CMD",
        summary: "list the commands and their forms",
        section: "Basic: AT+CMD",
        query: Some(basic::commands),
        ..NONE
    },
    Command {
        name: "+SYSLOG",
        summary: "print error codes",
        section: "Basic: AT+SYSLOG",
        query: Some(basic::syslog_query),
        set: Some(SetForm {
            syntaxes: &[Syntax { when: "", params: &[int("status", 0, 1)] }],
            selector: None,
            handler: basic::syslog_set,
        }),
        ..NONE
    },
    Command {
        name: "+CWMODE",
        summary: "Wi-Fi mode: 0 off, 1 station, 2 softAP, 3 both",
        section: "Wi-Fi: AT+CWMODE",
        query: Some(wifi::mode_query),
        set: Some(SetForm {
            syntaxes: &[Syntax { when: "", params: &[int("mode", 0, 3), int("auto_connect", 0, 1).or(1)] }],
            selector: None,
            handler: wifi::mode_set,
        }),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWSTATE",
        summary: "state of the station",
        section: "Wi-Fi: AT+CWSTATE",
        query: Some(wifi::state_query),
        ..NONE
    },
    Command {
        name: "+CWJAP",
        summary: "join an access point",
        section: "Wi-Fi: AT+CWJAP",
        needs: &[Need::Station],
        query: Some(wifi::join_query),
        set: Some(SetForm {
            syntaxes: &[Syntax {
                when: "",
                params: &[
                    text("ssid", 1, 32).optional(),
                    text("pwd", 0, 64).optional(),
                    text("bssid", 17, 17).optional(),
                    int("pci_en", 0, 1).or(0),
                    int("reconn_interval", 0, 7200).or(1),
                    int("listen_interval", 1, 100).or(3),
                    int("scan_mode", 0, 1).or(0),
                    int("jap_timeout", 3, 600).or(15),
                    int("pmf", 0, 3).or(0),
                ],
            }],
            selector: None,
            handler: wifi::join_set,
        }),
        execute: Some(wifi::join_again),
        saved: true,
    },
    Command {
        name: "+CWQAP",
        summary: "leave the access point",
        section: "Wi-Fi: AT+CWQAP",
        execute: Some(wifi::leave),
        ..NONE
    },
    Command {
        name: "+CIFSR",
        summary: "own addresses",
        section: "TCP/IP: AT+CIFSR",
        execute: Some(status::own_addresses),
        ..NONE
    },
    Command {
        name: "+CIPSTA",
        summary: "IP address of the station",
        section: "Wi-Fi: AT+CIPSTA",
        query: Some(status::station_address),
        ..NONE
    },
    Command {
        name: "+CIPDOMAIN",
        summary: "resolve a name",
        section: "TCP/IP: AT+CIPDOMAIN",
        needs: &[Need::Address],
        set: Some(SetForm {
            syntaxes: &[Syntax {
                when: "",
                params: &[text("domain name", 1, 255), int("ip network", 1, 3).or(1)],
            }],
            selector: None,
            handler: status::resolve,
        }),
        ..NONE
    },
    Command {
        name: "+CIPSTATUS",
        summary: "state of the station and its links (deprecated)",
        section: "TCP/IP: AT+CIPSTATUS",
        execute: Some(status::status),
        ..NONE
    },
    Command {
        name: "+CIPSTATE",
        summary: "open links",
        section: "TCP/IP: AT+CIPSTATE",
        query: Some(status::links),
        ..NONE
    },
    Command {
        name: "+CIPSTART",
        summary: "open a link",
        section: "TCP/IP: AT+CIPSTART",
        set: Some(SetForm {
            syntaxes: &[
                Syntax {
                    when: "TCP",
                    params: &[
                        LINK_ID,
                        choice("type", &["TCP", "TCPv6"]),
                        HOST,
                        PORT,
                        int("keep alive", 0, 7200).or(0),
                        text("local IP", 0, 45).optional(),
                    ],
                },
                Syntax {
                    when: "UDP",
                    params: &[
                        LINK_ID,
                        choice("type", &["UDP", "UDPv6"]),
                        HOST,
                        PORT,
                        int("local port", 0, 65_535).optional(),
                        int("mode", 0, 2).optional(),
                        text("local IP", 0, 45).optional(),
                    ],
                },
                Syntax {
                    when: "SSL",
                    params: &[
                        LINK_ID,
                        choice("type", &["SSL", "SSLv6"]),
                        HOST,
                        PORT,
                        int("keep alive", 0, 7200).or(0),
                        text("local IP", 0, 45).optional(),
                    ],
                },
            ],
            selector: Some(0),
            handler: link::start,
        }),
        ..NONE
    },
    Command {
        name: "+CIPCLOSE",
        summary: "close a link",
        section: "TCP/IP: AT+CIPCLOSE",
        set: Some(SetForm {
            // 5 is all of them.
            syntaxes: &[Syntax { when: "", params: &[int("link ID", 0, 5).multiple_only()] }],
            selector: None,
            handler: link::close,
        }),
        execute: Some(link::close_single),
        ..NONE
    },
    Command {
        name: "+CIPSEND",
        summary: "send data",
        section: "TCP/IP: AT+CIPSEND",
        set: Some(SetForm {
            syntaxes: &[Syntax {
                when: "",
                params: &[LINK_ID, int("length", 1, 8192), HOST.optional(), PORT.optional()],
            }],
            selector: None,
            handler: link::send,
        }),
        ..NONE
    },
    Command {
        name: "+CIPDINFO",
        summary: "show the sender in +IPD",
        section: "TCP/IP: AT+CIPDINFO",
        query: Some(link::info_query),
        set: Some(SetForm {
            syntaxes: &[Syntax { when: "", params: &[int("mode", 0, 1)] }],
            selector: None,
            handler: link::info_set,
        }),
        ..NONE
    },
    Command {
        name: "+CIPMUX",
        summary: "one link or several",
        section: "TCP/IP: AT+CIPMUX",
        query: Some(link::multiple_query),
        set: Some(SetForm {
            syntaxes: &[Syntax { when: "", params: &[int("mode", 0, 1)] }],
            selector: None,
            handler: link::multiple_set,
        }),
        ..NONE
    },
    Command {
        name: "+PING",
        summary: "ping a host",
        section: "TCP/IP: AT+PING",
        set: Some(SetForm {
            syntaxes: &[Syntax { when: "", params: &[text("host", 1, 255)] }],
            selector: None,
            handler: status::ping,
        }),
        ..NONE
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_its_own_name_and_only_by_it() {
        for command in &COMMANDS {
            let found = find(command.name).expect(command.name);
            assert!(std::ptr::eq(found, command), "{} appears twice", command.name);
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
