//! What the documentation of the Renode side tells people to copy works. Its blocks carry file names
//! (```` ```robot first.robot ````); those of a page belong together. Here they are checked for what can be
//! known without Renode (files, keywords, properties, scenarios), and they are run where `renode-test` is on PATH.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tools::{directory, library, read, root};

/// Keywords of Renode and of Robot Framework's standard libraries that the documentation uses.
const KEYWORDS_OF_OTHERS: [&str; 10] = [
    "Create Terminal Tester",
    "Execute Command",
    "Execute Script",
    "Log",
    "Should Be Equal",
    "Should Contain",
    "Should Start With",
    "Wait For Line On Uart",
    "Wait For Prompt On Uart",
    "Write To Uart",
];

/// A page and its text: the guides, and the README's section about Renode.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = vec![PathBuf::from("renode/README.md")];
    let folder = std::fs::read_dir(root().join("renode/docs")).expect("renode/docs");
    paths.extend(folder.map(|e| Path::new("renode/docs").join(e.expect("an entry").file_name())));
    paths.sort();
    let mut pages: Vec<_> = paths.into_iter().map(|p| (p.clone(), read(&p))).collect();
    let readme = read("README.md");
    let section =
        readme.split("\n## ").find(|s| s.starts_with("Renode")).expect("README.md has a section on Renode");
    pages.push((PathBuf::from("README.md"), section.to_owned()));
    pages
}

struct Block {
    page: PathBuf,
    language: String,
    /// Empty when it is only shown.
    name: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for (page, text) in pages() {
        for (n, part) in text.split("```").enumerate().filter(|(n, _)| n % 2 == 1) {
            let (info, text) =
                part.split_once('\n').unwrap_or_else(|| panic!("{}: fence {n}", page.display()));
            let (language, name) = info.split_once(' ').unwrap_or((info, ""));
            let [language, name, text] = [language, name, text].map(str::to_owned);
            blocks.push(Block { page: page.clone(), language, name, text });
        }
    }
    assert!(
        blocks.iter().filter(|b| b.language == "robot").count() >= 8,
        "where are the tests of the guides?"
    );
    blocks
}

/// Of a Robot file: the names defined in its `*** Keywords ***`.
fn defined_keywords(text: &str) -> BTreeSet<String> {
    let Some((_, section)) = text.split_once("*** Keywords ***") else { return BTreeSet::new() };
    let section = section.split("\n***").next().unwrap_or_default();
    let starts = |l: &&str| l.starts_with(|c: char| c.is_ascii_alphabetic());
    section.lines().filter(starts).map(|l| l.trim().to_lowercase()).collect()
}

/// Of a Robot file: the keywords that its tests and keywords call.
fn called_keywords(text: &str) -> Vec<String> {
    let body = text.split_once("*** Test Cases ***").map_or("", |(_, b)| b);
    let is_word = |cell: &&str| !cell.is_empty() && !cell.starts_with(['$', '#', '[', '@']);
    body.lines()
        .filter(|l| l.starts_with("    ") && !l.trim_start().starts_with(['#', '.', '[']))
        .filter_map(|l| l.split("  ").map(str::trim).find(is_word).map(str::to_owned))
        .collect()
}

/// The names of the public members of a class of `EspAt.cs` that are written there, not those of Renode's interfaces.
fn members(of: &str) -> BTreeSet<String> {
    let source = read("renode/EspAt.cs");
    let class =
        source.split(&format!("public class {of} :")).nth(1).unwrap_or_else(|| panic!("the class {of}"));
    let class = class.split("\n    }\n").next().unwrap_or_default();
    let member = |line: &str| {
        let declaration = line.strip_prefix("        public ")?.split([';', '=', '{', '(']).next()?.trim();
        declaration.rsplit(' ').next().map(str::to_owned)
    };
    class.lines().filter_map(member).collect()
}

/// The words after `wifi ` in a line of the Monitor.
fn asked_of_the_module(line: &str) -> Option<&str> {
    let asked = line.trim().strip_prefix("wifi ")?;
    asked.split([' ', '`', '"']).next().filter(|w| w.starts_with(|c: char| c.is_ascii_uppercase()))
}

#[test]
fn the_guides_use_only_keywords_that_exist() {
    let resource = read("renode/espat.resource");
    let ours = defined_keywords(&resource);
    assert!(
        ours.contains("wait for at command"),
        "espat.resource has other keywords than expected: {ours:?}"
    );
    for block in blocks().iter().filter(|b| b.language == "robot") {
        let own = defined_keywords(&block.text);
        for keyword in called_keywords(&block.text) {
            let known = ours.contains(&keyword.to_lowercase())
                || own.contains(&keyword.to_lowercase())
                || KEYWORDS_OF_OTHERS.contains(&keyword.as_str());
            assert!(known, "{}, {}: there is no keyword '{keyword}'", block.page.display(), block.name);
        }
    }
}

#[test]
fn every_keyword_has_an_example_that_calls_it() {
    let resource = read("renode/espat.resource");
    let keywords = resource.split_once("*** Keywords ***\n").expect("a section of keywords").1;
    for keyword in defined_keywords(&resource) {
        let body = keywords
            .split("\n\n")
            .find(|p| p.to_lowercase().starts_with(&format!("{keyword}\n")))
            .unwrap_or_else(|| panic!("'{keyword}' is not a paragraph of espat.resource"));
        assert!(body.contains("[Documentation]"), "'{keyword}' has no documentation");
        let example = body.split("Example:").nth(1).unwrap_or_default().to_lowercase();
        assert!(example.contains(&keyword), "'{keyword}' has no example");
    }
}

