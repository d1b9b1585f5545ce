//! A session on mbedTLS.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mbedtls::error::{Error, codes};
use mbedtls::ssl::Context;
use mbedtls::ssl::io::Io;
use mbedtls::x509::VerifyError;

use super::library::{library_config, source};
use super::raw;
use super::{Clock, Config, Failure, Fault, MAX_RECORD, Reason, SetupError, State, Version};
use crate::rng::Stream;
use crate::time::{Duration, Instant, NANOS_PER_SEC, earliest};

/// The bytes between the library and the session's owner.
#[derive(Default)]
pub(super) struct Wire {
    input: VecDeque<u8>,
    output: Vec<u8>,
    /// How many more bytes the library asked for.
    wanted: usize,
    /// The peer has ended the connection: what is not there will not come.
    ended: bool,
    /// The alert that was sent last, while they were not encrypted.
    alert: Option<u8>,
    /// What the clock shows: seconds since 1970.
    pub(super) date: u64,
}

/// The library's end of the wire.
struct End(Arc<Mutex<Wire>>);

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Io for End {
    fn recv(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut wire = lock(&self.0);
        let n = buffer.len().min(wire.input.len());
        if n == 0 {
            wire.wanted = buffer.len();
            return if wire.ended { Ok(0) } else { Err(codes::SslWantRead.into()) };
        }
        for (to, from) in buffer.iter_mut().zip(wire.input.drain(..n)) {
            *to = from;
        }
        Ok(n)
    }

    fn send(&mut self, record: &[u8]) -> Result<usize, Error> {
        let mut wire = lock(&self.0);
        // A record of content type 21 with two bytes: they are the alert itself.
        if let [21, _, _, 0, 2, _, number] = *record {
            wire.alert = Some(number);
        }
        wire.output.extend_from_slice(record);
        Ok(record.len())
    }
}

impl Clock {
    /// What it shows at `now`.
    fn at(self, now: Instant) -> u64 {
        self.shows + now.since(self.at).as_nanos() / NANOS_PER_SEC
    }
}

/// What a session does with its peer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    /// It answers.
    Answers,
    /// It does not, although they arrive.
    Mute,
}

/// What a flight of the handshake waits for: the chip computes.
struct Held {
    until: Instant,
    bytes: Vec<u8>,
    then: State,
}

/// A TLS session. The module's documentation has the contract.
pub struct Session {
    // First: what its callbacks look at must outlive it.
    context: Context<End>,
    wire: Arc<Mutex<Wire>>,
    secrets: Arc<raw::Secrets>,
    _psks: Arc<Vec<super::Psk>>,
    state: State,
    hearing: Hearing,
    held: Option<Held>,
    ready: Vec<u8>,
    clock: Clock,
    /// When the peer sent something last, or was last sent something.
    heard: Instant,
    patience: Option<Duration>,
    flight: (Duration, Duration),
    timing: Stream,
    record: usize,
    fault: Option<Fault>,
    has_psk: bool,
    says_close: bool,
    closed: bool,
}

