//! What a line asks. Nothing changes by it, and no log has it.

use std::fmt;

use super::Name;

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
    /// `link [NAME]`: how this link, or every one, behaves now.
    Link(Option<String>),
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
            Question::Link(name) => ("link", name.as_deref()),
            Question::Wire(name) => ("wire", name.as_deref()),
        };
        match name {
            None => f.write_str(word),
            Some(name) => write!(f, "{word} {}", Name(name)),
        }
    }
}
