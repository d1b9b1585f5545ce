//! What happens because something else has: `when`, `after` and `every`, in the timeline and on the console.
use crate::host::{Host, SECOND, with_pc};
use espat_sim::world::{Recording, Scenario, replay};

const MS: u64 = 1_000_000;
/// How long after its cause a change takes effect, ns.
const LATER: u64 = 200_000;

/// The built-in scenario with a terminal, and this timeline.
fn scenario(timeline: &[&str]) -> String {
    let lines: Vec<String> = timeline.iter().map(|line| format!("'{line}'")).collect();
    format!("timeline = [{}]\n{}", lines.join(", "), with_pc())
}

/// What was observed since the last call, of this subject and kind, with its time in ns.
fn seen(host: &mut Host, subject: &str, kind: &str) -> Vec<(u64, String)> {
    let all = host.world.take_observations();
    let wanted = all.into_iter().filter(|o| o.subject == subject && o.kind() == kind);
    wanted.map(|o| (o.at.as_nanos(), o.text())).collect()
}

/// The times and lines of changes of this subject, ns.
fn changes(host: &mut Host, subject: &str) -> Vec<(u64, String)> {
    seen(host, subject, "change")
}

/// The sentence for a mistake in this timeline.
#[track_caller]
fn mistake(line: &str) -> String {
    match Scenario::parse("lab.toml", &scenario(&[line])) {
        Ok(_) => panic!("`{line}` was taken"),
        Err(e) => e.to_string(),
    }
}

#[track_caller]
fn assert_replays(host: Host) {
    let (digest, _, log) = host.finish();
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.world.digest(), digest, "the replay, which records nothing, has another digest");
    assert_eq!(replayed.is_same(), Some(true));
}

#[test]
fn when_something_is_observed_a_change_takes_effect_once() {
    let mut host =
        Host::joined_in(&scenario(&["when pc tcp-terminal received \"hello\" do host pc send \"world\""]), 1);
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.world.take_observations();
    host.send("AT+CIPSEND=5\r\n");
    host.until(">");
    host.send("hello");
    host.until("+IPD,5:world");
    let all = host.world.take_observations();
    let at = |what: &str| {
        let found = all.iter().find(|o| format!("{} {} {}", o.subject, o.kind(), o.text()).starts_with(what));
        found.map(|o| o.at.as_nanos()).unwrap_or_else(|| panic!("no {what} in {all:?}"))
    };
    assert_eq!(at("pc change") - at("pc tcp-terminal received"), LATER, "the change after its cause");
    host.send("AT+CIPSEND=5\r\n");
    host.until(">");
    host.send("hello");
    host.wait(SECOND);
    assert_eq!(seen(&mut host, "pc", "tcp-terminal").len(), 1);
    assert!(!String::from_utf8_lossy(&host.pending).contains("+IPD"), "a second time");
    assert_replays(host);
}

#[test]
fn with_each_it_takes_effect_each_time() {
    let line = "when each pc tcp-terminal received \"ping\" do host pc send \"pong\"";
    let mut host = Host::joined_in(&scenario(&[line]), 1);
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    for _ in 0..3 {
        host.send("AT+CIPSEND=4\r\n");
        host.until(">");
        host.send("ping");
        host.until("+IPD,4:pong");
    }
    assert_eq!(changes(&mut host, "pc").len(), 3);
    assert!(host.console("timeline").starts_with("3 times, last at "), "{}", host.console("timeline"));
    assert_replays(host);
}

#[test]
fn after_something_a_change_takes_effect_so_long_later_whenever_that_was() {
    let run = |rate: &str| {
        let mut host = Host::ready_in(&scenario(&["after wifi station joined home 2s do ap home down"]), 1);
        host.send(format!("AT+UART_CUR={rate},8,1,0,0\r\n"));
        host.wait(SECOND);
        host.send("AT+CWMODE=1\r\n");
        host.wait(SECOND);
        host.send("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n");
        host.wait(30 * SECOND);
        let all = host.world.take_observations();
        let joined =
            all.iter().find(|o| o.kind() == "station" && o.text().starts_with("joined")).expect("joined");
        let down = all.iter().find(|o| o.subject == "home").expect("a change of home");
        assert_eq!(down.at.as_nanos() - joined.at.as_nanos(), 2 * SECOND, "{rate}: {}", down.text());
        assert!(all.iter().any(|o| o.kind() == "station" && o.text() == "disconnected"), "{rate}");
        assert_replays(host);
        joined.at.as_nanos()
    };
    assert_ne!(run("9600"), run("921600"), "the pace of the UART makes no difference here");
}

