//! Whether a browser on this machine can come back to this process: what `auto` picks by.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use sso_tool::process::on_path;
use sso_tool::settings::from_environment;

use crate::flows::browser;

/// Variables of a shell that came over the network: the browser is elsewhere.
const REMOTE: [&str; 3] = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];
/// Variables of a shell in somebody's cloud, with a browser that reaches its loopback at best by luck.
const CLOUD: [&str; 5] =
    ["CODESPACES", "CLOUD_SHELL", "GITPOD_WORKSPACE_ID", "REMOTE_CONTAINERS", "CLOUDENV_ENVIRONMENT_ID"];
/// Variables of build services.
const CI: [&str; 8] = [
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BUILDKITE",
    "JENKINS_URL",
    "TF_BUILD",
    "TEAMCITY_VERSION",
    "CODEBUILD_BUILD_ID",
];
/// Variables that container runtimes set.
const CONTAINER: [&str; 3] = ["KUBERNETES_SERVICE_HOST", "container", "ECS_CONTAINER_METADATA_URI_V4"];
/// Files that container runtimes leave.
const CONTAINER_FILES: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Where this process runs, as far as that matters to a browser.
struct Surroundings<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    file: &'a dyn Fn(&str) -> bool,
    /// Whether a program to open a URL with is known.
    has_browser: bool,
    has_wslview: bool,
}

/// Why no browser of this machine would come back to it; `None` if one should.
pub(crate) fn why_no_browser() -> Option<&'static str> {
    Surroundings {
        variable: &from_environment,
        file: &|path| Path::new(path).exists(),
        has_browser: browser::is_known(),
        has_wslview: on_path("wslview").is_some(),
    }
    .why_no_browser()
}

/// Why nobody can act on a page that this process shows: a build service without a terminal, and without a browser that
/// was named on purpose. `None` if somebody may.
pub(crate) fn why_nobody() -> Option<&'static str> {
    let has_terminal = io::stdin().is_terminal() || io::stderr().is_terminal();
    let surroundings = Surroundings {
        variable: &from_environment,
        file: &|path| Path::new(path).exists(),
        has_browser: true,
        has_wslview: false,
    };
    (!has_terminal && surroundings.is_unattended()).then_some("this is a build service without a terminal")
}

impl Surroundings<'_> {
    fn why_no_browser(&self) -> Option<&'static str> {
        let any = |names: &[&str]| names.iter().any(|name| self.is_on(name));
        if any(&REMOTE) {
            return Some("this is a shell over ssh");
        }
        if any(&CLOUD) || self.is("AWS_EXECUTION_ENV", "CloudShell") {
            return Some("this is a shell in the cloud");
        }
        if self.is_ci() {
            return Some("this is a build service");
        }
        if any(&CONTAINER) || CONTAINER_FILES.iter().any(|path| (self.file)(path)) {
            return Some("this is a container");
        }
        // Windows' browser reaches WSL's loopback; but somebody must open it.
        if any(&["WSL_DISTRO_NAME", "WSL_INTEROP"]) && !self.has_wslview && !self.is_on("BROWSER") {
            return Some("this is WSL without wslview");
        }
        (!self.has_browser).then_some("there is no display")
    }

    fn is_ci(&self) -> bool {
        CI.iter().any(|name| self.is_on(name))
    }

    /// A build service where no browser was named on purpose.
    fn is_unattended(&self) -> bool {
        self.is_ci() && !self.is_on("BROWSER")
    }

    /// Whether a variable is set, to something that doesn't mean "no".
    fn is_on(&self, name: &str) -> bool {
        (self.variable)(name)
            .is_some_and(|value| !["false", "0"].contains(&value.to_ascii_lowercase().as_str()))
    }

    fn is(&self, name: &str, value: &str) -> bool {
        (self.variable)(name).is_some_and(|found| found == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(
        variables: &[(&str, &str)],
        files: &[&str],
        has_browser: bool,
        has_wslview: bool,
    ) -> Option<&'static str> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let file = |path: &str| files.contains(&path);
        Surroundings { variable: &variable, file: &file, has_browser, has_wslview }.why_no_browser()
    }

    #[test]
    fn a_desktop_has_a_browser() {
        assert_eq!(why(&[("DISPLAY", ":0"), ("TERM", "xterm")], &["/etc/passwd"], true, false), None);
        assert_eq!(why(&[("WSL_DISTRO_NAME", "Debian")], &[], true, true), None);
        assert_eq!(why(&[("WSL_DISTRO_NAME", "Debian"), ("BROWSER", "open-it")], &[], true, false), None);
        // Said outright not to be one.
        assert_eq!(why(&[("CI", "false"), ("CODESPACES", "0")], &[], true, false), None);
    }

    #[test]
    fn elsewhere_there_is_none() {
        for (variables, files, reason) in [
            (&[("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")][..], &[][..], "this is a shell over ssh"),
            (&[("SSH_TTY", "/dev/pts/0"), ("DISPLAY", "localhost:10.0")], &[], "this is a shell over ssh"),
            (&[], &["/.dockerenv"], "this is a container"),
            (&[], &["/run/.containerenv"], "this is a container"),
            (&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], &[], "this is a container"),
            (&[("container", "podman")], &[], "this is a container"),
            (&[("CI", "true")], &[], "this is a build service"),
            (&[("JENKINS_URL", "https://ci.example.com")], &[], "this is a build service"),
            (&[("CODESPACES", "true")], &[], "this is a shell in the cloud"),
            (&[("AWS_EXECUTION_ENV", "CloudShell")], &[], "this is a shell in the cloud"),
            (&[("WSL_DISTRO_NAME", "Debian")], &[], "this is WSL without wslview"),
        ] {
            assert_eq!(why(variables, files, true, false), Some(reason), "{variables:?} {files:?}");
        }
        assert_eq!(why(&[], &[], false, false), Some("there is no display"));
    }
}
