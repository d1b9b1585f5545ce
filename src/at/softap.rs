//! The softAP as the firmware runs it.

use super::{Core, Env};
use crate::time::Instant;

impl Core {
    /// Starts the softAP anew with what is set, or stops it.
    pub(super) fn restart_softap(&mut self, _: Instant, _: &mut Env<'_>) {}

    /// Puts the set range of its DHCP server in force.
    pub(super) fn serve_leases(&mut self, _: &mut Env<'_>) {}
}
