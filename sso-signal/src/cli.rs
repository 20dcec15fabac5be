//! The command line of `sso-signal`.
#![expect(clippy::doc_markdown, reason = "doc comments here are help texts")]

mod service;

use std::time::Duration;

use clap::{Parser, Subcommand};

pub(crate) use self::service::Service;

/// Keep the "login required" signals and what the user decided about them
///
/// A monitor raises a signal when an AWS SSO session is over; a watcher waits until one is due, has somebody
/// asked or logged in, and settles what came of it. This tool never looks at tokens and opens nothing.
#[derive(Debug, Parser)]
#[command(
    name = "sso-signal",
    version,
    after_long_help = "\
Examples:
  sso-profile list | sso-cache check --every 60s | sso-signal write --source me    the monitor
  while sso-signal wait | sso-login - | sso-signal settle; do :; done              the watcher
  sso-signal status --text

Files: ~/.aws/sso-renewer/ (SSO_STATE_DIR): login-required.json (SSO_SIGNAL_FILE), signals/, mode,
  state.json, last-login-at.txt, quarantine/
Settings (environment, ~/.backlog-toolkit-env or SSO_ENV_FILE, .env): SSO_LOGIN_MODE,
  SSO_COOLDOWN_SECONDS, SSO_POLL_SECONDS, SSO_PROFILE_VARS, AWS_PROFILE, SSO_AUTO_PROFILES

Exit status:
  0    done
  1    the answer is no
  2    bad command line
  65   bad document
  74   a file failed
  75   somebody else keeps the state locked
  78   bad setting
  124  timed out"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Raise a signal, or raise and clear signals as documents on stdin say
    ///
    /// With PROFILE, that profile's signal is raised and printed. Without, documents are read: each raises one, unless it
    /// says `"loginRequired": false`, which clears the signal that the same source raised. It is passed on with `signal`:
    /// `raised`, `kept` (it was there: snoozes hold; or another source still asks), `cleared` or `none`. Documents with `event`,
    /// `outcome` or `error` and no `loginRequired` pass untouched. A profile that no signal can be about (letters, digits
    /// and ` ._@+:/-`, a letter or digit first, 128 at most) gets `none` and an `error`; the stream goes on.
    #[command(after_long_help = "\
Examples:
  sso-signal write corp --reason 'Credentials expired'
  sso-profile list | sso-cache check | sso-signal write --source my-monitor

Exit status:
  0   done
  65  bad document; PROFILE is no name that a signal can have
  74  a file failed
  75  state locked")]
    Write {
        /// Profile whose login is required
        profile: Option<String>,
        /// Say why, for the person who is asked
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Say who raises it: only that source's signal is cleared by it (`sso-signal` if nobody says), and `status`
        /// says when a monitor with a name was last seen
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
    },
    /// Print signals as documents
    ///
    /// Prints the signal of PROFILE; without it that of the profile chosen by the environment (SSO_PROFILE_VARS,
    /// AWS_PROFILE); if nothing chooses one, every signal.
    #[command(after_long_help = "\
Examples:
  sso-signal read corp
  sso-signal read --all | jq -r .profile

Exit status:
  0   there is one
  1   there is none
  74  a file failed")]
    Read {
        /// Profile whose signal to print
        profile: Option<String>,
        /// Print every signal
        #[arg(long, conflicts_with = "profile")]
        all: bool,
    },
    /// Block until a signal is due, and print it
    ///
    /// Adds `mode` (`notify` or `auto`) and takes a lease of 30 s: a signal whose handling dies comes back by itself. In mode
    /// `standalone` nothing is ever due. Wakes on file events where there are any, and at every poll.
    #[command(after_long_help = "\
Examples:
  while sso-signal wait | sso-login - | sso-signal settle; do :; done
  sso-signal wait --timeout 0s && echo due

Exit status:
  0    one was due
  2    bad command line
  65   state of a newer version
  74   a file failed
  75   state locked
  78   bad SSO_POLL_SECONDS
  124  none was due within --timeout")]
    Wait {
        /// End once the process that started it is gone (124)
        #[arg(long)]
        with_parent: bool,
        /// Give up after that long
        #[arg(long, value_name = "DURATION", value_parser = sso_tool::time::parse_duration)]
        timeout: Option<Duration>,
        /// Look at least that often (SSO_POLL_SECONDS, 5 s)
        #[arg(long, value_name = "DURATION", value_parser = parse_poll)]
        poll: Option<Duration>,
        /// Go on after the first one
        #[arg(long)]
        follow: bool,
    },
    /// Turn outcomes on stdin into state, and pass every document on
    ///
    /// `outcome` is one of success, valid, failed, timeout, snoozed (with `seconds`), dismissed, suppressed, busy,
    /// unknown-profile (with `configFile`, `configModified`). It holds for the whole sso-session (`ssoSession`,
    /// `sessionProfiles`). Documents without an outcome, and events, are passed on untouched; what they say of a session
    /// that is kept quiet (`loginRequired`, `loggedOut`) is noted.
    #[command(after_long_help = "\
Examples:
  sso-login corp | sso-signal settle
  echo '{\"profile\":\"corp\",\"outcome\":\"snoozed\",\"seconds\":900}' | sso-signal settle
  sso-signal read corp | jq -c '. + {outcome: \"suppressed\"}' | sso-signal settle   don't remind me

Exit status:
  0   done
  65  bad document
  74  a file failed
  75  state locked")]
    Settle,
    /// Postpone the reminders of a profile and its whole sso-session
    ///
    /// Which profiles share the session a login says, or the monitor at its next look. The AWS config isn't read: a
    /// name that isn't in it is taken, too.
    #[command(after_long_help = "\
