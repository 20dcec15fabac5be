//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

mod logged_view;

// In the order of the help.
sso_tool::subcommands! {
    pub(crate) enum Command {
        Check in check,
        List in list,
        Repair in repair,
        Prune in prune,
    }
}
