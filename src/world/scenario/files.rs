//! Files of certificates and keys that a scenario names, in PEM: of services with TLS, and of modules.
//!
//! Parsing opens no file. [`Scenario::pem_files`] says which there are; whoever makes the world reads them and hands their
//! texts over with [`Scenario::supply`]. A world is made of the texts, which travel in its input log.

use std::collections::{BTreeMap, BTreeSet};

use super::report::Problems;
use super::schema;
use super::table::Section;
use super::{ModuleConfig, Scenario};
use crate::at::flash::Flash;
use crate::net::config::NetConfig;
use crate::net::tls::{Clock, Identity, Session, SetupError};
use crate::profile::Profile;
use crate::rng::Stream;
use crate::time::Instant;
use crate::world::spelling::{one_of, shown};

/// The files of a service with TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServiceFiles {
    /// Its certificate, and those that lead to its authority.
    pub certificate: Option<String>,
    /// Its private key.
    pub key: Option<String>,
    /// The authorities that must have signed a client's certificate.
    pub authorities: Option<String>,
}

/// What files of PEM are named for, and what was in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PemFiles {
    /// Of the ports of `NetConfig::tls`, in that order.
    pub(super) services: Vec<ServiceFiles>,
    /// By module, and by kind: `client_cert` and others.
    pub(super) modules: BTreeMap<String, Vec<(String, Vec<String>)>>,
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
) -> Vec<(String, Vec<String>)> {
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
        kinds.push((key.name.to_owned(), files.into_iter().map(|(path, _)| path.to_owned()).collect()));
    }
    kinds
}

impl Scenario {
    /// The PEM files that it names, each once, as it names them: relative to the directory of its own file.
    pub fn pem_files(&self) -> BTreeSet<&str> {
        let services = self.pem.services.iter();
        let services = services.flat_map(|s| [&s.certificate, &s.key, &s.authorities]).flatten();
        let modules = self.pem.modules.values().flatten().flat_map(|(_, paths)| paths);
        services.chain(modules).map(String::as_str).collect()
    }

    /// What is in one of [`pem_files`](Self::pem_files).
    pub fn supply(&mut self, path: &str, text: String) {
        self.pem.texts.insert(path.to_owned(), text);
    }

    /// The files with what is in them, in the order of their names.
    pub fn supplied(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pem.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    fn text_of(&self, path: &str) -> Result<&str, String> {
        self.pem.texts.get(path).map(String::as_str).ok_or_else(|| format!("nobody has read {}", shown(path)))
    }

    /// The network, its services with what is in their files.
    ///
    /// # Errors
    /// A file was not supplied, or a service cannot be made of it.
    pub(in crate::world) fn network(&self) -> Result<NetConfig, String> {
        let mut net = self.net.clone();
        for (port, files) in net.tls.iter_mut().zip(&self.pem.services) {
            if let (Some(certificate), Some(key)) = (&files.certificate, &files.key) {
                let certificate = self.text_of(certificate)?.as_bytes().to_vec();
                port.config.identity =
                    Some(Identity { certificate, key: self.text_of(key)?.as_bytes().to_vec() });
            }
            if let Some(path) = &files.authorities {
                port.config.authorities = self.text_of(path)?.as_bytes().to_vec();
            }
            if *files == ServiceFiles::default() {
                continue;
            }
            let clock = Clock { at: Instant::ZERO, shows: self.epoch };
            let tried = Session::new(&port.config, Stream::new(0, "try"), clock, Instant::ZERO);
            if let Some(error) = tried.err() {
                let file = match error {
                    SetupError::Certificate(_) => files.certificate.as_deref(),
                    SetupError::Key(_) => files.key.as_deref(),
                    SetupError::Authorities(_) => files.authorities.as_deref(),
                    _ => None,
                };
                let of = file.map(|file| format!(", from {}", shown(file))).unwrap_or_default();
                return Err(format!("host '{}', port {}: {error}{of}", port.host, port.port));
            }
        }
        Ok(net)
    }

    /// Puts into a module's flash what the scenario says of its certificates.
    ///
    /// # Errors
    /// A file was not supplied, or there is no room for what is in it.
    pub(in crate::world) fn install(
        &self,
        module: &ModuleConfig,
        profile: &Profile,
        flash: &mut Flash,
    ) -> Result<(), String> {
        for (kind, paths) in self.pem.modules.get(&module.name).into_iter().flatten() {
            let items: Vec<&str> = paths.iter().map(|path| self.text_of(path)).collect::<Result<_, _>>()?;
            flash.install(profile, kind, &items).map_err(|room| {
                format!(
                    "module '{}': `{kind}` has room for {room} bytes, and the files are longer",
                    module.name
                )
            })?;
        }
        Ok(())
    }
}
