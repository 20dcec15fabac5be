//! The longest pipe: every profile of a large company, each with a session and a token of its own.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sso_cache::key::{self, Session};

const ROUNDS: usize = 9;

/// Prints one table: how long `sso-profile list | sso-cache check` takes, and how much memory each of the two.
pub(crate) fn measure(out: &mut impl Write, tools: &Path, before: Option<&Path>) -> Result<()> {
    writeln!(
        out,
        "| `sso-profile list \\| sso-cache check` | median | minimum | `sso-profile` | `sso-cache` |"
    )?;
    writeln!(out, "|---|--:|--:|--:|--:|")?;
    for profiles in [1000, 10_000] {
        let home = &company(profiles)?;
        let builds: Vec<_> =
            std::iter::once(("", tools)).chain(before.map(|before| ("before: ", before))).collect();
        let mut runs = vec![Vec::new(); builds.len()];
        for _ in 0..ROUNDS {
            for (runs, (_, tools)) in runs.iter_mut().zip(&builds) {
                runs.push(run(tools, home, profiles)?);
            }
        }
        for (runs, (name, tools)) in runs.iter_mut().zip(builds) {
            runs.sort_unstable();
            let (median, minimum) = (runs[ROUNDS / 2].0.as_secs_f64(), runs[0].0.as_secs_f64());
            let [list, check] = peaks(tools, home, runs[0].1)?;
            writeln!(
                out,
                "| {name}{profiles} profiles, {profiles} tokens | {median:.3} s | {minimum:.3} s | {list} | {check} |"
            )?;
        }
    }
    Ok(())
}

/// A home with that many profiles, sessions and valid tokens.
fn company(profiles: usize) -> Result<PathBuf> {
    let home = super::home()?.join(format!("company-{profiles}"));
    let cache = home.join(".aws/sso/cache");
    fs::create_dir_all(&cache)?;
    let mut config = String::new();
    for n in 0..profiles {
        write!(
            config,
            "[sso-session team-{n}]\nsso_start_url = https://d-1234567890.awsapps.com/start\nsso_region = us-east-1\n\
             sso_registration_scopes = sso:account:access\n\n[profile team-{n}]\nsso_session = team-{n}\n\
             sso_account_id = {:012}\nsso_role_name = Developer\nregion = eu-west-1\n\n",
            111_122_223_333 + n
        )?;
        let token = "{\"startUrl\":\"https://d-1234567890.awsapps.com/start\",\"region\":\"us-east-1\",\
             \"accessToken\":\"none\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}";
        fs::write(cache.join(format!("{}.json", key::token(Session::Named(&format!("team-{n}"))))), token)?;
    }
    fs::write(home.join(".aws/config"), config)?;
    Ok(home)
}

/// `sso-profile list | sso-cache check`, whose output is ours to read.
fn pipe(tools: &Path, home: &Path) -> Result<[Child; 2]> {
    let tool = |line, stdin: Stdio| -> Result<Child> {
        let mut command: Command = super::command(tools, line);
        command.env("HOME", home).stdin(stdin).stdout(Stdio::piped());
        command.spawn().with_context(|| format!("cannot run {line}"))
    };
    let mut list = tool("sso-profile list", Stdio::null())?;
    let documents = list.stdout.take().context("sso-profile has no output")?;
    let check = tool("sso-cache check", documents.into())?;
    Ok([list, check])
}

/// How long it took, and how many bytes came out.
fn run(tools: &Path, home: &Path, profiles: usize) -> Result<(Duration, usize)> {
    let start = Instant::now();
    let mut pipe = pipe(tools, home)?;
    let mut text = Vec::new();
    pipe[1].stdout.take().context("sso-cache has no output")?.read_to_end(&mut text)?;
    for child in &mut pipe {
        ensure!(child.wait()?.success(), "a stage failed");
    }
    let time = start.elapsed();
    let text = String::from_utf8(text)?;
    let valid = text.matches("\"token\":{\"state\":\"valid\"").count();
    ensure!(valid == profiles, "{valid} of {profiles} tokens were valid");
    Ok((time, text.len()))
}

/// The peak memory of both: stops reading after six tenths of the bytes, when both still want to write, and looks.
fn peaks(tools: &Path, home: &Path, bytes: usize) -> Result<[String; 2]> {
    let mut pipe = pipe(tools, home)?;
    let mut output = pipe[1].stdout.take().context("sso-cache has no output")?;
    let mut read = vec![0; bytes / 10 * 6];
    output.read_exact(&mut read)?;
    let seen = pipe.each_ref().map(|child| peak(child.id()));
    output.read_to_end(&mut read)?;
    for child in &mut pipe {
        child.wait()?;
    }
    Ok(seen)
}

/// `VmHWM` of a running process, in MiB; a dash where there is no `/proc`.
fn peak(pid: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u32>().ok());
    kibibytes.map_or_else(|| "–".to_owned(), |kibibytes| format!("{:.1} MiB", f64::from(kibibytes) / 1024.0))
}
