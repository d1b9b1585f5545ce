//! Files that a scenario names: certificates and keys in PEM, of services with TLS and of modules; and bodies of pages.
//!
//! Parsing opens no file. [`Scenario::named_files`] says which there are; whoever makes the world reads them and hands over
//! what is in them with [`Scenario::supply`]. A world is made of the contents, which travel in its input log.

use std::collections::BTreeMap;
use std::ops::Range;

use super::report::{Place, Problems};
use super::schema;
use super::table::Section;
use super::{ModuleConfig, Scenario};
use crate::at::flash::Flash;
use crate::net::config::{NetConfig, Page, ServiceConfig};
use crate::net::tls::{Clock, Identity, Session, check_certificates, check_key, check_pair};
use crate::profile::Profile;
use crate::rng::Stream;
use crate::time::Instant;
use crate::world::spelling::{one_of, shown};

/// A file, and where the scenario names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// As it is named: relative to the directory of the scenario's own file.
    pub path: String,
    /// Where the name stands.
    pub place: Place,
    /// It is a text in PEM. Otherwise it may be anything.
    pub is_pem: bool,
}

/// The files of a service with TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServiceFiles {
    /// Its certificate, and those that lead to its authority.
    pub certificate: Option<NamedFile>,
    /// Its private key.
    pub key: Option<NamedFile>,
    /// The authorities that must have signed a client's certificate.
    pub authorities: Option<NamedFile>,
}

/// The body of an answer that is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Body {
    pub host: String,
    /// The page's path.
    pub page: String,
    /// Which of the page's answers.
    pub answer: usize,
    pub file: NamedFile,
}

/// What files are named for, and what was in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedFiles {
    /// Of the ports of `NetConfig::tls`, in that order.
    pub(super) services: Vec<ServiceFiles>,
    /// By module, and by kind: `client_cert` and others.
    pub(super) modules: BTreeMap<String, Vec<(String, Vec<NamedFile>)>>,
    /// Of pages.
    pub(super) bodies: Vec<Body>,
    contents: BTreeMap<String, Vec<u8>>,
}

/// Whether this can be the path of a file.
pub(super) fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.chars().any(char::is_control)
}

/// The file that `key` of a table names.
pub(super) fn of_key(
    problems: &mut Problems,
    section: &Section,
    key: &'static str,
    is_pem: bool,
) -> Option<NamedFile> {
    let path = section.string_if(problems, key, is_path)?.to_owned();
    Some(NamedFile { path, place: problems.place(section.span(key).start), is_pem })
}

/// What `[module.NAME.certificates]` says: kinds, each with the files of its items.
pub(super) fn of_module(
    problems: &mut Problems,
    name: &str,
    module: &Section,
    profile: &Profile,
) -> Vec<(String, Vec<NamedFile>)> {
    let Some(value) = module.value("certificates") else { return Vec::new() };
    let title = format!("[module.{name}.certificates]");
    let Some(table) = Section::open(problems, title, value.span(), value, schema::CERTIFICATES) else {
        return Vec::new();
    };
    let mut kinds = Vec::new();
    for key in schema::CERTIFICATES {
        let Some(files) = table.strings(problems, key.name) else { continue };
        if !Flash::keeps(profile, key.name) {
            let kept = schema::CERTIFICATES.iter().map(|key| key.name);
            let kept = kept.filter(|kind| Flash::keeps(profile, kind));
            let (owner, kept) = (profile.name, one_of(kept));
            table.complain(problems, key.name, &format!("expected a kind that {owner} keeps ({kept})"));
        }
        for (path, place) in files.iter().filter(|(path, _)| !is_path(path)) {
            problems.add(place.clone(), format!("expected the path of a PEM file, found {}", shown(path)));
        }
        let named = |(path, span): (&str, Range<usize>)| NamedFile {
            path: path.to_owned(),
            place: problems.place(span.start),
            is_pem: true,
        };
        kinds.push((key.name.to_owned(), files.into_iter().map(named).collect()));
    }
    kinds
}

impl Scenario {
    /// The files that it names, each once, in the order of their names. One that is named as PEM and as something else,
    /// too, is PEM.
    pub fn named_files(&self) -> Vec<NamedFile> {
        let services = self.files.services.iter();
        let services = services.flat_map(|s| [&s.certificate, &s.key, &s.authorities]).flatten();
        let modules = self.files.modules.values().flatten().flat_map(|(_, files)| files);
        let bodies = self.files.bodies.iter().map(|body| &body.file);
        let mut all: Vec<NamedFile> = services.chain(modules).chain(bodies).cloned().collect();
        all.sort_by(|a, b| (&a.path, !a.is_pem, a.place).cmp(&(&b.path, !b.is_pem, b.place)));
        all.dedup_by(|later, first| later.path == first.path);
        all
    }

