//! MQTT: AT+MQTT... . The client is in [`clients::mqtt`](crate::at::clients::mqtt).

use super::super::clients::mqtt::{NotConnected, Settings, Will, publish_length};
use super::super::error::{ErrorCode, Fault};
use super::super::input::Input;
use super::super::job::{Job, Look, Work};
use super::super::schema::Args;
use super::super::upload::{Consumer, Upload};
use super::{Context, Outcome, Result};
use crate::time::Instant;

/// Nothing is configured.
const NO_CONFIGURED: ErrorCode = ErrorCode::mqtt(0x6001);
/// It can't be configured now.
const NOT_IN_CONFIGURED_STATE: ErrorCode = ErrorCode::mqtt(0x6002);
/// There is nothing to clean.
const UNINITIATED_OR_ALREADY_CLEAN: ErrorCode = ErrorCode::mqtt(0x6003);
/// There is a connection.
const ALREADY_CONNECTED: ErrorCode = ErrorCode::mqtt(0x6004);
/// There is no memory.
const MALLOC_FAILED: ErrorCode = ErrorCode::mqtt(0x6005);
/// There was no connection.
const NULL_LINK: ErrorCode = ErrorCode::mqtt(0x6006);
/// The connection was not to be had: which code it is then is a guess.
const CLIENT_START_FAILED: ErrorCode = ErrorCode::mqtt(0x600b);
const CLIENT_PUBLISH_FAILED: ErrorCode = ErrorCode::mqtt(0x600c);
const CLIENT_SUBSCRIBE_FAILED: ErrorCode = ErrorCode::mqtt(0x600d);
const CLIENT_UNSUBSCRIBE_FAILED: ErrorCode = ErrorCode::mqtt(0x600e);
/// A message is longer than it may be.
const PUBLISH_LENGTH: ErrorCode = ErrorCode::mqtt(0x604c);
/// The connection is lost.
const IN_DISCONNECTED_STATE: ErrorCode = ErrorCode::mqtt(0x6051);
/// The host's name is none.
const HOSTNAME_VERIFY_FAILED: ErrorCode = ErrorCode::mqtt(0x6052);

/// What the settings take of the heap, and the client with the stack of its task and two buffers of 1 KB, bytes (a guess).
const SETTINGS_HEAP: usize = 600;
const CLIENT_HEAP: usize = 8_600;

/// The code for what is wrong with a parameter: the documentation's table. Which of them stands for a string that is
/// empty where there must be something is a guess: the one that is called null.
pub fn code(name: &str, fault: Fault, empty: bool) -> u16 {
    // The first code of a text: it can't be read, is empty, is too long. Of a number: it can't be read, is not allowed.
    let text = |first: u16| match fault {
        Fault::Length if empty => first + 1,
        Fault::Length => first + 2,
        _ => first,
    };
    let number = |first: u16| if fault == Fault::Value { first + 1 } else { first };
    match name {
        "LinkID" => number(0x6010),
        "scheme" => number(0x6012),
        "client_id" => text(0x6014),
        "username" => text(0x6017),
        "password" => text(0x601a),
        "cert_key_ID" => number(0x601d),
        "CA_ID" => number(0x601f),
        "path" => text(0x6027),
        // Between its two there is one for a keep-alive that is null.
        "keepalive" if fault == Fault::Value => 0x602d,
        "keepalive" => 0x602b,
        "disable_clean_session" => number(0x602e),
        "lwt_topic" => text(0x6030),
        "lwt_msg" => text(0x6033),
        "lwt_qos" => number(0x6036),
        "lwt_retain" => number(0x6038),
        "host" => text(0x603a),
        "port" => number(0x603d),
        "reconnect" => number(0x603f),
        "topic" => text(0x6041),
        "data" => text(0x6044),
        "qos" => number(0x6047),
        "retain" => number(0x6049),
        "length" => number(0x604b),
        // There are none for ALPN and SNI (a guess: these).
        "alpn_counts" | "alpn" | "sni" => 0x6007,
        _ => 0x6008,
    }
}

