//! `espat-sim report`: the page of a run is the same each time, loads nothing, holds whatever bytes a run may have, and its
//! script draws it (in Chromium, where there is one).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use espat_sim::report::Report;
use espat_sim::world::{Attachment, Recording, Scenario, World};

use crate::host::Host;
use crate::tools::{directory, espat_sim, run};

/// The page of the demo, and the directory that it is in.
fn demo(test: &str) -> (PathBuf, String) {
    let directory = directory(test);
    let log = directory.join("demo.espat-log");
    run(espat_sim("demo").arg("--no-dialogue").arg("--input-log").arg(&log));
    let page = directory.join("demo.html");
    let said = run(espat_sim("report").arg(&log).arg("-o").arg(&page));
    assert!(said.starts_with("report ") && said.contains(" KB"), "{said}");
    let text = std::fs::read_to_string(&page).expect("the page is text");
    (page, text)
}

/// The data in a page.
fn data(page: &str) -> serde_json::Value {
    let (_, rest) =
        page.split_once("<script type=\"application/json\" id=\"data\">").expect("the page has data");
    let (json, _) = rest.split_once("</script>").expect("the data ends");
    serde_json::from_str(json).unwrap_or_else(|e| panic!("the data is no JSON: {e}"))
}

fn strings(data: &serde_json::Value, places: &serde_json::Value) -> Vec<String> {
    let places = places.as_array().expect("a column");
    let text =
        |place: &serde_json::Value| data["strings"][place.as_u64().expect("a place") as usize].as_str();
    places.iter().map(|place| text(place).expect("a text").to_owned()).collect()
}

#[test]
fn a_page_is_the_same_each_time_and_loads_nothing_from_elsewhere() {
    let (path, page) = demo("report-same");
    let again = path.with_file_name("again.html");
    run(espat_sim("report").arg(path.with_file_name("demo.espat-log")).arg("-o").arg(&again));
    assert!(std::fs::read(&again).expect("read") == page.as_bytes(), "the same log gives another page");
    // The data alone may say `http`: what the run fetched.
    let (before, rest) = page.split_once("<script type=\"application/json\"").expect("the page has data");
    let (_, after) = rest.split_once("</script>").expect("the data ends");
    for part in [before, after] {
        for loads in
            ["http:", "https:", " src=", " href=", "@import", "url(", "import(", "fetch(", "XMLHttpRequest"]
        {
            assert!(!part.contains(loads), "the page may load something: it has '{loads}'");
        }
    }
    assert!(page.contains("content=\"default-src 'none';"), "the page lets a browser load things");
    assert!(
        !page.contains(&path.parent().expect("a directory").display().to_string()),
        "a path is in the page"
    );
}

