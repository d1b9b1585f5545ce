//! How deep a queue was, over time, within bounds: what is drawn on a screen needs no more points than that has pixels.

/// A queue's depth: from each time on the value beside it.
#[derive(Clone, Debug, Default)]
pub struct Series {
    points: Vec<(u64, u64)>,
    /// The most that it ever was.
    peak: u64,
}

/// Most points; when there are more, they are thinned to half of it.
const MOST: usize = 16_384;

impl Series {
    /// It is so deep from `at` on, ns.
    pub fn push(&mut self, at: u64, depth: u64) {
        self.peak = self.peak.max(depth);
        match self.points.last_mut() {
            Some((_, last)) if *last == depth => return,
            // Of what happens at one instant the deepest counts.
            Some((time, last)) if *time == at => *last = depth.max(*last),
            _ => self.points.push((at, depth)),
        }
        if self.points.len() > MOST {
            self.thin();
        }
    }

    /// Keeps of each span of time how it began to differ, its peak and its end.
    fn thin(&mut self) {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else { return };
        let span = ((last.0 - first.0) / (MOST as u64 / 4)).max(1);
        let mut kept: Vec<(u64, u64)> = Vec::with_capacity(MOST);
        for bucket in self.points.chunk_by(|a, b| a.0 / span == b.0 / span) {
            let peak =
                bucket.iter().copied().reduce(|peak, point| if point.1 > peak.1 { point } else { peak });
            kept.extend(peak);
            kept.extend(bucket.last().filter(|end| Some(**end) != peak));
        }
        self.points = kept;
    }

    /// The points, and the most that it ever was.
    pub fn finish(self) -> (Vec<(u64, u64)>, u64) {
        (self.points, self.peak)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_series_stays_short_and_keeps_its_peaks_and_its_end() {
        let mut series = Series::default();
        for n in 0..1_000_000 {
            series.push(n * 1000, if n == 500_001 { 9999 } else { n % 50 });
        }
        let (points, peak) = series.finish();
        assert!(points.len() <= MOST && points.len() > MOST / 4, "{} points", points.len());
        assert_eq!(peak, 9999);
        assert!(points.contains(&(500_001_000, 9999)), "the peak has gone");
        assert_eq!(points.last(), Some(&(999_999_000, 999_999 % 50)), "its end is another one");
        assert!(points.is_sorted_by_key(|point| point.0));
    }

    #[test]
    fn only_changes_are_points() {
        let mut series = Series::default();
        for (at, depth) in [(0, 0), (5, 0), (7, 3), (7, 2), (9, 2), (12, 0)] {
            series.push(at, depth);
        }
        assert_eq!(series.finish(), (vec![(0, 0), (7, 3), (9, 2), (12, 0)], 3));
    }
}
