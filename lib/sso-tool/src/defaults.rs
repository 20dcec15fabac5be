//! Names that the documents this suite answers chose: they hold until a setting says otherwise, and nothing else in the
//! source spells them out.

/// Variable that beats `AWS_PROFILE`, unless `SSO_PROFILE_VARS` lists others.
pub const PROFILE_VARIABLE: &str = "BACKLOG_AWS_PROFILE";

/// File of settings below the home directory, unless `SSO_ENV_FILE` names others.
pub const ENV_FILE: &str = ".backlog-toolkit-env";

/// Label of the watcher's launchd agent.
pub const WATCHER_LABEL: &str = "com.bazel.sso-watcher";

/// Label of the monitor's launchd agent.
pub const MONITOR_LABEL: &str = "com.bazel.sso-monitor";
