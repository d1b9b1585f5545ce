//! Receiving: AT+CIPRECVMODE, AT+CIPRECVTYPE, AT+CIPRECVDATA, AT+CIPRECVLEN, AT+CIPDINFO.

use std::ops::Range;

use super::super::address::Shown;
use super::super::error::ErrorCode;
use super::super::receive;
use super::super::schema::Args;
use super::{Context, Outcome, Result};

/// No blank line before OK here.
pub fn info_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPDINFO:{}", c.core.links.sender_info);
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn info_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.links.sender_info = args.is_on("mode");
    Ok(Outcome::Ok)
}

pub fn mode_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+CIPRECVMODE:{}\r\n", u8::from(c.core.links.passive.first() == Some(&true)));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

/// Counts for open links, too, from now on: what waits is announced, or sent.
pub fn mode_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    set_mode(c, 0..c.core.links.count(), args.is_on("mode"));
    Ok(Outcome::Ok)
}

/// A line for each link.
pub fn type_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    for (id, passive) in c.core.links.passive.iter().enumerate() {
        c.core.out.text(&format!("+CIPRECVTYPE:{id},{}\r\n", u8::from(*passive)));
    }
    Ok(Outcome::Ok)
}

/// The same for one link, or with 5 for all.
pub fn type_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let ids = args.links().ids(c.core.links.count());
    set_mode(c, ids, args.is_on("mode"));
    Ok(Outcome::Ok)
}

fn set_mode(c: &mut Context<'_, '_>, ids: Range<usize>, passive: bool) {
    for id in ids {
        if let Some(mode) = c.core.links.passive.get_mut(id) {
            *mode = passive;
        }
        if !passive && let Some(link) = c.core.links.get_mut(id) {
            link.noticed = false;
            link.notice_at = None;
        }
    }
}

pub fn data(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (id, most) = (args.link(), args.number("len"));
    if !c.core.is_passive(id) {
        return Err(ErrorCode::FAILED);
    }
    // As much as it hands out, and what stands before that.
    const HEAD: usize = 128;
    let length = receive::waiting(c.core, c.env.stack, id).map_or(0, |waiting| waiting.min(most));
    c.claim("what is to be read", length + HEAD)?;
    let Some((from, data)) = receive::read(c.core, c.env.stack, id, most) else {
        c.core.out.log("NO DATA");
        return Err(ErrorCode::FAILED);
    };
    let sender = if c.core.links.sender_info {
        format!("\"{}\",{},", Shown(from.ip()), from.port())
    } else {
        String::new()
    };
    c.core.out.text(&format!("+CIPRECVDATA:{},{sender}", data.len()));
    c.core.out.data(&data);
    Ok(Outcome::Ok)
}

/// One number for each link, also for closed ones; with AT+CIPMUX=0 only the first.
pub fn lengths(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let count = if c.core.links.multiple { c.core.links.count() } else { 1 };
    let closed = c.env.profile.differences.closed_receive_length;
    let length = |id| receive::waiting(c.core, c.env.stack, id).map_or(closed.to_string(), |n| n.to_string());
    let line = (0..count).map(length).collect::<Vec<String>>().join(",");
    c.core.out.text(&format!("+CIPRECVLEN:{line}\r\n"));
    Ok(Outcome::Ok)
}
