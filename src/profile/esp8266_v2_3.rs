//! ESP8266, v2.3.0.0, on a WROOM-02: the last release for this chip.

use super::esp8266_v2_2::ESP8266_V2_2;
use super::{BootLog, Differences, Http, Profile, Release, Tls};

/// Texts, partitions and settings are those of the release's tag; free heap and times are those of the release before it
/// (a guess).
pub(super) static ESP8266_V2_3: Profile = Profile {
    name: "esp8266-v2.3",
    release: Release(2, 3),
    // The first line is the core library's own; of the SDK the branch and the commit are known, of the third line the
    // commit and the day.
    version: "AT version:2.3.0.0(2522d50 - ESP8266 - Aug 13 2025 08:41:04)\r\n\
              SDK version:v3.4-90-gc965e03d\r\n\
              compile time(795c42d8):Aug 13 2025 09:20:00\r\n\
              Bin version:2.3.0(WROOM-02)\r\n",
    boot_log: BootLog {
        loading: "load 0x40100000, len 7168, room 16\r\ntail 0\r\nchksum 0x67\r\n\
                  I (44) boot: ESP-IDF v3.4-90-gc965e03d 2nd stage bootloader\r\n",
        firmware: "module_name:WROOM-02\r\nmax tx power=78,ret=0\r\n2.3.0\r\n",
        ..ESP8266_V2_2.boot_log
    },
    differences: Differences::ESP8266_V2_3,
    http: Http::ESP8266_V2_3,
    tls: Tls::ESP8266_V2_3,
    ..ESP8266_V2_2
};
