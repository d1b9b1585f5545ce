//! Questions about a module's state: what it is doing, and its links.

use std::ffi::c_char;

use super::boundary;
use super::espat_world;
use super::line::{parity_number, stop_bits_number};
use super::sized::{SizePrefixed, size_up_to};
use super::status::espat_status;
use crate::at::{LinkProtocol, LinkState};
use crate::module::{ModuleState, PowerState};
use crate::world::ModuleId;

/// What data is carried over.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_protocol {
    /// Nothing.
    None = 0,
    /// TCP.
    Tcp = 1,
    /// UDP.
    Udp = 2,
    /// TLS over TCP.
    Ssl = 3,
}

impl espat_protocol {
    pub(super) fn of(protocol: Option<LinkProtocol>) -> espat_protocol {
        match protocol {
            None => espat_protocol::None,
            Some(LinkProtocol::Tcp) => espat_protocol::Tcp,
            Some(LinkProtocol::Udp) => espat_protocol::Udp,
            Some(LinkProtocol::Ssl) => espat_protocol::Ssl,
        }
    }
}

/// Whether the module's chip runs. Later versions may add values.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_power {
    /// EN is low, or there is no supply.
    Off = 0,
    /// It starts, or is about to start again: the firmware does not run.
    Booting = 1,
    /// The AT firmware runs.
    On = 2,
    /// It was started with GPIO0 low and waits for a download.
    Download = 3,
    /// It sleeps deeply (AT+GSLP).
    Asleep = 4,
}

/// Whether the module's station has joined. Later versions may add values.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum espat_wifi {
    /// With no access point.
    NotJoined = 0,
    /// With an access point, without an IPv4 address yet.
    Associated = 1,
    /// With an access point and an IPv4 address.
    Joined = 2,
}

/// What a module is doing at the time reached.
///
/// Texts belong to the library. They are never NULL, empty when there is no such thing, and stay until this thread's next
/// call that hands out a text.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_module_status {
    /// sizeof(espat_module_status), set by the caller
    pub size: usize,
    /// One of espat_power.
    pub power: u32,
    /// One of espat_wifi.
    pub wifi: u32,
    /// In a few words, such as "joined 'home' as 192.168.1.100", "not joined", "booting", "switched off".
    pub text: *const c_char,
    /// The name of the access point that the station is with, as the scenario has it.
    pub access_point: *const c_char,
    /// The station's IPv4 address, such as "192.168.1.100".
    pub ipv4: *const c_char,
    /// The station's link-local IPv6 address, such as "fe80::1".
    pub ipv6_link_local: *const c_char,
    /// The station's global IPv6 address.
    pub ipv6_global: *const c_char,
    /// The IPv4 address of the module's own access point, while that is on.
    pub softap_ipv4: *const c_char,
    /// The station's MAC address out of the box, such as "02:00:5e:00:00:01".
    pub mac: *const c_char,
    /// 1: several links may be open (AT+CIPMUX=1).
    pub multiple: u32,
    /// 1: what link 0 receives waits until the MCU reads it (AT+CIPRECVMODE=1). espat_links_read() has it for each link.
    pub passive: u32,
    /// 1: passthrough; what the MCU sends is data until `+++`.
    pub passthrough: u32,
    /// 1: it sleeps lightly when it has nothing to do (AT+SLEEP=2).
    pub sleeps_lightly: u32,
    /// The port of the module's own server; 0: there is none.
    pub server_port: u32,
    /// The level of the module's RTS: 1 (high) asks the MCU to stop.
    pub rts: u32,
    /// What the module's UART is set to, bits per second.
    pub baud: u32,
    /// 5 to 8.
    pub data_bits: u32,
    /// One of espat_parity.
    pub parity: u32,
    /// One of espat_stop_bits.
    pub stop_bits: u32,
    /// What the MCU's UART is set to, bits per second. Both ends are the same until espat_mcu_line_set() says otherwise.
    pub mcu_baud: u32,
    /// 5 to 8.
    pub mcu_data_bits: u32,
    /// One of espat_parity.
    pub mcu_parity: u32,
    /// One of espat_stop_bits.
    pub mcu_stop_bits: u32,
    /// Bytes that the MCU has stored and that have not ended on the wire yet. A driver that models a transmit buffer
    /// compares it with that one's size.
    pub mcu_queued: u64,
    /// Bytes that the module's UART has received and that its firmware has not looked at yet.
    pub module_waiting: u64,
    /// Bytes that the firmware has printed and that have not ended on the wire yet.
    pub module_queued: u64,
}

// SAFETY: repr(C), begins with its size, and NULL pointers and zeros are values.
unsafe impl SizePrefixed for espat_module_status {
    const NAME: &'static str = "espat_module_status";
    const FIRST_SIZE: usize = size_up_to!(espat_module_status, module_queued);
}

/// An open AT link of a module.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct espat_link {
    /// sizeof(espat_link), set by the caller in the first of an array
    pub size: usize,
    /// Its number, 0 to 4.
    pub id: u32,
    /// One of espat_protocol.
    pub protocol: u32,
    /// 1: a client of the module's own server has opened it. 0: the module has.
    pub accepted: u32,
    /// 1: what it receives waits until the MCU reads it (AT+CIPRECVMODE=1).
    pub passive: u32,
    /// The other end's port.
    pub port: u32,
    /// The module's own port.
    pub local_port: u32,
    /// Bytes that were received and not handed to the MCU yet.
    pub waiting: u64,
    /// Bytes that the other end has not acknowledged yet; 0 for UDP.
    pub unsent: u64,
    /// Its type as AT+CIPSTATE has it: "TCP", "TCPv6", "UDP" or "UDPv6", with NUL.
    pub kind: [c_char; 8],
    /// The other end's address without its port, such as "203.0.113.10" or "2001:db8::10", with NUL.
    pub address: [c_char; 48],
    /// The other end with its port, such as "203.0.113.10:80" or "[2001:db8::10]:80", with NUL.
    #[allow(rustdoc::broken_intra_doc_links)] // an address, not a link
    pub peer: [c_char; 64],
}

