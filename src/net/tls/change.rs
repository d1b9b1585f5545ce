//! What a test changes of a server's TLS while the world runs. Sessions that are there go on as they are; the next ones see it.

use super::{CA, CLIENT_CA, Config, Fault, HostCertificate, SetupError, Verify, Version};

/// Which certificate a server shows. All but the first are wrong in one thing alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// The one that it was made with.
    Right,
    /// It was valid on 2000-01-01 only.
    Expired,
    /// It will be valid on 2105-12-31.
    NotYetValid,
    /// It is for `wrong.example`.
    WrongName,
    /// Another authority of the same name has signed it.
    UnknownCa,
}

impl Shows {
    /// Each with the word for it.
    pub const WORDS: [(&str, Shows); 5] = [
        ("right", Shows::Right),
        ("expired", Shows::Expired),
        ("not-yet-valid", Shows::NotYetValid),
        ("wrong-name", Shows::WrongName),
        ("unknown-ca", Shows::UnknownCa),
    ];
}

/// Whose certificates a server takes from clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// It asks for none.
    None,
    /// It asks for one and goes on without.
    Asked,
    /// It requires one.
    Required,
    /// It requires one of another authority than that of the modules.
    Foreign,
}

impl Clients {
    /// Each with the word for it.
    pub const WORDS: [(&str, Clients); 4] = [
        ("none", Clients::None),
        ("asked", Clients::Asked),
        ("required", Clients::Required),
        ("foreign", Clients::Foreign),
    ];
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its certificate.
    Shows(Shows),
    /// The one version that it has; `None`: those that it was made with.
    Version(Option<Version>),
    /// The one cipher suite that it has (IANA's number); `None`: those that it was made with.
    Suite(Option<u16>),
    /// Certificates of clients.
    Clients(Clients),
    /// Its pre-shared keys are others than the clients'.
    OtherKeys(bool),
    /// What it does wrong in handshakes.
    Fault(Option<Fault>),
}

impl Change {
    /// Each fault with the word for it.
    pub const ANSWERS: [(&str, Option<Fault>); 3] =
        [("right", None), ("none", Some(Fault::Silent)), ("half-flight", Some(Fault::HalfFlight))];
}

/// What a certificate that is wrong in this is like.
fn certificate(right: &HostCertificate, shows: Shows) -> HostCertificate {
    const DAY: u64 = 86_400;
    let right = right.clone();
    match shows {
        Shows::Right | Shows::UnknownCa => right,
        Shows::Expired => HostCertificate {
            valid_from: HostCertificate::FROM,
            valid_until: HostCertificate::FROM + DAY - 1,
            ..right
        },
        Shows::NotYetValid => HostCertificate {
            valid_from: HostCertificate::UNTIL + 1 - DAY,
            valid_until: HostCertificate::UNTIL,
            ..right
        },
        Shows::WrongName => {
            HostCertificate { names: vec!["wrong.example".to_owned()], addresses: Vec::new(), ..right }
        }
    }
}

/// What stands behind the first certificate of a chain in PEM: who has signed it.
fn behind_first(chain: &[u8]) -> &[u8] {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let begins = |at: &usize| chain[*at..].starts_with(BEGIN);
    (0..chain.len()).filter(begins).nth(1).map_or(&[], |at| &chain[at..])
}

impl Config {
    /// The same server, changed. `first` is what it was made with.
    ///
    /// # Errors
    /// It shows a certificate that the project's authority has not signed, so there is no other of its kind.
    pub fn changed(&self, first: &Config, change: Change) -> Result<Config, SetupError> {
        let mut config = self.clone();
        match change {
            Change::Shows(Shows::Right) => config.identity.clone_from(&first.identity),
            Change::Shows(shows) => {
                let right = first.host.as_ref().ok_or(SetupError::Certificate(0))?;
                let wrong = certificate(right, shows);
                let signed = if shows == Shows::UnknownCa { wrong.sign_as_another() } else { wrong.sign() };
                let mut signed = signed?;
                signed.certificate.extend(match &first.identity {
                    Some(identity) => behind_first(&identity.certificate),
                    None => &first.chain,
                });
                config.identity = Some(signed);
            }
            Change::Version(version) => config.versions = version.map_or(first.versions, |v| (v, v)),
            Change::Suite(suite) => {
                config.suites = suite.map_or_else(|| first.suites.clone(), |suite| vec![suite]);
            }
            Change::Clients(clients) => {
                // Whom the scenario trusts, or what makes the server a broker's.
                let own = || match &first.authorities[..] {
                    [] => CLIENT_CA.into(),
                    authorities => authorities.to_vec(),
                };
                (config.verify, config.authorities) = match clients {
                    Clients::None => (Verify::None, Vec::new()),
                    Clients::Asked => (Verify::Optional, own()),
                    Clients::Required => (Verify::Required, own()),
                    Clients::Foreign => (Verify::Required, CA.into()),
                };
            }
            Change::OtherKeys(other) => {
                config.psk.clone_from(&first.psk);
                if other {
                    config.psk.iter_mut().flat_map(|psk| &mut psk.key).for_each(|byte| *byte = !*byte);
                }
            }
            Change::Fault(fault) => config.fault = fault,
        }
        Ok(config)
    }
}
