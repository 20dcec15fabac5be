//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

// In the order of the help.
sso_tool::subcommands! {
    pub(crate) enum Command {
        Write in write,
        Read in read,
        Wait in wait,
        Notify in notify,
        Settle in settle,
        Snooze in snooze,
        Clear in clear,
        Mode in mode,
        Status in status,
        Request in request,
        Log in log,
        Service in service,
        Quiet in quiet,
    }
}
