//! The bytes of a partition of ESP-IDF's NVS library, version 2: pages of 4096 bytes, each with a header, two bits for the
//! state of each of its 126 entries, and the entries, 32 bytes each (ESP-IDF Programming Guide, "NVS Libraries").
//!
//! A partition is written as ESP-IDF's generator of such partitions writes it: from the start, one namespace after the other.
//! A chip appends, marks the old entry erased and tidies up later; no command shows the difference. What is read may be
//! anything: what is damaged is not there.

use std::collections::BTreeMap;

use super::value::{self, Value};
use crate::net::crc::Crc32;

/// A namespace and its keys.
pub(super) type Keys = (String, BTreeMap<String, Value>);

const PAGE: usize = 4096;
const ENTRY: usize = 32;
/// Entries of a page; behind its header and the bits of their states.
const ENTRIES: usize = 126;
const FIRST: usize = 2 * ENTRY;
/// States of a page that holds something: written to, and full.
const ACTIVE: u32 = 0xffff_fffe;
const FULL: u32 = 0xffff_fffc;
/// How the header has the version 2.
const VERSION: u8 = 0xfe;
/// The two bits of an entry that holds something.
const WRITTEN: u8 = 0b10;

/// Types of entries. Of numbers: how many bytes they have, and this with a sign.
const SIGNED: u8 = 0x10;
const STRING: u8 = 0x21;
/// A blob in one piece (version 1), a piece, and what says how many pieces there are.
const BLOB: u8 = 0x41;
const PIECE: u8 = 0x42;
const INDEX: u8 = 0x48;
/// The number of the piece of what is no piece.
const NO_PIECE: u8 = 0xff;
/// The namespace of the names of namespaces.
const NAMES: u8 = 0;
/// Longest key or name of a namespace, bytes.
const NAME: usize = 15;

/// A partition of `size` bytes with these namespaces; `None` when they do not fit. One page stays free, as the library
/// wants it.
pub(super) fn write(namespaces: &[Keys], size: usize) -> Option<Vec<u8>> {
    let mut partition = Partition { bytes: vec![0xff; size], page: 0, entry: 0 };
    for (index, (name, keys)) in namespaces.iter().enumerate() {
        let number = u8::try_from(index + 1).ok()?;
        partition.number(NAMES, name, 1, &[number])?;
        for (key, value) in keys {
            partition.value(number, key, value)?;
        }
    }
    partition.seal(ACTIVE);
    Some(partition.bytes)
}

/// A partition that is being written.
struct Partition {
    bytes: Vec<u8>,
    page: usize,
    /// The next entry of the page.
    entry: usize,
}

impl Partition {
    fn value(&mut self, namespace: u8, key: &str, value: &Value) -> Option<()> {
        let kind = match value.kind {
            value::STRING => {
                let text = [&value.bytes[..], &[0]].concat();
                return self.data(namespace, STRING, NO_PIECE, key, &text);
            }
            value::BLOB => return self.blob(namespace, key, &value.bytes),
            kind => Value::size(kind) as u8 | if kind.is_multiple_of(2) { SIGNED } else { 0 },
        };
        self.number(namespace, key, kind, &value.bytes)
    }

    fn number(&mut self, namespace: u8, key: &str, kind: u8, bytes: &[u8]) -> Option<()> {
        let mut content = [0xff; 8];
        content[..bytes.len()].copy_from_slice(bytes);
        self.entry(namespace, kind, NO_PIECE, key, content, &[])
    }

    /// In pieces where a page ends.
    fn blob(&mut self, namespace: u8, key: &str, bytes: &[u8]) -> Option<()> {
        let mut rest = bytes;
        let mut pieces = 0;
        while !rest.is_empty() {
            let room = (ENTRIES - self.entry).saturating_sub(1) * ENTRY;
            if room == 0 {
                self.next_page()?;
                continue;
            }
            let (piece, later) = rest.split_at(room.min(rest.len()));
            self.data(namespace, PIECE, pieces, key, piece)?;
            rest = later;
            pieces += 1;
        }
        let [a, b, c, d] = u32::try_from(bytes.len()).ok()?.to_le_bytes();
        self.entry(namespace, INDEX, NO_PIECE, key, [a, b, c, d, pieces, 0, 0xff, 0xff], &[])
    }

