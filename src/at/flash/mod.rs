//! The flash beside the saved settings: the firmware, the partitions of AT+SYSFLASH and the keys of AT+SYSMFG.
//!
//! Only what differs from what the release ships with is kept. AT+RESTORE does not touch it.
//!
//! Since v3.1 the keys lie in a partition, `mfg_nvs`: what AT+SYSMFG writes is read there with AT+SYSFLASH, and the other way
//! round. As long as no command has touched its bytes the keys are kept, and the bytes made of them; from then on the bytes.

mod firmware;
mod pages;
mod shipped;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pki;
use crate::net::firmware::is_version;
use crate::profile::{Build, Holds, Namespace, Partition, Profile};
pub use firmware::Firmware;
use shipped::{shipped, shipped_keys};
pub use value::Value;
use value::{BLOB, Hex};

/// What differs from the shipped contents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flash {
    /// Partitions that were erased or written to: their bytes up to the last that is not 0xff.
    partitions: BTreeMap<String, Hex>,
    /// Namespaces that were changed: all their keys.
    keys: BTreeMap<String, BTreeMap<String, Value>>,
    /// The firmware.
    pub firmware: Firmware,
}

impl Flash {
    /// The bytes of a partition, all of them.
    pub fn read(&self, profile: &Profile, build: &Build, name: &str) -> Vec<u8> {
        let Some(partition) = find(profile, name) else { return Vec::new() };
        let mut bytes = match self.partitions.get(name) {
            Some(written) => written.0.clone(),
            None if partition.is_nvs() => {
                let built = |known: &&Namespace| known.built.is_none_or(|feature| build.has(feature));
                let known = profile.namespaces.iter().filter(built);
                let all: Vec<_> = known.map(|known| self.kept_keys(profile, known)).collect();
                pages::write(&all, partition.bytes()).unwrap_or_default()
            }
            None => shipped(partition),
        };
        bytes.resize(partition.bytes(), 0xff);
        bytes
    }

    /// What a partition of certificates or keys holds, up to where it is erased; nothing of one that is not there.
    fn content(&self, profile: &Profile, name: &str) -> Vec<u8> {
        let shipped = || find(profile, name).map(shipped).unwrap_or_default();
        self.partitions.get(name).map_or_else(shipped, |written| written.0.clone())
    }

    /// Writes into a partition as NOR flash does: bits only go from 1 to 0.
    pub fn write(&mut self, profile: &Profile, build: &Build, name: &str, offset: usize, data: &[u8]) {
        let mut bytes = self.read(profile, build, name);
        for (old, new) in bytes.iter_mut().skip(offset).zip(data) {
            *old &= new;
        }
        self.keep(profile, name, bytes);
    }

    /// Erases `length` bytes of a partition.
    pub fn erase(&mut self, profile: &Profile, build: &Build, name: &str, offset: usize, length: usize) {
        let mut bytes = self.read(profile, build, name);
        for byte in bytes.iter_mut().skip(offset).take(length) {
            *byte = 0xff;
        }
        self.keep(profile, name, bytes);
    }

    fn keep(&mut self, profile: &Profile, name: &str, mut bytes: Vec<u8>) {
        if find(profile, name).is_some_and(Partition::is_nvs) {
            self.keys.clear();
        }
        while bytes.last() == Some(&0xff) {
            bytes.pop();
        }
        self.partitions.insert(name.to_owned(), Hex(bytes));
    }

    /// How many certificates or keys there are under `name` (`client_cert`, `server_key`, ...), for this release's way
    /// to keep them. A partition without the header of one has none.
    pub fn certificates(&self, profile: &Profile, name: &str) -> usize {
        if profile.differences.certificates_in_nvs {
            return self.keys(profile, name).map_or(0, |keys| keys.len());
        }
        pki::items(&self.content(profile, name)).map_or(0, |items| items.len())
    }

