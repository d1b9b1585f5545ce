//! UDP ports. smoltcp receives (ports, reassembly, "port unreachable"); the stack itself sends, because
//! smoltcp drops a second large datagram of one poll and reports neither that nor a datagram too large.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use smoltcp::iface::SocketHandle;
use smoltcp::socket::udp;

use super::{Datagram, EPHEMERAL, MAX_DATAGRAM, Port, Stack, UDP_QUEUE, UdpError, packet};

/// Bytes that may wait in a UDP socket to be read: two of the largest datagrams.
const RECEIVE_BYTES: usize = 2 * (MAX_DATAGRAM + 8);

/// What belongs to a [`Port`].
pub(super) struct Bound {
    handle: SocketHandle,
    number: u16,
    /// The own address that datagrams come from, where the way to their destination does not say it.
    source: Option<IpAddr>,
    /// How many routers its datagrams may pass.
    hops: u8,
    /// Datagrams handed over since the last poll.
    pub(super) queued: usize,
}

impl Bound {
    pub(super) fn number(&self) -> u16 {
        self.number
    }
}

impl Stack {
    /// Opens a UDP port: `local_port`, or on an ephemeral one.
    ///
    /// # Errors
    /// [`UdpError::PortInUse`] when the port is 0 or taken.
    pub fn udp_open(&mut self, local_port: Option<u16>) -> Result<Port, UdpError> {
        let used: BTreeSet<u16> = self.ports.values().map(|p| p.number).collect();
        let number = match local_port {
            Some(port) if port != 0 && !used.contains(&port) => port,
            Some(_) => return Err(UdpError::PortInUse),
            None => {
                let port = free_port(self.last_udp_port, &used).ok_or(UdpError::PortInUse)?;
                self.last_udp_port = port;
                port
            }
        };
        let received =
            udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; UDP_QUEUE], vec![0; RECEIVE_BYTES]);
        let sent = udp::PacketBuffer::new(Vec::new(), Vec::new());
        let mut socket = udp::Socket::new(received, sent);
        socket.bind(number).map_err(|_| UdpError::PortInUse)?;
        let handle = self.sockets.add(socket);
        let id = Port(self.next_handle());
        self.ports.insert(id, Bound { handle, number, source: None, hops: packet::HOPS, queued: 0 });
        Ok(id)
    }

    /// Sends a datagram with the next poll; broadcast and multicast addresses are fine.
    ///
    /// # Errors
    /// See [`UdpError`]. A datagram whose neighbour does not answer is lost without an error, as on
    /// every stack.
    pub fn udp_send(&mut self, port: Port, to: SocketAddr, data: &[u8]) -> Result<(), UdpError> {
        let bound = self.ports.get(&port).ok_or(UdpError::NotOpen)?;
        let (number, hops, queued) = (bound.number, bound.hops, bound.queued);
        let address = to.ip();
        if address.is_unspecified() || to.port() == 0 {
            return Err(UdpError::BadRemote);
        }
        if data.len() > MAX_DATAGRAM {
            return Err(UdpError::TooLarge);
        }
        let own = self.udp_source(port, address).ok_or(UdpError::NoAddress)?;
        if !self.is_many(address) && !self.has_way(own, address) {
            return Err(UdpError::NoRoute);
        }
        if queued >= UDP_QUEUE {
            return Err(UdpError::QueueFull);
        }
        let ident = self.next_ident();
        let to = (address, to.port());
        self.outbox.push_back(packet::udp_with_hops((own, number), to, ident, hops, data));
        if let Some(bound) = self.ports.get_mut(&port) {
            bound.queued += 1;
        }
        self.dirty = true;
        Ok(())
    }

    /// Sends from this own address from now on, whatever the way to a destination of its family says.
    pub fn udp_send_from(&mut self, port: Port, source: IpAddr) {
        if let Some(bound) = self.ports.get_mut(&port) {
            bound.source = Some(source);
        }
    }

    /// Lets its datagrams pass so many routers from now on; 64 before.
    pub fn udp_set_hops(&mut self, port: Port, hops: u8) {
        if let Some(bound) = self.ports.get_mut(&port) {
            bound.hops = hops;
        }
    }

    /// The address from which a datagram for `to` would come.
    pub(super) fn udp_source(&self, port: Port, to: IpAddr) -> Option<IpAddr> {
        let set = self.ports.get(&port)?.source.filter(|source| source.is_ipv4() == to.is_ipv4());
        set.or_else(|| self.source_for(to))
    }

    /// Takes the next received datagram. When more than [`UDP_QUEUE`] wait, later ones are lost.
    pub fn udp_recv(&mut self, port: Port) -> Option<Datagram> {
        let handle = self.ports.get(&port)?.handle;
        let (data, meta) = self.sockets.get_mut::<udp::Socket>(handle).recv().ok()?;
        let from = SocketAddr::new(meta.endpoint.addr.into(), meta.endpoint.port);
        Some(Datagram { from, local: meta.local_address.map(Into::into), data: data.to_vec() })
    }

    /// Bytes of the datagram that [`Stack::udp_recv`] takes next; `None`: there is none.
    pub fn udp_next_len(&mut self, port: Port) -> Option<usize> {
        let handle = self.ports.get(&port)?.handle;
        self.sockets.get_mut::<udp::Socket>(handle).peek().ok().map(|(data, _)| data.len())
    }

    /// True when this port is open.
    pub fn udp_listens(&self, port: u16) -> bool {
        self.ports.values().any(|bound| bound.number == port)
    }

    /// Its number.
    pub fn udp_local_port(&self, port: Port) -> Option<u16> {
        self.ports.get(&port).map(|p| p.number)
    }

    /// Closes it, and forgets what waits there.
    pub fn udp_release(&mut self, port: Port) {
        if let Some(bound) = self.ports.remove(&port) {
            self.sockets.remove(bound.handle);
        }
    }
}

/// The next ephemeral port after `last` that is not in `used`.
pub(super) fn free_port(last: u16, used: &BTreeSet<u16>) -> Option<u16> {
    (last.max(EPHEMERAL)..=u16::MAX).skip(1).chain(EPHEMERAL..=last).find(|p| !used.contains(p))
}
