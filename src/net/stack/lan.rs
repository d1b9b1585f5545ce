//! A second interface: a LAN of the node's own, which it serves, as an ESP does with its softAP.
//!
//! The node has one address there, leases addresses to others by DHCP, and speaks to them with the same sockets
//! as on its first interface: a packet goes out here when its destination is in this network. Nothing is
//! forwarded between the two.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, IpProtocol, Ipv4Packet, UdpPacket};

use super::autoconf::Ipv6;
use super::ethernet::{self, Ethernet};
use super::ipv6::Side;
use super::{CloseReason, Connection, Port, Stack, packet};
use crate::net::config::{DhcpAnswers, SegmentConfig};
use crate::net::dhcp_server::{CLIENT_PORT, DhcpServer, SERVER_PORT};
use crate::time::{Duration, Instant};

/// The interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanConfig {
    /// Its Ethernet address.
    pub mac: [u8; 6],
    /// The node's address on it.
    pub address: Ipv4Addr,
    /// Bits of the network mask (1 to 30).
    pub prefix_len: u8,
    /// What its DHCP server leases; `None`: there is none.
    pub leases: Option<LanLeases>,
}

/// What a LAN's DHCP server leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanLeases {
    /// First address.
    pub first: Ipv4Addr,
    /// Last address.
    pub last: Ipv4Addr,
    /// How long a lease lasts.
    pub time: Duration,
}

/// The interface while it is up.
pub(super) struct Lan {
    pub(super) ethernet: Ethernet,
    pub(super) address: Ipv4Addr,
    pub(super) prefix_len: u8,
    pub(super) ipv6: Option<Ipv6>,
    server: Option<DhcpServer>,
    /// Leases given that nobody has asked for yet.
    leased: VecDeque<([u8; 6], Ipv4Addr)>,
    pub(super) received: VecDeque<Vec<u8>>,
    pub(super) frames: VecDeque<Vec<u8>>,
}

impl Lan {
    fn has(&self, address: Ipv4Addr) -> bool {
        ethernet::on_link((self.address, self.prefix_len), address)
    }

    pub(super) fn is_broadcast(&self, to: Ipv4Addr) -> bool {
        self.has(to) && to.to_bits() | ethernet::mask(self.prefix_len) == u32::MAX
    }

    /// True for a packet that goes out here.
    pub(super) fn carries(&self, from: Ipv4Addr, to: Ipv4Addr) -> bool {
        self.has(to) || from == self.address && (to.is_broadcast() || to.is_multicast())
    }

    pub(super) fn send(&mut self, now: Instant, to: Ipv4Addr, packet: Vec<u8>) {
        if to.is_broadcast() || self.is_broadcast(to) {
            self.ethernet.send_broadcast(&packet, &mut self.frames);
        } else if to.is_multicast() {
            self.ethernet.send_multicast(to.into(), &packet, &mut self.frames);
        } else {
            self.ethernet.send(now, self.address.into(), to.into(), packet, &mut self.frames);
        }
    }

    fn serve(&mut self, leases: Option<LanLeases>) {
        self.server = leases.map(|leases| {
            let segment = SegmentConfig {
                name: String::new(),
                gateway: self.address,
                prefix_len: self.prefix_len,
                dhcp_range: (leases.first, leases.last),
                dhcp_answers: DhcpAnswers::default(),
                lease: leases.time,
                ipv6: None,
                dns: vec![self.address],
                lan: None,
                rssi: -45,
                uplink: true,
                captive: false,
            };
            DhcpServer::new(&segment, [])
        });
    }

    /// Answers a message to the DHCP server. False when the packet is none.
    fn answer_dhcp(&mut self, now: Instant, ident: u16, bytes: &[u8]) -> bool {
        let Some(server) = &mut self.server else { return false };
        let Ok(ip) = Ipv4Packet::new_checked(bytes) else { return false };
        if ip.next_header() != IpProtocol::Udp || ip.more_frags() || ip.frag_offset() != 0 {
            return false;
        }
        let Ok(udp) = UdpPacket::new_checked(ip.payload()) else { return false };
        if udp.dst_port() != SERVER_PORT {
            return false;
        }
        let (from, to) = (ip.src_addr().into(), ip.dst_addr().into());
        if !ip.verify_checksum() || !udp.verify_checksum(&from, &to) {
            return true;
        }
        if let Some(reply) = server.answer(now, udp.payload()) {
            let message = DhcpPacket::new_checked(&reply.payload[..]).ok();
            if let Some(Ok(message)) = message.as_ref().map(DhcpRepr::parse)
                && message.message_type == DhcpMessageType::Ack
                && !message.your_ip.is_unspecified()
            {
                self.leased.push_back((message.client_hardware_address.0, message.your_ip));
            }
            let (from, to) = ((self.address.into(), SERVER_PORT), (reply.ip.into(), CLIENT_PORT));
            let answer = packet::udp(from, to, ident, &reply.payload);
            self.ethernet.send_to(reply.mac, &answer, &mut self.frames);
        }
        true
    }
}

