//! Man pages and shell completions, where a `share` folder has them.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use clap::Command;
use clap_complete::generate;
use clap_complete::shells::{Bash, Fish, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

/// Writes a page for the tool and for each of its commands, and its completions for bash, zsh and fish, below
/// `share`: `man/man1/TOOL.1`, `bash-completion/completions/TOOL`, …
pub(crate) fn write(tool: &str, command: Command, share: &Path) -> anyhow::Result<()> {
    let mut command = command.disable_help_subcommand(true);
    let mut built = command.clone();
    built.build();
    let version = command.get_version().unwrap_or_default().to_owned();
    // Where others have the date: an empty one would let the rest of the title line move up.
    let dress = |man: Man| man.source(tool).date(&version).manual("AWS SSO tools");
    write_pages(&built, &dress, &share.join("man/man1"))?;
    let mut script = Vec::new();
    generate(Bash, &mut command, tool, &mut script);
    put(&share.join("bash-completion/completions"), tool, named_alike(tool, &script).as_bytes())?;
    script.clear();
    generate(Zsh, &mut command, tool, &mut script);
    put(&share.join("zsh/site-functions"), &format!("_{tool}"), &script)?;
    script.clear();
    generate(Fish, &mut command, tool, &mut script);
    put(&share.join("fish/vendor_completions.d"), &format!("{tool}.fish"), &script)
}

/// `clap_complete` spells a name with a hyphen in two ways, and the two never meet (clap issue 6421): nothing
/// would be completed after a command.
fn named_alike(tool: &str, script: &[u8]) -> String {
    String::from_utf8_lossy(script).replace(&tool.replace('-', "__subcmd__"), &tool.replace('-', "__"))
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
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|inner| !inner.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    sections_after(command).to_writer(&mut page)?;
    Ok(page)
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
