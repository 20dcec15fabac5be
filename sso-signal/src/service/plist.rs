//! The launchd agent's file: the template of the project, filled with XML.

use sso_tool::exit::{Exit, Fault};

use super::plan::Plan;
use super::role::Role;

const TEMPLATE: &str = include_str!("com.bazel.sso-watcher.plist");

/// The file's content. Status 78: a value that XML can't hold (a control character).
pub(super) fn fill(plan: &Plan, role: Role) -> anyhow::Result<String> {
    let string = |value: &str| Ok::<_, anyhow::Error>(format!("<string>{}</string>", escaped(value)?));
    let arguments = plan
        .command
        .iter()
        .map(|argument| Ok(format!("\t\t{}", string(argument)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let environment = plan
        .environment
        .iter()
        .map(|(name, value)| Ok(format!("\t\t<key>{}</key>\n\t\t{}", escaped(name)?, string(value)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(super::template::fill(
        TEMPLATE,
        &[
            ("LABEL", role.label().to_owned()),
            ("PROGRAM_ARGUMENTS", arguments.join("\n")),
            ("WORKING_DIRECTORY", escaped(&plan.working_directory)?),
            ("ENVIRONMENT", environment.join("\n")),
            ("LOG", escaped(&plan.log)?),
            ("ERROR_LOG", escaped(&plan.error_log)?),
        ],
    ))
}

/// Text as XML 1.0 character data.
fn escaped(value: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            // A parser would turn it into a line feed.
            '\r' => text.push_str("&#13;"),
            '\n' | '\t' => text.push(c),
            c if c.is_ascii_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                return Err(Fault::new(
                    Exit::Config,
                    format!(
                        "a setting has the control character U+{:04X}, which no plist can hold",
                        u32::from(c)
                    ),
                )
                .into());
            }
            c => text.push(c),
        }
    }
    Ok(text)
}
