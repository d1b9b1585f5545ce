//! The links: what AT+CIPSTART opens and AT+CIPCLOSE closes.

use std::net::SocketAddr;

use super::job::OpenRequest;
use crate::net::stack::Socket;

/// The transport of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A TCP connection.
    Tcp,
    /// A UDP socket with a remote address.
    Udp(UdpMode),
}

/// What arriving datagrams do to a UDP link's remote address (the `<mode>` of AT+CIPSTART).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpMode {
    /// 0: it stays.
    Fixed,
    /// 1: the first sender that differs becomes it, once.
    FirstSender,
    /// 2: it is always the last sender.
    LastSender,
}

/// An open link.
#[derive(Clone, Debug)]
pub struct Link {
    /// TCP or UDP.
    pub transport: Transport,
    /// Its socket.
    pub socket: Socket,
    /// The other end.
    pub remote: SocketAddr,
    /// Its own port.
    pub local_port: u16,
    /// True: a client of the module's own server.
    pub accepted: bool,
    /// What opened it, to open it again in passthrough; `None` for a client of the module's server.
    pub target: Option<OpenRequest>,
}

impl Link {
    /// The type string of AT+CIPSTATE.
    pub fn type_name(&self) -> &'static str {
        match self.transport {
            Transport::Tcp => "TCP",
            Transport::Udp(_) => "UDP",
        }
    }

    /// A datagram came from `from`.
    pub fn heard_from(&mut self, from: SocketAddr) {
        if let Transport::Udp(mode) = &mut self.transport
            && from != self.remote
            && *mode != UdpMode::Fixed
        {
            self.remote = from;
            if *mode == UdpMode::FirstSender {
                *mode = UdpMode::Fixed;
            }
        }
    }
}

/// All links of a module, by id.
#[derive(Debug)]
pub struct Links {
    slots: Vec<Option<Link>>,
}

impl Links {
    /// `count` closed links.
    pub fn new(count: usize) -> Self {
        Links { slots: vec![None; count] }
    }

    /// The open link `id`.
    pub fn get(&self, id: usize) -> Option<&Link> {
        self.slots.get(id)?.as_ref()
    }

    /// The open link `id`.
    pub fn get_mut(&mut self, id: usize) -> Option<&mut Link> {
        self.slots.get_mut(id)?.as_mut()
    }

    /// Makes `link` number `id`.
    pub fn open(&mut self, id: usize, link: Link) {
        if let Some(slot) = self.slots.get_mut(id) {
            *slot = Some(link);
        }
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
mod tests {
    use super::*;
    use crate::net::stack::{Medium, Stack, StackConfig};

    #[test]
    fn the_udp_modes_follow_their_sender() {
        let addr = |n: u16| SocketAddr::from(([192, 168, 1, 1], n));
        let mut stack = Stack::new(&StackConfig {
            name: "module".to_owned(),
            seed: 1,
            medium: Medium::Ip,
            mtu: 1500,
            tcp_rx: 1,
            tcp_tx: 1,
        });
        let mut remotes = |mode| {
            let socket = stack.udp_open(None).expect("a port is free");
            let transport = Transport::Udp(mode);
            let mut link =
                Link { transport, socket, remote: addr(1), local_port: 9, accepted: false, target: None };
            [1, 2, 3, 2].map(|from| {
                link.heard_from(addr(from));
                link.remote.port()
            })
        };
        assert_eq!(remotes(UdpMode::Fixed), [1, 1, 1, 1]);
        assert_eq!(remotes(UdpMode::FirstSender), [1, 2, 2, 2]);
        assert_eq!(remotes(UdpMode::LastSender), [1, 2, 3, 2]);
    }
}