impl Stack {
    /// Brings the second interface up, anew when it is up already.
    pub fn lan_start(&mut self, config: &LanConfig) {
        self.lan_stop();
        let mut lan = Lan {
            ethernet: Ethernet::new(config.mac),
            address: config.address,
            prefix_len: config.prefix_len.clamp(1, 30),
            ipv6: None,
            server: None,
            leased: VecDeque::new(),
            received: VecDeque::new(),
            frames: VecDeque::new(),
        };
        lan.serve(config.leases);
        self.lan = Some(lan);
        self.list_addresses();
        self.start_ipv6(Side::Lan);
        self.dirty = true;
    }

    /// Takes it down: its TCP connections are `Closed(`[`Unreachable`](CloseReason::Unreachable)`)` without a
    /// frame.
    pub fn lan_stop(&mut self) {
        self.stop_ipv6(Side::Lan);
        if let Some(lan) = self.lan.take() {
            self.list_addresses();
            self.fail_connections(|local| local == lan.address, CloseReason::Unreachable);
            self.dirty = true;
        }
    }

    /// Changes what its DHCP server leases. What it has leased is forgotten.
    pub fn lan_lease(&mut self, leases: Option<LanLeases>) {
        if let Some(lan) = &mut self.lan {
            lan.serve(leases);
        }
    }

    /// A frame has arrived on it. The next poll looks at it.
    pub fn receive_lan(&mut self, frame: Vec<u8>) {
        if let Some(lan) = &mut self.lan {
            lan.received.push_back(frame);
        }
    }

    /// Takes the next frame to send on it.
    pub fn take_lan_frame(&mut self) -> Option<Vec<u8>> {
        self.lan.as_mut()?.frames.pop_front()
    }

    /// Takes the next lease that its DHCP server has given or renewed: to whom, and which address.
    pub fn take_lease(&mut self) -> Option<([u8; 6], Ipv4Addr)> {
        self.lan.as_mut()?.leased.pop_front()
    }

    /// True for an address in its network.
    pub fn is_on_lan(&self, address: Ipv4Addr) -> bool {
        self.lan.as_ref().is_some_and(|lan| lan.has(address))
    }

    /// True for a connection with a node on it.
    pub fn stream_is_on_lan(&self, connection: Connection) -> bool {
        match self.stream_remote(connection).map(|remote| remote.ip()) {
            Some(IpAddr::V4(remote)) => self.is_on_lan(remote),
            Some(IpAddr::V6(_)) => self.is_own_on_lan(self.stream_local(connection).map(|local| local.ip())),
            None => false,
        }
    }

    /// True for datagrams from this port for a node on it.
    pub fn udp_is_on_lan(&self, port: Port, remote: IpAddr) -> bool {
        match remote {
            IpAddr::V4(remote) => self.is_on_lan(remote),
            IpAddr::V6(_) => self.is_own_on_lan(self.udp_source(port, remote)),
        }
    }

    /// True for the node's own IPv6 address on it.
    fn is_own_on_lan(&self, own: Option<IpAddr>) -> bool {
        own.is_some() && own == self.lan_link_local().map(IpAddr::V6)
    }

    /// The node's address on it.
    pub fn lan_address(&self) -> Option<Ipv4Addr> {
        self.lan.as_ref().map(|lan| lan.address)
    }

    /// The IPv4 address from which packets for `to` come.
    pub(super) fn ipv4_source_for(&self, to: Ipv4Addr) -> Option<Ipv4Addr> {
        let group = to.is_broadcast() || to.is_multicast();
        match &self.lan {
            Some(lan) if lan.has(to) => Some(lan.address),
            Some(lan) if group => self.own_address().or(Some(lan.address)),
            _ => self.own_address(),
        }
    }

    pub(super) fn open_lan_frame(&mut self, frame: Vec<u8>) {
        let ident = self.next_ident();
        let Some(lan) = &mut self.lan else { return };
        match lan.ethernet.open(frame) {
            Some(ethernet::Frame::Ipv4(packet)) => {
                let answered = lan.answer_dhcp(self.now, ident, &packet);
                if answered {
                    return;
                }
                self.open_packet(packet);
            }
            Some(ethernet::Frame::Ipv6(packet)) => self.open_ipv6(packet, Side::Lan),
            Some(ethernet::Frame::Arp(message)) => {
                let own = Some((lan.address, lan.prefix_len));
                lan.ethernet.arp(self.now, own, &message, &mut lan.frames);
            }
            None => {}
        }
    }
}
