//! What a handler works with, and what it comes to: an end, a job that goes on, or an input mode that wants bytes.
//!
//! These types stand in one file because they are one: an [`Outcome`] may hold a [`Job`] or an [`Input`], which end in an
//! [`Outcome`] again. What they do stands above: in [`super::job`], [`super::input`] and [`super::upload`].

use std::fmt;
use std::net::IpAddr;

use super::dial::{Failure, LinkDial};
use super::error::ErrorCode;
use super::links::Link;
use super::long_send::LongSend;
use super::nvs::UartSettings;
use super::passthrough::Session;
use super::payload::Payload;
use super::{Core, Env};
use crate::net::stack::{Echo, PingState, Question};
use crate::time::{Duration, Instant};
use crate::wifi::StationEvent;

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
    /// The MCU's next bytes are not command lines. The prompt is printed.
    Take(Input),
    /// It has printed its own end.
    Done,
}

/// What a command comes to: now, or for the time being.
pub type Result = std::result::Result<Outcome, ErrorCode>;

/// A command under way.
pub struct Job(pub(super) Await);

/// What it waits for, and what it does then.
pub(super) enum Await {
    /// An instant.
    Until(Instant, Then<()>),
    /// An address for a name; by an instant, if there is one.
    Name(Question, Option<Instant>, Then<Option<IpAddr>>),
    /// A link: a stream, or a port for datagrams.
    Link(Box<LinkDial>, Then<(usize, std::result::Result<Link, Failure>)>),
    /// The answer to a ping.
    Echo(Echo, Then<PingState>),
    /// The station.
    Station(Listen),
    /// Whatever it looks at.
    Work(Box<dyn Work>),
    /// Everything printed has left the wire. Then the chip does this, and the command is over.
    Drained(OnceDrained),
}

/// What goes on when something has come.
pub(super) type Then<T> = Box<dyn FnOnce(T, &mut Context<'_, '_>) -> Result + Send>;

/// What goes on with each event of the station; `None` when this one was not it.
pub(super) type Listen = Box<dyn Fn(StationEvent, &mut Context<'_, '_>) -> Option<Result> + Send>;

/// Work that is looked at whenever something below has moved.
pub trait Work: fmt::Debug + Send {
    /// When it must be looked at, whether anything has moved or not.
    fn timer(&self) -> Option<Instant>;

    /// Looks at it.
    fn look(&mut self, c: &mut Context<'_, '_>) -> Look;
}

/// What a look comes to.
#[derive(Debug)]
pub enum Look {
    /// Nothing yet.
    Waiting,
    /// It went a step further.
    Moved,
    /// The wait is over.
    Over(Result),
}

/// What a chip does when everything printed has left the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceDrained {
    /// Resets itself.
    Restart,
    /// Erases its saved settings and resets itself.
    Restore,
    /// Sleeps for so long, then starts.
    Sleep(Duration),
    /// Sets its UART.
    Line(UartSettings),
}

/// Who owns the MCU's bytes.
#[derive(Debug, Default)]
pub enum Input {
    /// The parser: they are command lines.
    #[default]
    Lines,
    /// AT+CIPSEND and AT+CIPSENDEX: so many bytes, and then they are sent.
    Payload(Payload),
    /// AT+CIPSENDL: bytes that are sent while more come. When all have come the parser has the next ones, but the
    /// command is not over before everything is sent.
    LongSend(Box<LongSend>),
    /// So many bytes for a command that has nothing to do with links.
    Upload(Upload),
    /// Passthrough, until `+++`.
    Passthrough(Box<Session>),
}

/// Bytes for a command under way.
#[derive(Debug)]
pub struct Upload {
    pub(super) consumer: Box<dyn Consumer>,
    pub(super) length: usize,
    pub(super) data: Vec<u8>,
}

/// What the bytes of an upload are for.
pub trait Consumer: fmt::Debug + Send {
    /// All of them have come. From here on it is what a handler is: it answers, or returns a job, or has printed an end
    /// of its own.
    ///
    /// # Errors
    /// What a handler's are.
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result;
}
