//! The calls that scripts make all the time: everything is there, nothing is to be done.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

const ROUNDS: usize = 300;
/// The AWS CLI takes about a thousand times as long.
const ROUNDS_OF_AWS: usize = 15;

struct Subject {
    name: &'static str,
    command: Command,
    /// The document it reads, if any.
    input: Option<PathBuf>,
    times: Vec<Duration>,
}

impl Subject {
    fn new(name: &'static str, command: Command) -> Self {
        Self { name, command, input: None, times: Vec::new() }
    }

    fn tool(tools: &Path, line: &'static str) -> Self {
        Self::new(line, super::command(tools, line))
    }

    fn reading(self, input: PathBuf) -> Self {
        Self { input: Some(input), ..self }
    }

    fn run(&mut self) -> Result<()> {
        if let Some(input) = &self.input {
            self.command.stdin(File::open(input)?);
        }
        let start = Instant::now();
        let status = self.command.status().with_context(|| format!("cannot run {}", self.name))?;
        self.times.push(start.elapsed());
        ensure!(status.success(), "{}: {status}", self.name);
        Ok(())
    }
}

/// Measures and prints one table.
pub(crate) fn measure(out: &mut impl Write, tools: &Path, empty: &Path) -> Result<()> {
    super::output(tools, "sso-login demo --via device --no-browser")?;
    super::output(tools, "sso-login credentials demo")?;
    super::output(tools, "sso-signal write demo")?;
    let document = super::home()?.join("profile.json");
    fs::write(&document, super::output(tools, "sso-profile show demo")?.stdout)?;

    let mut nothing = Command::new(empty);
    nothing.stdin(Stdio::null()).stdout(Stdio::null());
    let mut ours = [
        Subject::new("an empty Rust program", nothing),
        Subject::tool(tools, "sso-profile show demo"),
        Subject::tool(tools, "sso-cache check -e").reading(document),
        Subject::tool(tools, "sso-signal read demo"),
        Subject::tool(tools, "sso-login demo"),
        Subject::tool(tools, "sso-login credentials demo"),
    ];
    // The first rounds fill the page cache.
    for _ in 0..10 {
        each(&mut ours)?;
    }
    for subject in &mut ours {
        subject.times.clear();
    }
    for _ in 0..ROUNDS {
        each(&mut ours)?;
    }
    let mut theirs = aws();
    for _ in 0..ROUNDS_OF_AWS {
        each(&mut theirs)?;
    }

    let unit = median(&mut ours[0].times);
    writeln!(out, "| command | median | minimum | × empty program |\n|---|--:|--:|--:|")?;
    for Subject { name, times, .. } in ours.iter_mut().chain(&mut theirs) {
        let name = if name.contains("program") { (*name).to_owned() } else { format!("`{name}`") };
        let (median, minimum) = (median(times), times.iter().min().copied().unwrap_or_default());
        let ratio = median.as_secs_f64() / unit.as_secs_f64();
        writeln!(out, "| {name} | {} | {} | {ratio:.2} |", milliseconds(median), milliseconds(minimum))?;
    }
    Ok(())
}

fn each(subjects: &mut [Subject]) -> Result<()> {
    subjects.iter_mut().try_for_each(Subject::run)
}

/// The AWS CLI v2, if there is one. Its second call finds the role credentials in its own cache.
fn aws() -> Vec<Subject> {
    let places = [std::env::var("SSO_TEST_AWS").unwrap_or_default(), "/usr/bin/aws".into(), "aws".into()];
    let is_v2 = |place: &&String| {
        let version = Command::new(place).arg("--version").output();
        version.is_ok_and(|output| output.stdout.starts_with(b"aws-cli/2."))
    };
    let Some(aws) = places.iter().find(is_v2) else { return Vec::new() };
    let subject = |name, words: &[&str]| {
        let mut command = Command::new(aws);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Subject::new(name, command)
    };
    vec![
        subject("aws --version", &["--version"]),
        subject(
            "aws configure export-credentials",
            &["configure", "export-credentials", "--profile", "demo"],
        ),
    ]
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    if milliseconds < 10.0 { format!("{milliseconds:.2} ms") } else { format!("{milliseconds:.0} ms") }
}
