//! What a capture holds, as values: for who wants to show packets rather than to write a file of them.

use super::ModuleId;
use crate::capture::{InterfaceKind, UartPacket};
use crate::time::Instant;

/// A place where packets are captured. Its number is its place among [`World::interfaces`](super::World::interfaces), and
/// in the capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name: `wifi/radio`, `wifi/uart`, `wifi/log`, of a tap in the network that of its host, `lan0` of a cable into a LAN,
    /// `console`.
    pub name: String,
    /// Whose it is; `None`: the network's.
    pub module: Option<ModuleId>,
    /// What it carries.
    pub kind: InterfaceKind,
}

/// Something that passed an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When: of a UART packet the end of its last byte.
    pub at: Instant,
    /// What it was.
    pub seen: Seen,
    /// What happened to it or with it, in words; those of the capture.
    pub comment: Option<String>,
}

/// What passed an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A frame, or an IP packet where the interface has no frames.
    Frame {
        /// The number of the interface.
        interface: usize,
        /// True: towards the node that the interface belongs to.
        inbound: bool,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A line, a prompt or a block of payload on a UART.
    Uart {
        /// The number of the interface.
        interface: usize,
        /// What it was.
        packet: UartPacket,
    },
    /// A line of a log port.
    Log {
        /// The number of the interface.
        interface: usize,
        /// What it was.
        packet: UartPacket,
    },
}

impl Seen {
    /// The number of the interface that it passed.
    pub fn interface(&self) -> usize {
        match self {
            Seen::Frame { interface, .. } | Seen::Uart { interface, .. } | Seen::Log { interface, .. } => {
                *interface
            }
        }
    }
}
