//! What releases do differently behind the same command: one value for each difference, read by its handler.

use std::net::Ipv4Addr;

/// What AT+MDNS calls the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instance {
    /// As the host.
    Host,
    /// As the kind of service (v3, as a user reports).
    Service,
}

/// Behaviour that is not the same in every release. New parameters and commands are not here: the command table
/// says which profiles have them.
#[derive(Clone, Copy, Debug)]
pub struct Differences {
    /// AT+CIPMODE=1 is also allowed with AT+CIPMUX=1 while a server for one client has at most one link (since
    /// v2.3; the development version that the specification belongs to refuses it).
    pub passthrough_server: bool,
    /// AT+CIPSERVER? shows the interface as its last number (since v4.1).
    pub server_interface: bool,
    /// AT+CIPSTO: traffic in either direction restarts the timer (since v3.1), not only what the client sends.
    pub server_timeout_either_way: bool,
    /// AT+CIPSNTPCFG? shows the time zone also while SNTP is off: `+CIPSNTPCFG:0,<tz>` (by v3.4).
    pub sntp_zone_when_off: bool,
    /// `+TIME_UPDATED` when SNTP has set the clock (since v3.1).
    pub time_updated: bool,
    /// AT+CIUPDATE names the server in its requests (since v3.1), not its address.
    pub update_host_name: bool,
    /// What AT+CIPDNS=1 fills up with, and AT+CIPDNS=0 falls back to, in this order: one address up to v2.3, a
    /// second since v2.4, a third since v4.1.
    pub dns_servers: &'static [Ipv4Addr],
    /// AT+CIPTCPOPT? has a fourth number, the keep-alive (since v2.4).
    pub tcp_keep_alive_option: bool,
    /// AT+CIPRECVLEN of a link that is not open. -1 in logs up to v3.2; 0 only in one of v4.2.
    pub closed_receive_length: i32,
    /// What AT+MDNS calls the service where nothing else is said: the host's name in v4.1; in v3 the service's. Of v2
    /// nobody has said anything.
    pub mdns_instance: Instance,
    /// What AT+MDNS says of the service where the host says nothing.
    pub mdns_text: &'static [(&'static str, &'static str)],
    /// Datagrams that come in fragments are put together. v3.4 says that they are not: its build settings switch it on
    /// under a name that its IDF does not know any more.
    pub reassembly: bool,
    /// The prompt of AT+MQTTPUBRAW, AT+HTTPCPOST and AT+HTTPCPUT is a write of its own behind that of OK: a report may come
    /// between them (ESP8266).
    pub prompt_apart: bool,
    /// Certificates are keys in the partition `mfg_nvs` (AT+SYSMFG, since v3.1), not partitions of their own.
    pub certificates_in_nvs: bool,
}

/// The first server that AT+CIPDNS falls back to.
const OPEN_DNS: Ipv4Addr = Ipv4Addr::new(208, 67, 222, 222);

impl Differences {
    /// What the specification's own release does.
    pub(super) const V2_3: Differences = Differences {
        passthrough_server: false,
        server_interface: false,
        server_timeout_either_way: false,
        sntp_zone_when_off: false,
        time_updated: false,
        update_host_name: false,
        dns_servers: &[OPEN_DNS],
        tcp_keep_alive_option: false,
        closed_receive_length: -1,
        mdns_instance: Instance::Host,
        mdns_text: &[],
        reassembly: true,
        prompt_apart: false,
        certificates_in_nvs: false,
    };

    /// The same on the ESP8266: its library says of a service who made it.
    pub(super) const ESP8266_V2_2: Differences = Differences {
        mdns_text: &[("vendor", "Espressif"), ("module", "AT"), ("version", "1.0")],
        prompt_apart: true,
        ..Differences::V2_3
    };

    /// The same in its v2.3, whose library has two servers to fall back to.
    pub(super) const ESP8266_V2_3: Differences =
        Differences { dns_servers: &[OPEN_DNS, Ipv4Addr::new(8, 8, 8, 8)], ..Differences::ESP8266_V2_2 };

    /// The same in v3.4.
    pub(super) const V3_4: Differences = Differences {
        passthrough_server: true,
        server_timeout_either_way: true,
        sntp_zone_when_off: true,
        time_updated: true,
        update_host_name: true,
        dns_servers: &[OPEN_DNS, Ipv4Addr::new(8, 8, 8, 8)],
        tcp_keep_alive_option: true,
        mdns_instance: Instance::Service,
        reassembly: false,
        certificates_in_nvs: true,
        ..Differences::V2_3
    };

    /// The same in v4.1.
    pub(super) const V4_1: Differences = Differences {
        server_interface: true,
        mdns_instance: Instance::Host,
        reassembly: true,
        dns_servers: &[OPEN_DNS, Ipv4Addr::new(114, 114, 114, 114), Ipv4Addr::new(8, 8, 8, 8)],
        ..Differences::V3_4
    };
}
