//! The pages of an HTTP server: `[host.NAME.http.pages]`.

use std::ops::Range;

use super::files::{self, Body, NamedFile};
use super::report::Problems;
use super::schema;
use super::table::{Section, Value, found};
use crate::net::config::{HttpAnswer, Page, ServiceConfig};
use crate::time::Duration;
use crate::world::quantity;
use crate::world::spelling::shown;

/// What a body is, said once.
const BODIES: [&str; 3] = ["body", "file", "size"];

/// Reads the pages of a server on `port`, and what it tells of requests. `bodies`: takes those that are in files.
pub(super) fn read(
    problems: &mut Problems,
    http: &Section,
    (host, port): (&str, u16),
    bodies: &mut Vec<Body>,
) -> ServiceConfig {
    let mut pages = Vec::new();
    for (path, place, value) in http.named(problems, "pages") {
        if !is_path(path) {
            let message = format!(
                "expected a path that begins with `/`, of printable ASCII without space and `#`, found {}",
                shown(path)
            );
            problems.add(place, message);
            continue;
        }
        let mut files = Vec::new();
        pages.extend(page(problems, path, place, value, (host, &mut files)));
        let body = |(answer, file)| Body { host: host.to_owned(), page: path.to_owned(), answer, file };
        bodies.extend(files.into_iter().map(body));
    }
    let mut shows = Vec::new();
    for (name, span) in http.strings(problems, "shows").unwrap_or_default() {
        if is_name(name) {
            shows.push(name.to_ascii_lowercase());
        } else {
            problems.add(span, format!("expected the name of a header, found {}", shown(name)));
        }
    }
    ServiceConfig::Http { port, pages, shows }
}

/// Whether a request can ask for this: a path, perhaps with a query.
pub(in crate::world) fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// Whether a header or a method can be called that (RFC 9110, 5.6.2).
fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(plain)
}

/// Whether a header can have this value.
fn is_value(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|b| (32..=126).contains(&b))
}

fn page<'a>(
    p: &mut Problems,
    path: &str,
    place: Range<usize>,
    value: &'a Value<'a>,
    (host, files): (&str, &mut Vec<(usize, NamedFile)>),
) -> Option<Page> {
    let title = format!("[host.{host}.http.pages.{}]", shown(path).replace('`', "\""));
    if let Some(list) = value.get_ref().as_array() {
        if list.is_empty() {
            p.add(place, format!("expected at least one answer in {title}, found an empty list"));
        }
        let answers: Vec<HttpAnswer> = list
            .iter()
            .enumerate()
            .filter_map(|(number, value)| match plain(value) {
                Some(answer) => Some(answer),
                None => Section::open(p, title.clone(), value.span(), value, schema::ANSWER)
                    .map(|section| answer(p, &section, number, files)),
            })
            .collect();
        let first = answers.first().cloned()?;
        return Some(Page { answers, ..Page::new(path, first) });
    }
    if let Some(answer) = plain(value) {
        return Some(Page::new(path, answer));
    }
    let section = Section::open(p, title, place, value, schema::PAGE)?;
    let mut page = Page::new(path, answer(p, &section, 0, files));
    if let Some(methods) = section.strings(p, "methods") {
        page.methods.clear();
        for (method, span) in methods {
            if is_name(method) && method == method.to_ascii_uppercase() {
                page.methods.push(method.to_owned());
            } else {
                p.add(span, format!("expected a method in capitals, found {}", shown(method)));
            }
        }
    }
    Some(page)
}

/// An answer that is nothing but a body.
fn plain(value: &Value) -> Option<HttpAnswer> {
    let body = value.get_ref().as_str()?;
    Some(HttpAnswer { body: body.as_bytes().to_vec(), ..HttpAnswer::default() })
}

/// The body that a table says. One that is in a file is empty until the file is read; `files` takes it, as that of answer
/// `number`.
fn body(p: &mut Problems, page: &Section, number: usize, files: &mut Vec<(usize, NamedFile)>) -> Vec<u8> {
    let said: Vec<&str> = BODIES.into_iter().filter(|key| page.value(key).is_some()).collect();
    if let [first, second, ..] = said[..] {
        page.complain(p, second, &format!("expected none beside `{first}`, which says the body already"));
    }
    files.extend(files::of_key(p, page, "file", false).map(|file| (number, file)));
    let size = page.integer(p, "size", 0, HttpAnswer::LARGEST_BODY as i128);
    match (page.string(p, "body"), size) {
        (Some(text), _) => text.as_bytes().to_vec(),
        (None, Some(size)) => HttpAnswer::numbered(size),
        (None, None) => Vec::new(),
    }
}

/// An answer that is a table.
fn answer(
    p: &mut Problems,
    page: &Section,
    number: usize,
    files: &mut Vec<(usize, NamedFile)>,
) -> HttpAnswer {
    let default = HttpAnswer::default();
    let mut headers = Vec::new();
    for (name, place, value) in page.named(p, "headers") {
        match value.get_ref().as_str() {
            Some(text) if is_name(name) && is_value(text) => headers.push((name.to_owned(), text.to_owned())),
            Some(_) => p.add(
                place,
                format!("expected a header of printable ASCII characters, found {}", shown(name)),
            ),
            None => {
                let message =
                    format!("expected a string for {}, found {}", shown(name), found(value.get_ref()));
                p.add(value.span(), message);
            }
        }
    }
    let location = page.string_if(p, "location", is_value);
    headers.extend(location.map(|location| ("Location".to_owned(), location.to_owned())));
    let usual = if location.is_some() { 302 } else { default.status };
    HttpAnswer {
        status: page.integer(p, "status", 200, 599).unwrap_or(usual),
        content_type: page.string_if(p, "content-type", is_value).map_or(default.content_type, str::to_owned),
        headers,
        body: body(p, page, number, files),
        delay: page.parsed(p, "delay", quantity::delay).unwrap_or(Duration::ZERO),
        chunk: page.integer(p, "chunk", 1, 65_535),
        keep_alive: page.boolean(p, "keep-alive").unwrap_or(true),
    }
}
