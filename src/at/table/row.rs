//! A row of the command table, and what the chapters write their rows with.

pub(super) use super::super::commands::Handler;
pub(super) use super::super::error::{ErrorCode, Fault};
pub(super) use super::super::limits;
pub(super) use super::super::params::{Form, Raw};
pub(super) use super::super::schema::{
    Param, Presence, address, any_port, choice, int, ipv4, link, links, mac, mac_or_empty, name, port, text,
    text_within, within,
};
pub(super) use crate::profile::{Availability, Chip, Profile};

/// What must be true before a command runs. It is an ERROR otherwise, and nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Wi-Fi is not switched off with AT+CWINIT=0.
    Wifi,
    /// The station is switched on (AT+CWMODE=1 or 3).
    Station,
    /// The softAP is switched on (AT+CWMODE=2 or 3).
    SoftAp,
    /// The station has an address.
    Address,
}

/// One way to write a command's parameters.
#[derive(Debug)]
pub struct Syntax {
    /// When it applies; empty when there is only one.
    pub when: &'static str,
    /// The parameters in order.
    pub params: &'static [Param],
}

/// The set form: its parameters, and what runs.
#[derive(Debug)]
pub struct SetForm {
    /// The ways to write it. Which one applies is told by the text of parameter `selector`.
    pub syntaxes: &'static [Syntax],
    /// For more than one syntax: the parameter (with AT+CIPMUX=0; one later with AT+CIPMUX=1) whose text
    /// names it.
    pub selector: Option<usize>,
    /// What runs.
    pub handler: Handler,
}

impl SetForm {
    /// The syntax in which these parameters are written, by its place; `multiple` with AT+CIPMUX=1. Where no text tells,
    /// the first: it has the error code for that.
    pub fn syntax(&self, raw: &[Raw], multiple: bool) -> usize {
        let Some(selector) = self.selector else { return 0 };
        let id_first =
            |s: &Syntax| s.params.first().is_some_and(|p| matches!(p.presence, Presence::MultipleOnly));
        let place = selector + usize::from(multiple && self.syntaxes.iter().any(id_first));
        match raw.get(place) {
            Some(Raw::Text(text)) => {
                self.syntaxes.iter().position(|s| text.starts_with(s.when.as_bytes())).unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// One command.
#[derive(Debug)]
pub struct Command {
    /// What follows AT.
    pub name: &'static str,
    /// One line for people.
    pub summary: &'static str,
    /// Where it is specified.
    pub section: &'static str,
    /// What must be true before a set or execute form runs.
    pub needs: &'static [Need],
    /// What must be true before the query runs. Few releases look: the library asks for the Wi-Fi mode in the handlers that
    /// say so here, and in no others.
    pub query_needs: &'static [Need],
    /// AT+X?
    pub query: Option<Handler>,
    /// AT+X=...
    pub set: Option<SetForm>,
    /// AT+X
    pub execute: Option<Handler>,
    /// Whether what it sets is kept in flash.
    pub saved: bool,
    /// The code that the command has of its own for what is wrong with a parameter: of this name, or of how many there
    /// are, with an empty one. Such a command takes a comma without an escape for the end of a string.
    pub codes: Option<fn(&str, Fault, bool) -> u16>,
    /// Which profiles have it. Where a release changed its forms, there are two entries of one name, and a profile
    /// has one of them.
    pub on: Availability,
}

impl Command {
    /// A code as the command gives it: of its own behind the parser's, where it has some.
    pub fn explain(&self, code: ErrorCode, raw: &[Raw], params: &[Param], profile: &Profile) -> ErrorCode {
        let (Some(codes), Some((fault, index))) = (self.codes, code.fault()) else { return code };
        let params = if let ([], Some(set)) = (params, &self.set) { set.syntaxes[0].params } else { params };
        let params = params.iter().filter(|p| profile.has(&p.on));
        let mut names = params.flat_map(|p| std::iter::repeat_n(p.name, p.times));
        let name = if fault == Fault::Count { "" } else { names.nth(index).unwrap_or_default() };
        let given = raw.get(index);
        let empty = matches!(given, Some(Raw::Text(text)) if text.is_empty());
        // What is left out is read as nothing.
        let fault = if matches!(given, Some(Raw::Omitted)) { Fault::Unreadable } else { fault };
        let own = ErrorCode::mqtt(codes(name, fault, empty));
        if fault == Fault::Unreadable { own.after(code) } else { own }
    }

    /// Whether the command has this form. No command of the release has a test form.
    pub fn has(&self, form: Form) -> bool {
        match form {
            Form::Test => false,
            Form::Query => self.query.is_some(),
            Form::Set => self.set.is_some(),
            Form::Execute => self.execute.is_some(),
        }
    }
}

pub(super) const NONE: Command = Command {
    name: "",
    summary: "",
    section: "",
    needs: &[],
    query_needs: &[],
    query: None,
    set: None,
    execute: None,
    saved: false,
    codes: None,
    on: Availability::ALL,
};

/// The ESP32 and its successors.
pub(super) const FAMILY: &[Chip] = &[Chip::Esp32, Chip::Esp32c3, Chip::Esp32c6];

/// Chips with Bluetooth LE.
pub(super) const BLE: &[Chip] = &[Chip::Esp32, Chip::Esp32c3, Chip::Esp32c6];

/// A set form with one syntax: its handler, then its parameters.
macro_rules! set {
    ($handler:expr $(, $param:expr)* $(,)?) => {
        Some(SetForm {
            syntaxes: &[Syntax { when: "", params: &[$($param),*] }],
            selector: None,
            handler: $handler,
        })
    };
}
pub(super) use set;

pub(super) const LINK_ID: Param = link().multiple_only();
pub(super) const LINKS: Param = links().multiple_only();
pub(super) const HOST: Param = text_within("remote host", limits::HOST);
pub(super) const PORT: Param = port("remote port");
