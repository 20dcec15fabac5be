//! Torn cache files: every AWS command fails on them, with nothing but a hash for a message (AWS-FORMATS 10).

use sso_cache::folder::Cache;
use sso_cache::repair::Repair;
use sso_tool::exit::{Exit, status_of};

use super::finding::Finding;
use super::scope::Scope;

const CHECK: &str = "cache";

pub(super) fn check(scope: &Scope<'_>) -> Vec<Finding> {
    vec![torn(scope).unwrap_or_else(|err| {
        let fix = "fix its permissions; sso-cache list says whether it can be read";
        Finding::error(CHECK, status_of(&err), format!("{err:#}"), fix)
    })]
}

fn torn(scope: &Scope<'_>) -> anyhow::Result<Finding> {
    let cache = Cache::of_home(scope.settings.home()?);
    let repair = Repair { cache: &cache, state_dir: scope.settings.state_dir()?, is_dry: true };
    let torn = repair.torn()?;
    let Some((path, why)) = torn.first() else {
        return Ok(Finding::ok(CHECK, "no file of the cache is torn"));
    };
    let others = match torn.len() {
        1 => String::new(),
        n => format!(", and {} more files are torn", n - 1),
    };
    let files: Vec<_> = torn.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect();
    let seen = format!("{} {why}{others}", path.display());
    Ok(Finding::error(CHECK, Exit::Data, seen, "sso-cache repair").with("files", files))
}
