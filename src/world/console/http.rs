//! What an HTTP server of a host can be told: `host NAME http PATH ANSWER`.

use std::fmt;

use super::Name;
use super::host::{next, text};
use super::words::Words;
use crate::net::config::{HttpAnswer, HttpChange};
use crate::net::service::quoted;
use crate::time::Duration;
use crate::world::quantity::{self, duration_text};
use crate::world::scenario::is_path;
use crate::world::spelling::{cut, did_you_mean, one_of};

/// The word for what the scenario says.
const SCENARIO: &str = "scenario";
/// A numbered body of at least so many bytes is shown by its size.
const LEAST_NUMBERED: usize = 16;
/// What an answer is said with.
const PARTS: [&str; 5] = ["status", "body", "size", "delay", SCENARIO];

/// Reads what follows `http`.
pub(super) fn change(so_far: &str, words: &mut Words) -> Result<HttpChange, String> {
    let word = next("a path", so_far, words)?;
    if !is_path(&word.text) {
        return Err(format!("expected a path that begins with `/` after `{so_far}`, found {}", word.shown()));
    }
    let path = word.text;
    let so_far = format!("{so_far} {}", Name(&cut(&path)));
    let mut answer = HttpAnswer::default();
    let mut word = Some(next(&one_of(PARTS), &so_far, words)?);
    while let Some(part) = word {
        match part.plain() {
            Some("status") => {
                const STATUS: &str = "a status from 200 to 599";
                let number = next(STATUS, &format!("{so_far} ... status"), words)?;
                let found = number.plain().and_then(|n| n.parse().ok()).filter(|n| (200..600).contains(n));
                answer.status = found
                    .ok_or_else(|| format!("expected {STATUS} after `status`, found {}", number.shown()))?;
            }
            Some("body") => answer.body = text(&format!("{so_far} ... body"), words)?,
            Some("size") => {
                let size = format!("a number of bytes from 0 to {}", HttpAnswer::LARGEST_BODY);
                let number = next(&size, &format!("{so_far} ... size"), words)?;
                let found = number.plain().and_then(|n| n.parse().ok());
                let found = found.filter(|n| *n <= HttpAnswer::LARGEST_BODY);
                answer.body = HttpAnswer::numbered(
                    found.ok_or_else(|| format!("expected {size} after `size`, found {}", number.shown()))?,
                );
            }
            Some("delay") => {
                let delay = words.quantity().ok_or("expected a duration after `delay`, found nothing")?;
                answer.delay = quantity::delay(&delay).map_err(|e| format!("`delay`: {e}"))?;
            }
            Some(SCENARIO) => return Ok(HttpChange { path, answer: None }),
            _ => {
                let hint = did_you_mean(&part.text, PARTS);
                let (parts, found) = (one_of(PARTS), part.shown());
                return Err(format!("expected {parts} after `{so_far}`, found {found}{hint}"));
            }
        }
        word = words.next();
    }
    Ok(HttpChange { path, answer: Some(answer) })
}

/// A change as the language writes it.
pub(super) fn show(f: &mut fmt::Formatter<'_>, change: &HttpChange) -> fmt::Result {
    write!(f, "http {}", Name(&change.path))?;
    let Some(HttpAnswer { status, body, delay, .. }) = &change.answer else {
        return write!(f, " {SCENARIO}");
    };
    write!(f, " status {status}")?;
    if body.len() >= LEAST_NUMBERED && *body == HttpAnswer::numbered(body.len()) {
        write!(f, " size {}", body.len())?;
    } else if !body.is_empty() {
        write!(f, " body {}", quoted(body))?;
    }
    if *delay > Duration::ZERO {
        write!(f, " delay {}", duration_text(*delay))?;
    }
    Ok(())
}
