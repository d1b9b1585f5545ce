//! A small AT host in virtual time: what an MCU's driver does, for `espat-sim demo`.

use crate::edge::Session;
use crate::time::{Duration, Instant};
use crate::world::{Attachment, Error, ModuleId, World, drive};

/// A host at one module's UART.
pub struct Host<'s> {
    session: &'s Session,
    module: ModuleId,
    now: Instant,
    received: Vec<u8>,
}

/// One `+IPD`: the link (with AT+CIPMUX=1) and its bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Incoming {
    pub link: Option<u8>,
    pub data: Vec<u8>,
}

impl<'s> Host<'s> {
    pub fn attach(session: &'s Session, module: &str) -> Result<Host<'s>, String> {
        let module = call(session, |w| w.attach(module, Attachment::default()))?;
        Ok(Host { session, module, now: Instant::ZERO, received: Vec::new() })
    }

    /// Stores `bytes` at the present instant.
    pub fn store(&mut self, bytes: &[u8]) -> Result<(), String> {
        let (module, tick) = (self.module, self.now.as_nanos());
        call(self.session, |w| w.uart_write_block(module, tick, bytes))
    }

    /// Goes to the next event, not beyond `end`. False when `end` has come.
    fn step(&mut self, end: Instant) -> Result<bool, String> {
        let (module, received) = (self.module, &mut self.received);
        let (more, now) = call(self.session, |w| {
            let more = drive::step(w, module, end.as_nanos())?;
            while let Some(byte) = w.uart_read(module)? {
                received.push(byte.byte);
            }
            Ok((more, w.now(module)?))
        })?;
        self.now = now;
        Ok(more)
    }

    /// Lets time pass.
    pub fn wait(&mut self, time: Duration) -> Result<(), String> {
        let end = self.now + time;
        while self.step(end)? {}
        Ok(())
    }

    /// Waits until `text` has come. Returns what came up to its end.
    pub fn until(&mut self, text: &str, time: Duration) -> Result<String, String> {
        let end = self.now + time;
        loop {
            if let Some(at) = self.received.windows(text.len()).position(|w| w == text.as_bytes()) {
                let taken: Vec<u8> = self.received.drain(..at + text.len()).collect();
                return Ok(String::from_utf8_lossy(&taken).into_owned());
            }
            if !self.step(end)? {
                let got = String::from_utf8_lossy(&self.received);
                return Err(format!("'{}' did not come within {time}; got '{}'", text.trim(), got.trim()));
            }
        }
    }

    /// Sends a command line and waits for OK. Returns what came before it.
    pub fn command(&mut self, line: &str, time: Duration) -> Result<String, String> {
        self.received.clear();
        self.store(format!("{line}\r\n").as_bytes())?;
        let end = self.now + time;
        loop {
            for (last, good) in [("\r\nOK\r\n", true), ("\r\nERROR\r\n", false)] {
                if let Some(at) = self.received.windows(last.len()).position(|w| w == last.as_bytes()) {
                    let taken: Vec<u8> = self.received.drain(..at + last.len()).collect();
                    let answer = String::from_utf8_lossy(&taken).into_owned();
                    return if good { Ok(answer) } else { Err(format!("{line} failed: {}", answer.trim())) };
                }
            }
            if !self.step(end)? {
                return Err(format!("{line}: no answer within {time}"));
            }
        }
    }

    /// Sends `data` on a link (`None` with AT+CIPMUX=0).
    pub fn send(&mut self, link: Option<u8>, data: &[u8]) -> Result<(), String> {
        let link = link.map_or(String::new(), |id| format!("{id},"));
        self.store(format!("AT+CIPSEND={link}{}\r\n", data.len()).as_bytes())?;
        self.until("\r\nOK\r\n\r\n>", Duration::from_secs(5))?;
        self.store(data)?;
        self.until("SEND OK\r\n", Duration::from_secs(60)).map(|_| ())
    }

    /// Waits for a `+IPD`.
    pub fn incoming(&mut self, time: Duration) -> Result<Incoming, String> {
        let end = self.now + time;
        loop {
            if let Some((incoming, length)) = parse_ipd(&self.received) {
                self.received.drain(..length);
                return Ok(incoming);
            }
            if !self.step(end)? {
                return Err(format!("no +IPD within {time}"));
            }
        }
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.now
    }
}

/// The first complete `+IPD` in `bytes`, and how far it reaches.
fn parse_ipd(bytes: &[u8]) -> Option<(Incoming, usize)> {
    let start = bytes.windows(5).position(|w| w == b"+IPD,")? + 5;
    let colon = start + bytes[start..].iter().position(|b| *b == b':')?;
    let head = std::str::from_utf8(&bytes[start..colon]).ok()?;
    let mut numbers = head.split(',').map_while(|p| p.parse::<usize>().ok());
    let (link, length) = match (numbers.next()?, numbers.next()) {
        (link, Some(length)) => (Some(link as u8), length),
        (length, None) => (None, length),
    };
    let data = bytes.get(colon + 1..colon + 1 + length)?.to_vec();
    Some((Incoming { link, data }, colon + 1 + length))
}

fn call<R>(session: &Session, f: impl FnOnce(&mut World) -> Result<R, Error>) -> Result<R, String> {
    session.with(f).map_err(|e| e.to_string())?.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipd_is_taken_when_all_of_it_is_there() {
        let got = |bytes: &[u8]| parse_ipd(bytes).map(|(i, n)| (i.link, i.data, n));
        assert_eq!(got(b"\r\n+IPD,4:tes"), None);
        assert_eq!(got(b"\r\n+IPD,4:test\r\n"), Some((None, b"test".to_vec(), 13)));
        assert_eq!(got(b"\r\n+IPD,2,4:test\r\n"), Some((Some(2), b"test".to_vec(), 15)));
    }
}
