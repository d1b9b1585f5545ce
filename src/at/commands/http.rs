//! HTTP: AT+HTTPCLIENT, AT+HTTPGETSIZE, AT+HTTPCGET, AT+HTTPCPOST, AT+HTTPCPUT, AT+HTTPURLCFG, AT+HTTPCHEAD, AT+HTTPCFG.

use super::super::clients::http::{Around, Exchange, Header, Looked, Manner, Request, Shown, Url};
use super::super::error::ErrorCode;
use super::super::job::{Job, Look, Work};
use super::super::schema::Args;
use super::super::secure::{self, Owner, Part};
use super::super::upload::{Consumer, Upload};
use super::{Context, Outcome, Result};
use crate::at::Core;
use crate::time::{Duration, Instant};

/// Of each step, where the command gives none.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The `<opt>` of AT+HTTPCLIENT: the methods, from 1 on.
const METHODS: [&str; 5] = ["HEAD", "GET", "POST", "PUT", "DELETE"];
/// Its `<content-type>`, from 0 on.
const CONTENT_TYPES: [&str; 4] =
    ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "text/xml"];

fn client_manner(name: &'static str, shown: Shown, c: &Context<'_, '_>) -> Manner {
    let buffer = c.env.profile.http.client_buffer;
    let with_code = c.env.profile.http.code_everywhere;
    Manner { name, shown, send_ok: false, with_code, buffers: (buffer, buffer), timeout: TIMEOUT }
}

/// The address of a command: its own, or what AT+HTTPURLCFG has set.
fn url(given: &[u8], args: &Args, c: &Context<'_, '_>) -> std::result::Result<Url, ErrorCode> {
    let invalid = || args.invalid("url");
    let text = match given {
        [] => c.core.http.url.as_deref().ok_or_else(invalid)?,
        given => std::str::from_utf8(given).map_err(|_| invalid())?,
    };
    Url::parse(text).ok_or_else(invalid)
}

/// Headers of the command, then those of AT+HTTPCHEAD, which win.
fn set_headers<'a>(
    request: &mut Request,
    given: impl Iterator<Item = &'a [u8]>,
    c: &Context<'_, '_>,
) -> std::result::Result<(), ErrorCode> {
    for typed in given {
        let header = Header::parse(typed).ok_or(ErrorCode::FAILED)?;
        request.set(&header.name, &header.value);
    }
    for header in &c.core.http.headers {
        request.set(&header.name, &header.value);
    }
    Ok(())
}

fn run(request: Request, manner: Manner, c: &mut Context<'_, '_>) -> Result {
    let tls = c.core.http.tls;
    Ok(Outcome::Run(Job::work(Exchange::begin(request, manner, tls, &mut around(c))?)))
}

/// AT+HTTPCLIENT. Data stands there for POST alone; for other methods headers begin in its place.
pub fn client(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let opt = args.number::<usize>("opt");
    let (given, host) = (args.text("url").unwrap_or_default(), args.text("host").unwrap_or_default());
    let url = if given.is_empty() && !host.is_empty() {
        let scheme = if args.int("transport_type") == Some(2) { "https" } else { "http" };
        let path = args.text("path").unwrap_or_default();
        let slash: &[u8] = if path.starts_with(b"/") { b"" } else { b"/" };
        let whole = [scheme.as_bytes(), b"://", host, slash, path].concat();
        url(&whole, args, c)?
    } else {
        url(given, args, c)?
    };
    let method = METHODS.get(opt.wrapping_sub(1)).copied().ok_or_else(|| args.invalid("opt"))?;
    let mut rest: Vec<&[u8]> = args.text("data").into_iter().collect();
    rest.extend(args.each("http_req_header").filter_map(|header| header.text()));
    let body = if method == "POST" && !rest.is_empty() { rest.remove(0).to_vec() } else { Vec::new() };
    let mut request = Request::new(method, url, body);
    let kind = CONTENT_TYPES.get(args.number::<usize>("content-type")).copied().unwrap_or_default();
    request.set("Content-Type", kind);
    set_headers(&mut request, rest.into_iter(), c)?;
    let shown = if method == "HEAD" { Shown::Headers } else { Shown::Body };
    let manner = Manner { with_code: true, ..client_manner("+HTTPCLIENT", shown, c) };
    run(request, manner, c)
}

