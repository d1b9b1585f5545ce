//! Which profiles a transcript runs in, and which bytes of it are theirs.
//!
//! Both are told by the same words: `all`, a profile (`esp32-v3.4`), a chip (`esp8266`), releases from one to another
//! (`2.2..3.4`, `3.3..`, `..2.4`, both ends belong to it).

use crate::profile::{PROFILES, Profile, Release};
use crate::world::spelling::{did_you_mean, one_of, shown};

/// The profiles that one word means.
fn of_word(word: &str) -> Result<Vec<&'static Profile>, String> {
    let which: Box<dyn Fn(&Profile) -> bool> = if word == "all" {
        Box::new(|_| true)
    } else if let Some((from, to)) = word.split_once("..") {
        let end = |text: &str, open: Release| match text {
            "" => Ok(open),
            text => {
                release(text).ok_or_else(|| format!("expected a release such as 3.4, found {}", shown(text)))
            }
        };
        let (from, to) = (end(from, Release(0, 0))?, end(to, Release(u8::MAX, u8::MAX))?);
        Box::new(move |p| (from..=to).contains(&p.release))
    } else {
        Box::new(|p| p.name == word || p.name.strip_prefix(word).is_some_and(|rest| rest.starts_with("-v")))
    };
    let found: Vec<&'static Profile> = PROFILES.iter().copied().filter(|p| which(p)).collect();
    if found.is_empty() {
        let names = || PROFILES.iter().map(|p| p.name);
        let hint = did_you_mean(word, names());
        let names = one_of(names());
        return Err(format!(
            "expected {names}, a chip, releases such as `2.2..3.4`, or `all`, found {}{hint}",
            shown(word)
        ));
    }
    Ok(found)
}

fn release(text: &str) -> Option<Release> {
    let (major, minor) = text.split_once('.')?;
    Some(Release(major.parse().ok()?, minor.parse().ok()?))
}

/// The profiles that any of the words means, each once, in the order in which they are listed everywhere.
pub(super) fn select<'w>(words: impl Iterator<Item = &'w str>) -> Result<Vec<&'static Profile>, String> {
    let mut meant = Vec::new();
    for word in words {
        meant.extend(of_word(word)?.into_iter().map(|p| p.name));
    }
    Ok(PROFILES.iter().copied().filter(|p| meant.contains(&p.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &str) -> Vec<&'static str> {
        select(words.split(' ')).unwrap_or_else(|e| panic!("{e}")).iter().map(|p| p.name).collect()
    }

    #[test]
    fn a_word_means_all_one_a_chip_or_releases_from_one_to_another() {
        let all: Vec<&str> = PROFILES.iter().map(|p| p.name).collect();
        assert_eq!(names("all"), all);
        assert_eq!(names("esp32-v3.4"), ["esp32-v3.4"]);
        assert!(names("esp32").iter().all(|n| n.starts_with("esp32-v")), "a chip is no prefix of another");
        let of = |from, to| -> Vec<&str> {
            let within = |p: &&&Profile| (from..=to).contains(&p.release);
            PROFILES.iter().filter(within).map(|p| p.name).collect()
        };
        assert_eq!(names("2.2..3.4"), of(Release(2, 2), Release(3, 4)));
        assert_eq!(names("3.4.."), of(Release(3, 4), Release(255, 255)));
        assert_eq!(names("..2.2"), of(Release(0, 0), Release(2, 2)));
        assert_eq!(names("esp32-v3.4 ..9.9"), all, "each once");
    }

    #[test]
    fn a_word_that_means_none_is_a_mistake() {
        for word in ["esp32-v3.5", "esp3", "9.0..", "3..4", "..", ""] {
            let found = select([word].into_iter());
            assert_eq!(found.is_ok(), word == "..", "{word}: {found:?}");
        }
    }
}
