//! How certificates and keys lie in flash, and those that a module comes with.
//!
//! Before v3.1 each kind has a partition: a header (`F1 F1`, how many, how long all of them are), then each with its
//! type, its number and its length, padded with FF to four bytes, all little-endian. Since then each is a key of the
//! manufacturing NVS.

/// The header, and that of each item, bytes.
const HEADER: usize = 8;
const ITEM: usize = 4;
const MAGIC: [u8; 2] = [0xf1, 0xf1];
/// The type that every item carries in the partitions that modules of that time were shipped with: that of a
/// certificate. Nobody looks at it.
const TYPE: u8 = 2;

/// What modules come with, by kind and number. Equivalents of Espressif's: see certificates/README.md.
const SHIPPED: &[(&str, &[&str])] = &[
    (
        "client_cert",
        &[
            include_str!("../../certificates/client_cert.0.pem"),
            include_str!("../../certificates/client_cert.1.pem"),
        ],
    ),
    (
        "client_key",
        &[
            include_str!("../../certificates/client_cert.0.key"),
            include_str!("../../certificates/client_cert.1.key"),
        ],
    ),
    (
        "client_ca",
        &[include_str!("../../certificates/ca.pem"), include_str!("../../certificates/client_ca.1.pem")],
    ),
    ("server_cert", &[include_str!("../../certificates/server_cert.0.pem")]),
    ("server_key", &[include_str!("../../certificates/server_cert.0.key")]),
    ("server_ca", &[include_str!("../../certificates/server_ca.0.pem")]),
    ("mqtt_cert", &[include_str!("../../certificates/mqtt_cert.0.pem")]),
    ("mqtt_key", &[include_str!("../../certificates/mqtt_cert.0.key")]),
    ("mqtt_ca", &[include_str!("../../certificates/mqtt_ca.0.pem")]),
    (
        "https_cert",
        &[
            include_str!("../../certificates/https_cert.0.pem"),
            include_str!("../../certificates/https_cert.1.pem"),
        ],
    ),
    (
        "https_key",
        &[
            include_str!("../../certificates/https_cert.0.key"),
            include_str!("../../certificates/https_cert.1.key"),
        ],
    ),
    (
        "https_ca",
        &[
            include_str!("../../certificates/https_ca.0.pem"),
            include_str!("../../certificates/https_ca.1.pem"),
        ],
    ),
    (
        "wss_cert",
        &[
            include_str!("../../certificates/wss_cert.0.pem"),
            include_str!("../../certificates/wss_cert.1.pem"),
        ],
    ),
    (
        "wss_key",
        &[
            include_str!("../../certificates/wss_cert.0.key"),
            include_str!("../../certificates/wss_cert.1.key"),
        ],
    ),
    (
        "wss_ca",
        &[include_str!("../../certificates/wss_ca.0.pem"), include_str!("../../certificates/wss_ca.1.pem")],
    ),
];

/// Whether a partition of this name holds certificates or keys.
pub(super) fn is_kind(name: &str) -> bool {
    SHIPPED.iter().any(|(known, _)| *known == name)
}

/// What modules come with of a kind; nothing for a kind that is not known.
pub(super) fn shipped(kind: &str) -> &'static [&'static str] {
    SHIPPED.iter().find(|(known, _)| *known == kind).map_or(&[], |(_, items)| items)
}

/// A partition with these items. What its fields cannot count is too much for any partition.
pub(super) fn partition(items: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, item) in items.iter().enumerate() {
        body.extend([TYPE, u8::try_from(number).unwrap_or(u8::MAX)]);
        body.extend(u16::try_from(item.len()).unwrap_or(u16::MAX).to_le_bytes());
        body.extend(item.as_bytes());
        body.resize(body.len().next_multiple_of(4), 0xff);
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(u16::try_from(items.len()).unwrap_or(u16::MAX).to_le_bytes());
    bytes.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(body);
    bytes
}

/// The items of a partition; `None` when its header is not one.
pub(super) fn items(partition: &[u8]) -> Option<Vec<&[u8]>> {
    let [m0, m1, low, high, ..] = *partition else { return None };
    if [m0, m1] != MAGIC {
        return None;
    }
    let count = u16::from_le_bytes([low, high]);
    let mut rest = partition.get(HEADER..)?;
    let mut items = Vec::new();
    for _ in 0..count {
        let [_, _, low, high, ..] = *rest else { break };
        let len = usize::from(u16::from_le_bytes([low, high]));
        let Some(content) = rest.get(ITEM..ITEM + len) else { break };
        items.push(content);
        rest = rest.get(ITEM + len.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_certificates_of_1164_bytes_lie_as_the_documentation_shows_them() {
        let certificate = "c".repeat(1164);
        let bytes = partition(&[&certificate, &certificate]);
        assert_eq!(bytes.len(), 8 + 2 * 1168);
        assert_eq!(bytes[..12], [0xf1, 0xf1, 2, 0, 0x20, 9, 0, 0, 2, 0, 0x8c, 4]);
        let keys = partition(&["k".repeat(1675).as_str(), "k".repeat(1675).as_str()]);
        assert_eq!(keys.len(), 8 + 2 * 1680);
    }

    #[test]
    fn what_was_written_is_read_and_what_is_no_partition_is_not() {
        let mut bytes = partition(&["first", "second one"]);
        bytes.resize(0x2000, 0xff);
        assert_eq!(items(&bytes), Some(vec![b"first".as_slice(), b"second one"]));
        assert_eq!(items(&[0xff; 64]), None, "an erased one");
        assert_eq!(items(b"-----BEGIN CERTIFICATE-----"), None);
        assert_eq!(items(&bytes[..20]), Some(vec![b"first".as_slice()]), "cut off in the second");
    }

    #[test]
    fn every_kind_that_modules_come_with_is_there() {
        for (kind, count) in [("client_cert", 2), ("client_key", 2), ("client_ca", 2), ("server_key", 1)] {
            assert_eq!(shipped(kind).len(), count, "{kind}");
        }
        assert_eq!(shipped("ble_data"), [""; 0]);
    }
}
