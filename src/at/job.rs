//! Commands that take time: what such a command waits for, and what it does then.
//!
//! A handler returns a [`Job`]; so does whatever goes on when the wait is over, as often as it takes. No job knows which
//! command it is of. While one runs, every other line is answered with `busy p...`.

use std::fmt;
use std::net::IpAddr;

use super::dial::{Dialling, Failure, LinkDial, unknown_host};
use super::error::ErrorCode;
use super::links::Link;
use super::outcome::{Await, Context, OnceDrained, Outcome, Result};
pub use super::outcome::{Job, Look, Work};
use crate::net::stack::{DnsFamily, DnsState, Echo, PingState};
use crate::time::Instant;
use crate::wifi::StationEvent;

impl Job {
    /// OK at this instant.
    pub fn ok_at(at: Instant) -> Job {
        Job::until(at, |_| Ok(Outcome::Ok))
    }

    /// Goes on at this instant.
    pub fn until(at: Instant, then: impl FnOnce(&mut Context<'_, '_>) -> Result + Send + 'static) -> Job {
        Job(Await::Until(at, Box::new(move |(), c| then(c))))
    }

    /// Looks up `name`, and goes on with its address, or with none: the log port has said so then. A literal address is
    /// found at once. There is none either at the instant `until`.
    ///
    /// # Errors
    /// The name is not UTF-8.
    pub fn name(
        c: &mut Context<'_, '_>,
        name: &[u8],
        family: DnsFamily,
        until: Option<Instant>,
        then: impl FnOnce(Option<IpAddr>, &mut Context<'_, '_>) -> Result + Send + 'static,
    ) -> std::result::Result<Job, ErrorCode> {
        let name = std::str::from_utf8(name).map_err(|_| ErrorCode::FAILED)?;
        Ok(Job(Await::Name(c.env.stack.dns_start(c.now, name, family), until, Box::new(then))))
    }

    /// The same for a command that fails without an address.
    ///
    /// # Errors
    /// The name is not UTF-8.
    pub fn address(
        c: &mut Context<'_, '_>,
        name: &[u8],
        family: DnsFamily,
        then: impl FnOnce(IpAddr, &mut Context<'_, '_>) -> Result + Send + 'static,
    ) -> std::result::Result<Job, ErrorCode> {
        Job::name(c, name, family, None, |ip, c| then(ip.ok_or(ErrorCode::FAILED)?, c))
    }

    /// Dials a link, and goes on with its id and what has become of it.
    pub fn link(
        dial: LinkDial,
        then: impl FnOnce((usize, std::result::Result<Link, Failure>), &mut Context<'_, '_>) -> Result
        + Send
        + 'static,
    ) -> Job {
        Job(Await::Link(Box::new(dial), Box::new(then)))
    }

    /// Goes on with what has become of a ping.
    pub fn echo(
        echo: Echo,
        then: impl FnOnce(PingState, &mut Context<'_, '_>) -> Result + Send + 'static,
    ) -> Job {
        Job(Await::Echo(echo, Box::new(then)))
    }

    /// Listens to the station until something has come of it.
    pub fn station(
        listen: impl Fn(StationEvent, &mut Context<'_, '_>) -> Option<Result> + Send + 'static,
    ) -> Job {
        Job(Await::Station(Box::new(listen)))
    }

    /// Works until the work says that it is over.
    pub fn work(work: impl Work + 'static) -> Job {
        Job(Await::Work(Box::new(work)))
    }

    /// When everything printed has left the wire, the chip does this.
    pub fn drained(then: OnceDrained) -> Job {
        Job(Await::Drained(then))
    }

    /// An instant that it waits for is this one at the earliest.
    pub fn not_before(&mut self, now: Instant) {
        if let Await::Until(at, _) = &mut self.0 {
            *at = (*at).max(now);
        }
    }

    /// What the chip is to do when everything printed has left the wire.
    pub fn once_drained(&self) -> Option<OnceDrained> {
        match &self.0 {
            Await::Drained(then) => Some(*then),
            _ => None,
        }
    }

    /// When it must be looked at, the stack and the station apart.
    pub fn next_timer(&self) -> Option<Instant> {
        match &self.0 {
            Await::Until(at, _) => Some(*at),
            Await::Name(_, until, _) => *until,
            Await::Work(work) => work.timer(),
            Await::Link(dial, _) => dial.next_timer(),
            Await::Echo(..) | Await::Station(_) | Await::Drained(_) => None,
        }
    }

    /// Looks at it. What it comes to, or itself when that takes longer, with whether it went a step further.
    pub fn poll(
        self,
        c: &mut Context<'_, '_>,
        event: Option<StationEvent>,
    ) -> std::result::Result<Result, (Job, bool)> {
        let waiting = |job| Err((Job(job), false));
        match self.0 {
            Await::Until(at, then) if at <= c.now => Ok(then((), c)),
            job @ Await::Until(..) => waiting(job),
            Await::Name(question, until, then) => {
                let address = match c.env.stack.dns_state(question) {
                    DnsState::Pending if until.is_none_or(|until| until > c.now) => {
                        return waiting(Await::Name(question, until, then));
                    }
                    DnsState::Resolved(address) => Some(address),
                    DnsState::Pending | DnsState::Failed => {
                        c.core.out.log(&unknown_host(c.env.stack.dns_name(question)));
                        None
                    }
                };
                c.env.stack.dns_release(question);
                Ok(then(address, c))
            }
            Await::Link(mut dial, then) => {
                let id = dial.id();
                match dial.poll(c.now, c.env.stack) {
                    Dialling::Waiting => waiting(Await::Link(dial, then)),
                    Dialling::Moved => Err((Job(Await::Link(dial, then)), true)),
                    Dialling::Open(link) => Ok(then((id, Ok(link)), c)),
                    Dialling::Failed(failure) => Ok(then((id, Err(failure)), c)),
                }
            }
            Await::Echo(echo, then) => match c.env.stack.ping_state(echo) {
                PingState::Pending => waiting(Await::Echo(echo, then)),
                state => {
                    c.env.stack.ping_release(echo);
                    Ok(then(state, c))
                }
            },
            Await::Station(listen) => match event.and_then(|event| listen(event, c)) {
                Some(result) => Ok(result),
                None => waiting(Await::Station(listen)),
            },
            Await::Work(mut work) => match work.look(c) {
                Look::Waiting => waiting(Await::Work(work)),
                Look::Moved => Err((Job(Await::Work(work)), true)),
                Look::Over(result) => Ok(result),
            },
            job @ Await::Drained(_) => waiting(job),
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Await::Until(..) => "waits for an instant",
            Await::Name(..) => "waits for a name",
            Await::Link(..) => "waits for a link",
            Await::Echo(..) => "waits for a ping",
            Await::Station(_) => "waits for the station",
            Await::Work(_) => "works",
            Await::Drained(_) => "waits for the wire",
        })
    }
}