    /// What the log port says of the partition of a kind that holds none: it is missing, or is erased or written with
    /// something else. `None`: all is well, or this release has no such partitions.
    pub fn complaint(&self, profile: &Profile, name: &str) -> Option<String> {
        if profile.differences.certificates_in_nvs {
            return None;
        }
        if find(profile, name).is_none() {
            return Some(format!("{name} partition missed"));
        }
        pki::items(&self.content(profile, name)).is_none().then(|| format!("{name} format error"))
    }

    /// The content of a certificate or key under `name` (`client_cert`, ...) by its number. `None`: there is none, or
    /// what is there cannot be read.
    pub fn certificate(&self, profile: &Profile, name: &str, number: usize) -> Option<Vec<u8>> {
        if profile.differences.certificates_in_nvs {
            let keys = self.keys(profile, name)?;
            let value =
                keys.get(&format!("{name}.{number}")).or_else(|| keys.get(name).filter(|_| number == 0));
            return value.map(|value| value.bytes.clone());
        }
        let bytes = self.content(profile, name);
        pki::items(&bytes)?.get(number).map(|content| content.to_vec())
    }

    /// Whether modules of this profile keep certificates or keys under `name`.
    pub fn keeps(profile: &Profile, name: &str) -> bool {
        if profile.differences.certificates_in_nvs {
            let holds = |known: &&Namespace| matches!(known.holds, Holds::Certificates(_));
            return profile.namespaces.iter().filter(holds).any(|known| known.name == name);
        }
        find(profile, name).is_some() && pki::is_kind(name)
    }

    /// Puts these certificates or keys under `name`, in place of what is there, as a build with them has it.
    ///
    /// # Errors
    /// The room that there is, in bytes: they need more.
    pub fn install(&mut self, profile: &Profile, name: &str, items: &[&str]) -> Result<(), usize> {
        if profile.differences.certificates_in_nvs {
            // A value of NVS, in bytes (a page of it).
            const ROOM: usize = 4000;
            if items.iter().any(|item| item.len() > ROOM) {
                return Err(ROOM);
            }
            self.remove_keys(profile, name, None);
            for (number, item) in items.iter().enumerate() {
                let key = if items.len() > 1 { format!("{name}.{number}") } else { name.to_owned() };
                let value = Value { kind: BLOB, bytes: item.as_bytes().to_vec() };
                if !self.set_key(profile, name, &key, value) {
                    return Err(ROOM);
                }
            }
            return Ok(());
        }
        let room = find(profile, name).map_or(0, Partition::bytes);
        let bytes = pki::partition(items);
        if bytes.len() > room {
            return Err(room);
        }
        self.keep(profile, name, bytes);
        Ok(())
    }

    /// The keys of a namespace and their values; `None` when there is no such namespace.
    pub fn keys(&self, profile: &Profile, namespace: &str) -> Option<BTreeMap<String, Value>> {
        let known = profile.namespaces.iter().find(|known| known.name == namespace)?;
        let Some((_, stored)) = self.stored(profile) else { return Some(self.kept_keys(profile, known).1) };
        stored.into_iter().find(|(name, _)| name == namespace).map(|(_, keys)| keys)
    }

    /// Sets a key. False when there is no room for it; unknown namespaces are left alone.
    pub fn set_key(&mut self, profile: &Profile, namespace: &str, key: &str, value: Value) -> bool {
        if !profile.namespaces.iter().any(|known| known.name == namespace) {
            return true;
        }
        let mut keys = self.keys(profile, namespace).unwrap_or_default();
        keys.insert(key.to_owned(), value);
        self.put_keys(profile, namespace, keys)
    }

    /// Removes one key of a namespace, or all. False when there is no such namespace or key.
    pub fn remove_keys(&mut self, profile: &Profile, namespace: &str, key: Option<&str>) -> bool {
        let Some(mut keys) = self.keys(profile, namespace) else { return false };
        let removed = match key {
            Some(key) => keys.remove(key).is_some(),
            None => {
                keys.clear();
                true
            }
        };
        self.put_keys(profile, namespace, keys) && removed
    }

