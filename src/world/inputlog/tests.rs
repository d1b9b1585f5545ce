use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::time::{Instant, Timebase};
use crate::world::Attachment;

fn scenario(name: &str, text: &str) -> Scenario {
    let mut scenario = Scenario::parse("lab.toml", "").expect("an empty scenario is a scenario");
    // The log does not care whether it is one.
    scenario.name = name.to_string();
    scenario.text = text.to_string();
    scenario
}

fn attachment(hz: u64, origin_ns: u64, mcu_tx: McuTx) -> Attachment {
    let timebase = Timebase::new(hz, Instant::from_nanos(origin_ns)).expect("hz is not 0");
    Attachment { timebase, mcu_tx: Some(mcu_tx), obeys_rts: None }
}

/// A log with one module, `wifi`, attached.
fn writer() -> Writer {
    let mut w = Writer::new(7, &scenario("lab.toml", "[ap.home]\nssid = \"espat-sim\"\n"));
    w.attach(0, "wifi", &Attachment::default());
    w
}

fn text(mut writer: Writer) -> String {
    String::from_utf8(writer.take()).expect("a log is UTF-8")
}

/// The lines after the attachment.
fn body(writer: Writer) -> Vec<String> {
    text(writer).lines().skip_while(|l| !l.contains(" attach ")).skip(1).map(str::to_string).collect()
}

#[test]
fn a_log_is_readable_text() {
    let mut w = writer();
    for byte in *b"AT\r\n" {
        w.uart(0, 86_805, byte);
    }
    w.console(Instant::from_nanos(1_500_000_000), "ap home down");
    w.pin(0, 1_600_000_000, Pin::En, false);
    w.overrun(0, 1_700_000_000, 0x0a, McuLoss::Off);
    w.printed(0, 1_800_000_000, "uart:~$ \"hi\"\t");
    w.advance(0, 2_000_000_000);
    w.detach(0);
    w.end(End { digest: 0x0123_4567_89ab_cdef, content_digest: 0xfedc_ba98_7654_3210 });
    let expected = format!(
        "espat-sim input log 4
crate {}
seed 7
scenario \"lab.toml\" 29 bytes 3 lines
|[ap.home]
|ssid = \"espat-sim\"
|
0 wifi attach id=0 hz=1000000000
86805 wifi uart \"AT\\r\\n\"
1500000000 * console ap home down
1600000000 wifi pin en low
1700000000 wifi overrun 0a off
1800000000 wifi printed \"uart:~$ \\\"hi\\\"\\t\"
2000000000 wifi reach
- wifi detach
",
        env!("CARGO_PKG_VERSION")
    );
    let hash = xxhash_rust::xxh3::xxh3_64(expected.as_bytes());
    let end = format!("end digest=0123456789abcdef content=fedcba9876543210 text={hash:016x}\n");
    let text = text(w);
    assert_eq!(text, expected + &end);
    let log = parse(&text).expect("a log that was written is read");
    assert_eq!((log.seed, log.scenario_name.as_str()), (7, "lab.toml"));
    assert_eq!(log.scenario_text, "[ap.home]\nssid = \"espat-sim\"\n");
    assert_eq!(log.crate_version, env!("CARGO_PKG_VERSION"));
    assert_eq!(log.end.map(|e| e.digest), Some(0x0123_4567_89ab_cdef));
    let bytes = b"AT\r\n".to_vec();
    assert_eq!(log.inputs[1], Input::Uart { module: 0, tick: 86_805, pace: Pace::NONE, bytes });
    assert_eq!(log.inputs[2], Input::Console { at_ns: 1_500_000_000, line: "ap home down".to_string() });
    let line = "uart:~$ \"hi\"\t".to_owned();
    assert_eq!(log.inputs[5], Input::Printed { module: 0, tick: 1_800_000_000, line });
    assert_eq!((log.inputs.len(), log.truncated), (8, None));
}

