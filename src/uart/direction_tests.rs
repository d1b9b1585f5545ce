use proptest::prelude::*;

use super::*;
use crate::uart::{BREAK, FRAMING_ERROR, PARITY_ERROR, Parity, StopBits};

const MEGABAUD: LineSettings = LineSettings::eight_n_one(1_000_000);

fn at(ns: u64) -> Instant {
    Instant::from_nanos(ns)
}

fn wire(settings: LineSettings) -> Direction<u8> {
    Direction::new(settings, Disturbance::new(1, "wire/test"))
}

/// Everything that is received: (end in ns, byte, flags).
fn received(wire: &mut Direction<u8>) -> Vec<(u64, u8, u8)> {
    let all = std::iter::from_fn(|| wire.take(Instant::MAX));
    all.map(|heard| (heard.end.as_nanos(), heard.byte, heard.flags)).collect()
}

fn clean(bytes: &[u8]) -> Vec<(u8, u8)> {
    bytes.iter().map(|byte| (*byte, 0)).collect()
}

#[test]
fn with_both_ends_alike_a_byte_is_there_when_its_last_stop_bit_ends() {
    let settings =
        LineSettings { stop_bits: StopBits::Two, parity: Parity::Odd, ..LineSettings::eight_n_one(115_200) };
    let mut wire = wire(settings);
    for byte in *b"abc" {
        wire.store(at(7), byte, byte);
    }
    let ends = [1u64, 2, 3].map(|n| 7 + (n * 12 * 1_000_000_000).div_ceil(115_200));
    assert_eq!(received(&mut wire), [(ends[0], b'a', 0), (ends[1], b'b', 0), (ends[2], b'c', 0)]);
    assert_eq!((wire.sent(), wire.pending()), (3, 0));
}

#[test]
fn bytes_that_are_paced_by_their_store_are_heard_although_they_overlap() {
    let mut wire = wire(MEGABAUD);
    wire.set_pace(Pace::AsStored, false);
    for (ns, byte) in [(0, 1), (0, 2), (7, 3)] {
        wire.store(at(ns), byte, 0);
    }
    assert_eq!(received(&mut wire), [(10_000, 1, 0), (10_000, 2, 0), (10_007, 3, 0)]);
}

#[test]
fn a_slow_sender_is_five_breaks_to_a_fast_receiver() {
    // 0x55 with its start bit is low five times, each for twelve bit times of the receiver.
    let (slow, fast) = (LineSettings::eight_n_one(9_600), LineSettings::eight_n_one(115_200));
    assert_eq!(heard(slow, fast, b"U"), [(0, FRAMING_ERROR | BREAK); 5]);
    // 0xf0: low for the start bit and four data bits at a stretch, one break however long it is.
    assert_eq!(heard(slow, fast, &[0xf0]), [(0, FRAMING_ERROR | BREAK)]);
}

#[test]
fn a_fast_sender_is_few_bytes_to_a_slow_receiver() {
    let (slow, fast) = (LineSettings::eight_n_one(9_600), LineSettings::eight_n_one(115_200));
    // The whole byte lies within the start bit and the space before the first sample of data.
    assert_eq!(heard(fast, slow, b"A"), [(0xff, 0)]);
    // Low at the edge, high in the middle of what would be the start bit: no byte at all.
    assert_eq!(heard(fast, slow, &[0xff]), []);
    // ATE0 CR LF: one bit in twelve of the sixty on the wire is seen, beginning with the seventh.
    let bits: Vec<bool> = b"ATE0\r\n".iter().flat_map(|b| frame_bits(*b)).collect();
    let seen: Vec<bool> = (0..10).map(|n| bits.get(6 + 12 * n).copied().unwrap_or(true)).collect();
    let byte = (1..9).fold(0, |byte, n| byte | u8::from(seen[n]) << (n - 1));
    assert!(!seen[0], "the test's own start bit");
    assert_eq!(heard(fast, slow, b"ATE0\r\n")[0], (byte, 0));
}

/// Start, eight data bits, stop.
fn frame_bits(byte: u8) -> impl Iterator<Item = bool> {
    (0..10).map(move |n| n == 9 || n > 0 && byte >> (n - 1) & 1 == 1)
}

