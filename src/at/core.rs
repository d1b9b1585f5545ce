//! What the commands work on: settings in force, links, what is under way, what waits to be printed.

use std::collections::VecDeque;

use super::clients::http::Http;
use super::clients::sntp::Sntp;
use super::clients::update::Update;
use super::clock::Clock;
use super::links::Links;
use super::long_send::BlockSizes;
use super::nvs::{SavedJoin, SoftAp};
use super::options::TlsNames;
use super::output::Output;
use super::radio::{Country, ScanOptions};
use super::server::Server;
use super::system::System;
use super::{AtEvent, Env, Nvs, StationChange};
use crate::net::mdns::Mdns;
use crate::net::stack::Ipv6Event;
use crate::profile::LogLevel;
use crate::time::Instant;

/// Room for the longest header and the line end behind data, bytes.
const FRAMING: usize = 64;

/// The AT firmware's state, as far as commands see it. All of it is gone after a restart.
#[derive(Debug)]
pub struct Core {
    pub(super) echo: bool,
    pub(super) syslog: bool,
    pub(super) multiple: bool,
    pub(super) sender_info: bool,
    /// The settings in force. What AT+SYSSTORE=0 keeps out of flash is only here.
    pub(super) settings: Nvs,
    /// AT+SYSSTORE: settings go into flash, too.
    pub(super) store: bool,
    pub(super) tls: Vec<TlsNames>,
    pub(super) sntp: Sntp,
    pub(super) update: Update,
    /// AT+HTTPURLCFG, AT+HTTPCHEAD, AT+HTTPCFG.
    pub(super) http: Http,
    /// The slot of the firmware that runs.
    pub(super) running: usize,
    /// AT+CIPMODE=1: received data goes to the UART raw.
    pub(super) passthrough: bool,
    /// Passthrough is under way: what happens to station and links is not said.
    pub(super) transparent: bool,
    /// End of the last byte of the last command line.
    pub(super) line_end: Instant,
    /// AT+CWLAPOPT.
    pub(super) scan_options: ScanOptions,
    /// AT+CWINIT=0: there is no Wi-Fi until it is switched on again.
    pub(super) wifi_off: bool,
    /// AT+MDNS.
    pub(super) mdns: Option<Mdns>,
    /// AT+CWCOUNTRY.
    pub(super) country: Country,
    pub(super) system: System,
    /// AT+CIPRECVMODE=1.
    pub(super) passive: Vec<bool>,
    pub(super) links: Links,
    pub(super) had_link: bool,
    pub(super) server: Server,
    /// AT+CIPSENDLCFG.
    pub(super) block_sizes: BlockSizes,
    pub(super) out: Output,
    pub(super) log: VecDeque<u8>,
    /// A build whose log texts come out of the AT port.
    pub(super) merged_log: bool,
    /// What it has to tell.
    pub(super) events: VecDeque<AtEvent>,
    pub(super) starved: bool,
    /// From which severity on ESP-IDF's texts come out of the log port.
    pub(super) log_level: LogLevel,
    /// When the firmware started.
    pub(super) started: Instant,
    /// Lengths of TLS data that waits are those of opened records, where there are some.
    pub(super) opened_lengths: bool,
}

impl Core {
    /// The state right after a start: saved settings in force. `clock`: the one that has run through the reset.
    /// `merged_log`: log texts go to the AT port.
    pub(super) fn new(now: Instant, env: &Env<'_>, clock: Option<Clock>, merged_log: bool) -> Core {
        Core {
            echo: true,
            syslog: false,
            multiple: false,
            sender_info: false,
            settings: env.nvs.clone(),
            store: true,
            tls: vec![TlsNames::default(); env.profile.links],
            sntp: Sntp::default(),
            update: Update::default(),
            http: Http::default(),
            running: env.flash.firmware.running(),
            passthrough: false,
            transparent: false,
            line_end: now,
            scan_options: ScanOptions::default(),
            wifi_off: false,
            mdns: None,
            country: Country::default(),
            system: System::started(
                clock.unwrap_or(Clock::started(now)),
                env.nvs.uart(env.profile),
                env.profile,
            ),
            passive: vec![false; env.profile.links],
            links: Links::new(env.profile.links),
            had_link: false,
            server: Server::new(env.profile.links),
            block_sizes: BlockSizes::default(),
            out: Output::default(),
            log: VecDeque::new(),
            merged_log,
            events: VecDeque::new(),
            starved: false,
            log_level: env.build.log_level,
            started: now,
            opened_lengths: env.profile.tls.opened_lengths,
        }
    }

    pub(super) fn station_on(&self) -> bool {
        !self.wifi_off && self.settings.wifi.mode & 1 != 0
    }

    pub(super) fn softap_on(&self) -> bool {
        !self.wifi_off && self.settings.wifi.mode & 2 != 0
    }

    /// The MAC address of the station's interface.
    pub(super) fn station_mac(&self, env: &Env<'_>) -> [u8; 6] {
        self.settings.wifi.station_mac.unwrap_or(env.mac)
    }

    /// The MAC address of the softAP's interface: out of the box the chip's plus one, as on the ESP32 family.
    pub(super) fn softap_mac(&self, env: &Env<'_>) -> [u8; 6] {
        let [a, b, c, d, e, f] = env.mac;
        self.settings.wifi.softap_mac.unwrap_or([a, b, c, d, e, f.wrapping_add(1)])
    }

    /// What the softAP is set to.
    pub(super) fn softap(&self, env: &Env<'_>) -> SoftAp {
        self.settings.wifi.softap.clone().unwrap_or_else(|| SoftAp::out_of_the_box(self.softap_mac(env)))
    }

    /// The station uses an IPv6 address from now on.
    pub(super) fn got_ipv6(&mut self, event: Ipv6Event) {
        let (address, line) = match event {
            Ipv6Event::LinkLocal(address) => (address, "WIFI GOT IPv6 LL\r\n"),
            Ipv6Event::Global(address) => (address, "WIFI GOT IPv6 GL\r\n"),
        };
        self.tell(AtEvent::Station(StationChange::Address(address.into())));
        self.announce(line);
    }

    pub(super) fn join_saved(&mut self, now: Instant, env: &mut Env<'_>) {
        if let Some(request) = self.settings.wifi.join.as_ref().map(SavedJoin::request) {
            env.start_join(now, request, false);
        }
    }

    pub(super) fn tell(&mut self, event: AtEvent) {
        self.events.push_back(event);
    }

    /// Whether so much data fits into the UART's transmit ring now, with the line around it. Whatever prints data that
    /// nobody has asked for must ask first. Where there is no room, the module looks again as soon as bytes have left.
    pub(super) fn has_room(&mut self, env: &Env<'_>, data: usize) -> bool {
        let fits = data + FRAMING <= env.room.saturating_sub(self.out.len());
        self.starved |= !fits;
        fits
    }

    /// Prints a line on the log port (UART0), where the firmware says why something failed. The library's texts
    /// end in `\r`, and `puts` adds a converted newline.
    pub(super) fn log(&mut self, text: &str) {
        if self.merged_log {
            self.out.text(&format!("{text}\r\r\n"));
        } else {
            self.log.extend(text.bytes().chain(*b"\r\r\n"));
        }
    }
}
