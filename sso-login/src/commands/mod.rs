//! The subcommands, each in a file of its name: its `Args`, whose doc comment is its help, and its `run`.

pub mod login;
pub(crate) mod steps;
pub(crate) mod subjects;

// In the order of the help.
sso_tool::subcommands! {
    pub enum Command {
        Setup in setup,
        Refresh in refresh,
        Credentials in credentials,
        Exec in exec,
        Console in console,
        Whoami in whoami,
        Accounts in accounts,
        Logout in logout,
        KeySet in key_set,
        Register in register,
        Authorize in authorize,
        Token in token,
        Doctor in doctor,
        Tunnel in tunnel,
        Inspect in inspect,
        Serve in serve,
        Sandbox in sandbox,
    }
}
