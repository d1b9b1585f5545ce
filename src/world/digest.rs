//! The digest of a run: what happened on every channel, in 64 bits.
//!
//! A channel is one place where something can be observed: a UART direction, the pins, the frames of a link
//! in one direction. Each channel has a hash of its own records, and the digest combines them in the order
//! of the channels' names. So the order in which different channels were recorded cannot matter, nor can
//! channels on which nothing happened. Two digests are kept:
//!
//! - [`Digest::value`] covers every record with its time in ns, length and bytes.
//! - [`Digest::content`] leaves out the times, and for byte streams the grouping into records. It serves to
//!   compare runs under different emulators.
//!
//! The layout, all numbers as 64 bits little-endian unless said otherwise: the digest is the hash of the
//! text `espat-sim digest 1` and, for each channel with records, of the name's length, the name, the kind (one
//! byte), a count and the channel's hash. For [`Digest::value`] the channel's hash is that of `ns, length,
//! bytes` of every record, and the count is that of the records. For [`Digest::content`] it is that of
//! `length, bytes`, in a byte stream of the bytes alone, and the count is that of the hashed bytes.
//!
//! The hash is XXH3 with 64 bits: fast and the same on every machine. It finds differences; it does not
//! protect against somebody who makes them on purpose.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::Xxh3;

use crate::time::Instant;

/// Goes into every digest first. A new layout of the records gets a new number.
const VERSION: &[u8] = b"espat-sim digest 1";
/// Bytes collected before they are hashed. A hash call for each UART byte would cost several times as much.
const BLOCK: usize = 1024;

/// What the records of a channel are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// A stream of bytes (a UART direction): for the content digest, how it is cut into records means
    /// nothing.
    Bytes = 0,
    /// Records that stand for themselves (frames, pin changes).
    Records = 1,
}

/// A channel of one [`Digest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelId(usize);

/// The digest of a run so far.
#[derive(Clone, Default)]
pub struct Digest {
    channels: Vec<Channel>,
    /// Names in order, each with its place in `channels`.
    names: BTreeMap<String, usize>,
}

#[derive(Clone)]
struct Channel {
    kind: ChannelKind,
    /// Records: ns, length, bytes. The count is that of records.
    timed: Stream,
    /// The bytes; before them the length if `kind` is `Records`. The count is that of the hashed bytes.
    content: Stream,
}

/// A hash behind a block of bytes still to be hashed.
#[derive(Clone)]
struct Stream {
    hash: Box<Xxh3>,
    block: Vec<u8>,
    count: u64,
}

impl Digest {
    /// The channel called `name`, such as `wifi/uart/mcu`: the module's name, then the place. A name that is
    /// there already gives the same channel, and keeps its kind.
    pub fn channel(&mut self, name: &str, kind: ChannelKind) -> ChannelId {
        if let Some(&place) = self.names.get(name) {
            return ChannelId(place);
        }
        let place = self.channels.len();
        self.channels.push(Channel { kind, timed: Stream::new(), content: Stream::new() });
        self.names.insert(name.to_owned(), place);
        ChannelId(place)
    }

    /// Records that `bytes` happened on `channel` at `at`. Records of one channel must come in the order of
    /// their times for the digest to mean anything; a `channel` of another digest is ignored.
    #[inline]
    pub fn record(&mut self, channel: ChannelId, at: Instant, bytes: &[u8]) {
        let Some(channel) = self.channels.get_mut(channel.0) else { return };
        let length = (bytes.len() as u64).to_le_bytes();
        channel.timed.count += 1;
        let mut head = [0; 16];
        head[..8].copy_from_slice(&at.as_nanos().to_le_bytes());
        head[8..].copy_from_slice(&length);
        channel.timed.push(&head);
        channel.timed.push(bytes);
        if channel.kind == ChannelKind::Records {
            channel.content.count += 8;
            channel.content.push(&length);
        }
        channel.content.count += bytes.len() as u64;
        channel.content.push(bytes);
    }

    /// The digest of everything recorded. Shown as 16 hex digits.
    pub fn value(&self) -> u64 {
        self.combine(|_| true, |channel| &channel.timed)
    }

    /// The digest without times.
    pub fn content(&self) -> u64 {
        self.combine(|_| true, |channel| &channel.content)
    }

    /// The digest of one module: the channels called `module/…`.
    pub fn value_of(&self, module: &str) -> u64 {
        self.combine(
            |name| name.strip_prefix(module).is_some_and(|rest| rest.starts_with('/')),
            |channel| &channel.timed,
        )
    }

    fn combine(&self, wanted: impl Fn(&str) -> bool, stream: impl Fn(&Channel) -> &Stream) -> u64 {
        let mut all = Xxh3::new();
        all.update(VERSION);
        for (name, &place) in self.names.iter().filter(|(name, _)| wanted(name)) {
            let stream = stream(&self.channels[place]);
            if stream.count > 0 {
                all.update(&(name.len() as u64).to_le_bytes());
                all.update(name.as_bytes());
                all.update(&[self.channels[place].kind as u8]);
                all.update(&stream.count.to_le_bytes());
                all.update(&stream.value().to_le_bytes());
            }
        }
        all.digest()
    }
}

impl Stream {
    fn new() -> Stream {
        Stream { hash: Box::new(Xxh3::new()), block: Vec::new(), count: 0 }
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        if self.block.len() + bytes.len() > BLOCK {
            self.spill(bytes);
        } else {
            self.block.extend_from_slice(bytes);
        }
    }

