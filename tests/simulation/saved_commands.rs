//! What the command table says of a setting, saved or not, is what a power cut does to it.

use crate::host::{Host, SECOND};
use espat_sim::at::table;
use espat_sim::profile::{PROFILES, Profile};
use espat_sim::world::{Pin, Scenario};

/// How one setting is seen to change.
struct Setting {
    command: &'static str,
    /// What must be so before it can be set or asked for; all of it is saved.
    before: &'static [&'static str],
    /// What changes it. The end of its answer stands behind a tab where it is not OK.
    set: &'static [&'static str],
    /// What shows it; nothing for what the module prints at its start.
    shown_by: &'static str,
}

const fn setting(
    command: &'static str,
    before: &'static [&'static str],
    set: &'static [&'static str],
    shown_by: &'static str,
) -> Setting {
    Setting { command, before, set, shown_by }
}

const STATION: &[&str] = &["AT+CWMODE=1"];
const JOINED: &[&str] = &["AT+CWMODE=1", "AT+CWJAP=\"espat-sim\",\"correct horse\""];
const SOFTAP: &[&str] = &["AT+CWMODE=3"];

/// `PARTITION` is the first partition of the profile.
const SETTINGS: &[Setting] = &[
    setting("+SLEEP", &[], &["AT+SLEEP=1"], "AT+SLEEP?"),
    setting(
        "+SYSFLASH",
        &[],
        &["AT+SYSFLASH=0,\"PARTITION\",0,4096", "AT+SYSFLASH=1,\"PARTITION\",0,4\t>", "kept\t\r\nOK\r\n"],
        "AT+SYSFLASH=2,\"PARTITION\",0,4",
    ),
    setting("+RFPOWER", &[], &["AT+RFPOWER=40"], "AT+RFPOWER?"),
    setting("+SYSMSG", &[], &["AT+SYSMSG=1"], "AT+SYSMSG?"),
    setting("+SYSLOG", &[], &["AT+SYSLOG=1"], "AT+SYSLOG?"),
    setting("+SYSSTORE", &[], &["AT+SYSSTORE=0"], "AT+SYSSTORE?"),
    setting("+SYSREG", &[], &["AT+SYSREG=1,0x60004000,5"], "AT+SYSREG=0,0x60004000"),
    setting("+UART", &[], &["AT+UART=57600,8,1,0,0"], "AT+UART?"),
    setting("+UART_CUR", &[], &["AT+UART_CUR=57600,8,1,0,0"], "AT+UART_CUR?"),
    setting("+UART_DEF", &[], &["AT+UART_DEF=57600,8,1,0,0"], "AT+UART_DEF?"),
    setting("+SYSMFG", &[], &["AT+SYSMFG=2,\"client_ca\",\"number\",1,5"], "AT+SYSMFG=1,\"client_ca\""),
    setting("+SYSMSGFILTER", &[], &["AT+SYSMSGFILTER=1"], "AT+SYSMSGFILTER?"),
    setting(
        "+SYSMSGFILTERCFG",
        &[],
        &["AT+SYSMSGFILTERCFG=1,5,0\t>", "^kept\t\r\nOK\r\n"],
        "AT+SYSMSGFILTERCFG?",
    ),
    setting("+CWCONFIG", &["AT+CWMODE=1"], &["AT+CWCONFIG=,30"], "AT+CWCONFIG?"),
    setting("+TRANSINTVL", &[], &["AT+TRANSINTVL=50"], "AT+TRANSINTVL?"),
    setting("+USERRAM", &[], &["AT+USERRAM=1,1024"], "AT+USERRAM?"),
    setting("+CWINIT", &[], &["AT+CWINIT=0"], "AT+CWINIT?"),
    setting("+CWMODE", &[], &["AT+CWMODE=3"], "AT+CWMODE?"),
    setting("+CWJAP", STATION, &["AT+CWJAP=\"espat-sim\",\"correct horse\",,,60"], "AT+CWJAP?"),
    setting("+CWRECONNCFG", &[], &["AT+CWRECONNCFG=5,10"], "AT+CWRECONNCFG?"),
    setting("+CWLAPOPT", STATION, &["AT+CWLAPOPT=1,1"], "AT+CWLAP"),
    setting("+CWSAP", SOFTAP, &["AT+CWSAP=\"cellar\",\"12345678\",5,3"], "AT+CWSAP?"),
    setting("+CWDHCP", STATION, &["AT+CWDHCP=0,1"], "AT+CWDHCP?"),
    setting("+CWDHCPS", SOFTAP, &["AT+CWDHCPS=1,3,\"192.168.4.50\",\"192.168.4.60\""], "AT+CWDHCPS?"),
    setting("+CWSTAPROTO", STATION, &["AT+CWSTAPROTO=1"], "AT+CWSTAPROTO?"),
    setting("+CWAPPROTO", SOFTAP, &["AT+CWAPPROTO=1"], "AT+CWAPPROTO?"),
    setting("+CWAUTOCONN", &[], &["AT+CWAUTOCONN=0"], "AT+CWAUTOCONN?"),
    setting("+CWHOSTNAME", STATION, &["AT+CWHOSTNAME=\"cellar\""], "AT+CWHOSTNAME?"),
    setting("+CWCOUNTRY", &[], &["AT+CWCOUNTRY=1,\"US\",1,11"], "AT+CWCOUNTRY?"),
    setting("+CIPSTAMAC", STATION, &["AT+CIPSTAMAC=\"02:11:22:33:44:55\""], "AT+CIPSTAMAC?"),
    setting("+CIPAPMAC", SOFTAP, &["AT+CIPAPMAC=\"02:11:22:33:44:55\""], "AT+CIPAPMAC?"),
    setting("+CIPSTA", JOINED, &["AT+CIPSTA=\"192.168.1.77\""], "AT+CIPSTA?"),
    setting("+CIPAP", SOFTAP, &["AT+CIPAP=\"192.168.5.1\""], "AT+CIPAP?"),
    setting("+CIPV6", &[], &["AT+CIPV6=1"], "AT+CIPV6?"),
    setting("+CIPDNS", &[], &["AT+CIPDNS=1,\"192.0.2.53\""], "AT+CIPDNS?"),
    setting("+CIPRECONNINTV", &[], &["AT+CIPRECONNINTV=50"], "AT+CIPRECONNINTV?"),
    setting("+SAVETRANSLINK", &[], &["AT+SAVETRANSLINK=1,\"192.0.2.1\",80"], ""),
    setting("+CIPSSLCCONF", &[], &["AT+CIPSSLCCONF=2"], "AT+CIPSSLCCONF?"),
    setting("+CIPSSLCCN", &[], &["AT+CIPSSLCCN=\"cellar\""], "AT+CIPSSLCCN?"),
    setting("+CIPSSLCSNI", &[], &["AT+CIPSSLCSNI=\"cellar\""], "AT+CIPSSLCSNI?"),
    setting("+CIPSSLCALPN", &[], &["AT+CIPSSLCALPN=1,\"h2\""], "AT+CIPSSLCALPN?"),
    setting("+CIPSSLCPSK", &[], &["AT+CIPSSLCPSK=\"key\",\"hint\""], "AT+CIPSSLCPSK?"),
    setting("+CIPSSLCPSKHEX", &[], &["AT+CIPSSLCPSKHEX=\"00ff\",\"hint\""], "AT+CIPSSLCPSKHEX?"),
    setting("+CIPSNTPINTV", &[], &["AT+CIPSNTPINTV=60"], "AT+CIPSNTPINTV?"),
    setting("+CIPSNTPCFG", &[], &["AT+CIPSNTPCFG=1,8"], "AT+CIPSNTPCFG?"),
    setting("+CIPTCPOPT", &[], &["AT+CIPTCPOPT=5"], "AT+CIPTCPOPT?"),
    setting("+CIPSENDLCFG", &[], &["AT+CIPSENDLCFG=200"], "AT+CIPSENDLCFG?"),
    setting("+CIPDINFO", &[], &["AT+CIPDINFO=1"], "AT+CIPDINFO?"),
    setting("+CIPMUX", &[], &["AT+CIPMUX=1"], "AT+CIPMUX?"),
    setting("+CIPRECVMODE", &[], &["AT+CIPRECVMODE=1"], "AT+CIPRECVMODE?"),
    setting("+CIPRECVTYPE", &[], &["AT+CIPRECVTYPE=1"], "AT+CIPRECVTYPE?"),
    setting("+CIPSERVER", &[], &["AT+CIPMUX=1", "AT+CIPSERVER=1,80"], "AT+CIPSERVER?"),
    setting("+CIPSERVERMAXCONN", &[], &["AT+CIPSERVERMAXCONN=2"], "AT+CIPSERVERMAXCONN?"),
    setting("+CIPMODE", &[], &["AT+CIPMODE=1"], "AT+CIPMODE?"),
    setting("+CIPSTO", &[], &["AT+CIPSTO=9"], "AT+CIPSTO?"),
    setting("+HTTPURLCFG", &[], &["AT+HTTPURLCFG=8\t>", "http://h\t\r\nSET OK\r\n"], "AT+HTTPURLCFG?"),
    setting("+HTTPCHEAD", &[], &["AT+HTTPCHEAD=4\t>", "A: b\t\r\nOK\r\n"], "AT+HTTPCHEAD?"),
    setting("+MQTTUSERCFG", &[], &["AT+MQTTUSERCFG=0,2,\"\",\"\",\"\",0,0,\"\""], "AT+MQTTCONN?"),
    setting(
        "+MQTTCONNCFG",
        &[],
        &["AT+MQTTUSERCFG=0,1,\"\",\"\",\"\",0,0,\"\"", "AT+MQTTCONNCFG=0,9,0,\"\",\"\",0,0"],
        "AT+MQTTCONN?",
    ),
];

