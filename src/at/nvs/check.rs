//! What saved settings may be: for contents that come from a file, which anybody can have edited.
//!
//! Commands check their parameters before they save anything; here the same ranges stand for the saved values, so
//! that nothing gets in that no command could have saved.

use std::net::Ipv4Addr;

use super::{Nvs, StaticAddress};

/// A value that no command could have saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is: the keys, joined by dots.
    pub place: &'static str,
    /// What it may be.
    pub expected: &'static str,
}

/// The first mistake in `nvs`.
pub(super) fn first(nvs: &Nvs) -> Option<Mistake> {
    let rows = basic(nvs).into_iter().chain(wifi(nvs)).chain(tcpip(nvs));
    let mut wrong = rows.filter(|(_, right, _)| !right);
    wrong.next().map(|(place, _, expected)| Mistake { place, expected })
}

/// A place, whether it is right, and what it may be.
type Row = (&'static str, bool, &'static str);

fn basic(nvs: &Nvs) -> Vec<Row> {
    let uart = nvs.basic.uart.as_ref();
    vec![
        ("basic.messages", nvs.basic.messages <= 7, "0 to 7"),
        ("basic.uart.baud", uart.is_none_or(|u| (80..=5_000_000).contains(&u.baud)), "80 to 5000000"),
        ("basic.uart.data_bits", uart.is_none_or(|u| (5..=8).contains(&u.data_bits)), "5 to 8"),
        ("basic.uart.stop_bits", uart.is_none_or(|u| (1..=3).contains(&u.stop_bits)), "1 to 3"),
        ("basic.uart.parity", uart.is_none_or(|u| u.parity <= 2), "0 to 2"),
        ("basic.uart.flow", uart.is_none_or(|u| u.flow <= 3), "0 to 3"),
    ]
}

fn wifi(nvs: &Nvs) -> Vec<Row> {
    let wifi = &nvs.wifi;
    let (join, softap, leases) = (wifi.join.as_ref(), wifi.softap.as_ref(), wifi.leases);
    let ssid = |ssid: &[u8]| (1..=32).contains(&ssid.len());
    let on_own_network = |leases: super::Leases| {
        leases.first <= leases.last
            && wifi.softap_address.has_host(leases.first)
            && wifi.softap_address.has_host(leases.last)
    };
    vec![
        ("wifi.mode", wifi.mode <= 3, "0 to 3"),
        ("wifi.reconnect_interval", wifi.reconnect_interval <= 7200, "0 to 7200"),
        ("wifi.reconnect_count", wifi.reconnect_count <= 1000, "0 to 1000"),
        ("wifi.dhcp", wifi.dhcp <= 3, "0 to 3"),
        ("wifi.station_modes", wifi.station_modes <= 31, "the bits of 802.11 modes"),
        ("wifi.softap_modes", wifi.softap_modes <= 31, "the bits of 802.11 modes"),
        ("wifi.join.ssid", join.is_none_or(|j| ssid(&j.ssid)), "1 to 32 bytes"),
        ("wifi.join.password", join.is_none_or(|j| j.password.len() <= 64), "at most 64 bytes"),
        ("wifi.join.scan_mode", join.is_none_or(|j| j.scan_mode <= 1), "0 or 1"),
        ("wifi.join.pmf", join.is_none_or(|j| j.pmf <= 3), "0 to 3"),
        (
            "wifi.station_address.address",
            wifi.station_address.as_ref().is_none_or(|a| is_host(a, 32)),
            "the IPv4 address of a host, and a prefix_len of 1 to 32",
        ),
        (
            "wifi.softap_address.address",
            is_host(&wifi.softap_address, 30),
            "the IPv4 address of a host, and a prefix_len of 1 to 30",
        ),
        ("wifi.softap.ssid", softap.is_none_or(|s| ssid(&s.ssid)), "1 to 32 bytes"),
        ("wifi.softap.password", softap.is_none_or(|s| s.password.len() <= 64), "at most 64 bytes"),
        ("wifi.softap.channel", softap.is_none_or(|s| (1..=14).contains(&s.channel)), "1 to 14"),
        ("wifi.softap.ecn", softap.is_none_or(|s| matches!(s.ecn, 0 | 2..=4)), "0, 2, 3 or 4"),
        ("wifi.softap.max_stations", softap.is_none_or(|s| (1..=10).contains(&s.max_stations)), "1 to 10"),
        ("wifi.leases.minutes", leases.is_none_or(|l| (1..=2880).contains(&l.minutes)), "1 to 2880"),
        (
            "wifi.leases.first",
            leases.is_none_or(on_own_network),
            "a range of addresses beside the softAP's own",
        ),
        ("wifi.station_mac", wifi.station_mac.is_none_or(is_unicast), "the MAC address of one station"),
        ("wifi.softap_mac", wifi.softap_mac.is_none_or(is_unicast), "the MAC address of one access point"),
    ]
}

