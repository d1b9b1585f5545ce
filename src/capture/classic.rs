//! The classic pcap file, for programs that do not read pcapng: made from our own pcapng blocks as they come.
//!
//! A classic file has one link type, packets and their times, and nothing else. So it has the Ethernet frames of all
//! interfaces, or the packets of the one that is asked for; interfaces' names, directions, comments, host names and the
//! secrets of TLS stay behind.
//!
//! The format: draft-ietf-opsawg-pcap, with times in nanoseconds.

use super::pcapng::{ENHANCED_PACKET, IF_NAME, INTERFACE_DESCRIPTION, SECTION_HEADER};
use crate::time::NANOS_PER_SEC;

/// By which a reader knows the byte order, and that times are in nanoseconds.
const MAGIC: u32 = 0xa1b2_3c4d;
/// Longest packet, bytes: what readers take at most.
const SNAPLEN: u32 = 262_144;
/// The link type of Ethernet.
const ETHERNET: u16 = 1;

/// An interface of the pcapng section.
struct Interface {
    name: String,
    link: u16,
}

/// There is no interface of the wanted name; those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoInterface(pub Vec<String>);

/// Turns pcapng blocks, as [`Capture`](super::Capture) makes them, into a classic file.
pub struct Classic {
    /// The one interface that is wanted; `None`: all that are Ethernet.
    wanted: Option<String>,
    interfaces: Vec<Interface>,
    /// The file's header has been made.
    begun: bool,
}

impl Classic {
    /// A file with the packets of this interface, such as `wifi/radio`; without one, of all that carry Ethernet frames.
    #[must_use]
    pub fn new(interface: Option<String>) -> Classic {
        Classic { wanted: interface, interfaces: Vec::new(), begun: false }
    }

    /// What the file has of these whole blocks. The first call must have the interfaces in it, as what a world hands out
    /// first has; those of cables into a LAN, `lan0` and so on, may come at any time. Times after 2106-02-07 are written as
    /// that: 32 bits of seconds end there.
    ///
    /// # Errors
    /// There is no interface of the wanted name.
    pub fn convert(&mut self, blocks: &[u8]) -> Result<Vec<u8>, NoInterface> {
        let mut file = Vec::new();
        let mut rest = blocks;
        while let Some((kind, body)) = next_block(&mut rest) {
            match kind {
                SECTION_HEADER => {}
                INTERFACE_DESCRIPTION => self.interfaces.extend(interface(body)),
                _ => {
                    self.begin(&mut file)?;
                    if kind == ENHANCED_PACKET {
                        self.packet(body, &mut file);
                    }
                }
            }
        }
        if !blocks.is_empty() {
            self.begin(&mut file)?;
        }
        Ok(file)
    }

    /// The cable that is wanted and of which no frame has come, so that the file is empty.
    #[must_use]
    pub fn missing_cable(&self) -> Option<&str> {
        let wanted = self.wanted.as_deref().filter(|_| self.begun)?;
        let is_there = self.interfaces.iter().any(|interface| interface.name == wanted);
        (!is_there).then_some(wanted)
    }

    /// Makes the header, once the interfaces are known.
    fn begin(&mut self, file: &mut Vec<u8>) -> Result<(), NoInterface> {
        if self.begun {
            return Ok(());
        }
        let link = match &self.wanted {
            None => ETHERNET,
            Some(name) => {
                let found = self.interfaces.iter().find(|interface| interface.name == *name);
                let names = || self.interfaces.iter().map(|interface| interface.name.clone()).collect();
                let cable = is_cable(name).then_some(ETHERNET);
                found.map(|interface| interface.link).or(cable).ok_or_else(|| NoInterface(names()))?
            }
        };
        self.begun = true;
        file.extend(MAGIC.to_le_bytes());
        // Version 2.4.
        file.extend(2_u16.to_le_bytes());
        file.extend(4_u16.to_le_bytes());
        // Time zone and accuracy, which nobody uses.
        file.extend([0; 8]);
        file.extend(SNAPLEN.to_le_bytes());
        file.extend(u32::from(link).to_le_bytes());
        Ok(())
    }

