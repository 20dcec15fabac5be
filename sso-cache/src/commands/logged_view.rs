//! A command's act on the cache, with the line of the log that says what it came to.

use sso_cache::folder::Cache;
use sso_cache::view::View;
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;

/// Acts on the cache, and logs what came of it.
pub(crate) fn logged(
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
