//! The handshake: a GET that asks for an upgrade, and the answer with the proof that it was understood (RFC 6455, 4).

use data_encoding::BASE64;

use crate::rng::Stream;

/// Most headers of a request or an answer.
const MAX_HEADERS: usize = 64;
/// Longest head, bytes.
pub const MAX_HEAD: usize = 8192;
/// Bytes of a [`key`].
pub const KEY_LENGTH: usize = 24;
/// What is hashed behind the key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a client asks with, in the words and the order of esp-idf's `transport_ws`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Name or address of the server, and its port.
    pub host: (&'a str, u16),
    /// With its query; begins with `/`.
    pub path: &'a str,
    /// From [`key`].
    pub key: &'a str,
    /// Names of protocols to speak, in one header.
    pub protocol: Option<&'a str>,
    /// Value of `Authorization`.
    pub authorization: Option<&'a str>,
    /// Further headers: names and values.
    pub headers: &'a [(String, String)],
}

impl Request<'_> {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let (host, port) = self.host;
        let mut head = format!(
            "GET {} HTTP/1.1\r\nConnection: Upgrade\r\nHost: {host}:{port}\r\nUser-Agent: ESP32 Websocket Client\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
            self.path, self.key
        );
        let mut header = |name: &str, value: &str| {
            head.push_str(&format!("{name}: {value}\r\n"));
        };
        if let Some(protocol) = self.protocol {
            header("Sec-WebSocket-Protocol", protocol);
        }
        if let Some(authorization) = self.authorization {
            header("Authorization", authorization);
        }
        for (name, value) in self.headers {
            header(name, value);
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// A key for a [`Request`]: 16 random bytes in Base64.
pub fn key(random: &mut Stream) -> String {
    let halves = [random.next_u64().to_le_bytes(), random.next_u64().to_le_bytes()];
    BASE64.encode(halves.as_flattened())
}

/// What proves that the server has read this key.
pub fn accept(key: &str) -> String {
    let mut hash = sha1_smol::Sha1::from(key.as_bytes());
    hash.update(GUID);
    BASE64.encode(&hash.digest().bytes())
}

/// What the bytes from a server mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// More is needed.
    Partial,
    /// It is one; frames begin behind so many bytes.
    Accepted(usize),
    /// It is another answer, of this status.
    Refused(u16),
    /// It is none, or has the wrong proof.
    Wrong,
}

/// Reads the answer to a request with `key` from the start of `input`.
pub fn answer(input: &[u8], key: &str) -> Answer {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let length = match parsed.parse(&input[..input.len().min(MAX_HEAD)]) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if input.len() < MAX_HEAD => return Answer::Partial,
        Ok(httparse::Status::Partial) | Err(_) => return Answer::Wrong,
    };
    let status = parsed.code.unwrap_or_default();
    if status != 101 {
        return Answer::Refused(status);
    }
    let proof = accept(key);
    let proven = values(parsed.headers, "sec-websocket-accept").any(|value| value == proof);
    if proven { Answer::Accepted(length) } else { Answer::Wrong }
}

/// What the bytes from a client mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// More is needed.
    Partial,
    /// It asks for an upgrade; frames begin behind so many bytes.
    Upgrade(Upgrade, usize),
    /// It is to be refused with this status.
    Bad(u16),
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// With its query.
    pub path: String,
    /// Its key.
    pub key: String,
    /// Names of protocols that it would speak, the best first.
    pub protocols: Vec<String>,
    /// Every header: names as they were sent, and values.
    pub headers: Vec<(String, String)>,
}

/// Reads a client's request from the start of `input`.
pub fn request(input: &[u8]) -> Asked {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(&input[..input.len().min(MAX_HEAD)]) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if input.len() < MAX_HEAD => return Asked::Partial,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => return Asked::Bad(431),
        Err(httparse::Error::Version) => return Asked::Bad(505),
        Err(_) => return Asked::Bad(400),
    };
    if parsed.method != Some("GET") {
        return Asked::Bad(405);
    }
    let has = |name, token: &str| {
        values(parsed.headers, name).flat_map(|v| v.split(',')).any(|t| t.trim().eq_ignore_ascii_case(token))
    };
    if !has("upgrade", "websocket") || !has("connection", "upgrade") || !has("sec-websocket-version", "13") {
        return Asked::Bad(426);
    }
    let key = values(parsed.headers, "sec-websocket-key").next().filter(|key| is_key(key));
    let (Some(key), Some(path)) = (key, parsed.path) else { return Asked::Bad(400) };
    let protocols = values(parsed.headers, "sec-websocket-protocol").flat_map(|v| v.split(','));
    let upgrade = Upgrade {
        path: path.to_owned(),
        key: key.to_owned(),
        protocols: protocols.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
        headers: parsed
            .headers
            .iter()
            .map(|h| (h.name.to_owned(), String::from_utf8_lossy(h.value).into_owned()))
            .collect(),
    };
    Asked::Upgrade(upgrade, length)
}

/// A server's answer to a request with `key`, with the protocol that it has chosen.
pub fn accepted(key: &str, protocol: Option<&str>) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
        accept(key)
    );
    if let Some(protocol) = protocol {
        head.push_str(&format!("Sec-WebSocket-Protocol: {protocol}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// 16 bytes in Base64.
fn is_key(key: &str) -> bool {
    BASE64.decode(key.as_bytes()).is_ok_and(|bytes| bytes.len() == 16)
}

fn values<'h>(headers: &'h [httparse::Header<'_>], name: &'static str) -> impl Iterator<Item = &'h str> {
    let named = headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
    named.map(|header| std::str::from_utf8(header.value).unwrap_or("\u{fffd}").trim())
}
