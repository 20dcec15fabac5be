//! `just bench`: whole processes, side by side in one run, against a Rust program that does nothing; and a server under
//! load, which `just bench-serve` measures alone.
//!
//! `bench [serve] [TOOLS [BEFORE]]` measures the tools in a folder, beside those of another build if there is one. It starts itself
//! once more inside `sso-login sandbox`, logs in there, and then runs every command in turn, round by round, so that a busy
//! moment of the machine hits all of them alike. Prints Markdown; the first two tables are the README's.

mod accounts;
mod long;
mod machine;
mod serve;
mod warm;

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};

fn main() -> Result<()> {
    let bench = env::current_exe().context("cannot find this program")?;
    let examples = bench.parent().context("this program is in no folder")?;
    let mut folders = env::args_os().skip(1).map(PathBuf::from).peekable();
    let is_of_server = folders.next_if(|word| word.as_os_str() == "serve").is_some();
    let tools = match folders.next() {
        Some(tools) => tools,
        None => examples.parent().context("the examples are in no folder")?.to_owned(),
    };
    let before = folders.next();
    let tools = &tools;
    if env::var_os("SSO_SANDBOX_URL").is_none() {
        return enter(&bench, tools);
    }
    let out = &mut io::stdout().lock();
    writeln!(out, "{}\n", machine::description())?;
    if is_of_server {
        return serve::measure(out, tools);
    }
    warm::measure(out, tools, before.as_deref(), &examples.join("empty"))?;
    writeln!(out)?;
    long::measure(out, tools, before.as_deref())?;
    writeln!(out)?;
    accounts::measure(out, tools)?;
    writeln!(out)?;
    serve::measure(out, tools)
}

/// Runs this program inside the sandbox.
fn enter(bench: &Path, tools: &Path) -> Result<()> {
    let path = format!("{}:{}", tools.display(), env::var("PATH").unwrap_or_default());
    let mut command = Command::new(tools.join("sso-login"));
    // A CLI of one's own choice; the settings of one's own account stay out.
    for name in ["SSO_NOW", "SSO_LOG", "DEBUG", "AWS_PROFILE", "SSO_PROFILE_VARS"] {
        command.env_remove(name);
    }
    let [accounts, roles] = [accounts::ACCOUNTS, accounts::ROLES].map(|number| number.to_string());
    let status = command
        .args(["sandbox", "--accounts", &accounts, "--roles", &roles, "--"])
        .arg(bench)
        .args(env::args_os().skip(1))
        .env("PATH", path)
        .status();
    let status = status.context("cannot run sso-login: build the tools first (`just bench` does)")?;
    ensure!(status.success(), "the measurement failed: {status}");
    Ok(())
}

/// A tool with words as arguments, quiet, with nothing to read.
fn command(tools: &Path, line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(tools.join(words.next().unwrap_or_default()));
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a tool once and gives what it printed.
fn output(tools: &Path, line: &str) -> Result<Output> {
    let output = command(tools, line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("cannot run {line}"))?;
    ensure!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

/// The sandbox's private home.
fn home() -> Result<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).context("HOME is not set")
}
