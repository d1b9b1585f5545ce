use super::super::{Place, Scenario};
use crate::time::Instant;
use crate::world::Expectation;
use crate::world::{Needle, Pattern, When};

fn parsed(line: &str) -> Result<Expectation, String> {
    let text = format!(
        "expect = ['wifi link 0 opened', 'never nas tcp-echo', '{line}']\n{}",
        Scenario::default_text()
    );
    // The built-in scenario's own keys come first in a file.
    let text = text.replace("seed = 1", "").replacen("\n", "\nseed = 1\n", 1);
    let mut scenario = Scenario::parse("lab.toml", &text).map_err(|e| e.problems[0].message.clone())?;
    Ok(scenario.expect.remove(2))
}

#[test]
fn a_line_says_when_who_and_what() {
    let second = |n: u64| Instant::from_nanos(n * 1_000_000_000);
    let cases = [
        ("wifi station joined", false, When::Anytime, "wifi station joined"),
        ("by 5s wifi station joined home", false, When::By(second(5)), "wifi station joined home"),
        ("by 1.5 min wifi uart", false, When::By(second(90)), "wifi uart"),
        ("never wifi uart lost", true, When::Anytime, "wifi uart lost"),
        ("between 2s and 3 s www http GET", false, When::Between(second(2), second(3)), "www http GET"),
        ("never by 1s wifi command \"AT+RST\"", true, When::By(second(1)), "wifi command \"AT+RST\""),
    ];
    for (line, never, when, what) in cases {
        let expectation = parsed(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let found = (expectation.never, expectation.when, expectation.what.to_string());
        assert_eq!(found, (never, when, what.to_owned()), "{line}");
        assert!(!expectation.then && expectation.text == line && expectation.place.line == 1);
    }
}

#[cfg(feature = "tls")] // a build without it has another built-in scenario, and no certificates
#[test]
fn a_bad_line_says_what_was_expected_instead() {
    for (line, message) in [
        (
            "",
            "expected the name of a module or host (`wifi`, `api`, `echo`, `nas`, `time` or `www`), or `then`, `never`, `by`, `between` or `within` before it, found nothing",
        ),
        (
            "by 5s wfii station joined",
            "expected the name of a module or host (`wifi`, `api`, `echo`, `nas`, `time` or `www`), or `then`, `never`, `by`, `between` or `within` before it, found `wfii`; did you mean `wifi`?",
        ),
        (
            "www htp GET /",
            "expected what is observed of www (`http`, `station`, `tcp-terminal`, `udp-terminal`, `toxic` or `change`), found `htp`; did you mean `http`?",
        ),
        (
            "wifi joined home",
            "expected what is observed of wifi (`command`, `reply`, `station`, `link`, `uart`, `console`, `fault` or `change`), found `joined`",
        ),
        (
            "nas http GET /",
            "expected what is observed of nas (`tcp-echo`, `udp-echo`, `station`, `tcp-terminal`, `udp-terminal`, `toxic` or `change`), found `http`",
        ),
        ("by wifi", "`by`: expected a duration such as `20 ms`, found `wifi`"),
        ("by", "expected a time such as `1.5s` after `by`, found nothing"),
        ("between 2s wifi", "expected `and` after `between 2 s`, found `wifi`"),
        ("between 2s and 1s wifi", "expected a time of 2 s or later after `and`, found 1 s"),
        ("within 2s wifi link", "expected `then` before `within 2 s`, which counts from the line before"),
        ("then wifi link", "expected a line before `then` that says what must happen first"),
        ("wifi link \"0", "expected a closing quote after `0`"),
    ] {
        assert_eq!(parsed(line), Err(message.to_owned()), "{line}");
    }
}

#[test]
fn a_mistake_has_its_line_and_column() {
    let text = "expect = [\n    \"never wifi uart lost\",\n    \"wifi linc 0 closed\",\n]\n";
    let error = Scenario::parse("lab.toml", text).unwrap_err();
    assert_eq!(error.problems[0].place, Place { line: 3, column: 5 });
    assert!(error.to_string().contains("did you mean `link`?"), "{error}");
}

#[test]
fn plain_words_and_parts_are_told_apart() {
    let expectation = parsed("www http GET \"/st\\x61tus\" 200").unwrap();
    let needles = vec![
        Needle::Word("GET".to_owned()),
        Needle::Part(b"/status".to_vec()),
        Needle::Word("200".to_owned()),
    ];
    assert_eq!(expectation.what, Pattern { subject: "www".to_owned(), kind: "http", needles });
}
