//! `sso-lock release`: the end of a lock that `acquire` took.

use sso_lock::{Lock, Name};
use sso_tool::exit::{Exit, Fault};
use sso_tool::secret::Secret;
use sso_tool::settings::Settings;
use sso_tool::stream::{self, Document};

/// Release a lock that `acquire` took
///
/// Without --token, the token comes from the documents of `acquire` on stdin, and appears on no command line. NAME, if given,
/// must be the name in the documents.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  sso-lock release < lock.json
  sso-lock release deploy --token \"$token\"

Exit status:
  0   released
  1   the token doesn't hold the lock
  2   bad command line
  65  bad document
  74  a file failed
  75  not now: the process that acquires the lock is still running")]
pub(crate) struct Args {
    /// The lock
    name: Option<Name>,
    /// The token that `acquire` printed
    #[arg(long, value_name = "T", requires = "name")]
    token: Option<String>,
}

pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    match (&args.name, &args.token) {
        (Some(name), Some(token)) => {
            Ok(Exit::of_answer(release(settings, name, &Secret::from(token.clone()))?))
        }
        (name, _) => release_documents(settings, name.as_ref()),
    }
}

fn release(settings: &Settings, name: &Name, token: &Secret) -> anyhow::Result<bool> {
    let lock = Lock::named(settings, name)?;
    let is_released = lock.release(token)?;
    let did = if is_released { "released" } else { "left alone, since that token doesn't hold it:" };
    settings.debug(|| format!("{did} {}", lock.path().display()));
    Ok(is_released)
}

fn release_documents(settings: &Settings, expected: Option<&Name>) -> anyhow::Result<Exit> {
    let mut is_held = true;
    let mut count = 0;
    for document in stream::stdin()? {
        let (name, token) = read_token(&document?)?;
        if expected.is_some_and(|expected| *expected != name) {
            return Err(Fault::new(Exit::Data, format!("the document is about the lock `{name}`")).into());
        }
        is_held &= release(settings, &name, &token)?;
        count += 1;
    }
    if count == 0 {
        return Err(Fault::new(Exit::Data, "there is no document on standard input")
            .hint("sso-lock release NAME --token T")
            .into());
    }
    Ok(Exit::of_answer(is_held))
}

fn read_token(document: &Document) -> anyhow::Result<(Name, Secret)> {
    let text = |key: &str| -> anyhow::Result<String> {
        let text = document.text(key)?.map(str::to_owned);
        text.ok_or_else(|| Fault::new(Exit::Data, format!("the document has no `{key}`")).into())
    };
    let name = text("name")?.parse().map_err(|err: String| Fault::new(Exit::Data, err))?;
    Ok((name, Secret::from(text("token")?)))
}
