//! The WebSocket server of a host: `[host.NAME.websocket]`.

use super::pages::is_path;
use super::report::Problems;
use super::table::Section;
use crate::net::config::WebSocket;
use crate::world::spelling::shown;

/// Reads a server that listens on `port`.
pub(super) fn read(problems: &mut Problems, section: &Section, port: u16) -> WebSocket {
    let path = section.parsed(problems, "path", |path| {
        if is_path(path) && !path.contains('?') {
            return Ok(path.to_owned());
        }
        Err(format!("expected a path that begins with `/`, without a query, found {}", shown(path)))
    });
    let mut protocols = Vec::new();
    for (name, span) in section.strings(problems, "protocols").unwrap_or_default() {
        let plain = |b: u8| b.is_ascii_graphic() && !b",;\"()".contains(&b);
        if !name.is_empty() && name.bytes().all(plain) {
            protocols.push(name.to_owned());
        } else {
            problems
                .add(span, format!("expected the name of a protocol such as `mqtt`, found {}", shown(name)));
        }
    }
    let greetings = section.strings(problems, "greetings").unwrap_or_default();
    WebSocket {
        port,
        path,
        protocols,
        echo: section.boolean(problems, "echo").unwrap_or(true),
        greetings: greetings.into_iter().map(|(text, _)| text.to_owned()).collect(),
        fragment: section.integer(problems, "fragment", 1, 65_535),
    }
}
