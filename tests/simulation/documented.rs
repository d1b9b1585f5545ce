//! The examples of docs/mqtt.md, docs/http.md and docs/websocket.md: each scenario is one, each dialogue comes as it is printed
//! there, each expectation comes true, each line of the console is one.
use espat_sim::transcript::{self, Progress, Run};
use espat_sim::world::{Outcome, Recording, World};

/// How a module gets to the access point of these examples.
const JOIN: &str = "<
< ready
> ATE0
< ATE0
<
< OK
> AT+CWMODE=1
<
< OK
> AT+CWJAP=\"espat-sim\",\"correct horse\"
< WIFI CONNECTED
< WIFI GOT IP
<
< OK
";

/// The first block of a page in this language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let fence = format!("```{language}\n");
    let (_, rest) = page.split_once(&fence).unwrap_or_else(|| panic!("there is no block of {language}"));
    rest.split("```").next().unwrap_or_default()
}

/// Runs the scenario of a page with its dialogue. The world at its end.
fn run(name: &str, page: &str) -> World {
    let (scenario, dialogue) = (block(page, "toml"), block(page, "text").replace('{', "\\{"));
    let text = format!("cites {name}\nscenario\n{scenario}end\n{JOIN}{dialogue}");
    let mut none = |other: &str| Err(format!("{other} is not read"));
    let transcript = transcript::parse(name, &text, &mut none).unwrap_or_else(|e| panic!("{e}")).remove(0);
    let mut world = World::new(&transcript.scenario, Some(1), Recording::default()).expect("a world");
    let mut run = Run::new(&transcript, &mut world).expect("the module exists");
    while run.step(&mut world).unwrap_or_else(|e| panic!("{e}")) == Progress::More {}
    // What the page says of the console: later than anything happens here.
    let verbs = ["host ", "ap ", "link "];
    let is_line = |word: &&str| verbs.iter().any(|verb| word.starts_with(verb)) && !word.contains('\n');
    let lines: Vec<&str> = page.split('`').filter(is_line).collect();
    assert!(!lines.is_empty(), "{name} has no line of the console");
    for line in lines {
        world.console(&format!("at 1h {line}")).unwrap_or_else(|e| panic!("{name}: `{line}`: {e}"));
    }
    world.finish();
    for verdict in world.verdicts() {
        match verdict.outcome {
            Outcome::Met(_) | Outcome::Absent => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    world
}

#[test]
fn the_example_of_mqtt_is_what_happens() {
    assert_eq!(run("docs/mqtt.md", include_str!("../../docs/mqtt.md")).verdicts().len(), 4);
}

#[test]
fn the_example_of_http_is_what_happens() {
    assert_eq!(run("docs/http.md", include_str!("../../docs/http.md")).verdicts().len(), 2);
}

#[test]
fn the_example_of_websocket_is_what_happens() {
    run("docs/websocket.md", include_str!("../../docs/websocket.md"));
}