// SAFETY: repr(C), begins with its size, and zeros are values.
unsafe impl SizePrefixed for espat_link {
    const NAME: &'static str = "espat_link";
    const FIRST_SIZE: usize = size_up_to!(espat_link, peer);
}

/// Fills in what a module is doing at the time reached.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_module_state(
    world: *mut espat_world,
    module: u32,
    state: *mut espat_module_status,
) -> espat_status {
    boundary!(world world; state: sized_out => {
        let now = world.look(|w| w.module_state(ModuleId(module)))??;
        state.write(&shown(&now));
        Ok(())
    })
}

/// Stores in `*count` how many links of a module are open at the time reached, and fills in the first `capacity` of them
/// in the order of their numbers. `size` of `links[0]` says how large each is; a module has 5 links at most. With
/// `capacity` 0, `links` may be NULL. Links of clients of the module's own server are among them; after a restart, in deep
/// sleep and without power there is none.
///
/// Errors: ESPAT_STATUS_UNKNOWN_MODULE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn espat_links_read(
    world: *mut espat_world,
    module: u32,
    links: *mut espat_link,
    capacity: usize,
    count: *mut usize,
) -> espat_status {
    boundary!(world world; links: sized_room(capacity), count: out => {
        let open = world.look(|w| w.links(ModuleId(module)))??;
        for (index, link) in open.iter().enumerate() {
            links.write(index, &espat_link::from(link));
        }
        count.write(open.len());
        Ok(())
    })
}

fn shown(state: &ModuleState) -> espat_module_status {
    let text = |it: Option<String>| it.unwrap_or_default();
    let mac = state.mac.map(|byte| format!("{byte:02x}")).join(":");
    let texts = [
        state.to_string(),
        text(state.ap.clone()),
        text(state.ipv4.map(|a| a.to_string())),
        text(state.ipv6_link_local.map(|a| a.to_string())),
        text(state.ipv6_global.map(|a| a.to_string())),
        text(state.softap.map(|a| a.to_string())),
        mac,
    ];
    let ([text, access_point, ipv4, ipv6_link_local, ipv6_global, softap_ipv4, mac], _) =
        boundary::keep(texts, &[]);
    let power = match state.power {
        PowerState::Off => espat_power::Off,
        PowerState::Booting => espat_power::Booting,
        PowerState::On => espat_power::On,
        PowerState::Download => espat_power::Download,
        PowerState::Asleep => espat_power::Asleep,
    };
    let wifi = match (&state.ap, state.ipv4) {
        (None, _) => espat_wifi::NotJoined,
        (Some(_), None) => espat_wifi::Associated,
        (Some(_), Some(_)) => espat_wifi::Joined,
    };
    let (line, mcu_line, modes) = (state.line, state.mcu_line, &state.modes);
    espat_module_status {
        size: 0,
        power: power as u32,
        wifi: wifi as u32,
        text,
        access_point,
        ipv4,
        ipv6_link_local,
        ipv6_global,
        softap_ipv4,
        mac,
        multiple: u32::from(modes.multiple),
        passive: u32::from(modes.passive),
        passthrough: u32::from(modes.passthrough),
        sleeps_lightly: u32::from(modes.sleeps_lightly),
        server_port: u32::from(modes.server.unwrap_or(0)),
        rts: u32::from(state.rts),
        baud: line.baud,
        data_bits: u32::from(line.data_bits),
        parity: parity_number(line.parity),
        stop_bits: stop_bits_number(line.stop_bits),
        mcu_baud: mcu_line.baud,
        mcu_data_bits: u32::from(mcu_line.data_bits),
        mcu_parity: parity_number(mcu_line.parity),
        mcu_stop_bits: stop_bits_number(mcu_line.stop_bits),
        mcu_queued: state.mcu_queued as u64,
        module_waiting: state.rx_waiting as u64,
        module_queued: state.tx_waiting as u64,
    }
}

impl From<&LinkState> for espat_link {
    fn from(link: &LinkState) -> espat_link {
        espat_link {
            size: 0,
            id: link.id as u32,
            protocol: espat_protocol::of(Some(link.protocol)) as u32,
            accepted: u32::from(link.accepted),
            passive: u32::from(link.passive),
            port: u32::from(link.peer.port()),
            local_port: u32::from(link.local_port),
            waiting: link.waiting as u64,
            unsent: link.unsent as u64,
            kind: fixed(link.protocol.name(link.peer.ip())),
            address: fixed(&link.peer.ip().to_string()),
            peer: fixed(&link.peer.to_string()),
        }
    }
}

/// A text in a field of its own, NUL at its end. It is cut where it does not fit.
fn fixed<const N: usize>(text: &str) -> [c_char; N] {
    let mut field = [0; N];
    for (place, byte) in field[..N - 1].iter_mut().zip(text.bytes()) {
        *place = byte as c_char;
    }
    field
}
