//! What listens on a host: HTTP and echo servers, sans-IO on top of a node's [`Stack`].

use super::config::ServiceConfig;
use super::stack::{ListenError, Stack};
use crate::time::Instant;

/// Something that a service did, for the world's observations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `http`, `tcp-echo` or `udp-echo`.
    pub service: &'static str,
    /// One line, such as `GET /status from 192.168.1.100:49153 -> 200, 17 bytes`.
    pub text: String,
}

/// The services of one host.
pub struct Services;

#[allow(unused_variables)] // first draft: signatures only
impl Services {
    pub fn new(stack: &mut Stack, configs: &[ServiceConfig]) -> Result<Services, ListenError> {
        Ok(Services)
    }
    pub fn poll(&mut self, now: Instant, stack: &mut Stack) -> bool {
        false
    }
    pub fn next_timer(&self) -> Option<Instant> {
        None
    }
    pub fn take_note(&mut self) -> Option<Note> {
        None
    }
}
