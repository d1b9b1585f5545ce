//! Passthrough: the UART and one link as if they were one wire.
//!
//! [`Framing`] turns the MCU's bytes into blocks and finds the `+++` that ends it. [`Session`] is passthrough
//! under way: it hands the blocks to the link, and opens the link again when it breaks. Received data goes to
//! the UART raw for as long as AT+CIPMODE=1, with or without a session.

mod framing;
mod session;

pub use framing::{Action, Framing, GUARD, Packing};
pub use session::Session;

use super::Core;
use super::request::OpenRequest;
use crate::profile::Profile;

impl Core {
    /// Passthrough over link `id`; see [`Session::new`].
    pub(super) fn passthrough_over(
        &self,
        id: usize,
        target: Option<OpenRequest>,
        profile: &Profile,
        open: bool,
    ) -> Session {
        let packing = Packing { block: profile.transmit_block, interval: self.system.transmit_interval };
        Session::new(id, target, packing, self.system.line_end, open)
    }
}