impl Session {
    /// A session at its very beginning: a client has its hello ready, a server waits for one. `random` is its own
    /// and serves it alone; `clock` is the node's.
    ///
    /// # Errors
    /// What [`SetupError`] says.
    pub fn new(
        config: &Config,
        mut random: Stream,
        clock: Clock,
        now: Instant,
    ) -> Result<Session, SetupError> {
        let timing = random.clone();
        // Another stretch of the stream than the one that the library draws from.
        let first = random.next_u64();
        let wire = Arc::new(Mutex::new(Wire { date: clock.at(now), ..Wire::default() }));
        let secrets = Arc::new(raw::Secrets::default());
        let psks = Arc::new(config.psk.clone());
        let random = Arc::new(source(Stream::new(first, "tls"), clock.at(now)));
        let library = library_config(config, random, &wire, &secrets, &psks)?;
        let mut context = Context::new(Arc::new(library));
        let mut started = Ok(());
        if config.fault != Some(Fault::Silent) {
            started = context.establish(End(Arc::clone(&wire)), config.name.as_deref());
        }
        let mut session = Session {
            context,
            wire,
            secrets,
            _psks: psks,
            state: State::Handshaking,
            hearing: if config.fault == Some(Fault::Silent) { Hearing::Mute } else { Hearing::Answers },
            held: None,
            ready: Vec::new(),
            clock,
            heard: now,
            patience: config.patience,
            flight: config.flight,
            timing,
            record: config.record.clamp(1, MAX_RECORD),
            fault: config.fault,
            has_psk: !config.psk.is_empty(),
            says_close: config.close_notify,
            closed: false,
        };
        match started {
            Ok(()) => {}
            Err(error) if is(&error, codes::SslWantRead) => {}
            // No peer has been heard yet: it can only be the configuration.
            Err(error) => return Err(SetupError::Other(error.to_int())),
        }
        session.ready = std::mem::take(&mut lock(&session.wire).output);
        Ok(session)
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// How many bytes of the peer it can use now. In an open session that is known once [`read`](Self::read) has
    /// found nothing.
    pub fn wants(&self) -> usize {
        let over = matches!(self.state, State::PeerClosed | State::Failed(_));
        match self.hearing {
            Hearing::Mute => usize::MAX,
            Hearing::Answers if over || self.held.is_some() => 0,
            Hearing::Answers => lock(&self.wire).wanted,
        }
    }

    /// Bytes that the peer sent, at most as many as it [`wants`](Self::wants).
    pub fn feed(&mut self, now: Instant, bytes: &[u8]) {
        if self.hearing == Hearing::Mute || bytes.is_empty() {
            return;
        }
        self.heard = self.heard.max(now);
        {
            let mut wire = lock(&self.wire);
            wire.input.extend(bytes);
            wire.wanted = wire.wanted.saturating_sub(bytes.len());
            wire.date = self.clock.at(now);
        }
        self.shake(now);
    }

    /// The peer has ended the connection below, and all that it sent has been fed.
    pub fn end(&mut self, now: Instant) {
        lock(&self.wire).ended = true;
        if self.hearing == Hearing::Mute && self.state == State::Handshaking {
            // It says nothing, but there is nobody left whom it could keep waiting.
            self.held = None;
            let code = Error::from(codes::SslConnEof).to_int();
            self.state = State::Failed(Failure { reason: Reason::PeerClosed, code, flags: 0, sent: None });
        }
        self.shake(now);
    }

    /// Does what is due at `now`: lets go what the chip has computed, and gives up a peer that is silent.
    pub fn poll(&mut self, now: Instant) {
        if let Some(held) = self.held.take_if(|held| held.until <= now) {
            self.heard = self.heard.max(held.until);
            self.ready.extend(held.bytes);
            self.state = held.then;
            self.shake(now);
        }
        if self.state == State::Handshaking && self.deadline().is_some_and(|t| t <= now) {
            self.state = State::Failed(Failure { reason: Reason::Silent, code: 0, flags: 0, sent: None });
        }
    }

    /// When `poll` must be called at the latest.
    pub fn next_timer(&self) -> Option<Instant> {
        earliest([self.held.as_ref().map(|held| held.until), self.deadline()])
    }

    fn deadline(&self) -> Option<Instant> {
        let waits = self.state == State::Handshaking && self.held.is_none();
        self.patience.filter(|_| waits).map(|patience| self.heard + patience)
    }

    /// Takes what is to be sent now.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ready)
    }

