//! Durations, chances and rates as people write them: `20ms`, `1.5 s`, `0.5 %`, `10 Mbit/s`.
//!
//! Read with integers only, so that the value is exact on every machine: what does not come out whole in the
//! base unit (nanoseconds, parts in a million, bits per second) is an error, not a rounding.

use crate::net::config::{Distribution, GeModel};
use crate::time::Duration;
use crate::world::spelling::{did_you_mean, one_of, shown};

/// Longest duration that a link or a server may be told to wait.
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(3600);
/// Fastest link, in bits per second.
const FASTEST: u64 = 100_000_000_000;
/// The word for a link without a rate.
const UNLIMITED: &str = "unlimited";

/// A unit: its name and how many of the base unit it is.
type Unit = (&'static str, u64);

const TIMES: [Unit; 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];
const CHANCES: [Unit; 2] = [("%", 10_000), ("ppm", 1)];
const RATES: [Unit; 4] = [("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000)];

/// True for a word that can stand after a number as its unit.
pub(crate) fn is_unit(word: &str) -> bool {
    TIMES.iter().chain(&CHANCES).chain(&RATES).any(|&(name, _)| name == word)
}

/// A duration: `20ms`, `1.5 s`, `2 h`. Whole nanoseconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    scaled(text, &TIMES, "a duration such as `20 ms`", "a nanosecond").map(Duration::from_nanos)
}

/// A duration that may have a minus sign, in nanoseconds: `-90 s`.
pub(crate) fn signed_duration(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let nanos = duration(rest.trim_start())?.as_nanos();
    let nanos =
        i64::try_from(nanos).map_err(|_| format!("expected at most 292 years, found {}", shown(text)))?;
    Ok(sign * nanos)
}

/// A duration of at most [`LONGEST_DELAY`].
pub(crate) fn delay(text: &str) -> Result<Duration, String> {
    let d = duration(text)?;
    if d > LONGEST_DELAY {
        return Err(format!("expected at most 1 h, found {}", shown(text)));
    }
    Ok(d)
}

/// A chance in parts per million: `5%`, `0.5 %`, `20 ppm`.
pub(crate) fn chance(text: &str) -> Result<u32, String> {
    let ppm = scaled(text, &CHANCES, "a chance such as `5 %`", "0.0001 %")?;
    match u32::try_from(ppm) {
        Ok(ppm) if ppm <= 1_000_000 => Ok(ppm),
        _ => Err(format!("expected at most 100 %, found {}", shown(text))),
    }
}

/// A rate in bits per second, or `unlimited`.
pub(crate) fn rate(text: &str) -> Result<Option<u64>, String> {
    if text.trim() == UNLIMITED {
        return Ok(None);
    }
    let bps = scaled(text, &RATES, "a rate such as `10 Mbit/s`, or `unlimited`", "1 bit/s")?;
    if (1..=FASTEST).contains(&bps) {
        Ok(Some(bps))
    } else {
        Err(format!("expected 1 bit/s to 100 Gbit/s, or `unlimited`, found {}", shown(text)))
    }
}

/// The word for a link without loss in bursts.
const NONE: &str = "none";

/// The Gilbert-Elliott model as netem writes it: p, and r, 1-h and 1-k where they are not netem's own; or `none`.
pub(crate) fn ge_model(text: &str) -> Result<Option<GeModel>, String> {
    if text.trim() == NONE {
        return Ok(None);
    }
    ge_model_of(&text.split_whitespace().collect::<Vec<_>>()).map(Some)
}

/// The same from its chances one by one.
pub(crate) fn ge_model_of(chances: &[&str]) -> Result<GeModel, String> {
    let mut values = chances.iter().map(|text| chance(text));
    let mut next = || values.next().transpose();
    let p = next()?.ok_or("expected one to four chances (p, r, 1-h, 1-k), found none")?;
    let model = GeModel::new(p, next()?, next()?, next()?);
    if values.next().is_some() {
        return Err(format!("expected one to four chances (p, r, 1-h, 1-k), found {}", chances.len()));
    }
    Ok(model)
}

/// The same, written.
pub(crate) fn ge_model_text(model: Option<GeModel>) -> String {
    let Some(GeModel { p, r, bad, good }) = model else { return NONE.to_owned() };
    [p, r, bad, good].map(chance_text).join(" ")
}

/// How a latency varies: `uniform`, `normal`, `pareto` or `paretonormal`.
pub(crate) fn distribution(text: &str) -> Result<Distribution, String> {
    let words = || Distribution::WORDS.iter().map(|(word, _)| *word);
    let found = Distribution::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, distribution)| *distribution).ok_or_else(|| {
        format!("expected {}, found {}{}", one_of(words()), shown(text), did_you_mean(text, words()))
    })
}

