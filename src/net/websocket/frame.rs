//! Frames: the head before each, the mask over what a client sends, and a reader that hands out data as it comes.

/// What a frame holds.
pub mod opcode {
    /// More of the message under way.
    pub const CONTINUATION: u8 = 0;
    /// Text in UTF-8.
    pub const TEXT: u8 = 1;
    /// Bytes.
    pub const BINARY: u8 = 2;
    /// The sender closes; perhaps a code and a reason.
    pub const CLOSE: u8 = 8;
    /// To be answered with a pong of the same content.
    pub const PING: u8 = 9;
    /// The answer to a ping.
    pub const PONG: u8 = 10;

    /// Close, ping and pong, and those that have no meaning yet: they may stand between the frames of a message.
    pub const fn is_control(opcode: u8) -> bool {
        opcode >= CLOSE
    }
}

/// Longest head, bytes.
const LONGEST: usize = 14;
/// Lengths up to this stand in the second byte.
const SHORT: u64 = 125;
/// A length of two bytes follows, or one of eight.
const TWO: u8 = 126;
const EIGHT: u8 = 127;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The last frame of its message.
    pub fin: bool,
    /// Three bits for extensions: 0 without.
    pub reserved: u8,
    /// See [`opcode`]; 0 to 15.
    pub opcode: u8,
    /// What is laid over the content; a client always has one, a server never.
    pub mask: Option<[u8; 4]>,
    /// Bytes of content.
    pub length: u64,
}

impl Header {
    /// Reads one from the start of `bytes`, with its own length; `None`: more is needed. Whatever comes is one.
    pub fn read(bytes: &[u8]) -> Option<(Header, usize)> {
        let [first, second, ..] = *bytes else { return None };
        let (length, mut at) = match second & 0x7f {
            TWO => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
            EIGHT => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
            short => (u64::from(short), 2),
        };
        let mask = if second & 0x80 != 0 {
            let mask = bytes.get(at..at + 4)?.try_into().ok()?;
            at += 4;
            Some(mask)
        } else {
            None
        };
        let header =
            Header { fin: first & 0x80 != 0, reserved: first >> 4 & 7, opcode: first & 15, mask, length };
        Some((header, at))
    }

    /// Its bytes, behind those of `out`: the length in as few as it takes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.fin) << 7 | (self.reserved & 7) << 4 | self.opcode & 15);
        let masked = u8::from(self.mask.is_some()) << 7;
        match (self.length, u16::try_from(self.length)) {
            (0..=SHORT, _) => out.push(masked | self.length as u8), // at most 125
            (_, Ok(length)) => {
                out.push(masked | TWO);
                out.extend(length.to_be_bytes());
            }
            (_, Err(_)) => {
                out.push(masked | EIGHT);
                out.extend(self.length.to_be_bytes());
            }
        }
        out.extend(self.mask.iter().flatten());
    }
}

/// Lays a mask over content, or takes it off, from byte `from` of the content on.
pub fn mask(content: &mut [u8], mask: [u8; 4], from: u64) {
    let phase = (from % 4) as usize;
    for (byte, mask) in content.iter_mut().zip(mask.iter().cycle().skip(phase)) {
        *byte ^= mask;
    }
}

/// Appends a whole frame of its own.
pub fn write(out: &mut Vec<u8>, fin: bool, opcode: u8, key: Option<[u8; 4]>, content: &[u8]) {
    Header { fin, reserved: 0, opcode, mask: key, length: content.len() as u64 }.write(out);
    let start = out.len();
    out.extend_from_slice(content);
    if let Some(key) = key {
        mask(&mut out[start..], key, 0);
    }
}

/// A part of a frame's content, without its mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The frame.
    pub header: Header,
    /// Where in its content the part begins.
    pub from: u64,
    /// The part: of an empty frame an empty one.
    pub content: Vec<u8>,
}

impl Piece {
    /// Nothing of the frame follows.
    pub fn is_last(&self) -> bool {
        self.from + self.content.len() as u64 == self.header.length
    }
}

/// Reads frames out of a stream.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// What there is of a head.
    head: Vec<u8>,
    /// The frame whose content comes, and how much of it has.
    frame: Option<(Header, u64)>,
}

impl Reader {
    /// How many bytes it takes next, of which none belongs to what follows: the rest of a head, as far as that is known,
    /// or of content, at most `most`.
    pub fn wants(&self, most: usize) -> usize {
        match &self.frame {
            Some((header, done)) => usize::try_from(header.length - done).unwrap_or(usize::MAX).min(most),
            None => {
                let masked = self.head.get(1).map_or(0, |second| usize::from(second >> 7) * 4);
                let length = match self.head.get(1).map(|second| second & 0x7f) {
                    Some(TWO) => 2,
                    Some(EIGHT) => 8,
                    _ => 0,
                };
                (2 + length + masked).saturating_sub(self.head.len())
            }
        }
    }

    /// Takes from the front of `bytes` until a part of a frame is there, of at most `most` (at least 1) bytes. `None`:
    /// all are taken, and more are needed.
    pub fn take(&mut self, bytes: &mut &[u8], most: usize) -> Option<Piece> {
        let (header, from) = match self.frame {
            Some(frame) => frame,
            None => {
                let header = self.take_head(bytes)?;
                if header.length == 0 {
                    return Some(Piece { header, from: 0, content: Vec::new() });
                }
                *self.frame.insert((header, 0))
            }
        };
        if bytes.is_empty() {
            return None;
        }
        let (content, rest) = bytes.split_at(self.wants(most).min(bytes.len()));
        let mut content = content.to_vec();
        *bytes = rest;
        if let Some(key) = header.mask {
            mask(&mut content, key, from);
        }
        let done = from + content.len() as u64;
        self.frame = (done < header.length).then_some((header, done));
        Some(Piece { header, from, content })
    }

    fn take_head(&mut self, bytes: &mut &[u8]) -> Option<Header> {
        loop {
            if let Some((header, _)) = Header::read(&self.head) {
                self.head.clear();
                return Some(header);
            }
            debug_assert!(self.head.len() < LONGEST, "a head is longer than any can be");
            let (byte, rest) = bytes.split_first()?;
            self.head.push(*byte);
            *bytes = rest;
        }
    }
}
