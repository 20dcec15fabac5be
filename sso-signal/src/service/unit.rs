//! The systemd unit: the template of the project, filled with systemd's own quoting (systemd.syntax(7),
//! systemd.exec(5), systemd.service(5), systemd.unit(5) "Specifiers").

use sso_tool::exit::{Exit, Fault};

use super::plan::Plan;
use super::role::Role;

const TEMPLATE: &str = include_str!("sso-watcher.service");
/// The target of a desktop session: its services are started again with every login, with that login's display.
const DESKTOP: &str = "graphical-session.target";

/// The unit's content. Status 78: a value that a unit can't hold.
pub(super) fn fill(plan: &Plan, role: Role, has_desktop: bool) -> anyhow::Result<String> {
    let command = plan
        .command
        .iter()
        .map(|argument| quoted(argument, Dollar::Doubled))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let environment = plan
        .environment
        .iter()
        .map(|(name, value)| {
            Ok(format!("Environment={}", quoted(&format!("{name}={value}"), Dollar::Plain)?))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let session = if has_desktop { format!("PartOf={DESKTOP}\nAfter={DESKTOP}\n") } else { String::new() };
    Ok(super::template::fill(
        TEMPLATE,
        &[
            ("DESCRIPTION", role.description().to_owned()),
            ("SESSION", session),
            ("COMMAND", command.join(" ")),
            ("WORKING_DIRECTORY", bare(&plan.working_directory)?),
            ("ENVIRONMENT", environment.join("\n")),
            ("LOG", bare(&plan.log)?),
            ("ERROR_LOG", bare(&plan.error_log)?),
            ("WANTED_BY", if has_desktop { DESKTOP } else { "default.target" }.to_owned()),
        ],
    ))
}

/// `$` is expanded in command lines, and nowhere else.
#[derive(Clone, Copy)]
enum Dollar {
    Plain,
    Doubled,
}

fn quoted(value: &str, dollar: Dollar) -> anyhow::Result<String> {
    let mut text = String::from('"');
    for c in value.chars() {
        match (c, dollar) {
            ('"' | '\\', _) => text.extend(['\\', c]),
            ('\n', _) => text.push_str("\\n"),
            ('\t', _) => text.push_str("\\t"),
            ('%', _) => text.push_str("%%"),
            ('$', Dollar::Doubled) => text.push_str("$$"),
            (c, _) if c.is_control() => return Err(unfit(value)),
            (c, _) => text.push(c),
        }
    }
    text.push('"');
    Ok(text)
}

/// A path that stands alone after `=`, where nothing is unquoted.
fn bare(value: &str) -> anyhow::Result<String> {
    let is_stripped = value.trim() != value || value.ends_with('\\');
    if is_stripped || value.chars().any(char::is_control) {
        return Err(unfit(value));
    }
    Ok(value.replace('%', "%%"))
}

fn unfit(value: &str) -> anyhow::Error {
    Fault::new(Exit::Config, format!("no systemd unit can hold the value `{value}`"))
        .hint("remove its control characters (or blanks and \\ at the ends of a path)")
        .into()
}
