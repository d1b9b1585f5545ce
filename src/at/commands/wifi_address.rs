//! Addresses of the interfaces: AT+CIFSR, AT+CIPSTA, AT+CIPAP, AT+CIPSTAMAC, AT+CIPAPMAC, AT+CWDHCP, AT+CWDHCPS.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::address::{Shown, mac_text};
use super::super::error::ErrorCode;
use super::super::schema::Args;
use super::{Context, Outcome, Result};
use crate::at::nvs::{Leases, SOFTAP_DHCP, STATION_DHCP, StaticAddress, is_station_mac};

/// Lines for the interfaces that are switched on. A station without an address shows 0.0.0.0.
pub fn own_addresses(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if c.core.softap_on() {
        let ip = c.core.settings.wifi.softap_address.address;
        let mac = mac_text(c.core.softap_mac(c.env));
        c.core.out.text(&format!("+CIFSR:APIP,\"{ip}\"\r\n"));
        let link_local = c.env.stack.lan_link_local();
        print_ipv6(c, link_local, "+CIFSR:APIP6LL,");
        c.core.out.text(&format!("+CIFSR:APMAC,\"{mac}\"\r\n"));
    }
    if c.core.station_on() {
        let ip = c.env.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let mac = mac_text(c.core.station_mac(c.env));
        c.core.out.text(&format!("+CIFSR:STAIP,\"{ip}\"\r\n"));
        let (link_local, global) = (c.env.stack.ipv6_link_local(), c.env.stack.ipv6_global());
        print_ipv6(c, link_local, "+CIFSR:STAIP6LL,");
        print_ipv6(c, global, "+CIFSR:STAIP6GL,");
        c.core.out.text(&format!("+CIFSR:STAMAC,\"{mac}\"\r\n"));
    }
    Ok(Outcome::Ok)
}

/// A line for an IPv6 address, when there is one.
fn print_ipv6(c: &mut Context<'_, '_>, address: Option<Ipv6Addr>, before: &str) {
    if let Some(address) = address {
        c.core.out.text(&format!("{before}\"{}\"\r\n", Shown(address.into())));
    }
}

/// Zeros before the station has an address, also when a static one is set.
pub fn station_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let none = Ipv4Addr::UNSPECIFIED;
    let lines = match c.env.address().and(c.env.stack.ipv4()) {
        Some(config) => {
            let gateway = config.gateway.unwrap_or(none);
            let shown = StaticAddress { address: config.address, gateway, prefix_len: config.prefix_len };
            [shown.address, shown.gateway, shown.mask()]
        }
        None => [none; 3],
    };
    print(c, "+CIPSTA", lines);
    let (link_local, global) = (c.env.stack.ipv6_link_local(), c.env.stack.ipv6_global());
    print_ipv6(c, link_local, "+CIPSTA:ip6ll:");
    print_ipv6(c, global, "+CIPSTA:ip6gl:");
    Ok(Outcome::Ok)
}

/// A static address: DHCP is off from now on.
pub fn station_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let address = address(args)?;
    c.store(|nvs| {
        nvs.wifi.station_address = Some(address.clone());
        nvs.wifi.dhcp &= !STATION_DHCP;
    });
    readdress(c);
    // Also without a write to flash the new address takes a moment: a joined station says WIFI GOT IP first.
    Ok(c.written(true))
}

/// What is set, whether the softAP is up or not (a guess).
pub fn softap_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let set = &c.core.settings.wifi.softap_address;
    let lines = [set.address, set.gateway, set.mask()];
    print(c, "+CIPAP", lines);
    let link_local = c.env.stack.lan_link_local();
    print_ipv6(c, link_local, "+CIPAP:ip6ll:");
    Ok(Outcome::Ok)
}

/// The DHCP server starts in the new network, also where it was switched off, as a log of v3.3 shows (the documentation
/// says that it stops). A range of AT+CWDHCPS that is not in it is forgotten.
pub fn softap_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let address = address(args)?;
    let stored = c.store(|nvs| {
        nvs.wifi.softap_address = address.clone();
        nvs.wifi.dhcp |= SOFTAP_DHCP;
        nvs.wifi.leases = nvs.wifi.leases.filter(|leases| leases.fit(&address));
    });
    c.core.restart_softap(c.env);
    Ok(c.written(stored))
}

fn print(c: &mut Context<'_, '_>, name: &str, lines: [Ipv4Addr; 3]) {
    for (what, value) in ["ip", "gateway", "netmask"].into_iter().zip(lines) {
        c.core.out.text(&format!("{name}:{what}:\"{value}\"\r\n"));
    }
}

