//! What an HTTP server serves: pages with their answers, one behind the other, or firmware; and an answer's bytes.

use std::fmt::Write;

use super::request::Request;
use super::update;
use crate::net::config::{HttpAnswer, HttpChange, Page, UpdateOffer};
use crate::net::event::{HostEvent, RequestEvent};
use crate::time::Duration;

/// The path of a captive portal's own page.
pub(super) const LOGIN: &str = "/login";

/// What a server serves.
pub(super) enum Site {
    /// Pages, and the names of headers that are told of.
    Pages(Vec<Resource>, Vec<String>),
    /// Firmware.
    Update(UpdateOffer),
    /// A captive portal: every path leads to this address, which has one page.
    Portal(String),
}

/// A page, and where it is.
pub(super) struct Resource {
    /// What is answered now.
    page: Page,
    /// What the scenario says; `None`: it has no such page.
    from: Option<Page>,
    /// The answer that is next.
    next: usize,
}

/// What a request is answered with.
pub(super) struct Content {
    pub status: u16,
    pub delay: Duration,
    pub keep_alive: bool,
    kind: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunk: Option<usize>,
    /// The methods that there are, when the request has another one.
    allow: String,
}

impl Content {
    /// A status, in words too.
    pub fn plain(status: u16) -> Content {
        let body = reason(status).as_bytes().to_vec();
        Content::from(&HttpAnswer { status, body, ..HttpAnswer::default() })
    }

    fn from(answer: &HttpAnswer) -> Content {
        Content {
            status: answer.status,
            delay: answer.delay,
            keep_alive: answer.keep_alive,
            kind: answer.content_type.clone(),
            headers: answer.headers.clone(),
            body: answer.body.clone(),
            chunk: answer.chunk,
            allow: String::new(),
        }
    }

    /// Bytes of the body that an answer to anything but HEAD has.
    pub fn sent(&self) -> usize {
        if has_body(self.status) { self.body.len() } else { 0 }
    }

    /// The bytes of the answer. `connection` is left out when empty; `with_body` is false for HEAD; `old` is HTTP/1.0.
    pub fn bytes(&self, connection: &str, with_body: bool, old: bool) -> Vec<u8> {
        let status = self.status;
        let chunk = self.chunk.filter(|_| !old);
        let mut head = format!("HTTP/1.1 {status} {}\r\nServer: espat-sim\r\n", reason(status));
        let mut header = |name: &str, value: &str| {
            if !value.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(head, "{name}: {value}\r\n");
            }
        };
        header("Allow", &self.allow);
        if has_body(status) {
            header("Content-Type", &self.kind);
            match chunk {
                Some(_) => header("Transfer-Encoding", "chunked"),
                None => header("Content-Length", &self.body.len().to_string()),
            }
        }
        for (name, value) in &self.headers {
            header(name, value);
        }
        header("Connection", connection);
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        match chunk {
            _ if !with_body || !has_body(status) => {}
            None => bytes.extend_from_slice(&self.body),
            Some(size) => {
                for part in self.body.chunks(size.max(1)) {
                    bytes.extend(format!("{:x}\r\n", part.len()).bytes());
                    bytes.extend_from_slice(part);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        bytes
    }
}

impl Site {
    /// One of pages.
    pub fn of_pages(pages: &[Page], shows: &[String]) -> Site {
        let resource = |page: &Page| Resource { page: page.clone(), from: Some(page.clone()), next: 0 };
        Site::Pages(pages.iter().map(resource).collect(), shows.to_vec())
    }

    /// What there is to tell of a request to it.
    pub fn event(&self, event: RequestEvent) -> HostEvent {
        match self {
            Site::Pages(..) | Site::Portal(_) => HostEvent::Http(event),
            Site::Update(_) => HostEvent::Update(event),
        }
    }

    /// What a request asks for, as it is told.
    pub fn target(&self, request: &Request) -> String {
        let Request { path, query, .. } = request;
        match self {
            Site::Pages(..) | Site::Portal(_) if query.is_empty() => path.clone(),
            Site::Pages(..) | Site::Update(_) | Site::Portal(_) => format!("{path}?{query}"),
        }
    }

    /// The headers of a request that are told of, in the order of the scenario.
    pub fn shown(&self, request: &Request) -> Vec<(String, String)> {
        let Site::Pages(_, shows) = self else { return Vec::new() };
        let find = |name: &String| request.headers.iter().find(|(known, _)| known == name).cloned();
        shows.iter().filter_map(find).collect()
    }

    /// The answer to a request. Of several answers the next one is next.
    pub fn content(&mut self, request: &Request) -> Content {
        match self {
            Site::Pages(resources, _) => {
                let whole = format!("{}?{}", request.path, request.query);
                let place = |path: &str| resources.iter().position(|resource| resource.page.path == path);
                let Some(place) = place(&whole).or_else(|| place(&request.path)) else {
                    return Content::plain(404);
                };
                let Resource { page, next, .. } = &mut resources[place];
                if !page.methods.contains(&request.method) {
                    return Content { allow: page.methods.join(", "), ..Content::plain(405) };
                }
                let answer = page.answers.get(*next).or(page.answers.last());
                // HEAD asks what GET would be answered with.
                if request.method != "HEAD" {
                    *next = (*next + 1).min(page.answers.len().saturating_sub(1));
                }
                answer.map_or_else(|| Content::plain(404), Content::from)
            }
            Site::Portal(_) if request.path == LOGIN => Content::from(&HttpAnswer {
                content_type: "text/html".to_owned(),
                body: b"<html><body>Please log in.</body></html>\n".to_vec(),
                ..HttpAnswer::default()
            }),
            Site::Portal(login) => Content::from(&HttpAnswer {
                status: 302,
                headers: vec![("Location".to_owned(), login.clone())],
                ..HttpAnswer::default()
            }),
            Site::Update(offer) => {
                let (status, kind, body) = match &request.path[..] {
                    update::PATH => update::answer(offer, &request.query),
                    update::LIST => update::list(offer),
                    _ => return Content::plain(404),
                };
                if !Page::METHODS.contains(&request.method.as_str()) {
                    return Content { allow: Page::METHODS.join(", "), ..Content::plain(405) };
                }
                Content::from(&HttpAnswer {
                    status,
                    content_type: kind.to_owned(),
                    body,
                    ..HttpAnswer::default()
                })
            }
        }
    }

    /// Answers a path in another way from now on, or as before. False when it has no pages.
    pub fn change(&mut self, change: &HttpChange) -> bool {
        let Site::Pages(resources, _) = self else { return false };
        let place = resources.iter().position(|resource| resource.page.path == change.path);
        match (&change.answer, place) {
            (Some(answer), Some(place)) => {
                resources[place].page.answers = vec![answer.clone()];
                resources[place].next = 0;
            }
            (Some(answer), None) => {
                resources.push(Resource {
                    page: Page::new(&change.path, answer.clone()),
                    from: None,
                    next: 0,
                });
            }
            (None, Some(place)) => match resources[place].from.clone() {
                Some(page) => {
                    resources[place].page = page;
                    resources[place].next = 0;
                }
                None => {
                    resources.remove(place);
                }
            },
            (None, None) => {}
        }
        true
    }
}

/// True when an answer of this status has a body.
fn has_body(status: u16) -> bool {
    !(status < 200 || status == 204 || status == 304)
}

/// The reason phrase of a status (RFC 9110, 15); of its class when it has no name of its own.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => match status / 100 {
            1 => "Informational",
            2 => "Success",
            3 => "Redirection",
            4 => "Client Error",
            _ => "Server Error",
        },
    }
}
