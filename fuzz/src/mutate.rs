//! Mutations that keep a session a session: whole lines come, go and change places, and the lines that come are those of
//! the command table and of the console. Modules get other profiles.

use arbitrary::{Result, Unstructured};
use espat_sim::at::schema::{Param, Shape};
use espat_sim::at::table;
use espat_sim::profile::PROFILES;

/// Things that a host sends beside commands.
const DATA: &[&str] = &[
    ">| +++",
    ">| ",
    "> ",
    ">| A",
    ">| AT\\r",
    "> GET / HTTP/1.1\\r\\nHost: x\\r\\n",
    ">| \\x00\\xff",
    ">| xxxxxxxx\\r\\n",
    ">| AT+",
    ">| \\\\0",
];
/// Texts for parameters: names and addresses of the scenarios.
const TEXTS: &[&str] = &[
    "pc.lan",
    "nas.lan",
    "192.168.1.10",
    "192.168.1.20",
    "203.0.113.10",
    "198.51.100.7",
    "192.168.4.2",
    "espat-sim",
    "correct horse",
    "192.168.1.1",
    "255.255.255.0",
    "02:00:00:00:00:01",
    "",
    "x",
    "224.0.0.1",
    "a\\\\,b\\\\\"c",
];
/// Numbers for parameters.
const NUMBERS: &[&str] =
    &["0", "1", "2", "3", "4", "5", "7", "20", "80", "2048", "65535", "-1", "99999999999", "115200"];
/// Lines of the console.
const CONSOLE: &[&str] = &[
    "ap home down",
    "ap home up",
    "ap home dhcp-answers none",
    "ap home dhcp-answers nak",
    "ap home dhcp-answers right",
    "dns gateway answers servfail",
    "dns gateway answers none delay 2s",
    "dns gateway answers right delay 0",
    "link wifi down",
    "link wifi up",
    "link wifi loss 20%",
    "link wifi loss 0",
    "link wifi duplicate 30% reorder 30%",
    "link wifi latency 800ms",
    "link wifi rate 9600bit/s",
    "link wifi mtu 576",
    "wire wifi noise 1%",
    "wire wifi noise 0 loss 0",
    "wire wifi from-mcu loss 5%",
    "wire wifi to-mcu break 20ms",
    "host pc connect wifi 80",
    "host pc connect wifi 333",
    "host pc send \"hello\\r\\n\"",
    "host pc close",
    "host pc reset",
    "host pc pause",
    "host pc resume",
    "host pc datagram wifi 4321 \"x\"",
    "host nas join wifi",
    "host nas leave",
    "host pc send \"\\x20\\x02\\x00\\x00\"",
    "host pc send \"\\x16\\x03\\x03\\x00\\x02\\x0e\\x00\"",
    "host pc send \"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\"",
    "host pc connect wifi 443 tls",
    "host www tls certificate expired",
    "host www tls alert 80",
    "host www tls cut",
    "host www http / status 503",
    "host broker publish topic \"x\" qos 2",
    "host broker mqtt drop c",
    "host www websocket close 1001",
    "status",
    "help wire",
];
/// Pauses: around the times that mean something.
const PAUSES: &[&str] = &[
    "1 ns",
    "86805 ns",
    "1 ms",
    "19999999 ns",
    "20 ms",
    "20000001 ns",
    "21 ms",
    "100 ms",
    "500 ms",
    "1 s",
    "2 s",
    "5 s",
    "20 s",
    "70 s",
];
/// Other lines.
const OTHERS: &[&str] = &[
    "pin en low",
    "pin en high",
    "pin gpio0 low",
    "pin gpio0 high",
    "pin wake low",
    "pin wake high",
    "pin rts high",
    "pin rts low",
    "uart 9600 8n1",
    "uart 115200 8n1",
    "uart 921600 7e2",
    "overrun",
    "detach",
    "hz 72000000",
];

/// Mutates `data` by lines, as `seed` says; `None` when it wants bytes mutated instead.
pub fn lines(data: &[u8], max_size: usize, seed: u32) -> Option<Vec<u8>> {
    let random = random(seed);
    let mut u = Unstructured::new(&random);
    if u.ratio(1, 4).ok()? {
        return None;
    }
    let mut lines: Vec<Vec<u8>> = data.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..u.int_in_range(1..=4).ok()? {
        edit(&mut lines, &mut u).ok()?;
    }
    let mutated = lines.join(&b'\n');
    (mutated.len() <= max_size).then_some(mutated)
}

/// Bytes to choose by (xorshift).
fn random(seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed) << 1 | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    (0..512).map(|_| next()).collect()
}

