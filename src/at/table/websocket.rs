//! The WebSocket commands as data.

use super::row::*;
use crate::at::commands::websocket;
use crate::profile::Feature;

const BUILT: Availability = Availability::ALL.with(Feature::WebSocket);
const ID: Param = int("link id", 0, 2);
const INTERVAL: Param = int("ping interval", 1, 7200);
const TIMEOUT: Param = int("ping timeout", 1, 7200);
const BUFFER: Param = int("buffer size", 1, 8192).or(1024);

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+WSCFG",
        summary: "pings, buffer and certificates of a WebSocket link",
        section: "WebSocket: AT+WSCFG",
        set: set!(
            websocket::config_set,
            ID,
            INTERVAL,
            TIMEOUT,
            BUFFER,
            within("auth mode", limits::AUTH_MODE).or(0).since(4, 1),
            int("pki number", 0, 255).optional().since(4, 1),
            int("ca number", 0, 255).optional().since(4, 1)
        ),
        on: BUILT,
        ..NONE
    },
    Command {
        name: "+WSHEAD",
        summary: "headers of every WebSocket handshake; 0 clears them",
        section: "WebSocket: AT+WSHEAD",
        query: Some(websocket::headers_query),
        set: set!(websocket::headers_set, int("req_header_len", 0, 0x7fff_ffff)),
        on: BUILT.since(3, 3),
        ..NONE
    },
    Command {
        name: "+WSOPEN",
        summary: "open a WebSocket link",
        section: "WebSocket: AT+WSOPEN",
        query: Some(websocket::open_query),
        set: set!(
            websocket::open,
            ID,
            name("uri", 1, 256),
            name("subprotocol", 0, 256).optional(),
            int("timeout", 0, 180_000).or(15_000),
            name("auth", 0, 256).optional()
        ),
        on: BUILT,
        ..NONE
    },
    Command {
        name: "+WSSEND",
        summary: "send data over a WebSocket link after a prompt",
        section: "WebSocket: AT+WSSEND",
        set: set!(
            websocket::send,
            ID,
            int("length", 1, 8192),
            int("opcode", 0, 15).or(1),
            int("timeout", 0, 60_000).or(10_000)
        ),
        on: BUILT,
        ..NONE
    },
    Command {
        name: "+WSCLOSE",
        summary: "close a WebSocket link",
        section: "WebSocket: AT+WSCLOSE",
        set: set!(websocket::close, ID),
        on: BUILT,
        ..NONE
    },
];