    fn packet(&self, body: &[u8], file: &mut Vec<u8>) {
        let number = |at: usize| body.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
        let (Some(id), Some(high), Some(low), Some(length)) = (number(0), number(4), number(8), number(12))
        else {
            return;
        };
        let Some(interface) = self.interfaces.get(id as usize) else { return };
        let is_wanted =
            self.wanted.as_ref().map_or(interface.link == ETHERNET, |name| *name == interface.name);
        let (true, Some(bytes)) = (is_wanted, body.get(20..20 + length as usize)) else { return };
        let ns = u64::from(high) << 32 | u64::from(low);
        let last = u64::from(u32::MAX) * NANOS_PER_SEC + (NANOS_PER_SEC - 1);
        let ns = ns.min(last);
        file.extend(((ns / NANOS_PER_SEC) as u32).to_le_bytes());
        file.extend(((ns % NANOS_PER_SEC) as u32).to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(length.to_le_bytes());
        file.extend(bytes);
    }
}

/// Whether this is the name of a cable into a LAN, whose interface comes with its first frame.
fn is_cable(name: &str) -> bool {
    name.strip_prefix("lan").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// The next block's type and what stands between its lengths.
fn next_block<'a>(rest: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    let number = |at: usize| rest.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let (kind, length) = (number(0)?, number(4)? as usize);
    let body = rest.get(8..length.checked_sub(4)?)?;
    *rest = rest.get(length..)?;
    Some((kind, body))
}

/// An interface, from its block.
fn interface(body: &[u8]) -> Option<Interface> {
    let half = |at: usize| body.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes);
    let link = half(0)?;
    // Options stand behind the link type, two reserved bytes and the snapshot length.
    let mut at = 8;
    loop {
        let (code, length) = (half(at)?, usize::from(half(at + 2)?));
        let value = body.get(at + 4..at + 4 + length)?;
        if code == IF_NAME {
            return Some(Interface { name: String::from_utf8_lossy(value).into_owned(), link });
        }
        at += 4 + length.next_multiple_of(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{Capture, InterfaceKind};
    use crate::time::Instant;

    /// Two radios and a raw tap, with a frame of each.
    fn blocks(epoch: u64) -> Vec<u8> {
        let mut capture = Capture::new("test", epoch);
        capture.add_interface("wifi/radio", "a", InterfaceKind::Ethernet);
        capture.add_interface("isp", "b", InterfaceKind::RawIp);
        capture.add_interface("base/radio", "c", InterfaceKind::Ethernet);
        for (interface, bytes) in [(0, &b"one"[..]), (1, b"raw"), (2, b"three")] {
            capture.frame(interface, Instant::from_nanos(1_000_000_007), true, bytes, Some("a comment"));
        }
        capture.take()
    }

    #[test]
    fn a_classic_file_has_the_ethernet_frames_with_their_nanoseconds() {
        let file = Classic::new(None).convert(&blocks(5)).unwrap();
        let header =
            [&[0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &[0, 0, 4, 0], &[1, 0, 0, 0]].concat();
        let packet = |bytes: &[u8]| {
            let length = (bytes.len() as u32).to_le_bytes();
            [&[6, 0, 0, 0, 7, 0, 0, 0][..], &length, &length, bytes].concat()
        };
        assert_eq!(file, [header, packet(b"one"), packet(b"three")].concat());
    }

    #[test]
    fn one_interface_brings_its_own_link_type_and_its_packets_alone() {
        let file = Classic::new(Some("isp".to_owned())).convert(&blocks(5)).unwrap();
        assert_eq!(file[20..24], [101, 0, 0, 0], "the link type of raw IP");
        assert_eq!(file[24 + 16..], *b"raw");
    }

    #[test]
    fn an_interface_that_is_not_there_is_refused_with_those_that_are() {
        let said = Classic::new(Some("wifi/radoi".to_owned())).convert(&blocks(5));
        assert_eq!(said, Err(NoInterface(["wifi/radio", "isp", "base/radio"].map(str::to_owned).to_vec())));
    }

    #[test]
    fn blocks_may_come_in_as_many_pieces_as_they_like() {
        let mut capture = Capture::new("test", 0);
        capture.add_interface("wifi/radio", "a", InterfaceKind::Ethernet);
        let first = capture.take();
        capture.frame(0, Instant::ZERO, true, b"frame", None);
        let second = capture.take();
        let whole = Classic::new(None).convert(&[&first[..], &second].concat()).unwrap();
        let mut pieces = Classic::new(None);
        let cut =
            [pieces.convert(&first).unwrap(), pieces.convert(&[]).unwrap(), pieces.convert(&second).unwrap()];
        assert_eq!(cut.concat(), whole);
    }

    #[test]
    fn times_beyond_32_bits_of_seconds_are_written_as_their_end() {
        let file = Classic::new(None).convert(&blocks(u64::from(u32::MAX))).unwrap();
        assert_eq!(file[24..32], [0xff, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x9a, 0x3b]);
    }
}
