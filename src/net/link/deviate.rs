//! Deviates of netem's distributions, in integers: the same on every machine.

use crate::rng::Stream;

/// One standard deviation.
pub(super) const ONE: i64 = 1 << 16;
/// As in netem's tables nothing is further away than four of them.
const FURTHEST: i64 = 4 * ONE;

/// What was drawn for one frame.
pub(super) struct Deviates {
    normal: i64,
    uniform: u32,
}

impl Deviates {
    /// Draws four times, whatever is made of it.
    pub(super) fn draw(stream: &mut Stream) -> Deviates {
        // The sum of twelve even deviates (Irwin and Hall): 16 bits each have the variance 2^32 / 12.
        let sum: i64 = (0..3)
            .flat_map(|_| {
                let bits = stream.next_u64();
                [bits & 0xffff, bits >> 16 & 0xffff, bits >> 32 & 0xffff, bits >> 48]
            })
            .map(|part| part as i64)
            .sum();
        Deviates { normal: sum - 6 * 0xffff, uniform: (stream.next_u64() >> 32) as u32 }
    }

    /// Of a normal distribution, in units of [`ONE`].
    pub(super) fn normal(&self) -> i64 {
        self.normal.clamp(-FURTHEST, FURTHEST)
    }

    /// Of the Pareto distribution with a = 3, whose smallest value is 1, mean 3/2 and standard deviation the root of 3/4.
    pub(super) fn pareto(&self) -> i64 {
        /// The root of 3/4, and 3/2.
        const DEVIATION: i64 = 56_756;
        const MEAN: i64 = 3 * ONE / 2;
        // u^(-1/3) in units of ONE, u = (uniform + 1) / 2^32.
        let value = cube_root((1u128 << 80) / (u128::from(self.uniform) + 1));
        ((value as i64 - MEAN) * ONE / DEVIATION).clamp(-FURTHEST, FURTHEST)
    }

    /// A quarter of the one and three quarters of the other.
    pub(super) fn pareto_normal(&self) -> i64 {
        (self.normal() + 3 * self.pareto()) / 4
    }
}

/// The largest integer whose cube is not above `value`, which is below 2^81.
fn cube_root(value: u128) -> u64 {
    let mut root = 0u64;
    for bit in (0..27).rev() {
        let tried = root | 1 << bit;
        if u128::from(tried).pow(3) <= value {
            root = tried;
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of many, in thousandths of [`ONE`].
    fn moments(of: fn(&Deviates) -> i64) -> (i64, i64) {
        let mut stream = Stream::new(1, "deviates");
        let drawn: Vec<i64> = (0..20_000).map(|_| of(&Deviates::draw(&mut stream))).collect();
        let mean = drawn.iter().sum::<i64>() / drawn.len() as i64;
        let variance = drawn.iter().map(|d| (d - mean).pow(2)).sum::<i64>() / drawn.len() as i64;
        (mean * 1000 / ONE, variance.isqrt() * 1000 / ONE)
    }

    #[test]
    fn each_distribution_has_its_mean_and_its_deviation() {
        let (mean, deviation) = moments(Deviates::normal);
        assert!(mean.abs() < 20 && (980..1020).contains(&deviation), "normal: {mean}, {deviation}");
        // Cut at four deviations, which takes the far end away: netem's table has the same mean and deviation.
        let (mean, deviation) = moments(Deviates::pareto);
        assert!((-60..20).contains(&mean) && (700..1000).contains(&deviation), "pareto: {mean}, {deviation}");
        let (mean, deviation) = moments(Deviates::pareto_normal);
        assert!((-50..20).contains(&mean) && (550..850).contains(&deviation), "both: {mean}, {deviation}");
    }

    #[test]
    fn quantiles_are_those_of_the_books() {
        let at = |uniform: u32| Deviates { normal: 0, uniform }.pareto() * 1000 / ONE;
        // u = 1: the smallest value, (1 - 1.5) / 0.866. The median 2^(1/3). u = 1/8: 2.
        assert_eq!((at(u32::MAX), at(u32::MAX / 2), at(u32::MAX / 8)), (-577, -277, 577));
        assert_eq!(at(0), 4000, "the far end is cut");
        assert_eq!((cube_root(0), cube_root(26), cube_root(27), cube_root(1 << 78)), (0, 2, 3, 1 << 26));
    }
}
