//! The TCP/IP commands that set up what links do, as data: names, TLS, time, passthrough at start, updates.

use super::row::*;
use crate::at::commands::{clock, options, tls, update};

/// Most cipher suites in one AT+CIPSSLCCIPHER: as many as a command line has room for, and more.
const MOST_SUITES: usize = 50;

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+CIPV6",
        summary: "IPv6 on or off",
        section: "TCP/IP: AT+CIPV6",
        query: Some(options::ipv6_query),
        set: set!(options::ipv6_set, int("enable", 0, 1)),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPDNS",
        summary: "DNS servers: DHCP's or your own",
        section: "TCP/IP: AT+CIPDNS",
        query: Some(options::dns_query),
        set: set!(options::dns_set, int("enable", 0, 1), address("DNS IP").repeated(3),),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPRECONNINTV",
        summary: "pause between attempts to reconnect a passthrough link",
        section: "TCP/IP: AT+CIPRECONNINTV",
        query: Some(options::reconnect_query),
        set: set!(options::reconnect_set, within("interval", limits::REOPEN_PAUSE)),
        saved: true,
        ..NONE
    },
    Command {
        name: "+SAVETRANSLINK",
        summary: "passthrough link of every start",
        section: "TCP/IP: AT+SAVETRANSLINK",
        set: set!(
            options::passthrough_at_start,
            int("mode", 0, 1),
            HOST.optional(),
            PORT.optional(),
            choice("type", &["TCP", "TCPv6", "SSL", "SSLv6", "UDP", "UDPv6"]).optional(),
            any_port("keep alive or local port").optional(),
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPSSLCCONF",
        summary: "certificates of TLS clients",
        section: "TCP/IP: AT+CIPSSLCCONF",
        query: Some(tls::config_query),
        set: set!(
            tls::config_set,
            LINKS,
            within("auth mode", limits::AUTH_MODE),
            int("pki number", 0, 255).optional(),
            int("ca number", 0, 255).optional(),
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPSSLCCN",
        summary: "common name that a TLS client expects",
        section: "TCP/IP: AT+CIPSSLCCN",
        query: Some(tls::common_name_query),
        set: set!(tls::common_name_set, LINKS, text("common name", 0, 64)),
        ..NONE
    },
    Command {
        name: "+CIPSSLCSNI",
        summary: "server name indication of TLS clients",
        section: "TCP/IP: AT+CIPSSLCSNI",
        query: Some(tls::server_name_query),
        set: set!(tls::server_name_set, LINKS, text("sni", 0, 64)),
        ..NONE
    },
    Command {
        name: "+CIPSSLCALPN",
        summary: "application protocols of TLS clients",
        section: "TCP/IP: AT+CIPSSLCALPN",
        query: Some(tls::protocols_query),
        set: set!(tls::protocols_set, LINKS, int("counts", 0, 5), text("alpn", 1, 255).repeated(5),),
        ..NONE
    },
    Command {
        name: "+CIPSSLCPSK",
        summary: "pre-shared key of TLS clients",
        section: "TCP/IP: AT+CIPSSLCPSK",
        query: Some(tls::key_query),
        set: set!(tls::key_set, LINKS, text("psk", 0, 32), text("hint", 0, 32)),
        ..NONE
    },
    Command {
        name: "+CIPSSLCPSKHEX",
        summary: "pre-shared key of TLS clients, in hexadecimal digits",
        section: "TCP/IP: AT+CIPSSLCPSKHEX",
        query: Some(tls::hex_key_query),
        set: set!(tls::hex_key_set, LINKS, text("psk", 0, 64), text("hint", 0, 32)),
        on: Availability::ALL.since(3, 3),
        ..NONE
    },
    Command {
        name: "+CIPSSLCPSKHEX",
        summary: "pre-shared key of TLS clients, in hexadecimal digits",
        section: "TCP/IP: AT+CIPSSLCPSKHEX",
        query: Some(tls::hex_key_query),
        set: set!(tls::hex_key_set, LINKS, text("psk", 0, 64), text("hint", 0, 32)),
        on: Availability::ALL.since(2, 3).on(&[Chip::Esp8266]),
        ..NONE
    },
    Command {
        name: "+CIPSSLCCIPHER",
        summary: "cipher suites of TLS clients",
        section: "TCP/IP: AT+CIPSSLCCIPHER",
        query: Some(tls::suites_query),
        set: set!(
            tls::suites_set,
            LINKS,
            int("ciphersuite count", 0, MOST_SUITES as i64), // wider: nothing is lost
            int("ciphersuite", 0, 0xffff).repeated(MOST_SUITES),
        ),
        on: Availability::ALL.since(4, 1),
        ..NONE
    },
    Command {
        name: "+CIPSNTPINTV",
        summary: "seconds between two questions to the SNTP server",
        section: "TCP/IP: AT+CIPSNTPINTV",
        query: Some(clock::interval_query),
        set: set!(clock::interval_set, int("interval", 15, 4_294_967)),
        // A release of v2.3 has it; the development version that the specification belongs to does not.
        on: Availability::ALL.since(2, 4),
        ..NONE
    },
    Command {
        name: "+CIPSNTPCFG",
        summary: "time zone and SNTP servers",
        section: "TCP/IP: AT+CIPSNTPCFG",
        query: Some(clock::sntp_query),
        set: set!(
            clock::sntp_set,
            int("enable", 0, 1),
            int("timezone", -1259, 1459).or(0),
            text("SNTP server", 1, 255).repeated(3),
        ),
        ..NONE
    },
    Command {
        name: "+CIPSNTPTIME",
        summary: "local time",
        section: "TCP/IP: AT+CIPSNTPTIME",
        query: Some(clock::time_query),
        ..NONE
    },
    Command {
        name: "+CIPFWVER",
        summary: "firmware versions that the update server has",
        section: "TCP/IP: AT+CIPFWVER",
        query: Some(update::versions),
        on: Availability::ALL.since(3, 0),
        ..NONE
    },
    Command {
        name: "+CIUPDATE",
        summary: "firmware update over Wi-Fi",
        section: "TCP/IP: AT+CIUPDATE",
        query: Some(update::state),
        set: set!(
            update::begin,
            int("ota mode", 0, 1),
            text("version", 0, 64).optional(),
            text("firmware name", 0, 64).optional(),
            int("nonblocking", 0, 1).or(0),
        ),
        execute: Some(update::begin_recommended),
        ..NONE
    },
];
