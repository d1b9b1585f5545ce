//! What a release ships with.

use std::collections::BTreeMap;

use super::value::{BLOB, Value};
use crate::at::pki;
use crate::profile::{Content, Holds, Namespace, Partition, Profile, Release};

/// The services of Bluetooth LE that a release ships.
const BLE_SERVICES: usize = 31;

/// What the release ships in a namespace.
pub(super) fn shipped_keys(profile: &Profile, namespace: &Namespace) -> BTreeMap<String, Value> {
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
pub(super) fn shipped(partition: &Partition) -> Vec<u8> {
    match (partition.content, pki::shipped(partition.name)) {
        (Content::Erased, _) => Vec::new(),
        (Content::Shipped, []) => placeholder(partition.name).into_bytes(),
        (Content::Shipped, items) => pki::partition(items),
    }
}

fn placeholder(name: &str) -> String {
    format!("-----BEGIN {name}-----\nshipped with the simulation\n-----END {name}-----\n")
}
