//! `espat-sim replay --scenario OTHER`: the same host bytes against another world, and where its modules depart from what
//! they sent in the log's.

use super::dialogue::{self, Style};
use super::files;
use super::options::Terminal;
use super::replay::{ReplayArgs, read_log, run_until};
use crate::capture::UartPacket;
use crate::edge::read_named;
use crate::time::Instant;
use crate::world::{Comparison, Departure, ModuleId, Recording, Replay, World, compare};

/// Runs both worlds and compares what their modules send. The exit code: 0 the same bytes, 1 not.
pub fn run(args: &ReplayArgs) -> Result<i32, String> {
    let Some(path) = &args.scenario else { return Ok(0) };
    let text = read_log(&args.log)?;
    let mut scenario = files::scenario(Some(path))?;
    read_named(&mut scenario)?;
    let (place, other) = (args.log.display().to_string(), path.display().to_string());
    let recording = Recording { dialogue: true, ..Recording::default() };
    let mut replay = Replay::new(&text, recording).map_err(|e| format!("{place}: {e}"))?;
    run_until(&mut replay, args.until).map_err(|e| format!("{place}: {e}"))?;
    let recorded = Run::of(replay.finish().world);
    let in_other = |e: String| format!("{place} in the world of {other}: {e}");
    let mut replay = Replay::in_world(&text, &scenario, recording).map_err(|e| in_other(e.to_string()))?;
    run_until(&mut replay, args.until).map_err(in_other)?;
    let other = Run::of(replay.finish().world);
    let style = Style { color: Terminal::standard().has_colour(args.dialogue.color) };
    if args.dialogue.or(false) {
        for (name, packet) in &other.dialogue {
            say!("{}", dialogue::format(packet, (other.modules.len() > 1).then_some(name.as_str()), style));
        }
    }
    let compared: Vec<(&String, Comparison)> = recorded
        .modules
        .iter()
        .map(|name| (name, compare(&recorded.of_module(name), &other.of_module(name))))
        .collect();
    let first = compared.iter().filter_map(|(name, c)| Some((c.departure.as_ref()?, name, c.same)));
    match first.min_by_key(|(departure, ..)| departure.at()) {
        Some((departure, name, same)) => {
            tell(departure, name, same, style);
            Ok(1)
        }
        None => {
            compared.iter().for_each(|(name, comparison)| say!("{}", sameness(name, comparison)));
            Ok(0)
        }
    }
}

/// What was said in one of the two worlds.
struct Run {
    modules: Vec<String>,
    dialogue: Vec<(String, UartPacket)>,
}

impl Run {
    fn of(mut world: World) -> Run {
        let modules: Vec<String> = world.module_names().iter().map(|name| (*name).to_owned()).collect();
        let name = |module: ModuleId| modules.get(module.index()).cloned().unwrap_or_default();
        let dialogue =
            world.take_dialogue().into_iter().map(|(module, packet)| (name(module), packet)).collect();
        Run { modules, dialogue }
    }

    fn of_module(&self, name: &str) -> Vec<UartPacket> {
        self.dialogue.iter().filter(|(of, _)| of == name).map(|(_, packet)| packet.clone()).collect()
    }
}

fn tell(departure: &Departure, name: &str, same: usize, style: Style) {
    let at = departure.at();
    say!("DEPARTS at {}: module {name} sends something else after {same} bytes", nanoseconds(at));
    let show = |what: &str, packet: Option<&UartPacket>| match packet {
        Some(packet) => say!("  {what:<9} {}", dialogue::format(packet, None, style)),
        None => say!("  {what:<9} nothing more"),
    };
    if let Some(after) = &departure.after {
        show("after", Some(after));
    }
    show("expected", departure.expected.as_ref());
    show("found", departure.found.as_ref());
}

fn sameness(name: &str, comparison: &Comparison) -> String {
    let same = comparison.same;
    match &comparison.shifted {
        None => format!("module {name} sends the same {same} bytes at the same times"),
        Some((expected, found)) => format!(
            "module {name} sends the same {same} bytes, from {} on at other times: there {}",
            nanoseconds(expected.since),
            nanoseconds(found.since)
        ),
    }
}

/// A time to the nanosecond.
fn nanoseconds(at: Instant) -> String {
    let ns = at.as_nanos();
    format!("{}.{:09} s", ns / 1_000_000_000, ns % 1_000_000_000)
}