    fn data(&mut self, namespace: u8, kind: u8, piece: u8, key: &str, data: &[u8]) -> Option<()> {
        let [low, high] = u16::try_from(data.len()).ok()?.to_le_bytes();
        let [a, b, c, d] = crc(&[data]).to_le_bytes();
        self.entry(namespace, kind, piece, key, [low, high, 0xff, 0xff, a, b, c, d], data)
    }

    /// An entry with these eight bytes, and those that take data behind it, on one page.
    fn entry(
        &mut self,
        namespace: u8,
        kind: u8,
        piece: u8,
        key: &str,
        content: [u8; 8],
        data: &[u8],
    ) -> Option<()> {
        let span = 1 + data.len().div_ceil(ENTRY);
        if span > ENTRIES || key.len() > NAME {
            return None;
        }
        if self.entry + span > ENTRIES {
            self.next_page()?;
        }
        // The last page stays free.
        if (self.page + 2) * PAGE > self.bytes.len() {
            return None;
        }
        let head = [namespace, kind, span as u8, piece];
        let mut name = [0; NAME + 1];
        name[..key.len()].copy_from_slice(key.as_bytes());
        let crc = crc(&[&head, &name, &content]);
        let entry = [&head[..], &crc.to_le_bytes(), &name, &content, data].concat();
        let page = self.page * PAGE;
        let place = page + FIRST + self.entry * ENTRY;
        self.bytes[place..place + entry.len()].copy_from_slice(&entry);
        for entry in self.entry..self.entry + span {
            self.bytes[page + ENTRY + entry / 4] &= !((!WRITTEN & 0b11) << (entry % 4 * 2));
        }
        self.entry += span;
        Some(())
    }

    fn next_page(&mut self) -> Option<()> {
        self.seal(FULL);
        self.page += 1;
        self.entry = 0;
        ((self.page + 1) * PAGE <= self.bytes.len()).then_some(())
    }

    /// Writes the header of the page.
    fn seal(&mut self, state: u32) {
        let Some(header) = self.bytes.get_mut(self.page * PAGE..self.page * PAGE + ENTRY) else { return };
        header[..4].copy_from_slice(&state.to_le_bytes());
        header[4..8].copy_from_slice(&(self.page as u32).to_le_bytes());
        header[8] = VERSION;
        let crc = crc(&[&header[4..28]]);
        header[28..].copy_from_slice(&crc.to_le_bytes());
    }
}

/// ESP-IDF's checksum of NVS: a CRC-32 that begins at 0.
fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc32::from_zero();
    parts.iter().for_each(|part| crc.add(part));
    crc.value()
}

/// An entry as it lies there: namespace, type, piece, key, its eight bytes, and what is behind it.
type Entry<'a> = (u8, u8, u8, &'a str, [u8; 8], &'a [u8]);

/// The namespaces of a partition, in the order of their numbers. What has another checksum than its own is not there, nor are
/// numbers of 64 bits, for which AT+SYSMFG has no type.
pub(super) fn read(bytes: &[u8]) -> Vec<Keys> {
    let mut pages: Vec<(u32, &[u8])> = bytes.chunks_exact(PAGE).filter_map(sequence).collect();
    pages.sort_by_key(|(number, _)| *number);
    let entries: Vec<Entry<'_>> = pages.iter().flat_map(|(_, page)| entries(page)).collect();
    let mut names = BTreeMap::new();
    let mut values: BTreeMap<(u8, &str), Value> = BTreeMap::new();
    let mut pieces = BTreeMap::new();
    for &(namespace, kind, piece, key, content, data) in &entries {
        match (namespace, kind) {
            (NAMES, 1) => _ = names.insert(content[0], key),
            (NAMES, _) => {}
            (_, PIECE) => _ = pieces.insert((namespace, key, piece), data),
            _ => _ = value(kind, content, data).map(|value| values.insert((namespace, key), value)),
        }
    }
    for &(namespace, kind, _, key, content, _) in &entries {
        let [a, b, c, d, count, first, ..] = content;
        if kind != INDEX || namespace == NAMES {
            continue;
        }
        let of = |n: u8| pieces.get(&(namespace, key, first.checked_add(n)?)).copied();
        let whole: Option<Vec<&[u8]>> = (0..count).map(of).collect();
        let whole = whole.map(|pieces| pieces.concat());
        if let Some(bytes) =
            whole.filter(|all| u32::try_from(all.len()) == Ok(u32::from_le_bytes([a, b, c, d])))
        {
            values.insert((namespace, key), Value { kind: value::BLOB, bytes });
        }
    }
    let keys = |number: u8| {
        let own = values.range((number, "")..).take_while(move |((namespace, _), _)| *namespace == number);
        own.map(|((_, key), value)| ((*key).to_owned(), value.clone())).collect()
    };
    names.into_iter().map(|(number, name)| (name.to_owned(), keys(number))).collect()
}

