//! What an MQTT broker of a host can be told: `host NAME mqtt CHANGE`, `host NAME publish TOPIC TEXT`.

use std::fmt;

use super::Name;
use super::host::{next, text};
use super::words::Words;
use crate::net::config::{MqttAnswers, MqttChange};
use crate::net::mqtt::topic;
use crate::net::mqtt::wire::Refusal;
use crate::net::network::HostAction;
use crate::net::service::quoted;
use crate::world::spelling::{cut, did_you_mean, one_of};

/// What can be said of a broker.
const CHANGES: [&str; 4] = ["answers", "refuse", "drop", "take-over"];
/// What can stand behind the text of a message.
const OPTIONS: [&str; 2] = ["qos", "retain"];

/// Reads what follows `publish`.
pub(super) fn publish(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    let word = next("a topic", so_far, words)?;
    if !topic::is_name(&word.text) {
        return Err(format!("expected a topic without `+` and `#` after `{so_far}`, found {}", word.shown()));
    }
    let so_far = format!("{so_far} {}", Name(&cut(&word.text)));
    let (topic, payload) = (word.text, text(&so_far, words)?);
    let (mut qos, mut retain) = (0, false);
    while let Some(word) = words.next() {
        if word.is("retain") {
            retain = true;
        } else if word.is("qos") {
            const QOS: &str = "0, 1 or 2";
            let number = next(QOS, &format!("{so_far} ... qos"), words)?;
            let found = number.plain().and_then(|n| n.parse().ok()).filter(|&n: &u8| n <= 2);
            qos = found.ok_or_else(|| format!("expected {QOS} after `qos`, found {}", number.shown()))?;
        } else {
            let hint = did_you_mean(&word.text, OPTIONS);
            let (options, found) = (one_of(OPTIONS), word.shown());
            return Err(format!("expected {options} behind the text of a message, found {found}{hint}"));
        }
    }
    Ok(HostAction::Publish { topic, payload, qos, retain })
}

/// Reads what follows `mqtt`.
pub(super) fn change(so_far: &str, words: &mut Words) -> Result<HostAction, String> {
    let word = next(&one_of(CHANGES), so_far, words)?;
    let before = so_far;
    let so_far = format!("{so_far} {}", cut(&word.text));
    let client = |words: &mut Words| Ok::<String, String>(next("the id of a client", &so_far, words)?.text);
    let change = match word.plain() {
        Some("answers") => {
            let expected = || one_of(MqttAnswers::WORDS.map(|(word, _)| word));
            let answers = next(&expected(), &so_far, words)?;
            let found = MqttAnswers::WORDS.iter().find(|(word, _)| answers.is(word));
            let found = found.map(|(_, answers)| *answers).ok_or_else(|| {
                let hint = did_you_mean(&answers.text, MqttAnswers::WORDS.map(|(word, _)| word));
                format!("expected {} after `{so_far}`, found {}{hint}", expected(), answers.shown())
            });
            MqttChange::Answers(found?)
        }
        Some("refuse") => {
            const CODE: &str = "a return code from 1 to 5, or 0 for none";
            let code = next(CODE, &so_far, words)?;
            match code.plain().and_then(|n| n.parse::<usize>().ok()) {
                Some(0) => MqttChange::Refuse(None),
                Some(n @ 1..=5) => MqttChange::Refuse(Some(Refusal::ALL[n - 1])),
                _ => return Err(format!("expected {CODE} after `{so_far}`, found {}", code.shown())),
            }
        }
        Some("drop") => MqttChange::Drop(client(words)?),
        Some("take-over") => MqttChange::TakeOver(client(words)?),
        _ => {
            let hint = did_you_mean(&word.text, CHANGES);
            let found = word.shown();
            return Err(format!("expected {} after `{before}`, found {found}{hint}", one_of(CHANGES)));
        }
    };
    Ok(HostAction::Mqtt(change))
}

/// A message as the language writes it.
pub(super) fn show_publish(
    f: &mut fmt::Formatter<'_>,
    topic: &str,
    payload: &[u8],
    qos: u8,
    retain: bool,
) -> fmt::Result {
    write!(f, "publish {} {}", Name(topic), quoted(payload))?;
    if qos > 0 {
        write!(f, " qos {qos}")?;
    }
    f.write_str(if retain { " retain" } else { "" })
}

/// A change as the language writes it.
pub(super) fn show_change(f: &mut fmt::Formatter<'_>, change: &MqttChange) -> fmt::Result {
    match change {
        MqttChange::Answers(answers) => write!(f, "mqtt answers {}", answers.word()),
        MqttChange::Refuse(refusal) => write!(f, "mqtt refuse {}", refusal.map_or(0, Refusal::code)),
        MqttChange::Drop(client) => write!(f, "mqtt drop {}", Name(client)),
        MqttChange::TakeOver(client) => write!(f, "mqtt take-over {}", Name(client)),
    }
}
