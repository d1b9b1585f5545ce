//! AT+CIPSEND and AT+CIPSENDEX after their last byte: the stack takes what was typed, as fast as it has room.

use super::links::Kind;
use super::outcome::{Context, Job, Look, Outcome, Work};
use super::payload::Payload;
use crate::net::stack::StreamState;
use crate::time::Instant;

/// Everything has been typed: says so, and hands it to the stack.
pub fn begin(payload: Payload, c: &mut Context<'_, '_>) -> Outcome {
    c.core.out.text(&format!("\r\nRecv {} bytes\r\n", payload.data().len()));
    let until = c.core.send_timeout(payload.link.id).map(|timeout| c.now + timeout);
    Outcome::Run(Job::work(Sending { payload, sent: 0, until }))
}

/// Payload on its way into the stack.
#[derive(Debug)]
struct Sending {
    payload: Payload,
    /// So many bytes are in.
    sent: usize,
    /// It fails then, unless the stack takes something.
    until: Option<Instant>,
}

impl Work for Sending {
    fn timer(&self) -> Option<Instant> {
        self.until
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        // Otherwise the link was closed, and perhaps its id opened again by somebody else.
        let Some(link) = c.core.links.find(self.payload.link) else { return over(c, "SEND FAIL") };
        let data = self.payload.data();
        match link.kind {
            Kind::Datagrams(port, _) => {
                // Nothing but the marker of AT+CIPSENDEX: there is nothing to send (a guess).
                if !data.is_empty() && c.env.stack.udp_send(port, self.payload.to, data).is_err() {
                    return over(c, "SEND FAIL");
                }
            }
            Kind::Stream(stream) => {
                if let StreamState::Closed(_) | StreamState::Closing = c.env.stack.stream_state(stream) {
                    return over(c, "SEND FAIL");
                }
                let taken = c.env.stack.stream_send(stream, &data[self.sent..]);
                self.sent += taken;
                if self.sent < data.len() {
                    // What the stack has taken already is on its way; the stream is broken for the host.
                    if taken == 0 && self.until.is_some_and(|until| until <= c.now) {
                        return over(c, "SEND FAIL");
                    }
                    return if taken > 0 { Look::Moved } else { Look::Waiting };
                }
                // esp-tls returns when the socket has the last of its record.
                if c.env.stack.stream_held(stream) > 0 {
                    let late = self.until.is_some_and(|until| until <= c.now);
                    return if late { over(c, "SEND FAIL") } else { Look::Waiting };
                }
            }
        }
        if c.env.profile.differences.server_timeout_either_way
            && let Some(link) = c.core.links.get_mut(self.payload.link.id)
        {
            link.heard.0 = c.now;
        }
        over(c, "SEND OK")
    }
}

fn over(c: &mut Context<'_, '_>, text: &str) -> Look {
    c.core.out.text(&format!("\r\n{text}\r\n"));
    Look::Over(Ok(Outcome::Done))
}