    /// Hashes the block, then starts a new one with `bytes`.
    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        self.hash.update(&self.block);
        self.block.clear();
        if bytes.len() > BLOCK {
            self.hash.update(bytes);
        } else {
            self.block.extend_from_slice(bytes);
        }
    }

    fn value(&self) -> u64 {
        let mut hash = self.hash.clone();
        hash.update(&self.block);
        hash.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: fn(u64) -> Instant = Instant::from_nanos;

    /// A small run with both kinds of channel.
    fn run() -> Digest {
        let mut digest = Digest::default();
        let mcu = digest.channel("wifi/uart/mcu", ChannelKind::Bytes);
        let out = digest.channel("wifi/frames/out", ChannelKind::Records);
        digest.record(mcu, NS(86_806), b"A");
        digest.record(mcu, NS(173_612), b"T");
        digest.record(out, NS(1_000_000), &[0xff; 60]);
        digest
    }

    #[test]
    fn the_digest_of_a_known_run_never_changes() {
        // A new value here is a break of every digest that somebody wrote down: raise VERSION on purpose.
        // The values were computed with another implementation of XXH3 from the layout above.
        assert_eq!(format!("{:016x}", Digest::default().value()), "b423eeebf5eda5d0");
        assert_eq!(format!("{:016x}", run().value()), "e45cdc3b29d5ac97");
        assert_eq!(format!("{:016x}", run().content()), "6f0fd64dbd94706e");
    }

    #[test]
    fn the_order_in_which_channels_are_made_and_recorded_does_not_matter() {
        let mut other = Digest::default();
        let out = other.channel("wifi/frames/out", ChannelKind::Records);
        other.record(out, NS(1_000_000), &[0xff; 60]);
        let mcu = other.channel("wifi/uart/mcu", ChannelKind::Bytes);
        other.record(mcu, NS(86_806), b"A");
        assert_eq!(other.channel("wifi/uart/mcu", ChannelKind::Bytes), mcu);
        other.record(mcu, NS(173_612), b"T");
        assert_eq!(other.value(), run().value());
        assert_eq!(other.content(), run().content());
    }

    #[test]
    fn channels_without_records_do_not_matter() {
        let mut other = run();
        other.channel("alpha/pins", ChannelKind::Records);
        other.channel("wifi/uart/module", ChannelKind::Bytes);
        assert_eq!(other.value(), run().value());
        assert_eq!(other.content(), run().content());
        assert_eq!(other.value_of("wifi"), run().value_of("wifi"));
        assert_eq!(other.value_of("alpha"), Digest::default().value());
    }

    #[test]
    fn a_time_a_byte_a_length_and_a_channel_each_change_the_value() {
        let base = |name: &str, ns: u64, records: &[&[u8]]| {
            let mut digest = Digest::default();
            let channel = digest.channel(name, ChannelKind::Records);
            for record in records {
                digest.record(channel, NS(ns), record);
            }
            (digest.value(), digest.content())
        };
        let (value, content) = base("a/pins", 5, &[b"xy"]);
        assert_eq!(base("a/pins", 5, &[b"xy"]), (value, content), "the same again");
        let (later, same) = base("a/pins", 6, &[b"xy"]);
        assert_ne!(later, value, "time");
        assert_eq!(same, content, "the content digest has no times");
        for (what, other) in [
            ("byte", base("a/pins", 5, &[b"xz"])),
            ("records", base("a/pins", 5, &[b"x", b"y"])),
            ("an empty record", base("a/pins", 5, &[b"xy", b""])),
            ("name", base("b/pins", 5, &[b"xy"])),
            ("bytes on the next channel", base("a/pin", 5, &[b"xy"])),
        ] {
            assert_ne!(other.0, value, "{what}");
            assert_ne!(other.1, content, "{what}");
        }
    }

    #[test]
    fn the_content_of_a_byte_stream_does_not_depend_on_grouping() {
        let text: Vec<u8> = (0..5_000u32).map(|n| (n * 7) as u8).collect();
        let content = |sizes: &[usize]| {
            let mut digest = Digest::default();
            let channel = digest.channel("wifi/uart/mcu", ChannelKind::Bytes);
            let mut rest = text.as_slice();
            for size in sizes.iter().cycle() {
                let (now, later) = rest.split_at((*size).min(rest.len()));
                digest.record(channel, NS(0), now);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            (digest.value(), digest.content())
        };
        let one = content(&[1]);
        for sizes in [&[5_000][..], &[1, 1_023, 1_025], &[1_024], &[0, 3]] {
            assert_eq!(content(sizes).1, one.1, "{sizes:?}");
            assert_ne!(content(sizes).0, one.0, "with times the grouping is part of the record: {sizes:?}");
        }
    }

    #[test]
    fn looking_at_the_value_does_not_change_it() {
        let mut looked = Digest::default();
        let mut plain = Digest::default();
        let a = looked.channel("wifi/uart/mcu", ChannelKind::Bytes);
        let b = plain.channel("wifi/uart/mcu", ChannelKind::Bytes);
        for n in 0..3_000u64 {
            looked.record(a, NS(n), &[n as u8]);
            plain.record(b, NS(n), &[n as u8]);
            looked.value();
        }
        assert_eq!(looked.value(), plain.value());
    }

    #[test]
    fn a_module_is_not_mixed_up_with_one_whose_name_begins_alike() {
        let mut digest = run();
        let before = digest.value_of("wifi");
        let other = digest.channel("wifi2/uart/mcu", ChannelKind::Bytes);
        digest.record(other, NS(1), b"x");
        assert_eq!(digest.value_of("wifi"), before);
        assert_ne!(digest.value_of("wifi2"), before);
        assert_ne!(digest.value(), run().value());
    }
}
