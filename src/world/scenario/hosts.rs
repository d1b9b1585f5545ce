//! Hosts and the services on them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::access_points::Lan;
use super::files::NamedFiles;
use super::network::{self, Subnet};
use super::read::{self, Taken, take};
use super::report::Problems;
use super::table::{Section, found};
use super::tls::{Owner, Tls};
use super::{dns, exists, link, pages, schema, servers};
use crate::net::addr::same_network;
use crate::net::config::{ConnectionLimits, Faults, HostConfig, LinkFaults, ServiceConfig, Source, TlsPort};
use crate::net::icmpv6::MIN_MTU;
use crate::net::ntp;
use crate::net::toxics::Toxics;
use crate::world::console;
use crate::world::quantity;
use crate::world::spelling::shown;

/// Reads every `[host.NAME]`, in the order of names. `dns_names`: takes those that the gateway's server knows; `files`:
/// those that hosts name.
pub(super) fn read(
    problems: &mut Problems,
    top: &Section,
    lans: &[Lan],
    modules: &[&str],
    (dns_names, macs, files): (&mut Taken<String>, &mut Taken<[u8; 6]>, &mut NamedFiles),
) -> (Vec<HostConfig>, Vec<TlsPort>) {
    let mut hosts = Vec::new();
    let mut secure = Vec::new();
    let mut addresses = Taken::new();
    let mut addresses6 = Taken::new();
    for (name, place, value) in top.named(problems, "host") {
        read::check_node_name(problems, name, &place);
        if modules.contains(&name) {
            let message = format!(
                "expected a name that no module has, found {}: links are named after both",
                shown(name)
            );
            problems.add(place.clone(), message);
        }
        let Some(section) = Section::open(problems, format!("[host.{name}]"), place, value, schema::HOST)
        else {
            continue;
        };
        let address = section.parsed(problems, "address", address);
        if let Some(address) = address {
            take(
                problems,
                &mut addresses,
                address,
                section.span("address"),
                &format!("the address {address}"),
            );
        }
        let segment = address.and_then(|a| segment(problems, &section, a, lans));
        let address6 = section.parsed(problems, "address6", address6);
        if let Some(address) = address6 {
            let what = format!("the address {address}");
            take(problems, &mut addresses6, address, section.span("address6"), &what);
            if let Some(message) = misplaced6(address, segment.as_deref(), lans) {
                section.complain(problems, "address6", &message);
            }
        }
        let mac = read::mac(problems, &section, "mac", macs);
        if let (Some(_), Some(_), None) = (mac, address, &segment) {
            section.complain(
                problems,
                "mac",
                "expected a host behind an access point, found one beyond the gateway",
            );
        }
        let groups = groups(problems, &section);
        let toxics = toxics(problems, &section);
        let mut own_names = Vec::new();
        for (dns_name, span) in section.strings(problems, "names").unwrap_or_default() {
            let Some(dns_name) = dns::dns_name(problems, dns_name, &span) else { continue };
            take(problems, dns_names, dns_name.clone(), span, &format!("the DNS name `{dns_name}`"));
            own_names.push(dns_name);
        }
        let link = match section.value("link") {
            Some(value) => {
                let title = format!("[host.{name}.link]");
                link::read(problems, title, value.span(), value, Faults::default())
            }
            None => LinkFaults::default(),
        };
        if address6.is_some() && link.mtu() < MIN_MTU {
            let message = format!(
                "expected a link of at least {MIN_MTU} bytes for a host with IPv6, found an MTU of {}",
                link.mtu()
            );
            section.complain(problems, "address6", &message);
        }
        let addresses = [address.map(IpAddr::V4), address6.map(IpAddr::V6)];
        let owner = Owner { names: &own_names, addresses: addresses.into_iter().flatten().collect() };
        let (services, ports) = services(problems, &section, name, &owner, files);
        for (port, tls) in ports {
            secure.push(TlsPort { host: name.to_string(), port, config: tls.config });
            files.services.push(tls.files);
        }
        let limits = connection_limits(problems, &section);
        let Some(address) = address else { continue };
        hosts.push(HostConfig {
            name: name.to_string(),
            dns_names: own_names,
            address,
            address6,
            segment,
            link,
            mac,
            groups,
            toxics,
            limits,
            services,
        });
    }
    (hosts, secure)
}