fn edit(lines: &mut Vec<Vec<u8>>, u: &mut Unstructured<'_>) -> Result<()> {
    // The scenario's lines change, too, but mostly what happens does.
    let first = lines.iter().position(|line| line == b"end").map_or(0, |end| end + 1);
    let first = if u.ratio(1, 8)? { 0 } else { first };
    let last = lines.len() - 1;
    let place = u.int_in_range(first.min(last)..=last)?;
    match u.int_in_range(0..=10)? {
        10 => profile(lines, u)?,
        0..=3 => {
            let new = line(u)?;
            let pause = u.choose(PAUSES)?;
            lines.insert(place, new.into_bytes());
            if u.ratio(3, 4)? {
                lines.insert(place + 1, format!("wait {pause}").into_bytes());
            }
        }
        4 => drop(lines.remove(place)),
        5 => lines.insert(place, lines[place].clone()),
        6 => {
            let other = u.int_in_range(first.min(last)..=last)?;
            lines.swap(place, other);
        }
        7 => {
            let pauses: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].starts_with(b"wait ")).collect();
            if !pauses.is_empty() {
                lines[*u.choose(&pauses)?] = format!("wait {}", u.choose(PAUSES)?).into_bytes();
            }
        }
        8 => parameter(&mut lines[place], u)?,
        _ => {
            // Two bursts become one: what is sent while something else is going on.
            let pauses: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].starts_with(b"wait ")).collect();
            if !pauses.is_empty() {
                lines.remove(*u.choose(&pauses)?);
            }
        }
    }
    if lines.is_empty() {
        lines.push(Vec::new());
    }
    Ok(())
}

/// Another profile for a module of the scenario.
fn profile(lines: &mut [Vec<u8>], u: &mut Unstructured<'_>) -> Result<()> {
    let end = lines.iter().position(|line| line == b"end").unwrap_or(0);
    let told: Vec<usize> =
        (0..end).filter(|i| lines[*i].trim_ascii_start().starts_with(b"profile =")).collect();
    if !told.is_empty() {
        let profile = u.choose(&PROFILES)?;
        lines[*u.choose(&told)?] = format!("profile = \"{}\"", profile.name).into_bytes();
    }
    Ok(())
}

/// Puts another value for one parameter of a command.
fn parameter(line: &mut Vec<u8>, u: &mut Unstructured<'_>) -> Result<()> {
    let text = String::from_utf8_lossy(line).into_owned();
    let Some((name, given)) = text.split_once('=').filter(|(name, _)| name.starts_with("> AT")) else {
        return Ok(());
    };
    let mut values: Vec<String> = given.split(',').map(str::to_owned).collect();
    let place = u.choose_index(values.len())?;
    values[place] =
        if u.ratio(1, 2)? { (*u.choose(NUMBERS)?).to_owned() } else { format!("\"{}\"", u.choose(TEXTS)?) };
    *line = format!("{name}={}", values.join(",")).into_bytes();
    Ok(())
}

fn line(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(match u.int_in_range(0..=9)? {
        0 => (*u.choose(DATA)?).to_owned(),
        1 | 2 => format!("console {}", u.choose(CONSOLE)?),
        3 => (*u.choose(OTHERS)?).to_owned(),
        _ => command(u)?,
    })
}

/// A line for one form of a command of the table.
fn command(u: &mut Unstructured<'_>) -> Result<String> {
    let all = table::all();
    let command = all[u.choose_index(all.len())?];
    let name = command.name;
    let syntaxes = command.set.as_ref().map_or(&[][..], |set| set.syntaxes);
    Ok(match u.int_in_range(0..=5)? {
        0 => format!("> AT{name}?"),
        1 => format!("> AT{name}"),
        2 => format!("> AT{name}=?"),
        _ if syntaxes.is_empty() => format!("> AT{name}"),
        _ => {
            let syntax = &syntaxes[u.choose_index(syntaxes.len())?];
            let params = syntax.params.iter().flat_map(|p| std::iter::repeat_n(p, p.times));
            let all = params.clone().count();
            let count = u.int_in_range(0..=all)?;
            let count = if u.ratio(1, 2)? { all } else { count };
            let skip = usize::from(u.ratio(1, 3)?);
            let values: Result<Vec<String>> = params.skip(skip).take(count).map(|p| value(p, u)).collect();
            format!("> AT{name}={}", values?.join(","))
        }
    })
}

/// A value for a parameter: mostly one that it takes.
fn value(param: &Param, u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 8)? {
        return Ok(if u.ratio(1, 2)? { String::new() } else { (*u.choose(NUMBERS)?).to_owned() });
    }
    Ok(match param.kind.shape() {
        Shape::Number(min, max) => match u.int_in_range(0..=3)? {
            0 => min.to_string(),
            1 => max.to_string(),
            2 => u.int_in_range(min..=max)?.to_string(),
            _ => (*u.choose(NUMBERS)?).to_owned(),
        },
        Shape::Text(..) => format!("\"{}\"", u.choose(TEXTS)?),
        Shape::Choice(of) => format!("\"{}\"", u.choose(of)?),
    })
}
