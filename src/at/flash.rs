//! The flash beside the saved settings: the firmware, the partitions of AT+SYSFLASH and the keys of AT+SYSMFG.
//!
//! Only what differs from what the release ships with is kept. AT+RESTORE does not touch it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::pki;
use crate::net::firmware;
use crate::profile::{Content, Holds, Namespace, Partition, Profile, Release};

/// Bytes, written as hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hex(Vec<u8>);

/// A value of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredValue", into = "StoredValue")]
pub struct Value {
    /// Its type, 1 to 8, as AT+SYSMFG counts them.
    pub kind: u8,
    /// Its bytes; numbers are little-endian.
    pub bytes: Vec<u8>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredValue {
    r#type: u8,
    value: Hex,
}

/// The two slots for the firmware, and which of them is to start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Firmware {
    /// 0 or 1.
    boot: usize,
    /// The version in slot 0: the release that the module was shipped with when `None`, nothing when empty.
    ota_0: Option<String>,
    /// The version in slot 1: nothing when `None` or empty.
    ota_1: Option<String>,
}

impl Firmware {
    /// The version in a slot, or `shipped`; `None` when there is nothing.
    pub fn version<'a>(&'a self, slot: usize, shipped: &'a str) -> Option<&'a str> {
        let version = match slot {
            0 => self.ota_0.as_deref().unwrap_or(shipped),
            _ => self.ota_1.as_deref().unwrap_or_default(),
        };
        Some(version).filter(|version| !version.is_empty())
    }

    /// The slot that the bootloader starts: the one that is to start, or the other one when that is empty.
    pub fn running(&self) -> usize {
        if self.version(self.boot, "shipped").is_some() { self.boot } else { 1 - self.boot }
    }

    /// The slot that is written next: the one that is not to start.
    pub fn next_slot(&self) -> usize {
        1 - self.boot
    }

    /// Erases a slot.
    pub fn erase(&mut self, slot: usize) {
        *self.slot(slot) = Some(String::new());
    }

    /// A slot holds this version now, and is to start.
    pub fn install(&mut self, slot: usize, version: &str) {
        *self.slot(slot) = Some(version.to_owned());
        self.boot = slot;
    }

    /// The other slot is to start.
    pub fn roll_back(&mut self, running: usize) {
        self.boot = 1 - running;
    }

    fn slot(&mut self, slot: usize) -> &mut Option<String> {
        if slot == 0 { &mut self.ota_0 } else { &mut self.ota_1 }
    }
}

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

/// The services of Bluetooth LE that a release ships.
const BLE_SERVICES: usize = 31;
/// The types of texts and of binary data.
const STRING: u8 = 7;
const BLOB: u8 = 8;

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
        if let Some(version) = versions.find(|version| !firmware::is_version(version)) {
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

impl Value {
    /// Whether it has as many bytes as its type.
    fn is_whole(&self) -> bool {
        match self.kind {
            1..=6 => self.bytes.len() == Value::size(self.kind),
            7 | 8 => true,
            _ => false,
        }
    }

    /// Bytes of a number of this type: 1 and 2 have one, 3 and 4 two, 5 and 6 four.
    pub fn size(kind: u8) -> usize {
        match kind {
            1 | 2 => 1,
            3 | 4 => 2,
            _ => 4,
        }
    }

    /// A text.
    fn text(text: &str) -> Value {
        Value { kind: STRING, bytes: text.as_bytes().to_vec() }
    }

    /// A number of this type (1 to 6); `None` when it does not fit.
    pub fn number(kind: u8, number: i64) -> Option<Value> {
        let size = Value::size(kind);
        let bits = 8 * size;
        // Odd types are unsigned.
        let (low, high) = if kind % 2 == 1 {
            (0, (1i64 << bits) - 1)
        } else {
            (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1)
        };
        let bytes = number.to_le_bytes().into_iter().take(size).collect();
        (low..=high).contains(&number).then_some(Value { kind, bytes })
    }

    /// The number that it is; `None` for strings and binary data.
    pub fn as_number(&self) -> Option<i64> {
        if !(1..=6).contains(&self.kind) {
            return None;
        }
        let unsigned = self.bytes.iter().rev().fold(0i64, |n, b| n << 8 | i64::from(*b));
        let bits = 8 * Value::size(self.kind);
        let negative = self.kind.is_multiple_of(2) && unsigned >> (bits - 1) & 1 == 1;
        Some(if negative { unsigned - (1i64 << bits) } else { unsigned })
    }
}

/// The partition called `name`.
pub fn find(profile: &Profile, name: &str) -> Option<&'static Partition> {
    profile.partitions.iter().find(|p| p.name == name)
}

