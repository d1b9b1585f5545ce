//! esp-at-nal from crates.io, unmodified, on atat: a driver for firmware in Rust (`docs/drivers.md`).
//!
//! Everything that its interface offers is called; what it sends and reads is its own business.

#[path = "../drivers/virtual_time.rs"]
mod virtual_time;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use atat::blocking::Client;
use atat::digest::AtDigester;
use atat::{Config, Error as AtError, Ingress};
use embedded_nal::{TcpClientStack, TcpError, TcpErrorKind, nb};
use esp_at_nal::stack::{Error, Socket};
use esp_at_nal::wifi::{Adapter, CommandError, JoinError, WifiAdapter};
use espat_sim::world::{Recording, Scenario, replay};
use virtual_time::{BUFFER, Channel, MESSAGES, RX, Slot, TIMER_HZ, Timer, Uart};
use virtual_time::{console, dialogue, line, look, now, pass};

/// How much the driver sends with one AT+CIPSEND.
const TX: usize = 1024;

type Driver = Adapter<'static, Client<'static, Uart, BUFFER>, Timer, TIMER_HZ, TX, RX, MESSAGES>;

const SECOND: u64 = 1_000_000;

/// A world with a terminal in the hand of the test beside the built-in scenario's hosts.
fn scenario() -> String {
    let terminal = "[host.pc]\naddress = \"192.168.1.20\"\ntcp-terminal = 23\n";
    format!("{}\n{terminal}", Scenario::default_text())
}

/// The driver as firmware makes it, in a world of its own. What firmware has in statics, a test leaks.
fn power_on(scenario: &str) -> Driver {
    let slot: &'static Slot = Box::leak(Box::new(Slot::new()));
    let channel: &'static Channel = Box::leak(Box::new(Channel::new()));
    let received = Box::leak(Box::new([0; BUFFER]));
    virtual_time::start(scenario, Ingress::new(AtDigester::default(), received, slot, channel));
    let client = Client::new(Uart, slot, Box::leak(Box::new([0; BUFFER])), Config::default());
    let messages = channel.subscribe().expect("the only one who subscribes");
    pass(1000); // the module boots
    Adapter::new(client, messages, Timer::default())
}

/// The driver, joined to the default access point.
fn joined() -> Driver {
    let mut driver = power_on(&scenario());
    let state = driver.join("espat-sim", "correct horse").unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    assert!(state.connected && state.ip_assigned, "{state:?}\n{}", dialogue());
    driver
}

fn address(ip: [u8; 4], port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from(ip)), port)
}

fn echo() -> SocketAddr {
    address([192, 168, 1, 10], 7)
}

fn terminal() -> SocketAddr {
    address([192, 168, 1, 20], 23)
}

fn connected(driver: &mut Driver, to: SocketAddr) -> Socket {
    let mut socket = driver.socket().unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    driver.connect(&mut socket, to).unwrap_or_else(|e| panic!("{to}: {e:?}\n{}", dialogue()));
    assert_eq!(driver.is_connected(&socket), Ok(true), "{to}: no CONNECT\n{}", dialogue());
    socket
}

/// Reads as firmware does, again and again, until `length` bytes are there.
fn receive(driver: &mut Driver, socket: &mut Socket, length: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let end = now() + 30 * SECOND;
    while all.len() < length {
        let mut buffer = [0; 700]; // more than one AT+CIPRECVDATA
        match driver.receive(socket, &mut buffer) {
            Ok(count) => all.extend(&buffer[..count]),
            Err(nb::Error::WouldBlock) => assert!(look() < end, "{} of {length}\n{}", all.len(), dialogue()),
            Err(nb::Error::Other(e)) => panic!("{e:?} after {} bytes\n{}", all.len(), dialogue()),
        }
    }
    all
}

/// Looks until `done`.
fn until(what: &str, driver: &mut Driver, mut done: impl FnMut(&mut Driver) -> bool) {
    let end = now() + 60 * SECOND;
    while !done(driver) {
        assert!(look() < end, "{what} never happened\n{}", dialogue());
    }
}

#[test]
fn joins_and_reads_its_addresses() {
    let mut driver = joined();
    let address = driver.get_address().unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    assert_eq!(address.ipv4, Some(Ipv4Addr::new(192, 168, 1, 100)));
    assert_eq!(address.mac.map(|m| m.len()), Some("24:0a:c4:00:00:01".len()), "no MAC address");
    assert_eq!(address.ipv6_link_local, None, "IPv6 is off");
}

#[test]
fn a_join_that_fails_is_an_error_and_the_next_one_works() {
    let mut driver = power_on(&scenario());
    for (ssid, password) in [("nowhere", "12345678"), ("espat-sim", "wrong horse")] {
        let error = driver.join(ssid, password).map(|_| ());
        assert_eq!(error, Err(JoinError::ConnectError(AtError::Error)), "{ssid}\n{}", dialogue());
        assert!(!driver.get_join_status().connected, "{}", dialogue());
    }
    let state = driver.join("espat-sim", "correct horse").expect("the right password");
    assert!(state.ip_assigned, "{}", dialogue());
}

