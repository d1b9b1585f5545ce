//! ESP32-C3, v4.1.1.0, on a MINI-1.

use super::esp32c3_v2_3::ESP32C3_V2_3;
use super::{
    BootLog, Chip, Differences, Divider, Http, Mqtt, Offers, Profile, Range, Release, Times, Tls, flash,
};

/// Texts, partitions and settings are those of the release's tag; free heap and times are those of the older release (a
/// guess).
pub(super) static ESP32C3_V4_1: Profile = Profile {
    name: "esp32c3-v4.1",
    chip: Chip::Esp32c3,
    release: Release(4, 1),
    // The first line is the core library's own; the SDK is that of the ESP32-C6's; the commit of the third line is the
    // tag's, its time a guess.
    version: "AT version:4.1.1.0(ba4dd0e - ESP32C3 - Jul 31 2025 08:38:07)\r\n\
              SDK version:v5.4.1-643-g8ad0d3d8f2f-dirty\r\n\
              compile time(7c092f9a):Aug  1 2025 05:30:00\r\n\
              Bin version:v4.1.1.0(MINI-1)\r\n",
    // From v4.1 on the UART runs from the crystal where the chip can.
    uart_divider: Divider::Prescaled(40_000_000),
    ipd_max: 2920,
    partitions: &flash::MFG_NVS,
    namespaces: flash::NAMESPACES_V4_1,
    boot_log: BootLog {
        loading: "SPIWP:0xee\r\nmode:DIO, clock div:2\r\nentry 0x403cc710\r\n\
                  I (24) boot: ESP-IDF v5.4.1-643-g8ad0d3d8f2f-dirty 2nd stage bootloader\r\n",
        firmware: "at param mode: 1\r\n\
                   AT cmd port:uart1 tx:7 rx:6 cts:5 rts:4 baudrate:115200\r\n\
                   module_name: MINI-1\r\nmax tx power=78, ret=0\r\nv4.1.1.0\r\n",
        ..ESP32C3_V2_3.boot_log
    },
    differences: Differences::V4_1,
    // Built without lwIP's pause before the first question (CONFIG_LWIP_SNTP_STARTUP_DELAY).
    times: Times { sntp_start: Range::millis(0, 0), ..Times::ESP32_FAMILY },
    // This chip has no unit for elliptic curves: as long as in v3 (a guess).
    tls: Tls::V3_4,
    offers: Offers::V4_1,
    http: Http::V4_1,
    mqtt: Mqtt::V4_1,
    ..ESP32C3_V2_3
};
