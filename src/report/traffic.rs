//! Links from their opening to their end, which of them a packet is of, and whether it has passed before.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::at::{LinkChange, LinkEvent, LinkProtocol};
use crate::net::dissect::Dissected;
use crate::time::Instant;

/// A link while it was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The place of its module.
    pub module: usize,
    /// Its number, 0 to 4.
    pub id: usize,
    /// What it carries its data over.
    pub protocol: LinkProtocol,
    /// The other end.
    pub peer: SocketAddr,
    /// Its own port; 0: it was closed in the instant of its opening.
    pub own_port: u16,
    /// A client of the module's server has opened it.
    pub accepted: bool,
    /// When it opened.
    pub from: Instant,
    /// When it ended, and how; `None`: it was open at the end of the run.
    pub end: Option<(Instant, &'static str)>,
}

/// All links of a run.
#[derive(Debug, Default)]
pub struct Links {
    /// In the order of their opening.
    pub all: Vec<Link>,
    /// Those that are open, by module and number.
    open: BTreeMap<(usize, usize), usize>,
    /// By module and own port.
    by_port: BTreeMap<(usize, u16), Vec<usize>>,
}

impl Links {
    /// Something has happened to a link. `own_port`: of one that opens.
    pub fn event(&mut self, module: usize, at: Instant, event: &LinkEvent, own_port: u16) {
        let LinkEvent { id, protocol, peer, change } = event;
        match change {
            LinkChange::Opened | LinkChange::Accepted => {
                self.end(module, *id, at, "replaced");
                let accepted = *change == LinkChange::Accepted;
                self.open.insert((module, *id), self.all.len());
                self.by_port.entry((module, own_port)).or_default().push(self.all.len());
                let (id, protocol, peer) = (*id, *protocol, *peer);
                self.all.push(Link { module, id, protocol, peer, own_port, accepted, from: at, end: None });
            }
            LinkChange::Closed => self.end(module, *id, at, "closed"),
            // `Closed` follows, or it was never open.
            LinkChange::GaveUp | LinkChange::Failed(_) | LinkChange::Lost(_) => {}
        }
    }

    /// The module does not run any more: its links are gone without a word.
    pub fn gone(&mut self, module: usize, at: Instant) {
        for id in 0..5 {
            self.end(module, id, at, "gone: the module does not run");
        }
    }

    fn end(&mut self, module: usize, id: usize, at: Instant, how: &'static str) {
        if let Some(link) = self.open.remove(&(module, id)).and_then(|index| self.all.get_mut(index)) {
            link.end = Some((at, how));
        }
    }

    /// The link that a packet between these ends is of, which passed the module's radio at `at`. `inbound`: to the module.
    pub fn of(
        &self,
        module: usize,
        at: Instant,
        inbound: bool,
        ends: (SocketAddr, SocketAddr),
        protocol: &str,
    ) -> Option<usize> {
        let (own, peer) = if inbound { (ends.1, ends.0) } else { ends };
        let candidates = self.by_port.get(&(module, own.port())).filter(|_| own.port() != 0)?;
        let fits = |index: &&usize| {
            let link = &self.all[**index];
            // A UDP link may talk to others than the one that it was opened to.
            if link.protocol == LinkProtocol::Udp {
                protocol == "UDP"
            } else {
                protocol != "UDP" && link.peer == peer
            }
        };
        let mut fitting = candidates.iter().filter(fits);
        // Handshakes come before a link is open, and last words after it is closed.
        let first = fitting.clone().find(|index| self.all[**index].end.is_none_or(|(end, _)| end >= at));
        first.or_else(|| fitting.next_back()).copied()
    }
}

/// How far the stream of each TCP connection has come.
#[derive(Debug, Default)]
pub struct Sent {
    next: BTreeMap<(usize, String), u32>,
}

impl Sent {
    /// True: bytes of this segment passed here before.
    pub fn again(&mut self, interface: usize, what: &Dissected<'_>) -> bool {
        let (Some((place, length)), Some((from, to))) = (what.places, what.ends) else { return false };
        if length == 0 {
            return false;
        }
        let key = (interface, format!("{from} {to}"));
        let after = place.wrapping_add(length);
        let is_start = what.info.starts_with("SYN");
        match self.next.get_mut(&key) {
            // Places wrap around; half of them are behind.
            Some(next) if !(is_start && *next != after) && after.wrapping_sub(*next) as i32 <= 0 => true,
            Some(next) => {
                *next = after;
                false
            }
            None => {
                self.next.insert(key, after);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_of_the_link_that_has_its_ports_at_that_time() {
        let [own, peer, other]: [SocketAddr; 3] =
            ["192.168.1.100:5000", "10.0.0.1:80", "10.0.0.2:80"].map(|a| a.parse().expect("an address"));
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        let mut links = Links::default();
        let mut event = |ms, change, protocol, peer| {
            links.event(0, at(ms), &LinkEvent { id: 0, protocol, peer, change }, own.port());
        };
        event(10, LinkChange::Opened, LinkProtocol::Tcp, peer);
        event(20, LinkChange::Closed, LinkProtocol::Tcp, peer);
        event(30, LinkChange::Opened, LinkProtocol::Tcp, peer);
        event(40, LinkChange::Closed, LinkProtocol::Tcp, peer);
        event(50, LinkChange::Opened, LinkProtocol::Udp, peer);
        let of = |ms, inbound, ends, protocol| links.of(0, at(ms), inbound, ends, protocol);
        assert_eq!(of(9, false, (own, peer), "TCP"), Some(0), "the SYN before it was open");
        assert_eq!(of(25, true, (peer, own), "TCP"), Some(1), "the handshake of the second");
        assert_eq!(of(45, true, (peer, own), "TCP"), Some(1), "the last ACK of the second");
        assert_eq!(of(15, false, (own, other), "TCP"), None, "to somebody else");
        assert_eq!(of(55, true, (other, own), "UDP"), Some(2), "a datagram from somebody else");
        assert_eq!(links.of(1, at(15), false, (own, peer), "TCP"), None, "of another module");
        links.gone(0, at(60));
        assert_eq!(links.all[2].end.map(|(end, _)| end), Some(at(60)));
    }
}
