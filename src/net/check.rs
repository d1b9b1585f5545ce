//! What can be wrong with a network's description.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smoltcp::wire::Ipv4Cidr;

use super::config::{DnsConfig, DnsRecord, GATEWAY, HostConfig, NetConfig, SegmentConfig, ServiceConfig};
use super::dns_server::is_name;
use super::{addr, icmpv6};

/// Why a network cannot be built: one sentence that names what is wrong and what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetError(pub(super) String);

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NetError {}

fn fail(sentence: String) -> Result<(), NetError> {
    Err(NetError(sentence))
}

/// Checks everything that does not need the network to be built.
pub(super) fn check(config: &NetConfig) -> Result<(), NetError> {
    check_names(config)?;
    check_records(&config.dns)?;
    for (i, segment) in config.segments.iter().enumerate() {
        check_segment(segment)?;
        let prefix = prefix(segment);
        if let Some(other) = config.segments[..i].iter().find(|o| overlap(prefix, self::prefix(o))) {
            return fail(format!(
                "segments {:?} and {:?} overlap ({} and {prefix}); each needs a network of its own",
                other.name,
                segment.name,
                self::prefix(other),
            ));
        }
        if let Some(ipv6) = segment.ipv6 {
            check_ipv6_prefix(ipv6, segment, &config.segments[..i])?;
        }
    }
    let mut owners: BTreeMap<IpAddr, String> = BTreeMap::new();
    for segment in &config.segments {
        let gateways = segment.gateways();
        owners.extend(gateways.map(|address| (address, format!("the gateway on {:?}", segment.name))));
    }
    for host in &config.hosts {
        check_place(host, &config.segments)?;
        check_ipv6_place(host, &config.segments)?;
        for address in host.addresses() {
            if let Some(owner) = owners.insert(address, format!("host {:?}", host.name)) {
                return fail(format!("host {:?} has the address {address} of {owner}", host.name));
            }
        }
        for service in &host.services {
            if let ServiceConfig::Dns(dns) = service {
                check_records(dns)?;
            }
        }
        host.link.check().map_err(|e| NetError(format!("link of host {:?}: {e}", host.name)))?;
    }
    for module in &config.modules {
        module.link.check().map_err(|e| NetError(format!("link of module {:?}: {e}", module.name)))?;
    }
    Ok(())
}

fn check_records(dns: &DnsConfig) -> Result<(), NetError> {
    for (name, record) in &dns.records {
        let target = match record {
            DnsRecord::Alias(target) => Some(target),
            DnsRecord::Addresses(_) => None,
        };
        if let Some(name) = [Some(name), target].into_iter().flatten().find(|name| !is_name(name)) {
            return fail(format!("a DNS record has the name {name:?}, which is no DNS name"));
        }
    }
    Ok(())
}

fn check_names(config: &NetConfig) -> Result<(), NetError> {
    let mut segments = BTreeSet::new();
    for segment in &config.segments {
        if !segments.insert(&segment.name) {
            return fail(format!("two segments are called {:?}", segment.name));
        }
    }
    let mut nodes = BTreeSet::from([GATEWAY]);
    let hosts = config.hosts.iter().map(|h| ("host", &h.name));
    let modules = config.modules.iter().map(|m| ("module", &m.name));
    for (what, name) in hosts.chain(modules) {
        if name.is_empty() {
            return fail(format!("a {what} has no name"));
        }
        if !nodes.insert(name) {
            return fail(format!(
                "{what} {name:?} has a name that is taken: each host and module needs its own"
            ));
        }
    }
    Ok(())
}

fn check_segment(segment: &SegmentConfig) -> Result<(), NetError> {
    let name = &segment.name;
    if !(8..=30).contains(&segment.prefix_len) {
        return fail(format!(
            "segment {name:?} has a prefix of {} bits; expected 8 to 30",
            segment.prefix_len
        ));
    }
    let prefix = prefix(segment);
    if !is_host_address(prefix, segment.gateway) {
        return fail(format!("the gateway's address {} on {name:?} is not one of a host", segment.gateway));
    }
    let (first, last) = segment.dhcp_range;
    if first > last || !is_host_address(prefix, first) || !is_host_address(prefix, last) {
        return fail(format!(
            "segment {name:?} leases {first} to {last}; expected a range of hosts in {prefix}"
        ));
    }
    Ok(())
}

