//! A run as lines of text: the dialogue, and with `--trace` what else happened, in the order of time; and the state of a
//! world where it has stopped.

use super::dialogue::{self, Style};
use crate::capture::InterfaceKind;
use crate::net::dissect::dissect;
use crate::time::Instant;
use crate::world::{Error, Event, Seen, World};

/// The lines of what was recorded, as they are shown. What is not recorded is not among them.
pub fn lines(world: &mut World, style: Style) -> Result<Vec<String>, Error> {
    let names: Vec<String> = world.module_names().iter().map(|name| (*name).to_owned()).collect();
    let several = names.len() > 1;
    let mut lines: Vec<(Instant, String)> = Vec::new();
    for (module, packet) in world.take_dialogue() {
        let name = names.get(module.index()).map(String::as_str).filter(|_| several);
        lines.push((packet.at, dialogue::format(&packet, name, style)));
    }
    for packet in world.take_packets() {
        let Seen::Frame { inbound, bytes, .. } = &packet.seen else { continue };
        let interface = world.interface(packet.seen.interface())?;
        let what = dissect(bytes, interface.kind == InterfaceKind::RawIp).to_string();
        let comment = packet.comment.as_deref();
        lines.push((
            packet.at,
            dialogue::format_frame(packet.at, &interface.name, *inbound, &what, comment, style),
        ));
    }
    for observation in world.take_observations() {
        // Those are the dialogue.
        if matches!(observation.event, Event::Command(_) | Event::Reply(_)) {
            continue;
        }
        if let Event::Console(line) = &observation.event {
            lines.push((observation.at, dialogue::format_console(observation.at, line, style)));
            continue;
        }
        let text = format!("{} {} {}", observation.subject, observation.kind(), observation.text());
        lines.push((observation.at, dialogue::format_event(observation.at, &text, style)));
    }
    // At one instant a frame comes before what it does.
    lines.sort_by_key(|(at, _)| *at);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

/// What the modules are doing, their wires, access points and links: what the console answers.
pub fn state(world: &mut World) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for question in ["status", "links"] {
        let answer = world.console(question).map_err(|e| e.to_string())?;
        lines.extend(answer.lines().map(str::to_owned));
    }
    Ok(lines)
}
