//! Answers about the network: links, hosts, DNS servers, AT links, frames.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use crate::at::LinkState;
use crate::net::config::{DnsBehaviour, Faults, HostConfig, LinkFaults};
use crate::time::Instant;
use crate::world::console::{Change, DnsChange, LinkChange, Name};

/// `dns`: a DNS server.
#[derive(Serialize)]
pub(in crate::world) struct DnsRow {
    name: String,
    /// As `dns NAME answers` has it.
    answers: &'static str,
    delay_ns: u64,
    #[serde(skip)]
    change: DnsChange,
}

impl DnsRow {
    pub fn new(name: String, behaviour: DnsBehaviour) -> DnsRow {
        let delay_ns = behaviour.delay.as_nanos();
        DnsRow { name, answers: behaviour.answers.word(), delay_ns, change: behaviour.into() }
    }
}

impl fmt::Display for DnsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Change::Dns { name: self.name.clone(), change: self.change }.fmt(f)
    }
}

/// `link`: how the link of a module or host behaves.
#[derive(Serialize)]
pub(in crate::world) struct NetworkLinkRow {
    name: String,
    upstream: LinkWay,
    downstream: LinkWay,
    #[serde(skip)]
    faults: LinkFaults,
}

/// How one direction of a link behaves. The names are those of the settings of `link`, with their units.
#[derive(Serialize)]
struct LinkWay {
    latency_ns: u64,
    jitter_ns: u64,
    distribution: &'static str,
    loss_ppm: u32,
    /// Chances of the Gilbert-Elliott model: p, r, 1-h, 1-k.
    gemodel_ppm: Option<[u32; 4]>,
    corrupt_ppm: u32,
    duplicate_ppm: u32,
    reorder_ppm: u32,
    gap: u32,
    /// Bits per second; `null`: unlimited.
    rate_bps: Option<u64>,
    limit: u32,
    mtu: u16,
    down: bool,
}

impl From<&Faults> for LinkWay {
    fn from(way: &Faults) -> LinkWay {
        LinkWay {
            latency_ns: way.latency.as_nanos(),
            jitter_ns: way.jitter.as_nanos(),
            distribution: way.distribution.word(),
            loss_ppm: way.loss_ppm,
            gemodel_ppm: way.bursts.map(|model| [model.p, model.r, model.bad, model.good]),
            corrupt_ppm: way.corrupt_ppm,
            duplicate_ppm: way.duplicate_ppm,
            reorder_ppm: way.reorder_ppm,
            gap: way.gap,
            rate_bps: way.rate_bps,
            limit: way.limit,
            mtu: way.mtu,
            down: way.down,
        }
    }
}

impl NetworkLinkRow {
    pub fn new(name: &str, faults: &LinkFaults) -> NetworkLinkRow {
        NetworkLinkRow {
            name: name.to_owned(),
            upstream: (&faults.up).into(),
            downstream: (&faults.down).into(),
            faults: faults.clone(),
        }
    }
}

impl fmt::Display for NetworkLinkRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changes = LinkChange::of(&self.faults).into_iter();
        let lines: Vec<String> =
            changes.map(|change| Change::Link { name: self.name.clone(), change }.to_string()).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// `links`: an open AT link.
#[derive(Serialize)]
pub(in crate::world) struct LinkRow {
    module: String,
    /// Its number, 0 to 4.
    id: usize,
    /// As AT+CIPSTATE has it.
    protocol: &'static str,
    /// Address and port of the other end.
    peer: SocketAddr,
    local_port: u16,
    /// A client of the module's own server has opened it.
    accepted: bool,
    /// Its data waits until the host reads it (AT+CIPRECVMODE=1).
    passive: bool,
    /// Bytes that have been received and not yet been handed to the MCU.
    waiting: usize,
    /// Bytes that the other end has not acknowledged yet.
    unsent: usize,
}

