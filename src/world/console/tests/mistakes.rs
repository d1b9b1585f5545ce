//! Lines that are refused, and what is said then.

use super::*;

#[test]
fn a_text_that_is_too_long_is_refused() {
    assert!(parse(&format!("host pc send {}", "x".repeat(16_376))).is_ok());
    let error = parse(&format!("host pc send {}", "x".repeat(16_377))).unwrap_err();
    let expected = "expected a text of at most 16376 bytes after `host pc send`, found 16377 bytes";
    assert_eq!(error, expected);
}

#[test]
fn a_line_that_is_not_understood_says_what_was_expected() {
    let settings = "`latency`, `jitter`, `distribution`, `loss`, `gemodel`, `corrupt`, `duplicate`, `reorder`, `gap`, \
         `rate`, `limit`, `mtu`, `down` or `up`";
    let actions = "`send`, `close`, `reset`, `half-open`, `pause`, `resume`, `connect`, `listen`, `unlisten`, `group`, `toxics`, \
         `join`, `leave`, `vanish`, `datagram`, `sntp`, `http`, `update`, `websocket`, `publish`, `mqtt`, `external` or `tls`";
    let commands = "`help`, `status`, `expect`, `links`, `hosts`, `observations`, `packets`, `statistics`, `digest`, `ap`, `link`, \
         `dns`, `wire`, `module`, `pin`, `host`, `at`, `when`, `after`, `every`, `timeline` or `json`";
    let cases = [
        ("", format!("expected a command ({commands}), found nothing")),
        (
            "module wifi rest",
            "expected `reset`, `power`, `answer`, `heap`, `flash`, `urcs` or `print` after `module wifi`, found `rest`; did you mean `reset`?".into(),
        ),
        (
            "module wifi reset brownout",
            "expected `brown-out`, `watchdog` or `power-on` after `module wifi reset`, found `brownout`; did you mean \
             `brown-out`?"
                .into(),
        ),
        (
            "module wifi answer CIPSEND ERROR",
            "expected a command that begins with `AT`, such as `AT+CIPSEND`, after `module wifi answer`, found `CIPSEND`"
                .into(),
        ),
        (
            "module wifi answer AT+CIPSEND error",
            "expected `OK`, `ERROR`, `busy`, `none` or a text in quotes after `module wifi answer AT+CIPSEND`, found \
             `error`; did you mean `ERROR`?"
                .into(),
        ),
        (
            "module wifi answer AT ERROR 0 times",
            "expected a number from 1 to 4294967295 and `times` after `module wifi answer AT ERROR`, found `0`".into(),
        ),
        (
            "module wifi heap 5k",
            "expected a number of bytes from 0 to 4294967295, or `normal`, after `module wifi heap`, found `5k`".into(),
        ),
        ("module wifi print \"\"", "expected at least one byte after `module wifi print`, found `\"\"`".into()),
        ("module wifi power", "expected `off` or `on` after `module wifi power`, found nothing".into()),
        ("lnik wifi", format!("expected a command ({commands}), found `lnik`; did you mean `link`?")),
        ("\"ap\" home up", format!("expected a command ({commands}), found `\"ap\"`")),
        (
            "help lnk",
            format!("expected a command ({commands}) after `help`, found `lnk`; did you mean `link`?"),
        ),
        (
            "host pc sntp",
            "expected `answers`, `stratum` or `offset` after `host pc sntp`, found nothing".to_string(),
        ),
        (
            "host pc sntp ofset",
            "expected `answers`, `stratum` or `offset` after `host pc sntp`, found `ofset`; did you mean \
             `offset`?"
                .to_string(),
        ),
        (
            "host pc sntp stratum 16",
            "expected a stratum from 0 to 15 after `host pc sntp stratum`, found `16`".to_string(),
        ),
        ("host pc http status", "expected a path that begins with `/` after `host pc http`, found `status`".into()),
        (
            "host pc http /a status 99",
            "expected a status from 200 to 599 after `status`, found `99`".to_string(),
        ),
        (
            "host pc http /a 503",
            "expected `status`, `body`, `size`, `delay` or `scenario` after `host pc http \"/a\"`, found `503`".to_string(),
        ),
        (
            "host pc websocket close 99",
            "expected a code from 1000 to 4999, or 0 for none after `host pc websocket close`, found `99`".to_string(),
        ),
        (
            "host pc websocket sent",
            "expected `send`, `binary`, `ping`, `close` or `answers` after `host pc websocket`, found `sent`; did you \
             mean `send`?"
                .to_string(),
        ),
        ("host pc publish a/+ \"x\"", "expected a topic without `+` and `#` after `host pc publish`, found `a/+`".into()),
        ("host pc publish a", "expected a text in quotes after `host pc publish a`, found nothing".to_string()),
        ("host pc publish a \"x\" qos 3", "expected 0, 1 or 2 after `qos`, found `3`".to_string()),
        (
            "host pc publish a \"x\" retained",
            "expected `qos` or `retain` behind the text of a message, found `retained`; did you mean `retain`?".into(),
        ),
        (
            "host pc mqtt refuse 6",
            "expected a return code from 1 to 5, or 0 for none after `host pc mqtt refuse`, found `6`".to_string(),
        ),
        ("host pc mqtt drop", "expected the id of a client after `host pc mqtt drop`, found nothing".to_string()),
        (
            "host pc mqtt silent",
            "expected `answers`, `refuse`, `drop` or `take-over` after `host pc mqtt`, found `silent`".to_string(),
        ),
        (
            "host pc sntp offset",
            "expected a duration such as `-90 s` after `host pc sntp offset`, found nothing".to_string(),
        ),
        ("pin", "expected the name of a module after `pin`, found nothing".to_string()),
        ("pin wifi rts high", "expected `en`, `gpio0` or `wake` after `pin wifi`, found `rts`".to_string()),
        ("pin wifi en", "expected `low` or `high` after `pin wifi en`, found nothing".to_string()),
        ("ap", "expected the name of an access point after `ap`, found nothing".to_string()),
        ("ap home", "expected `down`, `up`, `rssi`, `deauth`, `channel`, `password`, `uplink`, `captive`, `association` or `dhcp-answers` after `ap home`, found nothing".to_string()),
        (
            "ap home dwon",
            "expected `down`, `up`, `rssi`, `deauth`, `channel`, `password`, `uplink`, `captive`, `association` or `dhcp-answers` after `ap home`, found `dwon`; did you mean `down`?".to_string(),
        ),
        (
            "ap home dhcp-answers nack",
            "expected `right`, `none`, `no-offer`, `no-ack` or `nak` after `ap home dhcp-answers`, found `nack`; did you mean `nak`?".to_string(),
        ),
        (
            "dns ns answer servfail",
            "expected a setting of the DNS server (`answers` or `delay`), found `answer`; did you mean `answers`?".to_string(),
        ),
        (
            "dns ns answers servfial",
            "`answers`: expected `right`, `nxdomain`, `servfail`, `refused`, `truncated`, `wrong-id` or `none`, found `servfial`; did you mean `servfail`?".to_string(),
        ),
        ("dns ns delay", "expected TIME after `delay`, found nothing".to_string()),
        ("dns ns delay 1s delay 2s", "`delay`: set already in this line".to_string()),
        ("ap home down now", "expected nothing after `ap home down`, found `now`".to_string()),
        (
            "link wifi los 5%",
            format!("expected a setting of the link ({settings}), found `los`; did you mean `loss`?"),
        ),
        ("link wifi loss", "expected CHANCE after `loss`, found nothing".to_string()),
        (
            "link wifi loss 5",
            "`loss`: expected a chance such as `5 %`, found `5` without a unit (`%` or `ppm`)".to_string(),
        ),
        ("link wifi mtu 9000", "`mtu`: expected 576 to 1500 (bytes), found `9000`".to_string()),
        (
            "wire wifi nosie 1%",
            "expected a setting of the wire (`noise`, `loss` or `break`), found `nosie`; did you mean `noise`?"
                .to_string(),
        ),
        (
            "wire wifi to-mcu",
            "expected a setting of the wire (`noise`, `loss` or `break`), found nothing".to_string(),
        ),
        ("wire wifi loss", "expected CHANCE after `loss`, found nothing".to_string()),
        ("wire wifi break 1%", "`break`: unknown unit `%` in `1%`, expected `ns`, `us`, `ms`, `s`, `min`, `h` or `d`".to_string()),
        ("wire wifi loss 1% loss 2%", "`loss`: set already in this line".to_string()),
        ("link wifi down up", "`up`: set already in this line".to_string()),
        ("link wifi loss 1% loss 2%", "`loss`: set already in this line".to_string()),
        ("host", "expected the name of a host after `host`, found nothing".to_string()),
        ("host pc", format!("expected {actions} after `host pc`, found nothing")),
        (
            "host pc clsoe",
            format!("expected {actions} after `host pc`, found `clsoe`; did you mean `close`?"),
        ),
        ("host pc send", "expected a text in quotes after `host pc send`, found nothing".to_string()),
        ("host pc send \"\"", "expected at least one byte after `host pc send`, found `\"\"`".to_string()),
        ("host pc send a b", "expected nothing after `host pc send \"a\"`, found `b`".to_string()),
        (
            "host pc connect",
            "expected an address or the name of a module after `host pc connect`, found nothing"
                .to_string(),
        ),
        (
            "host pc connect wifi",
            "expected a port from 1 to 65535 after `host pc connect wifi`, found nothing".to_string(),
        ),
        (
            "host pc connect 1.2.3.4 65536",
            "expected a port from 1 to 65535 after `host pc connect 1.2.3.4`, found `65536`".to_string(),
        ),
        ("host pc join", "expected the name of a module after `host pc join`, found nothing".to_string()),
        (
            "host pc datagram wifi +1 x",
            "expected a port from 1 to 65535 after `host pc datagram wifi`, found `+1`".to_string(),
        ),
        (
            "host pc datagram wifi 1",
            "expected a text in quotes after `host pc datagram wifi 1`, found nothing".to_string(),
        ),
        ("at", "expected a time such as `1.5s` after `at`, found nothing".to_string()),
        ("at noon ap home up", "`at`: expected a duration such as `20 ms`, found `noon`".to_string()),
        ("at 1s status", "expected a change after `at`, found `status`, which only asks".to_string()),
        ("at 1s at 2s ap home up", "expected one `at` in a line, found a second one".to_string()),
        (
            "at 99999999999 s ap home up",
            "`at`: expected a duration such as `20 ms`, found `99999999999 s`, which is too large"
                .to_string(),
        ),
        ("ap \"home down", "expected a closing quote after `home down`".to_string()),
        ("ap \"home\"down", "expected a space after `\"home\"`".to_string()),
        ("ap \"ho\\me\" down", ESCAPES.to_string()),
        ("host pc send \"\\x0g\"", ESCAPES.to_string()),
        ("host pc send \"\\x0\"", ESCAPES.to_string()),
    ];
    for (line, message) in cases {
        assert_eq!(parse(line), Err(message), "{line}");
    }
}

