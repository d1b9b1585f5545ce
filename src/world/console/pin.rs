//! What a board does to a module's pins: `pin NAME PIN LEVEL`. Where nothing else drives them, as in QEMU, this is how a test
//! resets the module, or wakes it.

use super::words::Words;
use super::{Change, Command, Name, pick};
use crate::world::Pin;

/// The pins that can be driven from here. The MCU's RTS belongs to whoever drives the UART.
const PINS: [Pin; 3] = [Pin::En, Pin::Gpio0, Pin::Wake];

/// Reads what follows `pin`.
pub(super) fn read(words: &mut Words) -> Result<Command, String> {
    let Some(name) = words.next() else {
        return Err("expected the name of a module after `pin`, found nothing".to_string());
    };
    let name = name.text;
    let so_far = format!("pin {}", Name(&name));
    let word = pick(words, &so_far, PINS.map(Pin::word))?;
    let pin = PINS.into_iter().find(|pin| pin.word() == word).unwrap_or(Pin::En);
    let high = pick(words, &format!("{so_far} {word}"), ["low", "high"])? == "high";
    Ok(Command::Change(Change::Pin { name, pin, high }))
}
