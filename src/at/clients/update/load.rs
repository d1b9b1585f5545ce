//! The file on its way into flash: what is looked at, and how it is written.

use super::connection::{BUFFER, is_over};
use super::progress::{Around, Looked, failed};
use crate::at::faults::FaultEvent;
use crate::at::{Env, flash};
use crate::net::firmware;
use crate::net::stack::{self, StreamState};
use crate::time::Instant;

/// Where the file goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// The slot of this number.
    Slot(usize),
    /// A partition.
    Partition(&'static str),
}

/// How far the file has come.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// What `Content-Length` said; `None` before the end of the head.
    total: Option<usize>,
    received: usize,
    /// What came is not what the image's checksum says.
    damaged: bool,
    /// The beginning of an image.
    head: Vec<u8>,
    /// The last block is being written until then.
    pub(super) busy: Option<Instant>,
}

impl Load {
    pub(super) fn look(
        &mut self,
        now: Instant,
        target: Target,
        name: &str,
        stream: stack::Connection,
        around: &mut Around<'_>,
        env: &mut Env<'_>,
    ) -> Looked {
        if self.busy.take_if(|until| *until <= now).is_some() {
            return if self.total == Some(self.received) { self.finish(target, env) } else { Looked::Moved };
        }
        if self.busy.is_some() {
            return Looked::Waiting;
        }
        let data = env.stack.stream_recv(stream, BUFFER);
        if data.is_empty() {
            return match env.stack.stream_state(stream) {
                _ if !is_over(stream, env.stack) => Looked::Waiting,
                StreamState::PeerClosed => failed("receive all packet over!"),
                _ => failed("receive data error!"),
            };
        }
        let mut block = &data[..];
        let total = match self.total {
            Some(total) => total,
            None => {
                let Some((total, body)) = head(block) else { return self.finish(target, env) };
                around.out.log(&format!("total_len={total}!"));
                if let Err(why) = verify(name, body) {
                    return Looked::Failed(why);
                }
                block = body;
                self.total = Some(total);
                total
            }
        };
        let (size, refused) = match target {
            Target::Slot(_) => (env.profile.slot_size, "esp_ota_write failed!"),
            Target::Partition(name) => {
                (flash::find(env.profile, name).map_or(0, |p| p.size), "esp_partition_write failed!")
            }
        };
        if u32::try_from(self.received + block.len()).map_or(true, |end| end > size) {
            return failed(refused);
        }
        if env.faults.flash_fails {
            env.faults.news.push(FaultEvent::NotWritten(format!("the file {name}")));
            return failed(refused);
        }
        match target {
            Target::Slot(_) => {
                let missing = firmware::LEAST_IMAGE.saturating_sub(self.head.len());
                self.head.extend(block.iter().take(missing));
                self.damaged |= !firmware::is_whole(self.received, block);
            }
            Target::Partition(name) => env.flash.write(env.profile, &env.build, name, self.received, block),
        }
        self.received += block.len();
        // Of a text: nothing is decided by it.
        let percent = self.received as f64 * 100.0 / total as f64;
        around.out.log(&format!("total_len={total}({}), {percent:.1}%!", self.received));
        self.busy = Some(now + env.draw(|p| &p.times.write_block));
        Looked::Moved
    }

    /// Nothing more is expected. An image must be one; of a partition nothing is checked.
    fn finish(&self, target: Target, env: &mut Env<'_>) -> Looked {
        match (target, firmware::version(&self.head)) {
            (Target::Slot(_), None) => failed("esp_ota_end failed!"),
            (Target::Slot(_), Some(_)) if self.damaged && firmware::is_simulated(&self.head) => {
                failed("esp_ota_end failed!")
            }
            (Target::Slot(slot), Some(version)) => {
                env.flash.firmware.install(slot, version);
                Looked::Done
            }
            (Target::Partition(_), _) => Looked::Done,
        }
    }
}

/// The length that the head of an answer promises, and the body behind it. The firmware looks for both in its first
/// read alone; an answer without a length ends the download.
fn head(answer: &[u8]) -> Option<(usize, &[u8])> {
    let find =
        |what: &[u8]| answer.windows(what.len()).position(|w| w == what).map(|at| &answer[at + what.len()..]);
    let digits = find(b"Content-Length: ")?;
    let digits = digits.iter().take_while(|b| b.is_ascii_digit());
    let total =
        digits.fold(0usize, |n, digit| n.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    Some((total, find(b"\r\n\r\n")?))
}

/// Whether a file begins as the partition wants it; what the log port says when it does not.
fn verify(name: &str, body: &[u8]) -> Result<(), String> {
    let Some((at, mark)) = firmware::signature(name) else { return Err(String::new()) };
    for (index, expected) in mark.iter().enumerate() {
        let Some(saw) = body.get(at + index) else { return Err(String::new()) };
        if saw != expected {
            return Err(format!(
                "{name} partition has an invalid magic byte (index:{index} expected 0x{expected:02x}, saw 0x{saw:02x})"
            ));
        }
    }
    Ok(())
}