/// The multicast groups that a host is in.
fn groups(problems: &mut Problems, section: &Section) -> Vec<IpAddr> {
    let mut groups = Vec::new();
    for (text, place) in section.strings(problems, "groups").unwrap_or_default() {
        match text.parse::<IpAddr>().ok().filter(IpAddr::is_multicast) {
            Some(group) => groups.push(group),
            None => {
                let message = format!("expected the address of a multicast group, found {}", shown(text));
                problems.add(place, message);
            }
        }
    }
    groups
}

/// How many connections each of a host's services has.
fn connection_limits(problems: &mut Problems, section: &Section) -> ConnectionLimits {
    let default = ConnectionLimits::default();
    let mut read = |key, default| {
        section.integer(problems, key, 1, i128::from(ConnectionLimits::MOST)).unwrap_or(default)
    };
    ConnectionLimits {
        connections: read("connections", default.connections),
        backlog: read("backlog", default.backlog),
    }
}

/// What is done to the connections of a host's ports at the start. What is said of all comes before what is said of one.
fn toxics(problems: &mut Problems, section: &Section) -> Vec<(Option<u16>, Toxics)> {
    let mut all = Vec::new();
    for (key, place, value) in section.named(problems, "toxics") {
        let port = key.parse().ok().filter(|&port: &u16| port > 0);
        if port.is_none() && key != "all" {
            let message = format!("expected a port from 1 to 65535, or `all`, found {}", shown(key));
            problems.add(place, message);
            continue;
        }
        let Some(text) = value.get_ref().as_str() else {
            let message =
                format!("expected a string such as \"bandwidth 8kbit/s\", found {}", found(value.get_ref()));
            problems.add(value.span(), message);
            continue;
        };
        let mut toxics = Toxics::default();
        match console::toxics::parse(text) {
            Ok(change) => change.apply(&mut toxics),
            Err(message) => problems.add(value.span(), message),
        }
        all.push((port, toxics));
    }
    all.sort_by_key(|(port, _)| *port);
    all
}

fn address(text: &str) -> Result<Ipv4Addr, String> {
    let address = text.parse().ok().filter(|&a| network::is_host(a));
    address.ok_or_else(|| format!("expected the IPv4 address of one host, found {}", shown(text)))
}

fn address6(text: &str) -> Result<Ipv6Addr, String> {
    let address = text.parse().ok().filter(|&a| network::is_host6(a));
    address.ok_or_else(|| format!("expected the IPv6 address of one host, found {}", shown(text)))
}

/// Why a host on the LAN of the access point `ap`, or beyond the gateway, can't have this IPv6 address.
fn misplaced6(address: Ipv6Addr, ap: Option<&str>, lans: &[Lan]) -> Option<String> {
    let near = |lan: &&Lan| lan.segment.ipv6.is_some_and(|prefix| same_network(prefix, address, 64));
    let found = lans.iter().find(near);
    let own = lans.iter().find(|lan| Some(lan.ap.name.as_str()) == ap);
    match (own, found) {
        (Some(own), Some(found)) if own.ap.name == found.ap.name => {
            let gateway = own.segment.gateways().any(|gateway| gateway == address);
            gateway.then(|| format!("expected another address than {address}, which is the gateway's"))
        }
        (None, None) => None,
        (Some(own), _) => Some(match own.segment.ipv6 {
            Some(prefix) => format!(
                "expected an address within {prefix}/64, as the access point {} has it, found {address}",
                shown(&own.ap.name)
            ),
            None => format!(
                "expected no IPv6 address, because the access point {} has no `ipv6`, found {address}",
                shown(&own.ap.name)
            ),
        }),
        (None, Some(found)) => Some(format!(
            "expected an address of no access point, because the host is beyond the gateway, found {address} of {}",
            shown(&found.ap.name)
        )),
    }
}

/// The segment that the host is on: the one whose subnet has its address, which `ap` may confirm.
fn segment(problems: &mut Problems, section: &Section, address: Ipv4Addr, lans: &[Lan]) -> Option<String> {
    let names = lans.iter().map(|l| l.ap.name.as_str());
    let wanted = section.parsed(problems, "ap", |ap| {
        exists("the name of an access point", ap, names).map(|()| ap.to_string())
    });
    let lan = match &wanted {
        Some(ap) => lans.iter().find(|l| l.ap.name == *ap),
        None => lans.iter().find(|l| l.subnet.contains(address)),
    }?;
    let Lan { subnet, segment, .. } = lan;
    if let Some(message) = misplaced(address, *subnet, segment.gateway, segment.dhcp_range, &lan.ap.name) {
        section.complain(problems, "address", &message);
    }
    Some(lan.ap.name.clone())
}

