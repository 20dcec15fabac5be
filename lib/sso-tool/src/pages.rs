//! Man pages and shell completions, where a `share` folder has them.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use clap::{Arg, Command};
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::listing;

/// Writes a page for the tool and for each of its commands, and its completions for bash, zsh, fish and PowerShell,
/// below `share`: `man/man1/TOOL.1`, `bash-completion/completions/TOOL`, …
pub(crate) fn write(tool: &str, command: Command, share: &Path) -> anyhow::Result<()> {
    let mut built = command.disable_help_subcommand(true);
    built.build();
    let version = built.get_version().unwrap_or_default().to_owned();
    // Where others have the date: an empty one would let the rest of the title line move up.
    let dress = |man: Man| man.source(tool).date(&version).manual("AWS SSO tools");
    write_pages(&built, &dress, &share.join("man/man1"))?;
    let completer = |shell: &dyn EnvCompleter| {
        let mut script = Vec::new();
        shell.write_registration(listing::VARIABLE, tool, tool, tool, &mut script).map(|()| script)
    };
    put(&share.join("bash-completion/completions"), tool, &completer(&Bash)?)?;
    // zsh loads the file at the first Tab, and that one is to be answered, too.
    let mut zsh = completer(&Zsh)?;
    let function = format!("_clap_dynamic_completer_{}", tool.replace('-', "_"));
    writeln!(zsh, "[ \"$funcstack[1]\" != _{tool} ] || {function} \"$@\"")?;
    put(&share.join("zsh/site-functions"), &format!("_{tool}"), &zsh)?;
    put(&share.join("fish/vendor_completions.d"), &format!("{tool}.fish"), &completer(&Fish)?)?;
    // PowerShell looks nowhere by itself: a profile has `. FILE`.
    put(&share.join("powershell"), &format!("{tool}.ps1"), &completer(&Powershell)?)
}

fn write_pages(command: &Command, dress: &dyn Fn(Man) -> Man, folder: &Path) -> anyhow::Result<()> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        write_pages(inner, dress, folder)?;
    }
    let man = dress(Man::new(command.clone()));
    put(folder, &man.get_filename(), &page(&man, command)?)
}

fn page(man: &Man, command: &Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(command).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|inner| !inner.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    sections_after(command).to_writer(&mut page)?;
    Ok(without_back_ticks(&page))
}

/// How the command is called, with the values that its options take.
fn synopsis(command: &Command) -> Roff {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut line = vec![bold(name)];
    let shown = |argument: &&Arg| !argument.is_hide_set();
    for argument in command.get_arguments().filter(shown).filter(|argument| !argument.is_positional()) {
        let flag = match (argument.get_long(), argument.get_short()) {
            (Some(long), _) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => continue,
        };
        if ["--help", "--version"].contains(&flag.as_str()) {
            continue;
        }
        let takes = argument.get_action().takes_values();
        let [open, close] = if argument.is_required_set() { ["", ""] } else { ["[", "]"] };
        line.extend([roman(format!(" {open}")), bold(flag)]);
        if takes {
            for value in values(argument) {
                line.extend([roman(" "), italic(value)]);
            }
        }
        line.push(roman(close));
    }
    for argument in command.get_positionals().filter(shown) {
        let [open, close] = if argument.is_required_set() { ["", ""] } else { ["[", "]"] };
        let last = if argument.is_last_set() { "-- " } else { "" };
        let more =
            if argument.get_num_args().is_some_and(|count| count.max_values() > 1) { "…" } else { "" };
        line.push(roman(format!(" {open}{last}")));
        for value in values(argument) {
            line.push(italic(value));
        }
        line.push(roman(format!("{more}{close}")));
    }
    if command.get_subcommands().any(|inner| !inner.is_hide_set()) {
        line.extend([roman(" ["), italic("COMMAND"), roman("]")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text(line);
    roff
}

/// What an argument's values are called.
fn values(argument: &Arg) -> Vec<String> {
    match argument.get_value_names() {
        Some(names) if !names.is_empty() => names.iter().map(ToString::to_string).collect(),
        _ => vec![argument.get_id().as_str().to_uppercase()],
    }
}

/// Words between back-ticks in bold, as man pages have them. What stands in lines of its own (examples) stays.
fn without_back_ticks(page: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(page);
    let mut is_filled = true;
    let lines = text.lines().map(|line| {
        match line {
            ".nf" => is_filled = false,
            ".fi" => is_filled = true,
            _ => {}
        }
        let pieces: Vec<_> = line.split('`').collect();
        // A word that begins on one line and ends on the next can't be told from two that do.
        if !is_filled || line.starts_with('.') || pieces.len().is_multiple_of(2) {
            return line.to_owned();
        }
        let fonts = [r"\fR", r"\fB"].into_iter().cycle();
        let bold = pieces.iter().zip(fonts).enumerate().map(|(number, (piece, font))| {
            if number == 0 { (*piece).to_owned() } else { format!("{font}{piece}") }
        });
        bold.collect()
    });
    lines.flat_map(|line| [line, "\n".to_owned()]).collect::<String>().into_bytes()
}

/// *Examples* and *Exit status*, line by line: filled lines would run them together.
fn sections_after(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let after = command.get_after_long_help().or_else(|| command.get_after_help());
    let text = after.map(ToString::to_string).unwrap_or_default();
    let (mut is_open, mut is_gap) = (false, false);
    for line in text.lines() {
        let title = line.strip_suffix(':').filter(|title| !title.starts_with(' '));
        if let Some(title) = title {
            roff.control(if is_open { "fi" } else { "PP" }, []);
            roff.control("SH", [title.to_uppercase().as_str()]);
            roff.control("nf", []);
            (is_open, is_gap) = (true, false);
        } else if line.is_empty() {
            is_gap = true;
        } else {
            if std::mem::take(&mut is_gap) {
                roff.control("sp", []);
            }
            roff.text([roman(line)]);
        }
    }
    if is_open {
        roff.control("fi", []);
    }
    roff
}

fn put(folder: &Path, name: &str, content: &[u8]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(name);
    write_whole(folder, &file, content).with_context(|| format!("cannot write {}", file.display()))
}

/// All of it or nothing, in place of what has the name: a link leads nowhere, and a FIFO holds nobody up. Anybody may read
/// it, as far as the umask lets them.
fn write_whole(folder: &Path, file: &Path, content: &[u8]) -> io::Result<()> {
    let everybody = Permissions::from_mode(0o666);
    let mut temporary = tempfile::Builder::new().permissions(everybody).tempfile_in(folder)?;
    temporary.write_all(content)?;
    temporary.persist(file).map(drop).map_err(|err| err.error)
}
