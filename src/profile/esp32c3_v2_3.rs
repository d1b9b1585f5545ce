//! ESP32-C3, v2.3.0.0-dev: the release that the specification describes.

use super::{
    BootLog, Chip, Differences, Divider, Http, LINKS, Mqtt, Offers, Profile, Release, Times, Tls, flash,
};
use crate::time::Duration;

/// Also what the other profiles say no different of: the release that is known best stands in for them (a guess where
/// buffers and limits of theirs are not published).
pub(super) static ESP32C3_V2_3: Profile = Profile {
    name: "esp32c3-v2.3",
    chip: Chip::Esp32c3,
    release: Release(2, 3),
    // The four digits of the first line are a guess; hash, chip and date are the library's own.
    version: "AT version:2.3.0.0-dev(3f6a1cd - ESP32C3 - Oct 19 2021 09:32:17)\r\n\
              SDK version:v4.3.1\r\n\
              compile time(1903635):Oct 24 2021 12:00:00\r\n\
              Bin version:2.2.0(MINI-1)\r\n",
    baud: 115_200,
    uart_divider: Divider::Prescaled(80_000_000),
    links: LINKS,
    line_max: 256,
    rx_fifo: 128,
    rx_ring: 2048,
    core_buffer: 8192,
    tx_ring: 8192,
    ipd_max: 1460,
    tcp_buffer: 5760,
    tcp_send_buffer: 5760,
    transmit_block: 2920,
    mtu: 1480,
    data_timeout: Duration::from_secs(60),
    ping_timeout: Duration::from_secs(4),
    // Settings of 81 to 84 send with 80; the query shows what was set.
    tx_power_levels: &[],
    protocols: 0b111,
    heap: 148_000,
    partitions: &flash::ESP32C3_V2_3,
    namespaces: &[],
    module: "MINI-1",
    uart_pins: [7, 6, 5, 4],
    boot_log: BootLog {
        baud: 115_200,
        rom: "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:{reset},boot:{mode}\r\n",
        resets: [
            "0x1 (POWERON)",
            "0x3 (RTC_SW_SYS_RST)",
            "0x5 (DSLEEP)",
            "0xf (BROWNOUT_RST)",
            "0x8 (TG1WDT_SYS_RST)",
        ],
        flash: "0xc (SPI_FAST_FLASH_BOOT)",
        download: "0x4 (DOWNLOAD(USB/UART0/1))",
        loading: "SPIWP:0xee\r\nmode:DIO, clock div:2\r\nentry 0x403ce000\r\n\
                  I (30) boot: ESP-IDF v4.3.1 2nd stage bootloader\r\n",
        firmware: "at param mode: 1\r\n\
                   AT cmd port:uart1 tx:7 rx:6 cts:5 rts:4 baudrate:115200\r\n\
                   module_name: MINI-1\r\nmax tx power=78, ret=0\r\n2.2.0\r\n",
    },
    clock_survives_reset: true,
    slot_size: 0x1d0000,
    differences: Differences::V2_3,
    times: Times::ESP32_FAMILY,
    tls: Tls::V2_3,
    offers: Offers::V2_3,
    http: Http::V2_3,
    mqtt: Mqtt::V2_3,
};