/// A number of frames from 1 to `most`.
pub(crate) fn frames(text: &str, most: u32) -> Result<u32, String> {
    match text.parse() {
        Ok(n) if (1..=most).contains(&n) && digits(text) => Ok(n),
        _ => Err(format!("expected 1 to {most} (frames), found {}", shown(text))),
    }
}

/// Largest IP packet of a link in bytes: 576 to 1500.
pub(crate) fn mtu(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(n) if (576..=1500).contains(&n) && digits(text) => Ok(n),
        _ => Err(format!("expected 576 to 1500 (bytes), found {}", shown(text))),
    }
}

/// The duration in the largest unit in which it is a whole number: `1500ms`.
pub(crate) fn duration_text(d: Duration) -> String {
    in_largest_unit(d.as_nanos(), &TIMES)
}

/// The rate in the largest unit in which it is a whole number: `1500kbit/s`; `unlimited` for none.
pub(crate) fn rate_text(bps: Option<u64>) -> String {
    bps.map_or_else(|| UNLIMITED.to_string(), |bps| in_largest_unit(bps, &RATES))
}

/// The chance in percent: `5%`, `0.5%`.
pub(crate) fn chance_text(ppm: u32) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn in_largest_unit(value: u64, units: &[Unit]) -> String {
    let unit = units.iter().rev().find(|&&(_, size)| value >= size && value.is_multiple_of(size));
    let (name, size) = unit.copied().unwrap_or(units[0]);
    format!("{}{name}", value / size)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads `number [spaces] unit` into the base unit. A bare `0` needs no unit.
fn scaled(text: &str, units: &[Unit], expected: &str, finest: &str) -> Result<u64, String> {
    let found = || shown(text);
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let unit = unit.trim_start();
    let (whole, fraction) = match number.split_once('.') {
        None => (number, "0"),
        Some(parts) => parts,
    };
    if !digits(whole) || !digits(fraction) {
        return Err(format!("expected {expected}, found {}", found()));
    }
    let fraction = fraction.trim_end_matches('0');
    if unit.is_empty() && fraction.is_empty() && whole.bytes().all(|b| b == b'0') {
        return Ok(0);
    }
    let Some(&(_, size)) = units.iter().find(|&&(name, _)| name == unit) else {
        let names = || units.iter().map(|&(name, _)| name);
        return Err(if unit.is_empty() {
            format!("expected {expected}, found {} without a unit ({})", found(), one_of(names()))
        } else {
            let hint = did_you_mean(unit, names());
            format!("unknown unit {} in {}, expected {}{hint}", shown(unit), found(), one_of(names()))
        });
    };
    let too_large = || format!("expected {expected}, found {}, which is too large", found());
    let too_fine = || format!("expected {expected}, found {}, which is finer than {finest}", found());
    let whole: u64 = whole.parse().map_err(|_| too_large())?;
    let size = u128::from(size);
    let mut value = u128::from(whole) * size;
    if !fraction.is_empty() {
        // No unit is larger than 10^14 base units, so a longer fraction can't come out whole.
        let scale = 10u128.pow(u32::try_from(fraction.len()).unwrap_or(u32::MAX).min(20));
        let part = fraction.parse::<u64>().map_err(|_| too_fine())?;
        let part = u128::from(part) * size;
        if !part.is_multiple_of(scale) {
            return Err(too_fine());
        }
        value += part / scale;
    }
    u64::try_from(value).map_err(|_| too_large())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantities_are_read_exactly() {
        for (text, ns) in [
            ("2 ms", 2_000_000),
            ("1.5 s", 1_500_000_000),
            ("20ms", 20_000_000),
            ("250 us", 250_000),
            ("0.000000001 s", 1),
            ("1.50 ms", 1_500_000),
            ("2 h", 7_200_000_000_000),
            ("0", 0),
            ("213503 d", 213_503 * 86_400_000_000_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_nanos(ns)), "{text}");
        }
        assert_eq!(chance("5%"), Ok(50_000));
        assert_eq!(chance("0.5 %"), Ok(5_000));
        assert_eq!(chance("100 %"), Ok(1_000_000));
        assert_eq!(chance("20 ppm"), Ok(20));
        assert_eq!(rate("10 Mbit/s"), Ok(Some(10_000_000)));
        assert_eq!(rate("1.5kbit/s"), Ok(Some(1_500)));
        assert_eq!(rate("unlimited"), Ok(None));
    }

    #[test]
    fn a_bad_quantity_says_what_was_expected() {
        let cases: [(Result<(), String>, &str); 12] = [
            (
                duration("20").map(drop),
                "expected a duration such as `20 ms`, found `20` without a unit (`ns`, `us`, `ms`, `s`, `min`, `h` or `d`)",
            ),
            (
                duration("20 mss").map(drop),
                "unknown unit `mss` in `20 mss`, expected `ns`, `us`, `ms`, `s`, `min`, `h` or `d`; did you mean `ms`?",
            ),
            (duration("-1 s").map(drop), "expected a duration such as `20 ms`, found `-1 s`"),
            (duration("").map(drop), "expected a duration such as `20 ms`, found ``"),
            (duration("1. s").map(drop), "expected a duration such as `20 ms`, found `1. s`"),
            (duration("1.2.3 s").map(drop), "expected a duration such as `20 ms`, found `1.2.3 s`"),
            (
                duration("1.5 ns").map(drop),
                "expected a duration such as `20 ms`, found `1.5 ns`, which is finer than a nanosecond",
            ),
            (
                duration("213504 d").map(drop),
                "expected a duration such as `20 ms`, found `213504 d`, which is too large",
            ),
            (delay("61 min").map(drop), "expected at most 1 h, found `61 min`"),
            (chance("101 %").map(drop), "expected at most 100 %, found `101 %`"),
            (rate("0 bit/s").map(drop), "expected 1 bit/s to 100 Gbit/s, or `unlimited`, found `0 bit/s`"),
            (mtu("+900").map(drop), "expected 576 to 1500 (bytes), found `+900`"),
        ];
        for (result, message) in cases {
            assert_eq!(result, Err(message.to_string()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_back(ns: u64, ppm in 0u32..=1_000_000, bps in 1u64..=FASTEST) {
            prop_assert_eq!(duration(&duration_text(Duration::from_nanos(ns))), Ok(Duration::from_nanos(ns)));
            prop_assert_eq!(chance(&chance_text(ppm)), Ok(ppm));
            prop_assert_eq!(rate(&rate_text(Some(bps))), Ok(Some(bps)));
            prop_assert_eq!(rate(&rate_text(None)), Ok(None));
        }

        #[test]
        fn no_text_panics(text in "[0-9.]{0,40}[a-zM/% ]{0,6}", any in ".*") {
            for text in [text, any] {
                let _ = (duration(&text), chance(&text), rate(&text), mtu(&text));
            }
        }
    }
}
