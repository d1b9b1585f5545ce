//! Access points, and the LAN behind each.

use std::net::Ipv4Addr;
use std::ops::Range;

use super::network::{self, Subnet};
use super::read::{self, Taken};
use super::report::Problems;
use super::table::{Section, Value};
use super::{exists, schema};
use crate::net::config::{DhcpAnswers, SegmentConfig};
use crate::time::{Duration, NANOS_PER_SEC};
use crate::wifi::config::{ApConfig, Association, Pmf, Security};
use crate::world::quantity;
use crate::world::spelling::shown;

/// An access point with the LAN behind it.
pub(super) struct Lan {
    pub ap: ApConfig,
    pub segment: SegmentConfig,
    pub subnet: Subnet,
    /// Where the subnet is given; the access point's name where it is not.
    place: Range<usize>,
}

/// Reads every `[ap.NAME]`, in the order of names.
pub(super) fn read(problems: &mut Problems, top: &Section, macs: &mut Taken<[u8; 6]>) -> Vec<Lan> {
    let mut lans: Vec<Lan> = Vec::new();
    let mut places = Vec::new();
    // Only those with a LAN of their own count for the default networks.
    let mut own = 0;
    for (name, place, value) in top.named(problems, "ap") {
        read::check_name(problems, name, &place);
        places.push((name, place.clone()));
        let shared = value.get_ref().as_table().is_some_and(|table| table.get("lan").is_some());
        let default = if shared { Subnet::unused(lans.len()) } else { Subnet::numbered(own) };
        own += usize::from(!shared);
        let Some(lan) = access_point(problems, name, place, value, default, macs) else { continue };
        if let Some(other) = lans.iter().find(|l| l.subnet.overlaps(lan.subnet)) {
            // The later in the file is told.
            let (first, second) =
                if other.place.start < lan.place.start { (other, &lan) } else { (&lan, other) };
            let message = format!(
                "expected subnets that do not overlap, found {} here and {} for the access point {} (line {})",
                second.subnet,
                first.subnet,
                shown(&first.ap.name),
                problems.line(first.place.start)
            );
            problems.add(second.place.clone(), message);
        }
        if let Some(other) =
            lans.iter().find(|l| lan.segment.ipv6.is_some() && l.segment.ipv6 == lan.segment.ipv6)
        {
            let message = format!(
                "expected another IPv6 network than that of the access point {}",
                shown(&other.ap.name)
            );
            problems.add(lan.place.clone(), message);
        }
        lans.push(lan);
    }
    check_shared(problems, &lans, &places);
    lans
}

/// Each `lan` is that of an access point that has one of its own. `places`: where their names stand.
fn check_shared(problems: &mut Problems, lans: &[Lan], places: &[(&str, Range<usize>)]) {
    let own = || lans.iter().filter(|lan| lan.segment.lan.is_none()).map(|lan| lan.ap.name.as_str());
    for lan in lans {
        let Some(shared) = &lan.segment.lan else { continue };
        if let Err(message) = exists("the name of an access point with a LAN of its own", shared, own()) {
            let place = places.iter().find(|(name, _)| *name == lan.ap.name).map_or(0..0, |(_, p)| p.clone());
            problems.add(place, format!("`lan` in [ap.{}]: {message}", lan.ap.name));
        }
    }
}

fn access_point<'a>(
    problems: &mut Problems,
    name: &str,
    place: Range<usize>,
    value: &'a Value<'a>,
    default: Option<Subnet>,
    macs: &mut Taken<[u8; 6]>,
) -> Option<Lan> {
    let p = problems;
    let section = Section::open(p, format!("[ap.{name}]"), place, value, schema::AP)?;
    let ssid = section.string_if(p, "ssid", |s| (1..=32).contains(&s.len())).unwrap_or_default();
    let password = section
        .string_if(p, "password", |s| {
            s.is_empty() || (8..=63).contains(&s.len()) && s.bytes().all(|b| (32..=126).contains(&b))
        })
        .unwrap_or_default();
    let bssid =
        read::mac(p, &section, "bssid", macs).unwrap_or_else(|| network::mac_of(&format!("ap/{name}")));
    let security = security(p, &section, password);
    let ap = ApConfig {
        name: name.to_string(),
        ssid: ssid.as_bytes().to_vec(),
        password: password.as_bytes().to_vec(),
        bssid,
        channel: section.integer(p, "channel", 1, 14).unwrap_or(1),
        rssi: section.integer(p, "rssi", -100, -1).unwrap_or(-45),
        security,
        pmf: pmf(p, &section, security),
        hidden: section.boolean(p, "hidden").unwrap_or(false),
        modes: modes(p, &section),
        wps: section.boolean(p, "wps").unwrap_or(false),
        association: section.choice(p, "association", &Association::WORDS).unwrap_or_default(),
        up: section.boolean(p, "up").unwrap_or(true),
    };
    let subnet = subnet(p, &section, default)?;
    let gateway = address(p, &section, "gateway", subnet).unwrap_or(subnet.at(1));
    let dhcp_range = dhcp_range(p, &section, subnet);
    if (dhcp_range.0..=dhcp_range.1).contains(&gateway) {
        let key = if section.value("gateway").is_some() { "gateway" } else { "dhcp-range" };
        let message = format!(
            "expected a gateway outside the addresses to lease, found {gateway} within {} to {}",
            dhcp_range.0, dhcp_range.1
        );
        section.complain(p, key, &message);
    }
    let lease = section.parsed(p, "lease", lease).unwrap_or(Duration::from_secs(7200));
    let segment = SegmentConfig {
        name: name.to_string(),
        gateway,
        prefix_len: subnet.prefix_len(),
        dhcp_range,
        dhcp_answers: section.choice(p, "dhcp-answers", &DhcpAnswers::WORDS).unwrap_or_default(),
        lease,
        ipv6: section.parsed(p, "ipv6", network::prefix6),
        dns: name_servers(p, &section).unwrap_or_else(|| vec![gateway]),
        lan: section.string(p, "lan").map(str::to_owned),
        rssi: ap.rssi,
        uplink: section.boolean(p, "uplink").unwrap_or(true),
        captive: section.boolean(p, "captive").unwrap_or(false),
    };
    Some(Lan { ap, segment, subnet, place: section.span("subnet") })
}

