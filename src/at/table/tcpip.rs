//! The TCP/IP commands that open, use and close links, as data.

use super::row::*;
use crate::at::commands::{link, receive, send, server, status};

/// The other end of AT+CIPSTART: since v3.1 its name has 64 bytes at most.
const ANY_HOST: Param = HOST.before(3, 1);
const SHORT_HOST: Param = text("remote host", 1, 64).since(3, 1);
/// Left out it is off; since v2.4 it is what AT+CIPTCPOPT says for the link.
const KEEP_ALIVE: Param = within("keep alive", limits::KEEP_ALIVE).or(0).before(2, 4);
const KEEP_ALIVE_OR_OPTION: Param = within("keep alive", limits::KEEP_ALIVE).optional().since(2, 4);
/// How long opening or looking up may take, milliseconds; 0 leaves it to the stack.
const TIMEOUT: Param = int("timeout", 0, 60_000).or(0).since(4, 1);

/// What AT+CIPSTART takes for a stream of one of these types. AT+CIPSTARTEX takes the same without the id, as for UDP.
const fn stream(types: &'static [&'static str]) -> [Param; 9] {
    [
        LINK_ID,
        choice("type", types),
        ANY_HOST,
        SHORT_HOST,
        PORT,
        KEEP_ALIVE,
        KEEP_ALIVE_OR_OPTION,
        address("local IP").optional(),
        TIMEOUT,
    ]
}
/// For TCP.
const TCP: &[Param] = &stream(&["TCP", "TCPv6"]);
/// For UDP.
const UDP: &[Param] = &[
    LINK_ID,
    choice("type", &["UDP", "UDPv6"]),
    ANY_HOST,
    SHORT_HOST,
    PORT,
    any_port("local port").optional(),
    int("mode", 0, 2).optional(),
    address("local IP").optional(),
    TIMEOUT,
];
/// For TLS.
const SSL: &[Param] = &stream(&["SSL", "SSLv6"]);

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+CIPDOMAIN",
        summary: "resolve a name",
        section: "TCP/IP: AT+CIPDOMAIN",
        needs: &[Need::Address],
        set: set!(
            status::resolve,
            text_within("domain name", limits::HOST),
            int("ip network", 1, 3).or(1),
            TIMEOUT
        ),
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
        on: Availability::ALL.since(2, 3),
        ..NONE
    },
    Command {
        name: "+CIPSTART",
        summary: "open a link",
        section: "TCP/IP: AT+CIPSTART",
        set: Some(SetForm {
            syntaxes: &[
                Syntax { when: "TCP", params: TCP },
                Syntax { when: "UDP", params: UDP },
                Syntax { when: "SSL", params: SSL },
            ],
            selector: Some(0),
            handler: link::start,
        }),
        ..NONE
    },
    Command {
        name: "+CIPSTARTEX",
        summary: "open a link under a free id",
        section: "TCP/IP: AT+CIPSTARTEX",
        set: Some(SetForm {
            syntaxes: &[
                Syntax { when: "TCP", params: TCP.split_at(1).1 },
                Syntax { when: "UDP", params: UDP.split_at(1).1 },
                Syntax { when: "SSL", params: SSL.split_at(1).1 },
            ],
            selector: Some(0),
            handler: link::start_anywhere,
        }),
        ..NONE
    },
    Command {
        name: "+CIPTCPOPT",
        summary: "socket options",
        section: "TCP/IP: AT+CIPTCPOPT",
        query: Some(link::socket_options_query),
        set: set!(
            link::socket_options_set,
            LINKS,
            within("so_linger", limits::LINGER).optional(),
            int("tcp_nodelay", 0, 1).optional(),
            within("so_sndtimeo", limits::SEND_TIMEOUT).optional(),
            within("keep_alive", limits::KEEP_ALIVE).optional().since(2, 4)
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPCLOSE",
        summary: "close a link",
        section: "TCP/IP: AT+CIPCLOSE",
        set: set!(link::close, links()),
        execute: Some(link::close_single),
        ..NONE
    },
    Command {
        name: "+CIPSEND",
        summary: "send data",
        section: "TCP/IP: AT+CIPSEND",
        set: set!(
            send::send,
            LINK_ID,
            int("length", 1, 2048).on(&[Chip::Esp8266]),
            int("length", 1, 8192).on(FAMILY),
            HOST.optional(),
            PORT.optional()
        ),
        execute: Some(send::pass_through),
        ..NONE
    },
    Command {
        name: "+CIPSENDL",
        summary: "send data while it comes in",
        section: "TCP/IP: AT+CIPSENDL",
        set: set!(send::send_long, LINK_ID, int("length", 1, 0x7fff_ffff), HOST.optional(), PORT.optional()),
        on: Availability::ALL.since(2, 3).on(FAMILY),
        ..NONE
    },
    Command {
        name: "+CIPSENDLCFG",
        summary: "report and block size of AT+CIPSENDL",
        section: "TCP/IP: AT+CIPSENDLCFG",
        query: Some(send::long_query),
        set: set!(
            send::long_set,
            int("report size", 100, 1 << 20),
            int("transmit size", 100, 2920).optional()
        ),
        on: Availability::ALL.since(2, 3).on(FAMILY),
        ..NONE
    },
    Command {
        name: "+CIPSENDEX",
        summary: "send data with an end mark",
        section: "TCP/IP: AT+CIPSENDEX",
        set: set!(
            send::send_escaped,
            LINK_ID,
            int("length", 1, 2048).on(&[Chip::Esp8266]),
            int("length", 1, 8192).on(FAMILY),
            HOST.optional(),
            PORT.optional()
        ),
        ..NONE
    },
    Command {
        name: "+CIPDINFO",
        summary: "show the sender of received data",
        section: "TCP/IP: AT+CIPDINFO",
        query: Some(receive::info_query),
        set: set!(receive::info_set, int("mode", 0, 1)),
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
        name: "+CIPRECVMODE",
        summary: "received data: sent at once, or kept until it is read",
        section: "TCP/IP: AT+CIPRECVMODE",
        query: Some(receive::mode_query),
        set: set!(receive::mode_set, int("mode", 0, 1)),
        ..NONE
    },
    Command {
        name: "+CIPRECVTYPE",
        summary: "active or passive receive, for each link",
        section: "TCP/IP: AT+CIPRECVTYPE",
        query: Some(receive::type_query),
        set: set!(receive::type_set, LINKS, int("mode", 0, 1)),
        on: Availability::ALL.since(3, 3),
        ..NONE
    },
    Command {
        name: "+CIPRECVDATA",
        summary: "read received data",
        section: "TCP/IP: AT+CIPRECVDATA",
        set: set!(receive::data, LINK_ID, int("len", 1, 0x7fff_ffff)),
        ..NONE
    },
    Command {
        name: "+CIPRECVLEN",
        summary: "how much received data waits",
        section: "TCP/IP: AT+CIPRECVLEN",
        query: Some(receive::lengths),
        ..NONE
    },
    Command {
        name: "+CIPSERVER",
        summary: "start or stop the server",
        section: "TCP/IP: AT+CIPSERVER",
        query: Some(server::query),
        set: set!(
            server::set,
            int("mode", 0, 1),
            any_port("param2").optional(),
            choice("type", &["TCP", "TCPv6", "SSL", "SSLv6"]).optional(),
            int("CA enable", 0, 1).optional(),
            int("netif", 0, 3).optional().since(4, 1)
        ),
        ..NONE
    },
    Command {
        name: "+CIPSERVERMAXCONN",
        summary: "most clients of the server",
        section: "TCP/IP: AT+CIPSERVERMAXCONN",
        query: Some(server::limit_query),
        set: set!(server::limit_set, int("num", 1, 5)),
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
        name: "+CIPSTO",
        summary: "silence after which the server closes a client, seconds",
        section: "TCP/IP: AT+CIPSTO",
        query: Some(server::timeout_query),
        set: set!(server::timeout_set, int("time", 0, 7200)),
        ..NONE
    },
    Command {
        name: "+PING",
        summary: "ping a host",
        section: "TCP/IP: AT+PING",
        set: set!(status::ping, text_within("host", limits::HOST)),
        ..NONE
    },
];
