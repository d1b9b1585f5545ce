//! QEMU's standard error stream, without what misleads.
//!
//! QEMU says of every network controller that is part of a board and has no network, `nic lan9118.0 has no peer`, even with
//! `-nic none`. It is harmless, and the first line of every run on some boards; so it is taken out. Everything else passes
//! byte for byte, as soon as it is there.

use std::io::{self, Read, Write};
use std::thread::JoinHandle;

/// What is taken out: a line that begins with the program's name and this, and ends with [`END`].
const BEGIN: &str = ": warning: nic ";
const END: &[u8] = b" has no peer\n";

/// A line that has begun, as long as it may be one to take out.
struct Filter {
    begin: Vec<u8>,
    held: Vec<u8>,
    /// The rest of this line passes.
    passes: bool,
}

impl Filter {
    fn new(program: &str) -> Filter {
        Filter { begin: format!("{program}{BEGIN}").into_bytes(), held: Vec::new(), passes: false }
    }

    /// What passes of these bytes and of those that were held.
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            if self.passes {
                out.push(byte);
            } else {
                self.held.push(byte);
                let common = self.begin.len().min(self.held.len());
                if self.held[..common] != self.begin[..common] || byte == b'\n' && !self.held.ends_with(END) {
                    out.append(&mut self.held);
                    self.passes = true;
                } else if byte == b'\n' {
                    self.held.clear();
                }
            }
            if byte == b'\n' {
                self.passes = false;
            }
        }
        out
    }

    /// What is still held at the end.
    fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }
}

/// Passes `stream` on to this process's standard error stream, in a thread of its own. `program`: QEMU's name, as it says it.
pub fn pass_on(program: &str, mut stream: impl Read + Send + 'static) -> io::Result<JoinHandle<()>> {
    let mut filter = Filter::new(program);
    std::thread::Builder::new().name("espat-stderr".into()).spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let bytes = match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => &buffer[..count],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            // Nobody reads: QEMU must be able to write all the same.
            let _ = io::stderr().write_all(&filter.push(bytes));
        }
        let _ = io::stderr().write_all(&filter.rest());
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What passes when the bytes come in pieces of this size.
    fn filtered(text: &str, size: usize) -> String {
        let mut filter = Filter::new("qemu-system-arm");
        let mut out: Vec<u8> = text.as_bytes().chunks(size).flat_map(|chunk| filter.push(chunk)).collect();
        out.extend(filter.rest());
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_line_about_a_controller_without_a_network_is_taken_out_and_nothing_else() {
        let noise = "qemu-system-arm: warning: nic lan9118.0 has no peer\n";
        let other = "qemu-system-arm: warning: nic lan9118.0 has no mind\nqemu-system-arm: Unable to load\nhas no peer\n";
        let text = format!("a\n{noise}{other}{noise}last");
        for size in [1, 7, 4096] {
            assert_eq!(filtered(&text, size), format!("a\n{other}last"), "in pieces of {size}");
        }
    }

    #[test]
    fn a_prompt_without_a_line_end_passes_at_once() {
        let mut filter = Filter::new("qemu-system-arm");
        assert_eq!(filter.push(b"> "), b"> ");
        assert_eq!(filter.push(b"qemu-system-arm: "), b"qemu-system-arm: ", "the rest of a line that passes");
        assert_eq!(filter.push(b"\nqemu"), b"\n");
        assert_eq!(filter.push(b"-img"), b"qemu-img", "what was held passes as soon as it is something else");
    }
}
