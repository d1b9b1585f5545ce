//! pcapng bytes from taps on links and UARTs.
//!
//! [`Capture`] turns frames and UART packets into the bytes of a pcapng file that Wireshark opens. It opens
//! no file itself: whoever owns it takes the bytes and writes them. [`Packetizer`] cuts the byte stream of
//! one UART direction into [`UartPacket`]s: lines, prompts and data blocks. `dissector` decides how
//! Wireshark shows each of them. [`Classic`] makes a classic pcap file of the bytes. What a user sees of all this is described in `docs/capture.md`.

mod block;
mod classic;
mod dissector;
mod packetizer;
mod pcapng;

use crate::time::Instant;

pub use classic::{Classic, NoInterface};
pub use packetizer::{Mark, Packetizer};
pub use pcapng::{Capture, InterfaceKind};

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
    /// When its first byte ended.
    pub since: Instant,
    /// When its last byte ended.
    pub at: Instant,
    /// Who sent it.
    pub from: Side,
    /// What it is.
    pub kind: PacketKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl UartPacket {
    /// Its bytes without the CR LF before and after a line, which every line has.
    pub fn bare(&self) -> &[u8] {
        let bytes = self.bytes.as_slice();
        let bare = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        bare.strip_prefix(b"\r\n").unwrap_or(bare)
    }
}
