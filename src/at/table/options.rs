//! The TCP/IP commands that set up what links do, as data: names, TLS, time, receive and passthrough settings.

use super::*;

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[];
