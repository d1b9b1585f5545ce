//! The Wi-Fi commands, as data.

use super::*;
use crate::at::commands::{status, wifi};

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+CWMODE",
        summary: "Wi-Fi mode: 0 off, 1 station, 2 softAP, 3 both",
        section: "Wi-Fi: AT+CWMODE",
        query: Some(wifi::mode_query),
        set: set!(wifi::mode_set, int("mode", 0, 3), int("auto_connect", 0, 1).or(1)),
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
        query: Some(wifi::join_query),
        set: set!(
            wifi::join_set,
            text("ssid", 1, 32).optional(),
            text("pwd", 0, 64).optional(),
            text("bssid", 17, 17).optional(),
            int("pci_en", 0, 1).or(0),
            int("reconn_interval", 0, 7200).or(1),
            int("listen_interval", 1, 100).or(3),
            int("scan_mode", 0, 1).or(0),
            int("jap_timeout", 3, 600).or(15),
            int("pmf", 0, 3).or(0)
        ),
        execute: Some(wifi::join_again),
        saved: true,
        ..NONE
    },
    Command {
        name: "+CWQAP",
        summary: "leave the access point",
        section: "Wi-Fi: AT+CWQAP",
        execute: Some(wifi::leave),
        ..NONE
    },
    Command {
        name: "+CIPSTA",
        summary: "IP address of the station",
        section: "Wi-Fi: AT+CIPSTA",
        query: Some(status::station_address),
        ..NONE
    },
];