/// Set forms that do something at once and set nothing, and settings that no command shows.
const ACTIONS: &[&str] = &[
    "+GSLP",
    "+SYSRAM",       // asks
    "+SYSTIMESTAMP", // a clock, which goes on
    "+SLEEPWKCFG",
    "+CIPSSLCCIPHER", // the query lists what the build has
    "+CWLAP",
    "+CWQIF",
    "+MDNS",
    "+CIPDOMAIN",
    "+CIPSTART",
    "+CIPSTARTEX",
    "+CIPCLOSE",
    "+CIPSEND",
    "+CIPSENDL",
    "+CIPSENDEX",
    "+CIPRECVDATA",
    "+PING",
    "+CIUPDATE",
    "+HTTPCLIENT",
    "+HTTPGETSIZE",
    "+HTTPCGET",
    "+HTTPCPOST",
    "+HTTPCPUT",
    "+HTTPCFG",
    "+MQTTCLIENTID", // what they set goes into CONNECT
    "+MQTTUSERNAME",
    "+MQTTPASSWORD",
    "+MQTTLONGCLIENTID",
    "+MQTTLONGUSERNAME",
    "+MQTTLONGPASSWORD",
    "+MQTTALPN",
    "+MQTTSNI",
    "+MQTTCONN",
    "+MQTTPUB",
    "+MQTTPUBRAW",
    "+MQTTSUB",
    "+MQTTUNSUB",
    "+MQTTCLEAN",
    "+WSCFG",
    "+WSHEAD",
    "+WSOPEN",
    "+WSSEND",
    "+WSCLOSE",
];