#[test]
fn an_old_word_is_refused_with_what_is_written_today() {
    for (line, message) in [
        (
            "ap home dhcp nak",
            "expected `down`, `up`, `rssi`, `deauth`, `channel`, `password`, `uplink`, `captive`, `association` or `dhcp-answers` after `ap home`, found `dhcp`, which is `dhcp-answers` now",
        ),
        (
            "wire wifi to-mcu drop 1%",
            "expected a setting of the wire (`noise`, `loss` or `break`), found `drop`, which is `loss` now",
        ),
        (
            "host time sntp silent",
            "expected `answers`, `stratum` or `offset` after `host time sntp`, found `silent`, which is `answers none` now",
        ),
        (
            "host time sntp answer",
            "expected `answers`, `stratum` or `offset` after `host time sntp`, found `answer`, which is `answers right` now",
        ),
    ] {
        assert_eq!(parse(line), Err(message.to_string()), "{line}");
    }
}

#[test]
fn an_action_of_a_host_says_what_was_expected_behind_it() {
    let reason = "z".repeat(124);
    let cases = [
        (
            "external 0 1 open".to_owned(),
            "expected a port from 1 to 65535 after `host pc external`, found `0`",
        ),
        (
            "external 80 0 open".to_owned(),
            "expected the number of a connection, from 1 after `host pc external 80`, found `0`",
        ),
        (
            "external 80 1".to_owned(),
            "expected `open`, `data`, `close` or `reset` after `host pc external 80 1`, found nothing",
        ),
        (
            "external 80 1 opened".to_owned(),
            "expected `open`, `data`, `close` or `reset` after `host pc external 80 1`, found `opened`; did you mean `open`?",
        ),
        (
            "http status".to_owned(),
            "expected a path that begins with `/` after `host pc http`, found `status`",
        ),
        ("http /a status 600".to_owned(), "expected a status from 200 to 599 after `status`, found `600`"),
        (
            "http /a size 16777217".to_owned(),
            "expected a number of bytes from 0 to 16777216 after `size`, found `16777217`",
        ),
        ("http /a delay".to_owned(), "expected a duration after `delay`, found nothing"),
        ("http /a delay soon".to_owned(), "`delay`: expected a duration such as `20 ms`, found `soon`"),
        (
            "http /a weight 5".to_owned(),
            "expected `status`, `body`, `size`, `delay` or `scenario` after `host pc http \"/a\"`, found `weight`",
        ),
        ("toxics slicer 0".to_owned(), "`slicer`: expected 1 to 65535 (bytes), found `0`"),
        ("toxics slicer 65536".to_owned(), "`slicer`: expected 1 to 65535 (bytes), found `65536`"),
        (
            "toxics close-after +5".to_owned(),
            "`close-after`: expected a number of bytes from 1 on, found `+5`",
        ),
        (
            "websocket close 999".to_owned(),
            "expected a code from 1000 to 4999, or 0 for none after `host pc websocket close`, found `999`",
        ),
        (
            "websocket close 0 bye".to_owned(),
            "expected a reason of at most 123 bytes behind a code after `host pc websocket close`",
        ),
        (
            format!("websocket close 1000 {reason}"),
            "expected a reason of at most 123 bytes behind a code after `host pc websocket close`",
        ),
        (
            format!("websocket ping {reason}zz"),
            "expected a text of at most 125 bytes after `host pc websocket ping`",
        ),
        (
            "websocket answers wrong".to_owned(),
            "expected `right` or `none` after `host pc websocket answers`, found `wrong`",
        ),
        (
            "websocket anwser".to_owned(),
            "expected `send`, `binary`, `ping`, `close` or `answers` after `host pc websocket`, found `anwser`; did you mean \
             `answers`?",
        ),
        ("update fast".to_owned(), "expected `answers` after `host pc update`, found `fast`"),
        (
            "update answers wrong".to_owned(),
            "expected `right`, `damaged` or `no-image` after `host pc update answers`, found `wrong`",
        ),
        (
            "group leave 1.2.3.4".to_owned(),
            "expected the address of a multicast group after `host pc group leave`, found `1.2.3.4`",
        ),
        (
            "close nobody".to_owned(),
            "expected the peer of a connection, such as `192.168.1.100:49153`, `newest` or `oldest`, or nothing, after `host pc \
             close`, found `nobody`",
        ),
        (
            "connect 1.2.3.4 443 ssl".to_owned(),
            "expected `tls` or nothing after `host pc connect 1.2.3.4 443`, found `ssl`",
        ),
        (
            "connect 1.2.3.4 443 tls none".to_owned(),
            "expected `certificate` or nothing after `host pc connect 1.2.3.4 443 tls`, found `none`",
        ),
        ("publish a b qos 3".to_owned(), "expected 0, 1 or 2 after `qos`, found `3`"),
        (
            "tls alert 300".to_owned(),
            "expected the number of an alert from 1 to 255 after `host pc tls alert`, found `300`",
        ),
    ];
    for (action, message) in cases {
        assert_eq!(parse(&format!("host pc {action}")), Err(message.to_owned()), "{action}");
    }
    assert!(parse(&format!("host pc websocket ping {reason}z")).is_ok(), "125 bytes are a ping");
    assert!(
        parse(&format!("host pc websocket close 1000 {}", &reason[1..])).is_ok(),
        "123 bytes are a reason"
    );
}

#[test]
fn json_stands_once_before_the_line_and_a_question_takes_nothing_more() {
    for (line, message) in [
        ("json json links", "expected one `json` in a line, found a second one"),
        ("at 1s json links", "expected a change after `at`, found `json`, which stands before it"),
        (
            "when wifi station do json links",
            "expected a change after `do`, found `json`, which stands before the line",
        ),
        ("observations link since 1s link", "expected nothing in `observations`, found `link`"),
        ("observations since soon", "`since`: expected a duration such as `20 ms`, found `soon`"),
    ] {
        assert_eq!(parse(line), Err(message.to_owned()), "{line}");
    }
    let found = parse("observations lnik").unwrap_err();
    assert!(found.ends_with("in `observations`, found `lnik`; did you mean `link`?"), "{found}");
}