#[test]
fn causes_come_one_after_the_other() {
    let line = "when wifi link 0 closed then wifi link 0 opened do ap home down";
    let mut host = Host::joined_in(&scenario(&[line]), 1);
    let open = "AT+CIPSTART=\"TCP\",\"192.168.1.20\",23\r\n";
    host.ask(open, "CONNECT\r\n\r\nOK\r\n");
    host.wait(10 * MS);
    assert_eq!(changes(&mut host, "home"), [], "the second alone");
    host.query("AT+CIPCLOSE\r\n");
    host.wait(10 * MS);
    assert_eq!(changes(&mut host, "home"), [], "the first alone");
    assert!(host.console("timeline").starts_with("open, 1 seen: when"), "{}", host.console("timeline"));
    host.ask(open, "CONNECT\r\n\r\nOK\r\n");
    host.wait(10 * MS);
    assert_eq!(changes(&mut host, "home").len(), 1, "one after the other");
    assert_replays(host);
}

#[test]
fn every_so_long_a_change_takes_effect_at_exact_times() {
    let times = |line: &str| -> Vec<u64> {
        let mut host = Host::new(&scenario(&[line]), 1);
        host.wait(5 * SECOND);
        let times = changes(&mut host, "home").into_iter().map(|(at, _)| at / MS).collect();
        assert_replays(host);
        times
    };
    assert_eq!(times("every 2s do ap home up"), [2000, 4000]);
    assert_eq!(times("every 2s from 0 do ap home up"), [0, 2000, 4000]);
    assert_eq!(times("every 2s from 500ms until 2500ms do ap home up"), [500, 2500]);
    assert_eq!(times("at 1500ms every 2s do ap home up"), [3500]);
    assert_eq!(times("every 1s until 1s do ap home up"), [1000]);
}

#[test]
fn a_rule_of_the_console_looks_at_what_happens_from_then_on() {
    let mut host = Host::joined_in(&with_pc(), 1);
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    // The line was sent a moment ago, and nobody listens any more to what is over.
    let answer = host.console("when wifi reply OK do host pc send \"armed\"");
    assert!(answer.ends_with(": when wifi reply OK do host pc send \"armed\""), "{answer}");
    host.console("every 1s do host pc send \"tick\"");
    host.wait(500 * MS);
    assert_eq!(host.pending, b"", "what was over has counted");
    host.send("AT\r\n");
    host.until("OK\r\n");
    host.until("+IPD,5:armed");
    host.until("+IPD,4:tick");
    assert_replays(host);
}

#[test]
fn what_happens_at_the_very_instant_counts_if_it_comes_behind_the_rule() {
    let mut host = Host::joined_in(&with_pc(), 1);
    host.world.take_observations();
    host.console("ap home up");
    host.console("when home change do link wifi down");
    host.wait(10 * MS);
    assert_eq!(changes(&mut host, "wifi"), [], "what came in front of it");
    host.console("ap home up");
    host.wait(10 * MS);
    assert_eq!(changes(&mut host, "wifi").len(), 1);
    host.console("when each home change do link wifi up");
    host.console("ap home up");
    host.wait(10 * MS);
    assert_eq!(changes(&mut host, "wifi").len(), 1, "what came behind it");
    assert_replays(host);
}

