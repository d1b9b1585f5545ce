//! Basic commands: AT, ATE, AT+RST, AT+GMR, AT+CMD, AT+SYSLOG.

use super::super::error::ErrorCode;
use super::super::job::Job;
use super::super::params::Form;
use super::super::schema::Args;
use super::super::table;
use super::{Context, Outcome};

type Result = std::result::Result<Outcome, ErrorCode>;

pub fn nothing(_: &mut Context<'_, '_>, _: &Args) -> Result {
    Ok(Outcome::Ok)
}

pub fn echo_off(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.core.echo = false;
    Ok(Outcome::Ok)
}

pub fn echo_on(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.core.echo = true;
    Ok(Outcome::Ok)
}

/// OK first, then the station leaves (a joined one says so), then the reset.
pub fn restart(c: &mut Context<'_, '_>, _: &Args) -> Result {
    c.core.out.ok();
    // The sockets die with the chip: no CLOSED (a guess; the capture of a C3 shows none).
    c.core.links.forget();
    if c.env.station.leave(c.now, c.env.stack) {
        c.core.out.text("WIFI DISCONNECT\r\n");
        while c.env.station.take_event().is_some() {}
    }
    Ok(Outcome::Run(Job::Restart))
}

pub fn version(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for line in c.env.profile.version.split_inclusive('\n') {
        c.core.out.text(line);
    }
    Ok(Outcome::Ok)
}

pub fn commands(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for (index, command) in table::all().into_iter().enumerate() {
        let [t, q, s, e] =
            [Form::Test, Form::Query, Form::Set, Form::Execute].map(|f| u8::from(command.has(f)));
        c.core.out.text(&format!("+CMD:{index},\"AT{}\",{t},{q},{s},{e}\r\n", command.name));
    }
    Ok(Outcome::Ok)
}

pub fn syslog_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+SYSLOG:{}\r\n", u8::from(c.core.syslog));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn syslog_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.syslog = args.int("status") == Some(1);
    Ok(Outcome::Ok)
}
