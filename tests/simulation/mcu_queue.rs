//! What an MCU stores ahead of the line is bounded: first a warning, then an error, and nothing is lost without a word.

use espat_sim::world::{Attachment, Error, ModuleId, Recording, Scenario, World, replay};

const SECOND: u64 = 1_000_000_000;

fn world(scenario: &str) -> (World, ModuleId) {
    let scenario = Scenario::parse("test.toml", scenario).unwrap_or_else(|e| panic!("{e}"));
    let mut world =
        World::new(&scenario, Some(1), Recording { log: true, ..Recording::default() }).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("attach");
    (world, module)
}

#[test]
fn a_quarter_of_the_queue_is_one_warning_and_more_than_all_of_it_an_error_without_effect() {
    let (mut world, module) = world("[wire.wifi]\nmcu-queue = 400\n");
    world.uart_write_block(module, SECOND, &[b'x'; 100]).expect("a quarter");
    assert_eq!(world.take_warnings(), [""; 0], "not more than a quarter");
    world.uart_write_block(module, SECOND, &[b'x'; 300]).expect("all of it");
    let warnings = world.take_warnings();
    assert!(
        warnings.len() == 1 && warnings[0].contains("101 bytes") && warnings[0].contains("400"),
        "{warnings:?}"
    );
    let refused = world.uart_write_block(module, SECOND, b"yz").expect_err("one too many");
    let Error::McuQueueFull { waiting: 400, stored: 2, limit: 400, .. } = refused else {
        panic!("{refused:?}")
    };
    assert!(refused.to_string().contains("`mcu-queue`"), "{refused}");
    assert_eq!(world.mcu_pending(module), Ok(400), "none of the two was stored");
    assert_eq!(world.statistics(module).expect("statistics").mcu_bytes, 400);

    // A byte has left: there is room for one.
    world.advance(module, SECOND + SECOND / 1_000).expect("advance");
    let now = world.reached(module).expect("reached");
    let room = 400 - world.mcu_pending(module).expect("pending");
    assert!(room > 0);
    world.uart_write_block(module, now, &vec![b'x'; room]).expect("what fits");
    world.uart_write(module, now, b'x').expect_err("it is full again");
    assert_eq!(world.take_warnings(), [""; 0], "it was never empty in between");

    world.advance(module, 10 * SECOND).expect("advance");
    assert_eq!(world.mcu_pending(module), Ok(0));
    world.uart_write_block(module, 10 * SECOND, &[b'x'; 200]).expect("it fits");
    assert_eq!(world.take_warnings().len(), 1, "a new run of bytes is a new warning");
    world.finish();
    let log = String::from_utf8(world.take_log()).expect("text");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.is_same(), Some(true), "what was refused is no input");
}

#[test]
fn a_megabyte_is_taken_when_nobody_says_how_much() {
    let (mut world, module) = world("");
    world.uart_write_block(module, 0, &vec![0; 1 << 20]).expect("a megabyte");
    assert!(matches!(world.uart_write(module, 0, 0), Err(Error::McuQueueFull { limit: 1_048_576, .. })));
}

#[test]
fn who_waits_for_what_cannot_come_is_told_what_can() {
    let (world, _) =
        world("[host.www]\naddress = \"9.9.9.9\"\nhttp = { port = 80, pages = { \"/\" = \"hello\" } }\n");
    for (subject, kind, told) in [
        (
            "wfi",
            "reply",
            "there is no module or host `wfi`; there is `wifi`, `www` or `gateway`; did you mean `wifi`?",
        ),
        ("wifi", "replay", "nothing is observed of `wifi` as `replay`"),
        ("wifi", "http", "nothing is observed of `wifi` as `http`"),
        ("www", "htpp", "did you mean `http`?"),
        ("", "nonsense", "nothing is observed as `nonsense`; there is `command`"),
    ] {
        let sentence = world.check_observation(subject, kind).expect_err("a slip");
        assert!(sentence.contains(told), "{subject} {kind}: {sentence}");
    }
    for (subject, kind) in
        [("wifi", "reply"), ("", "http"), ("www", "http"), ("", ""), ("www", "tcp-terminal")]
    {
        assert_eq!(world.check_observation(subject, kind), Ok(()), "{subject} {kind}");
    }
}