/// A line that ends behind the rule began in front of it, and nobody had recorded it.
#[test]
fn what_a_rule_hears_does_not_depend_on_what_is_recorded() {
    let run = |recording: Recording| {
        let scenario = Scenario::parse("lab.toml", &with_pc()).unwrap_or_else(|e| panic!("{e}"));
        let mut world = espat_sim::world::World::new(&scenario, Some(1), recording).expect("a world");
        let module = world.attach("wifi", espat_sim::world::Attachment::default()).expect("attach");
        world.advance(module, 2 * SECOND).expect("advance");
        world.uart_write_block(module, 2 * SECOND, b"AT+GMR\r\n").expect("uart_write");
        // In the middle of the line.
        world.advance(module, 2 * SECOND + 350_000).expect("advance");
        world.console("when wifi command AT+GMR do wire wifi break 30ms").expect("console");
        world.advance(module, 3 * SECOND).expect("advance");
        assert!(world.console("timeline").expect("console").starts_with("done, once, at 2.000"));
        world.digest()
    };
    let all = Recording { capture: true, dialogue: true, observations: true, ..Recording::default() };
    assert_eq!(run(all), run(Recording::default()));
}

#[test]
fn a_line_that_the_firmware_prints_is_a_cause_at_its_own_time() {
    let lines = ["when wifi console PASS do ap home down", "when wifi uart lost do ap home up"];
    let mut host = Host::joined_in(&scenario(&lines), 1);
    let printed = host.now + 7 * MS;
    host.world.mcu_printed(host.module, printed, "PASS").expect("mcu_printed");
    host.go(printed + SECOND);
    let effect = (printed + LATER, "ap home down".to_owned());
    assert_eq!(
        changes(&mut host, "home"),
        [effect],
        "200 us after the line was printed, not with what comes next"
    );
    assert_replays(host);
}

#[test]
fn the_console_shows_what_is_to_come_and_what_has_come_of_it() {
    let mut host = Host::new(
        &scenario(&[
            "at 12s ap home down",
            "when wifi link opened do host pc reset",
            "after wifi reply ready 5s do pin wifi en low",
            "every 1s until 2s do ap home up",
        ]),
        1,
    );
    let text = "open: when wifi link opened do host pc reset\n\
                open: after wifi reply ready 5s do pin wifi en low\n\
                open: every 1s until 2s do ap home up\n\
                to come at 1s: ap home up\n\
                to come at 12s: ap home down";
    assert_eq!(host.console("timeline"), text);
    host.expect("\r\nready\r\n");
    host.wait(3 * SECOND);
    let now = host.console("timeline");
    let lines: Vec<&str> = now.lines().collect();
    assert_eq!(lines[0], "open: when wifi link opened do host pc reset");
    assert!(
        lines[1].starts_with("done, once, at ")
            && lines[1].ends_with(": after wifi reply ready 5s do pin wifi en low")
    );
    assert_eq!(lines[2], "done, 2 times, last at 2.000000 s: every 1s until 2s do ap home up");
    assert!(lines[3].starts_with("to come at ") && lines[3].ends_with("ns: pin wifi en low"), "{now}");
    assert_eq!(lines[4], "to come at 12s: ap home down");
    assert_eq!(Host::new(&with_pc(), 1).console("timeline"), "nothing is to come");
}

#[test]
fn changes_that_bring_each_other_about_for_ever_are_given_up() {
    let up = "when each home change down do ap home up";
    let down = "when each home change up do ap home down";
    let mut host = Host::new(&scenario(&[up, down, "at 1s ap home down"]), 1);
    host.wait(2 * SECOND);
    let warnings = host.world.take_warnings();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    let sentence = "is given up: 100 changes in a row have brought each other about, each at once";
    assert!(warning.starts_with("1.0200") && warning.ends_with(sentence), "{warning}");
    assert_eq!(changes(&mut host, "home").len(), 101);
    assert!(
        host.console("timeline").contains("given up, 50 times, last at 1."),
        "{}",
        host.console("timeline")
    );
    assert_replays(host);
    // Who says how long it takes has said how often.
    let mut host = Host::new(
        &scenario(&["after each home change down 1ms do ap home up", down, "at 1s ap home down"]),
        1,
    );
    host.wait(2 * SECOND);
    assert_eq!(host.world.take_warnings(), Vec::<String>::new());
    assert!(changes(&mut host, "home").len() > 1600);
}

