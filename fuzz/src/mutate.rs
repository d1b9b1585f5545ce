//! Mutations that keep a session a session: whole lines come, go and change places, and the lines that come are those of
//! the command table and of the console. Modules get other profiles.

use espat_sim::explore::{Step, commands, in_cases, one_of, scene};
use espat_sim::profile::PROFILES;
use espat_sim::rng::Stream;

/// Mutates `data` by lines, as `seed` says; `None` when it wants bytes mutated instead.
pub fn lines(data: &[u8], max_size: usize, seed: u32) -> Option<Vec<u8>> {
    let u = &mut Stream::new(seed.into(), "mutator");
    if in_cases(1, 4, u) {
        return None;
    }
    let mut lines: Vec<Vec<u8>> = data.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..u.between(1, 4) {
        edit(&mut lines, u);
    }
    let mutated = lines.join(&b'\n');
    (mutated.len() <= max_size).then_some(mutated)
}

fn edit(lines: &mut Vec<Vec<u8>>, u: &mut Stream) {
    // The scenario's lines change, too, but mostly what happens does.
    let first = lines.iter().position(|line| line == b"end").map_or(0, |end| end + 1);
    let first = if in_cases(1, 8, u) { 0 } else { first };
    let last = lines.len() - 1;
    let place = place_in(first.min(last), last, u);
    match u.between(0, 10) {
        10 => profile(lines, u),
        0..=3 => {
            let new = line(u);
            let pause = one_of(scene::PAUSES, u);
            lines.insert(place, new.into_bytes());
            if in_cases(3, 4, u) {
                lines.insert(place + 1, format!("wait {pause}").into_bytes());
            }
        }
        4 => drop(lines.remove(place)),
        5 => lines.insert(place, lines[place].clone()),
        6 => {
            let other = place_in(first.min(last), last, u);
            lines.swap(place, other);
        }
        7 => {
            let pauses: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].starts_with(b"wait ")).collect();
            if !pauses.is_empty() {
                lines[one_of(&pauses, u)] = format!("wait {}", one_of(scene::PAUSES, u)).into_bytes();
            }
        }
        8 => parameter(&mut lines[place], u),
        _ => {
            // Two bursts become one: what is sent while something else is going on.
            let pauses: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].starts_with(b"wait ")).collect();
            if !pauses.is_empty() {
                lines.remove(one_of(&pauses, u));
            }
        }
    }
    if lines.is_empty() {
        lines.push(Vec::new());
    }
}

/// Another profile for a module of the scenario.
fn profile(lines: &mut [Vec<u8>], u: &mut Stream) {
    let end = lines.iter().position(|line| line == b"end").unwrap_or(0);
    let told: Vec<usize> =
        (0..end).filter(|i| lines[*i].trim_ascii_start().starts_with(b"profile =")).collect();
    if !told.is_empty() {
        let profile = one_of(&PROFILES, u);
        lines[one_of(&told, u)] = format!("profile = \"{}\"", profile.name).into_bytes();
    }
}

/// Puts another value for one parameter of a command.
fn parameter(line: &mut Vec<u8>, u: &mut Stream) {
    let text = String::from_utf8_lossy(line).into_owned();
    let Some(sent) = text.strip_prefix("> ") else { return };
    if let Some(other) = commands::with_another_value(sent, u) {
        *line = format!("> {other}").into_bytes();
    }
}

fn line(u: &mut Stream) -> String {
    match u.between(0, 9) {
        0 => one_of(scene::DATA, u).to_owned(),
        1 | 2 => format!("console {}", one_of(scene::CONSOLE, u)),
        3 => one_of(scene::OTHERS, u).to_owned(),
        _ => Step::Send(format!("{}\r\n", commands::line(None, u)).into_bytes()).to_string(),
    }
}

/// One of the places from `first` to `last`.
fn place_in(first: usize, last: usize, u: &mut Stream) -> usize {
    u.between(first as u64, last as u64) as usize
}
