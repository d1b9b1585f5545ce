//! A run as one page to look at: `espat-sim report`.
//!
//! [`Report::of`] runs an input log again and writes down what there was to see: lines and blocks on the UARTs, commands with
//! their answers, links, packets, pins, queues, events. [`Report::html`] makes a page of it that needs nothing else: the data
//! is JSON in the page, and the page's own script draws it. The same log gives the same page, byte for byte.
//!
//! `gather` looks at the world while the log runs, `commands` puts answers to commands, `traffic` says which link a packet
//! is of, `series` keeps a queue's depth within bounds, `data` is what the script reads, `console` is what the firmware
//! printed. The page itself is in `page/`: a frame, its looks, and the script in parts that are put together in their order.

mod commands;
pub mod console;
mod data;
mod gather;
mod series;
mod traffic;

use crate::world::{Error, Recording, Replay};
use console::Printed;
use data::Data;

/// What there is to see of a run.
pub struct Report {
    data: Data,
}

/// The page's frame, its looks and its script.
const FRAME: &str = include_str!("page/frame.html");
const LOOKS: &str = include_str!("page/looks.css");
const SCRIPT: [&str; 6] = [
    include_str!("page/model.js"),
    include_str!("page/axis.js"),
    include_str!("page/lanes.js"),
    include_str!("page/draw.js"),
    include_str!("page/panel.js"),
    include_str!("page/main.js"),
];

impl Report {
    /// Runs the log again. `source` is what it is called, for the page's title; `printed` what the firmware printed on its
    /// console, as far as anybody knows.
    ///
    /// # Errors
    /// [`Error::Replay`] when the log can't be read or an input is refused, and where.
    pub fn of(log: &str, source: &str, printed: Vec<Printed>) -> Result<Report, Error> {
        let recording = Recording {
            packets: true,
            dialogue: false,
            observations: true,
            pins: true,
            ..Recording::default()
        };
        let replay = Replay::new(log, recording)?;
        Ok(Report { data: gather::gather(replay, source, printed)? })
    }

    /// What is not in the page because there was too much of it, a sentence each.
    pub fn left_out(&self) -> &[String] {
        &self.data.left_out
    }

    /// Whether the run came out as the log says; `None` when the log does not say.
    pub fn is_same(&self) -> Option<bool> {
        self.data.same
    }

    /// The page.
    ///
    /// # Errors
    /// What serde says; nothing in the data is known to make it.
    pub fn html(&self) -> Result<String, serde_json::Error> {
        // `<` begins `</script>` and `<!--`, whoever said it.
        let json = serde_json::to_string(&self.data)?.replace('<', "\\u003c");
        let parts = [
            ("TITLE", escaped(&self.data.source)),
            ("LOOKS", LOOKS.to_owned()),
            ("DATA", json),
            ("SCRIPT", SCRIPT.concat()),
        ];
        let mut page =
            String::with_capacity(FRAME.len() + parts.iter().map(|(_, text)| text.len()).sum::<usize>());
        let mut rest = FRAME;
        // One pass: what is put in is not looked through for marks.
        while let Some((before, after)) = rest.split_once("{{") {
            page.push_str(before);
            let Some((name, after)) = after.split_once("}}") else { break };
            let part = parts.iter().find(|(part, _)| *part == name);
            page.push_str(part.map_or("", |(_, text)| text));
            rest = after;
        }
        page.push_str(rest);
        Ok(page)
    }
}

/// A text that HTML takes for a text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
