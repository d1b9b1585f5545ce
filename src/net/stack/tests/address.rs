//! The DHCP client against a server made of a UDP socket.

use std::net::{Ipv4Addr, SocketAddr};

use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr};

use super::lan::{Lan, address, ms, node_config};
use crate::net::stack::*;
use crate::time::{Duration, Instant};

const LEASED: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);

/// Node 0 without an address, node 1 as the server.
struct Server {
    socket: Port,
    lease: u32,
    /// The requests it saw: time, type, the client's address.
    seen: Vec<(Instant, DhcpMessageType, Ipv4Addr)>,
    silent: bool,
    /// Offers come, acknowledgements do not.
    offers_only: bool,
    refuse: bool,
}

fn world(lease: u32) -> (Lan, Server) {
    let mut lan = Lan::new(2, 1);
    lan.nodes[0] = Stack::new(&node_config(0, 1));
    let socket = lan.nodes[1].udp_open(Some(67)).unwrap();
    lan.nodes[0].dhcp_start(ms(0), Some("espressif"));
    (lan, Server { socket, lease, seen: Vec::new(), silent: false, offers_only: false, refuse: false })
}

impl Server {
    fn serve(&mut self, now: Instant, node: &mut Stack) -> bool {
        let Some(datagram) = node.udp_recv(self.socket) else { return false };
        let packet = DhcpPacket::new_checked(&datagram.data[..]).unwrap();
        let asked = DhcpRepr::parse(&packet).unwrap();
        self.seen.push((now, asked.message_type, asked.client_ip));
        if asked.message_type == DhcpMessageType::Release {
            assert_eq!((asked.client_ip, asked.server_identifier), (LEASED, Some(address(1))));
            return true;
        }
        assert!(datagram.data.windows(11).any(|w| w == b"\x0c\x09espressif"), "no host name");
        if self.silent {
            return true;
        }
        let kind = match asked.message_type {
            DhcpMessageType::Discover => DhcpMessageType::Offer,
            _ if self.offers_only => return true,
            _ if self.refuse => DhcpMessageType::Nak,
            _ => DhcpMessageType::Ack,
        };
        let reply = DhcpRepr {
            message_type: kind,
            your_ip: LEASED,
            server_identifier: Some(address(1)),
            subnet_mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
            router: Some(address(1)),
            dns_servers: Some([address(1)].into_iter().collect()),
            lease_duration: Some(self.lease),
            client_ip: Ipv4Addr::UNSPECIFIED,
            requested_ip: None,
            client_identifier: None,
            parameter_request_list: None,
            max_size: None,
            additional_options: &[],
            ..asked
        };
        let mut bytes = vec![0; reply.buffer_len()];
        reply.emit(&mut DhcpPacket::new_unchecked(&mut bytes[..])).unwrap();
        let everybody = SocketAddr::new(Ipv4Addr::BROADCAST.into(), 68);
        node.udp_send(self.socket, everybody, &bytes).unwrap();
        true
    }
}

#[test]
fn a_lease_is_asked_for_used_and_announced() {
    let (mut lan, mut server) = world(3600);
    lan.run(ms(20), |now, nodes| server.serve(now, &mut nodes[1]));
    let Some(DhcpEvent::Bound(config)) = lan.nodes[0].take_dhcp_event() else { panic!("no lease") };
    let expected = Ipv4Config {
        address: LEASED,
        prefix_len: 24,
        gateway: Some(address(1)),
        dns: vec![address(1)],
        server: Some(address(1)),
        lease: Some(Duration::from_secs(3600)),
    };
    assert_eq!(config, expected);
    assert_eq!(lan.nodes[0].ipv4(), Some(&expected));
    assert_eq!(lan.nodes[0].take_dhcp_event(), None);
    let kinds: Vec<_> = server.seen.iter().map(|s| s.1).collect();
    assert_eq!(kinds, [DhcpMessageType::Discover, DhcpMessageType::Request]);
    let gratuitous = lan.log.iter().filter(|(_, from, f)| {
        *from == 0 && f[12..14] == [8, 6] && f[28..32] == LEASED.octets() && f[38..42] == LEASED.octets()
    });
    assert_eq!(gratuitous.count(), 1, "lwIP announces a new address once");
    lan.nodes[0].dhcp_stop();
    assert_eq!(lan.nodes[0].ipv4(), None);
}

#[test]
fn unanswered_requests_are_repeated_at_lwips_times() {
    let (mut lan, mut server) = world(3600);
    server.silent = true;
    lan.run(ms(50_000), |now, nodes| server.serve(now, &mut nodes[1]));
    let tenths: Vec<u64> = server.seen.iter().map(|s| s.0.as_nanos() / 100_000_000).collect();
    assert_eq!(tenths, [0, 5, 15, 35, 75, 155, 305, 455], "the IDF's quarters of lwIP's times");
}

#[test]
fn unacknowledged_requests_are_repeated_five_times_and_then_comes_a_new_discovery() {
    let (mut lan, mut server) = world(3600);
    server.offers_only = true;
    lan.run(ms(123_000), |now, nodes| server.serve(now, &mut nodes[1]));
    let seen = |kind| {
        let seen = server.seen.iter().filter(move |s| s.1 == kind);
        seen.map(|s| s.0.as_nanos() / 1_000_000_000).collect::<Vec<_>>()
    };
    assert_eq!(seen(DhcpMessageType::Request), [0, 2, 6, 14, 30, 62, 122]);
    assert_eq!(seen(DhcpMessageType::Discover), [0, 122]);
}