fn check_place(host: &HostConfig, segments: &[SegmentConfig]) -> Result<(), NetError> {
    let HostConfig { name, address, .. } = host;
    match &host.segment {
        Some(on) => {
            let Some(segment) = segments.iter().find(|s| s.name == *on) else {
                return fail(format!("host {name:?} is on segment {on:?}, which does not exist"));
            };
            if !is_host_address(prefix(segment), *address) {
                let prefix = prefix(segment);
                return fail(format!(
                    "host {name:?} on {on:?} has {address}, which is no host's in {prefix}"
                ));
            }
        }
        None => {
            if !addr::is_unicast(*address) {
                return fail(format!("host {name:?} has {address}, which no host can have"));
            }
            if let Some(segment) = segments.iter().find(|s| prefix(s).contains_addr(address)) {
                return fail(format!(
                    "host {name:?} is beyond the gateway, but {address} belongs to segment {:?}",
                    segment.name
                ));
            }
        }
    }
    Ok(())
}

fn check_ipv6_prefix(
    prefix: Ipv6Addr,
    segment: &SegmentConfig,
    others: &[SegmentConfig],
) -> Result<(), NetError> {
    let name = &segment.name;
    if !addr::is_unicast(prefix) || prefix.is_unicast_link_local() || prefix.to_bits() as u64 != 0 {
        return fail(format!("segment {name:?} has the IPv6 prefix {prefix}; expected a /64 for hosts"));
    }
    match others.iter().find(|o| o.ipv6 == Some(prefix)) {
        Some(other) => {
            fail(format!("segments {:?} and {name:?} have the same IPv6 prefix {prefix}", other.name))
        }
        None => Ok(()),
    }
}

fn check_ipv6_place(host: &HostConfig, segments: &[SegmentConfig]) -> Result<(), NetError> {
    let HostConfig { name, address6: Some(address), .. } = host else { return Ok(()) };
    if !addr::is_unicast(*address) || address.is_unicast_link_local() {
        return fail(format!("host {name:?} has {address}, which no host can have for everybody"));
    }
    if host.link.mtu() < icmpv6::MIN_MTU {
        let (mtu, least) = (host.link.mtu(), icmpv6::MIN_MTU);
        return fail(format!("host {name:?} has an IPv6 address on a link of {mtu} bytes; expected {least}"));
    }
    let near = |s: &&SegmentConfig| s.ipv6.is_some_and(|prefix| addr::same_network(prefix, *address, 64));
    let found = segments.iter().find(near).map(|s| &s.name);
    match (&host.segment, found) {
        (Some(on), Some(found)) if on == found => Ok(()),
        (None, None) => Ok(()),
        (Some(on), _) => {
            fail(format!("host {name:?} on {on:?} has {address}, which is not in its IPv6 network"))
        }
        (None, Some(found)) => {
            fail(format!("host {name:?} is beyond the gateway, but {address} belongs to segment {found:?}"))
        }
    }
}

fn prefix(segment: &SegmentConfig) -> Ipv4Cidr {
    Ipv4Cidr::new(segment.gateway, segment.prefix_len.min(32)).network()
}

fn overlap(a: Ipv4Cidr, b: Ipv4Cidr) -> bool {
    a.contains_subnet(&b) || b.contains_subnet(&a)
}