/// What a request needs of the firmware.
fn around<'a, 'e>(c: &'a mut Context<'_, 'e>) -> Around<'a, 'e> {
    Around { now: c.now, clock: c.core.system.clock, out: &mut c.core.out, env: c.env }
}

impl Work for Exchange {
    fn timer(&self) -> Option<Instant> {
        self.next_timer()
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        match Exchange::look(self, &mut around(c)) {
            Looked::Waiting => Look::Waiting,
            Looked::Moved => Look::Moved,
            Looked::Over(Ok(())) if self.sends() => {
                c.core.out.text("\r\nSEND OK\r\n");
                Look::Over(Ok(Outcome::Done))
            }
            Looked::Over(end) => Look::Over(end.map(|()| Outcome::Ok)),
        }
    }
}

/// The manner of a command with sizes and a time-out, where the profile has them; 0 is the default.
fn sized(name: &'static str, shown: Shown, args: &Args, c: &Context<'_, '_>) -> Manner {
    let size = |name| match args.number::<usize>(name) {
        0 => c.env.profile.http.buffer,
        size => size,
    };
    let timeout = match args.number::<u64>("timeout") {
        0 => TIMEOUT,
        ms => Duration::from_millis(ms),
    };
    let buffers = (size("tx size"), size("rx size"));
    Manner { buffers, timeout, ..client_manner(name, shown, c) }
}

fn get(manner: Manner, args: &Args, c: &mut Context<'_, '_>) -> Result {
    let url = url(args.text("url").unwrap_or_default(), args, c)?;
    let mut request = Request::new("GET", url, Vec::new());
    set_headers(&mut request, std::iter::empty(), c)?;
    run(request, manner, c)
}

/// AT+HTTPGETSIZE of a release without sizes.
pub fn size_plain(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let buffer = c.env.profile.http.buffer;
    let manner = Manner { buffers: (buffer, buffer), ..client_manner("+HTTPGETSIZE", Shown::Size, c) };
    get(manner, args, c)
}

pub fn size(c: &mut Context<'_, '_>, args: &Args) -> Result {
    get(sized("+HTTPGETSIZE", Shown::Size, args, c), args, c)
}

pub fn get_body(c: &mut Context<'_, '_>, args: &Args) -> Result {
    get(sized("+HTTPCGET", Shown::Body, args, c), args, c)
}

/// What the bytes of a data phase are for.
#[derive(Debug)]
enum Purpose {
    /// A request's body.
    Body { method: &'static str, url: Url, headers: Vec<Vec<u8>>, name: &'static str },
    /// AT+HTTPURLCFG.
    Url,
    /// AT+HTTPCHEAD.
    Header,
}

impl Consumer for Purpose {
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result {
        // Other than with AT+CIPSEND, only the log port hears of it.
        c.core.out.log(&format!("Recv {} bytes", data.len()));
        match *self {
            Purpose::Body { method, url, headers, name } => {
                let mut request = Request::new(method, url, data);
                let http = &c.env.profile.http;
                request.set("Content-Type", http.post_type);
                set_headers(&mut request, headers.iter().map(Vec::as_slice), c)?;
                if http.post_type_fixed {
                    request.set("Content-Type", http.post_type);
                }
                let manner = Manner { send_ok: true, ..client_manner(name, Shown::Body, c) };
                let at = c.now + c.env.draw(|p| &p.times.send);
                Ok(Outcome::Run(Job::until(at, move |c| run(request, manner, c))))
            }
            Purpose::Url => {
                // Whether it is one shows when it is used.
                c.core.http.url = Some(String::from_utf8(data).map_err(|_| ErrorCode::FAILED)?);
                c.core.out.text("\r\nSET OK\r\n");
                Ok(Outcome::Done)
            }
            Purpose::Header => {
                let header = Header::parse(&data).ok_or(ErrorCode::FAILED)?;
                let headers = &mut c.core.http.headers;
                if c.env.profile.http.one_of_a_name {
                    headers.retain(|known| !known.name.eq_ignore_ascii_case(&header.name));
                }
                headers.push(header);
                Ok(Outcome::Ok)
            }
        }
    }
}