/// Why a host behind the access point `ap` can't have this address.
fn misplaced(
    address: Ipv4Addr,
    subnet: Subnet,
    gateway: Ipv4Addr,
    dhcp: (Ipv4Addr, Ipv4Addr),
    ap: &str,
) -> Option<String> {
    let ap = shown(ap);
    if !subnet.contains(address) {
        Some(format!(
            "expected an address within {subnet}, the subnet of the access point {ap}, found {address}"
        ))
    } else if !subnet.has_host(address) {
        Some(format!(
            "expected an address of a host within {subnet}, found {address}, which is the network's own or its broadcast address"
        ))
    } else if address == gateway {
        Some(format!(
            "expected another address than {address}, which is the gateway of the access point {ap}"
        ))
    } else if (dhcp.0..=dhcp.1).contains(&address) {
        Some(format!(
            "expected an address outside {} to {}, which the access point {ap} leases to stations, found {address}",
            dhcp.0, dhcp.1
        ))
    } else {
        None
    }
}

/// What a host offers, and on which ports with TLS.
fn services(
    problems: &mut Problems,
    section: &Section,
    host: &str,
    owner: &Owner,
    files: &mut NamedFiles,
) -> (Vec<ServiceConfig>, Vec<(u16, Tls)>) {
    let mut services = Vec::new();
    let mut secure = Vec::new();
    let mut ports = Taken::new();
    if let Some(value) = section.value("http")
        && let Some(http) =
            Section::open(problems, format!("[host.{host}.http]"), value.span(), value, schema::HTTP)
    {
        let config = super::tls::read(problems, &format!("host.{host}.http"), &http, owner);
        let default = if config.is_some() { 443 } else { 80 };
        let port = http.integer(problems, "port", 1, 65_535).unwrap_or(default);
        secure.extend(config.map(|config| (port, config)));
        take(problems, &mut ports, ("TCP", port), http.span("port"), &format!("TCP port {port}"));
        services.push(pages::read(problems, &http, (host, port), &mut files.bodies));
    }
    if let Some(value) = section.value("websocket")
        && let Some(table) = Section::open(
            problems,
            format!("[host.{host}.websocket]"),
            value.span(),
            value,
            schema::WEBSOCKET,
        )
    {
        let config = super::tls::read(problems, &format!("host.{host}.websocket"), &table, owner);
        let default = if config.is_some() { 443 } else { 80 };
        let port = table.integer(problems, "port", 1, 65_535).unwrap_or(default);
        secure.extend(config.map(|config| (port, config)));
        take(problems, &mut ports, ("TCP", port), table.span("port"), &format!("TCP port {port}"));
        services.push(ServiceConfig::WebSocket(super::websocket::read(problems, &table, port)));
    }
    if let Some(value) = section.value("dns") {
        let dns = dns::read(problems, &format!("[host.{host}.dns]"), value, &mut Taken::new());
        take(problems, &mut ports, ("UDP", 53), value.span(), "UDP port 53");
        services.push(ServiceConfig::Dns(dns));
    }
    type Make = fn(u16) -> ServiceConfig;
    let others: [(&str, &str, Make); 5] = [
        ("discard", "TCP", |port| ServiceConfig::Discard { port }),
        ("tcp-echo", "TCP", |port| ServiceConfig::TcpEcho { port }),
        ("udp-echo", "UDP", |port| ServiceConfig::UdpEcho { port }),
        ("tcp-terminal", "TCP", |port| ServiceConfig::TcpTerminal { port }),
        ("udp-terminal", "UDP", |port| ServiceConfig::UdpTerminal { port }),
    ];
    for (key, protocol, make) in others {
        if let Some(value) = section.value(key).filter(|v| protocol == "TCP" && v.get_ref().is_table()) {
            let title = format!("host.{host}.{key}");
            let keys = schema::TCP_SERVICE;
            let Some(table) = Section::open(problems, format!("[{title}]"), value.span(), value, keys) else {
                continue;
            };
            let config = super::tls::read(problems, &title, &table, owner);
            let Some(port) = table.integer(problems, "port", 1, 65_535) else { continue };
            take(problems, &mut ports, (protocol, port), table.span("port"), &format!("TCP port {port}"));
            secure.extend(config.map(|config| (port, config)));
            services.push(make(port));
        } else if let Some(port) = section.integer(problems, key, 1, 65_535) {
            take(
                problems,
                &mut ports,
                (protocol, port),
                section.span(key),
                &format!("{protocol} port {port}"),
            );
            services.push(make(port));
        }
    }
    for (key, keys) in [("source", schema::SOURCE), ("script", schema::SCRIPT)] {
        let title = format!("host.{host}.{key}");
        let Some(value) = section.value(key) else { continue };
        let Some(table) = Section::open(problems, format!("[{title}]"), value.span(), value, keys) else {
            continue;
        };
        let config = super::tls::read(problems, &title, &table, owner);
        let port = table.integer(problems, "port", 1, 65_535);
        let Some(port) = port.or_else(|| (key == "source").then_some(19)) else { continue };
        take(problems, &mut ports, ("TCP", port), table.span("port"), &format!("TCP port {port}"));
        secure.extend(config.map(|config| (port, config)));
        services.push(if key == "source" {
            let rate_bps = table.parsed(problems, "rate", quantity::rate).flatten();
            let length = table.integer(problems, "length", 1, 1_000_000_000_000);
            ServiceConfig::Source { port, source: Source { rate_bps, length } }
        } else {
            ServiceConfig::Script { port, steps: super::script::read(problems, &table) }
        });
    }
    for (key, place, value) in section.named(problems, "external") {
        let port = key.parse().ok().filter(|&port: &u16| port > 0);
        let to = value.get_ref().as_str().filter(|to| {
            to.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        });
        let (Some(port), Some(to)) = (port, to) else {
            let message =
                "expected a port with the place of a program, such as \"1883\" = \"127.0.0.1:1883\"";
            problems.add(place, message.to_owned());
            continue;
        };
        take(problems, &mut ports, ("TCP", port), place, &format!("TCP port {port}"));
        services.push(ServiceConfig::External { port, to: to.to_owned() });
    }
    if let Some(sntp) = servers::sntp(problems, section, host) {
        take(problems, &mut ports, ("UDP", ntp::PORT), section.span("sntp"), "UDP port 123");
        services.push(ServiceConfig::Sntp(sntp));
    }
    if let Some(update) = servers::open_update(problems, section, host) {
        let config = super::tls::read(problems, &format!("host.{host}.update"), &update, owner);
        let default = if config.is_some() { 443 } else { 80 };
        let port = update.integer(problems, "port", 1, 65_535).unwrap_or(default);
        secure.extend(config.map(|config| (port, config)));
        take(problems, &mut ports, ("TCP", port), update.span("port"), &format!("TCP port {port}"));
        services.extend(servers::offer(problems, &update).map(|offer| ServiceConfig::Update { port, offer }));
    }
    if let Some(value) = section.value("mqtt")
        && let Some(mqtt) =
            Section::open(problems, format!("[host.{host}.mqtt]"), value.span(), value, schema::MQTT)
    {
        let config = super::tls::read(problems, &format!("host.{host}.mqtt"), &mqtt, owner);
        let config = config.map(|tls| Tls { config: tls.config.for_mqtt(), ..tls });
        let default = if config.is_some() { 8883 } else { 1883 };
        let port = mqtt.integer(problems, "port", 1, 65_535).unwrap_or(default);
        secure.extend(config.clone().map(|config| (port, config)));
        take(problems, &mut ports, ("TCP", port), mqtt.span("port"), &format!("TCP port {port}"));
        let websocket = mqtt.integer(problems, "websocket", 1, 65_535);
        if let Some(port) = websocket {
            take(problems, &mut ports, ("TCP", port), mqtt.span("websocket"), &format!("TCP port {port}"));
            secure.extend(config.map(|config| (port, config)));
        }
        services.push(ServiceConfig::Mqtt(super::mqtt::read(problems, &mqtt, port, websocket)));
    }
    (services, secure)
}
