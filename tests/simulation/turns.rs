//! Several boards in one world, one at a time: what the world is told must be a function of the boards alone.
#![cfg(unix)]

use espat_sim::edge::lockstep::message::{Go, Input};
use espat_sim::edge::lockstep::{Turn, Turns};
use espat_sim::world::{Attachment, ModuleId, Recording, Scenario, World};

const LOOKAHEAD: u64 = 100_000;

/// A board that says its lines at times of its own, and sleeps in between. It wakes every `tick`, too.
struct Board {
    /// What it stores, and when; in order.
    script: Vec<(u64, &'static [u8])>,
    tick: Option<u64>,
    now: u64,
    heard: Vec<(u64, u8)>,
    turns: usize,
}

impl Board {
    fn new(script: &[(u64, &'static [u8])], tick: Option<u64>) -> Board {
        Board { script: script.to_vec(), tick, now: 0, heard: Vec::new(), turns: 0 }
    }

    /// When it does something by itself next.
    fn wakes(&self) -> Option<u64> {
        let tick = self.tick.map(|tick| (self.now / tick + 1) * tick);
        self.script.first().map(|(at, _)| *at).into_iter().chain(tick).min()
    }

    /// Its turn. What it does next: a question, or nothing more, ever.
    fn play(&mut self, world: &mut World, turns: &mut Turns, index: usize, mut go: Go) {
        loop {
            assert!(go.at >= self.now, "time goes back: {} after {}", go.at, self.now);
            self.turns += 1;
            self.now = go.at;
            self.heard.extend(go.bytes.iter().map(|byte| (go.at, *byte)));
            let Some(wakes) = self.wakes() else {
                return turns.sleep(world, index, self.now, None).expect("sleep");
            };
            if go.until.is_some_and(|until| wakes >= until) {
                // An emulator does not know before that nothing will happen: one goes on, another sleeps.
                if index.is_multiple_of(2) {
                    return turns.sleep(world, index, self.now, Some(wakes)).expect("sleep");
                }
                return turns.reach(index, go.until.unwrap_or(wakes));
            }
            self.now = wakes;
            if self.script.first().is_some_and(|(at, _)| *at == wakes) {
                let (at, bytes) = self.script.remove(0);
                go = turns.input(world, index, at, &Input::Write(bytes.to_vec())).expect("input");
            } else {
                go.at = wakes;
                go.bytes.clear();
            }
        }
    }
}

fn world() -> World {
    // In the order of their names: the server, the client, and one that nobody drives.
    let text = "[module.host]\n[module.peer]\n[module.rest]\n[ap.home]\nssid = \"home\"\n\
                password = \"correct horse\"\nsubnet = \"192.168.1.0/24\"\n";
    let scenario = Scenario::parse("three", text).unwrap_or_else(|e| panic!("{e}"));
    World::new(&scenario, Some(3), Recording { log: true, ..Recording::default() }).expect("a world")
}

const MS: u64 = 1_000_000;
const END: u64 = 7_000 * MS;

/// A server, and a client that sends it a line.
fn scripts() -> [Vec<(u64, &'static [u8])>; 2] {
    let server: Vec<(u64, &[u8])> = vec![
        (1_000 * MS, b"AT+CWMODE=1\r\n"),
        (1_100 * MS, b"AT+CWJAP=\"home\",\"correct horse\"\r\n"),
        (5_000 * MS, b"AT+CIPSTA=\"192.168.1.50\"\r\n"),
        (5_100 * MS, b"AT+CIPMUX=1\r\n"),
        (5_200 * MS, b"AT+CIPSERVER=1,5000\r\n"),
    ];
    let client: Vec<(u64, &[u8])> = vec![
        (1_000 * MS, b"AT+CWMODE=1\r\n"),
        (1_100 * MS + 1, b"AT+CWJAP=\"home\",\"correct horse\"\r\n"),
        (6_000 * MS, b"AT+CIPSTART=\"TCP\",\"192.168.1.50\",5000\r\n"),
        (6_500 * MS, b"AT+CIPSEND=6\r\n"),
        (6_600 * MS, b"hello\n"),
    ];
    [server, client]
}

/// What the server hears, the world's digest, its input log, and how many turns there were.
fn in_turns(ticks: [Option<u64>; 2]) -> (Vec<(u64, u8)>, u64, Vec<u8>, usize) {
    let mut world = world();
    let attached = [Some(Attachment::default()), Some(Attachment::default()), None];
    let mut turns = Turns::new(&mut world, &attached, Some(END)).expect("boards");
    let [server, client] = scripts();
    let mut boards = [Board::new(&server, ticks[0]), Board::new(&client, ticks[1])];
    loop {
        match turns.next(&mut world).expect("a turn") {
            Turn::Board(index, go) => boards[index].play(&mut world, &mut turns, index, go),
            Turn::Limit => break,
            other => panic!("{other:?}"),
        }
    }
    world.finish();
    let turns = boards.iter().map(|board| board.turns).sum();
    (boards[0].heard.clone(), world.digest(), world.take_log(), turns)
}

/// The same by one driver that moves the modules in small steps.
fn in_steps() -> (Vec<(u64, u8)>, u64) {
    let mut world = world();
    let modules: Vec<ModuleId> = ["host", "peer", "rest"]
        .map(|name| world.attach(name, Attachment::default()).expect("attach"))
        .to_vec();
    let mut scripts = scripts();
    let mut heard = Vec::new();
    let mut now = 0;
    while now < END {
        now += LOOKAHEAD;
        for (index, module) in modules.iter().enumerate() {
            while let Some(script) = scripts.get_mut(index)
                && script.first().is_some_and(|(at, _)| *at <= now)
            {
                let (at, bytes) = script.remove(0);
                world.uart_write_block(*module, at, bytes).expect("write");
            }
            world.advance(*module, now).expect("advance");
            while let Some(byte) = world.uart_read(*module).expect("read") {
                if index == 0 {
                    heard.push((byte.tick, byte.byte));
                }
            }
        }
    }
    world.finish();
    (heard, world.digest())
}

#[test]
fn boards_in_turn_hear_what_they_hear_in_small_steps_each_byte_at_its_time() {
    let (heard, digest) = in_steps();
    let said = String::from_utf8_lossy(&heard.iter().map(|(_, byte)| *byte).collect::<Vec<_>>()).into_owned();
    assert!(said.contains("+IPD,0,6:hello\n"), "the client should have reached the server:\n{said}");
    for ticks in [[None, None], [Some(MS), Some(MS)], [Some(MS), None], [None, Some(777_777)]] {
        let (same, again, _, _) = in_turns(ticks);
        assert_eq!(again, digest, "{ticks:?}: another digest than in small steps");
        assert!(same == heard, "{ticks:?}: other bytes, or at other times, than in small steps");
    }
}

#[test]
fn what_the_world_is_told_is_the_same_in_each_run() {
    let ticks = [Some(MS), Some(777_777)];
    let (_, _, log, _) = in_turns(ticks);
    assert!(in_turns(ticks).2 == log, "two runs of the same boards have other input logs");
}

#[test]
fn boards_that_sleep_cost_a_turn_when_one_wakes_and_not_one_for_each_lookahead() {
    let (_, _, _, turns) = in_turns([None, None]);
    let steps = usize::try_from(END / LOOKAHEAD).expect("small");
    // Each byte that a board hears or says is a turn.
    assert!(turns < 3_000, "{turns} turns for {steps} lookaheads of mostly nothing");
}

#[test]
fn a_board_that_has_gone_holds_nobody_back() {
    let mut world = world();
    let attached = [Some(Attachment::default()), Some(Attachment::default()), None];
    let mut turns = Turns::new(&mut world, &attached, Some(END)).expect("boards");
    let [server, _] = scripts();
    let mut board = Board::new(&server, Some(MS));
    loop {
        match turns.next(&mut world).expect("a turn") {
            Turn::Board(0, go) => board.play(&mut world, &mut turns, 0, go),
            Turn::Board(index, go) => turns.gone(&mut world, index, Some(go.at)).expect("gone"),
            Turn::Limit => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(board.script.is_empty(), "the board that is left should have said everything");
    assert!(!turns.is_over(), "a board is left");
}

#[test]
fn boards_that_all_sleep_for_ever_are_told_apart_from_a_limit() {
    let mut world = world();
    let attached = [Some(Attachment::default()), Some(Attachment::default()), None];
    let mut turns = Turns::new(&mut world, &attached, None).expect("boards");
    let mut boards = [Board::new(&[], None), Board::new(&[], None)];
    loop {
        match turns.next(&mut world).expect("a turn") {
            Turn::Board(index, go) => boards[index].play(&mut world, &mut turns, index, go),
            Turn::Asleep(_) => break,
            other => panic!("{other:?}"),
        }
    }
    let said: Vec<u8> = boards[0].heard.iter().map(|(_, byte)| *byte).collect();
    assert!(said.ends_with(b"ready\r\n"), "the module should have booted before nothing was left");
}