    /// The keys of a namespace as they are while nobody has touched the bytes of their partition.
    fn kept_keys(&self, profile: &Profile, namespace: &Namespace) -> pages::Keys {
        let name = namespace.name;
        (name.to_owned(), self.keys.get(name).cloned().unwrap_or_else(|| shipped_keys(profile, namespace)))
    }

    /// What lies in the partition of keys, and the partition. `None` while nobody has touched its bytes.
    fn stored(&self, profile: &Profile) -> Option<(&'static Partition, Vec<pages::Keys>)> {
        let partition = profile.partitions.iter().find(|partition| partition.is_nvs())?;
        let mut bytes = self.partitions.get(partition.name)?.0.clone();
        bytes.resize(partition.bytes(), 0xff);
        Some((partition, pages::read(&bytes)))
    }

    /// A namespace has these keys from now on. False when they do not fit: nothing has changed then.
    fn put_keys(&mut self, profile: &Profile, namespace: &str, keys: BTreeMap<String, Value>) -> bool {
        let Some((partition, mut all)) = self.stored(profile) else {
            let Some(partition) = profile.partitions.iter().find(|partition| partition.is_nvs()) else {
                return true;
            };
            let before = self.keys.insert(namespace.to_owned(), keys);
            let all: Vec<_> = profile.namespaces.iter().map(|known| self.kept_keys(profile, known)).collect();
            let fits = pages::write(&all, partition.bytes()).is_some();
            if !fits {
                match before {
                    Some(before) => self.keys.insert(namespace.to_owned(), before),
                    None => self.keys.remove(namespace),
                };
            }
            return fits;
        };
        match all.iter_mut().find(|(name, _)| name == namespace) {
            Some((_, old)) => *old = keys,
            None => all.push((namespace.to_owned(), keys)),
        }
        let Some(bytes) = pages::write(&all, partition.bytes()) else { return false };
        self.keep(profile, partition.name, bytes);
        true
    }

    /// What can't be in the flash of this profile, in a sentence, and under which key.
    pub fn mistake(&self, profile: &Profile) -> Option<(&'static str, String)> {
        let Firmware { boot, ota_0, ota_1 } = &self.firmware;
        if *boot > 1 {
            return Some(("boot", format!("expected 0 or 1 as the slot to start, found {boot}")));
        }
        let mut versions = [ota_0, ota_1].into_iter().flatten().filter(|version| !version.is_empty());
        if let Some(version) = versions.find(|version| !is_version(version)) {
            return Some((
                "firmware",
                format!("expected a version such as `v2.4.0.0` in a slot, found `{version}`"),
            ));
        }
        if ota_0.as_deref() == Some("") && ota_1.as_deref().is_none_or(str::is_empty) {
            return Some(("firmware", "expected a version in one of the slots, found both empty".to_owned()));
        }
        let nvs = profile.partitions.iter().find(|partition| partition.is_nvs());
        if let Some(nvs) = nvs.filter(|nvs| self.partitions.contains_key(nvs.name) && !self.keys.is_empty()) {
            let name = nvs.name;
            return Some((
                "keys",
                format!("expected no keys beside the partition `{name}`, which holds them"),
            ));
        }
        for (name, bytes) in &self.partitions {
            let Some(partition) = find(profile, name) else {
                let known: Vec<&str> = profile.partitions.iter().map(|p| p.name).collect();
                let (owner, known) = (profile.name, known.join(", "));
                return Some((
                    "partitions",
                    format!("expected a partition of {owner} ({known}), found `{name}`"),
                ));
            };
            if bytes.0.len() > partition.bytes() {
                let (size, found) = (partition.size, bytes.0.len());
                return Some((
                    "partitions",
                    format!("expected at most {size} bytes in partition `{name}`, found {found}"),
                ));
            }
        }
        let mut values = self.keys.values().flat_map(|keys| keys.iter());
        if let Some((key, value)) = values.find(|(_, value)| !value.is_whole()) {
            let (kind, length) = (value.kind, value.bytes.len());
            return Some((
                "keys",
                format!(
                    "expected a value of its type (1 to 8) for the key `{key}`, found type {kind} with {length} bytes"
                ),
            ));
        }
        let known = |name: &String| profile.namespaces.iter().any(|known| known.name == name);
        let namespace = self.keys.keys().find(|name| !known(name))?;
        let names: Vec<&str> = profile.namespaces.iter().map(|known| known.name).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let owner = profile.name;
        Some(("keys", format!("expected a namespace of {owner} ({names}), found `{namespace}`")))
    }
}