fn text(args: &Args, name: &str) -> Vec<u8> {
    args.text(name).unwrap_or_default().to_vec()
}

/// AT+MQTTUSERCFG. Again, it replaces everything that was set before (a guess).
pub fn configure(c: &mut Context<'_, '_>, args: &Args) -> Result {
    if c.core.mqtt.has_client() {
        return Err(NOT_IN_CONFIGURED_STATE);
    }
    if !c.core.has_memory("MQTT's settings", SETTINGS_HEAP, c.env) {
        return Err(MALLOC_FAILED);
    }
    c.core.mqtt.configure(Settings {
        scheme: args.number("scheme"),
        client: text(args, "client_id"),
        user: text(args, "username"),
        password: text(args, "password"),
        pki: args.number("cert_key_ID"),
        ca: args.number("CA_ID"),
        path: text(args, "path"),
        ..Settings::default()
    });
    Ok(Outcome::Ok)
}

/// The settings, which can be changed before a connection.
fn settings<'a>(c: &'a mut Context<'_, '_>) -> std::result::Result<&'a mut Settings, ErrorCode> {
    if c.core.mqtt.has_client() {
        return Err(NOT_IN_CONFIGURED_STATE);
    }
    c.core.mqtt.settings_mut().ok_or(NO_CONFIGURED)
}

/// AT+MQTTCLIENTID.
pub fn client_id(c: &mut Context<'_, '_>, args: &Args) -> Result {
    settings(c)?.client = text(args, "client_id");
    Ok(Outcome::Ok)
}

/// AT+MQTTUSERNAME.
pub fn user_name(c: &mut Context<'_, '_>, args: &Args) -> Result {
    settings(c)?.user = text(args, "username");
    Ok(Outcome::Ok)
}

/// AT+MQTTPASSWORD.
pub fn password(c: &mut Context<'_, '_>, args: &Args) -> Result {
    settings(c)?.password = text(args, "password");
    Ok(Outcome::Ok)
}

/// What is set in the data phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Long {
    ClientId,
    UserName,
    Password,
}

impl Consumer for Long {
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result {
        let settings = settings(c)?;
        *match *self {
            Long::ClientId => &mut settings.client,
            Long::UserName => &mut settings.user,
            Long::Password => &mut settings.password,
        } = data;
        Ok(Outcome::Ok)
    }
}

fn long(c: &mut Context<'_, '_>, args: &Args, what: Long) -> Result {
    settings(c)?;
    c.core.out.prompt();
    Ok(Outcome::Take(Input::Upload(Upload::new(what, args.number("length")))))
}

/// AT+MQTTLONGCLIENTID.
pub fn long_client_id(c: &mut Context<'_, '_>, args: &Args) -> Result {
    long(c, args, Long::ClientId)
}

/// AT+MQTTLONGUSERNAME.
pub fn long_user_name(c: &mut Context<'_, '_>, args: &Args) -> Result {
    long(c, args, Long::UserName)
}

/// AT+MQTTLONGPASSWORD.
pub fn long_password(c: &mut Context<'_, '_>, args: &Args) -> Result {
    long(c, args, Long::Password)
}

/// AT+MQTTCONNCFG.
pub fn configure_connection(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let topic = text(args, "lwt_topic");
    let will = (!topic.is_empty()).then(|| Will {
        topic,
        // The profile has one of both.
        message: args.each("lwt_msg").find_map(|given| given.text()).unwrap_or_default().to_vec(),
        qos: args.number("lwt_qos"),
        retain: args.is_on("lwt_retain"),
    });
    let settings = settings(c)?;
    settings.set_keep_alive(args.number("keepalive"));
    settings.keep_session = args.is_on("disable_clean_session");
    settings.will = will;
    settings.tuned = true;
    Ok(Outcome::Ok)
}

/// AT+MQTTALPN.
pub fn protocols(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let given: Vec<String> =
        args.each("alpn").filter_map(|p| p.text()).map(|p| String::from_utf8_lossy(p).into_owned()).collect();
    if given.len() != args.number::<usize>("alpn_counts") {
        return Err(ErrorCode::mqtt(0x6008));
    }
    settings(c)?.protocols = given;
    Ok(Outcome::Ok)
}

