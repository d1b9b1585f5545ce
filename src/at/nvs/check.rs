//! What saved settings may be: for contents that come from a file, which anybody can have edited.
//!
//! Commands check their parameters before they save anything; here the same ranges stand for the saved values, so
//! that nothing gets in that no command could have saved.

use super::{Nvs, PassthroughLink, StaticAddress, are_modes, is_station_mac};
use crate::at::limits::{self, Limits};
use crate::profile::{LINKS, PROFILES};

/// A value that no command could have saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is: the keys, joined by dots.
    pub place: &'static str,
    /// What it may be.
    pub expected: String,
}

impl Nvs {
    /// What no command could have saved: for contents that come from a file.
    pub fn mistake(&self) -> Option<Mistake> {
        let rows = basic(self).into_iter().chain(wifi(self)).chain(tcpip(self));
        let mut wrong = rows.filter(|(_, right, _)| !right);
        wrong.next().map(|(place, _, expected)| Mistake { place, expected })
    }
}

/// A place, whether it is right, and what it may be.
type Row = (&'static str, bool, String);

/// The row of a number; `None`: nothing is saved there.
fn number(place: &'static str, value: Option<impl TryInto<i64>>, limits: Limits) -> Row {
    (place, value.is_none_or(|value| limits.has(value)), limits.to_string())
}

/// The row of a string.
fn bytes(place: &'static str, value: Option<&[u8]>, limits: Limits) -> Row {
    (place, value.is_none_or(|value| limits.has(value.len())), format!("{limits} bytes"))
}

/// A row that no range describes.
fn other(place: &'static str, right: bool, expected: &str) -> Row {
    (place, right, expected.to_owned())
}

fn basic(nvs: &Nvs) -> Vec<Row> {
    let uart = nvs.basic.uart.as_ref();
    vec![
        number("basic.messages", Some(nvs.basic.messages), limits::MESSAGES),
        number("basic.uart.baud", uart.map(|u| u.baud), limits::BAUD),
        number("basic.uart.data_bits", uart.map(|u| u.data_bits), limits::DATA_BITS),
        number("basic.uart.stop_bits", uart.map(|u| u.stop_bits), limits::STOP_BITS),
        number("basic.uart.parity", uart.map(|u| u.parity), limits::PARITY),
        number("basic.uart.flow", uart.map(|u| u.flow), limits::FLOW),
    ]
}

fn wifi(nvs: &Nvs) -> Vec<Row> {
    let wifi = &nvs.wifi;
    let (join, softap, leases) = (wifi.join.as_ref(), wifi.softap.as_ref(), wifi.leases);
    let station = wifi.station_address.as_ref();
    // Which chip it is for is not known here.
    let known = |set: u8| PROFILES.iter().any(|profile| are_modes(set, profile.protocols));
    let modes = "the bits of 802.11 modes that a radio can be set to";
    let host = "the IPv4 address of a host, and a prefix_len of 1 to 30";
    let gateway = "the IPv4 address of a host";
    vec![
        number("wifi.mode", Some(wifi.mode), limits::WIFI_MODE),
        number("wifi.reconnect_interval", Some(wifi.reconnect_interval), limits::RECONNECT_INTERVAL),
        number("wifi.reconnect_count", Some(wifi.reconnect_count), limits::RECONNECT_COUNT),
        // Of the two bits one at least is named in AT+CWDHCP; both may be off.
        number("wifi.dhcp", Some(wifi.dhcp), Limits::of(0, 3)),
        other("wifi.station_modes", wifi.station_modes.is_none_or(known), modes),
        other("wifi.softap_modes", wifi.softap_modes.is_none_or(known), modes),
        number("wifi.inactive.softap", Some(wifi.inactive.softap), Limits::of(10, 3600)),
        number("wifi.inactive.station", Some(wifi.inactive.station), Limits::of(3, 600)),
        number("wifi.inactive.listen_interval", Some(wifi.inactive.listen_interval), Limits::of(1, 100)),
        bytes("wifi.join.ssid", join.map(|j| &j.ssid[..]), limits::SSID),
        bytes("wifi.join.password", join.map(|j| &j.password[..]), limits::PASSWORD),
        number("wifi.join.scan_mode", join.map(|j| j.scan_mode), limits::SCAN_MODE),
        number("wifi.join.pmf", join.map(|j| j.pmf), limits::PMF),
        number("wifi.join.listen_interval", join.map(|j| j.listen_interval), limits::LISTEN_INTERVAL),
        other("wifi.station_address.address", station.is_none_or(StaticAddress::has_own_host), host),
        other("wifi.station_address.gateway", station.is_none_or(StaticAddress::has_usable_gateway), gateway),
        other("wifi.softap_address.address", wifi.softap_address.has_own_host(), host),
        other("wifi.softap_address.gateway", wifi.softap_address.has_usable_gateway(), gateway),
        bytes("wifi.softap.ssid", softap.map(|s| &s.ssid[..]), limits::SSID),
        bytes("wifi.softap.password", softap.map(|s| &s.password[..]), limits::PASSWORD),
        other(
            "wifi.softap.password",
            softap.is_none_or(super::SoftAp::has_usable_password),
            "8 bytes at least, or an ecn of 0",
        ),
        number("wifi.softap.channel", softap.map(|s| s.channel), limits::CHANNEL),
        other("wifi.softap.ecn", softap.is_none_or(|s| matches!(s.ecn, 0 | 2..=4)), "0, 2, 3 or 4"),
        number("wifi.softap.max_stations", softap.map(|s| s.max_stations), limits::STATIONS),
        number("wifi.leases.minutes", leases.map(|l| l.minutes), limits::LEASE_MINUTES),
        other(
            "wifi.leases.first",
            leases.is_none_or(|leases| leases.fit(&wifi.softap_address)),
            "a range of at most 100 addresses beside the softAP's own",
        ),
        other(
            "wifi.station_mac",
            wifi.station_mac.is_none_or(is_station_mac),
            "the MAC address of one station",
        ),
        other(
            "wifi.softap_mac",
            wifi.softap_mac.is_none_or(is_station_mac),
            "the MAC address of one access point",
        ),
    ]
}

fn tcpip(nvs: &Nvs) -> Vec<Row> {
    let (tcpip, link) = (&nvs.tcpip, nvs.tcpip.passthrough.as_ref());
    let kind = |kind: &str| matches!(kind, "TCP" | "TCPv6" | "SSL" | "SSLv6" | "UDP" | "UDPv6");
    let options = tcpip.socket_options.iter().all(|o| {
        limits::LINGER.has(o.linger)
            && limits::SEND_TIMEOUT.has(o.send_timeout)
            && limits::KEEP_ALIVE.has(o.keep_alive)
    });
    vec![
        number("tcpip.reconnect_interval", Some(tcpip.reconnect_interval), limits::REOPEN_PAUSE),
        (
            "tcpip.tls",
            tcpip.tls.len() <= LINKS && tcpip.tls.iter().all(|t| limits::AUTH_MODE.has(t.auth_mode)),
            format!("at most {LINKS} links, each with an auth_mode of {}", limits::AUTH_MODE),
        ),
        (
            "tcpip.socket_options",
            tcpip.socket_options.len() <= LINKS && options,
            format!(
                "at most {LINKS} links, each with a linger of {}, a send_timeout of {} and a keep_alive of {}",
                limits::LINGER,
                limits::SEND_TIMEOUT,
                limits::KEEP_ALIVE
            ),
        ),
        other("tcpip.passthrough.kind", link.is_none_or(|l| kind(&l.kind)), "the type of a link"),
        other(
            "tcpip.dns",
            tcpip.dns.is_none_or(|servers| servers.iter().all(|server| !server.is_unspecified())),
            "three addresses of servers",
        ),
        other(
            "tcpip.passthrough.host",
            link.is_none_or(PassthroughLink::has_usable_host),
            "a name, or an address of the kind's family",
        ),
        bytes("tcpip.passthrough.host", link.map(|l| l.host.as_bytes()), limits::HOST),
        number("tcpip.passthrough.port", link.map(|l| l.port), Limits::of(1, 65_535)),
        number("tcpip.passthrough.keep_alive", link.map(|l| l.keep_alive), limits::KEEP_ALIVE),
    ]
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::at::nvs::{Leases, SavedJoin, SocketOptions, SoftAp, TlsConfig, UartSettings};

    #[test]
    fn a_module_out_of_the_box_has_no_mistake() {
        assert_eq!(Nvs::default().mistake(), None);
    }

    /// Settings in which everything is saved that can be, and all of it is right.
    fn full() -> Nvs {
        let mut nvs = Nvs::default();
        nvs.basic.uart = Some(UartSettings { baud: 115_200, data_bits: 8, stop_bits: 1, parity: 0, flow: 0 });
        let (ssid, password) = (b"home".to_vec(), b"12345678".to_vec());
        nvs.wifi.join = Some(SavedJoin {
            ssid: ssid.clone(),
            password: password.clone(),
            bssid: None,
            pci_en: false,
            listen_interval: 3,
            scan_mode: 0,
            pmf: 0,
        });
        nvs.wifi.softap = Some(SoftAp { ssid, password, channel: 1, ecn: 3, max_stations: 4, hidden: false });
        nvs.wifi.station_address = Some(nvs.wifi.softap_address.clone());
        nvs.wifi.leases = Some(Leases::beside(&nvs.wifi.softap_address));
        nvs.wifi.station_mac = Some([2, 0, 0, 0, 0, 1]);
        nvs.wifi.softap_mac = nvs.wifi.station_mac;
        nvs.wifi.station_modes = Some(7);
        nvs.wifi.softap_modes = Some(7);
        nvs.tcpip.tls = vec![TlsConfig::default(); LINKS];
        nvs.tcpip.socket_options = vec![SocketOptions::default(); LINKS];
        let (kind, host) = ("TCP".to_owned(), "nas.lan".to_owned());
        nvs.tcpip.passthrough = Some(PassthroughLink { kind, host, port: 7, keep_alive: 0, local_port: 0 });
        nvs
    }

    #[test]
    #[allow(clippy::unit_arg)] // each case is one line: what it changes
    fn what_no_command_could_have_saved_is_found() {
        type Change = fn(&mut Nvs) -> Option<()>;
        let cases: [(&str, Change); 61] = [
            ("basic.messages", |n| Some(n.basic.messages = 8)),
            ("basic.uart.baud", |n| Some(n.basic.uart.as_mut()?.baud = 79)),
            ("basic.uart.data_bits", |n| Some(n.basic.uart.as_mut()?.data_bits = 9)),
            ("basic.uart.stop_bits", |n| Some(n.basic.uart.as_mut()?.stop_bits = 0)),
            ("basic.uart.parity", |n| Some(n.basic.uart.as_mut()?.parity = 3)),
            ("basic.uart.flow", |n| Some(n.basic.uart.as_mut()?.flow = 4)),
            ("wifi.mode", |n| Some(n.wifi.mode = 4)),
            ("wifi.reconnect_interval", |n| Some(n.wifi.reconnect_interval = 7201)),
            ("wifi.reconnect_count", |n| Some(n.wifi.reconnect_count = 1001)),
            ("wifi.dhcp", |n| Some(n.wifi.dhcp = 4)),
            ("wifi.station_modes", |n| Some(n.wifi.station_modes = Some(32))),
            ("wifi.station_modes", |n| Some(n.wifi.station_modes = Some(2))),
            ("wifi.softap_modes", |n| Some(n.wifi.softap_modes = Some(32))),
            ("wifi.inactive.softap", |n| Some(n.wifi.inactive.softap = 9)),
            ("wifi.inactive.station", |n| Some(n.wifi.inactive.station = 2)),
            ("wifi.inactive.listen_interval", |n| Some(n.wifi.inactive.listen_interval = 0)),
            ("wifi.join.ssid", |n| Some(n.wifi.join.as_mut()?.ssid.clear())),
            ("wifi.join.password", |n| Some(n.wifi.join.as_mut()?.password = vec![b'a'; 65])),
            ("wifi.join.listen_interval", |n| Some(n.wifi.join.as_mut()?.listen_interval = 0)),
            ("wifi.join.scan_mode", |n| Some(n.wifi.join.as_mut()?.scan_mode = 2)),
            ("wifi.join.pmf", |n| Some(n.wifi.join.as_mut()?.pmf = 4)),
            ("wifi.station_address.address", |n| {
                Some(n.wifi.station_address.as_mut()?.address = Ipv4Addr::UNSPECIFIED)
            }),
            ("wifi.station_address.address", |n| Some(n.wifi.station_address.as_mut()?.prefix_len = 0)),
            ("wifi.softap_address.address", |n| Some(n.wifi.softap_address.prefix_len = 31)),
            ("wifi.softap_address.address", |n| Some(n.wifi.softap_address.prefix_len = 33)),
            ("wifi.softap_address.address", |n| Some(n.wifi.softap_address.address = Ipv4Addr::BROADCAST)),
            ("wifi.softap_address.address", |n| Some(n.wifi.softap_address.address = Ipv4Addr::LOCALHOST)),
            ("wifi.softap_address.address", |n| {
                Some(n.wifi.softap_address.address = Ipv4Addr::new(224, 0, 0, 1))
            }),
            ("wifi.softap_address.address", |n| {
                Some(n.wifi.softap_address.address = Ipv4Addr::new(255, 255, 255, 200))
            }),
            ("wifi.softap_address.address", |n| {
                Some(n.wifi.softap_address.address = Ipv4Addr::new(192, 168, 4, 255))
            }),
            ("wifi.station_address.gateway", |n| {
                Some(n.wifi.station_address.as_mut()?.gateway = Ipv4Addr::BROADCAST)
            }),
            ("wifi.softap_address.gateway", |n| Some(n.wifi.softap_address.gateway = Ipv4Addr::BROADCAST)),
            ("wifi.softap.ssid", |n| Some(n.wifi.softap.as_mut()?.ssid = vec![b'a'; 33])),
            ("wifi.softap.password", |n| Some(n.wifi.softap.as_mut()?.password = vec![b'a'; 65])),
            ("wifi.softap.password", |n| {
                n.wifi.softap.as_mut()?.password.clear();
                Some(())
            }),
            ("wifi.softap.channel", |n| Some(n.wifi.softap.as_mut()?.channel = 0)),
            ("wifi.softap.ecn", |n| Some(n.wifi.softap.as_mut()?.ecn = 1)),
            ("wifi.softap.max_stations", |n| Some(n.wifi.softap.as_mut()?.max_stations = 11)),
            ("wifi.leases.minutes", |n| Some(n.wifi.leases.as_mut()?.minutes = 2881)),
            ("wifi.leases.first", |n| {
                let leases = n.wifi.leases.as_mut()?;
                std::mem::swap(&mut leases.first, &mut leases.last);
                Some(())
            }),
            ("wifi.leases.first", |n| Some(n.wifi.leases.as_mut()?.first = Ipv4Addr::new(192, 168, 3, 2))),
            ("wifi.leases.first", |n| Some(n.wifi.leases.as_mut()?.last = Ipv4Addr::new(192, 168, 5, 2))),
            ("wifi.leases.first", |n| Some(n.wifi.leases.as_mut()?.first = Ipv4Addr::new(192, 168, 4, 1))),
            ("wifi.leases.first", |n| Some(n.wifi.leases.as_mut()?.last = Ipv4Addr::new(192, 168, 4, 102))),
            ("wifi.station_mac", |n| Some(n.wifi.station_mac = Some([1, 0, 0, 0, 0, 0]))),
            ("wifi.station_mac", |n| Some(n.wifi.station_mac = Some([0; 6]))),
            ("wifi.softap_mac", |n| Some(n.wifi.softap_mac = Some([0xff; 6]))),
            ("tcpip.reconnect_interval", |n| Some(n.tcpip.reconnect_interval = 0)),
            ("tcpip.tls", |n| Some(n.tcpip.tls.push(TlsConfig::default()))),
            ("tcpip.tls", |n| Some(n.tcpip.tls.last_mut()?.auth_mode = 4)),
            ("tcpip.socket_options", |n| Some(n.tcpip.socket_options.push(SocketOptions::default()))),
            ("tcpip.socket_options", |n| Some(n.tcpip.socket_options.last_mut()?.linger = -2)),
            ("tcpip.socket_options", |n| Some(n.tcpip.socket_options.last_mut()?.send_timeout = 1 << 31)),
            ("tcpip.socket_options", |n| Some(n.tcpip.socket_options.last_mut()?.keep_alive = 7201)),
            ("tcpip.dns", |n| Some(n.tcpip.dns = Some([Ipv4Addr::UNSPECIFIED.into(); 3]))),
            ("tcpip.passthrough.host", |n| {
                let link = n.tcpip.passthrough.as_mut()?;
                (link.kind, link.host) = ("TCPv6".to_owned(), "10.0.0.1".to_owned());
                Some(())
            }),
            ("tcpip.passthrough.kind", |n| {
                n.tcpip.passthrough.as_mut()?.kind = "tcp".to_owned();
                Some(())
            }),
            ("tcpip.passthrough.host", |n| Some(n.tcpip.passthrough.as_mut()?.host.clear())),
            ("tcpip.passthrough.host", |n| {
                n.tcpip.passthrough.as_mut()?.host = "a".repeat(256);
                Some(())
            }),
            ("tcpip.passthrough.port", |n| Some(n.tcpip.passthrough.as_mut()?.port = 0)),
            ("tcpip.passthrough.keep_alive", |n| Some(n.tcpip.passthrough.as_mut()?.keep_alive = 7201)),
        ];
        assert_eq!(full().mistake(), None, "each case below changes one thing of what is right");
        for (place, change) in cases {
            let mut nvs = full();
            assert!(change(&mut nvs).is_some(), "{place} is not there to be changed");
            assert_eq!(nvs.mistake().map(|m| m.place), Some(place), "{place} is taken as it is");
        }
        let tried = |place: &str| cases.iter().any(|(of, _)| *of == place);
        let rows = basic(&full()).into_iter().chain(wifi(&full())).chain(tcpip(&full()));
        let untried: Vec<_> = rows.map(|(place, ..)| place).filter(|place| !tried(place)).collect();
        assert!(untried.is_empty(), "nothing above damages {untried:?}");
    }
}
