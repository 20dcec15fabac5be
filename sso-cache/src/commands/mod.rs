//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

use sso_cache::folder::Cache;
use sso_cache::view::View;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

// In the order of the help.
sso_tool::subcommands! {
    pub(crate) enum Command {
        Check in check,
        List in list,
        Repair in repair,
        Prune in prune,
    }
}

/// The cache of the person's home.
fn cache(settings: &Settings) -> anyhow::Result<Cache> {
    Ok(Cache::of_home(settings.home()?))
}

/// Acts on the cache, and logs what came of it.
fn logged(
    mut view: View,
    what: &str,
    cache: &Cache,
    settings: &Settings,
    act: impl FnOnce(&mut View) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    let result = act(&mut view).and_then(|exit| view.end().map(|()| exit));
    settings.debug(|| {
        format!("{what} {} and {}: {view}", cache.token_dir().display(), cache.role_dir().display())
    });
    result
}
