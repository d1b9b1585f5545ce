//! Delta debugging: of many things, the few without which something does not happen any more.

/// Leaves away what can be left away while `fails` stays true, which it is for all of `items`: first halves, then quarters,
/// down to single ones. Of what is returned none can be left away alone. What remains keeps its order.
///
/// After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002), without the tries of parts alone,
/// which rarely fail where one thing builds on another.
pub fn fewest<T: Clone>(mut items: Vec<T>, fails: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut size = items.len().div_ceil(2);
    while size > 0 && !items.is_empty() {
        let (mut start, mut fewer) = (0, false);
        while start < items.len() {
            let end = items.len().min(start + size);
            let without = [&items[..start], &items[end..]].concat();
            if fails(&without) {
                items = without;
                fewer = true;
            } else {
                start = end;
            }
        }
        // What was needed by something that is gone now may go, too.
        size = if size == 1 && !fewer { 0 } else { (size / 2).max(1) };
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_left_and_nothing_else() {
        let mut tries = 0;
        let left = fewest((0..1000).collect(), &mut |items: &[u32]| {
            tries += 1;
            [3, 500, 501, 997].iter().all(|needed| items.contains(needed))
        });
        assert_eq!(left, [3, 500, 501, 997]);
        assert!(tries < 200, "{tries} tries for 4 of 1000");
    }

    #[test]
    fn what_goes_only_when_something_else_is_gone_goes_too() {
        // 0 is needed by 9 alone, and 9 by nobody.
        let left = fewest((0..10).collect(), &mut |items: &[u32]| {
            items.contains(&5) && (!items.contains(&9) || items.contains(&0))
        });
        assert_eq!(left, [5]);
        assert_eq!(fewest(vec![1, 2, 3], &mut |_| true), [0; 0]);
        assert_eq!(fewest(vec![1, 2, 3], &mut |_| false), [1, 2, 3]);
    }
}
