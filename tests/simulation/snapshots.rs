//! Snapshots: a world that was saved, and restored elsewhere, goes on as if it had never stopped.

use crate::host::without_hash;
use espat_sim::world::{Attachment, ModuleId, Pin, Recording, Scenario, World, restore};

const MS: u64 = 1_000_000;
const END: u64 = 12_000 * MS;

/// What a host stores, and when.
const STORES: [(u64, &str); 12] = [
    (600 * MS, "ATE0\r\n"),
    (700 * MS, "AT+CWMODE=1\r\n"),
    (800 * MS, "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n"),
    (6_000 * MS, "AT+CIPMUX=1\r\n"),
    (6_100 * MS, "AT+CIPSTART=0,\"TCP\",\"www.example.com\",80\r\n"),
    (7_000 * MS, "AT+CIPSEND=0,41\r\n"),
    (7_100 * MS, "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
    (9_000 * MS, "AT+CIPSTATE?\r\n"),
    (9_500 * MS, "AT+CIPCLOSE=0\r\n"),
    (9_600 * MS, "AT+GMR\r\n"),
    (9_601 * MS, "AT+CIPMUX?\r\n"),
    (11_000 * MS, "AT+CWJAP?\r\n"),
];

const EVERYTHING: Recording = Recording {
    packets: true,
    capture: true,
    log: true,
    dialogue: true,
    observations: true,
    history: true,
    log_port: true,
    pins: true,
    host_received: true,
    keylog: true,
    external: false,
    snapshot: true,
};

/// What has come of a run, and what its driver has got.
struct Run {
    world: World,
    module: ModuleId,
    got: Vec<(u64, u8)>,
    observed: Vec<String>,
    capture: Vec<u8>,
    log: Vec<u8>,
}

impl Run {
    fn new() -> Run {
        let scenario = Scenario::parse("test.toml", Scenario::default_text()).expect("the built-in scenario");
        let mut world = World::new(&scenario, Some(7), EVERYTHING).expect("a world");
        let module = world.attach("wifi", Attachment::default()).expect("the module");
        world.console("at 10s link wifi latency 40 ms").expect("an order for later");
        Run::of(world, module)
    }

    fn of(world: World, module: ModuleId) -> Run {
        Run { world, module, got: Vec::new(), observed: Vec::new(), capture: Vec::new(), log: Vec::new() }
    }

    /// Stores what is stored after `from` and up to `to`, and gets what comes by then.
    fn go(&mut self, from: u64, to: u64) {
        for (tick, text) in STORES.into_iter().filter(|(tick, _)| *tick > from && *tick <= to) {
            for byte in text.bytes() {
                self.world.uart_write(self.module, tick, byte).expect("a byte");
            }
            self.take();
        }
        self.world.advance(self.module, to).expect("advance");
        self.take();
    }

    fn take(&mut self) {
        while let Some(byte) = self.world.uart_read(self.module).expect("uart_read") {
            self.got.push((byte.tick, byte.byte));
        }
        self.observed.extend(self.world.take_observations().iter().map(|seen| format!("{seen:?}")));
        self.capture.extend(self.world.take_capture());
        self.log.extend(self.world.take_log());
    }

    fn save(&self) -> String {
        String::from_utf8(self.world.snapshot().expect("it keeps what a snapshot needs")).expect("a text")
    }

    fn digests(&self) -> (u64, u64) {
        (self.world.digest(), self.world.content_digest())
    }
}

#[test]
fn run_that_was_saved_and_restored_at_any_time_goes_on_as_if_it_had_not_stopped() {
    let mut whole = Run::new();
    whole.go(0, END);
    whole.world.finish();
    whole.take();

    // Before anything, in boot, before and while a line is on the wire, while it joins, waits for the network, closes.
    let middle = STORES.map(|(tick, _)| tick + 200_000);
    for at in [0, 1, 600 * MS, 2_345 * MS, 6_111 * MS, 7_103 * MS, 7_150 * MS, END].into_iter().chain(middle)
    {
        let mut first = Run::new();
        first.go(0, at);
        let saved = first.save();
        let mut second =
            Run::of(restore(&saved, EVERYTHING).unwrap_or_else(|e| panic!("{at}: {e}")), first.module);
        assert_eq!(second.world.reached(second.module), Ok(at), "its clock stands elsewhere");
        assert_eq!(second.digests(), first.digests(), "{at}: it is another world");
        assert_eq!(second.world.uart_read(second.module), Ok(None), "{at}: bytes come twice");
        assert_eq!(second.world.take_observations(), [], "{at}: observations come twice");
        assert_eq!(second.world.observation_count(), first.world.observation_count(), "{at}");
        second.go(at, END);
        second.world.finish();
        second.take();

        assert_eq!(second.digests(), whole.digests(), "saved at {at}, it ends in another way");
        let got: Vec<_> = first.got.iter().chain(&second.got).copied().collect();
        assert!(got == whole.got, "saved at {at}, the MCU gets other bytes");
        let observed: Vec<_> = first.observed.iter().chain(&second.observed).cloned().collect();
        assert!(observed == whole.observed, "saved at {at}, other things are observed");
        assert!(
            second.capture == whole.capture,
            "saved at {at}, the second capture is not that of the whole run"
        );
        assert_eq!(
            second.world.host_received("www", false).ok().map(<[u8]>::len),
            whole.world.host_received("www", false).ok().map(<[u8]>::len),
        );
        let log = String::from_utf8(second.log).expect("a text");
        let again = espat_sim::world::replay(&log, Recording::default()).expect("its log can be replayed");
        assert_eq!(again.is_same(), Some(true), "saved at {at}, the second log is not that of the whole run");
    }
    assert!(
        whole.got.iter().map(|(_, byte)| *byte as char).collect::<String>().contains("espat-sim says hello")
    );
}

#[test]
fn saving_changes_nothing_and_what_was_restored_can_be_saved_again() {
    let (mut saved, mut unsaved) = (Run::new(), Run::new());
    let mut at = 0;
    while at < END {
        let next = at + 333 * MS;
        saved.go(at, next);
        unsaved.go(at, next);
        let one = saved.save();
        assert_eq!(one, saved.save(), "while nothing moves, a snapshot stays the same");
        // From one process into the next, again and again.
        saved.world = restore(&one, EVERYTHING).unwrap_or_else(|e| panic!("{next}: {e}"));
        unsaved.save();
        at = next;
    }
    assert_eq!(saved.digests(), unsaved.digests());
    assert!(saved.got == unsaved.got, "the MCU gets other bytes");
    unsaved.world.finish();
    unsaved.take();
    let mut never = Run::new();
    (0..END).step_by(333 * MS as usize).for_each(|at| never.go(at, at + 333 * MS));
    never.world.finish();
    never.take();
    assert!(never.log == unsaved.log, "to save has changed the input log");
}

#[test]
fn modules_whose_clocks_differ_are_restored_where_each_was_with_its_own_ticks() {
    let text = "[module.a]\n[module.b]\n[ap.home]\nssid = \"net\"\npassword = \"12345678\"\n";
    let scenario = Scenario::parse("test.toml", text).expect("a scenario");
    let attach = |world: &mut World| {
        let fast =
            espat_sim::time::Timebase::new(16_000_000, espat_sim::time::Instant::ZERO).expect("a timebase");
        let a = world.attach("a", Attachment { timebase: fast, ..Attachment::default() }).expect("a");
        (a, world.attach("b", Attachment::default()).expect("b"))
    };
    let go_on = |world: &mut World, (a, b): (ModuleId, ModuleId), from: u64| {
        for us in (from..4_000_000).step_by(100) {
            if us == 2_000_000 {
                world.set_pin(b, us * 1000, Pin::En, false).expect("EN");
                world.set_pin(b, us * 1000, Pin::En, true).expect("EN");
            }
            if us % 700_000 == 0 {
                world.uart_write_block(a, us * 16, b"AT+CWJAP=\"net\",\"12345678\"\r\n").expect("a command");
            }
            world.advance(a, us * 16).expect("a");
            world.advance(b, us * 1000).expect("b");
        }
    };
    let mut whole = World::new(&scenario, None, EVERYTHING).expect("a world");
    let modules = attach(&mut whole);
    go_on(&mut whole, modules, 0);

    let mut first = World::new(&scenario, None, EVERYTHING).expect("a world");
    let (a, b) = attach(&mut first);
    for us in (0..1_500_000).step_by(100) {
        if us % 700_000 == 0 {
            first.uart_write_block(a, us * 16, b"AT+CWJAP=\"net\",\"12345678\"\r\n").expect("a command");
        }
        first.advance(a, us * 16).expect("a");
        first.advance(b, us * 1000).expect("b");
    }
    // One ahead of the other, in ticks of its own.
    first.advance(a, 1_499_990 * 16).expect("a");
    let saved = String::from_utf8(first.snapshot().expect("a snapshot")).expect("a text");
    let mut second = restore(&saved, EVERYTHING).expect("restored");
    assert_eq!((second.reached(a), second.reached(b)), (first.reached(a), first.reached(b)));
    assert_eq!(second.digest(), first.digest());
    go_on(&mut second, (a, b), 1_500_000);
    assert_eq!((second.digest(), second.content_digest()), (whole.digest(), whole.content_digest()));
}

#[test]
fn snapshot_that_was_cut_off_or_damaged_is_refused_in_one_sentence() {
    let mut run = Run::new();
    run.go(0, 7_050 * MS);
    let saved = run.save();
    let refused =
        |text: &str| restore(text, Recording::default()).err().map(|e| e.to_string()).unwrap_or_default();

    let cut = &saved[..saved.len() - 10];
    assert!(refused(cut).contains("cut off here, and what came last is lost"), "{}", refused(cut));
    let open = saved.trim_end().rsplit_once('\n').map(|(log, _)| format!("{log}\n")).unwrap_or_default();
    assert!(refused(&open).contains("has no `end`"), "{}", refused(&open));
    let changed = "was damaged or changed since it was written";
    let other = saved.replace("AT+CIPMUX=1", "AT+CIPMUX=0");
    assert!(refused(&other).contains(changed), "{}", refused(&other));
    let other = without_hash(&other);
    assert!(refused(&other).contains("it was damaged"), "{}", refused(&other));
    // What acts later only, so that no digest tells.
    let later = saved.replace("says hello", "says hullo");
    assert_ne!(later, saved, "the page is in the scenario");
    assert!(refused(&later).contains(changed), "{}", refused(&later));
    assert_eq!(refused(&without_hash(&later)), "", "a change on purpose is none of ours");
    let garbled = saved.replace("600000000 wifi uart", "6x0000000 wifi uart");
    assert!(refused(&garbled).contains("of the input log"), "{}", refused(&garbled));
    assert!(!refused("").is_empty() && !refused("nothing of ours\n").is_empty());
    assert!([cut, &open, &other].iter().all(|text| !refused(text).contains('\n')), "more than a sentence");
    assert_eq!(refused(&saved), "", "the whole one is fine");
}

#[test]
fn log_of_a_run_that_was_finished_can_be_gone_on_from_and_a_world_that_keeps_nothing_has_no_snapshot() {
    let mut run = Run::new();
    run.go(0, 7_050 * MS);
    let (digest, saved) = (run.world.digest(), run.save());
    run.world.finish();
    run.take();
    let log = String::from_utf8(std::mem::take(&mut run.log)).expect("a text");
    assert_eq!(log, run.save(), "the log of a run that was finished is its snapshot");
    assert_eq!(log, saved, "and that which was taken just before");
    assert_eq!(restore(&log, Recording::default()).expect("restored").digest(), digest);
    let restored = restore(&log, Recording { log: true, ..Recording::default() }).expect("restored");
    assert_eq!(restored.snapshot(), None);
}
