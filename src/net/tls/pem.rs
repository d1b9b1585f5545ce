//! Files of certificates and keys, looked at before a world is made of them.
//!
//! A module looks at what is in its flash when it connects, and no earlier, and a pair that does not match it never
//! notices: its peer does. Who writes a scenario wants to hear of it at once.

/// Looks at a file of certificates: every one of them can be read, and there is one.
///
/// # Errors
/// What is wrong with it. A build without TLS finds nothing.
pub fn check_certificates(content: &[u8]) -> Result<(), String> {
    #[cfg(feature = "tls")]
    return with::check_certificates(content);
    #[cfg(not(feature = "tls"))]
    return nothing(content);
}

/// Looks at a file with a private key.
///
/// # Errors
/// What is wrong with it. A build without TLS finds nothing.
pub fn check_key(content: &[u8]) -> Result<(), String> {
    #[cfg(feature = "tls")]
    return with::check_key(content);
    #[cfg(not(feature = "tls"))]
    return nothing(content);
}

/// Whether `key` is the private key of the first certificate. A file that can't be read matches every other.
///
/// # Errors
/// It is not. A build without TLS finds nothing.
pub fn check_pair(certificate: &[u8], key: &[u8]) -> Result<(), String> {
    #[cfg(feature = "tls")]
    return with::check_pair(certificate, key);
    #[cfg(not(feature = "tls"))]
    return nothing(certificate).and(nothing(key));
}

#[cfg(not(feature = "tls"))]
fn nothing(_: &[u8]) -> Result<(), String> {
    Ok(())
}

#[cfg(feature = "tls")]
mod with {
    use mbedtls::pk::Pk;

    use crate::net::tls::SetupError;
    use crate::net::tls::library::{certificates, private_key};

    const BEGINNING: &[u8] = b"-----BEGIN CERTIFICATE-----";

    pub fn check_certificates(content: &[u8]) -> Result<(), String> {
        let list = certificates(content).map_err(|code| SetupError::Certificate(code).to_string())?;
        // The library passes over those that it can't read, as the modules' does.
        let (read, all) =
            (list.iter().count(), content.windows(BEGINNING.len()).filter(|w| *w == BEGINNING).count());
        if read < all { Err(format!("of {all} certificates {} cannot be read", all - read)) } else { Ok(()) }
    }

    pub fn check_key(content: &[u8]) -> Result<(), String> {
        private_key(content).map(|_| ()).map_err(|code| SetupError::Key(code).to_string())
    }

    pub fn check_pair(certificate: &[u8], key: &[u8]) -> Result<(), String> {
        let (Ok(list), Ok(key)) = (certificates(certificate), private_key(key)) else { return Ok(()) };
        match list.iter().next() {
            Some(first) if !Pk::check_pair(first.public_key(), &key) => {
                Err("the private key is not that of the certificate".to_owned())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(all(test, feature = "tls"))]
mod tests {
    use super::*;

    const CERTIFICATE: &str = include_str!("../../../certificates/client_cert.0.pem");
    const KEY: &str = include_str!("../../../certificates/client_cert.0.key");
    const OTHER_KEY: &str = include_str!("../../../certificates/client_cert.1.key");
    const EC_KEY: &str = include_str!("../../../certificates/host-ec.key");

    #[test]
    fn a_key_of_another_certificate_or_of_another_kind_is_found() {
        let check = |key: &str| check_pair(CERTIFICATE.as_bytes(), key.as_bytes());
        assert_eq!(check(KEY), Ok(()));
        let wrong = Err("the private key is not that of the certificate".to_owned());
        assert_eq!(check(OTHER_KEY), wrong);
        assert_eq!(check(EC_KEY), wrong, "a key on a curve");
        assert_eq!(check("no key"), Ok(()), "that it can't be read is said of the key");
    }

    #[test]
    fn a_damaged_file_is_found_and_one_of_several_certificates_too() {
        let two = format!("{CERTIFICATE}{CERTIFICATE}");
        assert_eq!(check_certificates(two.as_bytes()), Ok(()));
        let half = format!("{CERTIFICATE}{}", &CERTIFICATE[..CERTIFICATE.len() / 2]);
        let found = check_certificates(half.as_bytes());
        assert_eq!(found, Err("of 2 certificates 1 cannot be read".to_owned()));
        for damaged in [&CERTIFICATE[..CERTIFICATE.len() / 2], "", "no certificate"] {
            let found = check_certificates(damaged.as_bytes()).expect_err("it is damaged");
            assert!(found.starts_with("the certificate cannot be read (-0x"), "{found}");
        }
        assert_eq!(check_key(KEY.as_bytes()), Ok(()));
        let found = check_key(&KEY.as_bytes()[..KEY.len() / 2]).expect_err("it is damaged");
        assert!(found.starts_with("the private key cannot be read (-0x"), "{found}");
    }
}
