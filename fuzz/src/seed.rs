//! Seeds for the fuzzer: what the host of each transcript sends, at the times at which it sends it.

use espat_sim::transcript::{Action, Element, Progress, Run, Transcript};
use espat_sim::world::{Recording, World};

use crate::session::{Session, Step};

/// The session of a transcript that passes. What its holes have taken is not known here; a `1` stands for it.
pub fn session(transcript: &Transcript) -> Session {
    let mut world = World::new(&transcript.scenario, transcript.seed, Recording::default())
        .unwrap_or_else(|e| panic!("{}: {e}", transcript.name));
    let mut run = Run::new(transcript, &mut world).unwrap_or_else(|e| panic!("{}: {e}", transcript.name));
    let mut steps = Vec::new();
    for step in &transcript.steps {
        let before = run.now();
        let progress =
            run.step(&mut world).unwrap_or_else(|failure| panic!("{}: {failure}", transcript.name));
        assert_eq!(progress, Progress::More);
        steps.extend(match &step.action {
            Action::Send(text) => Some(Step::Send(bytes(text))),
            Action::Console(line) => Some(Step::Console(line.clone())),
            Action::Pin(pin, high) => Some(Step::Pin(*pin, *high)),
            Action::Uart(line) => Some(Step::Uart(*line)),
            Action::Expect { .. } | Action::Silent(_) | Action::Wait(_) => None,
        });
        let passed = run.now().since(before);
        match (steps.last_mut(), passed.as_nanos()) {
            (_, 0) => {}
            (Some(Step::Wait(pause)), _) => *pause = *pause + passed,
            _ => steps.push(Step::Wait(passed)),
        }
    }
    Session { scenario: Some(transcript.scenario.text.clone()), hz: None, steps }
}

fn bytes(text: &[Element]) -> Vec<u8> {
    let pieces = text.iter().map(|element| match element {
        Element::Literal(bytes) => bytes.as_slice(),
        Element::Hole(_) => b"1",
    });
    pieces.collect::<Vec<_>>().concat()
}