Examples:
  sso-signal snooze corp 4h

Exit status:
  0   done
  2   bad duration
  65  bad profile name or state of a newer version
  74  a file failed
  75  state locked")]
    Snooze {
        /// Profile whose reminders to postpone
        profile: String,
        /// For how long: 15m, 4h, at most 24h
        #[arg(value_parser = sso_tool::time::parse_duration)]
        duration: Duration,
    },
    /// Remove signals, snoozes and cooldowns
    ///
    /// Of PROFILE (else the profile chosen by SSO_PROFILE_VARS or AWS_PROFILE, else `default`) or of all. What is still
    /// expired is raised again by the next monitor. A session that was locked on purpose (`quiet`) stays quiet.
    #[command(after_long_help = "\
Examples:
  sso-signal clear corp
  sso-signal clear --all

Exit status:
  0   done
  65  state of a newer version
  74  a file failed
  75  state locked")]
    Clear {
        /// Profile whose signals to remove
        profile: Option<String>,
        /// Remove every signal
        #[arg(long, conflicts_with = "profile")]
        all: bool,
    },
    /// Show or set what the watcher does: ask (notify), log in (auto) or nothing (standalone)
    #[command(after_long_help = "\
Examples:
  sso-signal mode
  sso-signal mode auto

Exit status:
  0   done
  2   no such mode
  74  a file failed")]
    Mode {
        /// Print sentences for people
        #[arg(long)]
        text: bool,
        /// `notify`, `auto` or `standalone`, in force within one poll
        mode: Option<String>,
    },
    /// Print everything that decides about reminders, as one document
    ///
    /// Standard input is only read with `-`: whatever a script has there stays. With `-` it joins what other tools say:
    /// documents on stdin of `sso-cache check` (profiles, as checked now), `sso-lock status` and
    /// `sso-signal service status`. The result says for each profile, and over all, what to do next.
    #[command(after_long_help = "\
Examples:
  sso-signal status | jq '.signals[] | {profile, state, until}'
  sso-signal status --text
  { sso-profile list | sso-cache check; sso-lock status; sso-signal service status; } |
    sso-signal status - --text

Exit status:
  0   done
  65  bad document or state of a newer version
  74  a file failed")]
    Status {
        /// `-`: join the documents on stdin
        #[arg(value_parser = ["-"])]
        documents: Option<String>,
        /// Print lines for people
        #[arg(long)]
        text: bool,
    },
    /// Ask the watcher for a login
    ///
    /// Raises a new episode for the profile, after clearing what holds it back: snooze, cooldown, "Don't remind",
    /// a lock on purpose. In mode `standalone` nobody would take it: nothing is raised and the answer is no.
    #[command(after_long_help = "\
Examples:
  sso-signal request corp || sso-login corp | sso-signal settle

Exit status:
  0   the watcher takes it
  1   mode standalone: log in directly
  65  bad profile name
  74  a file failed")]
    Request {
        /// Profile to log in, else that of SSO_PROFILE_VARS or AWS_PROFILE, else `default`; `-`: those of the documents
        /// on stdin
        profile: Option<String>,
        /// Say why, for the person who is asked
        #[arg(long, value_name = "TEXT", default_value = "Login requested by hand")]
        reason: String,
        /// Print a sentence for people
        #[arg(long)]
        text: bool,
    },
    /// Write what the tools say as a log for people
    ///
    /// Reads documents, and any other line, on stdin; each event is one line with its time. A monitor's documents give a
    /// line only when something changed; other lines that repeat are left out for ten minutes.
    #[command(after_long_help = "\
Examples:
  sso-signal wait | sso-login - | sso-signal settle | sso-signal log
  sso-profile list | sso-cache check --every 60s | sso-signal write | sso-signal log

Exit status:
  0   done
  74  a stream failed")]
    Log,
    /// Keep the watcher running as a service of this user (launchd, systemd)
    #[command(after_long_help = "\
Examples:
  sso-signal service install -- just sso-watch
  sso-signal service status
  sso-signal service logs --follow

Exit status:
  0   done
  69  nobody runs services here or the manager failed
  74  a file failed
  78  bad setting or another program's service")]
    Service {
        #[command(subcommand)]
        command: Service,
    },
    /// Keep a session quiet that was locked on purpose, until its next login
    ///
    /// Nobody is asked and no browser opens for it, in any mode, until a login is settled or requested, or was done by other
    /// means: a monitor saw the session without a valid token, then with one. With documents on
    /// stdin it is a filter: the session of each (`ssoSession`, `sessionProfiles`, else `profile` alone) is marked before
    /// the document is passed on with `quiet`. So it stands before the logout. The AWS config isn't read: a name that
    /// isn't in it is taken, too.
    #[command(after_long_help = "\
Examples:
  sso-signal quiet corp
  sso-profile key sessions --env dev | sso-signal quiet - | sso-login logout - |
    sso-signal settle

Exit status:
  0   done
  2   no profile is named
  65  bad document, bad profile name or state of a newer version
  74  a file failed
  75  state locked")]
    Quiet {
        /// A profile of the session; `-`: those of the documents on stdin
        profile: Option<String>,
    },
}

fn parse_poll(text: &str) -> Result<Duration, String> {
    let poll = sso_tool::time::parse_duration(text)?;
    if poll.is_zero() {
        return Err("a poll interval of zero never rests".to_owned());
    }
    Ok(poll)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
