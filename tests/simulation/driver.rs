//! What a driver is told: when it must come back, what was lost on its side, and what the module never heard.

use espat_sim::uart::McuLoss;
use espat_sim::world::{Attachment, Event, EventKind, ModuleId, Recording, Scenario, World};

const MS: u64 = 1_000_000;

fn world() -> (World, ModuleId) {
    let scenario = Scenario::parse("test.toml", Scenario::default_text()).expect("the built-in scenario");
    let recording = Recording { observations: true, log_port: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(1), recording).expect("a world");
    let module = world.attach("wifi", Attachment::default()).expect("the module");
    (world, module)
}

fn store(world: &mut World, module: ModuleId, tick: u64, text: &str) {
    text.bytes().for_each(|byte| world.uart_write(module, tick, byte).expect("a byte"));
}

fn commands(world: &mut World) -> Vec<String> {
    let observed = world.take_observations().into_iter().map(|seen| seen.event);
    observed.filter(|event| matches!(event, Event::Command(_))).map(|event| event.to_string()).collect()
}

#[test]
fn what_the_log_port_prints_brings_no_driver_back_and_has_its_times_all_the_same() {
    let (mut world, module) = world();
    let (mut wakings, mut printed) = (0, 0);
    while let Some(tick) = world.next_event(module).expect("next_event") {
        world.advance(module, tick).expect("advance");
        while world.uart_read(module).expect("uart_read").is_some() {}
        wakings += 1;
        let mut last = 0;
        while let Some(byte) = world.log_port_read(module).expect("log_port_read") {
            assert!(
                byte.tick > last && byte.tick <= tick,
                "byte {printed} of the log port is at {}",
                byte.tick
            );
            last = byte.tick;
            printed += 1;
        }
    }
    assert!(printed > 100, "only {printed} bytes came out of the log port");
    // `\r\nready\r\n`, and the start itself.
    assert_eq!(wakings, 10, "a driver was brought back for something else");
}

#[test]
fn while_a_byte_waits_unread_the_next_event_is_the_time_reached() {
    let (mut world, module) = world();
    world.advance(module, 1_000 * MS).expect("advance");
    for _ in 0..3 {
        assert_eq!(world.next_event(module), Ok(Some(1_000 * MS)));
    }
    while world.uart_read(module).expect("uart_read").is_some() {}
    assert_eq!(world.next_event(module), Ok(None), "the module waits for the MCU");
}

#[test]
fn lines_before_ready_are_one_warning_and_no_command_and_status_counts_them() {
    let (mut world, module) = world();
    store(&mut world, module, 0, "AT\r\n");
    store(&mut world, module, 100 * MS, "AT+GMR\r\n");
    // This one begins before the firmware runs and ends after.
    let ready = {
        let mut probe = self::world();
        probe.0.advance(probe.1, 1_000 * MS).expect("advance");
        probe.0.uart_read(probe.1).expect("uart_read").expect("`ready`").tick
    };
    // `ready` begins with \r\n: its first byte has ended 87 us after the start, so three characters are heard too late.
    store(&mut world, module, ready - 87_000 - 3 * 87_000, "AAAATE0\r\n");
    world.advance(module, 1_000 * MS).expect("advance");
    store(&mut world, module, 1_000 * MS, "AT\r\n");
    world.advance(module, 2_000 * MS).expect("advance");

    let warnings = world.take_warnings();
    assert!(
        matches!(&warnings[..], [one] if one.contains("while the module boots, and nobody hears it before `ready`")),
        "{warnings:#?}"
    );
    let commands = commands(&mut world);
    assert!(
        matches!(&commands[..], [late, whole] if whole == "AT" && late.len() < 7 && "AAAATE0".ends_with(late.as_str())),
        "the firmware has got {commands:?}"
    );
    let statistics = world.statistics(module).expect("statistics");
    let unheard = statistics.module_unheard;
    assert!((13..=17).contains(&unheard), "{unheard} bytes were not heard");
    assert_eq!(statistics.module_received, 25, "they have come over the wire all the same");
    let status = world.console("status").expect("status");
    assert!(status.contains(&format!("{unheard} not heard by its firmware")), "{status}");
}

#[test]
fn a_module_that_is_off_hears_nothing_and_says_so_once_for_each_time_that_it_is() {
    let (mut world, module) = world();
    world.advance(module, 1_000 * MS).expect("advance");
    for start in [1_000 * MS, 3_000 * MS] {
        world.set_pin(module, start, espat_sim::world::Pin::En, false).expect("EN low");
        store(&mut world, module, start, "AT\r\n");
        store(&mut world, module, start + 10 * MS, "AT\r\n");
        world.set_pin(module, start + 20 * MS, espat_sim::world::Pin::En, true).expect("EN high");
        store(&mut world, module, start + 20 * MS, "AT\r\n");
        world.advance(module, start + 1_000 * MS).expect("advance");
    }
    let warnings = world.take_warnings();
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(warnings.iter().all(|w| w.contains("switched off (EN is low)")), "{warnings:#?}");
    assert_eq!(commands(&mut world), [""; 0]);
}

#[test]
fn a_run_of_bytes_that_the_mcu_loses_is_one_warning_that_says_whether_its_receiver_was_off() {
    let (mut world, module) = world();
    let byte_time = 86_806;
    let lose = |world: &mut World, at: u64, loss| {
        for n in 0..5 {
            world.mcu_overrun(module, at + n * byte_time, b'x', loss).expect("mcu_overrun");
        }
        world.take_warnings()
    };
    let mut seen = Vec::new();
    for (at, loss) in [(10 * MS, McuLoss::Unknown), (20 * MS, McuLoss::Off), (30 * MS, McuLoss::Full)] {
        let warnings = lose(&mut world, at, loss);
        assert_eq!(warnings.len(), 1, "five bytes in a row: {warnings:#?}");
        seen.extend(warnings);
    }
    assert!(seen[0].contains("full or off, before the MCU's first byte"), "{seen:#?}");
    assert!(seen[1].contains("is off and does not hear"), "{seen:#?}");
    assert!(seen[2].contains("was full and loses"), "{seen:#?}");
    store(&mut world, module, 1_000 * MS, "A");
    let later = lose(&mut world, 1_000 * MS, McuLoss::Unknown);
    assert!(matches!(&later[..], [one] if one.contains("is full or off and loses bytes")), "{later:#?}");
    assert_eq!(world.statistics(module).expect("statistics").mcu_overruns, 20);
    let lost =
        world.take_observations().into_iter().filter(|seen| seen.event.kind() == EventKind::UartMcuOverrun);
    assert_eq!(lost.count(), 20, "each byte is a fact of its own");
}
