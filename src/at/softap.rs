//! The softAP as the firmware runs it: on or off as AT+CWMODE says, and what it prints of its stations.

use super::address::mac_text;
use super::nvs::{SOFTAP_DHCP, SoftAp};
use super::{Core, Env};
use crate::net::stack::{LanConfig, LanLeases};
use crate::time::Duration;
use crate::wifi::SoftApEvent;
use crate::wifi::config::{ApConfig, Association, Pmf, Security};

/// How strong other modules hear it, dBm: a table's width away (a guess).
const SOFTAP_RSSI: i8 = -40;

impl Core {
    /// Starts the softAP anew with what is set, or stops it. Its stations are gone, and their links with them.
    pub(super) fn restart_softap(&mut self, env: &mut Env<'_>) {
        for id in 0..self.links.count() {
            if self.links.get(id).is_some_and(|l| l.is_on_lan(env.stack)) {
                self.close_link(id, env.stack);
            }
        }
        env.softap.stop();
        env.stack.lan_stop();
        if self.softap_on() {
            let own = &self.settings.wifi.softap_address;
            env.stack.lan_start(&LanConfig {
                mac: self.softap_mac(env),
                address: own.address,
                prefix_len: own.prefix_len,
                leases: self.leases(),
            });
            let softap = self.softap(env);
            env.softap.start(softap.max_stations, self.seen_softap(env, &softap));
            env.softap.set_inactive(self.settings.wifi.inactive.softap_time());
        }
        // Before the command's own OK.
        self.poll_softap(env);
    }

    /// What stations see of the softAP.
    fn seen_softap(&self, env: &Env<'_>, softap: &SoftAp) -> ApConfig {
        ApConfig {
            // The world knows the module's name.
            name: String::new(),
            ssid: softap.ssid.clone(),
            password: softap.password.clone(),
            bssid: self.softap_mac(env),
            channel: softap.channel,
            rssi: SOFTAP_RSSI,
            security: match softap.ecn {
                2 => Security::Wpa,
                3 => Security::Wpa2,
                4 => Security::WpaWpa2,
                _ => Security::Open,
            },
            pmf: Pmf::Off,
            hidden: softap.hidden,
            modes: 7,
            wps: false,
            association: Association::Right,
            up: true,
        }
    }

    /// Puts the set range of its DHCP server in force.
    pub(super) fn serve_leases(&mut self, env: &mut Env<'_>) {
        env.stack.lan_lease(self.leases());
    }

    fn leases(&self) -> Option<LanLeases> {
        let wifi = &self.settings.wifi;
        let set = wifi.leases();
        let time = Duration::from_secs(60 * u64::from(set.minutes));
        (wifi.dhcp & SOFTAP_DHCP != 0).then_some(LanLeases { first: set.first, last: set.last, time })
    }

    /// Prints what has happened to its stations. True when something has.
    pub(super) fn poll_softap(&mut self, env: &mut Env<'_>) -> bool {
        while let Some((mac, address)) = env.stack.take_lease() {
            env.softap.leased(mac, address);
        }
        let mut moved = false;
        while let Some(event) = env.softap.take_event() {
            moved = true;
            let line = match event {
                SoftApEvent::Connected(mac) => format!("+STA_CONNECTED:\"{}\"\r\n", mac_text(mac)),
                SoftApEvent::Leased(mac, ip) => format!("+DIST_STA_IP:\"{}\",\"{ip}\"\r\n", mac_text(mac)),
                SoftApEvent::Disconnected(mac) => format!("+STA_DISCONNECTED:\"{}\"\r\n", mac_text(mac)),
            };
            self.out.announce(&line);
        }
        moved
    }
}
