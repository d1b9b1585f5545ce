//! What links do to frames, in netem's words: plain data.

use std::fmt;

use super::check::NetError;
use crate::time::Duration;

/// Most frames that a link may be told to let wait for its rate.
pub const LONGEST_QUEUE: u32 = 1_000_000;
/// Highest gap of [`Faults::gap`].
pub const LARGEST_GAP: u32 = 1_000_000;

/// Which way a frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the node (module or host) into the network.
    Up,
    /// From the network to the node.
    Down,
}

/// How one direction of a link behaves. Every random choice is drawn from a stream named after the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Time a frame is under way.
    pub latency: Duration,
    /// How much the latency varies, as [`Faults::distribution`] says. Frames keep their order: a frame never arrives
    /// before the one sent ahead of it, unless it is drawn for reordering.
    pub jitter: Duration,
    /// How the latency varies.
    pub distribution: Distribution,
    /// Chance that a frame is lost, in a million.
    pub loss_ppm: u32,
    /// Loss in bursts, besides; `None`: there is none.
    pub bursts: Option<GeModel>,
    /// Chance that one bit of a frame is inverted, in a million.
    pub corrupt_ppm: u32,
    /// Chance that a frame arrives twice, in a million.
    pub duplicate_ppm: u32,
    /// Chance that a frame is held back for one extra latency (at least 1 ms), so that later ones overtake it,
    /// in a million.
    pub reorder_ppm: u32,
    /// At least so many frames less one pass in order between two that are held back; 1: any may be (1 to
    /// [`LARGEST_GAP`]).
    pub gap: u32,
    /// Bits per second; frames queue for it. `None`: no limit.
    pub rate_bps: Option<u64>,
    /// Most frames that wait for the rate, the one being sent included; one more is dropped (1 to [`LONGEST_QUEUE`]).
    pub limit: u32,
    /// Largest IP packet in bytes (576 to 1500); longer frames are lost.
    pub mtu: u16,
    /// True: nothing passes.
    pub down: bool,
}

impl Default for Faults {
    /// A perfect link of 1 ms.
    fn default() -> Self {
        Faults {
            latency: Duration::from_millis(1),
            jitter: Duration::ZERO,
            distribution: Distribution::Uniform,
            loss_ppm: 0,
            bursts: None,
            corrupt_ppm: 0,
            duplicate_ppm: 0,
            reorder_ppm: 0,
            gap: 1,
            rate_bps: None,
            limit: 1000,
            mtu: 1500,
            down: false,
        }
    }
}

impl Faults {
    /// Says which value is out of range, if one is.
    ///
    /// # Errors
    /// One sentence that names what was expected.
    pub fn check(&self) -> Result<(), NetError> {
        let fail = |sentence: String| Err(NetError(sentence));
        if !(576..=1500).contains(&self.mtu) {
            return fail(format!("the MTU is {}; expected 576 to 1500 bytes", self.mtu));
        }
        if self.rate_bps == Some(0) {
            return fail("the rate is 0; expected at least 1 bit/s".to_owned());
        }
        for (what, value, most) in [("gap", self.gap, LARGEST_GAP), ("limit", self.limit, LONGEST_QUEUE)] {
            if !(1..=most).contains(&value) {
                return fail(format!("the {what} is {value}; expected 1 to {most} frames"));
            }
        }
        let model = self.bursts.unwrap_or_default();
        for (what, ppm) in [
            ("loss", self.loss_ppm),
            ("corruption", self.corrupt_ppm),
            ("duplication", self.duplicate_ppm),
            ("reordering", self.reorder_ppm),
            ("p of the Gilbert-Elliott model", model.p),
            ("r of the Gilbert-Elliott model", model.r),
            ("1-h of the Gilbert-Elliott model", model.bad),
            ("1-k of the Gilbert-Elliott model", model.good),
        ] {
            if ppm > 1_000_000 {
                return fail(format!("the {what} is {ppm} in a million; expected at most 1000000"));
            }
        }
        Ok(())
    }
}

/// Loss in bursts: the Gilbert-Elliott model, as netem has it. The link is in a good or a bad state and may change it
/// behind each frame; in each state it loses frames with a chance of its own. All in a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeModel {
    /// p: chance that the good state becomes bad.
    pub p: u32,
    /// r: chance that the bad state becomes good.
    pub r: u32,
    /// 1-h: chance that a frame is lost in the bad state.
    pub bad: u32,
    /// 1-k: chance that a frame is lost in the good state.
    pub good: u32,
}

impl Default for GeModel {
    /// One that never leaves its good state.
    fn default() -> Self {
        GeModel { p: 0, r: 1_000_000, bad: 1_000_000, good: 0 }
    }
}

impl GeModel {
    /// With netem's defaults for what is not said: r is 1-p, 1-h 100 %, 1-k 0.
    pub fn new(p: u32, r: Option<u32>, bad: Option<u32>, good: Option<u32>) -> GeModel {
        let r = r.unwrap_or(1_000_000u32.saturating_sub(p));
        GeModel { p, r, bad: bad.unwrap_or(1_000_000), good: good.unwrap_or(0) }
    }
}

/// How the latency of a link varies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// Up to the jitter is added to the latency, evenly drawn.
    #[default]
    Uniform,
    /// The latency is the mean and the jitter the standard deviation of a normal distribution.
    Normal,
    /// The same of a Pareto distribution with a = 3: most frames are a little early, a few very late.
    Pareto,
    /// A quarter of the normal deviation and three quarters of the Pareto one.
    ParetoNormal,
}

impl Distribution {
    /// Each with the word for it.
    pub const WORDS: [(&str, Distribution); 4] = [
        ("uniform", Distribution::Uniform),
        ("normal", Distribution::Normal),
        ("pareto", Distribution::Pareto),
        ("paretonormal", Distribution::ParetoNormal),
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, distribution)| *distribution == self).map_or("", |(word, _)| word)
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How a link behaves, each direction for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkFaults {
    /// From the node (module or host) into the network.
    pub up: Faults,
    /// From the network to the node.
    pub down: Faults,
}

impl LinkFaults {
    /// Of one direction.
    pub(super) fn way(&self, way: Way) -> &Faults {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }

    /// Says which value is out of range, if one is.
    ///
    /// # Errors
    /// One sentence that names what was expected.
    pub fn check(&self) -> Result<(), NetError> {
        self.up.check().and_then(|()| self.down.check())
    }

    /// The largest IP packet that passes in both directions, in bytes.
    pub fn mtu(&self) -> u16 {
        self.up.mtu.min(self.down.mtu)
    }

    /// The smaller latency of its two directions.
    pub fn latency(&self) -> Duration {
        self.up.latency.min(self.down.latency)
    }
}

impl From<Faults> for LinkFaults {
    /// Both directions alike.
    fn from(faults: Faults) -> LinkFaults {
        LinkFaults { up: faults.clone(), down: faults }
    }
}
