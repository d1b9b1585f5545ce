//! What the commands work on: settings in force, links, what is under way, what waits to be printed.

use std::collections::VecDeque;

use super::address::mac_text;
use super::clients::http::Http;
use super::clients::mqtt::Mqtt;
use super::clients::sntp::Sntp;
use super::clients::update::Update;
use super::clients::websocket::WebSockets;
use super::clock::Clock;
use super::faults::FaultEvent;
use super::links::Links;
use super::nvs::{SavedJoin, SoftAp};
use super::output::Output;
use super::radio::Radio;
use super::server::Server;
use super::system::System;
use super::{AtEvent, Env, Nvs, StationChange};
use crate::net::stack::Ipv6Event;
use crate::time::Instant;

/// The AT firmware's state, as far as commands see it, by idea. All of it is gone after a restart.
#[derive(Debug)]
pub struct Core {
    /// The settings in force. What AT+SYSSTORE=0 keeps out of flash is only here.
    pub(super) settings: Nvs,
    /// What is printed, and how.
    pub(super) out: Output,
    /// The links, and what commands set for them.
    pub(super) links: Links,
    /// The module's own server.
    pub(super) server: Server,
    /// What the Wi-Fi commands set.
    pub(super) radio: Radio,
    /// What the basic commands set.
    pub(super) system: System,
    /// The client of time servers.
    pub(super) sntp: Sntp,
    /// The client of the update server.
    pub(super) update: Update,
    /// AT+HTTPURLCFG, AT+HTTPCHEAD, AT+HTTPCFG.
    pub(super) http: Http,
    /// AT+MQTT...: the client of a broker.
    pub(super) mqtt: Mqtt,
    /// The WebSocket links.
    pub(super) websockets: WebSockets,
    /// What it has to tell.
    pub(super) events: VecDeque<AtEvent>,
}

impl Core {
    /// The state right after a start: saved settings in force. `clock`: the one that has run through the reset.
    /// `merged_log`: log texts go to the AT port.
    pub(super) fn new(now: Instant, env: &Env<'_>, clock: Option<Clock>, merged_log: bool) -> Core {
        let clock = clock.unwrap_or(Clock::started(now));
        let (uart, running) = (env.nvs.uart(env.profile), env.flash.firmware.running());
        let mut links = Links::new(env.profile.links);
        links.opened_lengths = env.profile.tls.opened_lengths;
        Core {
            settings: env.nvs.clone(),
            out: Output::new(now, merged_log, env.build.log_level, env.nvs.basic.messages),
            links,
            server: Server::new(env.profile.links),
            radio: Radio::default(),
            system: System::started(now, clock, uart, running, env.profile),
            sntp: Sntp::default(),
            update: Update::default(),
            http: Http::default(),
            mqtt: Mqtt::default(),
            websockets: WebSockets::default(),
            events: VecDeque::new(),
        }
    }

    pub(super) fn station_on(&self) -> bool {
        !self.radio.off && self.settings.wifi.mode & 1 != 0
    }

    pub(super) fn softap_on(&self) -> bool {
        !self.radio.off && self.settings.wifi.mode & 2 != 0
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
        self.out.announce(line);
    }

    pub(super) fn join_saved(&mut self, now: Instant, env: &mut Env<'_>) {
        if let Some(request) = self.settings.wifi.join.as_ref().map(SavedJoin::request) {
            env.start_join(now, request, false);
        }
    }

    /// Free heap, and the least that was seen, bytes.
    pub(super) fn heap(&mut self, env: &Env<'_>) -> (u32, u32) {
        self.system.heap(env.heap(), self.links.open_ids().count())
    }

    /// Whether so many bytes are to be had for something. While nothing is wrong with the memory they are: what has a
    /// limit of its own there says so itself.
    pub(super) fn has_memory(&mut self, what: &'static str, needed: usize, env: &Env<'_>) -> bool {
        let (free, _) = self.heap(env);
        let needed = u32::try_from(needed).unwrap_or(u32::MAX);
        if env.faults.heap.is_none() || needed <= free {
            return true;
        }
        self.tell(AtEvent::Fault(FaultEvent::NoMemory { what, needed, free }));
        false
    }

    /// Lines that are true now and that a module may print at any time. `busy p...` is none: a host that has sent nothing
    /// else may take it for the refusal of its command, and drivers do.
    pub(super) fn neutral_reports(&self, env: &mut Env<'_>) -> Vec<Vec<Vec<u8>>> {
        let mut neutral = Vec::new();
        if env.profile.differences.time_updated && self.sntp.is_set() {
            neutral.push(vec![b"+TIME_UPDATED\r\n".to_vec()]);
        }
        if let (true, Some(stream)) = (env.softap.is_on(), &mut env.faults.hostile) {
            let [_, a, b, c, d, e, ..] = stream.next_u64().to_be_bytes();
            // Locally administered, as phones have them.
            let mac = mac_text([0xda, a, b, c, d, e]);
            let line = |what| format!("+STA_{what}:\"{mac}\"\r\n").into_bytes();
            neutral.push(vec![line("CONNECTED"), line("DISCONNECTED")]);
        }
        neutral
    }

    /// Whether flash takes a write; the command under way ends in ERROR where it does not.
    pub(super) fn can_write(&mut self, what: &str, env: &Env<'_>) -> bool {
        if env.faults.flash_fails {
            self.tell(AtEvent::Fault(FaultEvent::NotWritten(what.to_owned())));
            self.system.unwritten = true;
        }
        !env.faults.flash_fails
    }

    pub(super) fn tell(&mut self, event: AtEvent) {
        self.events.push_back(event);
    }
}
