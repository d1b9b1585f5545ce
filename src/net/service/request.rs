//! The head of an HTTP request: what it asks for, or with which status it is refused.

/// Longest request line and headers in bytes; longer ones are answered with 431.
pub(super) const MAX_HEAD: usize = 8192;
/// Most headers of a request; more are answered with 431.
const MAX_HEADERS: usize = 64;

/// A request whose head was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    /// What follows the path's `?`; empty without one.
    pub query: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// HTTP/1.0.
    pub old: bool,
    /// The connection goes on after the answer.
    pub keep: bool,
    /// Bytes of its body.
    pub body_len: u64,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects: bool,
}

/// What the bytes of a request's head mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    Partial,
    /// The request, and the length of its head.
    Complete(Request, usize),
    /// The request is refused with this status.
    Bad(u16),
}

impl Head {
    /// Reads a request's head from the start of `input`.
    pub fn parse(input: &[u8]) -> Head {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let seen = &input[..input.len().min(MAX_HEAD)];
        let len = match parsed.parse(seen) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) if input.len() >= MAX_HEAD => return Head::Bad(431),
            Ok(httparse::Status::Partial) => return Head::Partial,
            Err(httparse::Error::TooManyHeaders) => return Head::Bad(431),
            Err(httparse::Error::Version) => return Head::Bad(505),
            Err(_) => return Head::Bad(400),
        };
        let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version) else {
            return Head::Bad(400);
        };
        let values = |name: &'static str| {
            let named = parsed.headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name));
            named.map(|h| std::str::from_utf8(h.value).unwrap_or("\u{fffd}").trim())
        };
        let has_token = |name, token: &str| {
            values(name).flat_map(|v| v.split(',')).any(|t| t.trim().eq_ignore_ascii_case(token))
        };
        let old = version == 0;
        // RFC 9112, 3.2: exactly one Host, in HTTP/1.1.
        if !old && values("host").count() != 1 {
            return Head::Bad(400);
        }
        if values("transfer-encoding").next().is_some() {
            return Head::Bad(411);
        }
        let mut body_len = None;
        for value in values("content-length") {
            let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            match value.parse::<u64>() {
                Ok(n) if digits && body_len.is_none_or(|b| b == n) => body_len = Some(n),
                _ => return Head::Bad(400),
            }
        }
        let Some((path, query)) = path_and_query(target) else { return Head::Bad(400) };
        let keep = !has_token("connection", "close") && (!old || has_token("connection", "keep-alive"));
        let body_len = body_len.unwrap_or(0);
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: parsed
                .headers
                .iter()
                .map(|h| (h.name.to_ascii_lowercase(), String::from_utf8_lossy(h.value).into_owned()))
                .collect(),
            old,
            keep,
            body_len,
            expects: !old && body_len > 0 && has_token("expect", "100-continue"),
        };
        Head::Complete(request, len)
    }
}

/// The path of a request's target, and its query: of `/a?b`, `http://host/a`, `*`.
fn path_and_query(target: &str) -> Option<(&str, &str)> {
    let absolute = target.strip_prefix("http://");
    let target = match absolute {
        Some(rest) => rest.find('/').map_or("/", |i| &rest[i..]),
        None => target,
    };
    let target = target.split('#').next()?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (path.starts_with('/') || path == "*").then_some((path, query))
}
