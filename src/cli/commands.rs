//! `espat-sim commands`: the command table.

use crate::at::schema::{Kind, Param, Presence};
use crate::at::table::COMMANDS;

/// List the AT commands that the module knows, with their forms and parameters.
#[derive(Debug, clap::Args)]
pub struct CommandsArgs {
    /// Only commands whose name contains this.
    #[arg(value_name = "NAME")]
    filter: Option<String>,
}

/// Prints the table. 2 when nothing matches.
pub fn run(args: &CommandsArgs) -> i32 {
    let wanted = args.filter.as_deref().unwrap_or("").to_ascii_uppercase();
    let mut found = false;
    for command in COMMANDS.iter().filter(|c| format!("AT{}", c.name).contains(&wanted)) {
        found = true;
        let name = format!("AT{}", command.name);
        println!(
            "{name:<14} {} [{}]{}",
            command.summary,
            command.section,
            if command.saved { " saved" } else { "" }
        );
        if command.query.is_some() {
            println!("    {name}?");
        }
        if command.execute.is_some() {
            println!("    {name}");
        }
        for syntax in command.set.iter().flat_map(|s| s.syntaxes) {
            println!("    {name}={}", parameters(syntax.params));
            for param in syntax.params {
                println!("        {:<16} {}", param.name, describe(param));
            }
        }
    }
    if found { 0 } else { super::fail(&format!("no command has '{wanted}' in its name")) }
}

/// `<a>,<b>[,<c>]`, as the specification writes it.
fn parameters(params: &[Param]) -> String {
    let mut text = String::new();
    for (i, param) in params.iter().enumerate() {
        let quoted = if matches!(param.kind, Kind::Int { .. }) { "" } else { "\"" };
        let name = format!("<{quoted}{}{quoted}>", param.name);
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

fn describe(param: &Param) -> String {
    let kind = match param.kind {
        Kind::Int { min, max } => format!("{min} to {max}"),
        Kind::Text { min, max } => format!("string of {min} to {max} bytes"),
        Kind::Choice(of) => of.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(" or "),
    };
    match param.presence {
        Presence::Required => kind,
        Presence::Optional => format!("{kind}, may be left out"),
        Presence::Default(n) => format!("{kind}, default {n}"),
        Presence::MultipleOnly => format!("{kind}, with AT+CIPMUX=1 only"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at::table::find;

    #[test]
    fn parameters_are_written_as_in_the_specification() {
        let of =
            |name: &str, i: usize| parameters(find(name).unwrap().set.as_ref().unwrap().syntaxes[i].params);
        assert_eq!(
            of("+CIPSTART", 0),
            "[<link ID>,]<\"type\">,<\"remote host\">,<remote port>[,<keep alive>][,<\"local IP\">]"
        );
        assert_eq!(of("+CIPSEND", 0), "[<link ID>,]<length>[,<\"remote host\">][,<remote port>]");
        assert_eq!(of("+CIPCLOSE", 0), "<link ID>");
    }
}