#[test]
fn a_change_that_comes_to_nothing_is_a_warning() {
    let mut host = Host::new(&scenario(&["when wifi reply ready do host pc send \"x\""]), 1);
    host.wait(2 * SECOND);
    let warnings = host.world.take_warnings();
    assert!(
        warnings.len() == 1 && warnings[0].contains("'host pc send \"x\"' comes to nothing"),
        "{warnings:?}"
    );
}

#[test]
fn the_capture_shows_a_change_that_was_brought_about() {
    let mut host = Host::new(&scenario(&["when wifi reply ready do link wifi loss 5%"]), 1);
    host.wait(2 * SECOND);
    let (_, capture, _) = host.finish();
    let line = b"link wifi loss 5%";
    assert!(capture.windows(line.len()).any(|bytes| bytes == line));
}

#[test]
fn a_mistake_in_the_timeline_is_told_with_its_place() {
    for (line, message) in [
        (
            "when wfi station do ap home up",
            "there is no module or host `wfi`; there is `wifi`, `api`, `echo`, `nas`, `pc`, `time`, `www`, `home` or `gateway`; \
             did you mean `wifi`?",
        ),
        ("when wifi http do ap home up", "nothing is observed of `wifi` as `http`; there is `command`, "),
        ("when nas http do ap home up", "nothing is observed of `nas` as `http`; there is "),
        (
            "when home station do ap home up",
            "nothing is observed of `home` as `station`; there is `http` or `change`",
        ),
        ("when wifi station do ap hme up", "expected the name of an access point (`home`), found `hme`"),
        (
            "when each home change do ap home up",
            "expected a change that is not its own cause, found `ap home up`, which is observed as `home change`",
        ),
        ("at 5s every 1s from 4s do ap home up", "expected a time of 5 s or later after `from`, found 4 s"),
        ("every 5s until 4s do ap home up", "expected a time of 5 s or later after `until`, found 4 s"),
        ("ap home up", "expected a line such as `at 12s ap home down`"),
    ] {
        let found = mistake(line);
        assert!(found.contains("lab.toml:1:13"), "{found}");
        assert!(found.contains(message), "{line}\nexpected: {message}\nfound: {found}");
    }
}

#[test]
fn a_rule_that_would_have_begun_already_is_refused() {
    let mut host = Host::new(&with_pc(), 1);
    host.wait(3 * SECOND);
    assert_eq!(
        host.refused("every 1s from 2s do ap home up"),
        "'every 1s from 2s do ap home up' can't begin at 2.000000 s: a module has come to 3.000000 s already"
    );
    let sentence = host.refused("every 1s until 3500ms do ap home up");
    assert!(
        sentence.ends_with("comes to nothing: it would begin at 4.000000 s, and end at 3.500000 s"),
        "{sentence}"
    );
    let sentence = host.refused("at 2s when wifi station do ap home up");
    assert!(sentence.contains("can't take effect at 2.000000 s"), "{sentence}");
    assert_eq!(host.console("timeline"), "nothing is to come", "a refused line changes nothing");
}

/// The first block of this language behind a heading.
fn block<'a>(page: &'a str, heading: &str, language: &str) -> &'a str {
    let (_, behind) = page.split_once(heading).unwrap_or_else(|| panic!("there is no {heading}"));
    let (_, block) =
        behind.split_once(&format!("```{language}\n")).unwrap_or_else(|| panic!("no block behind {heading}"));
    block.split("```").next().unwrap_or_default()
}

#[test]
fn the_documented_examples_are_understood() {
    let rest = "[host.broker]\naddress = \"192.168.1.30\"\ntcp-terminal = 1883\n";
    let timeline = block(include_str!("../../docs/scenario.md"), "### When, not only at", "toml");
    let scenario = Scenario::parse("scenario.md", &format!("{timeline}{}{rest}", with_pc()));
    assert_eq!(scenario.unwrap_or_else(|e| panic!("{e}")).timeline.len(), 6);
    let mut host = Host::new(&with_pc(), 1);
    for line in block(include_str!("../../docs/console.md"), "## When something happens", "text").lines() {
        host.console(line);
    }
}
