//! What the firmware does on the network by itself: clients of servers, each a state machine over streams and ports of
//! the stack. Commands start and stop them; [`Task`](super::task::Task) polls them.

pub mod http;
pub mod mqtt;
pub mod sntp;
pub mod update;
pub mod websocket;
