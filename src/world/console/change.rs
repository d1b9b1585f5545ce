//! What a line changes, and whom that concerns.

use std::fmt;

use super::{DnsChange, LinkChange, Name, WireChange, host, module};
use crate::module::ModuleChange;
use crate::net::config::DhcpAnswers;
use crate::net::network::HostAction;
use crate::net::service::quoted;
use crate::time::Duration;
use crate::wifi::config::{ApChange, Association};
use crate::world::Pin;
use crate::world::quantity::duration_text;

/// A change of the world: what a test, or the scenario's timeline, does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `ap NAME up`: the access point is on the air.
    ApUp(String),
    /// `ap NAME down`: the access point is gone, and every station with it.
    ApDown(String),
    /// `ap NAME dhcp-answers WHAT`: what the DHCP server behind the access point answers.
    ApDhcp {
        /// The access point.
        name: String,
        /// What it answers from now on.
        answers: DhcpAnswers,
    },
    /// `ap NAME association WHAT`: how the access point answers stations that want to associate.
    ApAssociation {
        /// The access point.
        name: String,
        /// What it answers from now on.
        association: Association,
    },
    /// `ap NAME rssi DBM [over TIME] [for MODULE]`: how strong the access point is heard, at once or by and by.
    ApRssi {
        /// The access point.
        name: String,
        /// dBm, -100 to -1.
        dbm: i8,
        /// How long it takes.
        over: Duration,
        /// By this module alone; `None`: by each.
        module: Option<String>,
    },
    /// A step of that, one dB at a time. Nobody says it, and it is no event.
    ApFades {
        /// The access point.
        name: String,
        /// dBm.
        dbm: i8,
        /// For this module alone.
        module: Option<String>,
    },
    /// `ap NAME channel N`, `password TEXT`, `deauth`: something happens to the access point's radio.
    ApRadio {
        /// The access point.
        name: String,
        /// What; not [`ApChange::Rssi`].
        change: ApChange,
    },
    /// `ap NAME uplink up|down`: whether the LAN behind the access point reaches anything else.
    ApUplink {
        /// The access point.
        name: String,
        /// It does.
        up: bool,
    },
    /// `ap NAME captive on|off`: whether the gateway behind the access point is a captive portal.
    ApCaptive {
        /// The access point.
        name: String,
        /// It is.
        on: bool,
    },
    /// `module NAME CHANGE`: something is wrong with a module itself, or right again.
    Module {
        /// The module.
        name: String,
        /// What.
        change: ModuleChange,
    },
    /// `pin NAME PIN LEVEL`: a wire of the board pulls at a pin of this module.
    Pin {
        /// The module.
        name: String,
        /// The pin.
        pin: Pin,
        /// High.
        high: bool,
    },
    /// `dns NAME SETTING...`: changes how a DNS server behaves.
    Dns {
        /// A host with a DNS server, or the gateway.
        name: String,
        /// What changes; the rest stays.
        change: DnsChange,
    },
    /// `link NAME SETTING...`: changes a link, named after its module or host.
    Link {
        /// The module or host at the end of the link.
        name: String,
        /// What changes; the rest stays.
        change: LinkChange,
    },
    /// `wire NAME SETTING...`: harms the bytes between a module and its MCU.
    Wire {
        /// The module.
        name: String,
        /// What changes; the rest stays.
        change: WireChange,
    },
    /// `host NAME ACTION`: a host does something by itself.
    Host {
        /// The host.
        name: String,
        /// What it does.
        action: HostAction,
    },
}

/// Who must see a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience<'a> {
    /// One module.
    Module(&'a str),
    /// The network; modules only see frames, or miss them.
    Network,
    /// The network and every module.
    Everybody,
}

