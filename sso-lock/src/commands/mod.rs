//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

// In the order of the help.
sso_tool::subcommands! {
    pub(crate) enum Command {
        Run in run,
        Acquire in acquire,
        Release in release,
        Status in status,
        Break in r#break,
    }
}
