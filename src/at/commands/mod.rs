//! What the commands do. One file for each chapter of the command reference.
//!
//! A handler runs when its line has passed all checks. It answers at once, or returns a [`Job`] that goes on
//! while virtual time passes; until then every other line gets `busy p...`.

pub mod basic;
pub mod link;
pub mod status;
pub mod wifi;

use super::error::ErrorCode;
use super::job::Job;
use super::schema::Args;
use super::{Core, Env};
use crate::time::Instant;

/// What a handler works with.
pub struct Context<'a, 'e> {
    /// Now.
    pub now: Instant,
    /// The AT firmware's own state.
    pub core: &'a mut Core,
    /// What stands below it.
    pub env: &'a mut Env<'e>,
}

/// What a handler comes to.
#[derive(Debug)]
pub enum Outcome {
    /// `OK`.
    Ok,
    /// It goes on.
    Run(Job),
    /// It has printed its own end.
    Done,
}

/// A command's code.
pub type Handler = fn(&mut Context<'_, '_>, &Args) -> Result<Outcome, ErrorCode>;
