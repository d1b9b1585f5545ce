//! What stands for a session in a build without TLS: nothing can be one.

use super::{Clock, Config, HostCertificate, Identity, SetupError, State, Version};
use crate::rng::Stream;
use crate::time::Instant;

/// A TLS session. This build has none.
pub enum Session {}

impl Session {
    /// Always [`SetupError::NotBuilt`].
    ///
    /// # Errors
    /// [`SetupError::NotBuilt`].
    pub fn new(_: &Config, _: Stream, _: Clock, _: Instant) -> Result<Session, SetupError> {
        Err(SetupError::NotBuilt)
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        match *self {}
    }

    /// How many bytes of the peer it can use now.
    pub fn wants(&self) -> usize {
        match *self {}
    }

    /// Bytes of the peer.
    pub fn feed(&mut self, _: Instant, _: &[u8]) {
        match *self {}
    }

    /// The peer has ended the connection below.
    pub fn end(&mut self, _: Instant) {
        match *self {}
    }

    /// Does what is due at `now`.
    pub fn poll(&mut self, _: Instant) {
        match *self {}
    }

    /// When `poll` must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        match *self {}
    }

    /// Takes what is to be sent.
    pub fn take(&mut self) -> Vec<u8> {
        match *self {}
    }

    /// True when `take` has something.
    pub fn has_output(&self) -> bool {
        match *self {}
    }

    /// Data that has arrived.
    pub fn read(&mut self, _: usize) -> Vec<u8> {
        match *self {}
    }

    /// How many bytes of data are ready.
    pub fn readable(&self) -> usize {
        match *self {}
    }

    /// Sends data.
    pub fn write(&mut self, _: &[u8]) -> usize {
        match *self {}
    }

    /// Ends the session.
    pub fn close(&mut self) {
        match *self {}
    }

    /// Sends a fatal alert.
    pub fn fail(&mut self, _: u8) {
        match *self {}
    }

    /// Takes a line of the key log.
    pub fn take_secret(&mut self) -> Option<String> {
        match *self {}
    }

    /// The application protocol.
    pub fn protocol(&self) -> Option<String> {
        match *self {}
    }

    /// The version.
    pub fn version(&self) -> Option<Version> {
        match *self {}
    }

    /// The cipher suite's number.
    pub fn suite(&self) -> Option<u16> {
        match *self {}
    }
}

impl HostCertificate {
    /// Always [`SetupError::NotBuilt`].
    ///
    /// # Errors
    /// [`SetupError::NotBuilt`].
    pub fn check(&self) -> Result<(), SetupError> {
        Err(SetupError::NotBuilt)
    }

    /// Always [`SetupError::NotBuilt`].
    ///
    /// # Errors
    /// [`SetupError::NotBuilt`].
    pub fn sign(&self) -> Result<Identity, SetupError> {
        Err(SetupError::NotBuilt)
    }

    /// Always [`SetupError::NotBuilt`].
    ///
    /// # Errors
    /// [`SetupError::NotBuilt`].
    pub fn sign_as_another(&self) -> Result<Identity, SetupError> {
        Err(SetupError::NotBuilt)
    }
}