#[test]
fn a_lease_is_renewed_at_half_time_and_lost_when_the_server_stays_silent() {
    let (mut lan, mut server) = world(1_000);
    lan.run(ms(400_000), |now, nodes| server.serve(now, &mut nodes[1]));
    assert!(matches!(lan.nodes[0].take_dhcp_event(), Some(DhcpEvent::Bound(_))));
    lan.run(ms(600_000), |now, nodes| server.serve(now, &mut nodes[1]));
    assert_eq!(server.seen.len(), 3, "one renewal");
    assert_eq!((server.seen[2].0.as_nanos() / 1_000_000_000, server.seen[2].2), (500, LEASED));
    assert_eq!(lan.nodes[0].take_dhcp_event(), None, "an unchanged lease is no news");
    server.silent = true;
    server.seen.clear();
    lan.run(ms(1_499_000), |now, nodes| server.serve(now, &mut nodes[1]));
    assert!(lan.nodes[0].ipv4().is_some());
    let seconds: Vec<u64> = server.seen.iter().map(|s| s.0.as_nanos() / 1_000_000_000).collect();
    let renewals = [1000, 1187, 1281, 1328, 1351, 1363, 1369, 1372];
    assert_eq!(seconds[..8], renewals, "each after half of the time to 7/8 of the lease");
    let rebinds =
        [1375, 1376, 1378, 1381, 1385, 1390, 1396, 1403, 1411, 1420, 1430, 1440, 1450, 1460, 1470, 1480];
    assert_eq!(seconds[8..24], rebinds, "each a second later than the one before, up to ten");
    assert_eq!(seconds[24..], [1490, 1495], "half of what is left");
    let to_everybody = |(at, _, f): &&super::lan::Sent| {
        *at >= ms(1_375_000) && f[12..14] == [8, 0] && f[23] == 17 && f[..6] == [0xff; 6]
    };
    assert_eq!(lan.log.iter().filter(to_everybody).count(), 18, "rebinding asks everybody");
    server.seen.clear();
    lan.run(ms(1_501_000), |now, nodes| server.serve(now, &mut nodes[1]));
    let kinds: Vec<_> = server.seen.iter().map(|s| s.1).collect();
    use DhcpMessageType::{Discover, Release};
    assert_eq!(
        kinds,
        [Release, Discover, Discover],
        "an address is given back before a new one is asked for"
    );
    assert_eq!(lan.nodes[0].take_dhcp_event(), Some(DhcpEvent::Lost));
    assert_eq!(lan.nodes[0].ipv4(), None);
    server.silent = false;
    lan.run(ms(1_600_000), |now, nodes| server.serve(now, &mut nodes[1]));
    assert!(matches!(lan.nodes[0].take_dhcp_event(), Some(DhcpEvent::Bound(_))), "it asks again");
}

#[test]
fn a_refused_renewal_takes_the_address_away() {
    let (mut lan, mut server) = world(100);
    lan.run(ms(40_000), |now, nodes| server.serve(now, &mut nodes[1]));
    assert!(matches!(lan.nodes[0].take_dhcp_event(), Some(DhcpEvent::Bound(_))));
    server.refuse = true;
    lan.run(ms(50_010), |now, nodes| server.serve(now, &mut nodes[1]));
    assert_eq!(lan.nodes[0].take_dhcp_event(), Some(DhcpEvent::Lost));
    assert_eq!(lan.nodes[0].ipv4(), None);
}

#[test]
fn a_new_address_ends_the_connections_of_the_old_one() {
    let mut lan = Lan::new(2, 1);
    lan.nodes[1].stream_listen(80, 1, &TcpOptions::default()).unwrap();
    let to = SocketAddr::new(address(1).into(), 80);
    let s = lan.nodes[0].stream_connect(ms(0), to, None, &TcpOptions::default()).unwrap();
    lan.run_idle(ms(20));
    let same = lan.nodes[0].ipv4().cloned();
    lan.nodes[0].set_ipv4(same.clone());
    assert_eq!(lan.nodes[0].stream_state(s), StreamState::Open, "the same address changes nothing");
    lan.nodes[0].set_ipv4(same.map(|c| Ipv4Config { address: address(8), ..c }));
    assert_eq!(lan.nodes[0].stream_state(s), StreamState::Closed(CloseReason::Unreachable));
}

#[test]
fn an_address_that_no_host_can_have_counts_as_none() {
    let mut lan = Lan::new(1, 1);
    for bad in ["0.0.0.0", "255.255.255.255", "224.0.0.1"] {
        let config = lan.nodes[0].ipv4().cloned().unwrap_or(super::lan::static_ipv4(0));
        lan.nodes[0].set_ipv4(Some(Ipv4Config { address: bad.parse().unwrap(), prefix_len: 99, ..config }));
        assert_eq!(lan.nodes[0].ipv4(), None, "{bad}");
    }
}
