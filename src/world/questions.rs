//! What the console is asked: facts are collected here, [`answer`](super::answer) shows them. Nothing changes by it.

use super::answer::{
    AccessPointRow, Answer, DigestAnswer, DnsRow, ExpectRow, FaultsRow, HostRow, LinkRow, ModuleDigest,
    ModuleRow, NetworkLinkRow, ObservationRow, PacketsRow, StatisticsRow, Status, TimelineRow, WireRow,
};
use super::console::{self, Audience, Change, Question};
use super::quantity::duration_text;
use super::{Error, World};
use crate::net::service::quoted;
use crate::time::Instant;

impl World {
    pub(super) fn answer(&mut self, question: Question) -> Result<Answer, Error> {
        let at = self.network_horizon();
        Ok(match question {
            Question::Help(topic) => {
                let (topic, rows) = (topic.as_deref(), console::help_rows(topic.as_deref()));
                Answer::with_text(at, "help", &rows, console::help(topic))
            }
            Question::Status => Answer::one(at, "status", &self.status()),
            Question::Expect => {
                let rows: Vec<ExpectRow> = self.verdicts().into_iter().map(ExpectRow::from).collect();
                Answer::list(at, "expect", &rows, "the scenario expects nothing")
            }
            Question::Timeline => Answer::list(at, "timeline", &self.timeline(), "nothing is to come"),
            Question::Dns(name) => Answer::list(at, "dns", &self.name_servers(name.as_deref()), ""),
            Question::Link(name) => Answer::list(at, "link", &self.network_links(name.as_deref()), ""),
            Question::Wire(name) => Answer::list(at, "wire", &self.wires(name.as_deref()), ""),
            Question::Module(name) => Answer::list(at, "module", &self.faults(name.as_deref()), ""),
            Question::Links(name) => {
                let open = self.at_links(name.as_deref());
                Answer::list(at, "links", &open, "no link is open")
            }
            Question::Hosts(name) => {
                let hosts = self.host_rows(name.as_deref());
                Answer::list(at, "hosts", &hosts, "the scenario has no hosts")
            }
            Question::Observations { kind, since } => self.seen(at, kind, since)?,
            Question::Packets(name) => Answer::list(at, "packets", &self.packets(name.as_deref()), ""),
            Question::Statistics(name) => {
                let counters = self.counters(name.as_deref());
                Answer::list(at, "statistics", &counters, "")
            }
            Question::Digest => Answer::one(at, "digest", &self.digests()),
        })
    }

    fn status(&self) -> Status {
        let modules = self.slots.iter().map(|slot| {
            let at = self.order.reached(slot);
            ModuleRow {
                name: slot.module.name().to_owned(),
                attached: slot.attachment.is_some(),
                at_ns: at.as_nanos(),
                at,
                state: slot.module.state().to_string(),
                mcu_line: slot.module.mcu_line_settings().to_string(),
                module_line: slot.module.line_settings().to_string(),
                rts_high: slot.module.rts(),
                mcu_pending: slot.module.mcu_pending(),
                statistics: slot.statistics(),
            }
        });
        let access_points = self.scenario.aps.iter().map(|ap| AccessPointRow {
            name: ap.name.clone(),
            up: self.slots.first().is_some_and(|s| s.module.sees(&ap.name)),
            ssid: String::from_utf8_lossy(&ap.ssid).into_owned(),
            shown: text(&ap.ssid),
        });
        Status { seed: self.seed, modules: modules.collect(), access_points: access_points.collect() }
    }

    fn timeline(&self) -> Vec<TimelineRow> {
        let of_modules = self.slots.iter().flat_map(|slot| slot.changes.changes());
        let of_modules = of_modules.filter(|(_, change)| matches!(change.audience(), Audience::Module(_)));
        let mut changes: Vec<(Instant, &Change)> = self.changes.changes().chain(of_modules).collect();
        changes.sort_by_key(|(at, _)| *at);
        let changes = changes.into_iter().map(|(at, change)| {
            let text = format!("to come at {}: {change}", duration_text(at.since(Instant::ZERO)));
            TimelineRow { at_ns: Some(at.as_nanos()), text }
        });
        let rules = self.causes.lines().map(|text| TimelineRow { at_ns: None, text });
        rules.chain(changes).collect()
    }

