//! The Wireshark profile in `wireshark/espat-sim`: tshark takes it without a warning, its columns show what a capture of
//! ours has, and every filter in it is one.

use std::path::Path;
use std::process::{Command, Output};

use crate::tools::{directory, espat_sim, read, root, run, tool};

/// tshark with the profile in its place, as somebody has put it there.
fn tshark(folder: &Path) -> Command {
    let profiles = folder.join("wireshark/profiles");
    std::fs::create_dir_all(&profiles).expect("a directory");
    if !profiles.join("espat-sim").exists() {
        run(Command::new("cp").arg("-r").arg(root().join("wireshark/espat-sim")).arg(&profiles));
    }
    let mut command = tool("tshark", "tshark");
    command.env("XDG_CONFIG_HOME", folder).env("HOME", folder).env("TZ", "UTC");
    command.args(["-C", "espat-sim", "-r"]).arg(folder.join("run.pcapng"));
    command
}

fn capture(folder: &Path) {
    run(espat_sim("demo").args(["--no-dialogue", "--capture"]).arg(folder.join("run.pcapng")));
}

/// What it prints. It may not complain; that it runs as root is no complaint about the profile.
#[track_caller]
fn shown(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("tshark starts");
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {errors}");
    let complaints: Vec<&str> =
        errors.lines().filter(|l| !l.is_empty() && !l.contains("Running as user")).collect();
    assert!(complaints.is_empty(), "{command:?}: {complaints:?}");
    String::from_utf8_lossy(&stdout).into_owned()
}

#[test]
fn tshark_takes_it_without_a_warning_and_shows_interface_comment_and_virtual_time() {
    let folder = directory("wireshark-profile");
    capture(&folder);
    // With colours it reads the colour filters, too.
    let packets = shown(tshark(&folder).args(["--color", "-n"]));
    assert!(packets.contains("wifi/uart") && packets.contains("wifi/radio"), "no interface: {packets}");
    let first = packets.lines().find(|line| line.contains("AT+CWJAP")).expect("the command");
    assert!(first.contains("00:00:00.37"), "the time of day is not the virtual time: {first}");
    let discover = packets.lines().find(|line| line.contains("DHCP Discover")).expect("a packet");
    assert!(discover.contains("station associated with home"), "no comment: {discover}");
    // Its names are those of the capture, and nobody is asked for others.
    let named = shown(tshark(&folder).args(["-Y", "tcp"]));
    assert!(named.contains("www.example.com"), "addresses have no names: {named}");
}

#[test]
fn every_colour_and_every_button_is_a_filter() {
    let folder = directory("wireshark-filters");
    capture(&folder);
    let colours = read("wireshark/espat-sim/colorfilters");
    let colours = colours.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let parts: Vec<&str> = line.split('@').collect();
        let [_, name, filter, _] = parts[..] else { panic!("no colour filter: {line}") };
        (name.to_owned(), filter.to_owned())
    });
    let buttons = read("wireshark/espat-sim/dfilter_buttons");
    let buttons = buttons.lines().map(|line| {
        let parts: Vec<&str> = line.trim_matches('"').split("\",\"").collect();
        let [_, name, filter, _] = parts[..] else { panic!("no button: {line}") };
        (name.to_owned(), filter.replace("\\x22", "\""))
    });
    let all: Vec<(String, String)> = colours.chain(buttons).collect();
    assert!(all.len() > 15, "{all:?}");
    // What the demo has nothing of.
    let absent = ["What was changed", "Changes", "Resets", "Sent again", "ERROR", "Errors"];
    for (name, filter) in &all {
        let found = shown(tshark(&folder).args(["-n", "-Y", filter]));
        let expected = !absent.iter().any(|part| name.starts_with(part));
        assert!(!found.is_empty() || !expected, "{name}: `{filter}` finds nothing in the demo");
    }
}
