//! The data phase of AT+CIPSEND: exactly as many bytes as were announced, whatever they are.

use std::net::SocketAddr;

use crate::net::stack::Socket;

/// Payload under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The link it is for.
    pub id: usize,
    /// The link's socket when the command ran: another one later means that the link was closed meanwhile.
    pub socket: Socket,
    /// Where a datagram goes.
    pub to: Option<SocketAddr>,
    length: usize,
    data: Vec<u8>,
}

impl Payload {
    /// `length` bytes for link `id`.
    pub fn new(id: usize, socket: Socket, length: usize) -> Self {
        Payload { id, socket, to: None, length, data: Vec::new() }
    }

    /// The same, for a datagram to this address.
    pub fn to(self, to: SocketAddr) -> Self {
        Payload { to: Some(to), ..self }
    }

    /// Takes a byte. True when it was the last one.
    pub fn push(&mut self, byte: u8) -> bool {
        self.data.push(byte);
        self.data.len() >= self.length
    }

    /// What has come so far.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}