#[test]
fn commands_answers_links_packets_events_and_the_console_are_in_the_page() {
    let (path, page) = demo("report-content");
    let data = data(&page);
    assert_eq!(data["same"], true);
    let module = &data["modules"][0];
    let lines = strings(&data, &module["commands"]["text"]);
    let place = lines.iter().position(|line| line == "AT+CIPSEND=66").expect("the demo sends 66 bytes");
    assert_eq!(strings(&data, &module["commands"]["answer"])[place], "SEND OK", "a send ends with its data");
    assert_eq!(module["links"][0]["peer"], "203.0.113.10:80");
    let info = strings(&data, &data["packets"]["info"]);
    assert!(info.iter().any(|info| info == "question www.example.com A"), "{info:?}");
    let of_link =
        data["packets"]["link"].as_array().expect("a column").iter().filter(|link| **link == 0).count();
    assert!(of_link >= 6, "only {of_link} packets are known to be of the first link");
    let events = strings(&data, &data["events"]["text"]);
    assert!(events.iter().any(|text| text.starts_with("GET /status from 192.168.1.100:")), "{events:?}");
    for queue in ["MCU to send", "module to send"] {
        let found = module["queues"].as_array().expect("queues").iter().find(|q| q["name"] == queue);
        assert!(found.is_some_and(|q| q["peak"].as_u64() > Some(8)), "{queue} is missing, or never filled");
    }
    let printed = path.with_file_name("printed.txt");
    std::fs::write(&printed, "     2.593000         | link 0 open\n     2.594028  ESP <- OK\n")
        .expect("write");
    let log = path.with_file_name("demo.espat-log");
    run(espat_sim("report").arg(&log).arg("--console").arg(&printed).arg("-o").arg(&path));
    let with = self::data(&std::fs::read_to_string(&path).expect("text"));
    assert_eq!(strings(&with, &with["console"]["text"]), ["link 0 open"]);
    std::fs::write(&printed, "nothing\n").expect("write");
    let output = espat_sim("report").arg(&log).arg("--console").arg(&printed).arg("-o").arg(&path).output();
    let output = output.expect("espat-sim starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("has no line of a console"), "{said}");
}

#[test]
fn packets_are_as_long_as_they_were_and_those_that_are_lost_or_come_again_are_marked() {
    let log = crate::tools::read("tests/golden/link-faults.espat-log");
    let report = Report::of(&log, "x.log", Vec::new()).unwrap_or_else(|e| panic!("{e}"));
    let data = data(&report.html().expect("a page"));
    let packets = &data["packets"];
    let info = strings(&data, &packets["info"]);
    assert!(!info.iter().any(|info| info.contains("cut off")), "a packet was not understood: {info:?}");
    let longest = packets["bytes"].as_array().expect("a column").iter().filter_map(|n| n.as_u64()).max();
    assert_eq!(longest, Some(1494), "a segment of 1440 bytes and its headers");
    let fates: Vec<u64> =
        packets["fate"].as_array().expect("a column").iter().filter_map(|fate| fate.as_u64()).collect();
    let of = |fate| fates.iter().filter(|other| **other == fate).count();
    assert!(of(1) > 0 && of(2) > 0, "{} are said to come again, {} to be lost", of(1), of(2));
}

/// Bytes that would end the script, begin one, or end a line.
const HOSTILE: &[u8] = b"AT+</script><script>document.title='x'</script><!--\x00\x1b[2J\xff\xe2\x80\xa8\\u003c\"'&lt;{{DATA}}\r\n";

/// The log of a run with them in a command, in what a host sends, and in a name.
fn hostile_log() -> String {
    let scenario = format!(
        "{}\n[host.\"a</script>\"]\naddress = \"192.168.1.9\"\ntcp-terminal = 9\n",
        crate::host::with_pc()
    );
    let mut host = Host::joined_in(&scenario, 1);
    host.send(HOSTILE);
    host.until("ERROR\r\n");
    host.ask("AT+CIPSTART=\"TCP\",\"192.168.1.20\",23\r\n", "CONNECT\r\n\r\nOK\r\n");
    host.console("host pc send \"</script><img src=x onerror=alert(1)>\\x00\\xff\"");
    host.until("+IPD,");
    host.wait(crate::host::SECOND / 10);
    host.finish().2
}

#[test]
fn whatever_bytes_a_run_has_they_stay_texts_in_the_page() {
    let report =
        Report::of(&hostile_log(), "a</title>&\"<b>.log", Vec::new()).unwrap_or_else(|e| panic!("{e}"));
    let page = report.html().expect("a page");
    assert_eq!(page.matches("</script>").count(), 2, "the run has ended a script of the page");
    assert_eq!(page.matches("</title>").count(), 1, "the log's name has ended the title");
    assert_eq!(page.matches("<img").count() + page.matches("<!--").count(), 0, "the run has written HTML");
    let bad = page.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(bad, None, "a control character is in the page");
    let data = data(&page);
    let commands = strings(&data, &data["modules"][0]["commands"]["text"]);
    let shown = r#"AT+</script><script>document.title='x'</script><!--\x00\x1B[2J\xFF\xE2\x80\xA8\\u003c"'&lt;{{DATA}}"#;
    assert!(
        commands.iter().any(|line| line == shown),
        "the command is not there as it was sent: {commands:?}"
    );
}

#[test]
fn an_hour_with_a_hundred_thousand_lines_is_a_page_of_a_few_megabytes() {
    let scenario = Scenario::parse("built-in", Scenario::default_text()).unwrap_or_else(|e| panic!("{e}"));
    let recording = Recording { log: true, ..Recording::default() };
    let mut world = World::new(&scenario, Some(1), recording).expect("a world");
    let wifi = world.attach("wifi", Attachment::default()).expect("attach");
    let mut log = Vec::new();
    // Each is its echo and its answer, too.
    for n in 0..34_000 {
        world.uart_write_block(wifi, 1_000_000_000 + n * 105_000_000, b"AT\r\n").expect("uart_write");
        log.extend(world.take_log());
        while world.uart_read(wifi).expect("uart_read").is_some() {}
    }
    world.advance(wifi, 3_600_000_000_000).expect("advance");
    world.finish();
    log.extend(world.take_log());
    let log = String::from_utf8(log).expect("text");
    let report = Report::of(&log, "hour.espat-log", Vec::new()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(report.left_out(), [""; 0], "something was left out");
    let page = report.html().expect("a page");
    println!("{} lines of log, {} KB of page", log.lines().count(), page.len() / 1000);
    assert!(page.len() < 4_500_000, "the page has {} bytes", page.len());
    let data = data(&page);
    assert_eq!(data["modules"][0]["commands"]["t"].as_array().map(Vec::len), Some(34_000));
    assert!(data["modules"][0]["uart"]["t"].as_array().map(Vec::len) > Some(100_000));
}

/// What Chromium makes of a page; `None`, and a line that says so, where there is none.
fn dom(page: &Path, hash: &str) -> Option<String> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| {
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    });
    let Some(browser) = found else {
        println!("SKIPPED: the report's page in a browser: chromium is not on PATH");
        return None;
    };
    let profile = page.with_extension("profile");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,900", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}{hash}", page.display()))
        .output()
        .expect("start the browser");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        dom.contains("data-state=\"drawn\""),
        "the page was not drawn: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!dom.contains("data-error"), "the page's script has failed: {}", &dom[..dom.len().min(400)]);
    Some(dom)
}

