//! What an HTTP server of a host serves: pages, and what each answers.

use crate::time::Duration;

/// One resource of an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Absolute path. With a query it is for requests with the same query alone, and goes before the path without one.
    pub path: String,
    /// The methods that it has.
    pub methods: Vec<String>,
    /// What requests are answered with, one behind the other; the last one stays. At least one.
    pub answers: Vec<HttpAnswer>,
}

impl Page {
    /// The methods of a page that says nothing of them.
    pub const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "PUT"];

    /// One that answers always the same.
    pub fn new(path: &str, answer: HttpAnswer) -> Page {
        let methods = Page::METHODS.map(str::to_owned).to_vec();
        Page { path: path.to_owned(), methods, answers: vec![answer] }
    }
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code, 100 to 599.
    pub status: u16,
    /// Its `Content-Type`.
    pub content_type: String,
    /// Further headers: names and values.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// How long the server thinks before.
    pub delay: Duration,
    /// The body goes out in chunks of so many bytes (at least 1), without a `Content-Length`. HTTP/1.0 has no chunks.
    pub chunk: Option<usize>,
    /// The connection goes on behind it, if the client wants that.
    pub keep_alive: bool,
}

impl HttpAnswer {
    /// Most bytes of a body that is a file or is made.
    pub const LARGEST_BODY: usize = 16 << 20;

    /// A body of so many bytes in which a gap shows: lines of 16 bytes, each with its place in 15 digits and a line feed.
    pub fn numbered(size: usize) -> Vec<u8> {
        let lines = (0..size).step_by(16).flat_map(|place| format!("{place:015}\n").into_bytes());
        lines.take(size).collect()
    }
}

impl Default for HttpAnswer {
    /// 200, empty, at once.
    fn default() -> Self {
        HttpAnswer {
            status: 200,
            content_type: "text/plain".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            chunk: None,
            keep_alive: true,
        }
    }
}

/// A change of what an HTTP server answers on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpChange {
    /// The path, as [`Page::path`]. There need not have been a page.
    pub path: String,
    /// What it is answered with from now on; `None`: what the scenario says, from the first answer on.
    pub answer: Option<HttpAnswer>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_numbered_body_says_where_it_is() {
        assert_eq!(HttpAnswer::numbered(0), b"");
        assert_eq!(HttpAnswer::numbered(5), b"00000");
        assert_eq!(HttpAnswer::numbered(40), b"000000000000000\n000000000000016\n00000000");
    }
}