#[test]
fn a_format_that_differs_is_seen_as_the_bits_lie() {
    let of = |text: &str| LineSettings::parse(text).expect("settings");
    // The parity bit of seven bits is the eighth of eight.
    assert_eq!(heard(of("9600 7e1"), of("9600 8n1"), b"AC"), [(0x41, 0), (0xc3, 0)]);
    assert_eq!(heard(of("9600 7o1"), of("9600 7e1"), b"AC"), [(0x41, PARITY_ERROR), (0x43, PARITY_ERROR)]);
    // A parity bit where the stop bit is expected.
    assert_eq!(heard(of("9600 8e2"), of("9600 8n1"), b"A"), [(0x41, FRAMING_ERROR)]);
    assert_eq!(heard(of("9600 8o2"), of("9600 8n1"), b"A"), [(0x41, 0)]);
    // One stop bit is enough for a receiver that asks for two.
    assert_eq!(heard(of("9600 8n1"), of("9600 8n2"), b"AC"), clean(b"AC"));
    assert_eq!(heard(of("9600 8n2"), of("9600 8n1.5"), b"AC"), clean(b"AC"));
    // A stop bit is the eighth data bit, and what follows is not seen.
    assert_eq!(heard(of("9600 7n2"), of("9600 8n1"), b"A"), [(0xc1, 0)]);
}

#[test]
fn the_line_must_be_low_in_the_middle_of_the_start_bit() {
    for (low, expected) in [(500, vec![]), (501, vec![(10_000, 0xff, 0)])] {
        let mut wire = wire(MEGABAUD);
        wire.hold_low(at(0), Duration::from_nanos(low));
        assert_eq!(received(&mut wire), expected, "low for {low} ns");
    }
}

#[test]
fn the_line_must_be_high_in_the_middle_of_the_stop_bit() {
    for (low, flags) in [(9_500, 0), (9_501, FRAMING_ERROR | BREAK)] {
        let mut wire = wire(MEGABAUD);
        wire.hold_low(at(3), Duration::from_nanos(low));
        assert_eq!(received(&mut wire), [(10_003, 0, flags)], "low for {low} ns");
    }
}

#[test]
fn a_break_takes_the_rest_of_a_byte_and_hides_what_follows() {
    let mut wire = wire(MEGABAUD);
    for byte in [0xff, 0xff, b'A'] {
        wire.store(at(0), byte, 0);
    }
    // From the second data bit of the first byte to the last bit of the second.
    wire.hold_low(at(2_000), Duration::from_nanos(17_500));
    let broken = (10_000, 0x01, FRAMING_ERROR);
    assert_eq!(received(&mut wire), [broken, (30_000, b'A', 0)]);
    assert_eq!(wire.sent(), 3, "the sender does not notice");
}

#[test]
fn a_setting_of_either_end_does_not_disturb_the_byte_on_the_wire() {
    let mut wire = wire(MEGABAUD);
    for byte in *b"ab" {
        wire.store(at(0), byte, 0);
    }
    wire.set_sender(LineSettings::eight_n_one(500_000));
    assert_eq!(wire.take(at(10_000)).map(|h| (h.byte, h.flags)), Some((b'a', 0)));
    assert_eq!(wire.receiving_since(), Some(at(10_000)));
    wire.set_receiver(LineSettings::eight_n_one(500_000));
    // The second byte began when only the sender had been set.
    let rest = received(&mut wire);
    assert_ne!((rest[0].1, rest[0].2), (b'b', 0));
    wire.store(at(100_000), b'c', 0);
    assert_eq!(received(&mut wire), [(120_000, b'c', 0)]);
}

#[test]
fn noise_inverts_one_bit_of_a_byte_and_loss_takes_it_away() {
    let mut wire = wire(MEGABAUD);
    wire.disturbance_mut().noise_ppm = 1_000_000;
    for n in 0..200u64 {
        wire.store(at(n * 20_000), 0x5a, 0);
        let heard = wire.take(at(n * 20_000 + 19_999)).map(|h| (h.byte, h.flags));
        assert_ne!(heard, Some((0x5a, 0)), "byte {n} was not disturbed");
    }
    wire.disturbance_mut().noise_ppm = 0;
    wire.disturbance_mut().loss_ppm = 1_000_000;
    wire.store(at(10_000_000), b'x', 0);
    assert_eq!(wire.receiving_since(), None, "nothing is on the wire");
    assert_eq!(received(&mut wire), []);
    assert_eq!((wire.pending(), wire.lost()), (0, 1));
}

/// The same again as simply as can be: the line is a function of time, looked at from one nanosecond to the next.
fn model(sender: u64, receiver: u64, bytes: &[u8]) -> Vec<(u8, bool)> {
    let bits: Vec<bool> = bytes.iter().flat_map(|b| frame_bits(*b)).collect();
    let level = |ns: u64| bits.get((ns * sender / 1_000_000_000) as usize).copied().unwrap_or(true);
    let half = |n: u64| (n * 1_000_000_000).div_ceil(2 * receiver);
    let over = (bits.len() as u64 + 1) * 1_000_000_000 / sender;
    let (mut heard, mut now, mut before) = (Vec::new(), 0, true);
    while now <= over {
        if before && !level(now) {
            let start = now;
            now += half(1);
            if !level(now) {
                let byte =
                    (1..9).fold(0, |byte, n| byte | u8::from(level(start + half(2 * n + 1))) << (n - 1));
                now = start + half(19);
                heard.push((byte, level(now)));
            }
        }
        before = level(now);
        now += 1;
    }
    heard
}

