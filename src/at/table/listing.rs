//! AT+CMD?: the table lists itself. So its handler stands here, and not with those of the other basic commands.
//!
//! The firmware keeps its commands in sets, each a table of its library, and lists them in the order in which it registers
//! the sets when it starts (a guess: no capture shows the list; the sets and their order are those of each release).

use super::super::outcome::{Context, Outcome, Result};
use super::super::params::Form;
use super::super::schema::Args;
use super::{all, has_place};
use crate::profile::Release;

/// Names of commands in their order. Where a name comes twice, its first place counts; those that a release does not have
/// stand anywhere.
type Order = &'static [&'static [&'static str]];

const BEGIN: &[&str] = &["", "E0", "E1", "+RST", "+GMR", "+CMD"];
#[rustfmt::skip]
const SYSTEM: &[&str] = &[
    "+RESTORE", "+SYSRAM", "+SYSFLASH", "+SYSMFG", "+SYSMSGFILTER", "+SYSMSGFILTERCFG", "+RFPOWER", "+SYSMSG",
    "+SYSROLLBACK", "+SYSLOG", "+SYSSTORE", "+SLEEPWKCFG", "+SYSREG", "+SYSTEMP",
];
const USER: &[&str] = &["+USERRAM"];
#[rustfmt::skip]
const WIFI: &[&str] = &[
    "+CWINIT", "+CWMODE", "+CWSTATE", "+CWCONFIG", "+CWJAP", "+CWRECONNCFG", "+CWLAP", "+CWLAPOPT", "+CWQAP", "+CWSAP",
    "+CWLIF", "+CWQIF", "+CWDHCP", "+CWDHCPS", "+CWSTAPROTO", "+CWAPPROTO", "+CWAUTOCONN", "+CWHOSTNAME", "+CWCOUNTRY",
];
#[rustfmt::skip]
const NET: &[&str] = &[
    "+CIFSR", "+CIPSTAMAC", "+CIPAPMAC", "+CIPSTA", "+CIPAP", "+CIPV6", "+CIPDNS", "+CIPDOMAIN", "+CIPSTATUS",
    "+CIPSTATE", "+CIPSTART", "+CIPSTARTEX", "+CIPTCPOPT", "+CIPCLOSE", "+CIPSEND", "+CIPSENDL", "+CIPSENDLCFG",
    "+CIPSENDEX", "+CIPDINFO", "+CIPMUX", "+CIPRECVMODE", "+CIPRECVTYPE", "+CIPRECVDATA", "+CIPRECVLEN", "+CIPSERVER",
    "+CIPSERVERMAXCONN", "+CIPSSLCCONF",
];
#[rustfmt::skip]
const NET_END: &[&str] = &[
    "+CIPSSLCCN", "+CIPSSLCSNI", "+CIPSSLCALPN", "+CIPSSLCPSK", "+CIPSSLCPSKHEX", "+CIPSSLCCIPHER", "+CIPMODE",
    "+CIPSTO", "+SAVETRANSLINK", "+CIPSNTPCFG", "+CIPSNTPINTV", "+CIPSNTPTIME", "+CIPRECONNINTV",
];
const MDNS: &[&str] = &["+MDNS"];
const PING: &[&str] = &["+PING"];
#[rustfmt::skip]
const MQTT: &[&str] = &[
    "+MQTTUSERCFG", "+MQTTCLIENTID", "+MQTTUSERNAME", "+MQTTPASSWORD", "+MQTTLONGCLIENTID", "+MQTTLONGUSERNAME",
    "+MQTTLONGPASSWORD", "+MQTTCONNCFG", "+MQTTSNI", "+MQTTALPN", "+MQTTCONN", "+MQTTPUB", "+MQTTPUBRAW", "+MQTTSUB",
    "+MQTTUNSUB", "+MQTTCLEAN",
];
#[rustfmt::skip]
const HTTP: &[&str] = &[
    "+HTTPCLIENT", "+HTTPGETSIZE", "+HTTPURLCFG", "+HTTPCHEAD", "+HTTPCGET", "+HTTPCPOST", "+HTTPCPUT", "+HTTPCFG",
];
const WEBSOCKET: &[&str] = &["+WSCFG", "+WSOPEN", "+WSHEAD", "+WSSEND", "+WSCLOSE"];
const UPDATE: &[&str] = &["+CIUPDATE", "+CIPFWVER"];
const UART: &[&str] = &["+UART", "+UART_CUR", "+UART_DEF"];

/// Up to v2.4, and on the ESP8266.
#[rustfmt::skip]
const V2: Order = &[
    BEGIN, &["+GSLP", "+SYSTIMESTAMP", "+SLEEP"], SYSTEM, USER, WIFI, NET, &["+CIPSSLCCIPHER"], NET_END, MQTT, HTTP,
    MDNS, PING, UPDATE, UART, WEBSOCKET, &["+TRANSINTVL"],
];
/// Since v3.0.
#[rustfmt::skip]
const V3: Order = &[
    BEGIN, &["+GSLP", "+SAVETRANSLINK", "+TRANSINTVL", "+SYSTIMESTAMP", "+SLEEP"], SYSTEM, WIFI, MDNS, NET, NET_END, PING,
    MQTT, HTTP, WEBSOCKET, UPDATE, UART, USER,
];
/// Since v4.1.
#[rustfmt::skip]
const V4: Order = &[
    BEGIN, &["+SAVETRANSLINK", "+TRANSINTVL", "+SYSTIMESTAMP", "+GSLP", "+SLEEP", "+SLEEPWKCFG"], SYSTEM, WIFI, MDNS, NET,
    NET_END, PING, MQTT, HTTP, WEBSOCKET, UPDATE, UART, USER,
];

/// Whether a command has its place in every order.
pub(super) const fn has_place_everywhere(name: &str) -> bool {
    is_in(V2, name) && is_in(V3, name) && is_in(V4, name)
}

const fn is_in(order: Order, name: &str) -> bool {
    let mut set = 0;
    while set < order.len() {
        if has_place(order[set], name) {
            return true;
        }
        set += 1;
    }
    false
}

/// The order of a release.
fn order(release: Release) -> Order {
    if release >= Release(4, 1) {
        V4
    } else if release >= Release(3, 0) {
        V3
    } else {
        V2
    }
}

/// The commands of the profile, each with the forms that it has.
pub(super) fn commands(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let order = order(c.env.profile.release);
    let mut having = all();
    having.retain(|command| c.env.build.includes(c.env.profile, &command.on));
    having.sort_by_key(|command| order.iter().copied().flatten().position(|name| *name == command.name));
    for (index, command) in having.into_iter().enumerate() {
        let [t, q, s, e] =
            [Form::Test, Form::Query, Form::Set, Form::Execute].map(|f| u8::from(command.has(f)));
        c.core.out.text(&format!("+CMD:{index},\"AT{}\",{t},{q},{s},{e}\r\n", command.name));
    }
    Ok(Outcome::Ok)
}
