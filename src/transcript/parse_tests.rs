//! The parser: what it reads, and what it says about mistakes.
use super::*;
use crate::profile::{Feature, PROFILES, Release};

/// Reads `text`, with these other files.
fn read(text: &str, files: &[(&str, &str)]) -> Result<Transcript, Mistakes> {
    all(text, files).map(|mut all| all.remove(0))
}

/// The same for each of its profiles.
fn all(text: &str, files: &[(&str, &str)]) -> Result<Vec<Transcript>, Mistakes> {
    parse("dir/test.at", text, &mut |path| {
        let file = files.iter().find(|(name, _)| *name == path);
        file.map(|(_, text)| (*text).to_owned()).ok_or_else(|| format!("cannot read {path}"))
    })
}

fn good(text: &str, files: &[(&str, &str)]) -> Transcript {
    read(text, files).unwrap_or_else(|e| panic!("{e}"))
}

/// Line, column and message of every mistake.
fn mistakes(text: &str, files: &[(&str, &str)]) -> Vec<(String, usize, usize, String)> {
    let Err(Mistakes(problems)) = read(text, files) else { panic!("no mistake found in {text}") };
    problems.into_iter().map(|p| (p.file, p.line, p.column, p.message)).collect()
}

#[test]
fn every_kind_of_line_is_read() {
    let text = "\u{feff}# A comment.\n\
        cites reference 3.12, seed AT+CIPMUX\r\n\
        profile esp32c3-v2.3\n\
        scenario default\n\
        seed 7\n\
        \n\
        > AT\n\
        >| a\\x00\n\
        <\n\
        within 5 s\n\
        after 19 ms..21 ms\n\
        < OK {n:int}\n\
        <| >\n\
        silent 1.5 s\n\
        wait 20ms\n\
        console at 12s ap home down\n\
        pin en low\n\
        pin rts high";
    let t = good(text, &[]);
    assert_eq!(t.cites, ["reference 3.12", "seed AT+CIPMUX"]);
    assert_eq!((t.seed, t.module.as_str()), (Some(7), "wifi"));
    let lines: Vec<usize> = t.steps.iter().map(|s| s.place.line).collect();
    assert_eq!(lines, [7, 8, 9, 12, 13, 14, 15, 16, 17, 18]);
    let actions: Vec<&Action> = t.steps.iter().map(|s| &s.action).collect();
    assert_eq!(actions[0], &Action::Send(vec![Element::Literal(b"AT\r\n".to_vec())]));
    assert_eq!(actions[1], &Action::Send(vec![Element::Literal(b"a\0".to_vec())]));
    let Action::Expect { pattern, limit, window } = actions[3] else { panic!("{:?}", actions[3]) };
    assert_eq!(text::write(pattern), "OK {n:int}\\r\\n");
    assert_eq!(*limit, Duration::from_secs(5));
    let ms = Duration::from_millis;
    assert_eq!(*window, Some(Window { from: ms(19), to: Some(ms(21)) }));
    let Action::Expect { limit, window, .. } = actions[4] else { panic!("{:?}", actions[4]) };
    assert_eq!((*limit, *window), (DEFAULT_LIMIT, None), "within and after hold for one line");
    assert_eq!(actions[5], &Action::Silent(ms(1500)));
    assert_eq!(actions[6], &Action::Wait(ms(20)));
    assert_eq!(actions[7], &Action::Console("at 12s ap home down".to_owned()));
    assert_eq!(actions[9], &Action::Pin(Pin::McuRts, true));
}

#[test]
fn included_files_are_relative_to_the_file_that_names_them() {
    let files = [
        ("dir/sub/joined.at", "include ready.at\n> B\n< {ip:ip}\n"),
        ("dir/sub/ready.at", "scenario other.toml\n> A\n"),
        ("dir/sub/other.toml", "[ap.lab]\nssid = \"lab\"\n"),
    ];
    let t = good("cites x\ninclude sub/joined.at\nconsole ap lab down\n> {ip}\n", &files);
    let places: Vec<String> = t.steps.iter().map(|s| s.place.to_string()).collect();
    assert_eq!(
        places,
        [
            "dir/sub/ready.at:2",
            "dir/sub/joined.at:2",
            "dir/sub/joined.at:3",
            "dir/test.at:3",
            "dir/test.at:4"
        ]
    );
    assert_eq!(t.steps.iter().filter(|s| s.place.own).count(), 2);
}

