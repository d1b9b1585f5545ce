//! CRC-32 (ISO-HDLC, that of zlib and Ethernet), by which a test checks an upload without its bytes.

/// The checksum of what has come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crc32(u32);

impl Default for Crc32 {
    /// Of nothing.
    fn default() -> Self {
        Crc32(u32::MAX)
    }
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

impl Crc32 {
    /// The variant whose register begins at 0, which ESP-IDF's NVS library has.
    pub fn from_zero() -> Self {
        Crc32(0)
    }

    /// More has come.
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 >> 8 ^ TABLE[usize::from(self.0 as u8 ^ byte)];
        }
    }

    /// Its value.
    pub fn value(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_one_of_the_catalogues() {
        let of = |bytes: &[u8]| {
            let mut crc = Crc32::default();
            crc.add(bytes);
            crc.value()
        };
        assert_eq!((of(b"123456789"), of(b"")), (0xcbf4_3926, 0));
        assert_eq!(of(b"The quick brown fox jumps over the lazy dog"), 0x414f_a339);
        let mut parts = Crc32::default();
        parts.add(b"1234");
        parts.add(b"56789");
        assert_eq!(parts.value(), 0xcbf4_3926, "in parts");
    }
}
