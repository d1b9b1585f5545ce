//! The HTTP commands as data.

use super::row::*;
use crate::at::commands::http;
use crate::profile::Feature;

/// The published build for the ESP8266 leaves it out.
const BUILT: Availability = Availability::ALL.with(Feature::Http);
/// The rest is not in the ESP8266's library.
const BUILT_LATER: Availability = BUILT.on(FAMILY);

/// Longest text of a parameter: the line is shorter anyhow.
const LINE: usize = 256;
/// Most headers in a line: more do not fit.
const HEADERS: usize = 16;
const URL: Param = text("url", 0, LINE);
const HEADER: Param = text("http_req_header", 1, LINE).repeated(HEADERS);
const SENT: Param = int("tx size", 0, 10_240).or(0);
const RECEIVED: Param = int("rx size", 0, 10_240).or(0);
const TIMEOUT: Param = int("timeout", 0, 180_000).or(0);
/// The body of a request, bytes. That of an empty one is a guess.
const LENGTH: Param = int("length", 1, 0x7fff_ffff);

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+HTTPCLIENT",
        summary: "HTTP request: 1 HEAD, 2 GET, 3 POST, 4 PUT, 5 DELETE",
        section: "HTTP: AT+HTTPCLIENT",
        set: set!(
            http::client,
            int("opt", 1, 5),
            int("content-type", 0, 3),
            URL,
            text("host", 0, LINE).optional(),
            text("path", 0, LINE).optional(),
            int("transport_type", 1, 2),
            text("data", 0, LINE).optional(),
            HEADER
        ),
        on: BUILT,
        ..NONE
    },
    Command {
        name: "+HTTPGETSIZE",
        summary: "size of an HTTP resource",
        section: "HTTP: AT+HTTPGETSIZE",
        set: set!(http::size_plain, URL),
        on: BUILT.before(3, 0),
        ..NONE
    },
    Command {
        name: "+HTTPGETSIZE",
        summary: "size of an HTTP resource",
        section: "HTTP: AT+HTTPGETSIZE",
        set: set!(http::size, URL, SENT, RECEIVED, TIMEOUT),
        on: BUILT.since(3, 0),
        ..NONE
    },
    Command {
        name: "+HTTPCGET",
        summary: "get an HTTP resource",
        section: "HTTP: AT+HTTPCGET",
        set: set!(http::get_body, URL, SENT, RECEIVED, TIMEOUT),
        on: BUILT_LATER,
        ..NONE
    },
    Command {
        name: "+HTTPCPOST",
        summary: "POST of data after a prompt",
        section: "HTTP: AT+HTTPCPOST",
        set: set!(http::post, URL, LENGTH, int("http_req_header_cnt", 0, 16).optional(), HEADER),
        on: BUILT,
        ..NONE
    },
    Command {
        name: "+HTTPCPUT",
        summary: "PUT of data after a prompt",
        section: "HTTP: AT+HTTPCPUT",
        set: set!(http::put, URL, LENGTH, int("http_req_header_cnt", 0, 16).optional(), HEADER),
        on: BUILT.since(3, 0),
        ..NONE
    },
    Command {
        name: "+HTTPURLCFG",
        summary: "a URL too long for a line, for commands that give none; 0 clears it",
        section: "HTTP: AT+HTTPURLCFG",
        query: Some(http::url_query),
        set: set!(http::url_set, int("url length", 0, 8192)),
        on: BUILT_LATER,
        ..NONE
    },
    Command {
        name: "+HTTPCHEAD",
        summary: "headers of every HTTP request; 0 clears them",
        section: "HTTP: AT+HTTPCHEAD",
        query: Some(http::headers_query),
        set: set!(http::headers_set, int("req_header_len", 0, 0x7fff_ffff)),
        on: BUILT_LATER.since(3, 1),
        ..NONE
    },
    Command {
        name: "+HTTPCFG",
        summary: "certificates of HTTPS: 0 none, 1 the client's, 2 the server's, 3 both",
        section: "HTTP: AT+HTTPCFG",
        set: set!(
            http::config_set,
            within("auth mode", limits::AUTH_MODE),
            int("pki number", 0, 255).optional(),
            int("ca number", 0, 255).optional()
        ),
        on: Availability::ALL.with(Feature::HttpsAuth),
        ..NONE
    },
];