fn tcpip(nvs: &Nvs) -> Vec<Row> {
    let (tcpip, link) = (&nvs.tcpip, nvs.tcpip.passthrough.as_ref());
    let kind = |kind: &str| matches!(kind, "TCP" | "TCPv6" | "SSL" | "SSLv6" | "UDP" | "UDPv6");
    vec![
        ("tcpip.reconnect_interval", (1..=36_000).contains(&tcpip.reconnect_interval), "1 to 36000"),
        (
            "tcpip.tls",
            tcpip.tls.len() <= 5 && tcpip.tls.iter().all(|t| t.auth_mode <= 3),
            "at most 5 links, each with an auth_mode of 0 to 3",
        ),
        (
            "tcpip.socket_options",
            tcpip.socket_options.len() <= 5
                && tcpip.socket_options.iter().all(|o| {
                    (-1..=65_535).contains(&o.linger) && o.send_timeout <= 0x7fff_ffff && o.keep_alive <= 7200
                }),
            "at most 5 links, each with a linger of -1 to 65535, a send_timeout of 0 to 2147483647 and a keep_alive \
             of 0 to 7200",
        ),
        ("tcpip.passthrough.kind", link.is_none_or(|l| kind(&l.kind)), "the type of a link"),
        ("tcpip.passthrough.host", link.is_none_or(|l| (1..=255).contains(&l.host.len())), "1 to 255 bytes"),
        ("tcpip.passthrough.port", link.is_none_or(|l| l.port > 0), "1 to 65535"),
        ("tcpip.passthrough.keep_alive", link.is_none_or(|l| l.keep_alive <= 7200), "0 to 7200"),
    ]
}

/// An address that one host can have, in a network of at most so many bits.
fn is_host(address: &StaticAddress, most: u8) -> bool {
    let own: Ipv4Addr = address.address;
    (1..=most).contains(&address.prefix_len)
        && !(own.is_unspecified() || own.is_broadcast() || own.is_multicast() || own.is_loopback())
}

fn is_unicast(mac: [u8; 6]) -> bool {
    mac != [0; 6] && mac[0] & 1 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_out_of_the_box_has_no_mistake() {
        assert_eq!(first(&Nvs::default()), None);
    }

    #[test]
    fn what_no_command_could_have_saved_is_found() {
        for (change, place) in [
            ((|n| n.basic.messages = 8) as fn(&mut Nvs), "basic.messages"),
            (|n| n.wifi.mode = 4, "wifi.mode"),
            (|n| n.wifi.softap_address.prefix_len = 33, "wifi.softap_address.address"),
            (|n| n.wifi.softap_address.address = Ipv4Addr::BROADCAST, "wifi.softap_address.address"),
            (|n| n.wifi.station_mac = Some([1, 0, 0, 0, 0, 0]), "wifi.station_mac"),
            (|n| n.tcpip.reconnect_interval = 0, "tcpip.reconnect_interval"),
        ] {
            let mut nvs = Nvs::default();
            change(&mut nvs);
            assert_eq!(first(&nvs).map(|m| m.place), Some(place));
        }
    }
}