#[test]
fn only_the_reach_that_no_later_input_shows_is_written() {
    let mut w = writer();
    w.attach(1, "other", &Attachment::default());
    w.advance(0, 5);
    w.advance(0, 9);
    w.uart(0, 10, b'a');
    w.advance(0, 10);
    w.uart(0, 10, b'b');
    w.advance(0, 20);
    w.advance(1, 15);
    w.advance(0, 30);
    w.advance(1, 25);
    w.uart(1, 26, b'c');
    w.advance(1, 40);
    w.console(Instant::from_nanos(50), "ap home down");
    w.advance_all(Instant::from_nanos(60));
    w.advance_all(Instant::from_nanos(70));
    w.uart(0, 80, b'd');
    w.end(End { digest: 0, content_digest: 0 });
    let mut lines = body(w);
    if let Some(end) = lines.last_mut() {
        end.replace_range(end.len() - 16.., "TEXT");
    }
    assert_eq!(
        lines,
        [
            "0 other attach id=1 hz=1000000000",
            "10 wifi uart \"ab\"",
            "26 other uart \"c\"",
            "30 wifi reach",
            "40 other reach",
            "50 * console ap home down",
            "80 wifi uart \"d\"",
            "70 * reach",
            "end digest=0000000000000000 content=0000000000000000 text=TEXT",
        ]
    );
}

#[test]
fn what_is_taken_when_changes_no_byte() {
    let write = |take: bool| {
        let mut out = Vec::new();
        let mut w = writer();
        for n in 0..100u8 {
            w.uart(0, u64::from(n / 50), n);
            if take {
                let lines = w.take();
                assert!(lines.is_empty() || lines.ends_with(b"\n"), "a piece of a line was handed out");
                out.extend(lines);
            }
        }
        w.end(End { digest: 1, content_digest: 2 });
        out.extend(w.take());
        out
    };
    assert_eq!(write(true), write(false));
}

#[test]
fn a_log_that_is_cut_off_gives_what_it_has_and_says_what_was_lost() {
    let mut w = writer();
    w.uart(0, 1_000, b'A');
    w.pin(0, 2_000, Pin::En, true);
    w.end(End { digest: 1, content_digest: 2 });
    let whole = text(w);
    let log = parse(&whole).expect("a whole log");
    let body = whole.find("1000 wifi uart").expect("the uart line");
    for cut in 0..whole.len() {
        let result = parse(&whole[..cut]);
        if cut < body {
            let attach = whole.find("0 wifi attach").expect("the attach line");
            assert_eq!(result.is_err(), cut < attach, "cut at {cut}: {result:?}");
            continue;
        }
        let cut_log = result.unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
        let lines = whole[..cut].matches('\n').count();
        assert_eq!(cut_log.inputs, log.inputs[..(lines - 7).min(3)], "cut at {cut}");
        let rest = whole[..cut].rsplit('\n').next().unwrap_or_default();
        let end = whole.lines().last().unwrap_or_default();
        if rest == end || end.strip_prefix(rest).is_some_and(|lost| lost.starts_with(" text=")) {
            let found = (cut_log.end, cut_log.truncated);
            assert_eq!(
                found,
                (log.end, None),
                "only the last line feed is missing, or the hash of the text, too"
            );
        } else {
            let lost = (!rest.is_empty()).then(|| Truncated { line: lines + 1, rest: rest.to_string() });
            assert_eq!((cut_log.end, cut_log.truncated), (None, lost), "cut at {cut}");
        }
    }
}