/// How the access point lets stations in, which must fit its password.
fn security(problems: &mut Problems, section: &Section, password: &str) -> Security {
    let default = if password.is_empty() { Security::Open } else { Security::Wpa2 };
    let choices = [
        ("open", Security::Open),
        ("wep", Security::Wep),
        ("wpa", Security::Wpa),
        ("wpa2", Security::Wpa2),
        ("wpa-wpa2", Security::WpaWpa2),
        ("wpa2-enterprise", Security::Wpa2Enterprise),
        ("wpa3", Security::Wpa3),
        ("wpa2-wpa3", Security::Wpa2Wpa3),
    ];
    let Some(security) = section.choice(problems, "encryption", &choices) else { return default };
    let message = match security {
        Security::Open | Security::Wpa2Enterprise if !password.is_empty() => {
            "expected no password with this encryption, found one"
        }
        Security::Wep if password.len() != 13 => "expected a password of 13 characters with WEP",
        Security::Open | Security::Wpa2Enterprise => return security,
        _ if password.is_empty() => "expected a password with this encryption, found none",
        _ => return security,
    };
    section.complain(problems, "encryption", message);
    security
}

fn pmf(problems: &mut Problems, section: &Section, security: Security) -> Pmf {
    let choices = [("off", Pmf::Off), ("capable", Pmf::Capable), ("required", Pmf::Required)];
    section.choice(problems, "pmf", &choices).unwrap_or(match security {
        Security::Wpa3 => Pmf::Required,
        Security::Wpa2Wpa3 => Pmf::Capable,
        _ => Pmf::Off,
    })
}

/// Bits of 802.11 b, g and n.
fn modes(problems: &mut Problems, section: &Section) -> u8 {
    let choices = [("b", 1), ("g", 2), ("bg", 3), ("n", 4), ("gn", 6), ("bgn", 7)];
    section.choice(problems, "modes", &choices).unwrap_or(7)
}

fn subnet(problems: &mut Problems, section: &Section, default: Option<Subnet>) -> Option<Subnet> {
    if section.value("subnet").is_some() {
        return section.parsed(problems, "subnet", Subnet::parse);
    }
    if default.is_none() {
        let message = "expected a network, because there are more access points than default ones (255)";
        section.complain(problems, "subnet", message);
    }
    default
}

/// The address of a host on `subnet` under `key`.
fn address(problems: &mut Problems, section: &Section, key: &str, subnet: Subnet) -> Option<Ipv4Addr> {
    section.parsed(problems, key, |text| host_address(text, subnet))
}

fn host_address(text: &str, subnet: Subnet) -> Result<Ipv4Addr, String> {
    let address = text.parse().ok().filter(|&a| subnet.has_host(a));
    address.ok_or_else(|| format!("expected an address of a host within {subnet}, found {}", shown(text)))
}

/// First and last address to lease. Without the key: .100 to .199 in a network of up to 24 bits, otherwise the
/// upper half.
fn dhcp_range(problems: &mut Problems, section: &Section, subnet: Subnet) -> (Ipv4Addr, Ipv4Addr) {
    let default = if subnet.size() >= 256 {
        (subnet.at(100), subnet.at(199))
    } else {
        (subnet.at(subnet.size() / 2), subnet.at(subnet.size() - 2))
    };
    let Some(range) = section.strings(problems, "dhcp-range") else { return default };
    let [(first, _), (last, _)] = range.as_slice() else {
        section.mistake(problems, "dhcp-range", &format!("found a list of {}", range.len()));
        return default;
    };
    let range = host_address(first, subnet).and_then(|a| host_address(last, subnet).map(|b| (a, b)));
    match range {
        Ok((first, last)) if first <= last => (first, last),
        Ok((first, last)) => {
            let message = format!("expected the lower address first, found {first} before {last}");
            section.complain(problems, "dhcp-range", &message);
            default
        }
        Err(message) => {
            section.complain(problems, "dhcp-range", &message);
            default
        }
    }
}

/// The addresses under `dns`, all of hosts, none twice.
fn name_servers(problems: &mut Problems, section: &Section) -> Option<Vec<Ipv4Addr>> {
    let list = section.strings(problems, "dns")?;
    if list.len() > 3 {
        section.mistake(problems, "dns", &format!("found a list of {}", list.len()));
    }
    let mut servers = Vec::new();
    for (text, place) in list {
        match text.parse().ok().filter(|&a| network::is_host(a)) {
            Some(address) if servers.contains(&address) => {
                problems.add(place, format!("expected each DNS server once, found {address} again"));
            }
            Some(address) => servers.push(address),
            None => {
                let message = format!("expected the IPv4 address of one host, found {}", shown(text));
                problems.add(place, message);
            }
        }
    }
    Some(servers)
}

fn lease(text: &str) -> Result<Duration, String> {
    let lease = quantity::duration(text)?;
    let seconds = lease.as_nanos() / NANOS_PER_SEC;
    if (10..=365 * 86_400).contains(&seconds) && lease == Duration::from_secs(seconds) {
        Ok(lease)
    } else {
        Err(format!("expected whole seconds from 10 s to 365 d, found {}", shown(text)))
    }
}
