//! The links: what AT+CIPSTART opens and AT+CIPCLOSE closes.

use std::net::{IpAddr, SocketAddr};

use super::datagrams::Datagrams;
use super::event::{AtEvent, LinkChange, LinkEvent, LinkProtocol};
use super::options::{BlockSizes, TlsNames};
use super::request::{OpenRequest, Transport, UdpMode};
use crate::net::stack::{Connection, Port, Stack};
use crate::time::Instant;

/// What carries a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A stream.
    Stream(Connection),
    /// Datagrams from and to a port of the module.
    Datagrams(Port, UdpMode),
}

/// One link among all those that a module has had under the same id: a stale one finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkKey {
    /// Its id.
    pub id: usize,
    generation: u64,
}

/// An open link.
#[derive(Clone, Debug)]
pub struct Link {
    /// Stream or datagrams.
    pub kind: Kind,
    /// The other end: where data goes.
    pub remote: SocketAddr,
    /// The other end as AT+CIPSTATE shows it. In passive mode it stays what AT+CIPSTART said, as captured, also
    /// when datagrams have moved `remote`.
    pub shown: SocketAddr,
    /// Its own port.
    pub local_port: u16,
    /// True: a client of the module's own server.
    pub accepted: bool,
    /// It is a stream with TLS.
    pub secure: bool,
    /// What opened it, to open it again in passthrough; `None` for a client of the module's server.
    pub target: Option<OpenRequest>,
    /// When something was last carried that counts for AT+CIPSTO, and how many bytes there were by then.
    pub heard: (Instant, u64),
    /// Passive mode: the host has been told that there is data, and has not read since.
    pub noticed: bool,
    /// Passive mode: when the host is told of a datagram that has come while there was none.
    pub notice_at: Option<Instant>,
    /// Passive mode: datagrams that wait to be read.
    pub datagrams: Datagrams,
    /// The multicast group that AT+CIPSTART has joined.
    pub group: Option<IpAddr>,
    /// UDP mode 1: the first other sender has come.
    moved: bool,
}

impl Link {
    /// A link that is open now.
    pub fn new(now: Instant, kind: Kind, remote: SocketAddr, local_port: u16, accepted: bool) -> Self {
        let group = match kind {
            Kind::Stream(_) => None,
            Kind::Datagrams(..) => Some(remote.ip()).filter(IpAddr::is_multicast),
        };
        Link {
            kind,
            remote,
            shown: remote,
            local_port,
            accepted,
            secure: false,
            target: None,
            heard: (now, 0),
            noticed: false,
            notice_at: None,
            datagrams: Datagrams::default(),
            group,
            moved: false,
        }
    }

    /// The same, opened by this command.
    pub fn opened_by(self, request: OpenRequest) -> Self {
        let secure = matches!(request.transport, Transport::Stream { tls: true, .. });
        Link { target: Some(request), secure, ..self }
    }

    /// The same with TLS, or without.
    pub fn secured(self, secure: bool) -> Self {
        Link { secure, ..self }
    }

    /// What it carries its data over, for those who are told of it.
    pub fn protocol(&self) -> LinkProtocol {
        match self.kind {
            Kind::Stream(_) if self.secure => LinkProtocol::Ssl,
            Kind::Stream(_) => LinkProtocol::Tcp,
            Kind::Datagrams(..) => LinkProtocol::Udp,
        }
    }

    /// The type string of AT+CIPSTATE.
    pub fn type_name(&self) -> &'static str {
        self.protocol().name(self.remote.ip())
    }

    /// What there is to tell when something happens to it, as number `id`.
    pub fn event(&self, id: usize, change: LinkChange) -> AtEvent {
        AtEvent::Link(LinkEvent { id, protocol: self.protocol(), peer: self.remote, change })
    }

    /// Whether its remote address stays as it is, whoever sends.
    pub fn stays(&self) -> bool {
        matches!(self.kind, Kind::Stream(_) | Kind::Datagrams(_, UdpMode::Fixed))
    }

    /// True for a link with a node on the module's own network.
    pub fn is_on_lan(&self, stack: &Stack) -> bool {
        match self.kind {
            Kind::Stream(stream) => stack.stream_is_on_lan(stream),
            Kind::Datagrams(port, _) => stack.udp_is_on_lan(port, self.remote.ip()),
        }
    }

    /// A datagram came from `from`.
    pub fn heard_from(&mut self, from: SocketAddr, passive: bool) {
        let follows = match self.kind {
            Kind::Datagrams(_, UdpMode::FirstSender) => !self.moved && from != self.remote,
            Kind::Datagrams(_, UdpMode::LastSender) => from != self.remote,
            Kind::Datagrams(_, UdpMode::Fixed) | Kind::Stream(_) => false,
        };
        if follows {
            self.moved = true;
            self.remote = from;
            if !passive {
                self.shown = from;
            }
        }
    }
}

/// All links of a module, by id, and what commands set for them. All of it is gone after a restart.
#[derive(Debug)]
pub struct Links {
    /// AT+CIPMUX=1.
    pub multiple: bool,
    /// AT+CIPDINFO=1: `+IPD` names the sender.
    pub sender_info: bool,
    /// AT+CIPMODE=1: received data goes to the UART raw.
    pub passthrough: bool,
    /// AT+CIPRECVMODE=1, by link.
    pub passive: Vec<bool>,
    /// Lengths of TLS data that waits are those of opened records, where there are some.
    pub opened_lengths: bool,
    /// AT+CIPSENDLCFG.
    pub block_sizes: BlockSizes,
    /// What TLS uses, by link.
    pub tls: Vec<TlsNames>,
    /// A link has been open since the station has joined (AT+CIPSTATUS).
    pub had_link: bool,
    slots: Vec<Option<Link>>,
    /// How many links each id has had.
    generations: Vec<u64>,
    /// The id that a running AT+CIPSTART is going to use.
    reserved: Option<usize>,
}