/// The value of an attribute of the page's root.
fn attribute<'a>(dom: &'a str, name: &str) -> &'a str {
    let (_, rest) = dom.split_once(&format!("data-{name}=\"")).unwrap_or_else(|| panic!("no data-{name}"));
    rest.split('"').next().unwrap_or_default()
}

#[test]
fn in_a_browser_the_page_draws_the_run_and_a_command_shows_the_packets_that_it_caused() {
    let (path, page) = demo("report-browser");
    let data = data(&page);
    let Some(whole) = dom(&path, "#t=0,10000000000") else { return };
    let lines = strings(&data, &data["modules"][0]["commands"]["text"]);
    assert_eq!(attribute(&whole, "commands"), lines.len().to_string(), "not every command was drawn");
    let packets = data["packets"]["info"].as_array().map_or(0, Vec::len);
    assert_eq!(attribute(&whole, "packets"), packets.to_string(), "not every packet was drawn");
    let start =
        lines.iter().position(|line| line.starts_with("AT+CIPSTART=\"TCP\"")).expect("a link is opened");
    let dom_of_start = dom(&path, &format!("#cmd={start}")).unwrap_or_default();
    assert_eq!(attribute(&dom_of_start, "selected"), format!("cmd={start}"));
    assert_eq!(attribute(&dom_of_start, "caused"), "3", "SYN, SYN ACK, ACK");
    let info = strings(&data, &data["packets"]["info"]);
    let caused: Vec<&str> = dom_of_start
        .split("data-packet=\"")
        .skip(1)
        .map(|rest| {
            info[rest.split('"').next().and_then(|id| id.parse::<usize>().ok()).expect("a packet")].as_str()
        })
        .collect();
    assert_eq!(caused, ["SYN", "SYN ACK", "ACK"], "the details list other packets");
    let found = dom(&path, "#q=cipsend").unwrap_or_default();
    let sends = lines.iter().filter(|line| line.contains("CIPSEND")).count();
    let counted = format!("title=\"{sends} of {} match the search\"", lines.len());
    assert!(sends > 0 && found.contains(&counted), "the search found other commands than {sends}");
}

