//! Draws a session: the scenario, and what hosts and a test do in it.

use super::session::{Session, Step};
use super::{commands, in_cases, one_of, scenario, scene};
use crate::profile::Profile;
use crate::rng::Stream;
use crate::time::Duration;

/// Drivers' ticks in a second: nanoseconds, an MCU's clock, a coarse one.
const TIMEBASES: &[Option<u64>] = &[None, None, None, None, Some(72_000_000), Some(32_768), Some(1_000)];

/// The world's time at their tick 0.
const ORIGINS: &[Option<Duration>] =
    &[None, None, None, None, Some(Duration::from_nanos(1)), Some(Duration::from_millis(500))];

/// The session of this seed: the same on every machine.
pub fn drawn(seed: u64) -> Session {
    let (text, modules) = scenario::drawn(seed, &mut Stream::new(seed, "explore/scenario"));
    let mut host = Host { stream: Stream::new(seed, "explore/host"), steps: Vec::new(), modules, current: 0 };
    let hz = one_of(TIMEBASES, &mut host.stream);
    for module in 0..host.modules.len() {
        host.turn_to(module);
        host.wait(&["1 ms", "900 ms", "3 s"]);
        if in_cases(7, 8, &mut host.stream) {
            host.play(scene::JOIN);
        }
    }
    for _ in 0..host.stream.between(8, 26) {
        host.act();
    }
    host.wait(&["5 s"]);
    let mut steps = host.steps;
    // Streams of their own: a seed that draws none of these is what it was without them.
    if in_cases(1, 4, &mut Stream::new(seed, "explore/snapshot")) {
        let place = Stream::new(seed, "explore/snapshot place").between(0, steps.len() as u64) as usize;
        steps.insert(place, Step::Snapshot);
    }
    let origin = one_of(ORIGINS, &mut Stream::new(seed, "explore/origin"));
    let session = Session { scenario: Some(text), hz, origin, steps };
    // What a session may have at most is said where it is read.
    Session::parse(session.write().as_bytes())
}

struct Host {
    stream: Stream,
    steps: Vec<Step>,
    modules: Vec<(&'static str, &'static Profile)>,
    current: usize,
}

impl Host {
    fn act(&mut self) {
        if self.modules.len() > 1 && in_cases(1, 4, &mut self.stream) {
            let module = self.stream.between(0, self.modules.len() as u64 - 1) as usize;
            self.turn_to(module);
        }
        let stream = &mut self.stream;
        match stream.between(0, 19) {
            0..=2 => {
                let scene = one_of(scene::SCENES, stream);
                self.play(scene);
            }
            3 => {
                let line = one_of(scene::CONSOLE, stream);
                self.play(&format!("console {line}"));
                self.wait(&["1 ms", "100 ms", "2 s"]);
                self.undo(line);
            }
            4 => {
                let list = if in_cases(1, 2, stream) { scene::OTHERS } else { scene::DATA };
                let line = one_of(list, stream);
                self.play(line);
                self.wait(scene::PAUSES);
                // Few sessions are about a module that is in reset, or an MCU that speaks at another rate.
                self.undo(line);
            }
            _ => {
                let profile = self.modules[self.current].1;
                let before = self.steps.iter().rev().find_map(|step| match step {
                    Step::Send(bytes) => Some(bytes.as_slice()),
                    _ => None,
                });
                let again = before.filter(|_| in_cases(1, 3, stream));
                let line = again.and_then(|line| commands::about_the_same(line, profile, stream));
                let line = line.unwrap_or_else(|| commands::line(Some(profile), stream));
                self.steps.push(Step::Send(format!("{line}\r\n").into_bytes()));
                self.wait(&["20 ms", "50 ms", "50 ms", "200 ms", "200 ms", "1 s", "5 s"]);
            }
        }
    }

    fn undo(&mut self, line: &str) {
        match line {
            "pin en low" | "pin gpio0 low" => self.play(&line.replace("low", "high")),
            "pin rts high" => self.play("pin rts low"),
            "uart 9600 8n1" | "uart 921600 7e2" => self.play("uart 115200 8n1"),
            "module wifi power off" => self.play("console module wifi power on"),
            _ => {}
        }
    }

    /// What follows is done by the host of this module.
    fn turn_to(&mut self, module: usize) {
        if module != self.current {
            self.current = module;
            self.steps.push(Step::Module(self.modules[module].0.to_owned()));
        }
    }

    /// A dialogue. Sometimes it is cut off, one of its lines is another, or a pause is another.
    fn play(&mut self, text: &str) {
        let mut steps = scene::steps(&text.replace(" wifi", &format!(" {}", self.modules[self.current].0)));
        let stream = &mut self.stream;
        if steps.len() > 2 && in_cases(1, 3, stream) {
            let place = stream.between(0, steps.len() as u64 - 1) as usize;
            match &mut steps[place] {
                Step::Wait(pause) => {
                    let share = stream.between(0, pause.as_nanos());
                    *pause = Duration::from_nanos(share);
                }
                Step::Send(bytes) => {
                    let line = String::from_utf8_lossy(bytes).trim_end().to_owned();
                    match commands::with_another_value(&line, stream) {
                        Some(other) => *bytes = format!("{other}\r\n").into_bytes(),
                        None => bytes.truncate(stream.between(0, bytes.len() as u64) as usize),
                    }
                }
                _ => steps.truncate(place),
            }
        }
        self.steps.extend(steps);
    }

    fn wait(&mut self, of: &[&str]) {
        let pause = one_of(of, &mut self.stream);
        self.play(&format!("wait {pause}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Scenario;

    #[test]
    fn what_is_drawn_is_a_session_with_a_scenario_that_has_no_mistake() {
        for seed in 0..300 {
            let session = drawn(seed);
            let text = session.scenario.as_deref().expect("a scenario");
            Scenario::parse("drawn.toml", text).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
            let read = Session::parse(session.write().as_bytes());
            assert_eq!(read.write(), session.write(), "seed {seed}: it is not what is written");
            assert!(session.steps.len() > 8, "seed {seed}: {} steps", session.steps.len());
        }
    }

    #[test]
    fn one_seed_is_one_session() {
        assert_eq!(drawn(7).write(), drawn(7).write());
        assert_ne!(drawn(7).write(), drawn(8).write());
    }
}
