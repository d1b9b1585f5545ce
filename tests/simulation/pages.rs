//! Bodies of pages that are files of the scenario, or of a size, as a firmware gets them with AT+HTTPCGET.
use crate::host::Host;
use espat_sim::world::{Recording, Scenario, World, replay};

const WORLD: &str = "
[ap.home]
ssid = \"espat-sim\"
password = \"correct horse\"

[host.www]
address = \"203.0.113.10\"

[host.www.http.pages]
\"/logo\" = { file = \"site/logo.png\", content-type = \"image/png\" }
\"/text\" = [{ status = 503 }, { file = \"site/text.txt\", chunk = 4 }]
\"/large\" = { size = 5000 }
";

/// Every byte value, and no UTF-8.
fn logo() -> Vec<u8> {
    (0..=255u8).rev().cycle().take(1000).collect()
}

fn scenario() -> Scenario {
    let mut scenario = Scenario::parse("lab.toml", WORLD).unwrap_or_else(|e| panic!("{e}"));
    scenario.supply("site/logo.png", logo());
    scenario.supply("site/text.txt", "one two\n");
    scenario
}

/// The body that AT+HTTPCGET prints, its pieces put together.
fn body(host: &mut Host, path: &str) -> Vec<u8> {
    host.send(format!("AT+HTTPCGET=\"http://203.0.113.10{path}\"\r\n"));
    let end = host.now + 60 * crate::host::SECOND;
    while !host.pending.ends_with(b"\r\nOK\r\n") && host.step(end) {}
    let (mut body, all) = (Vec::new(), std::mem::take(&mut host.pending));
    let mut rest = &all[..];
    while let Some(piece) = rest.strip_prefix(b"+HTTPCGET:") {
        let comma = piece.iter().position(|b| *b == b',').expect("a comma behind the length");
        let length: usize = String::from_utf8_lossy(&piece[..comma]).parse().expect("a length");
        body.extend(&piece[comma + 1..][..length]);
        rest = piece[comma + 1 + length..].strip_prefix(b"\r\n").expect("a line end behind a piece");
    }
    assert_eq!(rest, b"\r\nOK\r\n", "{path}: what follows the pieces");
    body
}

#[test]
fn a_page_is_what_is_in_the_file_whatever_its_bytes_and_a_made_one_says_where_each_line_is() {
    let mut host = Host::of(&scenario(), 1).into_joined();
    assert!(body(&mut host, "/logo") == logo(), "the bytes of the file are others");
    host.ask("AT+HTTPCGET=\"http://203.0.113.10/text\"\r\n", "\r\nERROR\r\n");
    assert_eq!(body(&mut host, "/text"), b"one two\n", "the second answer of the list");
    let large = body(&mut host, "/large");
    assert_eq!(large.len(), 5000);
    for (number, line) in large.chunks(16).enumerate() {
        let expected = format!("{:015}\n", number * 16);
        assert_eq!(line, &expected.as_bytes()[..line.len()], "line {number}");
    }
    host.console("host www http /logo size 40");
    assert_eq!(body(&mut host, "/logo"), b"000000000000000\n000000000000016\n00000000");
    host.console("host www http /logo scenario");
    assert!(body(&mut host, "/logo") == logo(), "the console does not take its change back");
}

#[test]
fn what_was_in_pages_files_travels_in_the_input_log() {
    let mut host = Host::of(&scenario(), 1).into_joined();
    assert_eq!(body(&mut host, "/logo").len(), 1000);
    let (digest, _, log) = host.finish();
    assert!(log.contains("file \"site/logo.png\" 1000 bytes 18 lines base64\n|"), "no text: in Base64");
    assert!(log.contains("file \"site/text.txt\" 8 bytes 2 lines\n|one two\n|\n"), "a text as it is");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.world.digest(), digest, "the same run without the files");
    assert_eq!(replayed.is_same(), Some(true));

    let refused = |wrong: &str| replay(wrong, Recording::default()).err().expect("a mistake").to_string();
    let short = log.replacen("1000 bytes 18 lines", "1001 bytes 18 lines", 1);
    let sentence = refused(&short);
    assert!(sentence.contains("expected a file of 1001 bytes, found 1000"), "{sentence}");
    let damaged = log.replacen("lines base64\n|", "lines base64\n|?", 1);
    let sentence = refused(&damaged);
    assert!(sentence.contains("expected line 1 of the file's 18, Base64 after a `|`"), "{sentence}");
}

#[test]
fn a_page_whose_file_nobody_read_is_told_with_its_place() {
    let scenario = Scenario::parse("lab.toml", WORLD).unwrap_or_else(|e| panic!("{e}"));
    let error = World::new(&scenario, None, Recording::default()).err().expect("a mistake").to_string();
    assert!(error.contains("lab.toml:10:20: nobody has read `site/logo.png`"), "{error}");
}
