//! Flash and RAM for the user: AT+SYSFLASH, AT+SYSMFG, AT+USERRAM.

use std::collections::BTreeMap;

use super::super::error::ErrorCode;
use super::super::flash::{self, Value};
use super::super::input::Input;
use super::super::schema::Args;
use super::super::upload::{Consumer, Upload};
use super::{Context, Outcome, Result};
use crate::at::job::Job;
use crate::profile::{Content, Namespace, Partition};

/// Flash is erased in sectors of so many bytes.
const SECTOR: usize = 4096;
/// Most bytes in one line of AT+USERRAM's answer.
const RAM_PART: usize = 1024;

/// What the log port says of a key or a namespace that NVS has not (ESP_ERR_NVS_NOT_FOUND). The builds leave out the names
/// of errors (`CONFIG_ESP_ERR_TO_NAME_LOOKUP=n`), and `esp_err_to_name` then has one word for all.
const NOT_FOUND: &str = "ret:0x1102 --> ERROR";

/// The same of a key for which there is no room (ESP_ERR_NVS_NOT_ENOUGH_SPACE).
const NO_ROOM: &str = "ret:0x1105 --> ERROR";

/// What the bytes of a data phase are for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Purpose {
    /// AT+SYSFLASH: a partition, from this offset on.
    Partition(&'static str, usize),
    /// AT+SYSMFG: namespace, key and type of a value.
    Key(String, String, u8),
    /// AT+USERRAM: the user's RAM, from this offset on.
    Ram(usize),
}

impl Consumer for Purpose {
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result {
        match *self {
            Purpose::Partition(name, offset) => {
                if c.core.can_write(&format!("the partition {name}"), c.env) {
                    c.env.flash.write(c.env.profile, &c.env.build, name, offset, &data);
                }
            }
            Purpose::Key(namespace, key, kind) => {
                set_key(c, &namespace, &key, Value { kind, bytes: data })?;
            }
            // What is beyond the end was refused when the command ran; the RAM can't have changed since.
            Purpose::Ram(offset) => {
                if let Some(place) = c.core.system.user_ram.get_mut(offset..offset + data.len()) {
                    place.copy_from_slice(&data);
                }
            }
        }
        Ok(Outcome::Run(Job::ok_at(c.now + c.env.draw(|p| &p.times.flash))))
    }
}

/// A key, for those who are told that it was not written.
fn of_key(namespace: &str, key: &str) -> String {
    format!("the key {key} of {namespace}")
}

fn upload(purpose: Purpose, length: usize) -> Outcome {
    Outcome::Take(Input::Upload(Upload::new(purpose, length)))
}

pub fn partitions_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for partition in c.env.profile.partitions {
        let Partition { name, kind, subtype, address, size, .. } = partition;
        c.core.out.text(&format!("+SYSFLASH:\"{name}\",{kind},{subtype},0x{address:x},0x{size:x}\r\n"));
    }
    Ok(Outcome::Ok)
}

/// Erases, writes or reads a part of a partition.
pub fn partition_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let name = args.name("partition")?.unwrap_or_default();
    let partition = flash::find(c.env.profile, name).filter(|partition| partition.is_users());
    let partition = partition.ok_or_else(|| args.invalid("partition"))?;
    let size = partition.bytes();
    let (offset, length) = match (args.int("operation"), args.given("offset"), args.given("length")) {
        (Some(0), None, None) => (0, size),
        (_, Some(offset), Some(length)) => (offset, length),
        (_, None, _) => return Err(args.invalid("offset")),
        (_, _, None) => return Err(args.invalid("length")),
    };
    if offset > size {
        return Err(args.invalid("offset"));
    }
    if length == 0 || length > size - offset {
        return Err(args.invalid("length"));
    }
    match args.int("operation") {
        Some(0) => {
            if !offset.is_multiple_of(SECTOR) || !length.is_multiple_of(SECTOR) {
                return Err(args.invalid("offset"));
            }
            c.env.flash.erase(c.env.profile, &c.env.build, partition.name, offset, length);
            Ok(Outcome::Run(Job::ok_at(c.now + c.env.draw(|p| &p.times.flash))))
        }
        Some(1) => {
            // Certificates are written in whole words.
            if partition.content == Content::Shipped && !length.is_multiple_of(4) {
                return Err(args.invalid("length"));
            }
            c.core.out.bare_prompt();
            Ok(upload(Purpose::Partition(partition.name, offset), length))
        }
        _ => {
            let bytes = c.env.flash.read(c.env.profile, &c.env.build, partition.name);
            c.core.out.text(&format!("+SYSFLASH:{length},"));
            c.core.out.data(bytes.get(offset..offset + length).unwrap_or_default());
            Ok(Outcome::Ok)
        }
    }
}