#[test]
fn a_bad_log_is_refused_with_its_line() {
    let good = text(writer());
    let with = |line: &str| format!("{good}{line}\n");
    let verbs =
        "`attach`, `detach`, `uart`, `pin`, `line`, `printed`, `overrun`, `lan`, `console` or `reach`";
    let attach = "`id=NUMBER hz=NUMBER` after `attach`, and `mcu-tx=` or `obeys-rts=` if the driver said it";
    let lan = "`lan NUMBER` and `attach \"NAME\"`, `frame BASE64` or `detach`";
    let cases = [
        (String::new(), "1: expected `espat-sim input log 4`, found the end of the log".to_string()),
        ("hello\n".to_string(), "1: expected `espat-sim input log 4`, found `hello`".to_string()),
        ("hello".to_string(), "1: expected `espat-sim input log 4`, found `hello`, where the log is cut off".to_string()),
        (good.replacen("log 4", "log 5", 1), "1: the log has version 5 of the format, this espat-sim reads versions up to 4: expected an espat-sim that is newer".to_string()),
        (good.replacen("log 4", "log 1", 1), "1: the log has version 1 of the format, which was before any release; this espat-sim reads version 2 and later: make the run again".to_string()),
        (good.replacen("log 4", "log 0", 1), "1: expected `espat-sim input log 4`, found `espat-sim input log 0`".to_string()),
        (good.replace('\n', "\r\n"), "1: expected lines that end in a line feed alone, found a carriage return before it: the log's line endings were changed".to_string()),
        (good.replacen("crate ", "crat ", 1), format!("2: expected `crate VERSION`, found `crat {}`", env!("CARGO_PKG_VERSION"))),
        (good.replacen("seed 7", "seed -7", 1), "3: expected `seed NUMBER`, found `seed -7`".to_string()),
        (good.replacen("29 bytes", "many bytes", 1), "4: expected `scenario \"NAME\" N bytes M lines`, found `scenario \"lab.toml\" many bytes 3 lines`".to_string()),
        (good.replacen("29 bytes", "30 bytes", 1), "7: expected a scenario of 30 bytes, found 29: the text above was changed".to_string()),
        (good.replacen("3 lines", "4 lines", 1), "8: expected line 4 of the scenario's 4, after a `|`, found `0 wifi attach id=0 hz=1000000000`".to_string()),
        (with("hello"), "9: expected `TIME MODULE WHAT ...`, found `hello`".to_string()),
        (with(""), "9: expected `TIME MODULE WHAT ...`, found ``".to_string()),
        (with("1 wifi uatr 41"), format!("9: expected {verbs}, found `uatr`")),
        (with("x wifi uart 41"), "9: expected a time, a whole number below 2^64, found `x`".to_string()),
        (with("18446744073709551616 wifi uart 41"), "9: expected a time, a whole number below 2^64, found `18446744073709551616`".to_string()),
        (with("1 wifi uart 4g"), "9: expected a byte of two hex digits, found `4g`".to_string()),
        (with("1 wifi uart +4"), "9: expected a byte of two hex digits, found `+4`".to_string()),
        (with("1 wifi uart 41  42"), "9: expected a byte of two hex digits, found ``".to_string()),
        (with("1 wifi uart every x \"a\""), "9: expected `every TICKS`, a whole number below 2^64, found `x`".to_string()),
        (with("1 wifi uart every 1 late 1:4:AA \"a\""), "9: expected `late UNIT:WIDTH:BITS`, BITS in Base64, found `1:4:AA`".to_string()),
        (with("1 wifi uart every 5"), "9: expected a byte of two hex digits, found ``".to_string()),
        (with("1 wifi uart \"a\" b"), "9: expected nothing after the bytes, found ` b`".to_string()),
        (with("1 wifi uart \"\""), "9: expected at least one byte, found `\"\"`".to_string()),
        (with("1 wifi uart base64 QQ=="), "9: expected bytes in Base64 without padding, found `QQ==`".to_string()),
        (with("1 wifi uart"), "9: expected more after `uart`, found the end of the line".to_string()),
        (with("1 wlan uart 41"), "9: expected a module that an earlier line attached, found `wlan`".to_string()),
        (with("1 \"wifi uart 41"), "9: expected a text in quotes, found `\"wifi uart 41`".to_string()),
        (with("1 wifi pin en up"), "9: expected `low` or `high`, found `up`".to_string()),
        (with("1 wifi pin reset low"), "9: expected `en`, `gpio0`, `rts` or `wake`, found `reset`".to_string()),
        (with("1 wifi reach 5"), "9: expected nothing after `reach`, found `5`".to_string()),
        (with("1 wifi printed \"a\" b"), "9: expected nothing after the line, found ` b`".to_string()),
        (with("1 wifi detach"), "9: expected `-` as the time of `detach`, found `1`".to_string()),
        (with("1 wifi console help"), "9: expected `*` before `console`, found `wifi`".to_string()),
        (with("1 * console a\\b"), "9: expected `\\\\`, `\\\"`, `\\n`, `\\r`, `\\t` or `\\u{HEX}`, found `\\b`".to_string()),
        (with("1 * console a\\u{d800}"), "9: expected `\\u{HEX}`, found `\\u{d800}`".to_string()),
        (with("1 b attach id=1 hz=0 mcu-tx=wire"), format!("9: expected {attach}, found `id=1 hz=0 mcu-tx=wire`")),
        (with("1 b attach id=1"), format!("9: expected {attach}, found `id=1`")),
        (with("1 b attach id=1 hz=1 obeys-rts=yes"), "9: expected `false` or `true`, found `yes`".to_string()),
        (with("1 b attach id=1 hz=1 obeys-rts=true mcu-tx=wire"), format!("9: expected {attach}, found `id=1 hz=1 obeys-rts=true mcu-tx=wire`")),
        (with("1 b attach id=1 hz=1 mcu-tx=wired"), "9: expected `wire` or `as-stored`, found `wired`".to_string()),
        (with("1 \"wifi\"uart 41"), "9: expected `TIME MODULE WHAT ...`, found `1 \"wifi\"uart 41`".to_string()),
        (with("1 wifi detach now"), "9: expected nothing after `detach`, found `now`".to_string()),
        (with("- wlan detach"), "9: expected a module that an earlier line attached, found `wlan`".to_string()),
        (with("1 * uart 41"), "9: expected a module that an earlier line attached, found `*`".to_string()),
        (with("1 wifi overrun 41 twice"), "9: expected `full`, `off` or nothing behind the byte, found `twice`".to_string()),
        (with("1 wifi overrun 4"), "9: expected a byte of two hex digits, found `4`".to_string()),
        (with("1 wifi printed PASS"), "9: expected a text in quotes, found `PASS`".to_string()),
        (with("1 wifi printed \"PASS"), "9: expected a text in quotes, found `\"PASS`".to_string()),
        (with("x * console help"), "9: expected a time, a whole number below 2^64, found `x`".to_string()),
        (with("1 * console a\\"), "9: expected an escape after the last `\\`".to_string()),
        (with("1 wifi lan 0 detach"), "9: expected `*` before `lan`, found `wifi`".to_string()),
        (with("1 \"*\" lan 0 detach"), "9: expected `*` before `lan`, found `*`".to_string()),
        (with("1 * lan 0"), format!("9: expected {lan}, found `0`")),
        (with("1 * lan -1 detach"), format!("9: expected {lan}, found `-1 detach`")),
        (with("1 * lan 4294967296 detach"), format!("9: expected {lan}, found `4294967296 detach`")),
        (with("1 * lan 0 detach now"), format!("9: expected {lan}, found `0 detach now`")),
        (with("1 * lan 0 attach home"), format!("9: expected {lan}, found `0 attach home`")),
        (with("1 * lan 0 frame AAA"), format!("9: expected {lan}, found `0 frame AAA`")),
        (with("1 * lan 0 unplug"), format!("9: expected {lan}, found `0 unplug`")),
        (with("end digest=12 content=34"), "9: expected `end digest=X content=X text=X`, each X of 16 hex digits, found `end digest=12 content=34`".to_string()),
        (with("end digest=0000000000000001 content=0000000000000002 text=3"), "9: expected `end digest=X content=X text=X`, each X of 16 hex digits, found `end digest=0000000000000001 content=0000000000000002 text=3`".to_string()),
        (with("1 * console a\\u{+41}"), "9: expected `\\u{HEX}`, found `\\u{+41}`".to_string()),
        (with("end digest=0000000000000001 content=0000000000000002\n1 wifi reach"), "10: expected nothing after the `end` line, found `1 wifi reach`".to_string()),
    ];
    for (text, message) in cases {
        let error = parse(&text).expect_err(&text);
        assert_eq!(error.to_string(), format!("line {}", message.replacen(": ", " of the input log: ", 1)));
    }
}

