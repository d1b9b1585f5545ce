//! The console: what its lines do to a world. What they answer is made in [`questions`](super::questions).

use std::fmt::Display;

use super::agenda::{Due, Filed};
use super::answer::{Answer, changed};
use super::console::{self, Audience, Change, Command, Rule};
use super::{Error, World};
use crate::net::network::{ExternalInput, ExternalOutput, HostAction};
use crate::time::Instant;
use crate::world::spelling::cut;

impl World {
    /// Carries out one line. The answer to one that begins with `json` is JSON, and so is the sentence about what is wrong
    /// with it.
    pub(super) fn command(&mut self, line: &str) -> Result<String, Error> {
        let is_json = console::wants_json(line);
        match self.carry_out(line) {
            Ok(answer) if is_json => Ok(answer.json),
            Ok(answer) => Ok(answer.text),
            Err(Error::Console(why)) if is_json => Err(Error::Console(Answer::error(&why))),
            Err(why) => Err(why),
        }
    }

    fn carry_out(&mut self, line: &str) -> Result<Answer, Error> {
        let command = console::parse(line).map_err(Error::Console)?;
        self.scenario.check(&command).map_err(Error::Console)?;
        self.obey(command)
    }

    fn obey(&mut self, command: Command) -> Result<Answer, Error> {
        match command {
            Command::Ask(question) => self.answer(question),
            Command::Change(change) => self.change(None, change),
            Command::At(at, change) => self.change(Some(at), change),
            Command::Rule(rule) => self.rule(None, &rule),
            Command::RuleAt(at, rule) => self.rule(Some(at), &rule),
            Command::Json(command) => self.obey(*command),
        }
    }

    fn change(&mut self, at: Option<Instant>, change: Change) -> Result<Answer, Error> {
        let at = self.not_passed(at, &change)?;
        // At a later time, and for a network that waits for a slower module, a failure is a warning.
        if at <= self.network_horizon()
            && let Some(why) = self.cannot(&change)
        {
            return Err(Error::Console(why));
        }
        if let Some(log) = &mut self.log {
            log.console(at, &change.to_string());
        }
        self.file(at, &change, None);
        self.run();
        Ok(changed(at, &change))
    }

    fn rule(&mut self, at: Option<Instant>, rule: &Rule) -> Result<Answer, Error> {
        let at = self.not_passed(at, rule)?;
        self.file_rule(at, rule)?;
        if let Some(log) = &mut self.log {
            log.console(at, &rule.to_string());
        }
        self.run();
        Ok(changed(at, rule))
    }

    /// When a line takes effect: at its time, if no module has passed that, or at the earliest instant that none has passed.
    fn not_passed(&self, at: Option<Instant>, line: &impl Display) -> Result<Instant, Error> {
        let earliest = self.order.furthest();
        match at {
            Some(at) if at < earliest => Err(Error::Console(format!(
                "'{line}' can't take effect at {at}: a module has come to {earliest} already"
            ))),
            at => Ok(at.unwrap_or(earliest)),
        }
    }

    /// A real program does something on a connection of a host's `external` port, at the earliest instant that no module
    /// has passed. It is an input, and goes into the log.
    ///
    /// # Errors
    /// [`Error::Console`] when there is no such host, or for data beyond [`external_room`](Self::external_room): none of it
    /// is taken then.
    pub fn external(
        &mut self,
        host: &str,
        port: u16,
        number: u32,
        input: ExternalInput,
    ) -> Result<(), Error> {
        if let ExternalInput::Data(data) = &input
            && data.len() > self.external_room(host, port, number)
        {
            let length = data.len();
            return Err(Error::Console(format!(
                "host '{host}' has no room for {length} bytes more on connection {number} of port {port}"
            )));
        }
        let change =
            Change::Host { name: host.to_owned(), action: HostAction::External { port, number, input } };
        let command = Command::Change(change.clone());
        self.scenario.check(&command).map_err(Error::Console)?;
        self.change(None, change).map(|_| ())
    }

    /// How many bytes [`external`](Self::external) takes as data of this connection now: who reads a real program stops below
    /// that, so that the program waits as it would for a slow peer. None where there is no such connection.
    pub fn external_room(&self, host: &str, port: u16, number: u32) -> usize {
        // A change waits until no module is behind it.
        let filed =
            self.changes.every_change().filter_map(|change| match change {
                Change::Host { name, action: HostAction::External { port: p, number: n, input } }
                    if name == host && (*p, *n) == (port, number) =>
                {
                    if let ExternalInput::Data(data) = input { Some(data.len()) } else { None }
                }
                _ => None,
            });
        let filed: usize = filed.sum();
        self.network.external_room(host, port, number).saturating_sub(filed)
    }

    /// What a real program is to be told next: the host, its port, the number of the connection there, and what. Nothing
    /// unless [`Recording::external`](super::Recording::external).
    pub fn take_external(&mut self) -> Option<(String, u16, u32, ExternalOutput)> {
        self.network.take_external()
    }

    /// The sentence why a change would come to nothing now; `None`: it won't.
    pub(super) fn cannot(&self, change: &Change) -> Option<String> {
        match change {
            Change::Host { name, action } => {
                let why = self.network.cannot_act(name, action)?;
                Some(comes_to_nothing(change, &why))
            }
            Change::Module { name, change: what } => {
                let module = &self.slots.get(*self.by_name.get(name)?)?.module;
                Some(comes_to_nothing(change, module.cannot(what)?))
            }
            _ => None,
        }
    }

    /// Files a change with everybody who must see it, behind those of the same instant. `chain`: of how many that have
    /// brought each other about it is the last; `None`: it was said from outside.
    pub(super) fn file(&mut self, at: Instant, change: &Change, chain: Option<u32>) {
        let audience = change.audience();
        let (modules, network) = match audience {
            Audience::Module(name) => (self.by_name.get(name).map_or(0..0, |&index| index..index + 1), false),
            Audience::Network => (0..0, true),
            Audience::Everybody => (0..self.slots.len(), true),
        };
        let queues = self.slots[modules.clone()].iter_mut().map(|slot| &mut slot.changes);
        for queue in queues.chain(network.then_some(&mut self.changes)) {
            queue.file(Filed { at, due: Due::Change(change.clone()), chain });
        }
        modules.for_each(|index| self.file_next(index));
    }
}

/// The sentence that a change comes to nothing.
pub(super) fn comes_to_nothing(change: &Change, why: &str) -> String {
    format!("'{}' comes to nothing: {}: {why}", cut(&change.to_string()), cut(change.subject()))
}
