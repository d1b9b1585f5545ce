//! Bytes that an MCU stored one after the other: the record of a run of them.
//!
//! A driver may hand over a buffer at one instant, fill a FIFO again and again, or store byte after byte as the MCU's UART
//! comes to them: at 115200 baud every 86805 or 86806 ns. A run goes on as long as the gaps between its bytes differ in few
//! ways; then a few bits for each of them say all.

use data_encoding::BASE64_NOPAD;

use super::quoted;

/// Most bytes in one record.
const MOST: usize = 256;
/// Most bits that a record has for each gap.
const MOST_BITS: u32 = 3;

/// How the bytes of a run follow each other: every `ticks`, and some a few `units` later than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The shortest gap between two bytes, in ticks; 0: they were stored at once.
    pub ticks: u64,
    /// What longer gaps are longer by, in ticks: one or several of it.
    pub unit: u64,
    /// How many units longer each gap is, from that between the first two bytes on; none at the end is 0.
    pub late: Vec<u8>,
}

impl Pace {
    /// All at once.
    pub const NONE: Pace = Pace { ticks: 0, unit: 0, late: Vec::new() };

    /// The gap in front of byte number `n`, which is not 0. Saturates at the end of time.
    pub fn gap(&self, n: usize) -> u64 {
        let late = self.late.get(n - 1).copied().unwrap_or_default();
        self.ticks.saturating_add(self.unit.saturating_mul(late.into()))
    }

    /// The ticks of `bytes` bytes of which the first comes at `start`. Saturates at the last tick.
    pub fn ticks(&self, start: u64, bytes: usize) -> impl Iterator<Item = u64> {
        (0..bytes).scan(start, |tick, n| {
            if n > 0 {
                *tick = tick.saturating_add(self.gap(n));
            }
            Some(*tick)
        })
    }
}

/// Packs numbers of so many bits each, most significant bit first, the last byte filled with zeros.
fn packed(numbers: impl Iterator<Item = u8>, width: u32) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for number in numbers {
        bits = bits << width | u32::from(number);
        held += width;
        while held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    if held > 0 {
        bytes.push((bits << (8 - held)) as u8);
    }
    bytes
}

/// The numbers of so many bits that are packed in `bytes`.
fn unpacked(bytes: &[u8], width: u32) -> Vec<u8> {
    let (mut numbers, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= width {
            held -= width;
            numbers.push((bits >> held) as u8 & ((1 << width) - 1));
        }
    }
    numbers
}

/// Reads what stands behind `late `: `UNIT:WIDTH:BITS`. The unit, and how many of it each gap is longer by.
pub(super) fn late(text: &str) -> Option<(u64, Vec<u8>)> {
    let (unit, rest) = text.split_once(':')?;
    let (width, bits) = rest.split_once(':')?;
    let width = width.parse().ok().filter(|width| (1..=MOST_BITS).contains(width))?;
    let mut late = unpacked(&BASE64_NOPAD.decode(bits.as_bytes()).ok()?, width);
    late.truncate(late.iter().rposition(|units| *units != 0).map_or(0, |last| last + 1));
    Some((super::read::number(unit)?, late))
}

/// A run that may go on.
#[derive(Clone, Debug)]
pub(super) struct Run {
    start: u64,
    last: u64,
    bytes: Vec<u8>,
    gaps: Vec<u64>,
    /// The shortest and the longest gap.
    least: u64,
    most: u64,
    /// What divides all differences of gaps; 0: they are the same.
    unit: u64,
}

impl Run {
    /// A run of one byte.
    pub(super) fn new(tick: u64, byte: u8) -> Run {
        let (gaps, least, most, unit) = (Vec::new(), u64::MAX, 0, 0);
        Run { start: tick, last: tick, bytes: vec![byte], gaps, least, most, unit }
    }

    /// When it starts.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Takes one more byte; false when it does not belong to this run.
    pub(super) fn push(&mut self, tick: u64, byte: u8) -> bool {
        let Some(gap) = tick.checked_sub(self.last).filter(|_| self.bytes.len() < MOST) else { return false };
        let (least, most) = (self.least.min(gap), self.most.max(gap));
        let unit = greatest_divisor(self.unit, gap.abs_diff(self.gaps.first().copied().unwrap_or(gap)));
        if unit > 0 && (most - least) / unit >= 1 << MOST_BITS {
            return false;
        }
        (self.last, self.least, self.most, self.unit) = (tick, least, most, unit);
        self.bytes.push(byte);
        self.gaps.push(gap);
        true
    }

    /// The record, but for time and name.
    pub(super) fn text(&self) -> String {
        let mut record = String::new();
        if self.most > 0 {
            record = format!("every {} ", self.least);
        }
        if let Some(most) = self.most.saturating_sub(self.least).checked_div(self.unit) {
            let units = |gap: &u64| ((gap - self.least) / self.unit) as u8;
            let width = most.ilog2() + 1;
            let bits = BASE64_NOPAD.encode(&packed(self.gaps.iter().map(units), width));
            record.push_str(&format!("late {}:{width}:{bits} ", self.unit));
        }
        let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
        let text = std::str::from_utf8(&self.bytes).ok().filter(|text| text.bytes().all(plain));
        // A text of line ends alone is longer in quotes.
        let text = text.map(quoted).filter(|text| text.len() <= 2 + self.bytes.len() * 3 / 2);
        record.push_str(&text.unwrap_or_else(|| format!("base64 {}", BASE64_NOPAD.encode(&self.bytes))));
        record
    }
}

/// The greatest number that divides both; that of 0 and another is the other.
fn greatest_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
