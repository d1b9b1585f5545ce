//! `espat-sim commands`: the command table.

use std::path::{Path, PathBuf};

use super::markdown::{self, Transcripts};
use super::specification::Specification;
use crate::at::schema::{Kind, Param, Presence, Shape};
use crate::at::table::{self, Command};
use crate::profile::Availability;

/// Where this project keeps its transcripts.
const TRANSCRIPTS: &str = "tests/transcripts";

/// List the AT commands that the module knows, with their forms and parameters.
#[derive(Debug, clap::Args)]
pub struct CommandsArgs {
    /// Only commands whose name contains this.
    #[arg(value_name = "NAME")]
    filter: Option<String>,
    /// Print them as Markdown, with the transcripts that exercise each form: docs/commands.md.
    #[arg(long)]
    markdown: bool,
    /// With --markdown or --unproved: the directory of the transcripts; without it, tests/transcripts if there is one.
    #[arg(long, value_name = "DIR")]
    transcripts: Option<PathBuf>,
    /// Name what no transcript proves instead: forms, each with the profiles that have it, and sentences of the
    /// specification; with --markdown, docs/specification.md. The exit code is 1 when no profile
    /// has a form proved.
    #[arg(long, conflicts_with = "filter")]
    unproved: bool,
}

/// Prints the table. 2 when nothing matches.
pub fn run(args: &CommandsArgs) -> i32 {
    let wanted = args.filter.as_deref().unwrap_or("").to_ascii_uppercase();
    let commands: Vec<&'static Command> =
        table::all().into_iter().filter(|c| format!("AT{}", c.name).contains(&wanted)).collect();
    if commands.is_empty() && !table::ESCAPE.0.contains(&wanted) {
        return super::fail(&format!("no command has '{wanted}' in its name"));
    }
    match args.markdown || args.unproved {
        true => print_markdown(args, &commands).unwrap_or_else(|sentence| super::fail(&sentence)),
        false => {
            print_list(&commands);
            let (name, summary, section) = table::ESCAPE;
            if name.contains(&wanted) {
                say!("{name:<14} {summary} [{section}]");
            }
            0
        }
    }
}