#[test]
fn an_inline_scenario_ends_with_end_and_its_mistakes_have_their_own_lines() {
    let t = good("cites x\nscenario\n[ap.lab]\nssid = \"> no dialogue\"\nend\n> AT\n", &[]);
    assert_eq!(t.scenario.aps[0].ssid, b"> no dialogue");
    let found = mistakes("cites x\nscenario\n[ap.lab]\nssid = 5\nend\n> AT\n", &[]);
    assert_eq!((found[0].0.as_str(), found[0].1, found[0].2), ("dir/test.at", 4, 8), "{found:?}");
    let found = mistakes("cites x\nscenario\n[ap.lab]\n", &[]);
    assert_eq!((found[0].1, found[0].2), (2, 1));
    assert!(found[0].3.contains("`end`"), "{found:?}");
}

#[test]
fn every_mistake_is_found_with_its_place() {
    for (line, column, expected) in [
        ("foo", 1, "expected `>`, `>|`, `<`"),
        ("cite x", 1, "did you mean `cites`"),
        (" > AT", 1, "expected `>`"),
        ("cites", 1, "something after `cites`"),
        ("cites a,,b", 7, "before and after each comma"),
        (">AT", 2, "a blank after `>`"),
        ("<|", 1, "a blank and bytes"),
        ("<|x", 3, "a blank after `<|`"),
        ("> AT ", 5, "\\x20"),
        ("< a\\q", 4, "a backslash is written"),
        ("< {a}{b}", 3, "text between two holes"),
        ("<| x{a}", 5, "bytes after the hole"),
        ("> {unknown}", 3, "the name of a hole in a module line before"),
        ("silent 5", 8, "without a unit"),
        ("wait soon", 6, "a duration"),
        ("within 5 s", 1, "a module line"),
        ("after 3 ms..2 ms", 7, "the shorter time first"),
        ("pin en up", 5, "`low` or `high`"),
        ("pin ena low", 5, "`en`, `gpio0`, `rts` or `wake`"),
        ("console ap home dwon", 9, "did you mean `down`"),
        ("console ap hom down", 9, "did you mean `home`"),
        ("include nothing.at", 9, "cannot read dir/nothing.at"),
        ("include test.at", 9, "does not include this one"),
        ("seed x", 6, "an integer"),
        ("seed 1", 1, "before the dialogue, which begins in dir/test.at:2"),
        ("profile esp32c3-v23", 9, "did you mean `esp32c3-v2.3`"),
    ] {
        let found = mistakes(&format!("cites x\n> AT\n{line}\n> AT\n"), &[]);
        let [(file, at, col, message)] = &found[..] else { panic!("{line}: {found:?}") };
        assert_eq!((file.as_str(), *at, *col), ("dir/test.at", 3, column), "{line}: {message}");
        assert!(message.contains(expected), "{line}: {message}");
    }
}

#[test]
fn what_must_be_there_is_asked_for() {
    let all = |text: &str| mistakes(text, &[]).into_iter().map(|m| m.3).collect::<Vec<_>>().join("; ");
    assert!(all("> AT\n").contains("where the expected bytes come from"));
    assert!(all("cites x\n").contains("expected a dialogue"));
    assert!(all("cites x\n< OK\nwithin 1 s\n").contains("a module line"));
    assert!(all("cites x\nseed 1\nseed 2\n> A\n").contains("it stands in dir/test.at:2 already"));
    let two = "cites x\nscenario\n[module.a]\n[module.b]\nend\n> A\n";
    assert!(all(two).contains("`module NAME`"), "{}", all(two));
    let t = good("cites x\nscenario\n[module.a]\n[module.b]\nend\nmodule b\n> A\n", &[]);
    assert_eq!(t.module, "b");
}

