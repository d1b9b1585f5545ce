//! The TCP/IP commands that open, use and close links, as data.

use super::*;
use crate::at::commands::{link, status};

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+CIPDOMAIN",
        summary: "resolve a name",
        section: "TCP/IP: AT+CIPDOMAIN",
        needs: &[Need::Address],
        set: set!(status::resolve, text("domain name", 1, 255), int("ip network", 1, 3).or(1)),
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
        set: set!(link::close, int("link ID", 0, 5).multiple_only()),
        execute: Some(link::close_single),
        ..NONE
    },
    Command {
        name: "+CIPSEND",
        summary: "send data",
        section: "TCP/IP: AT+CIPSEND",
        set: set!(
            link::send,
            LINK_ID,
            int("length", 1, 2048).before(2, 3),
            int("length", 1, 8192).since(2, 3),
            HOST.optional(),
            PORT.optional()
        ),
        execute: Some(link::send_passthrough),
        ..NONE
    },
    Command {
        name: "+CIPMODE",
        summary: "normal transmission or passthrough",
        section: "TCP/IP: AT+CIPMODE",
        query: Some(link::mode_query),
        set: set!(link::mode_set, int("mode", 0, 1)),
        ..NONE
    },
    Command {
        name: "+CIPDINFO",
        summary: "show the sender in +IPD",
        section: "TCP/IP: AT+CIPDINFO",
        query: Some(link::info_query),
        set: set!(link::info_set, int("mode", 0, 1)),
        ..NONE
    },
    Command {
        name: "+CIPMUX",
        summary: "one link or several",
        section: "TCP/IP: AT+CIPMUX",
        query: Some(link::multiple_query),
        set: set!(link::multiple_set, int("mode", 0, 1)),
        ..NONE
    },
    Command {
        name: "+PING",
        summary: "ping a host",
        section: "TCP/IP: AT+PING",
        set: set!(status::ping, text("host", 1, 255)),
        ..NONE
    },
];
