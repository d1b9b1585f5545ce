//! A DNS server's socket: it asks the [`DnsServer`] for the answer, and sends it when it has thought long enough.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};

use simple_dns::QTYPE;

use super::contract::{Events, Service};
use crate::net::config::{DnsBehaviour, DnsConfig};
use crate::net::dns_message::parse_checked;
use crate::net::dns_server::DnsServer;
use crate::net::event::{HostEvent, QuestionEvent};
use crate::net::stack::{ListenError, Port, Stack};
use crate::time::Instant;

/// The server's UDP port.
const PORT: u16 = 53;

/// The socket, and the answers that wait for their time.
pub(in crate::net) struct Server {
    port: Port,
    waiting: VecDeque<(Instant, SocketAddr, Vec<u8>)>,
    /// Which names it answers.
    pub(in crate::net) names: Names,
}

/// Which names a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net) enum Names {
    /// Those that it knows.
    Own,
    /// None, and says nothing.
    Silent,
    /// Every one with this address.
    All(Ipv4Addr),
}

impl Server {
    pub(in crate::net) fn new(stack: &mut Stack) -> Result<Self, ListenError> {
        let port = stack.udp_open(Some(PORT)).map_err(|_| ListenError::PortInUse)?;
        Ok(Server { port, waiting: VecDeque::new(), names: Names::Own })
    }

    /// Reads questions and sends answers that are due. True when there were any: the stack must be polled again.
    pub(in crate::net) fn poll(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        dns: &DnsServer,
        mut events: Option<&mut Events>,
    ) -> bool {
        let mut moved = false;
        while let Some(datagram) = stack.udp_recv(self.port) {
            moved = true;
            if let (Some(events), Some(question)) =
                (events.as_deref_mut(), question(datagram.from, &datagram.data))
            {
                events.add(HostEvent::Dns(question));
            }
            let answer = match self.names {
                Names::Own => dns.answer(&datagram.data),
                Names::Silent => None,
                Names::All(address) => DnsServer::of_everything(&datagram.data, address),
            };
            if let Some(answer) = answer {
                let due = now + dns.behaviour.delay;
                let place = self.waiting.partition_point(|(at, ..)| *at <= due);
                self.waiting.insert(place, (due, datagram.from, answer));
            }
        }
        while self.waiting.front().is_some_and(|(at, ..)| *at <= now)
            && let Some((_, to, answer)) = self.waiting.pop_front()
        {
            moved = true;
            // What cannot be sent is lost; the client asks again.
            let _ = stack.udp_send(self.port, to, &answer);
        }
        moved
    }

    /// When [`Server::poll`] must be called at the latest.
    pub(in crate::net) fn next_timer(&self) -> Option<Instant> {
        self.waiting.front().map(|(at, ..)| *at)
    }
}

/// The DNS server of a host: the socket, and what it knows.
pub(super) struct HostServer {
    server: Server,
    names: DnsServer,
}

impl HostServer {
    pub(super) fn new(stack: &mut Stack, config: &DnsConfig) -> Result<Self, ListenError> {
        Ok(HostServer { server: Server::new(stack)?, names: DnsServer::new(config) })
    }
}

impl Service for HostServer {
    fn poll(&mut self, now: Instant, stack: &mut Stack, events: &mut Events) -> bool {
        self.server.poll(now, stack, &self.names, Some(events))
    }

    fn next_timer(&self) -> Option<Instant> {
        self.server.next_timer()
    }

    fn stop(self: Box<Self>, stack: &mut Stack) {
        stack.udp_release(self.server.port);
    }

    fn dns_behaviour(&mut self) -> Option<&mut DnsBehaviour> {
        Some(&mut self.names.behaviour)
    }
}

/// What a client asks.
fn question(peer: SocketAddr, query: &[u8]) -> Option<QuestionEvent> {
    let packet = parse_checked(query).ok()?;
    let question = packet.questions.first()?;
    let record = match question.qtype {
        QTYPE::TYPE(kind) => format!("{kind:?}"),
        other => format!("{other:?}"),
    };
    Some(QuestionEvent { peer, name: question.qname.to_string(), record })
}
