//! Data phases of commands that have nothing to do with links: so many bytes after a prompt, whatever they are.

use std::fmt;

use super::commands::{Context, Outcome};
use super::error::ErrorCode;

/// What the bytes are for.
pub trait Consumer: fmt::Debug + Send {
    /// All of them have come. From here on it is what a handler is: it answers, or returns a job, or has printed an end
    /// of its own.
    ///
    /// # Errors
    /// What a handler's are.
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result<Outcome, ErrorCode>;
}

/// Bytes under way.
#[derive(Debug)]
pub struct Upload {
    consumer: Box<dyn Consumer>,
    length: usize,
    data: Vec<u8>,
}

impl Upload {
    /// `length` bytes (at least one) for this consumer.
    pub fn new(consumer: impl Consumer + 'static, length: usize) -> Upload {
        Upload { consumer: Box::new(consumer), length, data: Vec::new() }
    }

    /// Takes a byte. True when it was the last one.
    pub fn push(&mut self, byte: u8) -> bool {
        self.data.push(byte);
        self.data.len() >= self.length
    }

    /// Hands the bytes over.
    pub fn finish(self, c: &mut Context<'_, '_>) -> Result<Outcome, ErrorCode> {
        self.consumer.consume(self.data, c)
    }
}
