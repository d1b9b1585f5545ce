//! QEMU: the module as the far end of a UART of an unmodified `qemu-system-arm`.
//!
//! The library is a TCG plugin (`-plugin libespat_sim.so,…`). Its entry points are in [`plugin`]. The official
//! plugin interface offers neither character devices nor timers, so the functions of QEMU that do are looked
//! up by name when the plugin is loaded ([`api`]); a QEMU built with modules, as the distributions build it,
//! exports them all. [`coupling`] joins the two: bytes that the guest stores go to the world at QEMU's own
//! virtual time, a timer on QEMU's virtual clock brings back what the module sends, and [`idle`] moves time on
//! while the guest sleeps, which QEMU alone does not do reproducibly. Beside the wire there are the guest's own [`console`], on
//! which it prints and a script types, and [`pins`] of the module that the guest drives.
//!
//! The world is one of this process, or one that several boards share ([`air`]): then [`remote`] asks the process that has it,
//! and [`turn`] waits for the board's turn.
//!
//! Nothing of QEMU is linked or copied. The same file serves Renode and C programs, where this part sleeps.
//!
//! [`record`] is the text in which a run reports to `espat-sim qemu`, and [`child`] starts QEMU for it.

mod air;
mod api;
mod arguments;
pub mod child;
mod console;
mod coupling;
mod guest_line;
mod hook;
mod idle;
mod pace;
pub mod pins;
mod plugin;
pub mod record;
mod remote;
mod reporter;
mod socket;
mod turn;
pub mod typing;

pub use remote::epoch_of_world;

/// How a run ends when it is not the guest or the user who ends it: exit codes of the QEMU process.
pub mod exit_code {
    /// The virtual-time limit was reached (the code that `timeout` uses).
    pub const LIMIT: i32 = 124;
    /// The guest sleeps and no event is left that could wake it.
    pub const ASLEEP: i32 = 123;
    /// Neither the wire nor the scenario has moved for as long as it may.
    pub const STALLED: i32 = 121;
    /// The coupling failed: its sentence is on the standard error stream.
    pub const BROKEN: i32 = 122;
}
