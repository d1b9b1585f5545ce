//! The time of day: AT+CIPSNTPCFG, AT+CIPSNTPINTV, AT+CIPSNTPTIME.

use chrono::DateTime;

use super::super::clients::sntp::Sntp;
use super::super::schema::Args;
use super::{Context, Outcome, Result};

/// What is asked when AT+CIPSNTPCFG names nobody.
const DEFAULT_SERVERS: [&str; 3] = ["cn.ntp.org.cn", "ntp.sjtu.edu.cn", "us.pool.ntp.org"];

/// Switched on there is no blank line before OK; whole hours only.
pub fn sntp_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let sntp = &c.core.sntp;
    let line = if sntp.is_enabled() {
        let mut line = format!("+CIPSNTPCFG:1,{}", sntp.offset_minutes / 60).into_bytes();
        for server in &sntp.servers {
            line.extend_from_slice(b",\"");
            line.extend_from_slice(server);
            line.push(b'"');
        }
        line
    } else if c.env.profile.differences.sntp_zone_when_off {
        format!("+CIPSNTPCFG:0,{}\r\n", sntp.offset_minutes / 60).into_bytes()
    } else {
        b"+CIPSNTPCFG:0\r\n".to_vec()
    };
    c.core.out.text_bytes(&line);
    Ok(Outcome::Ok)
}

pub fn sntp_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let timezone = args.number("timezone");
    let offset_minutes = Sntp::offset(timezone).ok_or_else(|| args.invalid("timezone"))?;
    let mut servers: Vec<Vec<u8>> =
        args.each("SNTP server").filter_map(|server| server.text().map(<[u8]>::to_vec)).collect();
    if servers.is_empty() {
        servers = DEFAULT_SERVERS.map(|s| s.as_bytes().to_vec()).to_vec();
    }
    c.core.sntp.offset_minutes = offset_minutes;
    c.core.sntp.servers = servers;
    if args.is_on("enable") {
        let first = c.now + c.env.draw(|p| &p.times.sntp_start);
        c.core.sntp.start(first, c.env.stack);
    } else {
        c.core.sntp.stop(c.env.stack);
    }
    Ok(Outcome::Ok)
}

pub fn interval_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPSNTPINTV:{}\r\n", c.core.sntp.interval);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// The question that is due already comes when it is due (a guess).
pub fn interval_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.sntp.interval = args.number("interval");
    Ok(Outcome::Ok)
}

/// Local time as asctime writes it; in 1970, and without the time zone, as long as nothing has set the clock (a log of
/// v2.1). No blank line before OK.
pub fn time_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let clock = c.core.system.clock;
    let offset = if clock.is_set() { i64::from(c.core.sntp.offset_minutes) * 60 } else { 0 };
    let local = clock.unix(c.now) + offset;
    let time = DateTime::from_timestamp(local, 0).unwrap_or_default();
    let line = format!("+CIPSNTPTIME:{}", time.format("%a %b %e %H:%M:%S %Y"));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}
