//! The words for what is observed stand in the header, in C#, in Robot's keywords and in the documents; each list is that
//! of the world's own enum.
#![expect(clippy::disallowed_methods, reason = "reads the files that are checked")]

use std::path::Path;

use espat_sim::world::EventKind;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The words between `quote`s in what stands between `from` and `to`, comment signs left out.
fn words(text: &str, from: &str, to: &str, quote: char) -> Vec<String> {
    let start = text.find(from).unwrap_or_else(|| panic!("`{from}` is gone"));
    let part = &text[start + from.len()..];
    let part = &part[..part.find(to).unwrap_or_else(|| panic!("there is no `{to}` behind `{from}`"))];
    part.split(quote).skip(1).step_by(2).map(str::to_owned).collect()
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

fn of(modules: bool) -> Vec<String> {
    sorted(EventKind::words(modules).into_iter().map(str::to_owned).collect())
}

/// What a file says is observed of modules, and of hosts.
fn check(name: &str, modules: Vec<String>, hosts: Vec<String>) {
    assert_eq!(sorted(modules), of(true), "what {name} says is observed of modules");
    assert_eq!(sorted(hosts), of(false), "what {name} says is observed of hosts");
}

#[test]
fn the_header_lists_every_kind() {
    let text = read("include/espat_sim.h");
    let modules = words(&text, "in the words of a scenario's `expect`. Of a module:", "Of a host:", '"');
    let hosts = words(&text, "\"uart\". Of a host:", "NULL: there is no observation", '"');
    check("the header", modules, hosts);
    for kind in EventKind::ALL {
        let line = text.lines().find(|line| {
            line.trim().ends_with(&format!(" = {},", kind.number())) && line.contains("ESPAT_EVENT_KIND_")
        });
        let name = line.and_then(|line| line.trim().split(' ').next()).unwrap_or_default();
        let plain: String =
            name.trim_start_matches("ESPAT_EVENT_KIND_").chars().filter(|c| *c != '_').collect();
        assert_eq!(
            plain.to_lowercase(),
            format!("{kind:?}").to_lowercase(),
            "the header's name of {}",
            kind.number()
        );
    }
}

#[test]
fn the_renode_peripheral_lists_every_kind() {
    let text = read("renode/EspAt.cs");
    let modules = words(&text, "// `kind` is of a module", "and of a host", '"');
    let hosts = words(&text, "\"uart\", and of a host", "`subject`", '"');
    check("EspAt.cs", modules, hosts);
}

#[test]
fn the_robot_keyword_lists_every_kind() {
    let text = read("renode/espat.resource");
    let modules = words(&text, "anything that is observed: `kind` is of a module", "and of a host", '`');
    let hosts = words(&text, "`uart`, and of a host", "; `subject`", '`');
    check("espat.resource", modules, hosts);
}

#[test]
fn the_page_about_expectations_lists_every_kind() {
    let text = read("docs/expect.md");
    let (mut modules, mut hosts, mut is_host, mut inside) = (Vec::new(), Vec::new(), false, false);
    for line in text.lines() {
        let row: Vec<&str> = line.split('|').map(str::trim).collect();
        match row.get(1) {
            Some(&"Of") => inside = true,
            Some(&"a module") => is_host = false,
            Some(&"a host") => is_host = true,
            Some(_) => {}
            None => inside = false,
        }
        if inside && row[1] != "Of" {
            let kinds =
                row.get(2).copied().unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned);
            if is_host { hosts.extend(kinds) } else { modules.extend(kinds) }
        }
    }
    check("docs/expect.md", modules, hosts);
}
