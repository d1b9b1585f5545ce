//! Where two runs part: the first byte that a module sends in one of them and not in the other.

use crate::capture::{Side, UartPacket};
use crate::time::Instant;

/// What a module sent in two runs, compared byte by byte, whatever the times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many bytes both have sent, up to the first that differs.
    pub same: usize,
    /// The first byte that differs; `None`: they have sent the same.
    pub departure: Option<Departure>,
    /// The first of the packets before it that came at another time, in both runs.
    pub shifted: Option<(UartPacket, UartPacket)>,
}

/// The first byte that differs, and what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The line or block with that byte in the first run; `None`: it sent nothing more.
    pub expected: Option<UartPacket>,
    /// The same in the second run.
    pub found: Option<UartPacket>,
    /// What the MCU had sent last in the first run.
    pub after: Option<UartPacket>,
}

impl Departure {
    /// When the first of the two runs shows it.
    pub fn at(&self) -> Instant {
        let of = |packet: &Option<UartPacket>| packet.as_ref().map_or(Instant::MAX, |p| p.at);
        of(&self.expected).min(of(&self.found))
    }
}

/// Compares what a module sent in two runs, each the dialogue of that module alone.
pub fn compare(first: &[UartPacket], second: &[UartPacket]) -> Comparison {
    let [one, other] = [first, second].map(|run| run.iter().filter(|p| p.from == Side::Module));
    let [mut one, mut other] = [one, other].map(|packets| packets.flat_map(bytes_of));
    let (mut same, mut shifted) = (0, None);
    let departure = loop {
        let (expected, found) = (one.next(), other.next());
        match (expected, found) {
            (Some((a, packet)), Some((b, there))) if a == b => {
                same += 1;
                if shifted.is_none() && packet.since != there.since {
                    shifted = Some((packet.clone(), there.clone()));
                }
            }
            (None, None) => break None,
            (expected, found) => {
                let [expected, found] = [expected, found].map(|byte| byte.map(|(_, packet)| packet.clone()));
                let until = expected.as_ref().map_or(Instant::MAX, |p| p.since);
                let after = first.iter().rev().find(|p| p.from == Side::Mcu && p.at <= until).cloned();
                break Some(Departure { expected, found, after });
            }
        }
    };
    Comparison { same, departure, shifted }
}

fn bytes_of(packet: &UartPacket) -> impl Iterator<Item = (u8, &UartPacket)> {
    packet.bytes.iter().map(move |byte| (*byte, packet))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::PacketKind;

    fn packet(from: Side, ns: u64, text: &str) -> UartPacket {
        let (since, at) = (Instant::from_nanos(ns), Instant::from_nanos(ns + 10));
        UartPacket { since, at, from, kind: PacketKind::Line, bytes: text.into() }
    }

    fn texts(departure: &Departure) -> [Option<String>; 3] {
        [&departure.after, &departure.expected, &departure.found]
            .map(|p| p.as_ref().map(|p| String::from_utf8_lossy(&p.bytes).into_owned()))
    }

    #[test]
    fn the_first_byte_that_differs_is_shown_with_the_line_before_it() {
        let mcu = |ns| packet(Side::Mcu, ns, "AT\r\n");
        let first = [mcu(0), packet(Side::Module, 20, "OK\r\n"), mcu(40), packet(Side::Module, 60, "abc")];
        let second = [mcu(0), packet(Side::Module, 25, "OK\r\n"), mcu(40), packet(Side::Module, 60, "abd")];
        let Comparison { same, departure, shifted } = compare(&first, &second);
        let departure = departure.expect("they differ");
        assert_eq!(same, 6);
        assert_eq!(texts(&departure), ["AT\r\n", "abc", "abd"].map(|t| Some(t.to_owned())));
        assert_eq!(
            departure.after.as_ref().map(|p| p.at),
            Some(Instant::from_nanos(50)),
            "not the first line"
        );
        let times = shifted.map(|(a, b)| [a.since, b.since].map(Instant::as_nanos));
        assert_eq!(times, Some([20, 25]), "the first `OK` came 5 ns later");
    }

    #[test]
    fn how_the_bytes_are_cut_into_packets_is_no_difference_and_what_is_missing_is_one() {
        let whole = [packet(Side::Module, 0, "abcd")];
        let cut = [packet(Side::Module, 0, "ab"), packet(Side::Module, 0, "cd")];
        assert_eq!(compare(&whole, &cut).departure, None);
        let departure = compare(&whole, &cut[..1]).departure.expect("two bytes are missing");
        assert_eq!(texts(&departure), [None, Some("abcd".into()), None]);
        assert_eq!(departure.at(), Instant::from_nanos(10));
    }
}
