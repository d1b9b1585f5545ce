//! The partitions in flash that AT+SYSFLASH reads, writes and erases, and what they hold out of the box.

use super::Feature;

/// What a partition holds before anybody writes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: every byte is 0xff.
    Erased,
    /// The certificate or key that the release ships with.
    Shipped,
}

/// One partition.
#[derive(Clone, Copy, Debug)]
pub struct Partition {
    /// Its name.
    pub name: &'static str,
    /// Its type, as a partition table has it.
    pub kind: u8,
    /// Its subtype.
    pub subtype: u8,
    /// Where it begins in flash, bytes.
    pub address: u32,
    /// Its size, bytes.
    pub size: u32,
    /// What it holds out of the box.
    pub content: Content,
}

impl Partition {
    /// Its size, bytes.
    pub const fn bytes(&self) -> usize {
        self.size as usize // the library is built for 32 bits and more
    }
}

/// The type of partitions that the AT firmware defines itself.
const CUSTOM: u8 = 0x40;
/// The type of data that the IDF knows, and its subtypes for NVS and FAT.
const DATA: u8 = 1;
const NVS: u8 = 2;
const FAT: u8 = 0x81;

const fn custom(name: &'static str, subtype: u8, address: u32, size: u32) -> Partition {
    Partition { name, kind: CUSTOM, subtype, address, size, content: Content::Erased }
}

const fn shipped(name: &'static str, subtype: u8, address: u32) -> Partition {
    Partition { content: Content::Shipped, ..custom(name, subtype, address, 0x2000) }
}

const fn nvs(address: u32, size: u32) -> Partition {
    Partition { name: "mfg_nvs", kind: DATA, subtype: NVS, address, size, content: Content::Shipped }
}

const fn fat(address: u32, size: u32) -> Partition {
    Partition { name: "fatfs", kind: DATA, subtype: FAT, address, size, content: Content::Erased }
}

impl Partition {
    /// Whether it holds the keys of AT+SYSMFG.
    pub fn is_nvs(&self) -> bool {
        self.kind == DATA && self.subtype == NVS
    }

    /// Whether AT+SYSFLASH reads, writes and erases it. The file system's is the firmware's own, as its makers say of
    /// those that are not the user's.
    pub fn is_users(&self) -> bool {
        !(self.kind == DATA && self.subtype == FAT)
    }
}

/// ESP32-C3, v2.3.
pub(super) static ESP32C3_V2_3: [Partition; 15] = [
    custom("ble_data", 1, 0x1f000, 0x6000),
    shipped("server_cert", 2, 0x25000),
    shipped("server_key", 3, 0x27000),
    shipped("server_ca", 4, 0x29000),
    shipped("client_cert", 5, 0x2b000),
    shipped("client_key", 6, 0x2d000),
    shipped("client_ca", 7, 0x2f000),
    custom("factory_param", 8, 0x31000, 0x1000),
    shipped("wpa2_cert", 9, 0x32000),
    shipped("wpa2_key", 10, 0x34000),
    shipped("wpa2_ca", 11, 0x36000),
    shipped("mqtt_cert", 12, 0x38000),
    shipped("mqtt_key", 13, 0x3a000),
    shipped("mqtt_ca", 14, 0x3c000),
    fat(0x47000, 0x19000),
];

/// ESP8266, v2.2. The subtypes of its WPA2 and MQTT partitions begin at 8 again.
pub(super) static ESP8266_V2_2: [Partition; 13] = [
    custom("factory_param", 8, 0xf1000, 0x1000),
    shipped("server_cert", 2, 0xf2000),
    shipped("server_key", 3, 0xf4000),
    shipped("server_ca", 4, 0xf6000),
    shipped("client_cert", 5, 0xf8000),
    shipped("client_key", 6, 0xfa000),
    shipped("client_ca", 7, 0xfc000),
    shipped("wpa2_cert", 8, 0xfe000),
    shipped("wpa2_key", 9, 0x100000),
    shipped("wpa2_ca", 10, 0x102000),
    shipped("mqtt_cert", 11, 0x104000),
    shipped("mqtt_key", 12, 0x106000),
    shipped("mqtt_ca", 13, 0x108000),
];

/// Since v3.1 one partition holds certificates and factory parameters as keys: on chips with 4 MB of flash.
pub(super) static MFG_NVS: [Partition; 2] = [nvs(0x1f000, 0x1f000), fat(0x47000, 0x19000)];

/// The same on the ESP32.
pub(super) static ESP32_MFG_NVS: [Partition; 2] = [nvs(0x21000, 0x1c000), fat(0x70000, 0x90000)];

/// A namespace of AT+SYSMFG, and what the release ships in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: &'static str,
    /// What its keys hold.
    pub holds: Holds,
    /// It is there only in a build with this.
    pub built: Option<Feature>,
}

/// What the keys of a namespace hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// So many certificates or keys. More than one are numbered: `client_cert.0`.
    Certificates(u8),
    /// What the factory sets: the module's name, its pins, its country.
    FactoryParameters,
    /// The services of Bluetooth LE, one a line: `cfg0` and so on.
    BleServices,
}

const fn certificates(name: &'static str, count: u8) -> Namespace {
    Namespace { name, holds: Holds::Certificates(count), built: None }
}

const fn built(name: &'static str, feature: Feature) -> Namespace {
    Namespace { name, holds: Holds::Certificates(2), built: Some(feature) }
}

const FACTORY: Namespace = Namespace { name: "factory_param", holds: Holds::FactoryParameters, built: None };
const BLE: Namespace = Namespace { name: "ble_data", holds: Holds::BleServices, built: None };

/// The namespaces since v3.1, in the order in which the build writes them. Those of WPA enterprise are there only in
/// builds that switch it on.
pub(super) const NAMESPACES_V3_1: &[Namespace] = &[
    certificates("server_cert", 1),
    certificates("server_key", 1),
    certificates("server_ca", 1),
    certificates("client_cert", 2),
    certificates("client_key", 2),
    certificates("client_ca", 2),
    certificates("mqtt_cert", 1),
    certificates("mqtt_key", 1),
    certificates("mqtt_ca", 1),
    FACTORY,
    BLE,
];

/// The same since v4.1, which has certificates of HTTPS and of WebSocket in builds with them.
pub(super) const NAMESPACES_V4_1: &[Namespace] = &[
    certificates("server_cert", 1),
    certificates("server_key", 1),
    certificates("server_ca", 1),
    certificates("client_cert", 2),
    certificates("client_key", 2),
    certificates("client_ca", 2),
    certificates("mqtt_cert", 1),
    certificates("mqtt_key", 1),
    certificates("mqtt_ca", 1),
    built("https_cert", Feature::HttpsAuth),
    built("https_key", Feature::HttpsAuth),
    built("https_ca", Feature::HttpsAuth),
    built("wss_cert", Feature::WebSocket),
    built("wss_key", Feature::WebSocket),
    built("wss_ca", Feature::WebSocket),
    FACTORY,
    BLE,
];
