//! What holds for whatever a host types: the module answers, each line has one end, no link is lost.
//!
//! The lines come from the command table: valid, nearly valid, cut, glued together, and with bytes that are none of
//! ASCII's. Virtual time is bounded everywhere, so a module that is stuck fails a test and does not hang it.
use crate::host::{Host, SECOND, with_pc};
use espat_sim::at::schema::{Param, Presence, Shape};
use espat_sim::at::table::{self, Command};
use espat_sim::profile::{PROFILES, Profile};
use espat_sim::world::{Attachment, Recording, Scenario, World};
use proptest::prelude::*;
use proptest::sample::select;

/// Longest that a command may take: joining with the longest `<jap_timeout>`, and some.
const LONGEST: u64 = 700 * SECOND;

/// Commands after which nothing answers, rightly: they change the line's speed, let the chip sleep for weeks or be deaf, or
/// make it start in passthrough.
const EXCLUDED: [&str; 6] = ["+GSLP", "+SLEEP", "+UART", "+UART_CUR", "+UART_DEF", "+SAVETRANSLINK"];

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases, max_shrink_iters: 200, ..ProptestConfig::default() }
}

/// A value for a parameter: mostly one that it takes.
fn value(param: &Param) -> BoxedStrategy<String> {
    let fitting = match param.kind.shape() {
        Shape::Number(min, max) => {
            prop_oneof![Just(min), Just(max), min..=max].prop_map(|n| n.to_string()).boxed()
        }
        Shape::Text(..) => {
            select(vec!["pc.lan", "192.168.1.20", "espat-sim", "correct horse", "192.168.1.100", "", "x"])
                .prop_map(|t| format!("\"{t}\""))
                .boxed()
        }
        Shape::Choice(of) => select(of).prop_map(|t| format!("\"{t}\"")).boxed(),
    };
    let small = (0_i64..8).prop_map(|n| n.to_string());
    let any = select(vec!["", "-1", "\"", "23", "5000", "99999", "\"a\\\"b\"", "x", "0x10"])
        .prop_map(str::to_owned);
    match param.presence {
        Presence::Required | Presence::MultipleOnly => {
            prop_oneof![6 => fitting, 2 => small, 1 => any].boxed()
        }
        _ => prop_oneof![4 => fitting, 2 => small, 2 => any].boxed(),
    }
}

/// One of the profiles.
fn profile() -> impl Strategy<Value = &'static Profile> {
    select(PROFILES.to_vec())
}

/// A joined module with this profile, in a world with the host `pc`.
fn joined(profile: &Profile) -> Host {
    let text = with_pc();
    let line = text
        .lines()
        .find(|line| line.starts_with("profile = "))
        .expect("the profile of the built-in scenario");
    Host::joined_in(&text.replacen(line, &format!("profile = \"{}\"", profile.name), 1), 1)
}

/// A line for one form of a command.
fn line_of(command: &'static Command, profile: &'static Profile) -> BoxedStrategy<String> {
    let name = command.name;
    let mut forms = vec![Just(format!("AT{name}")).boxed(), Just(format!("AT{name}?")).boxed()];
    if let Some(set) = &command.set {
        for syntax in set.syntaxes {
            let params = syntax.params.iter().filter(|p| profile.has(&p.on));
            let params = params.flat_map(|p| std::iter::repeat_n(p, p.times));
            let values: Vec<_> = params.map(value).collect();
            let count = values.len();
            for skip in [0, 1] {
                let line = (values.clone(), 0..=count).prop_map(move |(values, cut)| {
                    let most = if cut == 0 { count } else { cut };
                    let given = values.into_iter().skip(skip).take(most);
                    format!("AT{name}={}", given.collect::<Vec<String>>().join(","))
                });
                forms.push(line.boxed());
                forms.push(Just(format!("AT{name}=?")).boxed());
            }
        }
    }
    proptest::strategy::Union::new(forms).boxed()
}

fn line(profile: &'static Profile) -> BoxedStrategy<String> {
    let commands = table::all().into_iter().filter(|c| profile.has(&c.on) && !EXCLUDED.contains(&c.name));
    proptest::strategy::Union::new(commands.map(|command| line_of(command, profile))).boxed()
}

/// Something that a broken host may send.
fn garbage(profile: &'static Profile) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => line(profile).prop_map(|l| format!("{l}\r\n").into_bytes()),
        2 => line(profile).prop_map(String::into_bytes),
        2 => proptest::collection::vec(any::<u8>(), 0..40),
        1 => proptest::collection::vec(any::<u8>(), 0..600),
        1 => select(vec!["\r\n", "+++", "\\0", "\n", "\r", "AT", "A"]).prop_map(|t| t.as_bytes().to_vec()),
    ]
}

