//! `urcs = "hostile"`: what nobody has asked for comes within answers. Two kinds of mistakes that public drivers make show
//! then, and only then; a driver that looks at every line on its own passes.

use crate::host::{Host, SECOND, with_pc};
use espat_sim::world::{EventKind, Recording, replay};

/// What a module prints, one thing after the other.
#[derive(Debug, PartialEq, Eq)]
enum Item {
    Line(String),
    Prompt,
    Data(usize, Vec<u8>),
}

/// A driver as it should be: it looks at everything that comes, whatever it waits for.
struct Careful {
    host: Host,
    news: Vec<Vec<u8>>,
    reports: Vec<String>,
}

impl Careful {
    /// The next thing that is there, if it is whole.
    fn take(&mut self) -> Option<Item> {
        let pending = &mut self.host.pending;
        while pending.starts_with(b"\r\n") {
            pending.drain(..2);
        }
        if pending.first() == Some(&b'>') {
            pending.remove(0);
            return Some(Item::Prompt);
        }
        if pending.starts_with(b"+IPD,") {
            let colon = pending.iter().position(|b| *b == b':')?;
            let head = String::from_utf8_lossy(&pending[5..colon]).into_owned();
            let (link, length) = head.split_once(',').expect("a link and a length");
            let (link, length): (usize, usize) =
                (link.parse().expect("a link"), length.parse().expect("a length"));
            let end = colon + 1 + length;
            if pending.len() < end {
                return None;
            }
            let data = pending[colon + 1..end].to_vec();
            pending.drain(..end);
            return Some(Item::Data(link, data));
        }
        let end = pending.windows(2).position(|w| w == b"\r\n")?;
        let line: Vec<u8> = pending.drain(..end + 2).collect();
        Some(Item::Line(String::from_utf8_lossy(&line[..end]).into_owned()))
    }

    fn next(&mut self) -> Item {
        let end = self.host.now + 30 * SECOND;
        loop {
            if let Some(item) = self.take() {
                return item;
            }
            assert!(self.host.step(end), "nothing more comes: {}", self.host.pending.escape_ascii());
        }
    }

    /// Takes what is not asked for aside.
    fn is_report(&mut self, item: &Item) -> bool {
        match item {
            Item::Data(_, data) => {
                self.news.push(data.clone());
                true
            }
            Item::Line(line) => {
                let known = line.ends_with(",CONNECT")
                    || line.ends_with(",CLOSED")
                    || ["WIFI ", "+STA_", "+DIST_STA_IP", "+TIME_UPDATED", "busy p..."]
                        .iter()
                        .any(|begin| line.starts_with(begin));
                if known {
                    self.reports.push(line.clone());
                }
                known
            }
            Item::Prompt => false,
        }
    }

    /// What comes next in answer to a command.
    fn answer(&mut self) -> Item {
        loop {
            let item = self.next();
            if !self.is_report(&item) {
                return item;
            }
        }
    }

    fn query(&mut self, command: &str) -> Vec<String> {
        self.host.send(format!("{command}\r\n"));
        let mut lines = Vec::new();
        loop {
            match self.answer() {
                Item::Line(line) if line == "OK" => return lines,
                Item::Line(line) => lines.push(line),
                other => panic!("{command}: {other:?}"),
            }
        }
    }

    fn send(&mut self, link: usize, text: &str) {
        self.host.send(format!("AT+CIPSEND={link},{}\r\n", text.len()));
        assert_eq!(self.answer(), Item::Line("OK".into()));
        assert_eq!(self.answer(), Item::Prompt);
        self.host.send(text);
        assert_eq!(self.answer(), Item::Line(format!("Recv {} bytes", text.len())));
        assert_eq!(self.answer(), Item::Line("SEND OK".into()));
    }

    fn idle(&mut self, ns: u64) {
        self.host.wait(ns);
        while let Some(item) = self.take() {
            assert!(self.is_report(&item), "{item:?} while nothing was asked");
        }
    }
}

/// A driver that has met nothing but a quiet bench: it takes what comes next for what it waits for.
struct Naive {
    host: Host,
    news: usize,
}

