//! `write --all`: a profile for each account and role on stdin, in one edit of the config file.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use sso_signal::exit::{Exit, Fault};
use sso_signal::settings::Settings;
use sso_signal::wire::{self, Document, Output};

use crate::bulk::{Bulk, Wanted, plan, roles};
use crate::config::Content;
use crate::diff::unified;
use crate::disk;
use crate::edit::edit;
use crate::files;
use crate::ini::Ini;
use crate::listed::Listed;
use crate::load::AwsConfig;
use crate::mark::marked;
use crate::profile::Profile;
use crate::request::{Request, writable_name};
use crate::source_text::Source;
use crate::template::{Names, Template};
use crate::write::{as_asked, warnings};

/// What the command line says.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Command {
    /// How profiles are named.
    pub template: Template,
    /// The keys given as flags; they win over a document's.
    pub flags: Request,
    /// Remove written profiles that the documents don't give any more.
    pub prune: bool,
    /// Take the documents for all there is, though their listing has no end.
    pub complete: bool,
    /// Only show the change.
    pub dry_run: bool,
    /// Change what exists and differs, whoever wrote it.
    pub replace: bool,
    /// Print for people.
    pub text: bool,
}

/// Writes them all or, on any error, none. The documents go out once they are written, each with its
/// profile's keys; then one for each removed profile, and an event with the sums.
///
/// Status 65 for a document without an account or a role, and for pruning by a listing without its end.
pub fn run(command: &Command, settings: &Settings) -> anyhow::Result<Exit> {
    let listing = Listing::read(command)?;
    let config = AwsConfig::load(settings)?;
    let Some(path) = config.file() else {
        return Err(Fault::new(Exit::Config, "AWS_CONFIG_FILE is set and empty: there is no file to write")
            .hint("unset AWS_CONFIG_FILE")
            .into());
    };
    let real = disk::real_path(path)?;
    // Without a lock first: nothing to do needs no right to write.
    let text = disk::current_text(&real)?;
    let (edited, mut done) = edited(command, &listing.wanted, path, &config, &text)?;
    let mut diff = String::new();
    if let (Some(edited), true) = (&edited, command.dry_run) {
        diff = unified(path, &text, edited);
    } else if edited.is_some() {
        done = disk::change(&real, |text| self::edited(command, &listing.wanted, path, &config, text))?;
    }
    listing.print(command, path, done, diff)
}

/// What came in: documents, each with the place of its profile in `wanted` unless it is an event.
struct Listing {
    documents: Vec<(Document, Option<usize>)>,
    wanted: Vec<Wanted>,
}

impl Listing {
    fn read(command: &Command) -> anyhow::Result<Self> {
        let Some(stdin) = wire::piped_stdin() else {
            return Err(Fault::new(
                Exit::Usage,
                "--all reads documents from standard input, and nothing is piped in",
            )
            .hint("sso-login accounts PROFILE | sso-profile write --all")
            .into());
        };
        let mut listing = Self { documents: Vec::new(), wanted: Vec::new() };
        let mut listed = Listed::default();
        let mut names: HashMap<String, usize> = HashMap::new();
        for (number, document) in (1..).zip(stdin) {
            let document = document?;
            listed.note(&document)?;
            // An event on its way to a later tool asks for nothing here.
            if document.contains_key("event") {
                listing.documents.push((document, None));
                continue;
            }
            let wanted = wanted(&document, command).with_context(|| format!("document {number}"))?;
            let index = match names.get(&wanted.name) {
                Some(index) => {
                    listing.collide(*index, &wanted)?;
                    *index
                }
                None => {
                    names.insert(wanted.name.clone(), listing.wanted.len());
                    listing.wanted.push(wanted);
                    listing.wanted.len() - 1
                }
            };
            listing.documents.push((document, Some(index)));
        }
        if command.prune && !command.complete {
            listed.check()?;
        }
        Ok(listing)
    }

    /// The same role twice is no harm; two roles with one name are.
    fn collide(&self, index: usize, wanted: &Wanted) -> Result<(), Fault> {
        let Some(other) = self.wanted.get(index).filter(|other| !other.is_same_role(wanted)) else {
            return Ok(());
        };
        let role =
            |wanted: &Wanted| format!("{} in {} ({})", wanted.role_name, wanted.account_id, wanted.session);
        Err(Fault::new(
            Exit::Config,
            format!("both {} and {} would be profile `{}`", role(other), role(wanted), wanted.name),
        )
        .hint("tell them apart with --name-template '{account}-{accountId}-{role}' or '{session}-…'"))
    }