/// The sequence number of a page that holds something, and the page.
fn sequence(page: &[u8]) -> Option<(u32, &[u8])> {
    let field = |at: usize| page.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let good = matches!(field(0)?, ACTIVE | FULL) && field(28)? == crc(&[&page[4..28]]);
    good.then_some((field(4)?, page))
}

/// The entries of a page that are written and whole.
fn entries(page: &[u8]) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < ENTRIES {
        let written = page[ENTRY + at / 4] >> (at % 4 * 2) & 0b11 == WRITTEN;
        match entry(&page[FIRST + at * ENTRY..]).filter(|_| written) {
            Some((span, entry)) => {
                found.push(entry);
                at += span;
            }
            None => at += 1,
        }
    }
    found
}

/// The entry at the start of these bytes and how many places it takes; `None`: it is damaged.
fn entry(bytes: &[u8]) -> Option<(usize, Entry<'_>)> {
    let &[namespace, kind, span, piece, c0, c1, c2, c3, ..] = bytes else { return None };
    let (name, content) = (bytes.get(8..24)?, bytes.get(24..ENTRY)?);
    if u32::from_le_bytes([c0, c1, c2, c3]) != crc(&[&bytes[..4], name, content]) {
        return None;
    }
    let key = name.split(|byte| *byte == 0).next().and_then(|key| std::str::from_utf8(key).ok())?;
    let content: [u8; 8] = content.try_into().ok()?;
    let data = if matches!(kind, STRING | BLOB | PIECE) {
        let [low, high, _, _, a, b, c, d] = content;
        let data = bytes.get(ENTRY..ENTRY + usize::from(u16::from_le_bytes([low, high])))?;
        (u32::from_le_bytes([a, b, c, d]) == crc(&[data])).then_some(data)?
    } else {
        &[]
    };
    Some((usize::from(span.max(1)), (namespace, kind, piece, key, content, data)))
}