#[test]
fn sends_in_blocks_and_receives_in_blocks() {
    let mut driver = joined();
    let mut socket = connected(&mut driver, echo());
    let data: Vec<u8> = (0..3000u32).map(|n| b"0123456789abcdefghijk"[n as usize % 21]).collect();
    assert_eq!(driver.send(&mut socket, &data), Ok(data.len()), "{}", dialogue());
    assert!(receive(&mut driver, &mut socket, data.len()) == data, "other bytes came back\n{}", dialogue());
    assert_eq!(driver.receive(&mut socket, &mut [0; 10]), Err(nb::Error::WouldBlock), "more than was sent");
    assert_eq!(driver.close(socket), Ok(()), "{}", dialogue());
}

#[test]
fn every_byte_value_comes_back_as_it_was_sent() {
    let mut driver = joined();
    let mut socket = connected(&mut driver, echo());
    let data: Vec<u8> = (0..=255).chain(*b"\r\nOK\r\n+IPD,0,5:>ERROR\r\n0,CLOSED\r\n").collect();
    assert_eq!(driver.send(&mut socket, &data), Ok(data.len()), "{}", dialogue());
    assert!(receive(&mut driver, &mut socket, data.len()) == data, "other bytes came back\n{}", dialogue());
}

#[test]
fn two_sockets_at_once_keep_their_data_apart() {
    let mut driver = joined();
    let mut near = connected(&mut driver, echo());
    let mut far = connected(&mut driver, address([198, 51, 100, 7], 7));
    driver.send(&mut far, b"over the gateway").expect("send");
    driver.send(&mut near, b"on the LAN").expect("send");
    assert_eq!(receive(&mut driver, &mut near, 10), b"on the LAN");
    assert_eq!(receive(&mut driver, &mut far, 16), b"over the gateway");
    driver.close(near).expect("close");
    driver.send(&mut far, b"still there").expect("send");
    assert_eq!(receive(&mut driver, &mut far, 11), b"still there");
    driver.close(far).expect("close");
}

#[test]
fn five_sockets_and_no_sixth() {
    let mut driver = joined();
    let mut sockets: Vec<Socket> = (0..5).map(|_| connected(&mut driver, echo())).collect();
    assert_eq!(driver.socket().map(|_| ()), Err(Error::NoSocketAvailable));
    for (n, socket) in sockets.iter_mut().enumerate() {
        driver.send(socket, &[b'0' + n as u8]).expect("send");
    }
    for (n, socket) in sockets.iter_mut().enumerate() {
        assert_eq!(receive(&mut driver, socket, 1), [b'0' + n as u8]);
    }
    driver.close(sockets.remove(2)).expect("close");
    connected(&mut driver, echo());
}

#[test]
fn what_the_peer_sends_before_it_closes_can_be_read() {
    let mut driver = joined();
    let mut socket = connected(&mut driver, terminal());
    console("host pc send \"last words\"");
    console("host pc close");
    pass(1000);
    assert_eq!(receive(&mut driver, &mut socket, 10), b"last words");
    assert_eq!(driver.receive(&mut socket, &mut [0; 10]), Err(nb::Error::WouldBlock));
}

/// As with a real module: `0,CLOSED` has no CR LF before it, and atat takes a line that begins so for an echo
/// (github.com/atlas-aero/rt-esp-at-nal/issues/15). The driver learns of it when it uses the link.
#[test]
fn a_close_by_the_peer_is_noticed_at_the_next_send() {
    let mut driver = joined();
    let mut socket = connected(&mut driver, terminal());
    console("host pc close");
    pass(1000);
    assert!(dialogue().ends_with("0,CLOSED\\r\\n"), "{}", dialogue());
    assert_eq!(driver.is_connected(&socket), Ok(true), "atat reads CLOSED now: this test can expect more");
    let error = driver.send(&mut socket, b"too late");
    let failed = Error::TransmissionStartFailed(AtError::Error);
    assert_eq!(error, Err(nb::Error::Other(failed)), "{}", dialogue());
    assert_eq!(driver.close(socket), Err(Error::CloseError(AtError::Error)), "{}", dialogue());
    connected(&mut driver, echo());
}

/// Of two such lines the second has a CR LF before it, that of the first.
#[test]
fn a_close_that_the_driver_reads_ends_the_socket() {
    let mut driver = joined();
    let _first = connected(&mut driver, terminal());
    let mut second = connected(&mut driver, terminal());
    console("host pc close");
    until("the end of the link", &mut driver, |d| d.is_connected(&second) == Ok(false));
    let error = driver.send(&mut second, b"too late");
    assert_eq!(error, Err(nb::Error::Other(Error::ClosingSocket)), "{}", dialogue());
    assert_eq!(Error::ClosingSocket.kind(), TcpErrorKind::PipeClosed);
    assert_eq!(driver.close(second), Ok(()));
    connected(&mut driver, echo());
}

