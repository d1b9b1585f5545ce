//! Data phases of commands that have nothing to do with links: so many bytes after a prompt, whatever they are.

pub use super::outcome::{Consumer, Upload};
use super::outcome::{Context, Result};

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
    pub fn finish(self, c: &mut Context<'_, '_>) -> Result {
        self.consumer.consume(self.data, c)
    }
}