impl Naive {
    /// Throws everything away up to what it waits for.
    fn skip_to(&mut self, text: &str) -> bool {
        let end = self.host.now + 5 * SECOND;
        loop {
            if let Some(at) = self.host.pending.windows(text.len()).position(|w| w == text.as_bytes()) {
                self.host.pending.drain(..at + text.len());
                return true;
            }
            if !self.host.step(end) {
                return false;
            }
        }
    }

    /// Takes received data while nothing is asked.
    fn idle(&mut self, ns: u64) {
        self.host.wait(ns);
        let pending = std::mem::take(&mut self.host.pending);
        self.news += String::from_utf8_lossy(&pending).matches(":news\r\n").count();
    }
}

/// A module with a link to the terminal of `pc` (0) and one to the echo of `nas` (1).
fn two_links(urcs: &str, seed: u64) -> Host {
    let scenario = with_pc().replace("[module.wifi]\n", &format!("[module.wifi]\nurcs = \"{urcs}\"\n"));
    let mut host = Host::new(&scenario, seed);
    host.until("\r\nready\r\n");
    host.send("ATE0\r\n");
    host.until("OK\r\n");
    for line in ["AT+CWMODE=1", "AT+CWJAP=\"espat-sim\",\"correct horse\"", "AT+CIPMUX=1"] {
        host.send(format!("{line}\r\n"));
        host.until("OK\r\n");
    }
    for line in ["AT+CIPSTART=0,\"TCP\",\"192.168.1.20\",23", "AT+CIPSTART=1,\"TCP\",\"192.168.1.10\",7"] {
        host.send(format!("{line}\r\n"));
        host.until("OK\r\n");
    }
    host.wait(2 * SECOND);
    host.pending.clear();
    host
}

const ROUNDS: usize = 20;

/// How many of the terminal's messages a driver gets that looks for nothing but the end while it sends (lwesp's active
/// mode throws `+IPD` away then).
fn naive_sends(urcs: &str, seed: u64) -> usize {
    let mut driver = Naive { host: two_links(urcs, seed), news: 0 };
    for _ in 0..ROUNDS {
        driver.host.console("host pc send \"news\"");
        driver.idle(SECOND / 10);
        driver.host.send("AT+CIPSEND=0,5\r\n");
        assert!(driver.skip_to(">"), "no prompt");
        driver.host.send("hello");
        assert!(driver.skip_to("SEND OK\r\n"), "no end");
        driver.idle(2 * SECOND);
    }
    driver.news
}

#[test]
fn a_driver_that_drops_data_while_it_sends_passes_on_a_quiet_module_and_fails_on_a_hostile_one() {
    assert_eq!(naive_sends("normal", 1), ROUNDS, "it fails without a reason");
    let lost: Vec<usize> = (1..4).map(|seed| ROUNDS - naive_sends("hostile", seed)).collect();
    assert!(lost.iter().all(|lost| *lost > 0), "it gets everything all the same: {lost:?} of {ROUNDS} lost");
    for seed in 1..4 {
        let host = two_links("hostile", seed);
        let mut driver = Careful { host, news: Vec::new(), reports: Vec::new() };
        for _ in 0..ROUNDS {
            driver.host.console("host pc send \"news\"");
            driver.idle(SECOND / 10);
            driver.send(0, "hello");
            driver.idle(2 * SECOND);
        }
        assert_eq!(
            driver.news,
            vec![b"news".to_vec(); ROUNDS],
            "seed {seed}: what was sent, once each, in order"
        );
    }
}

/// How often the answer to a question is what a driver expects that takes the next bytes for it (RT-Thread's at_device and
/// others meet `n,CLOSED` of another link there).
fn naive_asks(urcs: &str, seed: u64) -> usize {
    let mut driver = Naive { host: two_links(urcs, seed), news: 0 };
    driver.host.send("AT+CIPSERVER=1,80\r\n");
    assert!(driver.skip_to("OK\r\n"));
    let mut right = 0;
    for _ in 0..ROUNDS {
        driver.host.console("host pc connect wifi 80");
        driver.idle(SECOND / 10);
        driver.host.console("host pc close newest");
        driver.idle(SECOND / 10);
        driver.host.send("AT+CIPMODE?\r\n");
        driver.host.wait(SECOND / 20);
        let answer = std::mem::take(&mut driver.host.pending);
        right += usize::from(answer == b"+CIPMODE:0\r\n\r\nOK\r\n");
        driver.idle(2 * SECOND);
    }
    right
}

