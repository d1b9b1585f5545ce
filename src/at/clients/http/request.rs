//! What a request is made of: where it goes, its headers, its bytes.

/// Who asks, on every chip.
const USER_AGENT: &str = "ESP32 HTTP Client/1.0";

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// `https`.
    pub tls: bool,
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query; begins with `/`.
    pub target: String,
}

impl Url {
    /// Reads `http://host[:port][/path][?query]`, or the same with `https`. `None`: it is something else.
    pub fn parse(text: &str) -> Option<Url> {
        Url::of_schemes(text, ["http", "https"])
    }

    /// The same with other schemes: the first without TLS, the second with it.
    pub fn of_schemes(text: &str, schemes: [&str; 2]) -> Option<Url> {
        let (scheme, rest) = text.split_once("://")?;
        let tls = schemes.iter().position(|known| scheme.eq_ignore_ascii_case(known))? == 1;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        // Nobody is asked for who the user is.
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.strip_prefix('[') {
            Some(literal) => {
                let (host, behind) = literal.split_once(']')?;
                (host, behind.strip_prefix(':'))
            }
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port > 0)?,
            None => default_port(tls),
        };
        let target = target.split('#').next().unwrap_or_default();
        let slash = if target.starts_with('/') { "" } else { "/" };
        let is_clean = |text: &str| text.bytes().all(|b| b > b' ' && b != 0x7f);
        let url = Url { tls, host: host.to_owned(), port, target: format!("{slash}{target}") };
        (!host.is_empty() && is_clean(host) && is_clean(&url.target)).then_some(url)
    }

    /// The value of `Host`.
    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        // Both well-known ports are left out, whatever the scheme.
        if [80, 443].contains(&self.port) { host } else { format!("{host}:{}", self.port) }
    }
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// A header, as esp_http_client keeps it: a name, and a value without blanks at its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What stands before the colon.
    pub name: String,
    /// What stands behind it.
    pub value: String,
    /// As it was typed.
    pub typed: String,
}

impl Header {
    /// Reads `key: value`. `None`: it has no colon, or ends a line, or is not UTF-8.
    pub fn parse(typed: &[u8]) -> Option<Header> {
        let typed = std::str::from_utf8(typed).ok().filter(|text| !text.contains(['\r', '\n']))?;
        let (name, value) = typed.split_once(':')?;
        let header =
            Header { name: name.to_owned(), value: value.trim().to_owned(), typed: typed.to_owned() };
        (!name.is_empty()).then_some(header)
    }
}

/// A request, headers in the order in which they were set first.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    url: Url,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// One with the headers that every request has.
    pub fn new(method: &'static str, url: Url, body: Vec<u8>) -> Request {
        let headers =
            vec![("User-Agent".to_owned(), USER_AGENT.to_owned()), ("Host".to_owned(), url.authority())];
        Request { method, url, headers, body }
    }

    /// Sets a header; one of the same name, in any case, is replaced where it is.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, known)) => value.clone_into(known),
            None => self.headers.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Bytes of its first line, which has to fit into the buffer.
    pub fn line_len(&self) -> usize {
        self.method.len() + self.url.target.len() + " HTTP/1.1 \r\n".len()
    }

    /// Its bytes. `says_no_length`: one without a body says so.
    pub fn bytes(mut self, says_no_length: bool) -> Vec<u8> {
        if says_no_length || !self.body.is_empty() || !["GET", "HEAD", "DELETE"].contains(&self.method) {
            self.set("Content-Length", &self.body.len().to_string());
        }
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.url.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        [head.into_bytes(), self.body].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let parse = |text| Url::parse(text).map(|u| (u.tls, u.host, u.port, u.target));
        let is = |tls, host: &str, port, target: &str| Some((tls, host.to_owned(), port, target.to_owned()));
        assert_eq!(parse("http://httpbin.org/get?x=1"), is(false, "httpbin.org", 80, "/get?x=1"));
        assert_eq!(parse("HTTPS://h"), is(true, "h", 443, "/"));
        assert_eq!(parse("http://h:8080?x#y"), is(false, "h", 8080, "/?x"));
        assert_eq!(parse("http://user:pass@h/"), is(false, "h", 80, "/"));
        assert_eq!(parse("http://[2001:db8::1]:81/a"), is(false, "2001:db8::1", 81, "/a"));
        for bad in
            ["", "httpbin.org/get", "ftp://h/", "http://", "http://h:0/", "http://h:x/", "http://h/a b"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn headers_keep_their_order_and_the_last_value_of_a_name_wins() {
        let url = Url::parse("http://h:8080/a").expect("a URL");
        let mut request = Request::new("POST", url, b"xy".to_vec());
        request.set("Content-Type", "text/xml");
        request.set("X-One", "1");
        request.set("content-type", "text/plain");
        let expected = "POST /a HTTP/1.1\r\nUser-Agent: ESP32 HTTP Client/1.0\r\nHost: h:8080\r\n\
                        Content-Type: text/plain\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nxy";
        assert_eq!(String::from_utf8_lossy(&request.bytes(false)), expected);
        let url = Url::parse("http://h/").expect("a URL");
        let length = |says| {
            let bytes = Request::new("GET", url.clone(), Vec::new()).bytes(says);
            String::from_utf8_lossy(&bytes).contains("Content-Length: 0")
        };
        assert!(length(true) && !length(false));
    }
}
