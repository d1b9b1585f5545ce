//! The Wi-Fi commands, as data.

use super::row::*;
use crate::at::commands::{mdns, wifi, wifi_address, wifi_join, wifi_radio, wifi_scan, wifi_softap};
use crate::at::nvs::SoftAp;

const MAC: Param = mac("mac");
/// 802.11 standards: bits b, g, n; since v3.0 Espressif's long range; on the ESP32-C6 ax.
const PROTOCOLS: [Param; 3] = [
    int("protocol", 1, 7).before(3, 0),
    int("protocol", 1, 15).since(3, 0).on(&[Chip::Esp8266, Chip::Esp32, Chip::Esp32c3]),
    int("protocol", 1, 31).since(3, 0).on(&[Chip::Esp32c6]),
];

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+CWINIT",
        summary: "switch Wi-Fi off as a whole, and on again",
        section: "Wi-Fi: AT+CWINIT",
        query: Some(wifi::init_query),
        set: set!(wifi::init_set, int("init", 0, 1)),
        on: Availability::ALL.since(3, 1),
        ..NONE
    },
    Command {
        name: "+CWMODE",
        summary: "Wi-Fi mode: 0 off, 1 station, 2 softAP, 3 both",
        section: "Wi-Fi: AT+CWMODE",
        needs: &[Need::Wifi],
        query: Some(wifi::mode_query),
        set: set!(wifi::mode_set, within("mode", limits::WIFI_MODE), int("auto_connect", 0, 1).or(1)),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWSTATE",
        summary: "state of the station",
        section: "Wi-Fi: AT+CWSTATE",
        query: Some(wifi::state_query),
        ..NONE
    },
    Command {
        name: "+CWJAP",
        summary: "join an access point",
        section: "Wi-Fi: AT+CWJAP",
        needs: &[Need::Station],
        query: Some(wifi_join::join_query),
        set: set!(
            wifi_join::join_set,
            text_within("ssid", limits::SSID).optional(),
            text_within("pwd", limits::PASSWORD).optional().before(2, 4),
            text("pwd", 0, 63).optional().since(2, 4),
            mac("bssid").optional(),
            int("pci_en", 0, 1).or(0),
            within("reconn_interval", limits::RECONNECT_INTERVAL).or(1),
            within("listen_interval", limits::LISTEN_INTERVAL).or(3),
            within("scan_mode", limits::SCAN_MODE).or(0),
            int("jap_timeout", 3, 600).or(15),
            within("pmf", limits::PMF).or(0).before(2, 4),
            within("pmf", limits::PMF).or(1).since(2, 4)
        ),
        execute: Some(wifi_join::join_again),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWCONFIG",
        summary: "silence after which a station is lost, and beacons between two that are listened to",
        section: "Wi-Fi: AT+CWCONFIG",
        query: Some(wifi_join::config_query),
        set: set!(
            wifi_join::config_set,
            int("ap_inactive_time", 10, 3600).optional(),
            int("sta_inactive_time", 3, 600).optional(),
            int("listen_interval", 1, 100).optional()
        ),
        saved: true,
        on: Availability::ALL.since(4, 1),
        ..NONE
    },
    Command {
        name: "+CWRECONNCFG",
        summary: "when the station comes back after a loss",
        section: "Wi-Fi: AT+CWRECONNCFG",
        query: Some(wifi_join::reconnect_query),
        set: set!(
            wifi_join::reconnect_set,
            within("interval_second", limits::RECONNECT_INTERVAL),
            within("repeat_count", limits::RECONNECT_COUNT)
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWLAP",
        summary: "list access points",
        section: "Wi-Fi: AT+CWLAP",
        needs: &[Need::Station],
        set: set!(
            wifi_scan::scan,
            text("ssid", 0, 32).optional(),
            mac_or_empty("mac").optional(),
            int("channel", 0, 14).optional(),
            int("scan_type", 0, 1).optional(),
            int("scan_time_min", 0, 1500).optional(),
            int("scan_time_max", 0, 1500).optional()
        ),
        execute: Some(wifi_scan::scan_all),
        ..NONE
    },
    Command {
        name: "+CWLAPOPT",
        summary: "what AT+CWLAP shows",
        section: "Wi-Fi: AT+CWLAPOPT",
        set: set!(
            wifi_scan::options_set,
            int("sort_enable", 0, 1),
            int("print mask", 0, 0x7ff),
            int("rssi filter", -100, 40).or(-100),
            int("authmode mask", 0, 0xffff).or(0xffff)
        ),
        ..NONE
    },
    Command {
        name: "+CWQAP",
        summary: "leave the access point",
        section: "Wi-Fi: AT+CWQAP",
        needs: &[Need::Station],
        execute: Some(wifi::leave),
        ..NONE
    },
    Command {
        name: "+CWSAP",
        summary: "configure the softAP",
        section: "Wi-Fi: AT+CWSAP",
        needs: &[Need::SoftAp],
        query_needs: &[Need::SoftAp],
        query: Some(wifi_softap::softap_query),
        set: set!(
            wifi_softap::softap_set,
            text_within("ssid", limits::SSID),
            text_within("pwd", limits::PASSWORD).before(2, 4),
            text("pwd", 0, 63).since(2, 4),
            within("chl", limits::CHANNEL),
            int("ecn", 0, 4),
            within("max conn", limits::STATIONS).or(SoftAp::STATIONS as i64), // wider: nothing is lost
            int("ssid hidden", 0, 1).or(0)
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWLIF",
        summary: "stations of the softAP",
        section: "Wi-Fi: AT+CWLIF",
        needs: &[Need::SoftAp],
        execute: Some(wifi_softap::stations),
        ..NONE
    },
    Command {
        name: "+CWQIF",
        summary: "send stations of the softAP away",
        section: "Wi-Fi: AT+CWQIF",
        needs: &[Need::SoftAp],
        set: set!(wifi_softap::dismiss, MAC),
        execute: Some(wifi_softap::dismiss_all),
        ..NONE
    },
    Command {
        name: "+CWDHCP",
        summary: "DHCP: bit 0 the station's client, bit 1 the softAP's server",
        section: "Wi-Fi: AT+CWDHCP",
        query: Some(wifi_address::dhcp_query),
        set: set!(wifi_address::dhcp_set, int("operate", 0, 1), int("mode", 1, 3)),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWDHCPS",
        summary: "addresses that the softAP leases",
        section: "Wi-Fi: AT+CWDHCPS",
        needs: &[Need::SoftAp],
        query: Some(wifi_address::leases_query),
        set: set!(
            wifi_address::leases_set,
            int("enable", 0, 1),
            within("lease time", limits::LEASE_MINUTES).optional(),
            ipv4("start IP").optional(),
            ipv4("end IP").optional()
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWSTAPROTO",
        summary: "802.11 standards of the station: bits b, g, n",
        section: "Wi-Fi: AT+CWSTAPROTO",
        needs: &[Need::Station],
        query: Some(wifi_radio::station_modes_query),
        set: set!(wifi_radio::station_modes_set, PROTOCOLS[0], PROTOCOLS[1], PROTOCOLS[2]),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWAPPROTO",
        summary: "802.11 standards of the softAP: bits b, g, n",
        section: "Wi-Fi: AT+CWAPPROTO",
        needs: &[Need::SoftAp],
        query: Some(wifi_radio::softap_modes_query),
        set: set!(wifi_radio::softap_modes_set, PROTOCOLS[0], PROTOCOLS[1], PROTOCOLS[2]),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWAUTOCONN",
        summary: "join the saved access point at boot",
        section: "Wi-Fi: AT+CWAUTOCONN",
        query: Some(wifi_join::auto_connect_query),
        set: set!(wifi_join::auto_connect_set, int("enable", 0, 1)),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWHOSTNAME",
        summary: "name of the station in DHCP requests",
        section: "Wi-Fi: AT+CWHOSTNAME",
        needs: &[Need::Station],
        query: Some(wifi_radio::hostname_query),
        set: set!(wifi_radio::hostname_set, name("hostname", 1, 32)),
        ..NONE
    },
    Command {
        name: "+CWCOUNTRY",
        summary: "country and its channels",
        section: "Wi-Fi: AT+CWCOUNTRY",
        query: Some(wifi_radio::country_query),
        set: set!(
            wifi_radio::country_set,
            int("country_policy", 0, 1),
            text("country_code", 1, 3),
            int("start_channel", 1, 14),
            int("total_channel_count", 1, 14)
        ),
        ..NONE
    },
    Command {
        name: "+MDNS",
        summary: "a name and a service that others find",
        section: "Wi-Fi: AT+MDNS",
        set: set!(
            mdns::set,
            int("enable", 0, 1),
            name("hostname", 1, 63).optional(),
            name("service_type", 1, 63).optional(),
            port("port").optional(),
            name("instance", 1, 63).optional().since(4, 1),
            name("proto", 1, 63).optional().since(4, 1),
            int("txt_number", 1, 10).optional().since(4, 1),
            text("key 1", 1, 100).optional().since(4, 1),
            text("value 1", 0, 100).optional().since(4, 1),
            text("key 2", 1, 100).optional().since(4, 1),
            text("value 2", 0, 100).optional().since(4, 1),
            text("key 3", 1, 100).optional().since(4, 1),
            text("value 3", 0, 100).optional().since(4, 1),
            text("key 4", 1, 100).optional().since(4, 1),
            text("value 4", 0, 100).optional().since(4, 1),
            text("key 5", 1, 100).optional().since(4, 1),
            text("value 5", 0, 100).optional().since(4, 1),
            text("key 6", 1, 100).optional().since(4, 1),
            text("value 6", 0, 100).optional().since(4, 1),
            text("key 7", 1, 100).optional().since(4, 1),
            text("value 7", 0, 100).optional().since(4, 1),
            text("key 8", 1, 100).optional().since(4, 1),
            text("value 8", 0, 100).optional().since(4, 1),
            text("key 9", 1, 100).optional().since(4, 1),
            text("value 9", 0, 100).optional().since(4, 1),
            text("key 10", 1, 100).optional().since(4, 1),
            text("value 10", 0, 100).optional().since(4, 1)
        ),
        ..NONE
    },
    Command {
        name: "+CIFSR",
        summary: "own addresses",
        section: "TCP/IP: AT+CIFSR",
        execute: Some(wifi_address::own_addresses),
        ..NONE
    },
    Command {
        name: "+CIPSTAMAC",
        summary: "MAC address of the station",
        section: "Wi-Fi: AT+CIPSTAMAC",
        needs: &[Need::Station],
        query: Some(wifi_address::station_mac_query),
        set: set!(wifi_address::station_mac_set, MAC),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPAPMAC",
        summary: "MAC address of the softAP",
        section: "Wi-Fi: AT+CIPAPMAC",
        needs: &[Need::SoftAp],
        query: Some(wifi_address::softap_mac_query),
        set: set!(wifi_address::softap_mac_set, MAC),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPSTA",
        summary: "IP address of the station",
        section: "Wi-Fi: AT+CIPSTA",
        // Also without a station (a guess): Zephyr's driver sets its static address before the mode.
        query: Some(wifi_address::station_query),
        set: set!(
            wifi_address::station_set,
            ipv4("ip"),
            ipv4("gateway").optional(),
            ipv4("netmask").optional()
        ),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CIPAP",
        summary: "IP address of the softAP",
        section: "Wi-Fi: AT+CIPAP",
        needs: &[Need::SoftAp],
        query: Some(wifi_address::softap_query),
        set: set!(
            wifi_address::softap_set,
            ipv4("ip"),
            ipv4("gateway").optional(),
            ipv4("netmask").optional()
        ),
        saved: true,
        ..NONE
    },
];