fn take(purpose: Purpose, length: usize, c: &mut Context<'_, '_>) -> Result {
    // The bytes are kept on the heap.
    if !c.holds("what is to be sent", length) {
        return Err(ErrorCode::FAILED);
    }
    Ok(c.ask(Upload::new(purpose, length)))
}

fn send(method: &'static str, name: &'static str, c: &mut Context<'_, '_>, args: &Args) -> Result {
    let url = url(args.text("url").unwrap_or_default(), args, c)?;
    let headers: Vec<Vec<u8>> =
        args.each("http_req_header").filter_map(|header| header.text()).map(<[u8]>::to_vec).collect();
    if headers.len() != args.given::<usize>("http_req_header_cnt").unwrap_or(0) {
        return Err(args.invalid("http_req_header_cnt"));
    }
    take(Purpose::Body { method, url, headers, name }, args.number("length"), c)
}

pub fn post(c: &mut Context<'_, '_>, args: &Args) -> Result {
    send("POST", "+HTTPCPOST", c, args)
}

pub fn put(c: &mut Context<'_, '_>, args: &Args) -> Result {
    send("PUT", "+HTTPCPUT", c, args)
}

pub fn url_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if let Some(url) = &c.core.http.url {
        let line = format!("+HTTPURLCFG:{},{url}\r\n", url.len());
        c.core.out.text(&line);
    }
    Ok(Outcome::Ok)
}

pub fn url_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    match args.number::<usize>("url length") {
        0 => {
            c.core.http.url = None;
            Ok(Outcome::Ok)
        }
        1..8 => Err(args.invalid("url length")),
        length => take(Purpose::Url, length, c),
    }
}

pub fn headers_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for (index, header) in c.core.http.headers.iter().enumerate() {
        let line = format!("+HTTPCHEAD:{index},\"{}\"\r\n", header.typed);
        c.core.out.text(&line);
    }
    Ok(Outcome::Ok)
}

/// Whether the heap has room for one header more beside those that are kept.
pub fn holds_header(c: &mut Context<'_, '_>, headers: impl Fn(&Core) -> &[Header], length: usize) -> bool {
    let kept: usize = headers(c.core).iter().map(|header| header.typed.len()).sum();
    c.holds("headers", kept + length)
}

pub fn headers_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    match args.number::<usize>("req_header_len") {
        0 => {
            c.core.http.headers.clear();
            Ok(Outcome::Ok)
        }
        length if holds_header(c, |core| &core.http.headers[..], length) => take(Purpose::Header, length, c),
        _ => Err(ErrorCode::FAILED),
    }
}

/// AT+HTTPCFG.
pub fn config_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.http.tls = certificates(c, args, Owner::Https)?;
    Ok(Outcome::Ok)
}

/// The authentication mode of a command, and the numbers of what it takes. What is not in flash is named on the AT port.
pub fn certificates(
    c: &mut Context<'_, '_>,
    args: &Args,
    owner: Owner,
) -> std::result::Result<(u8, u8, u8), ErrorCode> {
    let mode = args.given::<u8>("auth mode").unwrap_or(0);
    let [pki, ca] = ["pki number", "ca number"].map(|name| args.given::<u8>(name));
    let needs = |bit: u8, given: Option<u8>, name| match given {
        _ if mode & bit == 0 => Ok(0),
        Some(number) => Ok(number),
        None => Err(args.invalid(name)),
    };
    let (pki, ca) = (needs(1, pki, "pki number")?, needs(2, ca, "ca number")?);
    let parts = [
        (1, Part::Certificate, pki, "NO CERT FOUND\r\n"),
        (1, Part::Key, pki, "NO PRVT_KEY FOUND\r\n"),
        (2, Part::Authority, ca, "NO CA FOUND\r\n"),
    ];
    for (bit, part, number, text) in parts {
        if mode & bit != 0 && secure::item(owner, part, number, c.env).is_none() {
            c.core.out.text(text);
            return Err(ErrorCode::FAILED);
        }
    }
    Ok((mode, pki, ca))
}
