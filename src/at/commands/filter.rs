//! Filters for messages: AT+SYSMSGFILTER, AT+SYSMSGFILTERCFG.

use super::super::error::ErrorCode;
use super::super::input::Input;
use super::super::job::Job;
use super::super::schema::Args;
use super::super::upload::{Consumer, Upload};
use super::{Context, Outcome, Result};

/// A filter that is to be added, or removed.
#[derive(Debug)]
struct Filter {
    /// So many bytes are the head's expression.
    head: usize,
    add: bool,
}

impl Consumer for Filter {
    fn consume(self: Box<Self>, data: Vec<u8>, c: &mut Context<'_, '_>) -> Result {
        let (head, tail) = data.split_at(self.head.min(data.len()));
        let filters = &mut c.core.out.filters;
        let done = if self.add { filters.add(head, tail) } else { filters.remove(head, tail) };
        let at = c.now + c.env.draw(|p| &p.times.flash);
        Ok(Outcome::Run(Job::until(at, move |_| if done { Ok(Outcome::Ok) } else { Err(ErrorCode::FAILED) })))
    }
}

pub fn enable_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let line = format!("+SYSMSGFILTER:{}\r\n", u8::from(c.core.out.filters.is_enabled()));
    c.core.out.text(&line);
    Ok(Outcome::Ok)
}

pub fn enable_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    c.core.out.filters.enable(args.int("enable") == Some(1));
    Ok(Outcome::Ok)
}

/// A line for each, counted from 0 (a guess).
pub fn filters_query(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let mut lines = Vec::new();
    for (index, (head, tail)) in c.core.out.filters.expressions().enumerate() {
        let mut line = format!("+SYSMSGFILTERCFG:{index},\"").into_bytes();
        line.extend_from_slice(head);
        line.extend_from_slice(b"\",\"");
        line.extend_from_slice(tail);
        line.extend_from_slice(b"\"\r\n");
        lines.push(line);
    }
    for line in lines {
        c.core.out.text_bytes(&line);
    }
    Ok(Outcome::Ok)
}

/// Both expressions come behind a prompt, the head's first.
pub fn filters_set(c: &mut Context<'_, '_>, args: &Args) -> Result {
    let (head, tail): (Option<usize>, Option<usize>) =
        (args.given("head_regexp_len"), args.given("tail_regexp_len"));
    match (args.int("operator"), head, tail) {
        (Some(0), None, None) => {
            c.core.out.filters.clear();
            Ok(Outcome::Ok)
        }
        (Some(operator @ (1 | 2)), Some(head), Some(tail)) if head + tail > 0 => {
            let filter = Filter { head, add: operator == 1 };
            c.core.out.prompt();
            Ok(Outcome::Take(Input::Upload(Upload::new(filter, head + tail))))
        }
        (Some(0), ..) => Err(args.invalid("head_regexp_len")),
        _ => Err(args.invalid("tail_regexp_len")),
    }
}