fn print_markdown(args: &CommandsArgs, commands: &[&'static Command]) -> Result<i32, String> {
    let known = Path::new(TRANSCRIPTS);
    let directory = args.transcripts.as_deref().or(known.is_dir().then_some(known));
    let transcripts = directory.map(Transcripts::read).transpose()?;
    if !args.unproved {
        say!("{}", markdown::document(commands, transcripts.as_ref()).trim_end());
        return Ok(0);
    }
    let Some(transcripts) = transcripts else { return Err(format!("there is no {TRANSCRIPTS} here")) };
    let specification = directory.map(Specification::read).transpose()?.flatten();
    if args.markdown {
        let Some(specification) = specification else {
            return Err("there is no specification.txt".to_owned());
        };
        let forms: Vec<String> =
            markdown::unproved(&transcripts).into_iter().map(|form| form.shown).collect();
        say!("{}", specification.document(&forms).trim_end());
        return Ok(0);
    }
    let unproved = markdown::unproved(&transcripts);
    for form in &unproved {
        say!("{}", form.shown);
    }
    for (id, sentence) in specification.iter().flat_map(Specification::uncited) {
        say!("{id} {sentence}");
    }
    Ok(i32::from(unproved.iter().any(|form| form.everywhere)))
}

/// Which profiles have it, and in which builds.
fn where_it_is(on: &Availability) -> String {
    let profiles = on.names().map(|names| format!(" {} only", names.join(", "))).unwrap_or_default();
    match on.feature() {
        Some(feature) => format!("{profiles} with `{}` built in", feature.key()),
        None => profiles,
    }
}

fn print_list(commands: &[&'static Command]) {
    for command in commands {
        let name = format!("AT{}", command.name);
        say!(
            "{name:<14} {} [{}]{}{}",
            command.summary,
            command.section,
            if command.saved { " saved" } else { "" },
            where_it_is(&command.on)
        );
        if command.query.is_some() {
            say!("    {name}?");
        }
        if command.execute.is_some() {
            say!("    {name}");
        }
        for syntax in command.set.iter().flat_map(|s| s.syntaxes) {
            say!("    {name}={}", parameters(syntax.params));
            for param in syntax.params {
                say!("        {:<16} {}", param.name, describe(param));
            }
        }
    }
}

/// `<a>,<b>[,<c>]`, as the specification writes it.
pub fn parameters(params: &[Param]) -> String {
    let mut text = String::new();
    let mut written = "";
    for (i, param) in params.iter().enumerate() {
        // The same one with another range in another profile.
        if std::mem::replace(&mut written, param.name) == param.name {
            continue;
        }
        let quoted = if matches!(param.kind.shape(), Shape::Number(..)) { "" } else { "\"" };
        let again = if param.times > 1 { "..." } else { "" };
        let name = format!("<{quoted}{}{quoted}>{again}", param.name);
        let comma = if i > 0 { "," } else { "" };
        match param.presence {
            Presence::Required if i > 0 && text.ends_with(",]") => text.push_str(&name),
            Presence::Required => text.push_str(&format!("{comma}{name}")),
            Presence::MultipleOnly if params.len() > 1 => text.push_str(&format!("[{name},]")),
            Presence::MultipleOnly => text.push_str(&name),
            Presence::Optional | Presence::Default(_) => text.push_str(&format!("[{comma}{name}]")),
        }
    }
    text
}

/// What a parameter takes, and whether it may be left out.
pub fn describe(param: &Param) -> String {
    let kind = match param.kind {
        Kind::Int { min, max } => format!("{min} to {max}"),
        Kind::Port { min } => format!("port, {min} to 65535"),
        Kind::Link => "link, 0 to 4".to_owned(),
        Kind::LinkOrAll => "link, 0 to 4, or 5 for all of them".to_owned(),
        Kind::Text { min, max } => format!("string of {min} to {max} bytes"),
        Kind::Name { min, max } => format!("name, {min} to {max} bytes in UTF-8"),
        Kind::Ipv4 => "IPv4 address".to_owned(),
        Kind::Address => "IPv4 or IPv6 address".to_owned(),
        Kind::Mac { or_empty: false } => "MAC address".to_owned(),
        Kind::Mac { or_empty: true } => "MAC address, or nothing".to_owned(),
        Kind::Choice(of) => of.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(" or "),
    };
    let kind = if param.times > 1 { format!("up to {} times: {kind}", param.times) } else { kind };
    let mut text = match param.presence {
        Presence::Required => kind,
        Presence::Optional => format!("{kind}, may be left out"),
        Presence::Default(n) => format!("{kind}, default {n}"),
        Presence::MultipleOnly => format!("{kind}, with AT+CIPMUX=1 only"),
    };
    if let Some(names) = param.on.names() {
        text.push_str(&format!("; {} only", names.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::PROFILES;

    #[test]
    fn parameters_are_written_as_in_the_specification() {
        let of = |name: &str, i: usize| {
            parameters(
                table::find(name, PROFILES[0], &crate::profile::Build::published(PROFILES[0]))
                    .unwrap()
                    .set
                    .as_ref()
                    .unwrap()
                    .syntaxes[i]
                    .params,
            )
        };
        assert_eq!(
            of("+CIPSTART", 0),
            "[<link ID>,]<\"type\">,<\"remote host\">,<remote port>[,<keep alive>][,<\"local IP\">][,<timeout>]"
        );
        assert_eq!(of("+CIPSEND", 0), "[<link ID>,]<length>[,<\"remote host\">][,<remote port>]");
        assert_eq!(of("+CIPCLOSE", 0), "<link ID>");
    }
}