#[test]
fn what_a_log_carries_beside_the_scenario_is_refused_with_its_line_when_it_was_changed() {
    let head: String = text(writer()).lines().take(7).map(|line| format!("{line}\n")).collect();
    let whole = format!(
        "{head}saved \"wifi\" \"nvs.toml\" 11 bytes 1 lines\n|version = 2\nfile \"a.pem\" 3 bytes 2 lines\n|a\n|b\n\
         file \"b.bin\" 3 bytes 2 lines base64\n|AAE=\n|Ag==\n0 wifi attach id=0 hz=1000000000\n"
    );
    let log = parse(&whole).unwrap_or_else(|e| panic!("{e}\n{whole}"));
    assert_eq!(
        log.saved,
        [("wifi".to_owned(), SavedText { name: "nvs.toml".to_owned(), text: "version = 2".to_owned() })]
    );
    assert_eq!(log.files, [("a.pem".to_owned(), b"a\nb".to_vec()), ("b.bin".to_owned(), vec![0, 1, 2])]);
    let mut lab = scenario("lab.toml", "");
    let lacks = "the log has saved settings of 'wifi', which its scenario lacks".to_owned();
    lab.modules.clear();
    assert_eq!(log.equip(&mut lab), Err(lacks), "settings of a module that is not there");
    let (saved, file) = (
        "`saved \"MODULE\" \"FILE\" N bytes M lines`",
        "`file \"FILE\" N bytes M lines`, or `base64` behind that",
    );
    for (from, to, message) in [
        (
            "saved \"wifi\"",
            "saved wifi",
            format!("8: expected {saved}, found `saved wifi \"nvs.toml\" 11 bytes 1 lines`"),
        ),
        (
            "11 bytes 1 lines",
            "11 bytes 1",
            format!("8: expected {saved}, found `saved \"wifi\" \"nvs.toml\" 11 bytes 1`"),
        ),
        (
            "11 bytes",
            "12 bytes",
            "9: expected a saved text of 12 bytes, found 11: the text above was changed".to_owned(),
        ),
        (
            "11 bytes 1 lines",
            "11 bytes 2 lines",
            "10: expected line 2 of the saved text's 2, after a `|`, found `file \"a.pem\" 3 bytes 2 lines`"
                .to_owned(),
        ),
        ("file \"a.pem\"", "file a.pem", format!("10: expected {file}, found `file a.pem 3 bytes 2 lines`")),
        (
            "\"a.pem\" 3 bytes",
            "\"a.pem\" 4 bytes",
            "12: expected a file of 4 bytes, found 3: the text above was changed".to_owned(),
        ),
        (
            "lines base64",
            "lines base32",
            format!("13: expected {file}, found `file \"b.bin\" 3 bytes 2 lines base32`"),
        ),
        ("|AAE=", "|AAE", "14: expected line 1 of the file's 2, Base64 after a `|`, found `|AAE`".to_owned()),
        ("|Ag==", "Ag==", "15: expected line 2 of the file's 2, Base64 after a `|`, found `Ag==`".to_owned()),
        (
            "3 bytes 2 lines base64",
            "2 bytes 2 lines base64",
            "15: expected a file of 2 bytes, found 3: the text above was changed".to_owned(),
        ),
    ] {
        let damaged = whole.replacen(from, to, 1);
        assert_ne!(damaged, whole, "{from} is not in it");
        let error = parse(&damaged).expect_err(&damaged);
        assert_eq!(error.to_string(), format!("line {}", message.replacen(": ", " of the input log: ", 1)));
    }
}