    /// True when [`take`](Self::take) has something.
    pub fn has_output(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes data that has arrived: at most `max` bytes, of one record at most. Empty: none is complete.
    pub fn read(&mut self, max: usize) -> Vec<u8> {
        if self.state != State::Open || max == 0 {
            return Vec::new();
        }
        let mut data = vec![0; max.min(MAX_RECORD)];
        let result = Io::recv(&mut self.context, &mut data);
        self.send_output();
        match result {
            Ok(0) => self.state = State::PeerClosed,
            Ok(n) => {
                data.truncate(n);
                return data;
            }
            Err(error) if is(&error, codes::SslPeerCloseNotify) => self.state = State::PeerClosed,
            Err(error) if is(&error, codes::SslWantRead) => {}
            Err(error) => self.state = State::Failed(self.failure(&error)),
        }
        Vec::new()
    }

    /// How many bytes of a record that has been opened are left to read.
    pub fn readable(&self) -> usize {
        if self.state == State::Open { self.context.bytes_available() } else { 0 }
    }

    /// Sends data, in records. Answers how many bytes were taken: all, or none when the session is not open.
    pub fn write(&mut self, data: &[u8]) -> usize {
        if !matches!(self.state, State::Open | State::PeerClosed) || self.closed {
            return 0;
        }
        for record in data.chunks(self.record) {
            let mut rest = record;
            while !rest.is_empty() {
                match Io::send(&mut self.context, rest) {
                    Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                    Err(error) => {
                        self.state = State::Failed(self.failure(&error));
                        return 0;
                    }
                }
            }
        }
        self.send_output();
        data.len()
    }

    /// Ends what this side sends: the peer is told, where the configuration says so.
    pub fn close(&mut self) {
        let open = matches!(self.state, State::Open | State::PeerClosed);
        if open && self.says_close && !self.closed {
            raw::close_notify(&mut self.context);
            self.send_output();
        }
        self.closed = true;
    }

    /// Ends the session with a fatal alert of this number.
    pub fn fail(&mut self, alert: u8) {
        if !matches!(self.state, State::Failed(_)) {
            raw::send_alert(&mut self.context, alert);
            self.send_output();
            let failure = Failure { reason: Reason::Told(alert), code: 0, flags: 0, sent: Some(alert) };
            self.state = State::Failed(failure);
        }
    }

    /// Takes a line of the key log (NSS's format), without a line feed. It is there before the first byte that it
    /// opens can be taken.
    pub fn take_secret(&mut self) -> Option<String> {
        let mut secrets = lock(&self.secrets);
        if secrets.is_empty() { None } else { Some(secrets.remove(0)) }
    }

    /// The application protocol that both sides agreed on.
    pub fn protocol(&self) -> Option<String> {
        self.context.get_alpn_protocol().ok().flatten().map(str::to_owned)
    }

    /// The number of the cipher suite, once the handshake is over.
    pub fn suite(&self) -> Option<u16> {
        self.context.ciphersuite().ok()
    }

    /// The version, once the peer's hello has been read.
    pub fn version(&self) -> Option<Version> {
        match self.context.minor_version() {
            1 => Some(Version::Tls10),
            2 => Some(Version::Tls11),
            3 => Some(Version::Tls12),
            _ => None,
        }
    }

    /// Goes on with the handshake as far as the peer's bytes allow.
    fn shake(&mut self, now: Instant) {
        if self.state != State::Handshaking || self.held.is_some() || self.hearing == Hearing::Mute {
            return;
        }
        let then = match self.context.handshake() {
            Ok(()) => State::Open,
            Err(error) if is(&error, codes::SslWantRead) => State::Handshaking,
            Err(error) => State::Failed(self.failure(&error)),
        };
        let mut bytes = std::mem::take(&mut lock(&self.wire).output);
        if bytes.is_empty() {
            self.state = then;
            return;
        }
        if self.fault == Some(Fault::HalfFlight) {
            bytes.truncate(bytes.len() / 2);
            self.hearing = Hearing::Mute;
        }
        let computing = self.timing.duration(self.flight.0, self.flight.1);
        if computing == Duration::ZERO {
            self.ready.extend(bytes);
            self.state = then;
        } else {
            self.held = Some(Held { until: now + computing, bytes, then });
        }
    }

    fn send_output(&mut self) {
        let output = std::mem::take(&mut lock(&self.wire).output);
        self.ready.extend(output);
    }

    fn failure(&mut self, error: &Error) -> Failure {
        let flags = match self.context.verify_result() {
            Err(flags) if is(error, codes::X509CertVerifyFailed) => flags,
            _ => VerifyError::empty(),
        };
        let sent = lock(&self.wire).alert;
        let handshaking = self.state == State::Handshaking;
        let reason = match error.high_level() {
            Some(codes::X509CertVerifyFailed) => refusal(flags),
            Some(codes::SslFatalAlertMessage) => Reason::Alert(raw::received_alert(&mut self.context)),
            Some(codes::SslBadHsCertificate) => Reason::BadCertificate,
            Some(codes::SslNoClientCertificate) => Reason::NoCertificate,
            Some(codes::SslCaChainRequired) => Reason::NoAuthority,
            Some(codes::SslBadHsProtocolVersion) => Reason::NoCommonVersion,
            Some(codes::SslNoCipherChosen | codes::SslNoUsableCiphersuite) => Reason::NoCommonSuite,
            Some(codes::SslUnknownIdentity) => Reason::PskMismatch,
            Some(codes::SslInvalidMac | codes::SslBadHsFinished) if handshaking && self.has_psk => {
                Reason::PskMismatch
            }
            Some(codes::SslInvalidMac) => Reason::BadRecord,
            Some(codes::SslConnEof) => Reason::PeerClosed,
            _ if sent == Some(120) => Reason::NoCommonProtocol,
            _ => Reason::Protocol,
        };
        Failure { reason, code: error.to_int(), flags: flags.bits(), sent }
    }
}

/// True when the library says `code`.
fn is(error: &Error, code: mbedtls::error::HiError) -> bool {
    error.high_level() == Some(code)
}

/// The reason in a certificate's flags, in the order in which the library chooses its alert (ssl_tls.c).
fn refusal(flags: VerifyError) -> Reason {
    let order = [
        (VerifyError::CERT_CN_MISMATCH, Reason::WrongName),
        (VerifyError::CERT_KEY_USAGE | VerifyError::CERT_EXT_KEY_USAGE, Reason::BadCertificate),
        (VerifyError::CERT_BAD_PK | VerifyError::CERT_BAD_KEY, Reason::BadCertificate),
        (VerifyError::CERT_EXPIRED, Reason::Expired),
        (VerifyError::CERT_NOT_TRUSTED, Reason::UnknownCa),
        (VerifyError::CERT_FUTURE, Reason::NotYetValid),
    ];
    order
        .iter()
        .find(|(flag, _)| flags.intersects(*flag))
        .map_or(Reason::BadCertificate, |(_, reason)| *reason)
}
