//! AT+CMD?: the table lists itself. So its handler stands here, and not with those of the other basic commands.

use super::super::outcome::{Context, Outcome, Result};
use super::super::params::Form;
use super::super::schema::Args;
use super::all;

/// The commands of the profile, each with the forms that it has.
pub(super) fn commands(c: &mut Context<'_, '_>, _: &Args) -> Result {
    let having = all().into_iter().filter(|command| c.env.build.includes(c.env.profile, &command.on));
    for (index, command) in having.enumerate() {
        let [t, q, s, e] =
            [Form::Test, Form::Query, Form::Set, Form::Execute].map(|f| u8::from(command.has(f)));
        c.core.out.text(&format!("+CMD:{index},\"AT{}\",{t},{q},{s},{e}\r\n", command.name));
    }
    Ok(Outcome::Ok)
}