/// Lets what runs come to its end: nothing has come for a minute, and no probe or lease is waited for.
fn settle(host: &mut Host) {
    let end = host.now + LONGEST;
    let mut quiet_since = host.now;
    while host.now < end && host.now < quiet_since + 60 * SECOND {
        let before = host.received.len();
        host.wait(SECOND);
        if host.received.len() > before {
            quiet_since = host.now;
        }
    }
}

/// Most pieces of 8 KiB that a data phase can want: AT+SYSFLASH takes as much as a partition holds.
const PIECES: usize = 64;

/// Ends a data phase, if there is one, in the ways a host has: `+++`, or as many bytes as it wants.
fn leave_data_phase(host: &mut Host) {
    settle(host);
    host.send("+++");
    host.wait(SECOND);
    host.pending.clear();
    for _ in 0..PIECES {
        host.send("\r\n");
        host.wait(SECOND);
        if !host.pending.is_empty() {
            break;
        }
        host.send([b'x'; 8192]);
        host.wait(SECOND);
    }
    settle(host);
    host.send("\r\n");
    settle(host);
}

fn answers(host: &mut Host) -> bool {
    host.pending.clear();
    host.send("AT\r\n");
    let end = host.now + SECOND;
    while host.step(end) {}
    host.pending.ends_with(b"\r\nOK\r\n")
}

proptest! {
    #![proptest_config(config(192))]

    #[test]
    fn after_any_garbage_the_module_answers(
        (profile, pieces) in profile().prop_flat_map(|profile| {
            (Just(profile), proptest::collection::vec((garbage(profile), 0..3_000_u64), 1..12))
        }),
        pass in any::<bool>(),
    ) {
        let mut host = joined(profile);
        if pass {
            host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
        }
        for (bytes, pause) in &pieces {
            host.send(bytes);
            host.wait(pause * SECOND / 1_000);
        }
        leave_data_phase(&mut host);
        prop_assert!(answers(&mut host), "{}: no answer but '{}'", profile.name, host.pending.escape_ascii());
    }

    #[test]
    fn every_line_has_exactly_one_end(
        (profile, lines) in profile().prop_flat_map(|profile| {
            (Just(profile), proptest::collection::vec(line(profile), 1..8))
        }),
    ) {
        let mut host = joined(profile);
        host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
        host.ask("AT+CIPSTART=0,\"TCP\",\"pc.lan\",23\r\n", "0,CONNECT\r\n\r\nOK\r\n");
        for line in &lines {
            host.pending.clear();
            host.send(format!("{line}\r\n"));
            settle(&mut host);
            let text = String::from_utf8_lossy(&host.pending).into_owned();
            let ends = text.matches("\r\nOK\r\n").count() + text.matches("\r\nERROR\r\n").count();
            prop_assert_eq!(ends, 1, "{}: {} got '{}'", profile.name, line, text.escape_debug());
            prop_assert!(!text.contains("busy"), "{} was not over: '{}'", line, text.escape_debug());
            if text.ends_with('>') {
                // A data phase has one end of its own.
                host.pending.clear();
                host.send("+++");
                host.wait(SECOND);
                let ends = |host: &Host| -> usize {
                    let text = String::from_utf8_lossy(&host.pending).into_owned();
                    let ends = [
                        "SEND OK", "SEND FAIL", "SEND Canceled", "SEND CANCELLED", "SET OK", "+MQTTPUB:OK",
                        "+MQTTPUB:FAIL", "\r\nOK", "\r\nERROR",
                    ];
                    ends.iter().map(|end| text.matches(&format!("{end}\r\n")).count()).sum()
                };
                for _ in 0..PIECES {
                    if ends(&host) > 0 {
                        break;
                    }
                    host.send([b'x'; 8192]);
                    host.wait(2 * SECOND);
                }
                settle(&mut host);
                let ends = ends(&host);
                let text = String::from_utf8_lossy(&host.pending).into_owned();
                prop_assert_eq!(ends, 1, "the data phase of {} got '{}'", line, text.escape_debug());
                host.send("\r\n");
                settle(&mut host);
            }
        }
    }
}

