use proptest::prelude::*;

use super::*;
use crate::time::Timebase;

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
    w.advance(0, 2_000_000_000);
    w.detach(0);
    w.end(End { digest: 0x0123_4567_89ab_cdef, content_digest: 0xfedc_ba98_7654_3210 });
    let expected = format!(
        "espat-sim input log 2
crate {}
seed 7
scenario \"lab.toml\" 29 bytes 3 lines
|[ap.home]
|ssid = \"espat-sim\"
|
0 wifi attach id=0 hz=1000000000
86805 wifi uart 41 54 0d 0a
1500000000 * console ap home down
1600000000 wifi pin en low
1700000000 wifi overrun 0a off
2000000000 wifi reach
- wifi detach
end digest=0123456789abcdef content=fedcba9876543210
",
        env!("CARGO_PKG_VERSION")
    );
    let text = text(w);
    assert_eq!(text, expected);
    let log = parse(&text).expect("a log that was written is read");
    assert_eq!((log.seed, log.scenario_name.as_str()), (7, "lab.toml"));
    assert_eq!(log.scenario_text, "[ap.home]\nssid = \"espat-sim\"\n");
    assert_eq!(log.crate_version, env!("CARGO_PKG_VERSION"));
    assert_eq!(log.end.map(|e| e.digest), Some(0x0123_4567_89ab_cdef));
    assert_eq!(log.inputs[1], Input::Uart { module: 0, tick: 86_805, bytes: b"AT\r\n".to_vec() });
    assert_eq!(log.inputs[2], Input::Console { at_ns: 1_500_000_000, line: "ap home down".to_string() });
    assert_eq!((log.inputs.len(), log.truncated), (7, None));
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
    w.end(End { digest: 0, content_digest: 0 });
    assert_eq!(
        body(w),
        [
            "0 other attach id=1 hz=1000000000",
            "10 wifi uart 61 62",
            "30 wifi reach",
            "25 other reach",
            "26 other uart 63",
            "40 other reach",
            "end digest=0000000000000000 content=0000000000000000",
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
        if cut == whole.len() - 1 {
            assert_eq!(
                (cut_log.end, cut_log.truncated),
                (log.end, None),
                "only the last line feed is missing"
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
    let verbs = "`attach`, `detach`, `uart`, `pin`, `line`, `overrun`, `console` or `reach`";
    let attach = "`id=NUMBER hz=NUMBER` after `attach`, and `mcu-tx=` or `obeys-rts=` if the driver said it";
    let cases = [
        (String::new(), "1: expected `espat-sim input log 2`, found the end of the log".to_string()),
        ("hello\n".to_string(), "1: expected `espat-sim input log 2`, found `hello`".to_string()),
        ("hello".to_string(), "1: expected `espat-sim input log 2`, found `hello`, where the log is cut off".to_string()),
        (good.replacen("log 2", "log 3", 1), "1: the log has version 3 of the format, this espat-sim reads version 2: expected an espat-sim that is newer".to_string()),
        (good.replacen("log 2", "log 1", 1), "1: the log has version 1 of the format, which was before any release; this espat-sim reads version 2 and later: make the run again".to_string()),
        (good.replacen("log 2", "log 0", 1), "1: expected `espat-sim input log 2`, found `espat-sim input log 0`".to_string()),
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
        (with("1 wifi uart"), "9: expected more after `uart`, found the end of the line".to_string()),
        (with("1 wlan uart 41"), "9: expected a module that an earlier line attached, found `wlan`".to_string()),
        (with("1 \"wifi uart 41"), "9: expected a text in quotes, found `\"wifi uart 41`".to_string()),
        (with("1 wifi pin en up"), "9: expected `low` or `high`, found `up`".to_string()),
        (with("1 wifi pin reset low"), "9: expected `en`, `gpio0`, `rts` or `wake`, found `reset`".to_string()),
        (with("1 wifi reach 5"), "9: expected nothing after `reach`, found `5`".to_string()),
        (with("1 wifi detach"), "9: expected `-` as the time of `detach`, found `1`".to_string()),
        (with("1 wifi console help"), "9: expected `*` before `console`, found `wifi`".to_string()),
        (with("1 * console a\\b"), "9: expected `\\\\`, `\\\"`, `\\n`, `\\r`, `\\t` or `\\u{HEX}`, found `\\b`".to_string()),
        (with("1 * console a\\u{d800}"), "9: expected `\\u{HEX}`, found `\\u{d800}`".to_string()),
        (with("1 b attach id=1 hz=0 mcu-tx=wire"), format!("9: expected {attach}, found `id=1 hz=0 mcu-tx=wire`")),
        (with("1 b attach id=1"), format!("9: expected {attach}, found `id=1`")),
        (with("1 b attach id=1 hz=1 obeys-rts=yes"), "9: expected `false` or `true`, found `yes`".to_string()),
        (with("1 b attach id=1 hz=1 obeys-rts=true mcu-tx=wire"), format!("9: expected {attach}, found `id=1 hz=1 obeys-rts=true mcu-tx=wire`")),
        (with("1 b attach id=1 hz=1 mcu-tx=wired"), "9: expected `wire` or `as-stored`, found `wired`".to_string()),
        (with("end digest=12 content=34"), "9: expected `end digest=X content=X`, each X of 16 hex digits, found `end digest=12 content=34`".to_string()),
        (with("end digest=0000000000000001 content=0000000000000002\n1 wifi reach"), "10: expected nothing after the `end` line, found `1 wifi reach`".to_string()),
    ];
    for (text, message) in cases {
        let error = parse(&text).expect_err(&text);
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

fn tick() -> impl Strategy<Value = u64> {
    prop_oneof![0..20u64, any::<u64>()]
}

/// What a driver may say at its attachment, or leave to the scenario.
fn given() -> impl Strategy<Value = (Option<McuTx>, Option<bool>)> {
    let mcu_tx = proptest::sample::select(&McuTx::WORDS[..]).prop_map(|(_, mcu_tx)| mcu_tx);
    (proptest::option::of(mcu_tx), proptest::option::of(any::<bool>()))
}

fn input() -> impl Strategy<Value = Input> {
    let module = 0..3u32;
    let pin = prop_oneof![Just(Pin::En), Just(Pin::Gpio0), Just(Pin::McuRts), Just(Pin::Wake)];
    let bytes = proptest::collection::vec(any::<u8>(), 1..80);
    prop_oneof![
        module.clone().prop_map(|module| Input::Detach { module }),
        (module.clone(), tick(), bytes).prop_map(|(module, tick, bytes)| Input::Uart { module, tick, bytes }),
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
        (any::<u64>(), any::<String>()).prop_map(|(at_ns, line)| Input::Console { at_ns, line }),
        (module, tick()).prop_map(|(module, tick)| Input::Advance { module, tick }),
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
        Input::Uart { module, tick, bytes } => bytes.iter().for_each(|&b| w.uart(*module, *tick, b)),
        Input::Pin { module, tick, pin, high } => w.pin(*module, *tick, *pin, *high),
        Input::Line { module, tick, line } => w.line_settings(*module, *tick, *line),
        Input::Overrun { module, tick, byte, loss } => w.overrun(*module, *tick, *byte, *loss),
        Input::Console { at_ns, line } => w.console(Instant::from_nanos(*at_ns), line),
        Input::Advance { module, tick } => w.advance(*module, *tick),
    }
}

/// The inputs byte by byte and without reaches: how lines are put together does not show.
fn flat(inputs: &[Input]) -> Vec<Input> {
    let mut flat = Vec::new();
    for input in inputs {
        match input {
            Input::Uart { module, tick, bytes } => {
                let one = |&b| Input::Uart { module: *module, tick: *tick, bytes: vec![b] };
                flat.extend(bytes.iter().map(one));
            }
            Input::Advance { .. } => {}
            other => flat.push(other.clone()),
        }
    }
    flat
}

/// How far each module has come in the end.
fn reached(inputs: &[Input]) -> BTreeMap<u32, u64> {
    let mut last = BTreeMap::new();
    for input in inputs {
        if let Input::Uart { module, tick, .. }
        | Input::Pin { module, tick, .. }
        | Input::Line { module, tick, .. }
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
            None => w.settle(None),
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