/// What the release ships in a namespace.
fn shipped_keys(profile: &Profile, namespace: &Namespace) -> BTreeMap<String, Value> {
    let name = namespace.name;
    match namespace.holds {
        Holds::Certificates(count) => {
            let key = |number| if count > 1 { format!("{name}.{number}") } else { name.to_owned() };
            let blob = |number| {
                let key = key(number);
                let content = pki::shipped(name).get(usize::from(number));
                let bytes =
                    content.map_or_else(|| placeholder(&key), |pem: &&str| (*pem).to_owned()).into_bytes();
                (key, Value { kind: BLOB, bytes })
            };
            (0..count).map(blob).collect()
        }
        Holds::FactoryParameters => factory_parameters(profile),
        Holds::BleServices => (0..BLE_SERVICES)
            .map(|index| {
                (format!("cfg{index}"), Value::text(&format!("{index},shipped with the simulation")))
            })
            .collect(),
    }
}

/// What the factory sets, with the types that the build gives it. Nothing of it changes what the module does here.
fn factory_parameters(profile: &Profile) -> BTreeMap<String, Value> {
    const U8: u8 = 1;
    const I8: u8 = 2;
    const I32: u8 = 6;
    let [tx, rx, cts, rts] = profile.uart_pins.map(i64::from);
    let mut numbers = vec![
        ("version", I8, 4),
        ("max_tx_power", I8, 78),
        ("start_channel", U8, 1),
        ("channel_num", U8, 13),
        ("uart_port", I8, 1),
        ("uart_baudrate", I32, i64::from(profile.baud)),
        ("uart_tx_pin", I32, tx),
        ("uart_rx_pin", I32, rx),
        ("uart_cts_pin", I32, cts),
        ("uart_rts_pin", I32, rts),
    ];
    if profile.release >= Release(4, 1) {
        numbers.push(("sys_store", U8, 1));
    }
    let numbers = numbers.into_iter().filter_map(|(key, kind, n)| Some((key, Value::number(kind, n)?)));
    let texts = [("module_name", Value::text(profile.module)), ("country_code", Value::text("CN"))];
    numbers.chain(texts).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What the release ships in a partition. Of the kinds that nothing here reads it is a text that says so.
fn shipped(partition: &Partition) -> Vec<u8> {
    match (partition.content, pki::shipped(partition.name)) {
        (Content::Erased, _) => Vec::new(),
        (Content::Shipped, []) => placeholder(partition.name).into_bytes(),
        (Content::Shipped, items) => pki::partition(items),
    }
}

fn placeholder(name: &str) -> String {
    format!("-----BEGIN {name}-----\nshipped with the simulation\n-----END {name}-----\n")
}

impl From<StoredValue> for Value {
    fn from(stored: StoredValue) -> Value {
        Value { kind: stored.r#type, bytes: stored.value.0 }
    }
}

impl From<Value> for StoredValue {
    fn from(value: Value) -> StoredValue {
        StoredValue { r#type: value.kind, value: Hex(value.bytes) }
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits: String = self.0.iter().map(|b| format!("{b:02x}")).collect();
        serializer.serialize_str(&digits)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex, D::Error> {
        deserializer.deserialize_str(HexVisitor)
    }
}

struct HexVisitor;

impl Visitor<'_> for HexVisitor {
    type Value = Hex;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string of hexadecimal digits, two for each byte")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hex, E> {
        let digits = text.as_bytes();
        if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(E::invalid_value(serde::de::Unexpected::Str(text), &self));
        }
        let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok());
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
        bytes.map(Hex).ok_or_else(|| E::custom("not hexadecimal"))
    }
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

    #[test]
    fn numbers_keep_their_sign_and_their_range() {
        for (kind, good, bad) in
            [(1, 255, 256), (2, -128, -129), (3, 65_535, -1), (4, -1, 32_768), (6, -7, 1 << 31)]
        {
            assert_eq!(Value::number(kind, good).and_then(|v| v.as_number()), Some(good), "type {kind}");
            assert_eq!(Value::number(kind, bad), None, "type {kind}");
        }
    }
}
