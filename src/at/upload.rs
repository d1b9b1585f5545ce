//! Data phases of commands that have nothing to do with links: so many bytes after a prompt, whatever they are.

use super::Core;
use super::flash::{Flash, Value};
use crate::profile::Profile;

/// What the bytes are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// AT+SYSFLASH: a partition, from this offset on.
    Partition(&'static str, usize),
    /// AT+SYSMFG: namespace, key and type of a value.
    Key(String, String, u8),
    /// AT+USERRAM: the user's RAM, from this offset on.
    Ram(usize),
}

/// Bytes under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    purpose: Purpose,
    length: usize,
    data: Vec<u8>,
}

impl Upload {
    /// `length` bytes (at least one) for this purpose.
    pub fn new(purpose: Purpose, length: usize) -> Upload {
        Upload { purpose, length, data: Vec::new() }
    }

    /// Takes a byte. True when it was the last one.
    pub fn push(&mut self, byte: u8) -> bool {
        self.data.push(byte);
        self.data.len() >= self.length
    }

    /// Puts the bytes where they belong.
    pub fn finish(self, core: &mut Core, flash: &mut Flash, profile: &Profile) {
        match self.purpose {
            Purpose::Partition(name, offset) => flash.write(profile, name, offset, &self.data),
            Purpose::Key(namespace, key, kind) => {
                flash.set_key(&namespace, &key, Value { kind, bytes: self.data });
            }
            // What is beyond the end was refused when the command ran; the RAM can't have changed since.
            Purpose::Ram(offset) => {
                if let Some(place) = core.system.user_ram.get_mut(offset..offset + self.data.len()) {
                    place.copy_from_slice(&self.data);
                }
            }
        }
    }
}
