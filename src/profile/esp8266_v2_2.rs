//! ESP8266, v2.2.0.0, on a WROOM-02.

use super::esp32c3_v2_3::ESP32C3_V2_3;
use super::{
    BootLog, Chip, Differences, Divider, Http, Mqtt, Offers, Profile, Range, Release, Times, Tls, flash,
};

pub(super) static ESP8266_V2_2: Profile = Profile {
    name: "esp8266-v2.2",
    chip: Chip::Esp8266,
    release: Release(2, 2),
    // The SDK is that of the release; hash and dates of the first and third line are a guess.
    version: "AT version:2.2.0.0(b097cdf - ESP8266 - Jun 17 2021 12:57:45)\r\n\
              SDK version:v3.4-22-g967752e2\r\n\
              compile time(b498b58):Jun 30 2021 11:28:20\r\n\
              Bin version:2.2.0(WROOM-02)\r\n",
    // 80 MHz through a whole number: 115200 becomes 115273, as modules answer.
    uart_divider: Divider::Whole(80_000_000),
    rx_ring: 1024,
    core_buffer: 2048,
    tx_ring: 2048,
    tcp_send_buffer: 2880,
    transmit_block: 1460,
    tx_power_levels: &[33, 49, 56, 64, 68, 74, 78, 82],
    // b and g, says the documentation.
    protocols: 0b11,
    heap: 34_000,
    partitions: &flash::ESP8266_V2_2,
    module: "WROOM-02",
    uart_pins: [15, 13, 3, 1],
    boot_log: BootLog {
        // A 26 MHz crystal where the ROM expects 40 MHz.
        baud: 74_880,
        rom: "\r\n ets Jan  8 2013,{reset}, boot mode:{mode}\r\n\r\n",
        // 4 is the watchdog; a brown-out looks like power that comes (a guess).
        resets: ["rst cause:1", "rst cause:2", "rst cause:2", "rst cause:1", "rst cause:4"],
        flash: "(3,7)",
        download: "(1,7)",
        loading: "load 0x40100000, len 7168, room 16\r\ntail 0\r\nchksum 0x67\r\n\
                  I (44) boot: ESP-IDF v3.4-22-g967752e2 2nd stage bootloader\r\n",
        firmware: "module_name:WROOM-02\r\nmax tx power=78,ret=0\r\n2.2.0\r\n",
    },
    clock_survives_reset: false,
    slot_size: 0xe0000,
    differences: Differences::ESP8266_V2_2,
    times: Times {
        // It boots a little more slowly, and its flash is slower (estimates, as all of them).
        boot: Range::millis(350, 600),
        command: Range::micros(900, 3_000),
        ..Times::ESP32_FAMILY
    },
    tls: Tls::ESP8266_V2_2,
    offers: Offers::ESP8266,
    http: Http::ESP8266_V2_2,
    mqtt: Mqtt::ESP8266,
    ..ESP32C3_V2_3
};