    fn wires(&self, name: Option<&str>) -> Vec<WireRow> {
        let modules = self.slots.iter().map(|s| &s.module).filter(|m| name.is_none_or(|n| n == m.name()));
        modules.map(|module| WireRow::new(module.name(), module.harm())).collect()
    }

    fn faults(&self, name: Option<&str>) -> Vec<FaultsRow> {
        let modules = self.slots.iter().map(|s| &s.module).filter(|m| name.is_none_or(|n| n == m.name()));
        modules.map(FaultsRow::new).collect()
    }

    fn name_servers(&mut self, name: Option<&str>) -> Vec<DnsRow> {
        let names: Vec<String> = self.scenario.name_servers().map(str::to_owned).collect();
        let wanted = names.into_iter().filter(|n| name.is_none_or(|wanted| wanted == *n));
        wanted
            .filter_map(|name| {
                let behaviour = *self.network.dns_behaviour(&name)?;
                Some(DnsRow::new(name, behaviour))
            })
            .collect()
    }

    fn network_links(&self, name: Option<&str>) -> Vec<NetworkLinkRow> {
        let names = self.network.link_names();
        let wanted = names.into_iter().filter(|n| name.is_none_or(|wanted| wanted == *n));
        wanted.filter_map(|n| Some(NetworkLinkRow::new(n, self.network.faults(n)?))).collect()
    }

    fn at_links(&self, name: Option<&str>) -> Vec<LinkRow> {
        let modules = self.slots.iter().map(|s| &s.module).filter(|m| name.is_none_or(|n| n == m.name()));
        modules
            .flat_map(|module| {
                let links = module.links();
                links.iter().map(|link| LinkRow::new(module.name(), link)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn host_rows(&self, name: Option<&str>) -> Vec<HostRow> {
        let hosts = self.scenario.net.hosts.iter().filter(|host| name.is_none_or(|n| n == host.name));
        hosts.map(|host| HostRow::new(host, self.network.connections(&host.name))).collect()
    }

    fn seen(&self, at: Instant, kind: Option<&'static str>, since: Option<Instant>) -> Result<Answer, Error> {
        let Some((kept, forgotten)) = self.recorder.history() else {
            let why = "nothing that happens is kept in this world: it records no observations";
            return Err(Error::Console(why.to_owned()));
        };
        let wanted = |seen: &&super::Observation| {
            since.is_none_or(|since| seen.at >= since) && kind.is_none_or(|kind| seen.kind() == kind)
        };
        let rows: Vec<ObservationRow> = kept.iter().filter(wanted).map(ObservationRow::from).collect();
        let mut answer = Answer::list(at, "observations", &rows, "nothing of this has happened");
        if forgotten > 0 {
            // What is not there must not look as if it had not happened.
            answer.text = format!("the first {forgotten} are not kept any more\n{}", answer.text);
        }
        answer.json = format!("{{\"forgotten\":{forgotten},{}", &answer.json[1..]);
        Ok(answer)
    }

    fn packets(&self, name: Option<&str>) -> Vec<PacketsRow> {
        let slots = self.slots.iter().enumerate();
        let slots = slots.filter(|(_, s)| name.is_none_or(|n| n == s.module.name()));
        slots
            .map(|(index, slot)| {
                let counted = slot.statistics();
                let [last_sent, last_received] = self.recorder.last_frames(index);
                PacketsRow {
                    module: slot.module.name().to_owned(),
                    sent: counted.frames_sent,
                    received: counted.frames_received,
                    lost: counted.frames_lost,
                    last_sent,
                    last_received,
                }
            })
            .collect()
    }

    fn counters(&self, name: Option<&str>) -> Vec<StatisticsRow> {
        let slots = self.slots.iter().filter(|s| name.is_none_or(|n| n == s.module.name()));
        slots
            .map(|s| StatisticsRow { module: s.module.name().to_owned(), statistics: s.statistics() })
            .collect()
    }

    fn digests(&self) -> DigestAnswer {
        let hex = |digest: u64| format!("{digest:016x}");
        let modules = self.slots.iter().map(|slot| {
            let module = slot.module.name().to_owned();
            ModuleDigest { digest: hex(self.recorder.digest().value_of(&module)), module }
        });
        DigestAnswer {
            digest: hex(self.digest()),
            content_digest: hex(self.content_digest()),
            modules: modules.collect(),
        }
    }
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
