//! What an update server offers over HTTP, in the form that the AT firmware asks for it.
//!
//! `GET /v1/device/rom` is answered with the versions that it has, `GET /v1/device/rom/?is_format_simple=true` is answered with the version that it recommends, and
//! `GET /v1/device/rom/?action=download_rom&version=V&filename=F.bin` with a file of a version. Nobody needs a token.

use crate::net::config::{UpdateAnswers, UpdateOffer};
use crate::net::firmware;

/// Where everything is.
pub(super) const PATH: &str = "/v1/device/rom/";

/// Where the list of versions is.
pub(super) const LIST: &str = "/v1/device/rom";

/// The list of versions, as much of it as the AT firmware looks at.
pub(super) fn list(offer: &UpdateOffer) -> Answer {
    let versions =
        offer.versions.keys().map(|version| format!("{{\"version\": \"{version}\", \"status\": 200}}"));
    let body = format!("{{\"roms\": [{}]}}\n", versions.collect::<Vec<_>>().join(", "));
    (200, "application/json", body.into_bytes())
}

/// An answer: status, content type, body.
type Answer = (u16, &'static str, Vec<u8>);

/// The answer to a request for [`PATH`] with this query.
pub(super) fn answer(offer: &UpdateOffer, query: &str) -> Answer {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let not_found = (404, "text/plain", b"Not Found".to_vec());
    if value("action") != Some("download_rom") {
        let latest = format!("{{\"rom_version\": \"{}\", \"status\": 200}}\n", offer.latest);
        return (200, "application/json", latest.into_bytes());
    }
    let (Some(version), Some(file)) = (value("version"), value("filename")) else { return not_found };
    let name = file.strip_suffix(".bin").unwrap_or(file);
    match offer.versions.get(version).and_then(|files| files.get(name)) {
        Some(size) => {
            let mut file = firmware::file(name, version, *size);
            match offer.answers {
                UpdateAnswers::Right => {}
                UpdateAnswers::Damaged => firmware::damage(&mut file),
                UpdateAnswers::NoImage => file.iter_mut().take(1).for_each(|byte| *byte ^= 0xff),
            }
            (200, "application/octet-stream", file)
        }
        None => not_found,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_tells_its_latest_version_and_hands_out_files() {
        let files = BTreeMap::from([("ota".to_owned(), 500), ("client_ca".to_owned(), 100)]);
        let versions = BTreeMap::from([("v1".to_owned(), files)]);
        let offer = UpdateOffer { latest: "v2".to_owned(), versions, answers: UpdateAnswers::Right };
        let (status, kind, body) = answer(&offer, "is_format_simple=true");
        assert_eq!(
            (status, kind, &body[..]),
            (200, "application/json", &b"{\"rom_version\": \"v2\", \"status\": 200}\n"[..])
        );
        let download = |version: &str, file: &str| {
            let (status, _, body) =
                answer(&offer, &format!("action=download_rom&version={version}&filename={file}"));
            (status, body)
        };
        assert_eq!(download("v1", "ota.bin"), (200, firmware::file("ota", "v1", 500)));
        assert_eq!(download("v1", "client_ca.bin"), (200, firmware::file("client_ca", "v1", 100)));
        for (version, file) in [("v2", "ota.bin"), ("v1", "mqtt_ca.bin"), ("", "ota.bin"), ("v1", "")] {
            assert_eq!(download(version, file).0, 404, "{version} {file}");
        }
        assert_eq!(answer(&offer, "action=download_rom").0, 404);
    }
}
