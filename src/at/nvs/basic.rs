//! Saved settings of the basic commands.

use serde::{Deserialize, Serialize};

/// Saved settings of the basic commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Basic {
    /// AT+SYSMSG: bit 0 `+QUITT`, bit 1 `+LINK_CONN`, bit 2 messages in passthrough.
    pub messages: u8,
}
