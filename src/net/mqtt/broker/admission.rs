//! Who comes in, and what users may do.

use super::super::session::Session;
use super::super::topic;
use super::super::wire::{self, Connect, Farewell, Outgoing, Refusal, Version};
use super::{Broker, Client};
use crate::net::config::{Mqtt, MqttRule};
use crate::net::event::{MqttEnd, MqttEvent, MqttNews};
use crate::time::{Duration, Instant};

/// The longest id of a client, bytes.
const LONGEST_ID: usize = 1024;

impl Broker {
    /// A CONNECT: its client comes in, or is refused.
    pub(super) fn connect(&mut self, now: Instant, number: u64, connect: Connect) {
        let (id, version) = (connect.client.clone(), connect.version);
        // 3.1 wants an id; 3.1.1 gives one to a client that keeps nothing.
        let nameless = id.is_empty()
            && match version {
                Version::V31 => true,
                Version::V311 => !connect.clean,
                Version::V5 => false,
            };
        let refusal = match self.refusal {
            Some(refusal) => Some(refusal),
            None if nameless || id.len() > LONGEST_ID => Some(Refusal::ClientId),
            None => self.login(&connect),
        };
        if let Some(refusal) = refusal {
            return self.refuse(number, id, version, refusal);
        }
        let assigned = id.is_empty().then(|| format!("auto-{number}"));
        let id = assigned.clone().unwrap_or(id);
        if let Some(older) = self.sessions.get(&id).and_then(|s| s.connection) {
            self.farewell(older, Farewell::SessionTakenOver);
            self.end(now, older, MqttEnd::TakenOver, true);
        }
        // The will of the connection before waits no longer, when its session ends here; otherwise it is not published.
        let will = self.sessions.get_mut(&id).and_then(|s| s.will.take()).filter(|_| connect.clean);
        if let Some((_, message)) = will {
            self.publish_will(now, id.clone(), message);
        }
        if connect.clean {
            self.sessions.remove(&id);
        }
        let present = self.sessions.contains_key(&id);
        let session = self.sessions.entry(id.clone()).or_insert_with(|| Session::new(number, &connect));
        session.attach(number, &connect);
        let Some(link) = self.links.get_mut(&number) else { return };
        let seconds = u64::from(connect.keep_alive);
        link.client = Some(Client {
            id,
            version,
            user: connect.user.clone(),
            will: connect.will,
            silence: (seconds > 0).then(|| Duration::from_millis(1500 * seconds)),
        });
        let accepted = Outgoing::Accepted { present, assigned: assigned.as_deref() };
        link.output.extend(wire::write(version, &accepted));
        session.resume(now, &mut link.output);
        let (keep_alive, user) = (connect.keep_alive, connect.user);
        self.tell(number, MqttNews::Connected { version, keep_alive, user, present });
    }

    /// Why a client may not come in.
    fn login(&self, connect: &Connect) -> Option<Refusal> {
        match &connect.user {
            None if self.config.anonymous => None,
            None => Some(Refusal::NotAuthorized),
            // Without users, any will do.
            Some(_) if self.config.users.is_empty() && self.config.anonymous => None,
            Some(user) => {
                let password = connect.password.as_deref().unwrap_or_default();
                let known = self.config.users.iter().any(|(u, p)| u == user && p.as_bytes() == password);
                (!known).then_some(Refusal::Login)
            }
        }
    }

    /// Refuses a client, whose connection ends.
    pub(super) fn refuse(&mut self, number: u64, id: String, version: Version, refusal: Refusal) {
        let Some(link) = self.links.get_mut(&number) else { return };
        link.output.extend(wire::write(version, &Outgoing::Refused(refusal)));
        link.over = true;
        let event = MqttEvent { client: id, peer: Some(link.peer), news: MqttNews::Refused(refusal) };
        self.events.push_back(event);
    }
}

impl Mqtt {
    /// Whether a user may do what `access` picks with a topic, or with every topic of a filter.
    pub(super) fn may(&self, user: Option<&str>, access: fn(&MqttRule) -> bool, topic: &str) -> bool {
        let Some(rules) = &self.rules else { return true };
        let applies = |rule: &&MqttRule| rule.user.as_deref().is_none_or(|name| Some(name) == user);
        rules.iter().filter(applies).any(|rule| access(rule) && topic::covers(&rule.filter, topic))
    }
}
