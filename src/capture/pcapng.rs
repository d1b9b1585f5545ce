//! The pcapng file: one section, its interfaces, host names, frames and UART packets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::name_resolution::{Ipv4Record, Ipv6Record, NameResolutionBlock, Record};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use super::{Side, UartPacket, dissector};
use crate::time::{Instant, NANOS_PER_SEC};

/// Longest text of an option in bytes (comments, names); the length field has 16 bits.
const MAX_TEXT: usize = 65_000;
/// Longest host name in a name resolution record, in bytes.
const MAX_NAME: usize = 255;
/// `epb_flags`: the packet was received.
const INBOUND: u32 = 1;
/// `epb_flags`: the packet was sent.
const OUTBOUND: u32 = 2;
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
    writer: PcapNgWriter<Vec<u8>>,
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
        let header = SectionHeaderBlock {
            // Fixed, so that the file is the same on every machine.
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::UserApplication(text(application)),
                SectionHeaderOption::Common(CommonOption::Comment(
                    "Times are virtual: the scenario's epoch plus the time since the simulation's start."
                        .into(),
                )),
            ],
            ..SectionHeaderBlock::default()
        };
        let writer = PcapNgWriter::with_section_header(Vec::new(), header)
            .expect("a Vec takes every byte, and both texts fit their fields");
        Capture { writer, epoch_ns: epoch_unix_secs.saturating_mul(NANOS_PER_SEC) }
    }

    /// Adds an interface and returns its number for [`Capture::frame`] and [`Capture::uart`].
    pub fn add_interface(&mut self, name: &str, description: &str, kind: InterfaceKind) -> usize {
        let link = match kind {
            InterfaceKind::Ethernet => DataLink::ETHERNET,
            InterfaceKind::RawIp => DataLink::RAW,
            InterfaceKind::Uart => DataLink::WIRESHARK_UPPER_PDU,
        };
        let mut block = InterfaceDescriptionBlock::new(link, 0);
        block.options = vec![
            InterfaceDescriptionOption::IfName(text(name)),
            InterfaceDescriptionOption::IfDescription(text(description)),
            InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
        ];
        self.write(block);
        self.writer.interfaces().len() - 1
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
        let records = by_address.into_iter().map(|(address, names)| {
            let names = names.into_iter().map(Cow::Owned).collect();
            match address {
                IpAddr::V4(a) => Record::Ipv4(Ipv4Record { ip_addr: a, names }),
                IpAddr::V6(a) => Record::Ipv6(Ipv6Record { ip_addr: a, names }),
            }
        });
        self.write(NameResolutionBlock { records: records.collect(), options: Vec::new() });
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

    fn exported(&mut self, interface: usize, packet: &UartPacket, dissector: &str, comment: Option<&str>) {
        let mut pdu = Vec::with_capacity(packet.bytes.len() + 40);
        tag(&mut pdu, TAG_DISSECTOR_NAME, dissector);
        tag(&mut pdu, TAG_COLUMN_PROTOCOL, "UART");
        tag(&mut pdu, 0, "");
        pdu.extend_from_slice(&packet.bytes);
        let direction = if packet.from == Side::Mcu { OUTBOUND } else { INBOUND };
        self.packet(interface, packet.at, direction, &pdu, comment);
    }

    /// The bytes since the last call; all of them, in order, are the file.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.get_mut())
    }

    fn packet(&mut self, interface: usize, at: Instant, flags: u32, bytes: &[u8], comment: Option<&str>) {
        let (Ok(interface_id), Ok(original_len)) = (u32::try_from(interface), u32::try_from(bytes.len()))
        else {
            return;
        };
        let mut options = Vec::with_capacity(2);
        options.extend(comment.map(|c| EnhancedPacketOption::Common(CommonOption::Comment(text(c)))));
        options.push(EnhancedPacketOption::Flags(flags));
        self.write(EnhancedPacketBlock {
            interface_id,
            timestamp: core::time::Duration::from_nanos(self.epoch_ns.saturating_add(at.as_nanos())),
            original_len,
            data: Cow::Borrowed(bytes),
            options,
        });
    }

    fn write<'a>(&mut self, block: impl PcapNgBlock<'a>) {
        // A block is checked before any of it is written, and a Vec takes every byte. What is left to fail
        // is an interface number that was never given out; such a packet belongs nowhere.
        let _ = self.writer.write_pcapng_block(block);
    }
}

/// An option's text, cut to what fits its length field.
fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(&text[..text.floor_char_boundary(MAX_TEXT)])
}

/// One tag of an exported PDU: number and length big-endian, the value padded to 4 bytes.
fn tag(pdu: &mut Vec<u8>, number: u16, value: &str) {
    let padded = value.len().next_multiple_of(4);
    pdu.extend_from_slice(&number.to_be_bytes());
    pdu.extend_from_slice(&(padded as u16).to_be_bytes());
    pdu.extend_from_slice(value.as_bytes());
    pdu.resize(pdu.len() + padded - value.len(), 0);
}