#[test]
fn an_input_of_a_module_that_never_attached_is_found_when_the_log_is_read() {
    let mut w = writer();
    w.uart(3, 1, b'x');
    w.attach(4, "#3", &Attachment::default());
    w.uart(3, 1, b'x');
    let error = parse(&text(w)).expect_err("module 3 never attached");
    assert_eq!(
        error.to_string(),
        "line 9 of the input log: expected a module that an earlier line attached, found `#3`"
    );
}

/// A log of so many bytes, with their ticks; without its head.
fn length_of(bytes: impl Iterator<Item = (u64, u8)>) -> usize {
    let mut w = writer();
    w.take();
    bytes.for_each(|(tick, byte)| w.uart(0, tick, byte));
    w.settle();
    w.take().len()
}

#[test]
fn a_busy_uart_costs_two_bytes_a_byte_at_most() {
    const BYTES: u64 = 100_000;
    let text = |n: u64| b"AT+CIPSEND=0,512\r\n"[n as usize % 18];
    let binary = |n: u64| ((n * n) >> 3) as u8;
    type Tick = fn(u64) -> u64;
    let paces: [(&str, Tick); 5] = [
        ("a buffer each 10 ms", |n| n / 115 * 10_000_000),
        ("a byte each 86805 ticks", |n| n * 86_805),
        ("at 115200 baud, rounded down", |n| n * 781_250 / 9),
        ("four bytes at a time", |n| n / 4 * 40_000),
        ("at 3 Mbaud in a clock of 16 MHz", |n| n * 160 / 3),
    ];
    for (pace, tick) in paces {
        for (data, byte) in [("text", &text as &dyn Fn(u64) -> u8), ("binary data", &binary)] {
            let length = length_of((0..BYTES).map(|n| (tick(n) + 12_345_678_901, byte(n))));
            assert!(length as u64 <= 2 * BYTES, "{pace}, {data}: {length} bytes of log for {BYTES}");
        }
    }
}

