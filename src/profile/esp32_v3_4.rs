//! ESP32, v3.4.0.0, on a WROOM-32.

use super::esp32c3_v2_3::ESP32C3_V2_3;
use super::{BootLog, Chip, Differences, Divider, Http, Mqtt, Offers, Profile, Release, Times, Tls, flash};

pub(super) static ESP32_V3_4: Profile = Profile {
    name: "esp32-v3.4",
    chip: Chip::Esp32,
    release: Release(3, 4),
    // As a module of this release answers; the `s` is that of a build without log texts, left out here.
    version: "AT version:3.4.0.0(c31b833 - ESP32 - Jun  7 2024 03:48:17)\r\n\
              SDK version:v5.0.6-dirty\r\n\
              compile time(70ff5889):Jun  7 2024 04:46:00\r\n\
              Bin version:v3.4.0.0(WROOM-32)\r\n",
    uart_divider: Divider::Sixteenths(80_000_000),
    // "The maximum valid bytes sent to MCU is 2920 bytes each time", says the documentation.
    ipd_max: 2920,
    tx_power_levels: &[34, 44, 52, 56, 60, 66, 72, 78],
    heap: 166_000,
    partitions: &flash::ESP32_MFG_NVS,
    namespaces: flash::NAMESPACES_V3_1,
    module: "WROOM-32",
    uart_pins: [17, 16, 15, 14],
    boot_log: BootLog {
        baud: 115_200,
        rom: "ets Jul 29 2019 12:21:46\r\n\r\nrst:{reset},boot:{mode}\r\n",
        resets: [
            "0x1 (POWERON_RESET)",
            "0xc (SW_CPU_RESET)",
            "0x5 (DEEPSLEEP_RESET)",
            "0xf (RTCWDT_BROWN_OUT_RESET)",
            "0x8 (TG1WDT_SYS_RESET)",
        ],
        flash: "0x13 (SPI_FAST_FLASH_BOOT)",
        download: "0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))",
        loading: "configsip: 0, SPIWP:0xee\r\nmode:DIO, clock div:2\r\nentry 0x40080694\r\n\
                  I (27) boot: ESP-IDF v5.0.6-dirty 2nd stage bootloader\r\n",
        firmware: "at param mode: 1\r\n\
                   AT cmd port:uart1 tx:17 rx:16 cts:15 rts:14 baudrate:115200\r\n\
                   module_name: WROOM-32\r\nmax tx power=78, ret=0\r\nv3.4.0.0\r\n",
    },
    slot_size: 0x180000,
    differences: Differences::V3_4,
    times: Times::ESP32_FAMILY,
    tls: Tls::V3_4,
    offers: Offers::V3,
    http: Http::V3_3,
    mqtt: Mqtt::V3,
    ..ESP32C3_V2_3
};