fn is_host_address(prefix: Ipv4Cidr, address: Ipv4Addr) -> bool {
    addr::is_unicast(address)
        && prefix.contains_addr(&address)
        && address != prefix.address()
        && Some(address) != prefix.broadcast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Network;
    use crate::net::config::LinkFaults;
    use crate::net::config::{DhcpAnswers, ModuleLinkConfig, ServiceConfig};
    use crate::time::Duration;

    fn segment(name: &str, net: u8) -> SegmentConfig {
        let ip = |last| Ipv4Addr::new(192, 168, net, last);
        SegmentConfig {
            name: name.to_owned(),
            gateway: ip(1),
            prefix_len: 24,
            dhcp_answers: DhcpAnswers::default(),
            dhcp_range: (ip(100), ip(199)),
            lease: Duration::from_secs(3600),
            ipv6: Some(Ipv6Addr::new(0x2001, 0xdb8, u16::from(net), 0, 0, 0, 0, 0)),
            dns: vec![ip(1)],
            lan: None,
            rssi: -45,
            uplink: true,
            captive: false,
        }
    }

    fn host(name: &str, address: [u8; 4], segment: Option<&str>) -> HostConfig {
        HostConfig {
            name: name.to_owned(),
            dns_names: vec![format!("{name}.example")],
            address: address.into(),
            address6: None,
            segment: segment.map(str::to_owned),
            link: LinkFaults::default(),
            mac: None,
            groups: Vec::new(),
            toxics: Vec::new(),
            limits: crate::net::config::ConnectionLimits::default(),
            services: Vec::new(),
        }
    }

    fn ip6(text: &str) -> Ipv6Addr {
        text.parse().expect("an IPv6 address")
    }

    fn good() -> NetConfig {
        NetConfig {
            epoch: 0,
            segments: vec![segment("home", 4), segment("office", 5)],
            hosts: vec![host("web", [203, 0, 113, 10], None), host("nas", [192, 168, 4, 10], Some("home"))],
            modules: vec![ModuleLinkConfig { name: "wifi".to_owned(), link: LinkFaults::default() }],
            dns: DnsConfig::default(),
            tls: Vec::new(),
        }
    }

    #[test]
    fn a_good_description_is_accepted() {
        assert_eq!(Network::new(&good(), 1).err(), None);
        assert_eq!(Network::new(&NetConfig::default(), 1).err(), None);
    }

    #[test]
    fn each_mistake_gives_a_sentence_that_names_it() {
        type Change = fn(&mut NetConfig);
        let mistakes: [(Change, &str); 26] = [
            (|c| c.segments[1].name = "home".into(), "two segments are called \"home\""),
            (|c| c.segments[1] = segment("office", 4), "\"home\" and \"office\" overlap"),
            (|c| c.segments[0].prefix_len = 31, "prefix of 31 bits"),
            (|c| c.segments[0].gateway = Ipv4Addr::new(192, 168, 4, 255), "192.168.4.255"),
            (
                |c| c.segments[0].dhcp_range.0 = Ipv4Addr::new(192, 168, 4, 200),
                "192.168.4.200 to 192.168.4.199",
            ),
            (
                |c| c.segments[0].dhcp_range.1 = Ipv4Addr::new(192, 168, 5, 1),
                "a range of hosts in 192.168.4.0/24",
            ),
            (|c| c.hosts[1].name = "web".into(), "host \"web\" has a name that is taken"),
            (|c| c.hosts[1].name = "gateway".into(), "host \"gateway\" has a name that is taken"),
            (|c| c.modules[0].name = "web".into(), "module \"web\" has a name that is taken"),
            (|c| c.hosts[1].segment = Some("attic".into()), "segment \"attic\", which does not exist"),
            (|c| c.hosts[1].address = Ipv4Addr::new(10, 0, 0, 1), "10.0.0.1, which is no host's in"),
            (|c| c.hosts[1].address = Ipv4Addr::new(192, 168, 4, 1), "of the gateway on \"home\""),
            (|c| c.hosts[0].address = Ipv4Addr::new(192, 168, 5, 9), "belongs to segment \"office\""),
            (|c| c.hosts[0].address = Ipv4Addr::new(224, 0, 0, 1), "which no host can have"),
            (|c| c.hosts[0].dns_names = vec!["a..b".into()], "\"a..b\", which is not one"),
            (
                |c| c.dns.records = vec![("a b".into(), DnsRecord::Alias("c".into()))],
                "\"a b\", which is no DNS",
            ),
            (
                |c| c.dns.records = vec![("a".into(), DnsRecord::Alias("b..c".into()))],
                "\"b..c\", which is no",
            ),
            (|c| c.hosts[0].link.down.mtu = 100, "link of host \"web\": the MTU is 100"),
            (
                |c| c.segments[1].ipv6 = c.segments[0].ipv6,
                "\"home\" and \"office\" have the same IPv6 prefix",
            ),
            (|c| c.segments[0].ipv6 = Some(ip6("2001:db8::1")), "the IPv6 prefix 2001:db8::1"),
            (|c| c.segments[0].ipv6 = Some(ip6("fe80::")), "expected a /64 for hosts"),
            (|c| c.hosts[0].address6 = Some(ip6("2001:db8:5::9")), "belongs to segment \"office\""),
            (|c| c.hosts[1].address6 = Some(ip6("2001:db8:9::9")), "not in its IPv6 network"),
            (|c| c.hosts[1].address6 = Some(ip6("2001:db8:4::1")), "of the gateway on \"home\""),
            (
                |c| {
                    c.hosts[0].address6 = Some(ip6("2001:db8:9::9"));
                    c.hosts[0].link.up.mtu = 1279;
                },
                "on a link of 1279 bytes; expected 1280",
            ),
            (|c| c.modules[0].link.up.rate_bps = Some(0), "link of module \"wifi\": the rate is 0"),
        ];
        for (change, expected) in mistakes {
            let mut config = good();
            change(&mut config);
            let error = Network::new(&config, 1).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(error.contains(expected), "{error:?} does not say {expected:?}");
        }
        let mut twice = good();
        twice.hosts.push(host("copy", [203, 0, 113, 10], None));
        let error = Network::new(&twice, 1).err().unwrap().to_string();
        assert_eq!(error, "host \"copy\" has the address 203.0.113.10 of host \"web\"");
    }

    #[test]
    fn two_services_on_one_port_are_an_error() {
        let mut config = good();
        config.hosts[0].services =
            vec![ServiceConfig::TcpEcho { port: 7 }, ServiceConfig::TcpEcho { port: 7 }];
        let error = Network::new(&config, 1).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("a service of host \"web\" cannot start"), "{error:?}");
    }
}