#[test]
fn in_a_browser_packets_of_links_that_a_command_is_not_about_are_not_its_own() {
    let mut host = Host::joined_with_pc(1);
    host.ask("AT+CIPMUX=1\r\n", "\r\nOK\r\n");
    host.ask("AT+CIPSTART=0,\"TCP\",\"192.168.1.20\",23\r\n", "0,CONNECT\r\n\r\nOK\r\n");
    // While the ping is on its way, the link has data.
    host.send("AT+PING=\"192.168.1.20\"\r\n");
    host.wait(crate::host::SECOND / 400);
    host.console("host pc send \"hello\"");
    host.until("\r\nOK\r\n");
    host.wait(crate::host::SECOND);
    let log = host.finish().2;
    let path = directory("report-links").join("page.html");
    let report = Report::of(&log, "x.log", Vec::new()).unwrap_or_else(|e| panic!("{e}"));
    let page = report.html().expect("a page");
    std::fs::write(&path, &page).expect("write");
    let data = data(&page);
    let lines = strings(&data, &data["modules"][0]["commands"]["text"]);
    let ping = lines.iter().position(|line| line.starts_with("AT+PING")).expect("the ping");
    let Some(dom) = dom(&path, &format!("#cmd={ping}")) else { return };
    let info = strings(&data, &data["packets"]["info"]);
    let caused: Vec<&str> = dom
        .split("data-packet=\"")
        .skip(1)
        .map(|rest| {
            info[rest.split('"').next().and_then(|id| id.parse::<usize>().ok()).expect("a packet")].as_str()
        })
        .collect();
    assert_eq!(caused, ["echo request", "echo reply"], "other packets count as the ping's");
    let place = |what: &str| info.iter().position(|info| info == what).expect("the ping's packets");
    let between = &info[place("echo request")..place("echo reply")];
    assert!(
        between.iter().any(|info| info.ends_with(", 5 bytes")),
        "the link had no data meanwhile: {between:?}"
    );
}

/// What a person does, at the end of a page: the wheel, clicks, keys. Each step leaves what came of it at the page's root.
const PERSON: &str = r##"<script>
const point = (type, x, y, more) => canvas.dispatchEvent(new PointerEvent(type, { bubbles: true, button: 0,
  clientX: canvas.getBoundingClientRect().left + x, clientY: canvas.getBoundingClientRect().top + y, ...more }));
const root = document.documentElement.dataset, width = () => axis.right - axis.left;
const before = width();
canvas.dispatchEvent(new WheelEvent("wheel", { deltaY: -100, clientX: 500, clientY: 200, bubbles: true, cancelable: true }));
root.wheel = width() < before;
act("all"); draw();
const command = hits.find(h => h.ref && h.ref.kind === "cmd" && text(commands[h.ref.id].text).startsWith("AT+CWJAP"));
point("pointerdown", command.x1 - 1, command.y1 - 6); point("pointerup", command.x1 - 1, command.y1 - 6);
root.click = text(commands[selected.id].text).slice(0, 8);
const left = axis.left;
act("in");
point("pointerdown", 600, 100); point("pointermove", 500, 100); point("pointerup", 500, 100);
root.drag = axis.left !== left && selected !== null;
document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
root.down = text(commands[selected.id].text);
document.querySelector("#details [data-packet]")?.click();
root.search = (searchBox.value = "who has", searchBox.dispatchEvent(new Event("input")), tab);
document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
root.escape = selected === null && matches === null;
squeezeBox.click(); draw();
root.even = axis.squeezes === false && Math.abs(axis.at(axis.x(5e9)) - 5e9) < 1;
</script>"##;

#[test]
fn in_a_browser_wheel_clicks_and_keys_do_what_the_page_says() {
    let (path, page) = demo("report-person");
    std::fs::write(&path, page.replace("</body>", &format!("{PERSON}</body>"))).expect("write");
    let Some(dom) = dom(&path, "") else { return };
    for (step, expected) in [
        ("wheel", "true"),
        ("click", "AT+CWJAP"),
        ("drag", "true"),
        ("down", "AT+CIFSR"),
        ("search", "packet"),
        ("escape", "true"),
        ("even", "true"),
    ] {
        assert_eq!(attribute(&dom, step), expected, "{step}");
    }
}

#[test]
fn in_a_browser_hostile_bytes_are_shown_and_do_nothing() {
    let path = directory("report-hostile").join("page.html");
    let report = Report::of(&hostile_log(), "x.log", Vec::new()).unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(&path, report.html().expect("a page")).expect("write");
    let Some(dom) = dom(&path, "#q=onerror") else { return };
    assert!(dom.contains("<title>x.log - espat-sim report</title>"), "a byte of the run became a script");
    assert!(!dom.contains("<img"), "a byte of the run became HTML");
}
