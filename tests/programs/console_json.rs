//! The console's answers for programs: what Python's parser makes of them is what docs/console.md says.

use std::collections::BTreeMap;
use std::process::Command;

use crate::host::{Host, PC};
use crate::tools::{directory, read, run};
use espat_sim::world::{Error, Scenario};

/// Prints each path in the answers with its type, as `QUESTION PATH TYPE`.
const PATHS: &str = r#"
import json, sys

def walk(value, path):
    kind = {dict: "object", list: "list", str: "text", bool: "truth", int: "number", type(None): "null"}[type(value)]
    yield path, kind
    for key, inner in value.items() if isinstance(value, dict) else []:
        yield from walk(inner, f"{path}.{key}" if path else key)
    for inner in value if isinstance(value, list) else []:
        yield from walk(inner, path + "[]")

for line in open(sys.argv[1], encoding="utf-8"):
    question, answer = line.rstrip("\n").split("\t")
    for path, kind in walk(json.loads(answer), ""):
        if path:
            print(question, path, kind)
"#;

/// A world in which there is something of everything that can be asked for.
fn world() -> Host {
    let expect = "expect = [\"wifi station joined\", \"by 10 ms wifi station joined\", \"pc udp-terminal received\"]\n";
    let text = format!("{expect}{}{PC}", Scenario::default_text());
    let mut host = Host::joined_in(&text, 1);
    host.ask("AT+CIPSTART=\"TCP\",\"pc.lan\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.console("at 50s ap home down");
    host.console("when wifi station disconnected do ap home up");
    host.console("module wifi answer AT+CIPSEND ERROR once after 2s");
    host.console("link wifi upstream gemodel 1% 25% rate 1Mbit/s");
    host
}

/// Questions that cover the language; the first word is the question's.
const QUESTIONS: [&str; 15] = [
    "help",
    "help link",
    "status",
    "expect",
    "timeline",
    "links",
    "hosts",
    "observations",
    "packets",
    "statistics wifi",
    "digest",
    "link",
    "dns",
    "wire",
    "module",
];

/// The documented fields: question and path, and the types, in the order of letters.
fn documented() -> BTreeMap<(String, String), String> {
    let docs = read("docs/console.md");
    let (_, section) = docs.split_once("## Answers for programs").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the section behind it");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [question, path, kind, _] = cells[..] else { panic!("not four cells: {row}") };
        let plain = |cell: &str| cell.trim_matches('`').to_owned();
        ((plain(question), plain(path)), kind.to_owned())
    })
    .collect()
}

#[test]
fn what_the_reference_says_of_json_is_what_python_reads() {
    let mut host = world();
    let mut lines = String::new();
    for question in QUESTIONS {
        let answer = host.console(&format!("json {question}"));
        assert_eq!(answer.lines().count(), 1, "{question}: {answer}");
        let word = question.split(' ').next().unwrap_or_default();
        lines.push_str(&format!("{word}\t{answer}\n"));
    }
    lines.push_str(&format!("packets\t{}\n", Host::ready(1).console("json packets")));
    let change = host.console("json at 9s ap home down");
    lines.push_str(&format!("change\t{change}\n"));
    let Err(Error::Console(error)) = host.world.console("json ap home dwon") else { panic!("accepted") };
    lines.push_str(&format!("error\t{error}\n"));
    let folder = directory("console-json");
    let (script, answers) = (folder.join("paths.py"), folder.join("answers"));
    std::fs::write(&script, PATHS).expect("write");
    std::fs::write(&answers, lines).expect("write");
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for line in run(Command::new("python3").arg(&script).arg(&answers)).lines() {
        let [question, path, kind] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        // What every answer has stands once.
        let question = if path == "at_ns" { "all" } else { question };
        // The one direction has the fields of the other.
        let path = path.replace(".downstream", ".upstream").replace(".to_mcu", ".from_mcu");
        let kinds = found.entry((question.to_owned(), path)).or_default();
        if !kinds.contains(&kind.to_owned()) {
            kinds.push(kind.to_owned());
            kinds.sort_by_key(|kind| (kind == "null", kind.clone()));
        }
    }
    let found = found.into_iter().map(|(at, kinds)| (at, kinds.join(" or ")));
    // What holds the others needs no row.
    let found: BTreeMap<_, _> = found.filter(|(_, kinds)| !matches!(&kinds[..], "list" | "object")).collect();
    let documented = documented();
    for (at, kinds) in &found {
        assert_eq!(documented.get(at), Some(kinds), "docs/console.md, {at:?}");
    }
    for at in documented.keys() {
        assert!(found.contains_key(at), "docs/console.md has {at:?}, which no answer has");
    }
}

#[test]
fn a_question_for_programs_and_one_for_people_have_the_same_facts() {
    let mut host = world();
    let all = host.console("observations");
    let (joined, _) = all.split_once(" wifi station joined home").expect("it has joined");
    let joined = joined.lines().last().expect("its time");
    let since = host.console(&format!("observations station since {joined}"));
    assert!(since.starts_with(&format!("{joined} wifi station joined")), "{since}");
    assert!(!since.contains("associated"), "something of before: {since}");
    assert_eq!(host.console("observations websocket"), "nothing of this has happened");
    let links = host.console("links");
    assert!(links.starts_with("links wifi: 0 TCP 192.168.1.20:23, own port "), "{links}");
    assert!(host.console("json links").contains("\"peer\":\"192.168.1.20:23\",\"local_port\":"));
    let hosts = host.console("hosts pc");
    let connected = "offers tcp-terminal 23, udp-terminal 5000; connected with 192.168.1.100:";
    assert!(hosts.contains(connected), "{hosts}");
    let digest = host.console("digest");
    assert!(digest.contains(&format!("{:016x}", host.world.digest())), "{digest}");
    let statistics = host.console("statistics");
    assert!(
        statistics
            .contains(&format!(" mcu_bytes={} ", host.world.statistics(host.module).unwrap().mcu_bytes))
    );
    for (line, part) in [
        ("observations htp", "did you mean `http`?"),
        ("hosts ecko", "did you mean `echo`?"),
        ("json json digest", "expected one `json` in a line"),
        ("at 1s json ap home down", "`json`, which stands before it"),
    ] {
        let said = host.world.console(line).expect_err(line).to_string();
        assert!(said.contains(part), "{line}: {said}");
    }
}

#[test]
fn questions_change_nothing() {
    let outcome = |asks: bool| {
        let mut host = Host::ready(1);
        for command in ["AT+CWMODE=1\r\n", "AT+CWJAP=\"espat-sim\",\"correct horse\"\r\n"] {
            host.send(command);
            for _ in 0..20 {
                host.wait(crate::host::SECOND / 10);
                if asks {
                    QUESTIONS.iter().for_each(|question| drop(host.console(&format!("json {question}"))));
                }
            }
        }
        host.world.finish();
        host.log.extend(host.world.take_log());
        host.capture.extend(host.world.take_capture());
        (host.world.digest(), host.log, host.capture)
    };
    assert!(outcome(true) == outcome(false), "a question has changed the run, its log or its capture");
}
