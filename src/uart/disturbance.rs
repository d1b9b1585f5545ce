//! What happens to bytes on their way: noise and loss.

use super::Frame;
use crate::rng::Stream;

/// How one direction of a wire treats bytes. Each kind of harm is drawn from a stream of its own.
#[derive(Clone, Debug)]
pub struct Disturbance {
    /// Chance that one bit of a byte is inverted, parts per million.
    pub noise_ppm: u32,
    /// Chance that a byte is lost, parts per million.
    pub loss_ppm: u32,
    noise: Stream,
    loss: Stream,
}

impl Disturbance {
    /// None yet, for the direction called `name` (`wire/wifi/from-mcu`) in a world of this seed.
    pub fn new(seed: u64, name: &str) -> Disturbance {
        let stream = |what| Stream::new(seed, &format!("{name}/{what}"));
        // The names of streams are part of every digest: this one keeps what loss was called first.
        Disturbance { noise_ppm: 0, loss_ppm: 0, noise: stream("noise"), loss: stream("drop") }
    }

    /// What becomes of a byte; `None`: it is lost, and the line stays idle.
    pub(super) fn pass<M>(&mut self, mut frame: Frame<M>) -> Option<Frame<M>> {
        // A chance of zero draws nothing: most wires are good, and bytes are many.
        if self.loss_ppm > 0 && self.loss.chance(self.loss_ppm) {
            return None;
        }
        if self.noise_ppm > 0 && self.noise.chance(self.noise_ppm) {
            frame.invert(self.noise.between(0, frame.bits() - 1));
        }
        Some(frame)
    }
}