/// The partition called `name`.
pub fn find(profile: &Profile, name: &str) -> Option<&'static Partition> {
    profile.partitions.iter().find(|p| p.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile;

    #[test]
    fn writing_clears_bits_only_and_erasing_sets_them() {
        let c3 = profile::PROFILES[0];
        let build = Build::published(c3);
        let mut flash = Flash::default();
        flash.write(c3, &build, "ble_data", 100, &[0xf0, 0x0f]);
        flash.write(c3, &build, "ble_data", 100, &[0x3c]);
        let bytes = flash.read(c3, &build, "ble_data");
        assert_eq!(bytes[99..103], [0xff, 0x30, 0x0f, 0xff]);
        assert_eq!(bytes.len(), 0x6000, "the whole partition");
        flash.erase(c3, &build, "ble_data", 0, 4096);
        assert!(flash.read(c3, &build, "ble_data").iter().all(|b| *b == 0xff));
    }

    #[test]
    fn certificates_are_shipped_until_they_are_erased() {
        for profile in profile::PROFILES {
            let mut flash = Flash::default();
            assert_eq!(flash.certificates(profile, "client_cert"), 2, "{}", profile.name);
            if profile.differences.certificates_in_nvs {
                assert!(flash.remove_keys(profile, "client_cert", Some("client_cert.1")));
                assert_eq!(flash.certificates(profile, "client_cert"), 1, "{}", profile.name);
                assert!(flash.remove_keys(profile, "client_cert", None));
            } else {
                flash.erase(profile, &Build::published(profile), "client_cert", 0, 0x2000);
            }
            assert_eq!(flash.certificates(profile, "client_cert"), 0, "{}", profile.name);
        }
    }

    #[test]
    fn a_flash_that_its_module_cannot_have_is_a_mistake_that_says_what_can_be() {
        let find = |name| profile::find(name).expect("it is there");
        let (c3, with_keys) = (find("esp32c3-v2.3"), find("esp32-v3.4"));
        let size = super::find(c3, "ble_data").expect("it has one").bytes();
        let partition = |name: &str, bytes: usize| Flash {
            partitions: BTreeMap::from([(name.to_owned(), Hex(vec![0; bytes]))]),
            ..Flash::default()
        };
        let key = |namespace: &str, kind: u8, bytes: usize| Flash {
            keys: BTreeMap::from([(
                namespace.to_owned(),
                BTreeMap::from([("n".to_owned(), Value { kind, bytes: vec![0; bytes] })]),
            )]),
            ..Flash::default()
        };
        let both = Flash { keys: key("client_ca", 1, 1).keys, ..partition("mfg_nvs", 1) };
        for (profile, flash, place, expected) in [
            (c3, partition("no_data", 1), "partitions", "found `no_data`"),
            (c3, partition("ble_data", size + 1), "partitions", "in partition `ble_data`, found 24577"),
            (with_keys, both, "keys", "expected no keys beside the partition `mfg_nvs`"),
            (with_keys, key("nobody", 1, 1), "keys", "client_ca"),
            (with_keys, key("nobody", 1, 1), "keys", "found `nobody`"),
            (c3, key("client_ca", 1, 1), "keys", "expected a namespace of esp32c3-v2.3 (none)"),
            (with_keys, key("client_ca", 0, 1), "keys", "for the key `n`, found type 0 with 1 bytes"),
            (with_keys, key("client_ca", 9, 1), "keys", "for the key `n`, found type 9 with 1 bytes"),
            (with_keys, key("client_ca", 3, 1), "keys", "for the key `n`, found type 3 with 1 bytes"),
            (with_keys, key("client_ca", 6, 5), "keys", "for the key `n`, found type 6 with 5 bytes"),
        ] {
            let (found, sentence) = flash.mistake(profile).expect(expected);
            assert!((found, sentence.contains(expected)) == (place, true), "{found}: {sentence}");
        }
        for (profile, flash) in [
            (c3, partition("ble_data", size)),
            (with_keys, partition("mfg_nvs", 1)),
            (with_keys, key("client_ca", 3, 2)),
            (with_keys, key("client_ca", BLOB, 0)),
        ] {
            assert_eq!(flash.mistake(profile), None, "{flash:?}");
        }
    }

    /// The bytes of the partition and the keys are one: whichever of them a command changes.
    #[test]
    fn keys_and_the_bytes_of_their_partition_are_one() {
        for profile in profile::PROFILES.iter().filter(|p| p.differences.certificates_in_nvs) {
            let build = Build::published(profile);
            let (name, size) = ("mfg_nvs", find(profile, "mfg_nvs").expect("it has one").bytes());
            let number = |n| Value::number(5, n).expect("it fits");
            let mut flash = Flash::default();
            let all = |flash: &Flash| -> Vec<_> {
                profile.namespaces.iter().map(|known| flash.keys(profile, known.name)).collect()
            };
            // Bytes that are written as they are: the keys stay what they were, those of the build at least.
            assert!(flash.set_key(profile, "client_ca", "n", number(7)), "{}", profile.name);
            let (before, image) = (all(&flash), flash.read(profile, &build, name));
            flash.write(profile, &build, name, size - 1, &[0xff]);
            assert!(flash.partitions.contains_key(name) && flash.keys.is_empty(), "{}", profile.name);
            for (known, keys) in profile.namespaces.iter().zip(before) {
                let expected = keys.filter(|_| known.built.is_none());
                assert_eq!(flash.keys(profile, known.name), expected, "{}: {}", profile.name, known.name);
            }
            assert!(flash.read(profile, &build, name) == image, "{}: other bytes", profile.name);
            // A key more is in the bytes; a partition that was erased holds none, and takes some.
            assert!(flash.set_key(profile, "client_ca", "n", number(8)), "{}", profile.name);
            assert!(flash.read(profile, &build, name) != image, "{}: the bytes lack the key", profile.name);
            assert_eq!(flash.certificates(profile, "client_cert"), 2, "{}", profile.name);
            flash.erase(profile, &build, name, 0, size);
            assert!(all(&flash).iter().all(Option::is_none), "{}: keys of an erased partition", profile.name);
            assert_eq!(flash.certificates(profile, "client_cert"), 0, "{}", profile.name);
            assert!(!flash.remove_keys(profile, "client_ca", None), "{}", profile.name);
            assert!(flash.set_key(profile, "client_ca", "n", number(9)), "{}", profile.name);
            let keys = flash.keys(profile, "client_ca").expect("it is there again");
            assert_eq!(keys.get("n"), Some(&number(9)), "{}", profile.name);
            assert_eq!(keys.len(), 1, "{}", profile.name);
        }
    }

    #[test]
    fn keys_that_do_not_fit_into_the_partition_change_nothing() {
        let profile = profile::find("esp32-v3.4").expect("it is there");
        for touched in [false, true] {
            let mut flash = Flash::default();
            if touched {
                flash.erase(profile, &Build::published(profile), "mfg_nvs", 0, 4096);
            }
            let large = || Value { kind: BLOB, bytes: vec![1; 4000] };
            let fitting = (0..100).take_while(|n| {
                let before = flash.clone();
                let fits = flash.set_key(profile, "client_ca", &format!("k{n}"), large());
                assert!(fits || flash == before, "what did not fit has changed something");
                fits
            });
            // 112 KiB, of which a page stays free and the release has its own in some.
            let fitting = fitting.count();
            assert!((10..27).contains(&fitting), "{fitting} of 4000 bytes fit");
        }
    }
}