/// AT+MQTTSNI.
pub fn server_name(c: &mut Context<'_, '_>, args: &Args) -> Result {
    settings(c)?.server_name = String::from_utf8_lossy(&text(args, "sni")).into_owned();
    Ok(Outcome::Ok)
}

/// AT+MQTTCONN?
pub fn connection(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let mqtt = &c.core.mqtt;
    let (state, scheme) = (mqtt.state(), mqtt.settings().map_or(0, |settings| settings.scheme));
    let line = match (mqtt.broker(), mqtt.settings()) {
        (Some((host, port, reconnect)), Some(settings)) => format!(
            "+MQTTCONN:0,{state},{scheme},\"{host}\",\"{port}\",\"{}\",{}\r\n",
            settings.shown_path(),
            u8::from(reconnect)
        ),
        _ => format!("+MQTTCONN:0,{state},{scheme},\"\",\"\",\"\",0\r\n"),
    };
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// AT+MQTTCONN. A name is looked at first: a colon made an early build restart.
pub fn connect(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let Some(settings) = c.core.mqtt.settings() else { return Err(NO_CONFIGURED) };
    if c.core.mqtt.is_connected() {
        return Err(ALREADY_CONNECTED);
    }
    // What has lost its connection has to be cleaned first, says the documentation.
    if c.core.mqtt.has_client() {
        return Err(IN_DISCONNECTED_STATE);
    }
    let host = String::from_utf8_lossy(args.text("host").unwrap_or_default()).into_owned();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if c.env.profile.mqtt.checks_host && !host.bytes().all(plain) {
        return Err(HOSTNAME_VERIFY_FAILED);
    }
    if let Some(tls) = settings.tls(&host)
        && let Err(text) = tls.secure(c.now, c.core.system.clock, c.env)
    {
        c.core.out.log(text);
        return Err(ErrorCode::mqtt(match text {
            "read ca fail" => 0x6022,
            "read cert fail" => 0x6024,
            _ => 0x6026,
        }));
    }
    if !c.core.has_memory("the MQTT client", CLIENT_HEAP, c.env) {
        return Err(MALLOC_FAILED);
    }
    let port = args.port("port").unwrap_or_default();
    c.core.mqtt.connect(c.now, (&host, port), args.is_on("reconnect"), c.env);
    Ok(Outcome::Run(Job::work(Waits(Wait::Connection))))
}

/// What a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// The connection.
    Connection,
    /// The answer to what was sent; the code when there is none.
    Answer(ErrorCode),
    /// The same of AT+MQTTPUBRAW, which has an end of its own.
    Raw,
}

/// A command that waits for the broker.
#[derive(Debug)]
struct Waits(Wait);

impl Work for Waits {
    fn timer(&self) -> Option<Instant> {
        None
    }

    fn look(&mut self, c: &mut Context<'_, '_>) -> Look {
        let Some(good) = c.core.mqtt.result() else { return Look::Waiting };
        Look::Over(match (self.0, good) {
            (Wait::Connection | Wait::Answer(_), true) => Ok(Outcome::Ok),
            (Wait::Connection, false) => {
                // Everything is freed, the settings, too: a guess from the order in the library.
                c.core.mqtt.clean(c.env);
                Err(CLIENT_START_FAILED)
            }
            (Wait::Answer(code), false) => Err(code),
            (Wait::Raw, good) => {
                c.core.out.text(if good { "+MQTTPUB:OK\r\n" } else { "+MQTTPUB:FAIL\r\n" });
                Ok(Outcome::Done)
            }
        })
    }
}

/// Whether something can be sent.
fn require_connection(c: &Context<'_, '_>) -> std::result::Result<(), ErrorCode> {
    c.core.mqtt.connected().map_err(|why| match why {
        NotConnected::Never => NULL_LINK,
        NotConnected::Lost => IN_DISCONNECTED_STATE,
    })
}

