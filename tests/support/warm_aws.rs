//! The AWS CLI v2 of this machine, imported once for all calls of a test process (`warm_aws.py`).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::aws_v2;

/// A program that does what the AWS CLI does, in a tenth of its time. Where that isn't a script of Python it is the AWS CLI
/// itself. `None` as for [`aws_v2`].
pub fn aws_warm() -> Option<PathBuf> {
    static WARM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let real = aws_v2()?;
    Some(WARM.get_or_init(|| start(&real)).clone().unwrap_or(real))
}

/// Starts the process that forks for each call; it ends with this one, whose end of its stdin then closes.
fn start(real: &Path) -> Option<PathBuf> {
    let head = BufReader::new(fs::File::open(real).ok()?).lines().next()?.ok()?;
    let python = head.strip_prefix("#!").filter(|python| python.contains("python"))?.trim().to_owned();
    let folder = tempfile::Builder::new().prefix("sso-aws-").tempdir().ok()?.keep();
    let (socket, script) = (folder.join("socket"), folder.join("warm_aws.py"));
    fs::write(&script, include_str!("warm_aws.py")).ok()?;
    let mut server = Command::new(&python)
        .arg(&script)
        .arg("serve")
        .args([&socket, real])
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C.UTF-8"), ("PYTHONDONTWRITEBYTECODE", "1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut ready = String::new();
    BufReader::new(server.stdout.take()?).read_line(&mut ready).ok()?;
    if ready != "ready\n" {
        return None;
    }
    std::mem::forget(server.stdin.take());
    let aws = folder.join("aws");
    let line =
        format!("#!/bin/sh\nexec {python} -ISs '{}' call '{}' \"$@\"\n", script.display(), socket.display());
    fs::write(&aws, line).ok()?;
    fs::set_permissions(&aws, fs::Permissions::from_mode(0o755)).ok()?;
    Some(aws)
}
