//! One block of a pcapng file: its type, its length at both ends, what it holds, its options. Little-endian, so that
//! the file is the same on every machine.
//!
//! The format: draft-ietf-opsawg-pcapng, sections 3.1 (blocks) and 3.5 (options).

/// A block that is being made.
pub(super) struct Block {
    bytes: Vec<u8>,
    has_options: bool,
}

impl Block {
    /// An empty block of this type.
    pub(super) fn new(kind: u32) -> Block {
        let mut block = Block { bytes: Vec::with_capacity(64), has_options: false };
        block.u32(kind);
        // The length is not known yet.
        block.u32(0);
        block
    }

    /// Adds a number of 16 bits.
    pub(super) fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// Adds a number of 32 bits.
    pub(super) fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// Adds bytes, and zeros up to the next multiple of four.
    pub(super) fn padded(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    /// Adds an entry with a code and the length of its value, as options and records of names are: at most
    /// 65535 bytes, and what is longer is left out.
    pub(super) fn entry(&mut self, code: u16, value: &[u8]) {
        if let Ok(length) = u16::try_from(value.len()) {
            self.u16(code);
            self.u16(length);
            self.padded(value);
        }
    }

    /// Adds an option. Options come last.
    pub(super) fn option(&mut self, code: u16, value: &[u8]) {
        self.has_options = true;
        self.entry(code, value);
    }

    /// Appends the whole block to a file.
    pub(super) fn write(mut self, file: &mut Vec<u8>) {
        if self.has_options {
            // opt_endofopt
            self.entry(0, &[]);
        }
        // A block holds a packet, or texts that were cut: far below 4 GiB.
        let length = u32::try_from(self.bytes.len() + 4).unwrap_or(u32::MAX);
        self.u32(length);
        self.bytes[4..8].copy_from_slice(&length.to_le_bytes());
        file.append(&mut self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_its_length_at_both_ends_and_pads_what_it_holds() {
        let mut block = Block::new(6);
        block.u16(0x1234);
        block.u16(0);
        block.padded(b"abcde");
        block.option(1, b"xyz");
        let mut file = vec![0xff];
        block.write(&mut file);
        let expected = [
            &[0xff][..],
            &[6, 0, 0, 0, 36, 0, 0, 0],
            &[0x34, 0x12, 0, 0],
            b"abcde\0\0\0",
            &[1, 0, 3, 0],
            b"xyz\0",
            &[0, 0, 0, 0],
            &[36, 0, 0, 0],
        ];
        assert_eq!(file, expected.concat());
    }

    #[test]
    fn a_block_without_options_has_no_end_of_options() {
        let mut file = Vec::new();
        Block::new(4).write(&mut file);
        assert_eq!(file, [4, 0, 0, 0, 12, 0, 0, 0, 12, 0, 0, 0]);
    }

    #[test]
    fn an_entry_longer_than_its_length_field_is_left_out() {
        let mut block = Block::new(4);
        block.entry(1, &vec![b'x'; 65_536]);
        assert_eq!(block.bytes.len(), 8, "a length of 16 bits cannot say 65536");
        block.entry(1, &vec![b'x'; 65_535]);
        assert_eq!(block.bytes.len(), 8 + 4 + 65_536);
    }
}
