//! ESP32-C3, v3.3.0.0, on a MINI-1: the last release of v3 for this chip.

use super::esp32c3_v2_3::ESP32C3_V2_3;
use super::{BootLog, Chip, Differences, Http, Mqtt, Offers, Profile, Release, Times, Tls, flash};

/// Texts, partitions and settings are those of the release's tag; free heap and times are those of the older release (a
/// guess).
pub(super) static ESP32C3_V3_3: Profile = Profile {
    name: "esp32c3-v3.3",
    chip: Chip::Esp32c3,
    release: Release(3, 3),
    // As the documentation of later releases shows it.
    version: "AT version:3.3.0.0(3b13d04 - ESP32C3 - May  8 2024 08:21:54)\r\n\
              SDK version:v5.0.6-dirty\r\n\
              compile time(be332568):May  8 2024 08:51:33\r\n\
              Bin version:v3.3.0.0(MINI-1)\r\n",
    ipd_max: 2920,
    partitions: &flash::MFG_NVS,
    namespaces: flash::NAMESPACES_V3_1,
    boot_log: BootLog {
        loading: "SPIWP:0xee\r\nmode:DIO, clock div:2\r\nentry 0x403cc710\r\n\
                  I (27) boot: ESP-IDF v5.0.6-dirty 2nd stage bootloader\r\n",
        firmware: "at param mode: 1\r\n\
                   AT cmd port:uart1 tx:7 rx:6 cts:5 rts:4 baudrate:115200\r\n\
                   module_name: MINI-1\r\nmax tx power=78, ret=0\r\nv3.3.0.0\r\n",
        ..ESP32C3_V2_3.boot_log
    },
    differences: Differences::V3_4,
    times: Times::ESP32_FAMILY,
    // The same mbedTLS (a guess).
    tls: Tls::V3_4,
    offers: Offers::V3,
    http: Http::V3_3,
    mqtt: Mqtt::V3,
    ..ESP32C3_V2_3
};
