//! From a complete line to its command: the look-up in the table, the checks, the handler, the result.

use super::error::ErrorCode;
use super::faults::{Answer, FaultEvent};
use super::job::Job;
use super::line::Completed;
use super::outcome::{Context, Outcome};
use super::params::{CommandLine, Form};
use super::schema::Args;
use super::table::{self, Command, Need};
use super::{At, AtEvent, Env, Phase};
use crate::time::{Duration, Instant};

impl At {
    /// Runs a complete line.
    pub(super) fn run(&mut self, now: Instant, completed: Completed, env: &mut Env<'_>) {
        self.core.system.unwritten = false;
        let outcome = match completed {
            Completed::TooLong => Err(ErrorCode::NO_AT),
            Completed::Line(line) => match env.faults.take_answer(&line) {
                Some((answer, delay)) => Ok(answer_instead(now, line, answer, delay)),
                None => match CommandLine::parse(&line) {
                    Ok(line) => self.execute(now, &line, env),
                    Err(code) => Err(named(&line, env)
                        .map_or(code, |command| command.explain(code, &[], &[], env.profile))),
                },
            },
        };
        self.conclude(outcome);
    }

    /// What a handler, or the end of a data phase, comes to.
    pub(super) fn conclude(&mut self, outcome: Result<Outcome, ErrorCode>) {
        match outcome {
            Ok(Outcome::Ok) if std::mem::take(&mut self.core.system.unwritten) => {
                self.core.out.error(ErrorCode::FAILED);
            }
            Ok(Outcome::Ok) => self.core.out.ok(),
            Ok(Outcome::Done) => {}
            Ok(Outcome::Take(input)) => self.hand_over(input),
            Ok(Outcome::Run(job)) => self.phase = Phase::Running(job),
            Err(code) => {
                if let Some(text) = code.log_text() {
                    self.core.out.log(&text);
                }
                self.core.out.error(code);
            }
        }
    }

    fn execute(&mut self, now: Instant, line: &CommandLine, env: &mut Env<'_>) -> Result<Outcome, ErrorCode> {
        let command = table::find(&line.name, env.profile, &env.build).ok_or(ErrorCode::UNSUPPORTED)?;
        let (handler, args) = match line.form {
            Form::Test => None,
            Form::Query => command.query.map(|h| (h, Args::default())),
            Form::Execute => command.execute.map(|h| (h, Args::default())),
            Form::Set => match &command.set {
                Some(set) => Some((set.handler, self.check(command, line, env)?)),
                None => None,
            },
        }
        .ok_or(ErrorCode::WRONG_FORM)?;
        match line.form {
            Form::Set | Form::Execute => self.require(command.needs, env)?,
            Form::Query => self.require(command.query_needs, env)?,
            Form::Test => {}
        }
        handler(&mut Context { now, core: &mut self.core, env }, &args)
    }

    fn check(&self, command: &Command, line: &CommandLine, env: &Env<'_>) -> Result<Args, ErrorCode> {
        let Some(set) = &command.set else { return Err(ErrorCode::WRONG_FORM) };
        let (raw, multiple) = (&line.params[..], self.core.links.multiple);
        let syntax = set.syntaxes.get(set.syntax(raw, multiple)).ok_or(ErrorCode::WRONG_FORM)?;
        if let Some(index) = line.bare_comma.filter(|_| command.codes.is_some()) {
            return Err(command.explain(ErrorCode::unreadable(index), raw, syntax.params, env.profile));
        }
        Args::check(syntax.params, raw, multiple, |on| env.build.includes(env.profile, on))
            .map_err(|code| command.explain(code, raw, syntax.params, env.profile))
    }

    fn require(&self, needs: &[Need], env: &Env<'_>) -> Result<(), ErrorCode> {
        let met = needs.iter().all(|need| match need {
            Need::Wifi => !self.core.radio.off,
            Need::Station => self.core.station_on(),
            Need::SoftAp => self.core.softap_on(),
            Need::Address => env.address().is_some(),
        });
        if met { Ok(()) } else { Err(ErrorCode::FAILED) }
    }
}

/// A line is not carried out, but answered as a test has said.
fn answer_instead(now: Instant, line: Vec<u8>, answer: Answer, delay: Duration) -> Outcome {
    Outcome::Run(Job::until(now + delay, move |c| {
        c.core.tell(AtEvent::Fault(FaultEvent::Answered { line, answer: answer.clone() }));
        match answer {
            Answer::Ok => return Ok(Outcome::Ok),
            Answer::Error => return Err(ErrorCode::FAILED),
            Answer::Busy => c.core.out.busy(),
            Answer::Text(text) => c.core.out.text_bytes(&text),
        }
        Ok(Outcome::Done)
    }))
}

/// The command that a line is of which the rest cannot be read.
fn named(line: &[u8], env: &Env<'_>) -> Option<&'static Command> {
    let end = line.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(line.get(2..end)?).ok()?.to_ascii_uppercase();
    table::find(&name, env.profile, &env.build)
}
