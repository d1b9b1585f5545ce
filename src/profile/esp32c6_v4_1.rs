//! ESP32-C6, v4.1.1.0, with 4 MB of flash.

use super::esp32c3_v2_3::ESP32C3_V2_3;
use super::{
    BootLog, Chip, Differences, Divider, Http, Mqtt, Offers, Profile, Range, Release, Times, Tls, flash,
};

pub(super) static ESP32C6_V4_1: Profile = Profile {
    name: "esp32c6-v4.1",
    chip: Chip::Esp32c6,
    release: Release(4, 1),
    // First, second and last line as a module answers; the hash and the time of the third are a guess.
    version: "AT version:4.1.1.0(ba4dd0e - ESP32C6 - Jul 31 2025 08:37:48)\r\n\
              SDK version:v5.4.1-643-g8ad0d3d8f2f-dirty\r\n\
              compile time(aa8bf4d3):Aug  1 2025 03:12:40\r\n\
              Bin version:v4.1.1.0(ESP32C6-4MB)\r\n",
    // From v4.1 on the UART runs from the crystal where the chip can.
    uart_divider: Divider::Prescaled(40_000_000),
    ipd_max: 2920,
    tx_power_levels: &[],
    // b, g, n and ax.
    protocols: 0b1_0111,
    heap: 196_000,
    partitions: &flash::MFG_NVS,
    namespaces: flash::NAMESPACES_V4_1,
    module: "ESP32C6-4MB",
    boot_log: BootLog {
        baud: 115_200,
        rom: "ESP-ROM:esp32c6-20220919\r\nBuild:Sep 19 2022\r\nrst:{reset},boot:{mode}\r\n",
        // The name of the fourth is a guess.
        resets: [
            "0x1 (POWERON)",
            "0xc (SW_CPU)",
            "0x5 (SLEEP_WAKEUP)",
            "0xf (LP_BOD_SYS)",
            "0x8 (TG1_WDT_HPSYS)",
        ],
        flash: "0xc (SPI_FAST_FLASH_BOOT)",
        download: "0x4 (DOWNLOAD(USB/UART0/SDIO_FEI_FEO))",
        loading: "SPIWP:0xee\r\nmode:DIO, clock div:2\r\nentry 0x4086c410\r\n\
                  I (23) boot: ESP-IDF v5.4.1-643-g8ad0d3d8f2f-dirty 2nd stage bootloader\r\n",
        firmware: "at param mode: 1\r\n\
                   AT cmd port:uart1 tx:7 rx:6 cts:5 rts:4 baudrate:115200\r\n\
                   module_name: ESP32C6-4MB\r\nmax tx power=78, ret=0\r\nv4.1.1.0\r\n",
    },
    differences: Differences::V4_1,
    // Built without lwIP's pause before the first question (CONFIG_LWIP_SNTP_STARTUP_DELAY).
    times: Times { sntp_start: Range::millis(0, 0), ..Times::ESP32_FAMILY },
    tls: Tls::V4_1,
    offers: Offers::V4_1,
    http: Http::V4_1,
    mqtt: Mqtt::V4_1,
    ..ESP32C3_V2_3
};
