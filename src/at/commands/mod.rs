//! What the commands do. One file for each chapter of the command reference.
//!
//! A handler runs when its line has passed all checks. It answers at once, or returns a [`Job`] that goes on
//! while virtual time passes; until then every other line gets `busy p...`.
//!
//! Every handler has the same signature, and is lent all that a command may touch, as a [`Context`]: the time, the
//! firmware's state by idea (`c.core.links`, `c.core.radio`, ...), and what stands below it (`c.env`). That is wide on
//! purpose. A row of the table is data because all handlers are of one type; if each took its own parts, every row would
//! say once more how they are lent, and so would each job that goes on later. A handler is a few lines, and the paths in
//! them say what it touches: at the last count 161 of 187 touch the printer and at most one part more. What is longer than
//! that is no handler: clients, and whatever else goes on by itself, take the parts that they work with, and nothing else.

pub mod basic;
pub mod clock;
pub mod filter;
pub mod flash;
pub mod http;
pub mod link;
pub mod mdns;
pub mod mqtt;
pub mod options;
pub mod power;
pub mod receive;
pub mod send;
pub mod server;
pub mod status;
pub mod system;
pub mod tls;
pub mod uart;
pub mod update;
pub mod websocket;
pub mod wifi;
pub mod wifi_address;
pub mod wifi_join;
pub mod wifi_radio;
pub mod wifi_scan;
pub mod wifi_softap;

use super::error::ErrorCode;
use super::input::Input;
use super::job::Job;
use super::nvs::Nvs;
use super::outcome::{Context, Outcome, Result};
use super::schema::Args;
use super::upload::Upload;
use crate::time::Duration;

/// Where settings are saved, for those who are told that they are not.
const NVS: &str = "NVS";
/// Between OK and a prompt that is a write of its own (a guess).
const APART: Duration = Duration::from_millis(1);

impl Context<'_, '_> {
    /// Prints the prompt, and has the MCU's next bytes for this. Of commands whose prompt is apart in some releases.
    pub fn ask(&mut self, upload: Upload) -> Outcome {
        if !self.env.profile.differences.prompt_apart {
            self.core.out.prompt();
            return Outcome::Take(Input::Upload(upload));
        }
        self.core.out.ok();
        Outcome::Run(Job::until(self.now + APART, move |c| {
            c.core.out.begin_passthrough();
            Ok(Outcome::Take(Input::Upload(upload)))
        }))
    }

    /// Changes a setting that is saved: in RAM, and in flash unless AT+SYSSTORE=0. A write to flash takes time,
    /// and OK comes behind it.
    pub fn keep(&mut self, change: impl Fn(&mut Nvs)) -> Outcome {
        let stored = self.store(change);
        self.written(stored)
    }

    /// The same for a command that goes on anyhow: true when flash was written.
    pub fn store(&mut self, change: impl Fn(&mut Nvs)) -> bool {
        change(&mut self.core.settings);
        if self.core.system.store && self.core.can_write(NVS, self.env) {
            change(self.env.nvs);
        }
        self.core.system.store
    }

    /// The same for a setting that is saved whatever AT+SYSSTORE says.
    pub fn store_always(&mut self, change: impl Fn(&mut Nvs)) {
        change(&mut self.core.settings);
        if self.core.can_write(NVS, self.env) {
            change(self.env.nvs);
        }
    }

    /// An error unless so many bytes of memory are to be had for something.
    ///
    /// # Errors
    /// The log port has said so.
    pub fn claim(&mut self, what: &'static str, bytes: usize) -> std::result::Result<(), ErrorCode> {
        if self.core.has_memory(what, bytes, self.env) {
            return Ok(());
        }
        self.core.out.log("alloc fail");
        Err(ErrorCode::FAILED)
    }

    /// Whether so many bytes can be kept on the heap until the last of them has come.
    pub fn holds(&mut self, what: &'static str, bytes: usize) -> bool {
        self.env.profile.heap_holds(bytes) && self.core.has_memory(what, bytes, self.env)
    }

    /// OK, now or when a write to flash is over.
    pub fn written(&mut self, stored: bool) -> Outcome {
        if !stored {
            return Outcome::Ok;
        }
        Outcome::Run(Job::ok_at(self.now + self.env.draw(|p| &p.times.flash)))
    }
}

/// A command's code.
pub type Handler = fn(&mut Context<'_, '_>, &Args) -> Result;
