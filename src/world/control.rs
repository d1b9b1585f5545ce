//! The console: what its lines do to a world, and what they answer.

use std::fmt::Display;

use super::agenda::{Due, Filed};
use super::console::{
    self, Audience, Change, Command, DnsChange, LinkChange, Question, Rule, WireChange, WireSide,
};
use super::quantity::duration_text;
use super::{Error, Statistics, World};
use crate::module::{Harm, Module};
use crate::net::network::{ExternalInput, ExternalOutput, HostAction};
use crate::net::service::quoted;
use crate::time::Instant;
use crate::world::spelling::cut;

impl World {
    /// Carries out one line.
    pub(super) fn command(&mut self, line: &str) -> Result<String, Error> {
        let command = console::parse(line).map_err(Error::Console)?;
        self.scenario.check(&command).map_err(Error::Console)?;
        match command {
            Command::Ask(question) => Ok(self.answer(question)),
            Command::Change(change) => self.change(None, change),
            Command::At(at, change) => self.change(Some(at), change),
            Command::Rule(rule) => self.rule(None, &rule),
            Command::RuleAt(at, rule) => self.rule(Some(at), &rule),
        }
    }

    fn answer(&mut self, question: Question) -> String {
        match question {
            Question::Help(topic) => console::help(topic.as_deref()),
            Question::Status => self.status(),
            Question::Expect => self.expectations(),
            Question::Timeline => self.timeline(),
            Question::Dns(name) => self.name_servers(name.as_deref()),
            Question::Link(name) => self.network_links(name.as_deref()),
            Question::Wire(name) => self.wires(name.as_deref()),
        }
    }

    fn change(&mut self, at: Option<Instant>, change: Change) -> Result<String, Error> {
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
        Ok(format!("{at}: {change}"))
    }

    fn rule(&mut self, at: Option<Instant>, rule: &Rule) -> Result<String, Error> {
        let at = self.not_passed(at, rule)?;
        self.file_rule(at, rule)?;
        if let Some(log) = &mut self.log {
            log.console(at, &rule.to_string());
        }
        self.run();
        Ok(format!("{at}: {rule}"))
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
    /// [`Error::Console`] when there is no such host.
    pub fn external(
        &mut self,
        host: &str,
        port: u16,
        number: u32,
        input: ExternalInput,
    ) -> Result<(), Error> {
        let change =
            Change::Host { name: host.to_owned(), action: HostAction::External { port, number, input } };
        let command = Command::Change(change.clone());
        self.scenario.check(&command).map_err(Error::Console)?;
        self.change(None, change).map(|_| ())
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

    fn status(&self) -> String {
        let mut lines = vec![format!("seed {}", self.seed)];
        for slot in &self.slots {
            let driver = if slot.attachment.is_some() { "attached" } else { "no driver" };
            lines.push(format!(
                "module {}: {driver}, at {}, {}",
                slot.module.name(),
                self.order.reached(slot),
                slot.module.state()
            ));
        }
        for slot in &self.slots {
            lines.push(wire_status(&slot.module, &slot.statistics()));
        }
        for ap in &self.scenario.aps {
            let up = self.slots.first().is_some_and(|s| s.module.sees(&ap.name));
            lines.push(format!(
                "ap {}: {}, SSID {}",
                ap.name,
                if up { "up" } else { "down" },
                text(&ap.ssid)
            ));
        }
        lines.join("\n")
    }

    fn expectations(&self) -> String {
        let lines: Vec<String> = self.verdicts().iter().map(|verdict| format!("{verdict}")).collect();
        if lines.is_empty() { "the scenario expects nothing".to_owned() } else { lines.join("\n") }
    }

    fn timeline(&self) -> String {
        let to_come = |at: Instant, change: &Change| {
            format!("to come at {}: {change}", duration_text(at.since(Instant::ZERO)))
        };
        let of_modules = self.slots.iter().flat_map(|slot| slot.changes.changes());
        let of_modules = of_modules.filter(|(_, change)| matches!(change.audience(), Audience::Module(_)));
        let mut changes: Vec<(Instant, &Change)> = self.changes.changes().chain(of_modules).collect();
        changes.sort_by_key(|(at, _)| *at);
        let changes = changes.into_iter().map(|(at, change)| to_come(at, change));
        let lines: Vec<String> = self.causes.lines().chain(changes).collect();
        if lines.is_empty() { "nothing is to come".to_owned() } else { lines.join("\n") }
    }

    fn wires(&self, name: Option<&str>) -> String {
        let modules = self.slots.iter().map(|s| &s.module).filter(|m| name.is_none_or(|n| n == m.name()));
        let lines = modules.flat_map(|module| {
            let sides = [WireSide::FromMcu, WireSide::ToMcu].into_iter().zip(module.harm());
            sides.map(|(side, (noise, loss))| {
                let harm = Harm { noise_ppm: Some(noise), loss_ppm: Some(loss), low: None };
                let change = WireChange { side: Some(side), harm };
                Change::Wire { name: module.name().to_owned(), change }.to_string()
            })
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    fn name_servers(&mut self, name: Option<&str>) -> String {
        let names: Vec<String> = self.scenario.name_servers().map(str::to_owned).collect();
        let wanted = names.into_iter().filter(|n| name.is_none_or(|wanted| wanted == *n));
        let lines: Vec<String> = wanted
            .filter_map(|name| {
                let change = DnsChange::from(*self.network.dns_behaviour(&name)?);
                Some(Change::Dns { name, change }.to_string())
            })
            .collect();
        lines.join("\n")
    }

    fn network_links(&self, name: Option<&str>) -> String {
        let names = self.network.link_names();
        let wanted = names.into_iter().filter(|n| name.is_none_or(|wanted| wanted == *n));
        let lines: Vec<String> = wanted
            .filter_map(|n| Some((n, self.network.faults(n)?)))
            .flat_map(|(n, faults)| LinkChange::of(faults).into_iter().map(move |change| (n, change)))
            .map(|(n, change)| Change::Link { name: n.to_owned(), change }.to_string())
            .collect();
        lines.join("\n")
    }
}

/// The sentence that a change comes to nothing.
pub(super) fn comes_to_nothing(change: &Change, why: &str) -> String {
    format!("'{}' comes to nothing: {}: {why}", cut(&change.to_string()), cut(change.subject()))
}

/// A text as the console's language writes it, but for letters beyond ASCII, which stay as they are.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        _ => quoted(bytes),
    }
}

/// What the UART wire of a module has come to.
fn wire_status(module: &Module, s: &Statistics) -> String {
    let errors = |framing: u64, parity: u64| format!("{framing} framing errors, {parity} parity errors");
    format!(
        "wire {}: MCU {}, module {}, RTS {}; MCU stored {} bytes, {} still queued, at most {}; module received {}, {}, \
         {} overruns, {} not heard by its firmware, sent {}; MCU received {}, {}, {} lost by its receiver; {} lost on \
         the wire",
        module.name(),
        module.mcu_line_settings(),
        module.line_settings(),
        if module.rts() { "high" } else { "low" },
        s.mcu_bytes,
        module.mcu_pending(),
        s.mcu_queue_max,
        s.module_received,
        errors(s.module_framing_errors, s.module_parity_errors),
        s.module_overruns,
        s.module_unheard,
        s.module_bytes,
        s.mcu_received,
        errors(s.mcu_framing_errors, s.mcu_parity_errors),
        s.mcu_overruns,
        s.wire_lost
    )
}