#[test]
fn a_transcript_for_several_profiles_is_read_for_each() {
    let text = "cites x\nprofiles esp8266-v2.2, 3.4..4.1\n> AT\n< {by-profile esp8266 \"a\", all \"b\"}\n";
    let all = all(text, &[]).unwrap_or_else(|e| panic!("{e}"));
    let meant =
        |p: &&&Profile| p.name == "esp8266-v2.2" || (Release(3, 4)..=Release(4, 1)).contains(&p.release);
    let names: Vec<&str> = PROFILES.iter().filter(meant).map(|p| p.name).collect();
    assert_eq!(all.iter().map(|t| t.profile.as_str()).collect::<Vec<_>>(), names);
    for transcript in &all {
        assert_eq!(transcript.scenario.modules[0].profile, transcript.profile);
        assert_eq!(transcript.title(), format!("dir/test.at [{}]", transcript.profile));
        let Action::Expect { pattern, .. } = &transcript.steps[1].action else { panic!("an expectation") };
        let expected = if transcript.profile.starts_with("esp8266") { "a\r\n" } else { "b\r\n" };
        assert_eq!(pattern, &[Element::Literal(expected.as_bytes().to_vec())]);
    }
    let one = good("cites x\nprofiles esp8266-v2.2\n> AT\n", &[]);
    assert_eq!((one.title().as_str(), one.several), ("dir/test.at", false));
    let twice = mistakes("cites x\nprofile esp32-v3.4\nprofiles all\n> AT\n", &[]);
    assert!(twice[0].3.contains("expected `profile` once"), "{twice:?}");
}

#[test]
fn a_mistake_is_shown_under_its_line() {
    let Err(error) = read("cites x\n> AT\nsilent soon\n", &[]) else { panic!("no mistake found") };
    let shown = error.to_string();
    assert!(
        shown.contains("dir/test.at:3:8") && shown.contains("silent soon") && shown.contains("^^^^"),
        "{shown}"
    );
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn no_text_panics(text in "([<>|#a-z0-9{}\"\\\\ .:*]{0,20}[\r\n]{0,2}){0,12}", any in "\\PC{0,60}") {
            for text in [&text, &any] {
                let _ = read(text, &[]);
                let _ = read(&format!("cites x\n< {text}\n> {text}\nafter {text}\n"), &[]);
            }
        }
    }
}

#[test]
fn a_build_option_need_be_one_of_the_profiles_that_the_transcript_runs_in() {
    let text = |profiles: &str| {
        format!(
            "cites x\nprofiles {profiles}\nscenario\n[module.wifi.build]\nwebsocket = true\nend\n< ready\n"
        )
    };
    let read = |text: &str| parse("t.at", text, &mut |_| Err("no files".to_owned()));
    let good = read(&text("3.3..")).unwrap_or_else(|e| panic!("{e}"));
    assert!(good.iter().all(|t| t.scenario.modules[0].build.has(Feature::WebSocket)), "it is built in");
    let bad = read(&text("2.2..")).expect_err("v2 has no WebSocket");
    assert!(bad.to_string().contains("expected an option that the source of"), "{bad}");
}

#[test]
fn a_mistake_of_the_scenario_has_its_place_in_the_transcript_whatever_the_profile() {
    let text = "cites x\nprofile esp8266-v2.2\nscenario\n# one\n[module.wifi]\nprofile = \"esp32c3-v4.1\"\n\
                [module.wifi.build]\nwebsocket = true\nend\n< ready\n";
    let bad = parse("t.at", text, &mut |_| Err("no files".to_owned())).expect_err("v2 has no WebSocket");
    let places: Vec<(usize, usize)> = bad.0.iter().map(|problem| (problem.line, problem.column)).collect();
    assert_eq!(places, [(8, 13)], "{bad}");
}
