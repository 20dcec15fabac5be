//! A large organisation: every account and role, where the portal's quota is the only limit; and what we weigh.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

/// How many the sandbox of the benchmark has.
pub(crate) const ACCOUNTS: usize = 500;
/// In each account.
pub(crate) const ROLES: usize = 4;
/// Five pages of accounts, and one of roles for each.
const CALLS: usize = ACCOUNTS / 100 + ACCOUNTS;
/// The portal takes no more in a second (AWS-FORMATS 5).
const QUOTA: f64 = 20.0;

/// Prints one table.
pub(crate) fn measure(out: &mut impl Write, tools: &Path) -> Result<()> {
    let start = Instant::now();
    let output = super::output(tools, "sso-login accounts demo")?;
    let seconds = start.elapsed().as_secs_f64();
    let found = String::from_utf8_lossy(&output.stdout).matches("\"roleName\"").count();
    ensure!(found == ACCOUNTS * ROLES, "{found} roles");
    #[expect(clippy::cast_precision_loss, reason = "some hundred calls")]
    let calls = CALLS as f64;
    writeln!(
        out,
        "| `sso-login accounts` | time | calls | a second | the quota alone |\n|---|--:|--:|--:|--:|"
    )?;
    writeln!(
        out,
        "| {ACCOUNTS} accounts x {ROLES} roles | {seconds:.1} s | {CALLS} | {:.1} | {:.1} s |",
        calls / seconds,
        calls / QUOTA
    )?;
    #[expect(clippy::cast_precision_loss, reason = "some megabytes")]
    let size = fs::metadata(tools.join("sso-login"))?.len() as f64 / f64::from(1 << 20);
    writeln!(out, "\nThe binary `sso-login`: {size:.1} MiB")?;
    Ok(())
}
