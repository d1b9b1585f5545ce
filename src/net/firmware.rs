//! What an update server hands out: an application image for the ESP32 family, or the contents of a partition.
//!
//! A simulated image has the marks that a module looks at (the first byte, and the version in the description of the
//! application, where the IDF puts it), and nothing else that could run.

/// First byte of an application image.
const IMAGE_MAGIC: u8 = 0xe9;
/// Where the header of an image says whether a hash stands behind it.
const HASH_APPENDED: usize = 23;
/// Where the description of the application begins: behind the headers of the image and of its first segment.
const DESCRIPTION: usize = 32;
/// How it begins.
const DESCRIPTION_MAGIC: [u8; 4] = 0xabcd_5432u32.to_le_bytes();
/// Where the version is: a text of up to [`LONGEST_VERSION`] bytes, ended by a zero.
const VERSION: usize = DESCRIPTION + 16;
/// Longest version, bytes.
pub const LONGEST_VERSION: usize = 31;
/// Least size of an image, bytes: its version is in it.
pub const LEAST_IMAGE: usize = VERSION + LONGEST_VERSION + 1;

/// The name under which the firmware itself is asked for.
pub const OTA: &str = "ota";

/// How the contents of a partition begin, and where: what a module checks before it writes. Files of other names it
/// refuses.
const SIGNATURES: [(&str, usize, &[u8]); 15] = [
    (OTA, 0, &[IMAGE_MAGIC]),
    ("mqtt_ca", 0, &[0xf1, 0xf1]),
    ("mqtt_cert", 0, &[0xf1, 0xf1]),
    ("mqtt_key", 0, &[0xf1, 0xf1]),
    ("ble_data", 2, &[0x27, 0x95]),
    ("client_ca", 0, &[0xf1, 0xf1]),
    ("client_cert", 0, &[0xf1, 0xf1]),
    ("client_key", 0, &[0xf1, 0xf1]),
    ("server_ca", 0, &[0xf1, 0xf1]),
    ("server_cert", 0, &[0xf1, 0xf1]),
    ("server_key", 0, &[0xf1, 0xf1]),
    ("wpa2_ca", 0, &[0xf1, 0xf1]),
    ("wpa2_cert", 0, &[0xf1, 0xf1]),
    ("wpa2_key", 0, &[0xf1, 0xf1]),
    ("factory_param", 0, &[0xfc, 0xfc]),
];

/// Where the file `name` carries its mark, and which.
pub fn signature(name: &str) -> Option<(usize, &'static [u8])> {
    SIGNATURES.iter().find(|(known, ..)| *known == name).map(|(_, at, bytes)| (*at, *bytes))
}

/// The file `name` of a version, `size` bytes long.
pub fn file(name: &str, version: &str, size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..size).map(filling).collect();
    let mut put = |at: usize, what: &[u8]| {
        for (byte, new) in bytes.iter_mut().skip(at).zip(what) {
            *byte = *new;
        }
    };
    if name == OTA {
        put(DESCRIPTION, &DESCRIPTION_MAGIC);
        put(VERSION, &[0; LONGEST_VERSION + 1]);
        put(VERSION, version.as_bytes());
    }
    if let Some((at, mark)) = signature(name) {
        put(at, mark);
    }
    bytes
}

/// What a file has at a place where it has neither mark nor description.
fn filling(at: usize) -> u8 {
    // Any pattern would do; this one shows in a capture where one is.
    (at >> 8) as u8 ^ at as u8
}

/// Inverts one bit in the middle of a file.
pub fn damage(file: &mut [u8]) {
    let middle = file.len() / 2;
    if let Some(byte) = file.get_mut(middle) {
        *byte ^= 1;
    }
}

/// Whether a part of an image, from `at` on, is as [`file()`] has made it: what stands for the checksum of a real one. Its
/// first [`LEAST_IMAGE`] bytes have marks of their own.
pub fn is_whole(at: usize, part: &[u8]) -> bool {
    part.iter().enumerate().all(|(i, byte)| at + i < LEAST_IMAGE || *byte == filling(at + i))
}

/// Whether an image was made by [`file()`], and not by a compiler: that one says that a hash stands behind it.
pub fn is_simulated(head: &[u8]) -> bool {
    head.get(HASH_APPENDED) != Some(&1)
}

/// The version of an application image, of which `head` is the beginning. `None` when it is none.
pub fn version(head: &[u8]) -> Option<&str> {
    let described = head.get(DESCRIPTION..)?.starts_with(&DESCRIPTION_MAGIC);
    let version = head.get(VERSION..VERSION + LONGEST_VERSION)?.split(|b| *b == 0).next()?;
    let image = head.first() == Some(&IMAGE_MAGIC) && described;
    std::str::from_utf8(version).ok().filter(|version| image && is_version(version))
}

/// True for what can be the name of a version: printable ASCII that needs no quoting in a URL or in JSON.
pub fn is_version(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=LONGEST_VERSION).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_says_its_version_and_nothing_else_does() {
        let image = file(OTA, "v2.4.0.0", 5_000);
        assert_eq!((image.len(), version(&image)), (5_000, Some("v2.4.0.0")));
        let longest = "v".repeat(LONGEST_VERSION);
        assert_eq!(version(&file(OTA, &longest, LEAST_IMAGE)), Some(longest.as_str()));
        for (at, what) in [(0, "the first byte"), (DESCRIPTION, "the description")] {
            let mut other = image.clone();
            other[at] ^= 1;
            assert_eq!(version(&other), None, "{what} is wrong");
        }
        assert_eq!(version(&image[..LEAST_IMAGE - 2]), None, "cut off");
        assert_eq!(version(&file("client_ca", "v2.4.0.0", 5_000)), None);
    }

    #[test]
    fn damage_shows() {
        let image = file(OTA, "v2.4.0.0", 5_000);
        assert!(is_whole(0, &image) && is_whole(1_000, &image[1_000..]) && is_simulated(&image));
        let mut other = image.clone();
        damage(&mut other);
        assert!(!is_whole(0, &other) && version(&other) == Some("v2.4.0.0"));
    }

    #[test]
    fn files_carry_the_marks_of_their_partitions() {
        assert!(file("client_ca", "v1", 100).starts_with(&[0xf1, 0xf1]));
        assert_eq!(file("ble_data", "v1", 100)[2..4], [0x27, 0x95]);
        assert_eq!(file("client_ca", "v1", 1), [0xf1], "shorter than its mark");
        assert_eq!((signature("fatfs"), signature("ota2")), (None, None));
    }
}
