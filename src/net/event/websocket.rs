//! Events of a WebSocket server.

use std::fmt;
use std::net::SocketAddr;

use super::{excerpt, word};
use crate::net::websocket::opcode;

/// Something about a client of a WebSocket server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketEvent {
    /// Its address.
    pub peer: SocketAddr,
    /// What.
    pub news: WebSocketNews,
}

/// What there is to tell of a client of a WebSocket server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketNews {
    /// The handshake is over.
    Connected {
        /// What it asked for, with the query.
        path: String,
        /// The protocol that was agreed on.
        protocol: Option<String>,
    },
    /// It was refused with this status.
    Refused(u16),
    /// A message, a ping or a pong has come: its opcode and its content.
    Received(u8, Vec<u8>),
    /// Its connection is over.
    Ended(WebSocketEnd),
}

/// How the connection of a WebSocket client ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketEnd {
    /// By a close frame of the client, which may be the answer to the server's: its code, and its reason.
    Closed(Option<u16>, Vec<u8>),
    /// The client has broken the protocol, and was told this code.
    Broken(u16),
    /// The connection is lost, or closed without a close frame.
    Lost,
}

impl fmt::Display for WebSocketEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WebSocketEvent { peer, news } = self;
        match news {
            WebSocketNews::Connected { path, protocol } => {
                write!(f, "connected {} from {peer}", word(path))?;
                protocol.as_ref().map_or(Ok(()), |protocol| write!(f, ", protocol {}", word(protocol)))
            }
            WebSocketNews::Refused(status) => write!(f, "refused {peer}: {status}"),
            WebSocketNews::Received(opcode, data) => {
                let what = match *opcode {
                    opcode::TEXT => "text",
                    opcode::BINARY => "binary",
                    opcode::PING => "ping",
                    opcode::PONG => "pong",
                    _ => "frame",
                };
                write!(f, "received from {peer}: {}, {} bytes, {what}", excerpt(data), data.len())
            }
            WebSocketNews::Ended(WebSocketEnd::Closed(None, _)) => write!(f, "closed {peer}"),
            WebSocketNews::Ended(WebSocketEnd::Closed(Some(code), reason)) => {
                write!(f, "closed {peer}: {code} {}", excerpt(reason))
            }
            WebSocketNews::Ended(WebSocketEnd::Broken(code)) => {
                write!(f, "closed {peer}: bad frame, answered with {code}")
            }
            WebSocketNews::Ended(WebSocketEnd::Lost) => write!(f, "closed {peer}: connection lost"),
        }
    }
}