#[test]
fn a_run_that_others_interrupt_goes_on() {
    let mut w = writer();
    w.attach(1, "other", &Attachment::default());
    for n in 0..20 {
        w.uart(0, 100 * n, b'a');
        w.advance(1, 100 * n + 50);
        w.uart(1, 100 * n + 50, b'b');
        w.advance(0, 100 * n + 99);
    }
    w.pin(1, 2_000, Pin::En, false);
    w.settle();
    let expected = [
        "0 other attach id=1 hz=1000000000".to_owned(),
        format!("50 other uart every 100 \"{}\"", "b".repeat(20)),
        "2000 other pin en low".to_owned(),
        format!("0 wifi uart every 100 \"{}\"", "a".repeat(20)),
        "1999 wifi reach".to_owned(),
    ];
    assert_eq!(body(w), expected);
}

#[test]
fn format_2_is_still_read() {
    let old = text(writer()).replacen("log 4", "log 2", 1) + "86805 wifi uart 41 54 0d 0a\n";
    let log = parse(&old).expect("format 2");
    let bytes = b"AT\r\n".to_vec();
    assert_eq!(log.inputs[1], Input::Uart { module: 0, tick: 86_805, pace: Pace::NONE, bytes });
}

#[test]
fn a_log_whose_text_was_changed_is_refused_unless_its_hash_was_taken_out() {
    let mut w = writer();
    w.console(Instant::from_nanos(5), "ap home down");
    w.uart(0, 86_805, b'A');
    w.end(End { digest: 1, content_digest: 2 });
    let good = text(w);
    parse(&good).expect("it is as it was written");
    let hash = good.trim_end().rsplit_once(" text=").map(|(_, hash)| hash.to_owned()).expect("a hash");
    for (what, other) in
        [("seed 7", "seed 8"), ("espat-sim\"", "espat-sin\""), ("home down", "home up"), ("86805", "86806")]
    {
        let changed = good.replacen(what, other, 1);
        assert_ne!(changed, good, "{what} is not in the log");
        let refused = parse(&changed).map(|_| ()).expect_err(other).to_string();
        let start = "line 11 of the input log: the text above was damaged or changed since it was written: its hash was ";
        assert!(refused.starts_with(start), "{other}: {refused}");
        assert!(refused.ends_with(&format!("take ` text={hash}` out of this line")), "{other}: {refused}");
        parse(&changed.replacen(&format!(" text={hash}"), "", 1))
            .expect("what was changed on purpose is read");
    }
    let old = good.replacen("log 4", "log 3", 1).replacen(&format!(" text={hash}"), "", 1);
    parse(&old).expect("logs of older formats have no hash");
}

fn tick() -> impl Strategy<Value = u64> {
    prop_oneof![0..20u64, any::<u64>()]
}

/// What a driver may say at its attachment, or leave to the scenario.
fn given() -> impl Strategy<Value = (Option<McuTx>, Option<bool>)> {
    let mcu_tx = proptest::sample::select(&McuTx::WORDS[..]).prop_map(|(_, mcu_tx)| mcu_tx);
    (proptest::option::of(mcu_tx), proptest::option::of(any::<bool>()))
}

fn pace() -> impl Strategy<Value = Pace> {
    let late = proptest::collection::vec(0..10u8, 0..80);
    (0..40u64, 0..40u64, late).prop_map(|(ticks, unit, late)| Pace { ticks, unit, late })
}