#[test]
fn the_files_that_the_guides_name_exist() {
    let blocks = blocks();
    for block in &blocks {
        let place = format!("{}, {} {}", block.page.display(), block.language, block.name);
        for (_, path) in
            block.text.match_indices("%{ESPAT}/").chain(block.text.match_indices("$espat/")).map(|(at, s)| {
                let path = block.text[at + s.len()..].split_whitespace().next().unwrap_or_default();
                (at, path)
            })
        {
            let made = path.strip_prefix("build/firmware/").and_then(|f| f.strip_suffix(".elf"));
            let source =
                made.map_or(PathBuf::from(path), |board| Path::new("tests/firmware/boards").join(board));
            assert!(root().join(&source).exists(), "{place}: there is no {}", source.display());
        }
        for (at, s) in block.text.match_indices("${CURDIR}/") {
            let name = block.text[at + s.len()..].split_whitespace().next().unwrap_or_default();
            let beside = blocks.iter().any(|b| b.page == block.page && b.name == name);
            assert!(beside, "{place}: the page has no {name}");
        }
        let must_be_named = ["robot", "repl", "resc", "toml"].contains(&block.language.as_str());
        assert_eq!(must_be_named, !block.name.is_empty(), "{place}: blocks that are run have file names");
        for (at, _) in block.text.match_indices("make ").filter(|_| block.language == "sh") {
            let makefile = read("Makefile");
            for target in block.text[at..].lines().next().unwrap_or_default().split(' ').skip(1) {
                assert!(makefile.contains(&format!("\n{target}:")), "{place}: no target {target}");
            }
        }
    }
    for (page, text) in pages() {
        for link in text.split("](").skip(1).map(|l| l.split([')', '#']).next().unwrap_or_default()) {
            let target = root().join(&page).with_file_name("").join(link);
            assert!(link.contains("://") || target.exists(), "{}: no {link}", page.display());
        }
    }
}

#[test]
fn the_scenarios_of_the_guides_are_scenarios() {
    for block in blocks().iter().filter(|b| b.language == "toml") {
        let parsed = espat_sim::world::Scenario::parse(&block.name, &block.text);
        parsed.unwrap_or_else(|e| panic!("{}: {e}", block.page.display()));
    }
}

#[test]
fn the_guides_know_the_properties_and_commands_of_the_module() {
    let members = members("EspAt");
    let mut known: BTreeSet<&str> = members.iter().map(String::as_str).collect();
    for (page, text) in pages() {
        let code = text.split('`').chain(text.lines());
        for word in code.filter_map(asked_of_the_module) {
            assert!(members.contains(word), "{}: the module has no {word}", page.display());
        }
    }
    // Those of Renode's interfaces.
    let of_interfaces =
        ["event", "WriteChar", "CharReceived", "BaudRate", "StopBits", "ParityBit", "OnGPIO", "Reset"];
    let of_life = ["Start", "Pause", "Resume", "IsPaused", "Dispose", "EspAt", "ObservedAt"];
    known.retain(|m| !of_interfaces.contains(m) && !of_life.contains(m));
    let guide = read("renode/docs/monitor.md");
    for member in known {
        assert!(
            guide.contains(&format!("wifi {member}")),
            "renode/docs/monitor.md does not mention {member}"
        );
    }
    let guide = read("renode/docs/world.md");
    for member in
        self::members("EspAtWorld").iter().filter(|m| !["EspAtWorld", "Dispose"].contains(&m.as_str()))
    {
        assert!(guide.contains(&format!("air {member}")), "renode/docs/world.md does not mention {member}");
    }
}

#[test]
fn the_guides_run_as_they_stand_where_renode_is() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|p| p.join("renode-test").exists()) {
        let required = std::env::var_os("REQUIRE_RENODE").is_some_and(|v| !v.is_empty());
        assert!(!required, "REQUIRE_RENODE is set, and renode-test is not on PATH");
        return; // `make test` ends with a SKIPPED line for it.
    }
    let folder = directory("renode_docs");
    let mut suites = Vec::new();
    let mut scripts = String::from("*** Settings ***\nTest Timeout    2 minutes\n*** Test Cases ***\n");
    for block in blocks().iter().filter(|b| !b.name.is_empty()) {
        let page = folder.join(block.page.with_extension("").to_string_lossy().replace('/', "-"));
        std::fs::create_dir_all(&page).expect("a folder for the page");
        let file = page.join(&block.name);
        std::fs::write(&file, &block.text).expect("write the block");
        std::fs::copy(root().join("renode/EspAt.cs"), page.join("EspAt.cs")).expect("copy EspAt.cs");
        let test = |commands: String| {
            format!(
                "{}\n{commands}    Execute Command    sysbus\n    Execute Command    Clear\n",
                file.display()
            )
        };
        match block.language.as_str() {
            "robot" => suites.push(file),
            "resc" => {
                scripts += &test(format!(
                    "    Execute Command    $espat=@{}\n    Execute Script    {}\n",
                    root().display(),
                    file.display()
                ))
            }
            "repl" => {
                scripts += &test(format!(
                    "    Execute Command    mach create\n    Execute Command    machine LoadPlatformDescription @{}\n\
                 \x20   Execute Command    sysbus.wifi Status\n",
                    file.display()
                ))
            }
            _ => {}
        }
    }
    suites.push(folder.join("scripts.robot"));
    std::fs::write(&suites[suites.len() - 1], scripts).expect("write scripts.robot");
    let run = Command::new("renode-test")
        .args(&suites)
        .arg("-r")
        .arg(folder.join("results"))
        .env("ESPAT", root())
        .env("ESPAT_SIM_LIBRARY", library())
        .output()
        .expect("start renode-test");
    let [out, err] = [&run.stdout, &run.stderr].map(|b| String::from_utf8_lossy(b).into_owned());
    assert!(run.status.success(), "the guides' blocks, in {}:\n{out}{err}", folder.display());
}