/// Address, gateway and mask of the set forms. Gateway and mask come together; without them the mask is that of
/// a network of 24 bits, and the gateway its first address (a guess).
fn address(args: &Args) -> std::result::Result<StaticAddress, ErrorCode> {
    let address = args.ipv4("ip")?.ok_or_else(|| args.invalid("ip"))?;
    let (gateway, prefix_len) = match (args.ipv4("gateway")?, args.ipv4("netmask")?) {
        (Some(gateway), Some(mask)) => {
            let bits = StaticAddress::prefix_len(mask).filter(|bits| (1..=30).contains(bits));
            (gateway, bits.ok_or_else(|| args.invalid("netmask"))?)
        }
        (None, None) => {
            let [a, b, c, _] = address.octets();
            (Ipv4Addr::new(a, b, c, 1), 24)
        }
        (Some(_), None) => return Err(args.invalid("netmask")),
        (None, Some(_)) => return Err(args.invalid("gateway")),
    };
    let whole = StaticAddress { address, gateway, prefix_len };
    if !whole.has_own_host() {
        return Err(args.invalid("ip"));
    }
    if !whole.has_usable_gateway() {
        return Err(args.invalid("gateway"));
    }
    Ok(whole)
}

/// Puts the station's saved source of its address in force.
fn readdress(c: &mut Context<'_, '_>) {
    let addressing = c.core.settings.wifi.addressing(c.env.profile.differences.dns_servers);
    c.env.station.set_addressing(c.now, addressing, c.env.stack);
}

pub fn station_mac_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPSTAMAC:\"{}\"\r\n", mac_text(c.core.station_mac(c.env)));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// A joined station leaves and comes back with its new address (a guess).
pub fn station_mac_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let mac = mac(args)?;
    if mac == c.core.softap_mac(c.env) {
        return Err(args.invalid("mac"));
    }
    c.store(|nvs| nvs.wifi.station_mac = Some(mac));
    c.env.set_station_mac(c.now, mac);
    Ok(c.written(true))
}

pub fn softap_mac_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPAPMAC:\"{}\"\r\n", mac_text(c.core.softap_mac(c.env)));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn softap_mac_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let mac = mac(args)?;
    if mac == c.core.station_mac(c.env) {
        return Err(args.invalid("mac"));
    }
    let stored = c.store(|nvs| nvs.wifi.softap_mac = Some(mac));
    c.core.restart_softap(c.env);
    Ok(c.written(stored))
}

/// The address of one station.
fn mac(args: &Args) -> std::result::Result<[u8; 6], ErrorCode> {
    args.mac("mac")?.filter(|mac| is_station_mac(*mac)).ok_or_else(|| args.invalid("mac"))
}

/// The interfaces that are switched on, and no others, as a log shows. No blank line before OK here.
pub fn dhcp_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let station = if c.core.station_on() { STATION_DHCP } else { 0 };
    let softap = if c.core.softap_on() { SOFTAP_DHCP } else { 0 };
    let line = format!("+CWDHCP:{}", c.core.settings.wifi.dhcp & (station | softap));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// A client that is switched on forgets the static address. Switched off without one, a station has no address;
/// it can be given one afterwards (refusing that, as a text in the library hints, would stop host drivers that
/// switch it off first).
pub fn dhcp_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let on = args.is_on("operate");
    let bits = args.number::<u8>("mode");
    let stored = c.store(|nvs| {
        let wifi = &mut nvs.wifi;
        if on {
            wifi.dhcp |= bits;
        } else {
            wifi.dhcp &= !bits;
        }
        if on && bits & STATION_DHCP != 0 {
            wifi.station_address = None;
        }
    });
    readdress(c);
    c.core.serve_leases(c.env);
    Ok(c.written(stored))
}

/// No blank line before OK here.
pub fn leases_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let Leases { minutes, first, last } = c.core.settings.wifi.leases();
    c.core.out.text(&format!("+CWDHCPS:{minutes},{first},{last}"));
    Ok(Outcome::Ok)
}

/// Only while the softAP and its DHCP server are on.
pub fn leases_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let wifi = &c.core.settings.wifi;
    if wifi.dhcp & SOFTAP_DHCP == 0 {
        return Err(ErrorCode::FAILED);
    }
    let leases = match args.int("enable") {
        Some(1) => {
            let address = |name| args.ipv4(name)?.ok_or_else(|| args.invalid(name));
            let minutes = args.given("lease time").ok_or_else(|| args.invalid("lease time"))?;
            let leases = Leases { minutes, first: address("start IP")?, last: address("end IP")? };
            if !leases.fit(&wifi.softap_address) {
                return Err(args.invalid("start IP"));
            }
            Some(leases)
        }
        _ => None,
    };
    let stored = c.store(|nvs| nvs.wifi.leases = leases);
    c.core.serve_leases(c.env);
    Ok(c.written(stored))
}