#[test]
fn a_peer_that_reads_nothing_is_a_timeout() {
    let mut driver = joined();
    let mut socket = connected(&mut driver, terminal());
    console("host pc pause");
    driver.set_send_timeout_ms(2000);
    let before = now();
    let error = driver.send(&mut socket, &[b'x'; 30_000]);
    assert_eq!(error, Err(nb::Error::Other(Error::SendFailed(AtError::Timeout))), "{}", dialogue());
    assert!(now() - before >= 2 * SECOND, "too soon");
}

#[test]
fn a_refused_connect_is_an_error_and_the_socket_can_be_used_again() {
    let mut driver = joined();
    let mut socket = driver.socket().expect("a free link");
    let error = driver.connect(&mut socket, address([192, 168, 1, 10], 9));
    assert_eq!(error, Err(nb::Error::Other(Error::ConnectError(AtError::Error))), "{}", dialogue());
    pass(1000);
    driver.connect(&mut socket, echo()).unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    let error = driver.connect(&mut socket, echo());
    assert_eq!(error, Err(nb::Error::Other(Error::AlreadyConnected)));
    driver.close(socket).expect("close");
}

#[test]
fn a_socket_that_was_never_connected_sends_nothing() {
    let mut driver = joined();
    let mut socket = driver.socket().expect("a free link");
    let error = driver.send(&mut socket, b"x");
    assert_eq!(error, Err(nb::Error::Other(Error::SocketUnconnected)));
    assert_eq!(driver.close(socket), Ok(()));
}

/// The driver leaves the CR LF of an unsolicited `WIFI GOT IP` in its buffer and takes the echo of the next command for
/// a part of its answer, as with a real module. The command after it is understood.
fn one_command_is_misread(driver: &mut Driver) {
    let error = driver.set_auto_connect(true);
    assert_eq!(error, Err(CommandError::CommandFailed(AtError::Parse)), "{}", dialogue());
}

#[test]
fn a_lost_access_point_ends_the_links_and_its_return_joins_again() {
    let mut driver = joined();
    let mut socket = connected(&mut driver, terminal());
    console("ap home down");
    until("the loss", &mut driver, |d| !d.get_join_status().connected);
    let error = driver.send(&mut socket, b"nobody there");
    assert!(error.is_err(), "sent without an access point\n{}", dialogue());
    assert!(driver.close(socket).is_err(), "closed twice\n{}", dialogue());
    console("ap home up");
    until("the return", &mut driver, |d| d.get_join_status().ip_assigned);
    one_command_is_misread(&mut driver);
    let mut socket = connected(&mut driver, echo());
    driver.send(&mut socket, b"back").expect("send");
    assert_eq!(receive(&mut driver, &mut socket, 4), b"back");
}

#[test]
fn a_restart_forgets_links_and_joins_by_itself_only_when_told_to() {
    let mut driver = joined();
    let socket = connected(&mut driver, echo());
    driver.restart().unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    assert_eq!(driver.is_connected(&socket), Ok(false));
    assert_eq!(driver.close(socket), Ok(()));
    until("the automatic join", &mut driver, |d| d.get_join_status().ip_assigned);
    one_command_is_misread(&mut driver);
    connected(&mut driver, echo());

    driver.set_auto_connect(false).unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    driver.restart().unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    pass(10_000);
    assert!(!driver.get_join_status().connected, "{}", dialogue());
    driver.set_auto_connect(true).unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    driver.restart().unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    until("the automatic join", &mut driver, |d| d.get_join_status().ip_assigned);
}

/// The driver has addresses and links of IPv6, but no call that switches it on.
#[test]
fn ipv6_addresses_and_links_once_the_firmware_has_switched_it_on() {
    let mut driver = power_on(&scenario());
    line("AT+CIPV6=1");
    driver.join("espat-sim", "correct horse").unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    pass(5000); // router advertisement, duplicate address detection
    one_command_is_misread(&mut driver);
    let address = driver.get_address().unwrap_or_else(|e| panic!("{e:?}\n{}", dialogue()));
    let network = |ip: Option<Ipv6Addr>| ip.map(|ip| ip.segments()[..3].to_vec());
    assert_eq!(network(address.ipv6_link_local), Some(vec![0xfe80, 0, 0]), "{}", dialogue());
    assert_eq!(network(address.ipv6_global), Some(vec![0x2001, 0xdb8, 1]), "{}", dialogue());
    let server = SocketAddr::new(IpAddr::V6("2001:db8:7::7".parse().expect("an address")), 7);
    let mut socket = connected(&mut driver, server);
    driver.send(&mut socket, b"over IPv6").expect("send");
    assert_eq!(receive(&mut driver, &mut socket, 9), b"over IPv6");
    driver.close(socket).expect("close");
}

#[test]
fn a_run_of_the_driver_is_the_same_every_time_and_its_log_replays() {
    let run = || {
        let mut driver = joined();
        let mut socket = connected(&mut driver, echo());
        driver.send(&mut socket, b"again").expect("send");
        receive(&mut driver, &mut socket, 5);
        driver.close(socket).expect("close");
        virtual_time::finish()
    };
    let (digest, log) = run();
    assert_eq!(run(), (digest, log.clone()), "the second run differs");
    let replayed = replay(&log, Recording::default()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(replayed.world.digest(), digest, "the replay differs");
}