/// What may happen to links.
#[derive(Clone, Debug)]
enum Step {
    Ask(String),
    Console(&'static str),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let id = 0..6_usize;
    prop_oneof![
        id.clone().prop_map(|id| Step::Ask(format!("AT+CIPSTART={id},\"TCP\",\"pc.lan\",23"))),
        id.clone().prop_map(|id| Step::Ask(format!("AT+CIPSTART={id},\"TCP\",\"pc.lan\",24"))),
        id.clone().prop_map(|id| Step::Ask(format!("AT+CIPSTART={id},\"UDP\",\"239.1.2.3\",5000,500{id},2"))),
        id.clone().prop_map(|id| Step::Ask(format!("AT+CIPCLOSE={id}"))),
        id.clone().prop_map(|id| Step::Ask(format!("AT+CIPRECVDATA={id},3"))),
        id.prop_map(|id| Step::Ask(format!("AT+CIPTCPOPT={id},{},1,1000", id as i64 - 1))),
        (0..2).prop_map(|m| Step::Ask(format!("AT+CIPRECVMODE={m}"))),
        (0..4).prop_map(|t| Step::Ask(format!("AT+CIPSTO={t}"))),
        select(vec!["1,80", "0", "0,1", "1"]).prop_map(|p| Step::Ask(format!("AT+CIPSERVER={p}"))),
        (1..6).prop_map(|n| Step::Ask(format!("AT+CIPSERVERMAXCONN={n}"))),
        Just(Step::Ask("AT+CIPSTARTEX=\"TCP\",\"pc.lan\",23".to_owned())),
        select(vec![
            "host pc connect wifi 80",
            "host pc connect wifi 80",
            "host pc send hello",
            "host pc datagram 239.1.2.3 5001 hi",
            "host pc close",
            "host pc reset",
            "link wifi down",
            "link wifi up",
            "ap home down",
            "ap home up",
        ])
        .prop_map(Step::Console),
        (0..20_000_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn no_link_is_lost(profile in profile(), steps in proptest::collection::vec(step(), 1..40)) {
        let mut host = joined(profile);
        host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
        for step in &steps {
            match step {
                Step::Ask(line) => {
                    host.send(format!("{line}\r\n"));
                    host.wait(SECOND / 10);
                }
                // A host may have nobody to send to.
                Step::Console(line) => drop(host.world.console(line)),
                Step::Wait(ms) => host.wait(ms * SECOND / 1_000),
            }
        }
        for line in ["ap home up", "link wifi up"] {
            host.console(line);
        }
        host.wait(60 * SECOND);
        host.pending.clear();
        for line in ["AT+CIPSERVER=0", "AT+CIPRECVMODE=0", "AT+CIPCLOSE=5"] {
            host.query(&format!("{line}\r\n"));
        }
        host.ask("AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n", "");
        host.until("\r\nOK\r\n");
        host.wait(60 * SECOND);
        host.pending.clear();
        host.ask("AT\r\n", "\r\nOK\r\n");
        for id in 0..5 {
            host.ask(
                "AT+CIPSTARTEX=\"TCP\",\"pc.lan\",23\r\n",
                format!("{id},CONNECT\r\n\r\nOK\r\n"),
            );
        }
        host.ask("AT+CIPSTARTEX=\"TCP\",\"pc.lan\",23\r\n", "\r\nERROR\r\n");
    }
}

/// Memory of this process in KiB.
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "a test looks at its own process")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is there");
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number of KiB")
}

/// Whatever is typed for how long, what is kept has an end: of a line, of a long send that the peer does not take.
/// In a process of its own, because other tests take memory meanwhile.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_what_is_typed() {
    let tests = std::env::current_exe().expect("the path of these tests");
    let alone = std::process::Command::new(tests)
        .args(["--exact", "--ignored", "--nocapture", "properties::typing_leaves_nothing_behind"])
        .output()
        .expect("start this test program once more");
    let [out, err] = [&alone.stdout, &alone.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
    assert!(alone.status.success() && out.contains("1 passed"), "{out}{err}");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "memory_does_not_grow_with_what_is_typed starts it, in a process of its own"]
fn typing_leaves_nothing_behind() {
    let text = with_pc();
    let scenario = Scenario::parse("test.toml", &text).unwrap_or_else(|e| panic!("{e}"));
    let mut world = World::new(&scenario, Some(1), Recording::default()).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("attach");
    let mut now = SECOND;
    let mut type_in = |world: &mut World, bytes: &[u8], then: u64| {
        world.advance(module, now).expect("advance");
        for byte in bytes {
            world.uart_write(module, now, *byte).expect("uart_write");
        }
        now += bytes.len() as u64 * SECOND / 11_520 + then;
        world.advance(module, now).expect("advance");
        while world.uart_read(module).expect("uart_read").is_some() {}
    };
    let garbage = |world: &mut World, type_in: &mut dyn FnMut(&mut World, &[u8], u64)| {
        type_in(world, &[b'x'; 4096], 0);
        let before = resident();
        for _ in 0..400 {
            type_in(world, &[b'x'; 4096], 0);
        }
        resident().saturating_sub(before)
    };
    let grown = garbage(&mut world, &mut type_in);
    assert!(grown < 1024, "a line without end: {grown} KiB more");
    for line in
        ["", "AT+CWMODE=1", "AT+CWJAP=\"espat-sim\",\"correct horse\"", "AT+CIPSTART=\"TCP\",\"pc.lan\",23"]
    {
        type_in(&mut world, format!("{line}\r\n").as_bytes(), 10 * SECOND);
    }
    world.console("host pc pause").expect("the host is there");
    type_in(&mut world, b"AT+CIPSENDL=2147483647\r\n", SECOND);
    let grown = garbage(&mut world, &mut type_in);
    assert!(grown < 1024, "a long send that nobody takes: {grown} KiB more");
}