/// AT+MQTTPUB.
pub fn publish(c: &mut Context<'_, '_>, args: &Args) -> Result {
    require_connection(c)?;
    let how = (args.number("qos"), args.is_on("retain"));
    let (topic, data) = (text(args, "topic"), text(args, "data"));
    c.core.mqtt.publish(c.now, &topic, &data, how, c.env);
    Ok(Outcome::Run(Job::work(Waits(Wait::Answer(CLIENT_PUBLISH_FAILED)))))
}

/// A message whose data are on their way.
#[derive(Debug)]
struct Message {
    topic: Vec<u8>,
    how: (u8, bool),
}

impl Consumer for Message {
    /// A connection that was lost meanwhile is told of now, where it was not at once.
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result {
        for text in c.core.mqtt.take_held() {
            c.core.out.announce(&text);
        }
        if c.core.mqtt.connected().is_err() {
            c.core.out.text("+MQTTPUB:FAIL\r\n");
            return Ok(Outcome::Done);
        }
        c.core.mqtt.publish(c.now, &self.topic, &data, self.how, c.env);
        Ok(Outcome::Run(Job::work(Waits(Wait::Raw))))
    }
}

/// AT+MQTTPUBRAW. The data wait in memory for the last of them.
pub fn publish_raw(c: &mut Context<'_, '_>, args: &Args) -> Result {
    require_connection(c)?;
    let length: usize = args.number("length");
    if !c.holds("a message", length) {
        return Err(MALLOC_FAILED);
    }
    let message = Message { topic: text(args, "topic"), how: (args.number("qos"), args.is_on("retain")) };
    let whole = publish_length(message.topic.len(), length, message.how.0);
    if c.env.profile.mqtt.most_published.is_some_and(|most| whole > most) {
        return Err(PUBLISH_LENGTH);
    }
    c.core.mqtt.await_data();
    Ok(c.ask(Upload::new(message, length)))
}

/// AT+MQTTSUB?
pub fn topics(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let state = c.core.mqtt.state();
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for topic in c.core.mqtt.topics() {
        let head = format!("+MQTTSUB:0,{state},\"");
        lines.push([head.as_bytes(), &topic.name, format!("\",{}\r\n", topic.qos).as_bytes()].concat());
    }
    if lines.is_empty() {
        lines.push(format!("+MQTTSUB:0,{state},\"\",0\r\n").into_bytes());
    }
    for line in lines {
        c.core.out.text_bytes(&line);
    }
    Ok(Outcome::Ok)
}

/// AT+MQTTSUB. The packet goes out whatever the list says; what the list says is on the log port alone.
pub fn subscribe(c: &mut Context<'_, '_>, args: &Args) -> Result {
    require_connection(c)?;
    let topic = text(args, "topic");
    if let Some(text) = c.core.mqtt.subscribe(c.now, &topic, args.number("qos"), c.env) {
        c.core.out.log(text);
    }
    Ok(Outcome::Run(Job::work(Waits(Wait::Answer(CLIENT_SUBSCRIBE_FAILED)))))
}

/// AT+MQTTUNSUB, the same.
pub fn unsubscribe(c: &mut Context<'_, '_>, args: &Args) -> Result {
    require_connection(c)?;
    let topic = text(args, "topic");
    if let Some(text) = c.core.mqtt.unsubscribe(c.now, &topic, c.env) {
        c.core.out.log(text);
    }
    Ok(Outcome::Run(Job::work(Waits(Wait::Answer(CLIENT_UNSUBSCRIBE_FAILED)))))
}

/// AT+MQTTCLEAN. Whether it is an ERROR with nothing to clean nobody has said; there is a code for it.
pub fn clean(c: &mut Context<'_, '_>, _: &Args) -> Result {
    if c.core.mqtt.clean(c.env) {
        return Ok(Outcome::Ok);
    }
    c.core.out.log("uninitiated or already clean");
    Err(UNINITIATED_OR_ALREADY_CLEAN)
}
