//! "Did you mean": the nearest of the words that would have been understood, and lists of them.

use strsim::damerau_levenshtein;

/// The candidate that `word` most likely stands for; `None` when none is close.
///
/// Close means: at most one edit for every three letters, capitals aside. Of equally close ones the first wins.
/// The word itself is no suggestion.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nothing that anybody meant to type is longer; the distance costs the product of both lengths.
    if word.chars().count() > 64 {
        return None;
    }
    let written = word;
    let word = word.to_lowercase();
    let limit = word.chars().count() / 3;
    candidates
        .into_iter()
        .map(|c| (damerau_levenshtein(&word, &c.to_lowercase()), c))
        .filter(|&(distance, c)| distance <= limit && distance < c.chars().count() && c != written)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, c)| c)
}

/// `; did you mean \`latency\`?`, or nothing when no candidate is close.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(word, candidates) {
        Some(c) => format!("; did you mean `{c}`?"),
        None => String::new(),
    }
}

/// `a`, `b` or `c`, each in backquotes; `nothing` for an empty list.
pub(crate) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_string(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The number of a TLS cipher suite as it is written: `0xc030`, four hexadecimal digits.
pub(crate) fn suite_number(word: &str) -> Option<u16> {
    let digits = word.strip_prefix("0x")?;
    let are_four = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| are_four)
}

/// What somebody wrote, for a message: in backquotes, without control characters, cut to a readable length.
pub(crate) fn shown(text: &str) -> String {
    format!("`{}`", cut(text))
}

/// What somebody wrote, inside a message: without control characters, cut to a readable length.
pub(crate) fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = printable(text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end]));
    if text.chars().nth(LONGEST).is_some() {
        out.push_str("...");
    }
    out
}

/// Bytes on one line of printable ASCII: others as `\r`, `\n`, `\t` or `\xNN`, a backslash as `\\`.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str(r"\\"),
            b'\r' => text.push_str(r"\r"),
            b'\n' => text.push_str(r"\n"),
            b'\t' => text.push_str(r"\t"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                text.push_str(&format!("\\x{byte:02X}"));
            }
        }
    }
    text
}

/// The text on one line: control characters are escaped.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let words = ["latency", "loss", "duplicate", "rate", "up"];
        assert_eq!(nearest("latancy", words), Some("latency"));
        assert_eq!(nearest("LOSS", words), Some("loss"));
        assert_eq!(nearest("duplciate", words), Some("duplicate"));
        assert_eq!(nearest("weather", words), None);
        assert_eq!(nearest("pu", words), None, "one edit of two letters makes another word");
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), words), None);
    }

    #[test]
    fn the_number_of_a_suite_has_four_digits_and_no_sign() {
        assert_eq!(["0xc030", "0x00A8"].map(suite_number), [Some(0xc030), Some(0xa8)]);
        for wrong in ["0x+030", "0x-030", "0xc03", "0xc0300", "c030", "0xc03g", ""] {
            assert_eq!(suite_number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_is_one_printable_line() {
        assert_eq!(shown("a\nb\u{1b}"), "`a\\nb\\u{1b}`");
        assert_eq!(shown(&"y".repeat(100)), format!("`{}...`", "y".repeat(60)));
    }
}
