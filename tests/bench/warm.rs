//! The calls that scripts make all the time: everything is there, nothing is to be done.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sso_cache::key::{self, Session};

const ROUNDS: usize = 300;
/// The others are Python, and take about a thousand times as long.
const ROUNDS_OF_OTHERS: usize = 15;

struct Subject {
    name: String,
    command: Command,
    /// The document it reads, if any.
    input: Option<PathBuf>,
    times: Vec<Duration>,
}

impl Subject {
    fn new(name: impl Into<String>, command: Command) -> Self {
        Self { name: name.into(), command, input: None, times: Vec::new() }
    }

    fn tool(prefix: &str, tools: &Path, line: &str) -> Self {
        Self::new(format!("{prefix}`{line}`"), super::command(tools, line))
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
pub(crate) fn measure(out: &mut impl Write, tools: &Path, before: Option<&Path>, empty: &Path) -> Result<()> {
    super::output(tools, "sso-login demo --via device --no-browser")?;
    super::output(tools, "sso-login credentials demo")?;
    super::output(tools, "sso-signal write demo")?;
    let document = super::home()?.join("profile.json");
    fs::write(&document, super::output(tools, "sso-profile show demo")?.stdout)?;

    let mut nothing = Command::new(empty);
    nothing.stdin(Stdio::null()).stdout(Stdio::null());
    let mut ours = vec![Subject::new("an empty Rust program", nothing)];
    for (prefix, tools) in std::iter::once(("", tools)).chain(before.map(|before| ("before: ", before))) {
        ours.extend([
            Subject::tool(prefix, tools, "sso-profile show demo"),
            Subject::tool(prefix, tools, "sso-cache check -e").reading(document.clone()),
            Subject::tool(prefix, tools, "sso-signal read demo"),
            Subject::tool(prefix, tools, "sso-login demo"),
            Subject::tool(prefix, tools, "sso-login credentials demo"),
        ]);
    }
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
    let mut theirs = others()?;
    for _ in 0..ROUNDS_OF_OTHERS {
        each(&mut theirs)?;
    }

    let unit = median(&mut ours[0].times);
    writeln!(out, "| command | median | minimum | × empty program |\n|---|--:|--:|--:|")?;
    for Subject { name, times, .. } in ours.iter_mut().chain(&mut theirs) {
        let (median, minimum) = (median(times), times.iter().min().copied().unwrap_or_default());
        let ratio = median.as_secs_f64() / unit.as_secs_f64();
        writeln!(out, "| {name} | {} | {} | {ratio:.2} |", milliseconds(median), milliseconds(minimum))?;
    }
    Ok(())
}

fn each(subjects: &mut [Subject]) -> Result<()> {
    subjects.iter_mut().try_for_each(Subject::run)
}

/// Other programs that hand out credentials of the same session: the newest AWS CLI (`SSO_TEST_AWS_NEWEST`, else the
/// machine's), whose second call finds them in its own cache, and what is in the folder `SSO_BENCH_PEERS`. Those that
/// aren't there, or don't manage here, are left out.
fn others() -> Result<Vec<Subject>> {
    let mut all = Vec::new();
    let place = |variable| std::env::var_os(variable).map(PathBuf::from);
    let clis = [
        place("SSO_TEST_AWS_NEWEST"),
        place("SSO_TEST_AWS"),
        Some("/usr/bin/aws".into()),
        Some("aws".into()),
    ];
    let aws = clis.into_iter().flatten().find_map(|aws| Some((version(&aws)?, aws)));
    let home = &later_home()?;
    let subject = |name: String, program: &Path, line: &str| {
        let mut command = Command::new(program);
        command.args(line.split(' ')).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("HOME", home);
        // They call `aws` by its name.
        if let Some(folder) = aws.as_ref().and_then(|(_, aws)| aws.parent()) {
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", folder.display()));
        }
        Subject::new(name, command)
    };
    if let Some((version, aws)) = &aws {
        let line = "configure export-credentials --profile demo";
        all.push(subject(format!("`aws configure export-credentials` ({version})"), aws, line));
    }
    if let Some(folder) = place("SSO_BENCH_PEERS") {
        for (program, line) in [
            ("aws-sso-util", "credential-process --profile legacy"),
            ("aws2-wrap", "--profile demo --process"),
            ("yawsso", "-e -p demo"),
        ] {
            all.push(subject(format!("`{program} {line}`"), &folder.join(program), line));
        }
    }
    all.retain_mut(|subject| {
        let runs = subject.run().is_ok();
        if !runs {
            let _ = writeln!(std::io::stderr(), "left out: {} doesn't run here", subject.name);
        }
        subject.times.clear();
        runs
    });
    Ok(all)
}

/// `AWS CLI 2.36.17`, if that is a version 2.
fn version(aws: &Path) -> Option<String> {
    let output = Command::new(aws).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.strip_prefix("aws-cli/").filter(|version| version.starts_with("2."))?;
    Some(format!("AWS CLI {}", version.split(' ').next().unwrap_or_default()))
}

/// A copy of the home, since some of them write into the credentials file; with a profile and a token of the older kind, which is the
/// only one that some know.
fn later_home() -> Result<PathBuf> {
    let home = super::home()?;
    let copy = home.join("others");
    fs::create_dir(&copy)?;
    let inner = copy.join(".aws");
    let status = Command::new("cp").arg("-R").arg(home.join(".aws")).arg(&inner).status()?;
    ensure!(status.success(), "cannot copy the home");
    let config = fs::read_to_string(inner.join("config"))?;
    let url = "https://d-1234567890.awsapps.com/start";
    let legacy = format!(
        "\n[profile legacy]\nsso_start_url = {url}\nsso_region = us-east-1\nsso_account_id = 111122223333\n\
         sso_role_name = Developer\nregion = eu-west-1\n"
    );
    fs::write(inner.join("config"), config + &legacy)?;
    let token = |session| inner.join(format!("sso/cache/{}.json", key::token(session)));
    fs::copy(token(Session::Named("sandbox")), token(Session::Legacy(url)))?;
    Ok(copy)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    if milliseconds < 10.0 { format!("{milliseconds:.2} ms") } else { format!("{milliseconds:.0} ms") }
}
