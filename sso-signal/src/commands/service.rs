//! `sso-signal service`: the watcher as a service of this user.

use clap::Subcommand;

use crate::service::{self, InstallOptions};
use sso_tool::exit::Exit;
use sso_tool::settings::Settings;
use sso_tool::stream::Output;

/// Keep the watcher running as a service of this user (launchd, systemd)
#[derive(clap::Args, Clone, Debug)]
#[command(after_long_help = "\
Examples:
  sso-signal service install
  sso-signal service status
  sso-signal service logs --follow

Exit status:
  0   done
  69  no service manager runs here, or it failed
  74  a file failed
  78  bad setting or another program's service")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Service,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Service {
    /// Install the watcher and the monitor as services with the current settings, and start them
    ///
    /// Without CMD the services run `sso-monitor` and `sso-watch 52w`, which waits for up to a year while another watcher runs.
    /// With CMD, CMD is the watcher, and --monitor names the monitor. Writes a launchd agent (com.bazel.sso-watcher) or a systemd user unit (sso-watcher.service). To apply changed
    /// settings, run the command again; without changes it touches nothing. It never replaces another program's service of
    /// that name.
    #[command(after_long_help = "\
Examples:
  sso-signal service install
  sso-signal service install --monitor ~/.local/bin/sso-monitor -- ~/.local/bin/sso-watch 52w
  sso-signal service install --print

Exit status:
  0   installed and started
  69  no service manager runs here
  74  a file failed
  78  bad setting, no AWS CLI v2, root on a desktop, or another watcher is installed")]
    Install {
        /// Install without an AWS CLI v2: you log in with a URL and a code
        #[arg(long)]
        without_aws: bool,
        /// Replace a service that was installed from another directory
        #[arg(long)]
        replace: bool,
        /// Also install PROGRAM as the monitor; the service runs it with --log
        #[arg(long, value_name = "PROGRAM")]
        monitor: Option<String>,
        /// Install no monitor, and remove the one that is installed
        #[arg(long)]
        watcher_only: bool,
        /// Print the service's file and change nothing
        #[arg(long)]
        print: bool,
        /// Print sentences for people
        #[arg(long)]
        text: bool,
        /// The command and its arguments; it runs in this directory
        #[arg(last = true, value_name = "CMD")]
        command: Vec<String>,
    },
    /// Stop watcher and monitor and remove their files; state and logs stay
    #[command(after_long_help = "\
Examples:
  sso-signal service uninstall

Exit status:
  0   the service isn't installed (any more)
  69  no service manager runs here
  78  the service is another program's")]
    Uninstall {
        /// Print a sentence for people
        #[arg(long)]
        text: bool,
    },
    /// Stop watcher and monitor and start them again
    #[command(after_long_help = "\
Examples:
  sso-signal service restart

Exit status:
  0   done
  69  no service manager runs here
  78  the service isn't installed")]
    Restart {
        /// Print a sentence for people
        #[arg(long)]
        text: bool,
    },
    /// Say whether the service is installed and running, and where its logs are
    #[command(after_long_help = "\
Examples:
  sso-signal service status | sso-signal status - --text

Exit status:
  0   done (whatever the answer)
  74  a file failed")]
    Status,
    /// Print the end of the logs
    #[command(after_long_help = "\
Examples:
  sso-signal service logs
  sso-signal service logs --lines 500
  sso-signal service logs --follow

Exit status:
  0   done, also after Ctrl-C
  74  a file failed")]
    Logs {
        /// Print the last N lines of each log
        #[arg(long, value_name = "N", default_value_t = 50)]
        lines: usize,
        /// Keep running until interrupted
        #[arg(long)]
        follow: bool,
    },
    /// Say whether a watcher may run here, and what it starts with
    ///
    /// A watcher may not run as root on a desktop, nor with a poll interval of zero. The document that this prints is the
    /// first event of the watcher's log.
    #[command(after_long_help = "\
Examples:
  sso-signal service check | sso-signal log

Exit status:
  0   a watcher may run here
  78  it may not run here")]
    Check,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Args, settings: &Settings) -> anyhow::Result<Exit> {
    let output = &mut Output::stdout();
    match &args.command {
        Service::Install { without_aws, replace, monitor, watcher_only, print, text, command } => {
            let options = InstallOptions {
                command: command.clone(),
                monitor: monitor.clone(),
                is_watcher_only: *watcher_only,
                without_aws: *without_aws,
                replace: *replace,
                print: *print,
            };
            service::install(settings, &options, *text, output)
        }
        Service::Uninstall { text } => service::uninstall(settings, *text, output),
        Service::Restart { text } => service::restart(settings, *text, output),
        Service::Status => service::status(settings, output),
        Service::Logs { lines, follow } => service::logs(settings, *lines, *follow, output),
        Service::Check => service::permit(settings, output),
    }
}
