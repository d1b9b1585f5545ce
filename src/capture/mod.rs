//! pcapng bytes from taps on links and UARTs.

use crate::time::Instant;

/// Who sent a UART packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The MCU.
    Mcu,
    /// The module.
    Module,
}

/// What a UART packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// A line of text: a command, a reply, an unsolicited message.
    Line,
    /// The send prompt.
    Prompt,
    /// A block of payload.
    Data,
}

/// One line, one prompt or one data block on a UART.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UartPacket {
    /// When its last byte ended.
    pub at: Instant,
    /// Who sent it.
    pub from: Side,
    /// What it is.
    pub kind: PacketKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// temporary
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark { Text, TextEnd, Prompt, Data, DataEnd }