/// Rates fast enough for a search by the nanosecond.
fn rate() -> impl Strategy<Value = u32> {
    prop_oneof![100_000u32..5_000_000, Just(115_200), Just(921_600)]
}

fn format() -> impl Strategy<Value = (u8, Parity, StopBits)> {
    let parity = prop_oneof![Just(Parity::None), Just(Parity::Odd), Just(Parity::Even)];
    let stop = prop_oneof![Just(StopBits::One), Just(StopBits::OneAndHalf), Just(StopBits::Two)];
    (5..=8u8, parity, stop)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mismatch_garbles_as_the_model_says(
        (sender, receiver) in (rate(), rate()),
        bytes in proptest::collection::vec(any::<u8>(), 1..12),
    ) {
        let ends = [sender, receiver].map(LineSettings::eight_n_one);
        let heard: Vec<(u8, bool)> = heard(ends[0], ends[1], &bytes)
            .into_iter()
            .map(|(byte, flags)| (byte, flags & FRAMING_ERROR == 0))
            .collect();
        prop_assert_eq!(heard, model(u64::from(sender), u64::from(receiver), &bytes));
    }

    #[test]
    fn rates_two_percent_apart_are_as_good_as_equal(
        (data_bits, parity, stop_bits) in format(),
        (baud, deviation) in (9_600u32..1_000_000, 0u32..=40),
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let sender = LineSettings { baud, data_bits, parity, stop_bits };
        let receiver = LineSettings { baud: (u64::from(baud) * u64::from(980 + deviation) / 1000) as u32, ..sender };
        let masked: Vec<u8> = bytes.iter().map(|b| b & sender.data_mask()).collect();
        prop_assert_eq!(heard(sender, receiver, &bytes), clean(&masked));
    }

    #[test]
    fn rates_ten_percent_apart_are_not(
        baud in 9_600u32..1_000_000,
        faster in any::<bool>(),
        mut bytes in proptest::collection::vec(any::<u8>(), 1..100),
    ) {
        // Whatever else comes: a low last bit before the stop bit, and a high one after low ones.
        bytes.extend([0x00, 0x80, 0x7f, 0x00]);
        let sender = LineSettings::eight_n_one(baud);
        let receiver = LineSettings::eight_n_one(baud / 10 * if faster { 11 } else { 9 });
        prop_assert_ne!(heard(sender, receiver, &bytes), clean(&bytes));
    }

    #[test]
    fn sampling_gives_what_was_sent_when_both_ends_are_alike(
        (data_bits, parity, stop_bits) in format(),
        baud in 80u32..=5_000_000,
        bytes in proptest::collection::vec((any::<u8>(), 0u64..300_000), 1..50),
    ) {
        let settings = LineSettings { baud, data_bits, parity, stop_bits };
        let (mut plain, mut sampled) = (wire(settings), wire(settings));
        let mut now = 0;
        let (mut expected, mut got) = (Vec::new(), Vec::new());
        for (byte, pause) in bytes {
            now += pause;
            for (wire, out) in [(&mut plain, &mut expected), (&mut sampled, &mut got)] {
                while let Some(heard) = wire.take(at(now)) {
                    out.push(heard);
                }
                wire.store(at(now), byte, 0);
            }
            // A break of no length changes nothing but makes the receiver look at the waveform.
            sampled.hold_low(at(now), Duration::ZERO);
        }
        expected.extend(std::iter::from_fn(|| plain.take(Instant::MAX)));
        got.extend(std::iter::from_fn(|| sampled.take(Instant::MAX)));
        prop_assert_eq!(expected.len(), got.len());
        for (plain, sampled) in expected.into_iter().zip(got) {
            prop_assert_eq!((plain.start, plain.byte, plain.flags), (sampled.start, sampled.byte, sampled.flags));
            prop_assert!(sampled.end.since(plain.end) <= Duration::from_nanos(1), "both round up");
        }
    }
}

#[test]
fn of_bytes_that_end_at_one_instant_each_can_stop_the_next() {
    let line = LineSettings::eight_n_one(1_000_000);
    let mut wire = Direction::new(line, Disturbance::new(0, ""));
    wire.set_pace(Pace::AsStored, true);
    for byte in [1, 2, 3] {
        wire.store(Instant::ZERO, byte, ());
    }
    let at = Instant::from_nanos;
    assert_eq!(wire.take(at(10_000)).map(|heard| heard.byte), Some(1));
    wire.hold(at(10_000), true);
    assert_eq!(wire.take(at(90_000)).map(|heard| heard.byte), None, "RTS went high with the first");
    wire.hold(at(90_000), false);
    let heard = wire.take(at(100_000)).map(|heard| (heard.byte, heard.end));
    assert_eq!(heard, Some((2, at(100_000))), "a byte time after RTS has gone low");
}
