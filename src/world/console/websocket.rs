//! What a WebSocket server of a host can be told: `host NAME websocket CHANGE`.

use std::fmt;

use super::host::{next, text};
use super::words::Words;
use crate::net::config::WebSocketChange;
use crate::net::service::quoted;
use crate::net::websocket::opcode;
use crate::world::spelling::{cut, did_you_mean, one_of};

/// What can be said of one.
const CHANGES: [&str; 5] = ["send", "binary", "ping", "close", "answers"];

/// Reads what follows `websocket`.
pub(super) fn change(so_far: &str, words: &mut Words) -> Result<WebSocketChange, String> {
    let word = next(&one_of(CHANGES), so_far, words)?;
    let before = so_far;
    let so_far = format!("{so_far} {}", cut(&word.text));
    match word.plain() {
        Some("send") => Ok(WebSocketChange::Send(opcode::TEXT, text(&so_far, words)?)),
        Some("binary") => Ok(WebSocketChange::Send(opcode::BINARY, text(&so_far, words)?)),
        Some("ping") => {
            let data = text(&so_far, words)?;
            if data.len() > 125 {
                return Err(format!("expected a text of at most 125 bytes after `{so_far}`"));
            }
            Ok(WebSocketChange::Ping(data))
        }
        Some("close") => {
            const CODE: &str = "a code from 1000 to 4999, or 0 for none";
            let number = next(CODE, &so_far, words)?;
            let found = number.plain().and_then(|n| n.parse::<u16>().ok());
            let found = found.filter(|n| *n == 0 || (1000..5000).contains(n));
            let code =
                found.ok_or_else(|| format!("expected {CODE} after `{so_far}`, found {}", number.shown()))?;
            let reason = words.next().map(|word| word.bytes).unwrap_or_default();
            if reason.len() > 123 || (code == 0 && !reason.is_empty()) {
                return Err(format!("expected a reason of at most 123 bytes behind a code after `{so_far}`"));
            }
            Ok(WebSocketChange::Close((code > 0).then_some(code), reason))
        }
        Some("answers") => {
            let answers = next("`right` or `none`", &so_far, words)?;
            match answers.plain() {
                Some("right") => Ok(WebSocketChange::Silent(false)),
                Some("none") => Ok(WebSocketChange::Silent(true)),
                _ => Err(format!("expected `right` or `none` after `{so_far}`, found {}", answers.shown())),
            }
        }
        _ => {
            let hint = did_you_mean(&word.text, CHANGES);
            let (changes, found) = (one_of(CHANGES), word.shown());
            Err(format!("expected {changes} after `{before}`, found {found}{hint}"))
        }
    }
}

/// A change as the language writes it.
pub(super) fn show(f: &mut fmt::Formatter<'_>, change: &WebSocketChange) -> fmt::Result {
    f.write_str("websocket ")?;
    match change {
        WebSocketChange::Send(opcode::BINARY, data) => write!(f, "binary {}", quoted(data)),
        WebSocketChange::Send(_, data) => write!(f, "send {}", quoted(data)),
        WebSocketChange::Ping(data) => write!(f, "ping {}", quoted(data)),
        WebSocketChange::Close(code, reason) if reason.is_empty() => {
            write!(f, "close {}", code.unwrap_or_default())
        }
        WebSocketChange::Close(code, reason) => {
            write!(f, "close {} {}", code.unwrap_or_default(), quoted(reason))
        }
        WebSocketChange::Silent(silent) => {
            write!(f, "answers {}", if *silent { "none" } else { "right" })
        }
    }
}