impl Links {
    /// `count` closed links.
    pub fn new(count: usize) -> Self {
        Links {
            multiple: false,
            sender_info: false,
            passthrough: false,
            passive: vec![false; count],
            opened_lengths: false,
            block_sizes: BlockSizes::default(),
            tls: vec![TlsNames::default(); count],
            had_link: false,
            slots: vec![None; count],
            generations: vec![0; count],
            reserved: None,
        }
    }

    /// The open link `id`.
    pub fn get(&self, id: usize) -> Option<&Link> {
        self.slots.get(id)?.as_ref()
    }

    /// The open link `id`.
    pub fn get_mut(&mut self, id: usize) -> Option<&mut Link> {
        self.slots.get_mut(id)?.as_mut()
    }

    /// The link that is open under `id` now, to be found again as long as it is.
    pub fn key(&self, id: usize) -> Option<LinkKey> {
        self.get(id)?;
        Some(LinkKey { id, generation: *self.generations.get(id)? })
    }

    /// The link of this key, while it is open.
    pub fn find(&self, key: LinkKey) -> Option<&Link> {
        self.get(key.id).filter(|_| self.key(key.id) == Some(key))
    }

    /// Makes `link` number `id`, unless that is in use. False: it is.
    pub fn open(&mut self, id: usize, link: Link) -> bool {
        let (Some(slot @ None), Some(generation)) = (self.slots.get_mut(id), self.generations.get_mut(id))
        else {
            return false;
        };
        *slot = Some(link);
        *generation += 1;
        true
    }

    /// Keeps `id` for the command under way: no client of the server gets it.
    pub fn reserve(&mut self, id: usize) {
        self.reserved = Some(id);
    }

    /// The command is over.
    pub fn release_reservation(&mut self) {
        self.reserved = None;
    }

    /// The lowest id that is not in use.
    pub fn free_id(&self) -> Option<usize> {
        (0..self.slots.len()).find(|id| self.slots[*id].is_none() && self.reserved != Some(*id))
    }

    /// How many clients of the module's server are connected.
    pub fn accepted(&self) -> usize {
        self.slots.iter().flatten().filter(|l| l.accepted).count()
    }

    /// Takes link `id` away.
    pub fn close(&mut self, id: usize) -> Option<Link> {
        self.slots.get_mut(id)?.take()
    }

    /// Forgets every link: the chip restarts.
    pub fn forget(&mut self) {
        self.slots.fill(None);
    }

    /// Ids of the open links, ascending.
    pub fn open_ids(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().enumerate().filter_map(|(id, l)| l.as_ref().map(|_| id))
    }

    /// How many links there are, open or not.
    pub fn count(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::net::stack::{Medium, StackConfig};

    fn stack() -> Stack {
        Stack::new(&StackConfig {
            name: "module".to_owned(),
            seed: 1,
            medium: Medium::Ip,
            mtu: 1500,
            tcp_rx: 1,
            tcp_tx: 1,
        })
    }

    /// The key of a link.
    pub(in crate::at) fn key() -> LinkKey {
        LinkKey { id: 0, generation: 1 }
    }

    #[test]
    fn a_key_finds_its_link_and_no_later_one_under_the_same_id() {
        let mut stack = stack();
        let remote = SocketAddr::from(([192, 168, 1, 1], 80));
        let mut link = || {
            let port = stack.udp_open(None).expect("a port is free");
            Link::new(Instant::ZERO, Kind::Datagrams(port, UdpMode::Fixed), remote, 9, false)
        };
        let mut links = Links::new(2);
        assert_eq!(links.key(1), None, "nothing is open");
        links.open(1, link());
        let first = links.key(1).expect("it is open");
        assert!(links.find(first).is_some(), "it is open");
        assert!(!links.open(1, link()), "the id is in use");
        assert!(links.find(first).is_some(), "the link that was there stays");
        links.close(1);
        assert!(links.find(first).is_none(), "it is closed");
        links.open(1, link());
        assert!(links.find(first).is_none(), "another link has its id");
        assert!(links.key(1).is_some_and(|second| links.find(second).is_some()), "the other one is open");
        assert_eq!(links.key(7), None, "there is no such id");
    }

    #[test]
    fn the_udp_modes_follow_their_sender() {
        let addr = |n: u16| SocketAddr::from(([192, 168, 1, 1], n));
        let mut stack = stack();
        let mut remotes = |mode| {
            let port = stack.udp_open(None).expect("a port is free");
            let mut link = Link::new(Instant::ZERO, Kind::Datagrams(port, mode), addr(1), 9, false);
            [1, 2, 3, 2].map(|from| {
                link.heard_from(addr(from), false);
                assert_eq!(link.shown, link.remote);
                link.remote.port()
            })
        };
        assert_eq!(remotes(UdpMode::Fixed), [1, 1, 1, 1]);
        assert_eq!(remotes(UdpMode::FirstSender), [1, 2, 2, 2]);
        assert_eq!(remotes(UdpMode::LastSender), [1, 2, 3, 2]);
        let port = stack.udp_open(None).expect("a port is free");
        let kind = Kind::Datagrams(port, UdpMode::LastSender);
        let mut link = Link::new(Instant::ZERO, kind, addr(1), 9, false);
        link.heard_from(addr(2), true);
        assert_eq!((link.remote, link.shown), (addr(2), addr(1)), "passive mode shows what AT+CIPSTART said");
    }
}
