//! The least of many keys, each of which changes by itself: which of a thousand modules is due next, or slowest.
//!
//! A tree over the players' places keeps in each node the lesser key of the two below it, as the sheet of a
//! tournament does. A key that changes plays its way up again, no further than it makes a difference. So the cost
//! is that of a few comparisons, whatever the number of players, and the answer depends on keys and places only.

/// The least key of many players, who have their places for good. `None` is a player who does not play.
#[derive(Clone, Debug)]
pub struct Tournament<K> {
    /// The tree: node 1 is the root, the nodes below node n are 2 n and 2 n + 1, the last half are the players.
    nodes: Vec<Option<K>>,
}

/// The lesser of two keys, the first of equal ones.
fn lesser<K: Copy + Ord>(a: Option<K>, b: Option<K>) -> Option<K> {
    match (a, b) {
        (Some(a), Some(b)) if b < a => Some(b),
        (Some(a), _) => Some(a),
        (None, b) => b,
    }
}

impl<K: Copy + Ord> Tournament<K> {
    /// A tournament of so many players, none of whom plays.
    pub fn new(players: usize) -> Self {
        Tournament { nodes: vec![None; 2 * players.next_power_of_two()] }
    }

    fn players(&self) -> usize {
        self.nodes.len() / 2
    }

    /// The key of a player.
    pub fn get(&self, player: usize) -> Option<K> {
        self.nodes.get(self.players() + player).copied().flatten()
    }

    /// Gives a player a key, or takes it away. A player beyond the last place has none.
    #[inline]
    pub fn set(&mut self, player: usize, key: Option<K>) {
        let mut node = self.players() + player;
        match self.nodes.get_mut(node) {
            Some(own) if *own != key => *own = key,
            _ => return,
        }
        while node > 1 {
            node /= 2;
            let winner = lesser(self.nodes[2 * node], self.nodes[2 * node + 1]);
            if self.nodes[node] == winner {
                return;
            }
            self.nodes[node] = winner;
        }
    }

    /// The least key.
    #[inline]
    pub fn least(&self) -> Option<K> {
        self.nodes[1]
    }

    /// The least key and whose it is: the first player's of those who have it.
    #[inline]
    pub fn first(&self) -> Option<(K, usize)> {
        let key = self.nodes[1]?;
        Some((key, self.descend(1, key)))
    }

    /// The same among all but this player.
    pub fn first_but(&self, player: usize) -> Option<(K, usize)> {
        let mut node = self.players() + player;
        let mut best: Option<(K, usize)> = None;
        while node > 1 {
            let other = node ^ 1;
            // What stands to the left comes first among equals.
            if let Some(key) = self.nodes[other]
                && best.is_none_or(|(least, _)| key < least || (key == least && other < node))
            {
                best = Some((key, other));
            }
            node /= 2;
        }
        best.map(|(key, node)| (key, self.descend(node, key)))
    }

    /// The first player below `node` who has its key.
    fn descend(&self, mut node: usize, key: K) -> usize {
        while node < self.players() {
            node = if self.nodes[2 * node] == Some(key) { 2 * node } else { 2 * node + 1 };
        }
        node - self.players()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn the_first_of_the_least_wins_whatever_has_happened_before() {
        for players in [1, 2, 3, 7, 64, 100] {
            let mut draws = Stream::new(1, "tournament");
            let mut draw = |below: usize| draws.between(0, below as u64 - 1) as usize;
            let mut plain: Vec<Option<usize>> = vec![None; players];
            let mut tournament = Tournament::new(players);
            for _ in 0..2_000 {
                let (player, key) = (draw(players), draw(12));
                let key = (key < 10).then_some(key);
                plain[player] = key;
                tournament.set(player, key);
                let least = |but: Option<usize>| {
                    let all = plain.iter().enumerate().filter(|(i, _)| Some(*i) != but);
                    all.filter_map(|(i, key)| key.map(|key| (key, i))).min()
                };
                assert_eq!(tournament.first(), least(None), "{plain:?}");
                assert_eq!(tournament.least(), least(None).map(|(key, _)| key), "{plain:?}");
                let but = draw(players);
                assert_eq!(tournament.first_but(but), least(Some(but)), "all but {but} of {plain:?}");
                assert_eq!(tournament.get(player), key);
            }
        }
    }

    #[test]
    fn who_has_no_place_does_not_play() {
        let mut tournament = Tournament::new(2);
        tournament.set(2, Some(1));
        tournament.set(9, Some(0));
        assert_eq!((tournament.first(), tournament.get(2)), (None, None));
        assert_eq!(Tournament::<u8>::new(0).first(), None);
    }
}