impl Change {
    /// What it changes: the name of a module, host or access point, or `gateway`.
    pub fn subject(&self) -> &str {
        match self {
            Change::ApUp(name) | Change::ApDown(name) => name,
            Change::ApDhcp { name, .. }
            | Change::ApRssi { name, .. }
            | Change::ApFades { name, .. }
            | Change::ApRadio { name, .. }
            | Change::ApUplink { name, .. }
            | Change::ApCaptive { name, .. }
            | Change::ApAssociation { name, .. }
            | Change::Module { name, .. }
            | Change::Pin { name, .. }
            | Change::Dns { name, .. }
            | Change::Link { name, .. }
            | Change::Wire { name, .. }
            | Change::Host { name, .. } => name,
        }
    }

    /// Whether somebody has said it: a step of what was said before, and what a real program does, nobody has.
    pub fn is_from_outside(&self) -> bool {
        !matches!(self, Change::ApFades { .. } | Change::Host { action: HostAction::External { .. }, .. })
    }

    /// Who must see it.
    pub fn audience(&self) -> Audience<'_> {
        match self {
            Change::ApUp(_)
            | Change::ApDown(_)
            | Change::ApAssociation { .. }
            | Change::ApRssi { .. }
            | Change::ApFades { .. }
            | Change::ApRadio { .. } => Audience::Everybody,
            Change::ApUplink { .. } | Change::ApCaptive { .. } => Audience::Network,
            Change::ApDhcp { .. } | Change::Dns { .. } | Change::Link { .. } => Audience::Network,
            Change::Wire { name, .. } | Change::Pin { name, .. } | Change::Module { name, .. } => {
                Audience::Module(name)
            }
            // It comes to the softAP of one module, and leaves that of another.
            Change::Host { action, .. } if action.moves().is_some() => Audience::Everybody,
            Change::Host { .. } => Audience::Network,
        }
    }
}

/// The canonical line.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::ApUp(name) => write!(f, "ap {} up", Name(name)),
            Change::ApDown(name) => write!(f, "ap {} down", Name(name)),
            Change::ApDhcp { name, answers } => {
                write!(f, "ap {} dhcp-answers {}", Name(name), answers.word())
            }
            Change::ApAssociation { name, association } => {
                write!(f, "ap {} association {}", Name(name), association.word())
            }
            Change::ApRssi { name, dbm, over, module } => {
                write!(f, "ap {} rssi {dbm}", Name(name))?;
                if *over > Duration::ZERO {
                    write!(f, " over {}", duration_text(*over))?;
                }
                module.iter().try_for_each(|module| write!(f, " for {}", Name(module)))
            }
            Change::ApFades { name, dbm, .. } => write!(f, "ap {} rssi {dbm}", Name(name)),
            Change::ApRadio { name, change } => match change {
                ApChange::Rssi(dbm) => write!(f, "ap {} rssi {dbm}", Name(name)),
                ApChange::Channel(channel) => write!(f, "ap {} channel {channel}", Name(name)),
                ApChange::Password(password) => write!(f, "ap {} password {}", Name(name), quoted(password)),
                ApChange::Deauth => write!(f, "ap {} deauth", Name(name)),
            },
            Change::ApUplink { name, up } => {
                write!(f, "ap {} uplink {}", Name(name), if *up { "up" } else { "down" })
            }
            Change::ApCaptive { name, on } => {
                write!(f, "ap {} captive {}", Name(name), if *on { "on" } else { "off" })
            }
            Change::Pin { name, pin, high } => {
                write!(f, "pin {} {} {}", Name(name), pin.word(), if *high { "high" } else { "low" })
            }
            Change::Module { name, change } => {
                write!(f, "module {} {}", Name(name), module::Shown(change))
            }
            Change::Dns { name, change } => write!(f, "dns {} {change}", Name(name)),
            Change::Link { name, change } => write!(f, "link {} {change}", Name(name)),
            Change::Wire { name, change } => write!(f, "wire {} {change}", Name(name)),
            Change::Host { name, action } => write!(f, "host {} {}", Name(name), host::Shown(action)),
        }
    }
}
