//! What a line asks. Nothing changes by it, and no log has it.

use std::fmt;

use super::Name;
use crate::time::Instant;
use crate::world::quantity::duration_text;

/// A question about the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// `help [command]`: the text is [`help`](super::help)'s.
    Help(Option<String>),
    /// `status`: what is up, what is set, who is where.
    Status,
    /// `expect`: what the scenario expects, and what has come of it.
    Expect,
    /// `timeline`: what is to come, and what has come of the rules.
    Timeline,
    /// `dns [NAME]`: how this DNS server, or every one, behaves now.
    Dns(Option<String>),
    /// `module [NAME]`: what is wrong with this module, or every one, and what is not.
    Module(Option<String>),
    /// `link [NAME]`: how this link, or every one, behaves now.
    Link(Option<String>),
    /// `links [MODULE]`: the open AT links of this module, or of all.
    Links(Option<String>),
    /// `hosts [NAME]`: what this host, or every one, is and offers, and with whom it is connected.
    Hosts(Option<String>),
    /// `observations [KIND] [since TIME]`: what has happened.
    Observations {
        /// What it is about, as in `expect`; `None`: anything.
        kind: Option<&'static str>,
        /// From this instant on; `None`: from the start.
        since: Option<Instant>,
    },
    /// `packets [MODULE]`: frames of this module, or of all.
    Packets(Option<String>),
    /// `statistics [MODULE]`: the counters of this module, or of all.
    Statistics(Option<String>),
    /// `digest`: of the run so far.
    Digest,
    /// `wire [NAME]`: what this UART wire, or every one, does to bytes now.
    Wire(Option<String>),
}

/// The canonical line.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, name) = match self {
            Question::Help(topic) => ("help", topic.as_deref()),
            Question::Status => ("status", None),
            Question::Expect => ("expect", None),
            Question::Timeline => ("timeline", None),
            Question::Dns(name) => ("dns", name.as_deref()),
            Question::Module(name) => ("module", name.as_deref()),
            Question::Link(name) => ("link", name.as_deref()),
            Question::Wire(name) => ("wire", name.as_deref()),
            Question::Links(name) => ("links", name.as_deref()),
            Question::Hosts(name) => ("hosts", name.as_deref()),
            Question::Packets(name) => ("packets", name.as_deref()),
            Question::Statistics(name) => ("statistics", name.as_deref()),
            Question::Digest => ("digest", None),
            Question::Observations { kind, since } => {
                f.write_str("observations")?;
                kind.map_or(Ok(()), |kind| write!(f, " {kind}"))?;
                let Some(since) = since else { return Ok(()) };
                return write!(f, " since {}", duration_text(since.since(Instant::ZERO)));
            }
        };
        match name {
            None => f.write_str(word),
            Some(name) => write!(f, "{word} {}", Name(name)),
        }
    }
}