impl Setting {
    /// What shows it now.
    fn look(&self, host: &mut Host, profile: &Profile, boot: &str) -> String {
        if self.shown_by.is_empty() {
            return boot.to_owned();
        }
        host.wait(SECOND);
        host.pending.clear();
        let shown = host.query(&format!("{}\r\n", for_profile(self.shown_by, profile)));
        assert!(!shown.ends_with("ERROR\r\n"), "{} on {}: {shown}", self.shown_by, profile.name);
        shown
    }
}

fn for_profile(line: &str, profile: &Profile) -> String {
    line.replace("PARTITION", profile.partitions.first().map_or("", |p| p.name))
}

/// Types a line of a [`Setting`] and waits for its end.
fn send(host: &mut Host, line: &str, profile: &Profile) {
    let line = for_profile(line, profile);
    match line.split_once('\t') {
        Some((typed, end)) => {
            host.send(if typed.starts_with("AT") { format!("{typed}\r\n") } else { typed.to_owned() });
            host.until(end);
        }
        None => {
            let answer = host.query(&format!("{line}\r\n"));
            assert!(answer.ends_with("OK\r\n"), "{line} on {}: {answer}", profile.name);
        }
    }
}

/// Waits for the start, and for what a station does then. Everything that comes.
fn boot(host: &mut Host) -> String {
    let mut text = host.until("ready\r\n");
    host.wait(10 * SECOND);
    text.push_str(&String::from_utf8_lossy(&std::mem::take(&mut host.pending)));
    text
}

#[test]
fn saved_settings_survive_a_power_cut_and_the_others_do_not() {
    for profile in PROFILES {
        let own = format!("profile = \"{}\"", profile.name);
        let scenario = Scenario::default_text().replace("profile = \"esp32c3-v2.3\"", &own);
        assert!(scenario.contains(&own), "the default scenario names another profile");
        for command in table::all().into_iter().filter(|c| c.set.is_some() && profile.has(&c.on)) {
            let name = command.name;
            let Some(setting) = SETTINGS.iter().find(|s| s.command == name) else {
                assert!(
                    ACTIONS.contains(&name),
                    "{name} has a set form: is it a setting? Say how it is seen"
                );
                assert!(!command.saved, "{name} is marked as saved, and nothing here shows it");
                continue;
            };
            let mut host = Host::new(&scenario, 1);
            let first = boot(&mut host);
            for line in setting.before {
                send(&mut host, line, profile);
            }
            let fresh = setting.look(&mut host, profile, &first);
            for line in setting.set {
                send(&mut host, line, profile);
            }
            let set = setting.look(&mut host, profile, "");
            assert_ne!(set, fresh, "{name} on {} changes nothing that is seen", profile.name);
            host.pin(Pin::En, false);
            host.wait(SECOND / 10);
            host.pending.clear();
            host.pin(Pin::En, true);
            let second = boot(&mut host);
            let after = setting.look(&mut host, profile, &second);
            match (command.saved, setting.shown_by) {
                (true, "") => assert_ne!(after, fresh, "{name} is lost on {}", profile.name),
                (true, _) => assert_eq!(after, set, "{name} is marked as saved on {}", profile.name),
                (false, _) => assert_eq!(after, fresh, "{name} is not marked as saved on {}", profile.name),
            }
        }
    }
}