pub fn namespaces_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let built = |namespace: &&Namespace| namespace.built.is_none_or(|feature| c.env.build.has(feature));
    for namespace in c.env.profile.namespaces.iter().filter(built) {
        c.core.out.text(&format!("+SYSMFG:\"{}\"\r\n", namespace.name));
    }
    Ok(Outcome::Ok)
}

/// Erases, reads or writes keys. The last two parameters are offset and length of a read, type and value (or its
/// length) of a write.
pub fn key_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (namespace, key) = (args.name("namespace")?, args.name("key")?);
    let numbers = (args.given("offset or type"), args.int("length or value"));
    let named = namespace.and_then(|name| c.env.profile.namespaces.iter().find(|known| known.name == name));
    if named.and_then(|known| known.built).is_some_and(|feature| !c.env.build.has(feature)) {
        return Err(args.invalid("namespace"));
    }
    match (args.int("operation"), namespace, key, numbers) {
        (Some(1), None, None, (None, None)) => namespaces_query(c, args),
        (Some(0), Some(namespace), key, (None, None)) => {
            // NVS writes that a key is gone.
            let there = c.env.flash.keys(c.env.profile, namespace);
            if !there.is_some_and(|keys| key.is_none_or(|key| keys.contains_key(key))) {
                c.core.out.log(NOT_FOUND);
                return Err(ErrorCode::FAILED);
            }
            if c.core.can_write(&of_key(namespace, key.unwrap_or("any")), c.env) {
                c.env.flash.remove_keys(c.env.profile, namespace, key);
            }
            Ok(Outcome::Run(Job::ok_at(c.now + c.env.draw(|p| &p.times.flash))))
        }
        (Some(1), Some(namespace), None, (None, None)) => {
            let keys = keys(c, args, namespace)?;
            for (key, value) in keys {
                c.core.out.text(&format!("+SYSMFG:\"{namespace}\",\"{key}\",{}\r\n", value.kind));
            }
            Ok(Outcome::Ok)
        }
        (Some(1), Some(namespace), Some(key), part) => {
            let keys = keys(c, args, namespace)?;
            let value = keys.get(key).ok_or_else(|| {
                c.core.out.log(NOT_FOUND);
                args.invalid("key")
            })?;
            read_key(c, args, (namespace, key), value, part)
        }
        (Some(2), Some(namespace), Some(key), (Some(kind), Some(value))) => {
            if named.is_none() {
                return Err(args.invalid("namespace"));
            }
            write_key(c, args, (namespace, key), (kind, value))
        }
        _ => Err(ErrorCode::FAILED),
    }
}

/// The keys of a namespace. One that the partition does not hold is an ERROR.
fn keys(
    c: &mut Context<'_, '_>,
    args: &Args,
    namespace: &str,
) -> std::result::Result<BTreeMap<String, Value>, ErrorCode> {
    c.env.flash.keys(c.env.profile, namespace).ok_or_else(|| {
        c.core.out.log(NOT_FOUND);
        args.invalid("namespace")
    })
}

fn set_key(
    c: &mut Context<'_, '_>,
    namespace: &str,
    key: &str,
    value: Value,
) -> std::result::Result<(), ErrorCode> {
    if !c.core.can_write(&of_key(namespace, key), c.env)
        || c.env.flash.set_key(c.env.profile, namespace, key, value)
    {
        return Ok(());
    }
    c.core.out.log(NO_ROOM);
    Err(ErrorCode::FAILED)
}