    /// What is in one of [`named_files`](Self::named_files).
    pub fn supply(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.files.contents.insert(path.to_owned(), content.into());
    }

    /// The files with what is in them, in the order of their names.
    pub fn supplied(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.contents.iter().map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    fn content_of(&self, file: &NamedFile) -> Result<&[u8], String> {
        let NamedFile { path, place, .. } = file;
        self.files.contents.get(path).map(Vec::as_slice).ok_or_else(|| {
            format!("{}:{}:{}: nobody has read {}", self.name, place.line, place.column, shown(path))
        })
    }

    /// A mistake in what a file holds, with the place where the scenario names it.
    fn mistake(&self, file: &NamedFile, what: &str) -> String {
        let Place { line, column } = file.place;
        format!("{}:{line}:{column}: {}: {what}", self.name, shown(&file.path))
    }

    /// What is in a file of this kind, which must be able to be it.
    fn checked(
        &self,
        file: &NamedFile,
        check: impl FnOnce(&[u8]) -> Result<(), String>,
    ) -> Result<&[u8], String> {
        let content = self.content_of(file)?;
        check(content).map_err(|what| self.mistake(file, &what))?;
        Ok(content)
    }

    /// The network, its services with what is in their files.
    ///
    /// # Errors
    /// A file was not supplied, is not what it is named for, or a service cannot be made of it.
    pub(in crate::world) fn network(&self) -> Result<NetConfig, String> {
        let mut net = self.net.clone();
        for Body { host, page, answer, file } in &self.files.bodies {
            let content = self.content_of(file)?;
            let services = net.hosts.iter_mut().filter(|h| h.name == *host).flat_map(|h| &mut h.services);
            let pages = services.filter_map(|service| match service {
                ServiceConfig::Http { pages, .. } => Some(pages),
                _ => None,
            });
            let of_page = |other: &&mut Page| other.path == *page;
            if let Some(answer) = pages.flatten().find(of_page).and_then(|page| page.answers.get_mut(*answer))
            {
                answer.body = content.to_vec();
            }
        }
        for (port, files) in net.tls.iter_mut().zip(&self.files.services) {
            if *files == ServiceFiles::default() {
                continue;
            }
            if let (Some(certificate), Some(file)) = (&files.certificate, &files.key) {
                let certificate = self.checked(certificate, check_certificates)?.to_vec();
                let key = self.checked(file, check_key)?.to_vec();
                check_pair(&certificate, &key).map_err(|what| self.mistake(file, &what))?;
                port.config.identity = Some(Identity { certificate, key });
            }
            if let Some(file) = &files.authorities {
                port.config.authorities = self.checked(file, check_certificates)?.to_vec();
            }
            let clock = Clock { at: Instant::ZERO, shows: self.epoch };
            let tried = Session::new(&port.config, Stream::new(0, "try"), clock, Instant::ZERO);
            tried.map_err(|error| format!("host '{}', port {}: {error}", port.host, port.port))?;
        }
        Ok(net)
    }

    /// Puts into a module's flash what the scenario says of its certificates.
    ///
    /// # Errors
    /// A file was not supplied, is not what it is named for, or there is no room for what is in it.
    pub(in crate::world) fn install(
        &self,
        module: &ModuleConfig,
        profile: &Profile,
        flash: &mut Flash,
    ) -> Result<(), String> {
        let Some(kinds) = self.files.modules.get(&module.name) else { return Ok(()) };
        for (kind, files) in kinds {
            let text = |file: &NamedFile| {
                std::str::from_utf8(self.content_of(file)?).map_err(|_| self.mistake(file, "is no text"))
            };
            let items: Vec<&str> = files.iter().map(text).collect::<Result<_, _>>()?;
            flash.install(profile, kind, &items).map_err(|room| {
                let what = format!("`{kind}` has room for {room} bytes, and its files are longer");
                files.first().map_or(what.clone(), |first| self.mistake(first, &what))
            })?;
        }
        for (kind, files) in kinds {
            let is_key = kind.ends_with("_key");
            let owner = kind.trim_end_matches("_key").trim_end_matches("_cert");
            for (number, file) in files.iter().enumerate() {
                self.checked(file, if is_key { check_key } else { check_certificates })?;
                // The other half is another file of the scenario's, or what the module comes with.
                let item = |part| flash.certificate(profile, &format!("{owner}_{part}"), number);
                if let (true, Some(certificate), Some(key)) =
                    (is_key || kind.ends_with("_cert"), item("cert"), item("key"))
                {
                    check_pair(&certificate, &key).map_err(|what| {
                        self.mistake(file, &format!("{what} of this number of module '{}'", module.name))
                    })?;
                }
            }
        }
        Ok(())
    }
}