    fn print(self, command: &Command, path: &Path, done: Done, diff: String) -> anyhow::Result<Exit> {
        let mut output = Output::stdout();
        if command.text {
            let line = if command.dry_run && !diff.is_empty() {
                diff.trim_end().to_owned()
            } else {
                done.in_words()
            };
            output.text(&line)?;
            return Ok(Exit::Done);
        }
        for (mut document, index) in self.documents {
            if let Some((profile, kind)) = index.and_then(|index| done.profiles.get(index)) {
                profile.add_to(&mut document, Some("template"));
                document.set("change", *kind);
            }
            output.document(&document)?;
        }
        for profile in &done.gone {
            output.document(&profile.document(None).with("change", "removed"))?;
        }
        let mut sums = Document::new().with("event", "written").with("configFile", path.to_string_lossy());
        for (kind, sum) in done.sums() {
            sums.set(kind, sum);
        }
        if command.dry_run {
            sums.set("dryRun", true);
            sums.set("diff", diff);
        }
        if !done.warnings.is_empty() {
            sums.set("warnings", done.warnings);
        }
        output.document(&sums)?;
        Ok(Exit::Done)
    }
}

/// What one document asks for.
fn wanted(document: &Document, command: &Command) -> anyhow::Result<Wanted> {
    let mut request = command.flags.clone().or(Request::of(document)?);
    let required = |value: &Option<String>, key: &str| {
        value.clone().with_context(|| {
            Fault::new(Exit::Data, format!("it has no `{key}`"))
                .hint("sso-login accounts gives what is needed")
        })
    };
    let account_id = required(&request.account_id, "accountId")?;
    let role_name = required(&request.role_name, "roleName")?;
    let session = request.sso_session.clone().with_context(|| {
        Fault::new(Exit::Data, "it has no `ssoSession`").hint("name the session with --sso-session")
    })?;
    request.sso_session = Some(session.clone());
    request.check()?;
    let names = Names {
        account: document.text("accountName")?.unwrap_or_default(),
        account_id: &account_id,
        role: &role_name,
        session: &session,
        email: document.text("emailAddress")?.unwrap_or_default(),
    };
    let name = command.template.name(&names);
    writable_name("profile", &name)?;
    if name.eq_ignore_ascii_case("default") {
        return Err(Fault::new(
            Exit::Config,
            format!("{role_name} in {account_id} would be profile `{name}`, which every tool falls back to"),
        )
        .hint("put more into --name-template, say '{account}-{role}'")
        .into());
    }
    Ok(Wanted { name, session, account_id, role_name, request })
}

/// What was done, or would be.
struct Done {
    /// Of each wanted profile, and whether it was `added`, `replaced` or `unchanged`.
    profiles: Vec<(Profile, &'static str)>,
    /// As they were.
    gone: Vec<Profile>,
    warnings: Vec<String>,
}

impl Done {
    fn sums(&self) -> [(&'static str, usize); 4] {
        let count = |kind| self.profiles.iter().filter(|(_, other)| *other == kind).count();
        [
            ("added", count("added")),
            ("replaced", count("replaced")),
            ("unchanged", count("unchanged")),
            ("removed", self.gone.len()),
        ]
    }

    fn in_words(&self) -> String {
        let sums = self.sums().map(|(kind, sum)| format!("{sum} {kind}"));
        let mut words = sums.join(", ");
        for warning in &self.warnings {
            words.push_str("; ");
            words.push_str(warning);
        }
        words
    }
}

/// The text after the change, if there is any, and what it comes to.
fn edited(
    command: &Command,
    wanted: &[Wanted],
    path: &Path,
    config: &AwsConfig,
    text: &str,
) -> anyhow::Result<(Option<String>, Done)> {
    let unreadable = |refusal| files::unreadable(path, &refusal);
    let ini = Ini::parse(text).map_err(unreadable)?;
    let content = Content::of(&ini).map_err(unreadable)?;
    let marked = marked(&Source::new(text, &ini), &content);
    let before = config.with_content(content);
    let Bulk { changes, gone, kept, kinds } = plan(wanted, &before, &marked, command.prune, command.replace)?;
    let edited = if changes.is_empty() && gone.is_empty() {
        None
    } else {
        Some(edit(text, &changes, &roles(&gone)).with_context(|| path.display().to_string())?)
    };
    let after = match &edited {
        Some(edited) => &config.with_content(Content::parse(edited).map_err(unreadable)?),
        None => &before,
    };
    let mut profiles = Vec::with_capacity(wanted.len());
    let mut warned: Vec<String> = Vec::new();
    for (wanted, kind) in wanted.iter().zip(kinds) {
        let profile = after.known_profile(&wanted.name)?;
        if *kind != *"unchanged" {
            as_asked(&profile, &Request { region: None, ..wanted.request.clone() })?;
        }
        for warning in warnings(&profile) {
            if !warned.contains(&warning) {
                warned.push(warning);
            }
        }
        profiles.push((profile, kind));
    }
    warned.extend(kept.iter().map(|name| {
        format!(
            "profile `{name}` has no role any more and stays: another profile has it as its source_profile"
        )
    }));
    let gone = gone.iter().filter_map(|name| before.profile(name).ok().flatten()).collect();
    Ok((edited, Done { profiles, gone, warnings: warned }))
}
