//! Collects bytes into command lines.
//!
//! A line ends with CR LF, nothing else: a lone CR or LF is part of the line. One that is too long is thrown
//! away up to its end and reported once. Nothing is kept beyond the longest line.

/// What one byte completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completed {
    /// A line, without its CR LF.
    Line(Vec<u8>),
    /// A line that was too long to be kept.
    TooLong,
}

/// The line under way.
#[derive(Debug)]
pub struct LineBuffer {
    max: usize,
    bytes: Vec<u8>,
    echoed: usize,
    overflowed: bool,
}

impl LineBuffer {
    /// For lines of at most `max` bytes, CR LF included.
    pub fn new(max: usize) -> Self {
        LineBuffer { max, bytes: Vec::with_capacity(max), echoed: 0, overflowed: false }
    }

    /// Adds a byte.
    pub fn push(&mut self, byte: u8) -> Option<Completed> {
        if self.bytes.len() == self.max {
            // Keep what tells the end of the line, and what has not been echoed yet.
            self.overflowed = true;
            let drop = self.bytes.len() - 1;
            self.bytes.drain(..drop);
            self.echoed = self.echoed.saturating_sub(drop);
        }
        self.bytes.push(byte);
        if !self.bytes.ends_with(b"\r\n") {
            return None;
        }
        let completed = if self.overflowed {
            Completed::TooLong
        } else {
            Completed::Line(self.bytes[..self.bytes.len() - 2].to_vec())
        };
        Some(completed)
    }

    /// Bytes of the line under way (or just completed) that have not been echoed; marks them echoed.
    pub fn unechoed(&mut self) -> &[u8] {
        let from = std::mem::replace(&mut self.echoed, self.bytes.len());
        &self.bytes[from.min(self.bytes.len())..]
    }

    /// Forgets the line.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.echoed = 0;
        self.overflowed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(buffer: &mut LineBuffer, bytes: &[u8]) -> Vec<Completed> {
        let mut all = Vec::new();
        for b in bytes {
            if let Some(c) = buffer.push(*b) {
                all.push(c);
                buffer.clear();
            }
        }
        all
    }

    #[test]
    fn only_cr_lf_ends_a_line() {
        let mut buffer = LineBuffer::new(256);
        let lines = feed(&mut buffer, b"AT\rX\nY\r\r\n\r\nAT\r\n");
        let expected: [&[u8]; 3] = [b"AT\rX\nY\r", b"", b"AT"];
        assert_eq!(lines, expected.map(|l| Completed::Line(l.to_vec())));
    }

    #[test]
    fn the_longest_line_is_kept_and_one_byte_more_is_reported_once() {
        let mut buffer = LineBuffer::new(256);
        let longest = [vec![b'x'; 254], b"\r\n".to_vec()].concat();
        assert_eq!(feed(&mut buffer, &longest), [Completed::Line(vec![b'x'; 254])]);
        for extra in [255, 300, 5000] {
            let long = [vec![b'x'; extra], b"\r\nAT\r\n".to_vec()].concat();
            let expected = [Completed::TooLong, Completed::Line(b"AT".to_vec())];
            assert_eq!(feed(&mut buffer, &long), expected, "{extra} characters");
        }
    }

    #[test]
    fn what_was_collected_while_busy_is_echoed_later_in_one_piece() {
        let mut buffer = LineBuffer::new(8);
        buffer.push(b'A');
        buffer.push(b'T');
        assert_eq!(buffer.unechoed(), b"AT");
        assert_eq!(buffer.unechoed(), b"");
        buffer.push(b'E');
        assert_eq!(buffer.unechoed(), b"E");
    }
}
