//! The MQTT broker of a host: `[host.NAME.mqtt]`.

use std::ops::Range;

use toml::de::DeValue;

use super::report::Problems;
use super::table::{Section, found};
use crate::net::config::{Mqtt, MqttAnswers, MqttRule};
use crate::net::mqtt::topic;
use crate::world::spelling::shown;

/// What a rule of `acl` looks like.
const RULE: &str = "a rule such as \"alice publish sensors/#\": a user or `*`, then `publish`, `subscribe` or `both`, \
                    then a filter of topics";

/// What a broker does with a client that does what it may not.
const DENIED: [(&str, bool); 2] = [("refuse", false), ("close", true)];

/// Reads a broker that listens on `port`, and for WebSocket on another one.
pub(super) fn read(problems: &mut Problems, section: &Section, port: u16, websocket: Option<u16>) -> Mqtt {
    let default = Mqtt::default();
    let users: Vec<(String, String)> = texts(problems, section, "users")
        .into_iter()
        .map(|(user, _, password)| (user.to_owned(), password.to_owned()))
        .collect();
    let anonymous = section.boolean(problems, "anonymous").unwrap_or(users.is_empty());
    let rules = section.strings(problems, "acl").map(|list| {
        let rules = list.into_iter().filter_map(|(text, span)| rule(problems, &users, text, span));
        rules.collect()
    });
    let mut retained = Vec::new();
    for (name, place, payload) in texts(problems, section, "retained") {
        if topic::is_name(name) {
            retained.push((name.to_owned(), payload.as_bytes().to_vec()));
        } else {
            problems.add(place, format!("expected a topic without `+` and `#`, found {}", shown(name)));
        }
    }
    Mqtt {
        port,
        websocket,
        anonymous,
        rules,
        closes: section.choice(problems, "denied", &DENIED).unwrap_or(default.closes),
        retained,
        answers: section.choice(problems, "answers", &MqttAnswers::WORDS).unwrap_or(default.answers),
        users,
    }
}

/// A table of strings: each key, its place, and the string.
fn texts<'a>(
    problems: &mut Problems,
    section: &Section<'a>,
    key: &str,
) -> Vec<(&'a str, Range<usize>, &'a str)> {
    let mut list = Vec::new();
    for (name, place, value) in section.named(problems, key) {
        match value.get_ref() {
            DeValue::String(text) => list.push((name, place, text.as_ref())),
            other => {
                let message = format!("expected a string for {}, found {}", shown(name), found(other));
                problems.add(value.span(), message);
            }
        }
    }
    list
}

/// One line of `acl`.
fn rule(
    problems: &mut Problems,
    users: &[(String, String)],
    text: &str,
    span: Range<usize>,
) -> Option<MqttRule> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (user, access, filter) = match words[..] {
        [user, access, filter] if topic::is_filter(filter) => (user, access, filter),
        _ => {
            problems.add(span, format!("expected {RULE}, found {}", shown(text)));
            return None;
        }
    };
    let (publish, subscribe) = match access {
        "publish" => (true, false),
        "subscribe" => (false, true),
        "both" => (true, true),
        _ => {
            problems.add(span, format!("expected {RULE}, found {}", shown(text)));
            return None;
        }
    };
    if user != "*" && !users.is_empty() && !users.iter().any(|(name, _)| name == user) {
        problems.add(span, format!("expected a rule for one of `users` or `*`, found {}", shown(user)));
        return None;
    }
    let user = (user != "*").then(|| user.to_owned());
    Some(MqttRule { user, publish, subscribe, filter: filter.to_owned() })
}
