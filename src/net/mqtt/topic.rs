//! Topics and the filters that subscriptions name them with (MQTT 3.1.1, 4.7).

/// Whether a filter has this topic: `+` stands for one level, `#` at the end for all that follow and for the level above
/// them. Topics that begin with `$` belong to the broker, and no wildcard at the beginning has them.
pub fn has(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for level in filter.split('/') {
        match (level, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (level, Some(other)) if level == other => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// Whether a filter has every topic that another one has.
pub fn covers(filter: &str, other: &str) -> bool {
    let mut levels = other.split('/');
    for level in filter.split('/') {
        match (level, levels.next()) {
            ("#", _) => return true,
            (_, Some("#")) | (_, None) => return false,
            ("+", Some(_)) => {}
            (level, Some(other)) if level == other => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// Whether messages can be published under this topic: it has at least one character, no wildcard and no NUL.
pub fn is_name(topic: &str) -> bool {
    is_text(topic) && !topic.contains(['+', '#'])
}

/// Whether it is a filter: wildcards are whole levels, `#` is the last one.
pub fn is_filter(filter: &str) -> bool {
    let above = filter.strip_suffix("/#").unwrap_or(if filter == "#" { "" } else { filter });
    is_text(filter) && above.split('/').all(|level| level == "+" || !level.contains(['+', '#']))
}

/// What is counted with two bytes, and has no NUL.
fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= usize::from(u16::MAX) && !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_what_the_standard_says() {
        for (filter, topic, wanted) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/uptime", false),
            ("+/uptime", "$SYS/uptime", false),
            ("$SYS/#", "$SYS/uptime", true),
            ("a/b", "a/b", true),
            ("a/b", "A/b", false),
        ] {
            assert_eq!(has(filter, topic), wanted, "{filter} and {topic}");
        }
    }

    #[test]
    fn a_filter_covers_another_only_when_it_has_all_of_its_topics() {
        for (filter, other, wanted) in [
            ("a/#", "a/+/c", true),
            ("a/#", "a/#", true),
            ("a/+", "a/#", false),
            ("a/+", "a/+", true),
            ("a/+", "a/b", true),
            ("a/b", "a/+", false),
            ("a/b/c", "a/b", false),
            ("#", "a/#", true),
        ] {
            assert_eq!(covers(filter, other), wanted, "{filter} over {other}");
        }
    }

    #[test]
    fn names_have_no_wildcards_and_filters_have_them_as_whole_levels() {
        assert!(is_name("a/b") && is_name("/") && !is_name("") && !is_name("a/+") && !is_name("a#"));
        for filter in ["#", "+", "a/+/#", "+/+", "/", "/+"] {
            assert!(is_filter(filter), "{filter} is one");
        }
        for filter in ["", "a+", "+a", "a#", "a/#/b", "##", "#/", "a\0b"] {
            assert!(!is_filter(filter), "{filter:?} is none");
        }
    }
}
