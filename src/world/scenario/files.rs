//! Files of certificates and keys that a scenario names, in PEM: of services with TLS, and of modules.
//!
//! Parsing opens no file. [`Scenario::pem_files`] says which there are; whoever makes the world reads them and hands their
//! texts over with [`Scenario::supply`]. A world is made of the texts, which travel in its input log.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::report::{Place, Problems};
use super::schema;
use super::table::Section;
use super::{ModuleConfig, Scenario};
use crate::at::flash::Flash;
use crate::net::config::NetConfig;
use crate::net::tls::{Clock, Identity, Session, check_certificates, check_key, check_pair};
use crate::profile::Profile;
use crate::rng::Stream;
use crate::time::Instant;
use crate::world::spelling::{one_of, shown};

/// A file that the scenario names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// As it is named.
    pub path: String,
    /// Where.
    pub place: Place,
}

/// The files of a service with TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServiceFiles {
    /// Its certificate, and those that lead to its authority.
    pub certificate: Option<Named>,
    /// Its private key.
    pub key: Option<Named>,
    /// The authorities that must have signed a client's certificate.
    pub authorities: Option<Named>,
}

/// What files of PEM are named for, and what was in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PemFiles {
    /// Of the ports of `NetConfig::tls`, in that order.
    pub(super) services: Vec<ServiceFiles>,
    /// By module, and by kind: `client_cert` and others.
    pub(super) modules: BTreeMap<String, Vec<(String, Vec<Named>)>>,
    texts: BTreeMap<String, String>,
}

/// Whether this can be the path of a file.
pub(super) fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.chars().any(char::is_control)
}

/// What `[module.NAME.certificates]` says: kinds, each with the files of its items.
pub(super) fn of_module(
    problems: &mut Problems,
    name: &str,
    module: &Section,
    profile: &Profile,
) -> Vec<(String, Vec<Named>)> {
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
        let named = |(path, span): (&str, Range<usize>)| Named {
            path: path.to_owned(),
            place: problems.place(span.start),
        };
        kinds.push((key.name.to_owned(), files.into_iter().map(named).collect()));
    }
    kinds
}

impl Scenario {
    /// The PEM files that it names, each once, as it names them: relative to the directory of its own file.
    pub fn pem_files(&self) -> BTreeSet<&str> {
        let services = self.pem.services.iter();
        let services = services.flat_map(|s| [&s.certificate, &s.key, &s.authorities]).flatten();
        let modules = self.pem.modules.values().flatten().flat_map(|(_, paths)| paths);
        services.chain(modules).map(|named| named.path.as_str()).collect()
    }

    /// What is in one of [`pem_files`](Self::pem_files).
    pub fn supply(&mut self, path: &str, text: String) {
        self.pem.texts.insert(path.to_owned(), text);
    }

    /// The files with what is in them, in the order of their names.
    pub fn supplied(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pem.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    fn text_of(&self, named: &Named) -> Result<&str, String> {
        let text = self.pem.texts.get(&named.path).map(String::as_str);
        text.ok_or_else(|| format!("nobody has read {}", shown(&named.path)))
    }

    /// A mistake in what a file holds, with the place where the scenario names it.
    fn mistake(&self, named: &Named, what: &str) -> String {
        let Place { line, column } = named.place;
        format!("{}:{line}:{column}: {}: {what}", self.name, shown(&named.path))
    }

    /// What is in a file of this kind, which must be able to be it.
    fn checked(
        &self,
        named: &Named,
        check: impl FnOnce(&[u8]) -> Result<(), String>,
    ) -> Result<&str, String> {
        let text = self.text_of(named)?;
        check(text.as_bytes()).map_err(|what| self.mistake(named, &what))?;
        Ok(text)
    }

    /// The network, its services with what is in their files.
    ///
    /// # Errors
    /// A file was not supplied, is not what it is named for, or a service cannot be made of it.
    pub(in crate::world) fn network(&self) -> Result<NetConfig, String> {
        let mut net = self.net.clone();
        for (port, files) in net.tls.iter_mut().zip(&self.pem.services) {
            if *files == ServiceFiles::default() {
                continue;
            }
            if let (Some(certificate), Some(named)) = (&files.certificate, &files.key) {
                let certificate = self.checked(certificate, check_certificates)?.as_bytes().to_vec();
                let key = self.checked(named, check_key)?.as_bytes().to_vec();
                check_pair(&certificate, &key).map_err(|what| self.mistake(named, &what))?;
                port.config.identity = Some(Identity { certificate, key });
            }
            if let Some(named) = &files.authorities {
                port.config.authorities = self.checked(named, check_certificates)?.as_bytes().to_vec();
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
        let Some(kinds) = self.pem.modules.get(&module.name) else { return Ok(()) };
        for (kind, files) in kinds {
            let items: Vec<&str> = files.iter().map(|named| self.text_of(named)).collect::<Result<_, _>>()?;
            flash.install(profile, kind, &items).map_err(|room| {
                format!(
                    "module '{}': `{kind}` has room for {room} bytes, and the files are longer",
                    module.name
                )
            })?;
        }
        for (kind, files) in kinds {
            let is_key = kind.ends_with("_key");
            let owner = kind.trim_end_matches("_key").trim_end_matches("_cert");
            for (number, named) in files.iter().enumerate() {
                self.checked(named, if is_key { check_key } else { check_certificates })?;
                // The other half is another file of the scenario's, or what the module comes with.
                let item = |part| flash.certificate(profile, &format!("{owner}_{part}"), number);
                if let (true, Some(certificate), Some(key)) =
                    (is_key || kind.ends_with("_cert"), item("cert"), item("key"))
                {
                    check_pair(&certificate, &key).map_err(|what| {
                        self.mistake(named, &format!("{what} of this number of module '{}'", module.name))
                    })?;
                }
            }
        }
        Ok(())
    }
}
