//! The values of namespaces, and bytes as a file of saved settings has them.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The types of texts and of binary data.
pub(super) const STRING: u8 = 7;
pub(super) const BLOB: u8 = 8;

/// Bytes, written as hexadecimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hex(pub(super) Vec<u8>);

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

impl Value {
    /// Whether it has as many bytes as its type.
    pub(super) fn is_whole(&self) -> bool {
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
    pub(super) fn text(text: &str) -> Value {
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
