//! The MQTT client of a release: esp-mqtt, at the revision that it pins.

use super::Range;
use crate::time::Duration;

/// What the MQTT client of a release does in its own way.
#[derive(Clone, Copy, Debug)]
pub struct Mqtt {
    /// Bytes of a packet that it holds: a longer message comes in pieces.
    pub buffer: usize,
    /// From a loss to the next attempt: ten seconds, looked at every five.
    pub pause: Range,
    /// A packet that is not acknowledged is sent again after this.
    pub resend: Duration,
    /// PUBREL, too.
    pub resends_release: bool,
    /// It says when it gives up a packet: the command that waits for it ends. Otherwise that waits for ever.
    pub tells_given_up: bool,
    /// Numbers of packets count from 1. Otherwise they are random.
    pub counts_packets: bool,
    /// Every packet that is sent puts the next PINGREQ off. Otherwise they come whatever else is sent.
    pub pings_when_idle: bool,
    /// AT+MQTTCONN looks at the host's name before it looks it up.
    pub checks_host: bool,
    /// While AT+MQTTPUBRAW waits for its data, a lost connection is said when they have come.
    pub holds_reports: bool,
    /// Reports and messages come in passthrough, too, whatever AT+SYSMSG says. In v3 and v4 they go the way of what is
    /// said of links (that AT+SYSMSG decides is a guess).
    pub always_reports: bool,
    /// AT+MQTTPUBRAW takes no message that, with its header, is longer than this, bytes. `None`: the heap decides.
    pub most_published: Option<usize>,
}

impl Mqtt {
    /// ESP32 family, v2.3.
    pub(super) const V2_3: Mqtt = Mqtt {
        buffer: 1024,
        pause: Range::millis(10_000, 15_000),
        resend: Duration::from_secs(1),
        resends_release: false,
        tells_given_up: false,
        counts_packets: false,
        pings_when_idle: true,
        checks_host: true,
        holds_reports: false,
        always_reports: true,
        most_published: None,
    };

    /// v3.
    pub(super) const V3: Mqtt =
        Mqtt { pings_when_idle: false, checks_host: false, always_reports: false, ..Mqtt::V2_3 };

    /// v4.1.
    pub(super) const V4_1: Mqtt = Mqtt {
        resend: Duration::from_secs(5),
        resends_release: true,
        tells_given_up: true,
        counts_packets: true,
        checks_host: true,
        holds_reports: true,
        ..Mqtt::V3
    };

    /// ESP8266. Its documentation gives the buffer as the limit of what is published; the source has no such limit.
    pub(super) const ESP8266: Mqtt =
        Mqtt { buffer: 512, checks_host: false, most_published: Some(512), ..Mqtt::V2_3 };
}
