//! The pcapng file: one section, its interfaces, host names, frames and UART packets.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::block::Block;
use super::{Side, UartPacket, dissector};
use crate::time::{Instant, NANOS_PER_SEC};

/// Block types.
pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
const NAME_RESOLUTION: u32 = 4;
pub(super) const ENHANCED_PACKET: u32 = 6;
/// By which a reader knows the byte order.
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Option of every block: a comment.
const OPT_COMMENT: u16 = 1;
/// Option of the section header: who wrote the file.
const SHB_USERAPPL: u16 = 4;
/// Options of an interface: its name, what it is, and the unit of its times.
pub(super) const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_TSRESOL: u16 = 9;
/// Times in units of 10 to the -9 s.
const NANOSECONDS: u8 = 9;
/// Option of a packet: its direction.
const EPB_FLAGS: u16 = 2;
/// Records of names: the last one, of an IPv4 address, of an IPv6 address.
const NRB_RECORD_END: u16 = 0;
const NRB_RECORD_IPV4: u16 = 1;
const NRB_RECORD_IPV6: u16 = 2;
/// Longest text of an option in bytes (comments, names); the length field has 16 bits.
const MAX_TEXT: usize = 65_000;
/// Longest host name in a name resolution record, in bytes.
const MAX_NAME: usize = 255;
/// `epb_flags`: the packet was received.
const INBOUND: u32 = 1;
/// `epb_flags`: the packet was sent.
const OUTBOUND: u32 = 2;
/// Block type: decryption secrets.
const DECRYPTION_SECRETS: u32 = 10;
/// Secrets type: a TLS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Exported PDU tag: the name of the dissector.
const TAG_DISSECTOR_NAME: u16 = 12;
/// Exported PDU tag: what stands in the protocol column.
const TAG_COLUMN_PROTOCOL: u16 = 33;

/// What an interface of the capture carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceKind {
    /// Ethernet frames without FCS (link type 1).
    Ethernet,
    /// IPv4 and IPv6 packets without a link header (link type 101).
    RawIp,
    /// UART packets, as exported PDUs that name their dissector (link type 252).
    Uart,
}

/// Makes the bytes of a pcapng capture. Opens no file: [`Capture::take`] hands the bytes out.
pub struct Capture {
    /// What has not been taken yet.
    file: Vec<u8>,
    /// How many interfaces there are.
    interfaces: usize,
    /// Nanoseconds between 1970 and the world's start.
    epoch_ns: u64,
}

impl Capture {
    /// Starts a capture: the section header, with `application` (name and version) as its writer.
    ///
    /// `epoch_unix_secs` is the date of the world's start, in seconds since 1970-01-01 UTC. A packet's
    /// time is this plus its virtual time, to the nanosecond. The format ends in the year 2554; later times
    /// are written as its end.
    pub fn new(application: &str, epoch_unix_secs: u64) -> Capture {
        let mut header = Block::new(SECTION_HEADER);
        header.u32(BYTE_ORDER_MAGIC);
        // Version 1.0.
        header.u16(1);
        header.u16(0);
        // The section's length, 64 bits: not known.
        header.u32(u32::MAX);
        header.u32(u32::MAX);
        header.option(SHB_USERAPPL, text(application));
        header.option(
            OPT_COMMENT,
            b"Times are virtual: the scenario's epoch plus the time since the simulation's start.",
        );
        let mut file = Vec::new();
        header.write(&mut file);
        Capture { file, interfaces: 0, epoch_ns: epoch_unix_secs.saturating_mul(NANOS_PER_SEC) }
    }

    /// Adds an interface and returns its number for [`Capture::frame`] and [`Capture::uart`].
    pub fn add_interface(&mut self, name: &str, description: &str, kind: InterfaceKind) -> usize {
        let link = match kind {
            InterfaceKind::Ethernet => 1,
            InterfaceKind::RawIp => 101,
            InterfaceKind::Uart => 252,
        };
        let mut block = Block::new(INTERFACE_DESCRIPTION);
        block.u16(link);
        block.u16(0);
        // No limit of a packet's length.
        block.u32(0);
        block.option(IF_NAME, text(name));
        block.option(IF_DESCRIPTION, text(description));
        block.option(IF_TSRESOL, &[NANOSECONDS]);
        block.write(&mut self.file);
        self.interfaces += 1;
        self.interfaces - 1
    }

