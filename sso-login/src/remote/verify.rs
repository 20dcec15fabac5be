//! Whether the login works: the host itself asks STS who it is.

use std::time::{Duration, Instant};

use sso_tool::sanitize::sanitize;
use sso_tool::stream::{self, Document};

use super::feed::{Arrival, Feed};
use super::ssh_host::SshHost;
use crate::aws_cli::complaint::damaged_file;
use crate::interrupt::Interrupt;
use crate::session::answer::Answer;

/// Two ssh connections' worth, and a service that is slow.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The most that is read of what the host prints, in bytes.
const LONGEST: usize = 64 << 10;

/// What every command on the host begins with: where the tools are, though nobody logs in there, and no keys or profile of
/// the host's own in the way.
const BEGIN: &str = "PATH=$PATH:$HOME/.local/bin:/usr/local/bin; export PATH PYTHONUNBUFFERED=1; \
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION \
    AWS_PROFILE AWS_DEFAULT_PROFILE AWS_VAULT; ";
/// Finds what `SSO_AWS` names, else the newest AWS CLI v2 of PATH and the usual places, and goes on with it.
const NEWEST_AWS: &str = "v() { said=$(\"$1\" --version 2>&1); case $said in aws-cli/2*) printf '%s\\n' \"$said\" | \
    sed -n '1s/^aws-cli.\\([0-9.]*\\).*/\\1/p' ;; esac; }; \
    best=; newest=; asked=; \
    if [ -n \"$SSO_AWS\" ]; then newest=$(v \"$SSO_AWS\"); best=$SSO_AWS; \
    [ -n \"$newest\" ] || echo \"SSO_AWS names no AWS CLI v2: $SSO_AWS\" >&2; fi; \
    if [ -z \"$newest\" ]; then old=$IFS; IFS=:; for dir in $PATH:/usr/local/bin:/usr/bin; do IFS=$old; \
    case $dir in /*) ;; *) continue ;; esac; case $asked: in *:\"$dir\":*) continue ;; esac; \
    asked=$asked:$dir; [ -x \"$dir/aws\" ] || continue; this=$(v \"$dir/aws\"); \
    [ -n \"$this\" ] || continue; \
    [ \"$(printf '%s\\n' \"$newest\" \"$this\" | sort -t. -k1,1n -k2,2n -k3,3n | tail -n 1)\" = \"$newest\" ] \
    || { newest=$this; best=$dir/aws; }; done; fi; \
    [ -n \"$newest\" ] || { echo 'neither sso-login nor an AWS CLI v2 is there' >&2; exit 127; }; exec \"$best\" ";

/// Logs in: `$1` is the profile, `$2` how, `$3` how long the session is to last, if that matters.
pub(crate) fn login_script() -> String {
    format!(
        "{BEGIN}if command -v sso-login >/dev/null 2>&1; then exec sso-login \"$1\" --no-browser --via \"$2\" \
         ${{3:+--min-left \"$3\" --yes}}; fi; \
         {NEWEST_AWS}sso login --profile \"$1\" --no-browser"
    )
}

fn whoami_script() -> String {
    format!(
        "{BEGIN}if command -v sso-login >/dev/null 2>&1; then sso-login whoami \"$1\" 2>&1; s=$?; \
         [ $s = 2 ] || exit $s; fi; \
         {NEWEST_AWS}sts get-caller-identity --profile \"$1\" --output json"
    )
}

/// The answer with ARN and account, if the host gets them; else a failure.
pub(crate) fn verify(
    place: &SshHost,
    profile: &str,
    answer: Answer,
    interrupt: &Interrupt,
    deadline: Instant,
) -> anyhow::Result<Answer> {
    let script = whoami_script();
    let mut feed = Feed::start(place.command(&["sh", "-c", &script, "sh", profile]))?;
    let deadline = deadline.min(Instant::now() + TIMEOUT);
    let (mut printed, mut last) = (String::new(), String::new());
    let is_good = loop {
        if let Some(signal) = interrupt.received() {
            return Ok(Answer::interrupted(signal));
        }
        if Instant::now() >= deadline {
            return Ok(Answer::timeout(format!(
                "logged in on {}, but it did not say in time whether the login works",
                place.in_words()
            )));
        }
        match feed.look()? {
            Arrival::Line(line) if printed.len() < LONGEST => {
                if !line.trim().is_empty() {
                    last = sanitize(line.trim().trim_start_matches("sso-login: "));
                }
                printed.push_str(&line);
                printed.push('\n');
            }
            Arrival::Line(_) | Arrival::Quiet => {}
            Arrival::TooMuch => break false,
            Arrival::Over(status) => break status.is_some_and(|status| status.success()),
        }
    };
    let identity = is_good.then(|| identity(&printed)).flatten();
    let Some((arn, account)) = identity else {
        let why = if feed.complaint.is_empty() { last } else { feed.complaint.clone() };
        if let Some(key) = damaged_file(&why) {
            let file = format!(".aws/cli/cache/{key}.json");
            let reason = format!(
                "logged in on {}, but the AWS CLI there fails at the damaged file ~/{file}",
                place.in_words()
            );
            let hint = format!("{} rm {file}", place.way_in_words());
            return Ok(Answer::failed("unverified", reason).hint(hint));
        }
        let reason =
            format!("logged in on {}, but profile `{profile}` doesn't work there: {why}", place.in_words());
        return Ok(Answer::failed("unverified", reason));
    };
    Ok(answer.with("arn", arn).with("accountId", account))
}

/// In the words of `sso-login whoami` or of the AWS CLI, after whatever a login shell said first.
fn identity(printed: &str) -> Option<(String, String)> {
    let document = printed.match_indices('{').find_map(|(at, _)| {
        let end = printed.rfind('}')?;
        stream::parse(printed.get(at..=end)?.as_bytes(), "the answer").ok()
    })?;
    let text = |document: &Document, keys: [&str; 2]| {
        let value = keys.iter().find_map(|key| document.get(*key)?.as_str())?;
        Some(sanitize(value)).filter(|value| !value.is_empty())
    };
    let arn = text(&document, ["arn", "Arn"]).filter(|arn| arn.starts_with("arn:"))?;
    Some((arn, text(&document, ["accountId", "Account"])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tools_words_are_understood() {
        let arn = "arn:aws:sts::111122223333:assumed-role/x/y";
        let expected = Some((arn.to_owned(), "111122223333".to_owned()));
        let ours = format!(
            "Welcome to {{box}}\n{{\"profile\":\"corp\",\"arn\":\"{arn}\",\"accountId\":\"111122223333\"}}\n"
        );
        let theirs = format!(
            "{{\n  \"UserId\": \"A:x\",\n  \"Account\": \"111122223333\",\n  \"Arn\": \"{arn}\"\n}}\n"
        );
        assert_eq!(identity(&theirs), expected);
        assert_eq!(identity(&ours), expected);
        for bad in ["", "{", "{}", "nobody", r#"{"arn":"x","accountId":"1"}"#, r#"{"arn":1}"#] {
            assert_eq!(identity(bad), None, "{bad}");
        }
    }
}