/// The value of an entry; `None`: it is none, or one for which there is no type.
fn value(kind: u8, content: [u8; 8], data: &[u8]) -> Option<Value> {
    let number = match kind & !SIGNED {
        1 => 1,
        2 => 3,
        4 => 5,
        _ => 0,
    };
    match kind {
        STRING => {
            Some(Value { kind: value::STRING, bytes: data.strip_suffix(&[0]).unwrap_or(data).to_vec() })
        }
        BLOB => Some(Value { kind: value::BLOB, bytes: data.to_vec() }),
        _ if number == 0 => None,
        _ => {
            let kind = number + u8::from(kind & SIGNED != 0);
            Some(Value { kind, bytes: content[..Value::size(kind)].to_vec() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespaces() -> Vec<Keys> {
        let number = |kind, n| Value::number(kind, n).expect("it fits");
        let blob = |length: usize| Value { kind: value::BLOB, bytes: (0..length).map(|n| n as u8).collect() };
        let keys = |list: &[(&str, Value)]| list.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        vec![
            (
                "numbers".to_owned(),
                keys(&[
                    ("u8", number(1, 255)),
                    ("i8", number(2, -1)),
                    ("u16", number(3, 65_535)),
                    ("i16", number(4, -300)),
                    ("u32", number(5, 4_000_000_000)),
                    ("i32", number(6, -70_000)),
                    ("text", Value::text("MINI-1")),
                ]),
            ),
            ("empty".to_owned(), BTreeMap::new()),
            (
                "blobs".to_owned(),
                keys(&[
                    ("one", blob(1)),
                    ("page", blob(4000)),
                    ("pages", blob(9000)),
                    ("text", Value { kind: value::STRING, bytes: vec![b'x'; 3000] }),
                    ("zero", blob(64)),
                ]),
            ),
        ]
    }

    /// The checksum of what esp-idf-nvs-partition-gen 0.3.0 makes of [`namespaces`], in a partition of 0x8000 bytes.
    const GENERATED: u32 = 0xabc4_12c3;

    /// The rows are those of esp-idf-nvs-partition-gen, too.
    #[test]
    fn a_partition_has_the_layout_of_the_library() {
        let keys = BTreeMap::from([("answer".to_owned(), Value::number(1, 42).expect("it fits"))]);
        let bytes = write(&[("storage".to_owned(), keys)], 3 * PAGE).expect("it fits");
        let rows: Vec<String> = bytes[..128]
            .chunks(ENTRY)
            .map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            .collect();
        assert_eq!(rows[0], format!("feffffff00000000fe{}842dbab9", "ff".repeat(19)), "the header");
        assert_eq!(rows[1], format!("fa{}", "ff".repeat(31)), "the states of two entries");
        let name = "000101ff09a9500773746f7261676500000000000000000001ffffffffffffff";
        assert_eq!(rows[2], name, "the name of a namespace");
        let number = "010101ff9f03d649616e73776572000000000000000000002affffffffffffff";
        assert_eq!(rows[3], number, "a number of it");
        assert!(bytes[128..].iter().all(|byte| *byte == 0xff), "everything else is erased");
        let mut all = Crc32::default();
        all.add(&write(&namespaces(), 8 * PAGE).expect("it fits"));
        assert_eq!(all.value(), GENERATED, "the partition that ESP-IDF's generator makes of the same keys");
    }

    #[test]
    fn what_was_written_is_read() {
        let all = namespaces();
        let bytes = write(&all, 8 * PAGE).expect("it fits");
        assert_eq!(bytes.len(), 8 * PAGE);
        assert!(read(&bytes) == all, "other values: {:?}", read(&bytes));
        let odd = |bytes: &[u8]| Value { kind: value::BLOB, bytes: bytes.to_vec() };
        let keys = BTreeMap::from([("b".to_owned(), odd(&[])), ("t".to_owned(), Value::text(""))]);
        let empty = vec![("empty".to_owned(), keys)];
        assert_eq!(read(&write(&empty, 3 * PAGE).expect("it fits")), empty, "nothing has a place, too");
        assert_eq!(read(&[0xff; 3 * PAGE]), [], "an erased one");
        assert_eq!(write(&all, 5 * PAGE), None, "there must be room, and a page more");
    }

    #[test]
    fn what_is_damaged_is_not_there_and_the_rest_is() {
        let all = namespaces();
        let bytes = write(&all, 8 * PAGE).expect("it fits");
        let damaged = |at: usize| {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x04;
            read(&bytes)
        };
        // The second entry of the first page is the first key of the first namespace, in the order of the alphabet.
        let without_first = damaged(FIRST + ENTRY + 24);
        assert_eq!(without_first[0].1.len(), all[0].1.len() - 1, "{without_first:?}");
        assert!(!without_first[0].1.contains_key("i16") && without_first[2] == all[2], "{without_first:?}");
        // Its name gone, nobody finds a namespace.
        let nameless = damaged(FIRST + 24);
        assert_eq!(nameless.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["empty", "blobs"]);
        // A page whose header is damaged holds nothing: what has a piece there is gone.
        let pageless = damaged(PAGE + 5);
        assert!(pageless.len() == 3 && !pageless[2].1.contains_key("page"), "{pageless:?}");
    }

    /// Any bytes: nothing panics, and what is read can be written.
    #[test]
    fn no_bytes_are_too_bad_to_be_read() {
        let good = write(&namespaces(), 8 * PAGE).expect("it fits");
        let mut stream = crate::rng::Stream::new(7, "pages");
        for _ in 0..200 {
            let mut bytes = good.clone();
            for _ in 0..=stream.between(0, 39) {
                let at = stream.between(0, bytes.len() as u64 - 1) as usize;
                bytes[at] = stream.next_u64() as u8;
            }
            let found = read(&bytes);
            let again = write(&found, 8 * PAGE).expect("no more than there was");
            assert!(read(&again) == found, "written anew it is something else");
        }
    }
}