fn read_key(
    c: &mut Context<'_, '_>,
    args: &Args,
    (namespace, key): (&str, &str),
    value: &Value,
    part: (Option<usize>, Option<i64>),
) -> Result {
    let head = format!("+SYSMFG:\"{namespace}\",\"{key}\",{}", value.kind);
    if let Some(number) = value.as_number() {
        c.core.out.text(&format!("{head},{},{number}\r\n", value.bytes.len()));
        return Ok(Outcome::Ok);
    }
    let (offset, length) = match part {
        (None, None) => (0, value.bytes.len()),
        // A negative one is as good as a very large one (a guess).
        (Some(offset), Some(length)) => (offset, usize::try_from(length).unwrap_or(usize::MAX)),
        _ => return Err(args.invalid("length or value")),
    };
    let rest = value.bytes.get(offset..).ok_or_else(|| args.invalid("offset or type"))?;
    let bytes = &rest[..length.min(rest.len())];
    c.core.out.text(&format!("{head},{},", bytes.len()));
    c.core.out.data(bytes);
    c.core.out.text("\r\n");
    Ok(Outcome::Ok)
}

fn write_key(
    c: &mut Context<'_, '_>,
    args: &Args,
    (namespace, key): (&str, &str),
    (kind, value): (usize, i64),
) -> Result {
    let Ok(kind) = u8::try_from(kind) else { return Err(args.invalid("offset or type")) };
    match kind {
        1..=6 => {
            let value = Value::number(kind, value).ok_or_else(|| args.invalid("length or value"))?;
            set_key(c, namespace, key, value)?;
            Ok(Outcome::Run(Job::ok_at(c.now + c.env.draw(|p| &p.times.flash))))
        }
        // NVS takes strings of up to 4000 bytes; a longer one could not be kept.
        7 | 8 => {
            let length = usize::try_from(value).ok().filter(|length| (1..=4000).contains(length));
            let length = length.ok_or_else(|| args.invalid("length or value"))?;
            let purpose = Purpose::Key(namespace.to_owned(), key.to_owned(), kind);
            c.core.out.prompt();
            Ok(upload(purpose, length))
        }
        _ => Err(args.invalid("offset or type")),
    }
}

/// What is left of the heap for the user (a guess: all of it).
pub fn ram_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let (free, _) = c.core.heap(c.env);
    c.core.out.text(&format!("+USERRAM:{free}\r\n"));
    Ok(Outcome::Ok)
}

/// Frees, allocates, writes, reads or clears the user's RAM.
pub fn ram_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (size, offset): (Option<usize>, usize) = (args.given("size"), args.number("offset"));
    let has = c.core.system.user_ram.len();
    match (args.int("operation"), size) {
        (Some(0), _) if has > 0 => c.core.system.user_ram = Vec::new(),
        // A second allocation is refused until the first is freed (a guess).
        (Some(1), Some(size)) if has == 0 && size > 0 => {
            let (free, _) = c.core.heap(c.env);
            if !u32::try_from(size).is_ok_and(|size| size <= free) {
                c.core.out.log("alloc fail");
                return Err(ErrorCode::FAILED);
            }
            c.core.system.user_ram = vec![0; size];
        }
        (Some(2), Some(length))
            if length > 0 && has.checked_sub(offset).is_some_and(|room| length <= room) =>
        {
            c.core.out.prompt();
            return Ok(upload(Purpose::Ram(offset), length));
        }
        (Some(3), Some(length))
            if length > 0 && has.checked_sub(offset).is_some_and(|room| length <= room) =>
        {
            let bytes = c.core.system.user_ram[offset..offset + length].to_vec();
            for part in bytes.chunks(RAM_PART) {
                c.core.out.text(&format!("+USERRAM:{},", part.len()));
                c.core.out.data(part);
                c.core.out.text("\r\n");
            }
        }
        (Some(4), _) if has > 0 => c.core.system.user_ram.fill(0),
        _ => return Err(ErrorCode::FAILED),
    }
    Ok(Outcome::Ok)
}
