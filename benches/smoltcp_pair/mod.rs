//! Two smoltcp stacks joined back to back, with a connection between them: what moving segments costs when
//! there is nothing but smoltcp.

use std::collections::VecDeque;

use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

/// The module's MTU and socket buffers.
const MTU: usize = 1480;
const MODULE_BUFFER: usize = 5760;
/// The hosts' socket buffers.
const HOST_BUFFER: usize = 65_535;
/// How long a packet is under way.
const LATENCY: Duration = Duration::from_millis(17);

/// One end.
struct End {
    iface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    device: Queues,
}

impl End {
    fn new(address: u8, buffer: usize) -> End {
        let mut device = Queues::default();
        let mut iface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, Instant::ZERO);
        iface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(IpAddress::v4(10, 0, 0, address), 24)).expect("room for an address");
        });
        let mut sockets = SocketSet::new(Vec::new());
        let buffer = || tcp::SocketBuffer::new(vec![0; buffer]);
        let socket = sockets.add(tcp::Socket::new(buffer(), buffer()));
        End { iface, sockets, socket, device }
    }

    fn tcp(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    /// Sends and receives until nothing moves.
    fn poll(&mut self, now: Instant) {
        while self.iface.poll(now, &mut self.device, &mut self.sockets) == PollResult::SocketStateChanged {}
    }

    fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        self.iface.poll_at(now, &self.sockets)
    }
}

/// Two ends and the packets between them.
pub struct Pair {
    client: End,
    server: End,
    now: Instant,
    /// Packets under way to the server and to the client, with their times of arrival.
    flying: [VecDeque<(Instant, Vec<u8>)>; 2],
    /// Bytes that the server has read.
    pub received: usize,
    /// Packets that arrived at the server, and at the client.
    pub packets: [usize; 2],
}

impl Pair {
    /// Two ends with a connection.
    pub fn connected() -> Pair {
        let mut client = End::new(1, MODULE_BUFFER);
        let mut server = End::new(2, HOST_BUFFER);
        server.tcp().listen(80).expect("listen");
        let context = client.iface.context();
        let socket = client.sockets.get_mut::<tcp::Socket<'_>>(client.socket);
        socket.connect(context, (IpAddress::v4(10, 0, 0, 2), 80), 50_000).expect("connect");
        let mut pair = Pair {
            client,
            server,
            now: Instant::ZERO,
            flying: [VecDeque::new(), VecDeque::new()],
            received: 0,
            packets: [0; 2],
        };
        pair.client.poll(pair.now);
        while !pair.client.tcp().may_send() || !pair.server.tcp().may_send() {
            pair.step();
        }
        pair
    }

    /// Sends `data` and waits until the server has read all of it.
    pub fn send(&mut self, mut data: &[u8]) {
        let end = self.received + data.len();
        while self.received < end {
            let taken = self.client.tcp().send_slice(data).expect("the connection is open");
            data = &data[taken..];
            self.client.poll(self.now);
            self.step();
        }
    }

    /// Goes to the next instant at which something happens.
    fn step(&mut self) {
        let [to_server, to_client] = &mut self.flying;
        for (from, to) in [(&mut self.client, &mut *to_server), (&mut self.server, &mut *to_client)] {
            to.extend(from.device.tx.drain(..).map(|packet| (self.now + LATENCY, packet)));
        }
        let timers = [self.client.poll_at(self.now), self.server.poll_at(self.now)];
        let arrivals = [to_server.front().map(|(at, _)| *at), to_client.front().map(|(at, _)| *at)];
        let next = timers.into_iter().chain(arrivals).flatten().min().expect("something is under way");
        self.now = self.now.max(next);
        for (i, (to, end)) in
            [(to_server, &mut self.server), (to_client, &mut self.client)].into_iter().enumerate()
        {
            while to.front().is_some_and(|(at, _)| *at <= self.now) {
                end.device.rx.extend(to.pop_front().map(|(_, packet)| packet));
                self.packets[i] += 1;
            }
            end.poll(self.now);
        }
        let received = &mut self.received;
        while self.server.tcp().can_recv() {
            let read = self.server.tcp().recv(|data| (data.len(), data.len()));
            *received += read.expect("the connection is open");
        }
        self.server.poll(self.now);
    }
}

/// Packets in and out of one stack, each in a buffer of its own.
#[derive(Default)]
struct Queues {
    rx: VecDeque<Vec<u8>>,
    tx: VecDeque<Vec<u8>>,
}

struct Received(Vec<u8>);
struct Room<'a>(&'a mut VecDeque<Vec<u8>>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Room<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Queues {
    type RxToken<'a> = Received;
    type TxToken<'a> = Room<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Room<'_>)> {
        let packet = self.rx.pop_front()?;
        Some((Received(packet), Room(&mut self.tx)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Room<'_>> {
        Some(Room(&mut self.tx))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}
