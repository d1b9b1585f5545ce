//! A node that serves a LAN of its own beside its first interface.

use super::lan::{address, ms, node_config, static_ipv4};
use crate::net::stack::{
    CloseReason, DhcpEvent, LanConfig, LanLeases, PingState, Stack, StreamState, TcpOptions,
};
use crate::time::{Duration, Instant};

const OWN: std::net::Ipv4Addr = std::net::Ipv4Addr::new(192, 168, 4, 1);
const LEASED: std::net::Ipv4Addr = std::net::Ipv4Addr::new(192, 168, 4, 2);
const GUEST: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// A node with 10.0.0.1 on its first interface and 192.168.4.1 on its second, another on the first, a guest on
/// the second.
struct Net {
    node: Stack,
    neighbour: Stack,
    guest: Stack,
    now: Instant,
}

impl Net {
    fn new() -> Net {
        let [mut node, mut neighbour, guest] = [0, 2, 1].map(|i| Stack::new(&node_config(i, 1)));
        node.set_ipv4(Some(static_ipv4(0)));
        neighbour.set_ipv4(Some(static_ipv4(2)));
        node.lan_start(&LanConfig {
            mac: [2, 0, 0, 0, 1, 1],
            address: OWN,
            prefix_len: 24,
            leases: Some(LanLeases { first: LEASED, last: LEASED, time: Duration::from_secs(600) }),
        });
        Net { node, neighbour, guest, now: Instant::ZERO }
    }

    /// The same, when the guest has its address.
    fn leased() -> Net {
        let mut net = Net::new();
        net.guest.dhcp_start(net.now, None);
        net.run(5_000);
        assert_eq!(net.node.take_lease(), Some((GUEST, LEASED)), "no lease was told");
        assert!(matches!(net.guest.take_dhcp_event(), Some(DhcpEvent::Bound(c)) if c.address == LEASED));
        net
    }

    /// Lets so many milliseconds pass; a frame takes one.
    fn run(&mut self, millis: u64) {
        for _ in 0..millis {
            for stack in [&mut self.node, &mut self.neighbour, &mut self.guest] {
                stack.poll(self.now);
            }
            self.now += Duration::from_millis(1);
            while let Some(frame) = self.node.take_frame() {
                self.neighbour.receive(frame);
            }
            while let Some(frame) = self.neighbour.take_frame() {
                self.node.receive(frame);
            }
            while let Some(frame) = self.node.take_lan_frame() {
                self.guest.receive(frame);
            }
            while let Some(frame) = self.guest.take_frame() {
                self.node.receive_lan(frame);
            }
        }
    }
}

#[test]
fn a_guest_that_was_leased_an_address_reaches_a_listener_and_survives_the_other_interface() {
    let mut net = Net::leased();
    let listener = net.node.stream_listen(80, 1, &TcpOptions::default()).expect("a free port");
    let client =
        net.guest.stream_connect(net.now, (OWN, 80).into(), None, &TcpOptions::default()).expect("a way");
    net.run(100);
    let (server, from) = net.node.stream_accept(listener).expect("nobody connected");
    assert_eq!(from.ip(), LEASED);
    net.node.set_up(net.now, false);
    net.guest.stream_send(client, b"hello");
    net.run(100);
    assert_eq!(net.node.stream_recv(server, 16), b"hello", "the first interface took the connection with it");
    net.node.lan_stop();
    assert_eq!(net.node.stream_state(server), StreamState::Closed(CloseReason::Unreachable));
}

#[test]
fn each_destination_is_reached_from_the_address_of_its_own_network() {
    let mut net = Net::leased();
    for (to, from) in [(LEASED, OWN), (address(2), address(0))] {
        let ping = net.node.ping_start(net.now, to.into(), 8, Duration::from_secs(1));
        assert_eq!(net.node.source_for(to.into()), Some(from.into()));
        net.run(100);
        assert!(matches!(net.node.ping_state(ping), PingState::Reply { .. }), "{to} did not answer");
    }
    assert!(net.node.is_on_lan(LEASED) && !net.node.is_on_lan(address(2)));
    let ping = net.guest.ping_start(net.now, address(2).into(), 8, Duration::from_secs(1));
    net.run(2_000);
    assert_eq!(net.guest.ping_state(ping), PingState::TimedOut, "something was forwarded");
    assert!(net.now > ms(0));
}
