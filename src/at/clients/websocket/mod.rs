//! The WebSocket client: up to three links, in the way of esp_websocket_client, each in a task of its own beside the
//! commands.
//!
//! A link dials, shakes hands, and is open; when it is lost it waits and tries again for ever, unless the server has closed it
//! with a close frame. Of frames the host sees data alone, as it is read from the socket: neither where a message ends nor
//! what kind it is. Pings are sent when nothing has come for a while, and answered when one comes.

mod link;

use super::http::Header;
use crate::at::Env;
use crate::at::clock::Clock;
use crate::at::output::Output;
use crate::net::websocket::handshake;
use crate::time::Instant;
use link::{Around, Link, Looked, MOST_REQUEST, Step};
pub use link::{Config, Request, State};

/// Links, 0 and up.
pub const LINKS: usize = 3;
/// What there is of WebSocket.
#[derive(Debug, Default)]
pub struct WebSockets {
    /// AT+WSCFG, for each link.
    pub configs: [Config; LINKS],
    /// AT+WSHEAD: headers of every handshake.
    pub headers: Vec<Header>,
    links: [Option<Link>; LINKS],
}

impl WebSockets {
    /// Where a link stands; `None`: it is closed.
    pub fn state(&self, id: usize) -> Option<State> {
        self.links.get(id)?.as_ref().map(Link::state)
    }

    /// The links that there are: id, state, address.
    pub fn all(&self) -> impl Iterator<Item = (usize, State, &str)> {
        let links = self.links.iter().enumerate();
        links.filter_map(|(id, link)| link.as_ref().map(|link| (id, link.state(), &link.request.uri[..])))
    }

    /// Most bytes of data in a frame.
    pub fn most(&self, id: usize) -> usize {
        self.links.get(id).and_then(Option::as_ref).map_or(0, |link| link.config.buffer.saturating_sub(10))
    }

    /// Queues a frame on an open link. Answers how many bytes will have been taken when it is sent.
    pub fn send(&mut self, id: usize, opcode: u8, data: &[u8], env: &mut Env<'_>) -> Option<u64> {
        let link = self.links.get_mut(id)?.as_mut().filter(|link| link.state() == State::Connected)?;
        link.frame(opcode, data, env);
        Some(link.queued)
    }

    /// Whether so many bytes have been taken by now; `None`: the link is not open any more.
    pub fn is_sent(&self, id: usize, bytes: u64) -> Option<bool> {
        let link = self.links.get(id)?.as_ref()?;
        // A close frame may have been answered meanwhile.
        matches!(link.step, Step::Open(..) | Step::Closing(..)).then_some(link.taken >= bytes)
    }

    /// AT+WSOPEN has seen that the link is open: it is on its own from here on.
    pub fn let_go(&mut self, id: usize) {
        if let Some(link) = self.links.get_mut(id).and_then(Option::as_mut) {
            link.first = false;
        }
    }

    /// Closes the connection without a close frame, and forgets the link. False: there is none.
    pub fn close(&mut self, id: usize, env: &mut Env<'_>) -> bool {
        let link = self.links.get_mut(id).and_then(Option::take);
        let there = link.is_some();
        if let Some(link) = link {
            link.step.release(env);
        }
        there
    }

    /// When a connection or its end takes too long.
    pub fn step_at(&self) -> Option<Instant> {
        self.earliest(|link| match &link.step {
            Step::Dialling(dial) => dial.next_timer(),
            Step::Shaking { until, .. } | Step::Closing(_, until) => Some(*until),
            Step::Open(..) | Step::Waiting(_) => None,
        })
    }

    /// When a lost link is opened again.
    pub fn reopen_at(&self) -> Option<Instant> {
        self.earliest(|link| match link.step {
            Step::Waiting(at) => Some(at),
            Step::Dialling(_) | Step::Shaking { .. } | Step::Open(..) | Step::Closing(..) => None,
        })
    }

    /// When a ping is due.
    pub fn ping_at(&self) -> Option<Instant> {
        self.earliest(Link::ping_at)
    }

    /// When a ping has stayed without an answer for too long.
    pub fn pong_at(&self) -> Option<Instant> {
        self.earliest(Link::pong_at)
    }

    fn earliest(&self, time: impl Fn(&Link) -> Option<Instant>) -> Option<Instant> {
        self.links.iter().flatten().filter_map(time).min()
    }

    /// Begins to open a link, which must be closed.
    ///
    /// # Errors
    /// The line of the log port: a certificate or key that it needs is not in flash, or the request would be too long.
    pub fn open(
        &mut self,
        now: Instant,
        id: usize,
        request: Request,
        clock: Clock,
        env: &mut Env<'_>,
    ) -> Result<(), &'static str> {
        let config = self.configs.get(id).copied().unwrap_or_default();
        let mut link = Link::new(now, request, config);
        if link.request_bytes("", &self.headers).len() + handshake::KEY_LENGTH >= MOST_REQUEST {
            return Err("Error in request length");
        }
        link.dial(now, clock, env)?;
        if let Some(place) = self.links.get_mut(id) {
            *place = Some(link);
        }
        Ok(())
    }

    /// Does what is due on every link. True when something happened.
    pub fn poll(&mut self, now: Instant, out: &mut Output, clock: Clock, env: &mut Env<'_>) -> bool {
        let mut moved = false;
        let around = &mut Around { headers: &self.headers, out, clock };
        for (id, place) in self.links.iter_mut().enumerate() {
            while let Some(link) = place {
                let looked = link.look(now, id, around, env);
                moved |= !matches!(looked, Looked::Waiting);
                match looked {
                    Looked::Waiting => break,
                    Looked::Moved => {}
                    Looked::Closed => {
                        link.end(Step::Waiting(now), env);
                        *place = None;
                        around.out.announce(&format!("+WS_CLOSED:{id}\r\n"));
                    }
                    Looked::Lost => {
                        let again = now + env.profile.times.websocket_reopen.draw(env.timing, env.dials);
                        link.end(Step::Waiting(again), env);
                        around.out.announce(&format!("+WS_DISCONNECTED:{id}\r\n"));
                        link.reset(now);
                        // Whether it would go on behind the back of a command that has failed is not known; a guess.
                        if link.first {
                            *place = None;
                        }
                    }
                }
            }
        }
        moved
    }
}
