//! The MQTT commands, as data.

use super::row::*;
use crate::at::commands::mqtt;

const LINK: Param = int("LinkID", 0, 0);
const TOPIC: Param = text("topic", 1, 128);
const QOS: Param = int("qos", 0, 2);
const RETAIN: Param = int("retain", 0, 1);

/// Every command of the chapter is like this: it sets what no restart survives, and has codes of its own.
const MQTT: Command = Command { codes: Some(mqtt::code), ..NONE };

/// What is set in the data phase: of v3, and of the ESP8266's release of that time.
const LONG: Availability = Availability::ALL.since(3, 0);
const LONG_ESP8266: Availability = Availability::ALL.since(2, 3).on(&[Chip::Esp8266]);

const LONG_CLIENT_ID: Command = Command {
    name: "+MQTTLONGCLIENTID",
    summary: "id of the MQTT client, in the data phase",
    section: "MQTT: AT+MQTTLONGCLIENTID",
    set: set!(mqtt::long_client_id, LINK, int("length", 1, 1024)),
    on: LONG,
    ..MQTT
};

const LONG_USER_NAME: Command = Command {
    name: "+MQTTLONGUSERNAME",
    summary: "user of the MQTT client, in the data phase",
    section: "MQTT: AT+MQTTLONGUSERNAME",
    set: set!(mqtt::long_user_name, LINK, int("length", 1, 1024)),
    on: LONG,
    ..MQTT
};

const LONG_PASSWORD: Command = Command {
    name: "+MQTTLONGPASSWORD",
    summary: "password of the MQTT client, in the data phase",
    section: "MQTT: AT+MQTTLONGPASSWORD",
    set: set!(mqtt::long_password, LINK, int("length", 1, 1024)),
    on: LONG,
    ..MQTT
};

/// The chapter.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "+MQTTUSERCFG",
        summary: "MQTT: transport, client id, user, password, certificates",
        section: "MQTT: AT+MQTTUSERCFG",
        set: set!(
            mqtt::configure,
            LINK,
            int("scheme", 1, 10),
            text("client_id", 0, 256),
            text("username", 0, 64),
            text("password", 0, 64),
            int("cert_key_ID", 0, 0),
            int("CA_ID", 0, 0),
            text("path", 0, 32),
        ),
        ..MQTT
    },
    Command {
        name: "+MQTTCLIENTID",
        summary: "id of the MQTT client",
        section: "MQTT: AT+MQTTCLIENTID",
        set: set!(mqtt::client_id, LINK, text("client_id", 0, 256)),
        ..MQTT
    },
    Command {
        name: "+MQTTUSERNAME",
        summary: "user of the MQTT client",
        section: "MQTT: AT+MQTTUSERNAME",
        set: set!(mqtt::user_name, LINK, text("username", 0, 256)),
        ..MQTT
    },
    Command {
        name: "+MQTTPASSWORD",
        summary: "password of the MQTT client",
        section: "MQTT: AT+MQTTPASSWORD",
        set: set!(mqtt::password, LINK, text("password", 0, 256)),
        ..MQTT
    },
    LONG_CLIENT_ID,
    Command { on: LONG_ESP8266, ..LONG_CLIENT_ID },
    LONG_USER_NAME,
    Command { on: LONG_ESP8266, ..LONG_USER_NAME },
    LONG_PASSWORD,
    Command { on: LONG_ESP8266, ..LONG_PASSWORD },
    Command {
        name: "+MQTTCONNCFG",
        summary: "MQTT: keep-alive, session, last will",
        section: "MQTT: AT+MQTTCONNCFG",
        set: set!(
            mqtt::configure_connection,
            LINK,
            int("keepalive", 0, 7200),
            int("disable_clean_session", 0, 1),
            text("lwt_topic", 0, 128),
            text("lwt_msg", 0, 64).before(3, 3),
            text("lwt_msg", 0, 128).since(3, 3),
            int("lwt_qos", 0, 2),
            int("lwt_retain", 0, 1),
        ),
        ..MQTT
    },
    Command {
        name: "+MQTTALPN",
        summary: "application protocols of MQTT over TLS",
        section: "MQTT: AT+MQTTALPN",
        set: set!(mqtt::protocols, LINK, int("alpn_counts", 0, 5), text("alpn", 1, 255).repeated(5)),
        on: Availability::ALL.on(FAMILY),
        ..MQTT
    },
    Command {
        name: "+MQTTSNI",
        summary: "server name indication of MQTT over TLS",
        section: "MQTT: AT+MQTTSNI",
        set: set!(mqtt::server_name, LINK, text("sni", 0, 128)),
        on: Availability::ALL.since(3, 3),
        ..MQTT
    },
    Command {
        name: "+MQTTCONN",
        summary: "connect to an MQTT broker",
        section: "MQTT: AT+MQTTCONN",
        query: Some(mqtt::connection),
        set: set!(mqtt::connect, LINK, text("host", 1, 128), port("port"), int("reconnect", 0, 1)),
        ..MQTT
    },
    Command {
        name: "+MQTTPUB",
        summary: "publish a string",
        section: "MQTT: AT+MQTTPUB",
        set: set!(mqtt::publish, LINK, TOPIC, text("data", 0, 256), QOS, RETAIN),
        ..MQTT
    },
    Command {
        name: "+MQTTPUBRAW",
        summary: "publish bytes",
        section: "MQTT: AT+MQTTPUBRAW",
        set: set!(mqtt::publish_raw, LINK, TOPIC, int("length", 1, 0x7fff_ffff), QOS, RETAIN),
        ..MQTT
    },
    Command {
        name: "+MQTTSUB",
        summary: "subscribe to a topic",
        section: "MQTT: AT+MQTTSUB",
        query: Some(mqtt::topics),
        set: set!(mqtt::subscribe, LINK, TOPIC, QOS),
        ..MQTT
    },
    Command {
        name: "+MQTTUNSUB",
        summary: "unsubscribe from a topic",
        section: "MQTT: AT+MQTTUNSUB",
        set: set!(mqtt::unsubscribe, LINK, TOPIC),
        ..MQTT
    },
    Command {
        name: "+MQTTCLEAN",
        summary: "close the MQTT connection and forget its settings",
        section: "MQTT: AT+MQTTCLEAN",
        set: set!(mqtt::clean, LINK),
        ..MQTT
    },
];
