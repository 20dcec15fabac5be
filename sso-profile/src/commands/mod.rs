//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

// In the order of the help.
sso_tool::subcommands! {
    pub(crate) enum Command {
        List in list,
        Show in show,
        Write in write,
        Choose in choose,
        Remove in remove,
        Env in env,
        Key in key,
    }
}