#[test]
fn a_driver_that_takes_the_next_bytes_for_its_answer_passes_on_a_quiet_module_and_fails_on_a_hostile_one() {
    assert_eq!(naive_asks("normal", 1), ROUNDS, "it fails without a reason");
    for seed in 1..4 {
        let right = naive_asks("hostile", seed);
        assert!(right < ROUNDS, "seed {seed}: every answer was what it takes for one");
        let host = two_links("hostile", seed);
        let mut driver = Careful { host, news: Vec::new(), reports: Vec::new() };
        driver.query("AT+CIPSERVER=1,80");
        driver.reports.clear();
        for _ in 0..ROUNDS {
            driver.host.console("host pc connect wifi 80");
            driver.idle(SECOND / 10);
            driver.host.console("host pc close newest");
            driver.idle(SECOND / 10);
            assert_eq!(driver.query("AT+CIPMODE?"), ["+CIPMODE:0"], "seed {seed}");
            driver.idle(2 * SECOND);
        }
        let expected = ["2,CONNECT", "2,CLOSED"].repeat(ROUNDS);
        assert_eq!(driver.reports, expected, "seed {seed}: each once, and in order");
    }
}

#[test]
fn hostile_reports_are_observed_with_their_place_and_replay_as_they_came() {
    let mut host = two_links("hostile", 2);
    for _ in 0..60 {
        host.console("host pc send \"news\"");
        host.wait(SECOND / 20);
        host.send("AT+CIPSEND=1,5\r\n");
        host.until(">");
        host.send("hello");
        host.until("SEND OK\r\n");
        host.wait(SECOND / 4);
        host.send("AT+CIPSTATE?\r\n");
        host.until("\r\nOK\r\n");
    }
    host.send("ATE1\r\n");
    host.until("\r\nOK\r\n");
    for _ in 0..40 {
        host.console("host pc send \"news\"");
        host.wait(SECOND / 20);
        host.send("AT+CIPMUX?\r\n");
        host.until("\r\nOK\r\n");
    }
    let seen: Vec<(String, String)> = host
        .world
        .take_observations()
        .into_iter()
        .filter(|o| o.event.kind() == EventKind::FaultReported)
        .map(|o| (o.event.facts().detail.into_owned(), o.text()))
        .collect();
    for place in ["within the echo", "before the answer", "within the answer", "behind the prompt"] {
        assert!(seen.iter().any(|(detail, _)| detail == place), "none was put {place}: {seen:?}");
    }
    assert!(
        seen.iter().all(|(_, text)| text.contains("+IPD,")),
        "something was said that had not happened: {seen:?}"
    );
    let (digest, _, log) = host.finish();
    let again = replay(&log, Recording::default()).expect("the log replays");
    assert_eq!(again.world.digest(), digest, "it does not replay as it was");
}

#[test]
fn what_is_true_at_any_time_is_said_within_answers_and_normal_ends_it() {
    let scenario = "[module.wifi]\nprofile = \"esp32-v3.4\"\n";
    let mut host = Host::ready_in(scenario, 1);
    host.ask("AT+CWMODE=2\r\n", "\r\nOK\r\n");
    host.console("module wifi urcs hostile");
    for _ in 0..60 {
        host.send("AT+CIPRECVTYPE?\r\n");
        host.until("\r\nOK\r\n");
    }
    let all: Vec<u8> = host.received.iter().map(|(_, byte)| *byte).collect();
    let all = String::from_utf8_lossy(&all).into_owned();
    let strangers: Vec<&str> = all.split("+STA_CONNECTED:").skip(1).collect();
    assert!(!strangers.is_empty(), "no stranger comes");
    for stranger in strangers {
        let (mac, rest) = stranger.split_once("\r\n").expect("a line");
        assert!(rest.starts_with(&format!("+STA_DISCONNECTED:{mac}\r\n")), "it stays: {stranger}");
    }
    host.console("module wifi urcs normal");
    host.received.clear();
    for _ in 0..60 {
        host.ask("AT+CIPMUX?\r\n", "+CIPMUX:0\r\n\r\nOK\r\n");
    }
}
