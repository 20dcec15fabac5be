//! The host: where it is, and how a command gets there.

use std::ffi::OsString;
use std::process::Command;

use sso_tool::exit::{Exit, Fault};
use sso_tool::sanitize::sanitize;
use sso_tool::shell::shell_line;

/// Runs its arguments and ends them when its stdin ends, so that nobody has to be told to end anything: whatever becomes
/// of ssh, of `docker exec` or of this machine, the pipe closes. 255 is left to ssh. One line, and no character that
/// a shell other than sh would read in its own way within single quotes.
pub(crate) const LEASH: &str = "exec 3<&0; \"$@\" </dev/null 3<&- & p=$!; \
    ( while read -r _ <&3; do :; done; kill $p ) 2>/dev/null & w=$!; \
    wait $p; s=$?; kill $w 2>/dev/null; [ $s = 255 ] && s=254; exit $s";

/// A host, as ssh knows it, and maybe a container on it.
#[derive(Clone, Debug)]
pub(crate) struct SshHost {
    host: String,
    container: Option<String>,
    options: Vec<OsString>,
}

impl SshHost {
    /// Status 2 for names that ssh or docker could take for something else than a name.
    pub(crate) fn new(host: &str, container: Option<&str>, options: &[OsString]) -> anyhow::Result<Self> {
        if !is_host(host) {
            let message = format!("`{}` isn't a host that ssh can take", sanitize(host));
            return Err(Fault::new(Exit::Usage, message).into());
        }
        if let Some(container) = container
            && !is_container(container)
        {
            let message = format!("`{}` isn't a container's name", sanitize(container));
            return Err(Fault::new(Exit::Usage, message).into());
        }
        Ok(Self {
            host: host.to_owned(),
            container: container.map(str::to_owned),
            options: options.to_owned(),
        })
    }

    /// The host, as ssh is given it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// For people: the host, and the container on it.
    pub(crate) fn in_words(&self) -> String {
        match &self.container {
            Some(container) => format!("{container} on {}", self.host),
            None => self.host.clone(),
        }
    }

    /// The beginning of a command that a person runs there.
    pub(crate) fn way_in_words(&self) -> String {
        match &self.container {
            Some(container) => format!("ssh {} docker exec {container}", self.host),
            None => format!("ssh {}", self.host),
        }
    }

    /// Words of a command line for ssh to the host: the user's own options first, since the first of two wins.
    pub(crate) fn ssh(&self, further: &[&str]) -> Vec<OsString> {
        let mut words = vec![OsString::from("ssh")];
        words.extend(self.options.iter().cloned());
        words.extend(further.iter().map(OsString::from));
        words.extend(["--".into(), self.host.clone().into()]);
        words
    }

    /// Runs words on the host, ended when stdin is.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let docker = match &self.container {
            Some(container) => vec!["docker", "exec", "-i", container],
            None => Vec::new(),
        };
        let line =
            shell_line(docker.into_iter().chain(["sh", "-c", LEASH, "sh"]).chain(words.iter().copied()));
        // A forward of the user's config could be taken already, and nobody needs it here.
        let ssh = self.ssh(&["-T", "-o", "ClearAllForwardings=yes", "-o", "ServerAliveInterval=15"]);
        let mut command = Command::new(&ssh[0]);
        command.args(&ssh[1..]).arg(line);
        command
    }
}

/// `[user@]host`, an alias, an address or `ssh://…`: nothing that begins an option, nothing that a shell or ssh's own
/// `%` expansions would act on.
pub(crate) fn is_host(text: &str) -> bool {
    text.len() <= 255
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[' || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-@:/[]".contains(c))
}

/// Docker's own rule.
fn is_container(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::Stdio;

    #[test]
    fn what_could_be_an_option_is_no_host() {
        for host in ["metta1", "metta@metta1", "10.0.0.1", "[::1]", "ssh://me@box:2222"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", "-oProxyCommand=id", "a b", "a;id", "%h", "a\nb", "$(id)"] {
            assert!(!is_host(host), "{host}");
        }
        assert!(SshHost::new("box", Some("-v"), &[]).is_err());
        assert!(SshHost::new("box", Some("metta"), &[]).is_ok());
    }

    #[test]
    fn what_is_leashed_ends_with_the_leash_and_keeps_its_status() {
        let leashed = |script: &str| {
            let mut command = Command::new("sh");
            command
                .args(["-c", LEASH, "sh", "sh", "-c", script])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            command.spawn().unwrap()
        };
        for (script, code) in [("exit 3", 3), ("exit 0", 0), ("exit 255", 254)] {
            let mut child = leashed(script);
            let stdin = child.stdin.take();
            assert_eq!(child.wait().unwrap().code(), Some(code));
            drop(stdin);
        }
        let mut child = leashed("exec sleep 1000");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"typed by chance\n").unwrap();
        assert!(child.try_wait().unwrap().is_none());
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(143));
    }
}
