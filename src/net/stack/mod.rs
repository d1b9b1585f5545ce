//! One node's IP stack.
//!
//! TCP, ICMP and reassembly are smoltcp's. The stack is sans-IO: frames are pushed in with
//! [`Stack::receive`], time with [`Stack::poll`], frames to send are pulled out with [`Stack::take_frame`].
//!
//! The contract: after every call that may have something to send (receive, connect, send, recv, close, ...)
//! the owner calls `poll` at that same instant, and it calls `poll` again at [`Stack::next_timer`] at the
//! latest. Frames that arrive at an instant are handed in before timers of that instant are polled. Under
//! this contract extra polls change nothing: neither what is sent, nor when.

mod types;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub use types::*;

use crate::time::{Duration, Instant};

/// Largest UDP payload in bytes; larger packets than the MTU are sent in fragments.
pub const MAX_DATAGRAM: usize = 16_376;
/// How many datagrams may wait in each direction of a UDP socket.
pub const UDP_QUEUE: usize = 32;

/// One node's IP stack. See the module's documentation for the contract.
pub struct Stack {
    mac: Option<[u8; 6]>,
    ipv4: Option<Ipv4Config>,
}

#[allow(unused_variables)] // first draft: signatures only
impl Stack {
    pub fn new(config: &StackConfig) -> Stack {
        let mac = match config.medium {
            Medium::Ethernet { mac } => Some(mac),
            Medium::Ip => None,
        };
        Stack { mac, ipv4: None }
    }
    pub fn mac(&self) -> Option<[u8; 6]> {
        self.mac
    }
    pub fn set_up(&mut self, now: Instant, up: bool) {}
    pub fn is_up(&self) -> bool {
        true
    }
    pub fn dhcp_start(&mut self, now: Instant, hostname: Option<&str>) {}
    pub fn dhcp_stop(&mut self) {}
    pub fn take_dhcp_event(&mut self) -> Option<DhcpEvent> {
        None
    }
    pub fn set_ipv4(&mut self, config: Option<Ipv4Config>) {
        self.ipv4 = config;
    }
    pub fn ipv4(&self) -> Option<&Ipv4Config> {
        self.ipv4.as_ref()
    }
    pub fn set_dns(&mut self, servers: &[Ipv4Addr]) {}
    /// Sends a gratuitous ARP request for the node's address with the next poll.
    pub fn announce(&mut self) {}
    pub fn tcp_connect(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local_port: Option<u16>,
        options: &TcpOptions,
    ) -> Result<Socket, ConnectError> {
        Err(ConnectError::NoRoute)
    }
    pub fn tcp_listen(
        &mut self,
        port: u16,
        backlog: usize,
        options: &TcpOptions,
    ) -> Result<Socket, ListenError> {
        Err(ListenError::BadPort)
    }
    pub fn tcp_accept(&mut self, listener: Socket) -> Option<(Socket, SocketAddr)> {
        None
    }
    pub fn tcp_state(&self, s: Socket) -> TcpState {
        TcpState::Closed(CloseReason::Local)
    }
    pub fn tcp_remote(&self, s: Socket) -> Option<SocketAddr> {
        None
    }
    pub fn tcp_local(&self, s: Socket) -> Option<SocketAddr> {
        None
    }
    pub fn tcp_send(&mut self, s: Socket, data: &[u8]) -> usize {
        0
    }
    pub fn tcp_send_free(&self, s: Socket) -> usize {
        0
    }
    pub fn tcp_unsent(&self, s: Socket) -> usize {
        0
    }
    pub fn tcp_readable(&self, s: Socket) -> usize {
        0
    }
    pub fn tcp_recv(&mut self, s: Socket, max: usize) -> Vec<u8> {
        Vec::new()
    }
    pub fn tcp_close(&mut self, s: Socket) {}
    pub fn tcp_abort(&mut self, s: Socket) {}
    pub fn release(&mut self, s: Socket) {}
    pub fn udp_open(&mut self, local_port: Option<u16>) -> Result<Socket, UdpError> {
        Err(UdpError::PortInUse)
    }
    pub fn udp_send(&mut self, s: Socket, to: SocketAddr, data: &[u8]) -> Result<(), UdpError> {
        Err(UdpError::NoAddress)
    }
    pub fn udp_recv(&mut self, s: Socket) -> Option<Datagram> {
        None
    }
    pub fn udp_local_port(&self, s: Socket) -> Option<u16> {
        None
    }
    pub fn join_multicast(&mut self, group: IpAddr) {}
    pub fn leave_multicast(&mut self, group: IpAddr) {}
    pub fn ping_start(&mut self, now: Instant, to: IpAddr, payload_len: usize, timeout: Duration) -> Socket {
        Socket(0)
    }
    pub fn ping_state(&self, s: Socket) -> PingState {
        PingState::TimedOut
    }
    pub fn dns_start(&mut self, now: Instant, name: &str) -> Socket {
        Socket(0)
    }
    pub fn dns_state(&self, s: Socket) -> DnsState {
        DnsState::Failed
    }
    pub fn receive(&mut self, frame: Vec<u8>) {}
    pub fn poll(&mut self, now: Instant) {}
    pub fn next_timer(&self) -> Option<Instant> {
        None
    }
    pub fn take_frame(&mut self) -> Option<Vec<u8>> {
        None
    }
}