fn input() -> impl Strategy<Value = Input> {
    let module = 0..3u32;
    let pin = prop_oneof![Just(Pin::En), Just(Pin::Gpio0), Just(Pin::McuRts), Just(Pin::Wake)];
    let bytes = proptest::collection::vec(any::<u8>(), 1..80);
    prop_oneof![
        module.clone().prop_map(|module| Input::Detach { module }),
        (module.clone(), tick(), pace(), bytes).prop_map(|(module, tick, pace, bytes)| Input::Uart {
            module,
            tick,
            pace,
            bytes
        }),
        (module.clone(), tick(), pin, any::<bool>()).prop_map(|(module, tick, pin, high)| Input::Pin {
            module,
            tick,
            pin,
            high
        }),
        (module.clone(), tick(), 80..=5_000_000u32, 5..=8u8).prop_map(|(module, tick, baud, data_bits)| {
            let line = LineSettings { data_bits, ..LineSettings::eight_n_one(baud) };
            Input::Line { module, tick, line }
        }),
        (module.clone(), tick(), any::<u8>(), 0..3usize).prop_map(|(module, tick, byte, loss)| {
            let loss = [McuLoss::Unknown, McuLoss::Full, McuLoss::Off][loss];
            Input::Overrun { module, tick, byte, loss }
        }),
        (module.clone(), tick(), any::<String>()).prop_map(|(module, tick, line)| Input::Printed {
            module,
            tick,
            line
        }),
        (any::<u64>(), any::<String>()).prop_map(|(at_ns, line)| Input::Console { at_ns, line }),
        (any::<u64>(), any::<u32>(), any::<String>())
            .prop_map(|(at_ns, port, access_point)| Input::LanAttach { at_ns, port, access_point }),
        (any::<u64>(), any::<u32>()).prop_map(|(at_ns, port)| Input::LanDetach { at_ns, port }),
        (any::<u64>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..100))
            .prop_map(|(at_ns, port, frame)| Input::LanFrame { at_ns, port, frame }),
        (module, tick()).prop_map(|(module, tick)| Input::Advance { module, tick }),
        tick().prop_map(|at_ns| Input::AdvanceAll { at_ns }),
    ]
}

fn write(w: &mut Writer, input: &Input) {
    match input {
        Input::Attach { module, name, hz, origin_ns, mcu_tx, obeys_rts } => {
            let attachment = Attachment {
                mcu_tx: *mcu_tx,
                obeys_rts: *obeys_rts,
                ..attachment(*hz, *origin_ns, McuTx::Wire)
            };
            w.attach(*module, name, &attachment);
        }
        Input::Detach { module } => w.detach(*module),
        Input::Uart { module, tick, pace, bytes } => {
            for (tick, &byte) in pace.ticks(*tick, bytes.len()).zip(bytes) {
                w.uart(*module, tick, byte);
            }
        }
        Input::Pin { module, tick, pin, high } => w.pin(*module, *tick, *pin, *high),
        Input::Line { module, tick, line } => w.line_settings(*module, *tick, *line),
        Input::Printed { module, tick, line } => w.printed(*module, *tick, line),
        Input::Overrun { module, tick, byte, loss } => w.overrun(*module, *tick, *byte, *loss),
        Input::Console { at_ns, line } => w.console(Instant::from_nanos(*at_ns), line),
        Input::LanAttach { at_ns, port, access_point } => {
            w.lan_attach(Instant::from_nanos(*at_ns), *port, access_point);
        }
        Input::LanDetach { at_ns, port } => w.lan_detach(Instant::from_nanos(*at_ns), *port),
        Input::LanFrame { at_ns, port, frame } => w.lan_frame(Instant::from_nanos(*at_ns), *port, frame),
        Input::Advance { module, tick } => w.advance(*module, *tick),
        Input::AdvanceAll { at_ns } => w.advance_all(Instant::from_nanos(*at_ns)),
    }
}