impl LinkRow {
    pub fn new(module: &str, link: &LinkState) -> LinkRow {
        let &LinkState { id, protocol, peer, local_port, accepted, passive, waiting, unsent } = link;
        let (module, protocol) = (module.to_owned(), protocol.name(peer.ip()));
        LinkRow { module, id, protocol, peer, local_port, accepted, passive, waiting, unsent }
    }
}

impl fmt::Display for LinkRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LinkRow { module, id, protocol, peer, local_port, waiting, unsent, .. } = self;
        write!(f, "links {}: {id} {protocol} {peer}, own port {local_port}", Name(module))?;
        write!(f, "{}", if self.accepted { ", accepted" } else { "" })?;
        write!(f, "{}", if self.passive { ", passive" } else { "" })?;
        write!(f, ", {waiting} bytes wait for the MCU, {unsent} for the peer")
    }
}

/// `hosts`: a host.
#[derive(Serialize)]
pub(in crate::world) struct HostRow {
    name: String,
    /// Those of the scenario.
    addresses: Vec<IpAddr>,
    /// The names under which DNS knows it.
    dns_names: Vec<String>,
    /// The LAN that it belongs to; `null`: beyond the gateway.
    segment: Option<String>,
    services: Vec<ServiceRow>,
    /// Its TCP connections, the oldest first.
    connections: Vec<ConnectionRow>,
}

/// What a host offers.
#[derive(Serialize)]
struct ServiceRow {
    /// As the scenario calls it.
    service: &'static str,
    port: u16,
}

/// A TCP connection of a host.
#[derive(Serialize)]
struct ConnectionRow {
    port: u16,
    peer: SocketAddr,
}

impl HostRow {
    pub fn new(host: &HostConfig, connections: Vec<(u16, SocketAddr)>) -> HostRow {
        let services = host.services.iter().map(|service| {
            let (service, port) = service.place();
            ServiceRow { service, port }
        });
        HostRow {
            name: host.name.clone(),
            addresses: host.addresses().collect(),
            dns_names: host.dns_names.clone(),
            segment: host.segment.clone(),
            services: services.collect(),
            connections: connections.into_iter().map(|(port, peer)| ConnectionRow { port, peer }).collect(),
        }
    }
}

impl fmt::Display for HostRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |all: Vec<String>| if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
        let addresses = self.addresses.iter().map(IpAddr::to_string).collect();
        let services = self.services.iter().map(|s| format!("{} {}", s.service, s.port)).collect();
        write!(f, "hosts {}: {}", Name(&self.name), list(addresses))?;
        match &self.segment {
            Some(segment) => write!(f, ", on {}", Name(segment))?,
            None => write!(f, ", beyond the gateway")?,
        }
        write!(f, "; offers {}", list(services))?;
        let connections: Vec<String> =
            self.connections.iter().map(|c| format!("{} on port {}", c.peer, c.port)).collect();
        write!(
            f,
            "; connected with {}",
            if connections.is_empty() { "nobody".to_owned() } else { list(connections) }
        )
    }
}

/// `packets`: the frames at the module's end of its radio link.
#[derive(Serialize)]
pub(in crate::world) struct PacketsRow {
    pub module: String,
    pub sent: u64,
    pub received: u64,
    /// On the link, in both directions.
    pub lost: u64,
    /// `null`: none yet.
    pub last_sent: Option<LastFrame>,
    pub last_received: Option<LastFrame>,
}

/// The last frame in a direction.
#[derive(Clone, Copy, Serialize)]
pub(in crate::world) struct LastFrame {
    pub at_ns: u64,
    /// Bytes, without FCS.
    pub length: usize,
}

impl fmt::Display for PacketsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = |frame: &Option<LastFrame>| match frame {
            Some(last) => format!(" (last at {}, {} bytes)", Instant::from_nanos(last.at_ns), last.length),
            None => String::new(),
        };
        let (module, to, from) = (Name(&self.module), last(&self.last_sent), last(&self.last_received));
        write!(
            f,
            "packets {module}: {} sent{to}, {} received{from}, {} lost",
            self.sent, self.received, self.lost
        )
    }
}
