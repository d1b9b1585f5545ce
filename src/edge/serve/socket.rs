//! TCP and Unix sockets: one client at a time, the next one waits its turn.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};

use super::{CHUNK, Clock, Event, Outlet, WAITING};

/// Clients that may wait until the one before them has gone.
const BACKLOG: i32 = 8;
/// A client whose machine has vanished is given up after about this and three probes more.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// The path of a socket that is made there.
    Unix(PathBuf),
}

impl Address {
    /// Reads `PORT`, `:PORT`, `localhost:PORT`, `ADDRESS:PORT` or `[V6-ADDRESS]:PORT`. What names no address is
    /// on the loopback interface.
    ///
    /// # Errors
    /// One sentence that says what was expected.
    pub fn tcp(text: &str) -> Result<Address, String> {
        let expected = || {
            format!(
                "'{text}' is no address; expected a port such as 7000, or address:port such as 0.0.0.0:7000"
            )
        };
        let port = text.strip_prefix("localhost:").or_else(|| text.strip_prefix(':')).unwrap_or(text);
        if let Ok(port) = port.parse::<u16>() {
            return Ok(Address::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        text.parse().map(Address::Tcp).map_err(|_| expected())
    }

    /// Whether other machines can reach it.
    pub fn is_public(&self) -> bool {
        matches!(self, Address::Tcp(address) if !address.ip().is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => path.display().fmt(f),
        }
    }
}

/// A socket that listens. The path of a Unix one goes with it.
#[derive(Debug)]
pub struct Listener {
    socket: Arc<Socket>,
    address: Address,
}

impl Listener {
    /// Listens at `address`. The file of a Unix socket that nobody serves any more is replaced.
    ///
    /// # Errors
    /// One sentence that says why not.
    pub fn bind(address: &Address) -> Result<Listener, String> {
        let failed = |e: io::Error| format!("cannot listen on {address}: {e}");
        let (socket, at) = match address {
            Address::Tcp(at) => {
                let socket = Socket::new(Domain::for_address(*at), Type::STREAM, None).map_err(failed)?;
                // A port is free again as soon as the last run has ended. On Windows it always is, and the
                // option would let two programs have it.
                #[cfg(unix)]
                socket.set_reuse_address(true).map_err(failed)?;
                (socket, SockAddr::from(*at))
            }
            Address::Unix(path) => {
                let at = SockAddr::unix(path).map_err(failed)?;
                remove_unused(path, &at)?;
                (Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed)?, at)
            }
        };
        socket.bind(&at).map_err(failed)?;
        socket.listen(BACKLOG).map_err(failed)?;
        let chosen = socket.local_addr().ok().and_then(|a| a.as_socket());
        let address = chosen.map_or_else(|| address.clone(), Address::Tcp);
        Ok(Listener { socket: Arc::new(socket), address })
    }

    /// Where it listens, with the port that the system chose.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The socket, for who takes several clients at a time.
    #[cfg(unix)]
    pub(in crate::edge) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Starts the thread that serves one client after the other, as long as the events are taken.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn serve(&self, clock: Clock) -> io::Result<Receiver<Event>> {
        let (events, taken) = bounded(WAITING);
        let socket = Arc::clone(&self.socket);
        Builder::new().name("espat-serve-read".into()).spawn(move || {
            // The error is that nobody takes events any more.
            let _ = accept(&socket, clock, &events);
        })?;
        Ok(taken)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes a socket that was left behind. What is no socket, or has somebody behind it, stays.
fn remove_unused(path: &Path, at: &SockAddr) -> Result<(), String> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    let shown = path.display();
    #[cfg(unix)]
    if !std::os::unix::fs::FileTypeExt::is_socket(&found.file_type()) {
        return Err(format!("cannot listen on {shown}: there is something else of this name"));
    }
    #[cfg(not(unix))]
    let _ = found;
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None).and_then(|s| s.connect(at));
    match probe {
        Err(e) if e.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|e| format!("cannot replace {shown}: {e}"))
        }
        Ok(()) => Err(format!("cannot listen on {shown}: another program listens there")),
        Err(e) => Err(format!("cannot listen on {shown}: {e}")),
    }
}

type Hangup = crossbeam_channel::SendError<Event>;

fn accept(listener: &Socket, clock: Clock, events: &Sender<Event>) -> Result<(), Hangup> {
    loop {
        match listener.accept() {
            Ok((client, from)) => {
                let peer = from.as_socket().map_or_else(|| "a client".to_owned(), |a| a.to_string());
                match outlet(&client) {
                    Ok(outlet) => events.send(Event::Opened { peer, outlet, rate: None })?,
                    Err(_) => continue,
                }
                read(&client, clock, events)?;
                events.send(Event::Closed)?;
            }
            // The client went before it was its turn.
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
            Err(e) => return events.send(Event::Failed(format!("no client can be taken any more: {e}"))),
        }
    }
}

/// The way to this client.
fn outlet(client: &Socket) -> io::Result<Outlet> {
    // Neither is there for a Unix socket, and without them the client is served all the same.
    let _ = client.set_tcp_nodelay(true);
    let _ = client.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE));
    let (writer, closer) = (client.try_clone()?, client.try_clone()?);
    Outlet::new(writer, move || {
        let _ = closer.shutdown(Shutdown::Write);
    })
}

/// Reads until the client has gone.
fn read(client: &Socket, clock: Clock, events: &Sender<Event>) -> Result<(), Hangup> {
    let mut buffer = [0; CHUNK];
    let mut reader = client;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => events.send(Event::Bytes { at: clock.now(), bytes: buffer[..count].to_vec() })?,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_on_the_loopback_interface_unless_it_says_otherwise() {
        for (text, expected) in [
            ("7000", "127.0.0.1:7000"),
            (":7000", "127.0.0.1:7000"),
            ("localhost:0", "127.0.0.1:0"),
            ("127.0.0.2:7000", "127.0.0.2:7000"),
            ("[::1]:7000", "[::1]:7000"),
        ] {
            let address = Address::tcp(text).unwrap();
            assert_eq!(address.to_string(), expected, "{text}");
            assert!(!address.is_public(), "{text}");
        }
        assert!(Address::tcp("0.0.0.0:7000").unwrap().is_public());
        assert!(Address::tcp("[::]:7000").unwrap().is_public());
        for text in ["", ":", "70000", "example.com:7000", "1.2.3.4", "::1:7000"] {
            let said = Address::tcp(text).expect_err(text);
            assert!(said.contains("expected a port"), "{said}");
        }
    }
}