/// The inputs byte by byte and without reaches, in lists: one of each module from one input for all to the next. How lines
/// are put together, and how those of several modules stand between each other, does not show.
fn flat(inputs: &[Input]) -> Vec<Vec<Input>> {
    let mut flat = Vec::new();
    let mut lanes: [Vec<Input>; 3] = Default::default();
    for input in inputs {
        match input {
            Input::Uart { module, tick, pace, bytes } => {
                let one = |(tick, &byte)| Input::Uart {
                    module: *module,
                    tick,
                    pace: Pace::NONE,
                    bytes: vec![byte],
                };
                lanes[*module as usize].extend(pace.ticks(*tick, bytes.len()).zip(bytes).map(one));
            }
            Input::Pin { module, .. }
            | Input::Line { module, .. }
            | Input::Printed { module, .. }
            | Input::Overrun { module, .. } => {
                lanes[*module as usize].push(input.clone());
            }
            Input::Advance { .. } | Input::AdvanceAll { .. } => {}
            Input::Attach { .. }
            | Input::Detach { .. }
            | Input::Console { .. }
            | Input::LanAttach { .. }
            | Input::LanDetach { .. }
            | Input::LanFrame { .. } => {
                flat.extend(std::mem::take(&mut lanes));
                flat.push(vec![input.clone()]);
            }
        }
    }
    flat.extend(lanes);
    flat
}

/// How far each module has come in the end.
fn reached(inputs: &[Input]) -> BTreeMap<u32, u64> {
    let mut last = BTreeMap::new();
    for input in inputs {
        if let Input::Uart { module, tick, pace, bytes } = input {
            let t: &mut u64 = last.entry(*module).or_default();
            *t = pace.ticks(*tick, bytes.len()).fold(*t, u64::max);
        }
        if let Input::Pin { module, tick, .. }
        | Input::Line { module, tick, .. }
        | Input::Printed { module, tick, .. }
        | Input::Overrun { module, tick, .. }
        | Input::Advance { module, tick } = input
        {
            let t: &mut u64 = last.entry(*module).or_default();
            *t = (*t).max(*tick);
        }
    }
    last
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(
        seed: u64,
        name: String,
        scenario_text in prop_oneof![".*", "[a\r\n|\\\\\"]{0,20}", any::<String>()],
        names in proptest::collection::btree_set(prop_oneof!["[a-z*#-]{0,4}", any::<String>()], 3),
        bases in proptest::collection::vec((1..=u64::MAX, any::<u64>(), given()), 3),
        rest in proptest::collection::vec(input(), 0..40),
        end in proptest::option::of((any::<u64>(), any::<u64>())),
        cut: proptest::sample::Index,
    ) {
        let mut inputs: Vec<Input> = names.into_iter().zip(0u32..).zip(bases)
            .map(|((name, module), (hz, origin_ns, (mcu_tx, obeys_rts)))| {
                Input::Attach { module, name, hz, origin_ns, mcu_tx, obeys_rts }
            })
            .collect();
        inputs.extend(rest);
        let scenario = scenario(&name, &scenario_text);
        let mut w = Writer::new(seed, &scenario);
        for input in &inputs {
            write(&mut w, input);
        }
        let end = end.map(|(digest, content_digest)| End { digest, content_digest });
        match end {
            Some(end) => w.end(end),
            // What an `end` would have closed.
            None => w.settle(),
        }
        let text = text(w);
        let log = parse(&text).map_err(|e| TestCaseError::fail(format!("{e} in\n{text}")))?;
        prop_assert_eq!(&log.scenario_text, &scenario_text);
        prop_assert_eq!(&log.scenario_name, &name);
        prop_assert_eq!((log.seed, log.end, log.truncated), (seed, end, None));
        prop_assert_eq!(flat(&log.inputs), flat(&inputs));
        prop_assert_eq!(reached(&log.inputs), reached(&inputs));
        let at = text.floor_char_boundary(cut.index(text.len()));
        let _ = parse(&text[..at]);
        let _ = parse(&text[at..]);
    }

    #[test]
    fn no_text_panics(
        any: String,
        line in "[0-9-]{0,3} (wifi|\\*|\"wifi\"|\") (uart|pin|line|console|attach|reach|detach|overrun)? ?[a-f0-9 \\\\u{}\"=]{0,12}",
    ) {
        let _ = parse(&any);
        let _ = parse(&format!("{}{line}\n", text(writer())));
    }
}
