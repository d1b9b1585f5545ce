//! The flash beside the saved settings: the firmware, the partitions of AT+SYSFLASH and the keys of AT+SYSMFG.
//!
//! Only what differs from what the release ships with is kept. AT+RESTORE does not touch it.

mod firmware;
mod shipped;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pki;
use crate::net::firmware::is_version;
use crate::profile::{Holds, Namespace, Partition, Profile};
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
    pub fn read(&self, profile: &Profile, name: &str) -> Vec<u8> {
        let Some(partition) = find(profile, name) else { return Vec::new() };
        let mut bytes = match self.partitions.get(name) {
            Some(written) => written.0.clone(),
            None => shipped(partition),
        };
        bytes.resize(partition.bytes(), 0xff);
        bytes
    }

    /// Writes into a partition as NOR flash does: bits only go from 1 to 0.
    pub fn write(&mut self, profile: &Profile, name: &str, offset: usize, data: &[u8]) {
        let mut bytes = self.read(profile, name);
        for (old, new) in bytes.iter_mut().skip(offset).zip(data) {
            *old &= new;
        }
        self.keep(name, bytes);
    }

    /// Erases `length` bytes of a partition.
    pub fn erase(&mut self, profile: &Profile, name: &str, offset: usize, length: usize) {
        let mut bytes = self.read(profile, name);
        for byte in bytes.iter_mut().skip(offset).take(length) {
            *byte = 0xff;
        }
        self.keep(name, bytes);
    }

    fn keep(&mut self, name: &str, mut bytes: Vec<u8>) {
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
        let Some(partition) = find(profile, name) else { return 0 };
        let bytes = self.partitions.get(name).map_or_else(|| shipped(partition), |written| written.0.clone());
        pki::items(&bytes).map_or(0, |items| items.len())
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
        pki::items(&self.read(profile, name)).is_none().then(|| format!("{name} format error"))
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
        let bytes = self.read(profile, name);
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
                self.set_key(profile, name, &key, value);
            }
            return Ok(());
        }
        let room = find(profile, name).map_or(0, Partition::bytes);
        let bytes = pki::partition(items);
        if bytes.len() > room {
            return Err(room);
        }
        self.keep(name, bytes);
        Ok(())
    }

    /// The keys of a namespace and their values; `None` when there is no such namespace.
    pub fn keys(&self, profile: &Profile, namespace: &str) -> Option<BTreeMap<String, Value>> {
        let namespace = profile.namespaces.iter().find(|known| known.name == namespace)?;
        Some(self.keys.get(namespace.name).cloned().unwrap_or_else(|| shipped_keys(profile, namespace)))
    }

    /// Sets a key. Unknown namespaces are left alone.
    pub fn set_key(&mut self, profile: &Profile, namespace: &str, key: &str, value: Value) {
        if let Some(mut keys) = self.keys(profile, namespace) {
            keys.insert(key.to_owned(), value);
            self.keys.insert(namespace.to_owned(), keys);
        }
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
        self.keys.insert(namespace.to_owned(), keys);
        removed
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
        let mut flash = Flash::default();
        flash.write(c3, "ble_data", 100, &[0xf0, 0x0f]);
        flash.write(c3, "ble_data", 100, &[0x3c]);
        let bytes = flash.read(c3, "ble_data");
        assert_eq!(bytes[99..103], [0xff, 0x30, 0x0f, 0xff]);
        assert_eq!(bytes.len(), 0x6000, "the whole partition");
        flash.erase(c3, "ble_data", 0, 4096);
        assert!(flash.read(c3, "ble_data").iter().all(|b| *b == 0xff));
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
                flash.erase(profile, "client_cert", 0, 0x2000);
            }
            assert_eq!(flash.certificates(profile, "client_cert"), 0, "{}", profile.name);
        }
    }
}