    /// Adds the names of hosts, for Wireshark to show in place of addresses. Call it once, right after the
    /// interfaces: Wireshark knows a name from there on. Names that no record can hold (empty, longer than
    /// 255 bytes, with a NUL) are left out.
    pub fn names(&mut self, hosts: impl Iterator<Item = (IpAddr, String)>) {
        let mut by_address: BTreeMap<IpAddr, Vec<String>> = BTreeMap::new();
        for (address, name) in hosts.filter(|(_, n)| (1..=MAX_NAME).contains(&n.len()) && !n.contains('\0')) {
            let names = by_address.entry(address).or_default();
            // The length of a record has 16 bits too.
            if !names.contains(&name) && names.len() < MAX_TEXT / (MAX_NAME + 1) {
                names.push(name);
            }
        }
        if by_address.is_empty() {
            return;
        }
        let mut block = Block::new(NAME_RESOLUTION);
        for (address, names) in by_address {
            let (record, mut value) = match address {
                IpAddr::V4(a) => (NRB_RECORD_IPV4, a.octets().to_vec()),
                IpAddr::V6(a) => (NRB_RECORD_IPV6, a.octets().to_vec()),
            };
            for name in names {
                value.extend_from_slice(name.as_bytes());
                value.push(0);
            }
            block.entry(record, &value);
        }
        block.entry(NRB_RECORD_END, &[]);
        block.write(&mut self.file);
    }

    /// Adds a frame that passed the tap of `interface` at `at`. `inbound`: towards the node that the
    /// interface belongs to. A frame for an interface that was never added is left out.
    pub fn frame(
        &mut self,
        interface: usize,
        at: Instant,
        inbound: bool,
        bytes: &[u8],
        comment: Option<&str>,
    ) {
        self.packet(interface, at, if inbound { INBOUND } else { OUTBOUND }, bytes, comment);
    }

    /// Adds a UART packet. Direction is the MCU's: what it sends is outbound.
    pub fn uart(&mut self, interface: usize, packet: &UartPacket, comment: Option<&str>) {
        self.exported(interface, packet, dissector::name(packet), comment);
    }

    /// Adds a line of the log port, which is text for people and no AT command or answer.
    pub fn log(&mut self, interface: usize, packet: &UartPacket) {
        self.exported(interface, packet, dissector::name_of_log(packet), None);
    }

    /// Adds a line of the console at the instant at which it takes effect, as a packet and as its comment.
    pub fn change(&mut self, interface: usize, at: Instant, line: &str) {
        let mut pdu = Vec::with_capacity(line.len() + 40);
        tag(&mut pdu, TAG_DISSECTOR_NAME, dissector::TEXT);
        tag(&mut pdu, TAG_COLUMN_PROTOCOL, "CONSOLE");
        tag(&mut pdu, 0, "");
        pdu.extend_from_slice(line.as_bytes());
        self.packet(interface, at, OUTBOUND, &pdu, Some(line));
    }

    fn exported(&mut self, interface: usize, packet: &UartPacket, dissector: &str, comment: Option<&str>) {
        let mut pdu = Vec::with_capacity(packet.bytes.len() + 40);
        tag(&mut pdu, TAG_DISSECTOR_NAME, dissector);
        tag(&mut pdu, TAG_COLUMN_PROTOCOL, "UART");
        tag(&mut pdu, 0, "");
        pdu.extend_from_slice(&packet.bytes);
        let direction = if packet.from == Side::Mcu { OUTBOUND } else { INBOUND };
        self.packet(interface, packet.at, direction, &pdu, comment);
    }

    /// Adds a line of a TLS key log (NSS's format): Wireshark opens with it what follows.
    pub fn secrets(&mut self, line: &str) {
        let text = format!("{line}\n");
        let Ok(len) = u32::try_from(text.len()) else { return };
        let mut block = Block::new(DECRYPTION_SECRETS);
        block.u32(TLS_KEY_LOG);
        block.u32(len);
        block.padded(text.as_bytes());
        block.write(&mut self.file);
    }

    /// The bytes since the last call; all of them, in order, are the file.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.file)
    }

    fn packet(&mut self, interface: usize, at: Instant, flags: u32, bytes: &[u8], comment: Option<&str>) {
        // A packet of an interface that was never given out belongs nowhere.
        let known = interface < self.interfaces;
        let (true, Ok(id), Ok(length)) = (known, u32::try_from(interface), u32::try_from(bytes.len())) else {
            return;
        };
        let time = self.epoch_ns.saturating_add(at.as_nanos());
        let mut block = Block::new(ENHANCED_PACKET);
        block.u32(id);
        block.u32((time >> 32) as u32);
        block.u32(time as u32);
        // As long as it was on the wire.
        block.u32(length);
        block.u32(length);
        block.padded(bytes);
        if let Some(comment) = comment {
            block.option(OPT_COMMENT, text(comment));
        }
        block.option(EPB_FLAGS, &flags.to_le_bytes());
        block.write(&mut self.file);
    }
}

/// An option's text, cut to what fits its length field.
fn text(text: &str) -> &[u8] {
    &text.as_bytes()[..text.floor_char_boundary(MAX_TEXT)]
}

/// One tag of an exported PDU: number and length big-endian, the value padded to 4 bytes.
fn tag(pdu: &mut Vec<u8>, number: u16, value: &str) {
    let padded = value.len().next_multiple_of(4);
    pdu.extend_from_slice(&number.to_be_bytes());
    pdu.extend_from_slice(&(padded as u16).to_be_bytes());
    pdu.extend_from_slice(value.as_bytes());
    pdu.resize(pdu.len() + padded - value.len(), 0);
}
