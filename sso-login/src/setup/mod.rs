//! What `setup` and `key-set` share: from a start URL to a session and a role, with nothing written before it is proven.

pub(crate) mod config_copy;
pub(crate) mod login_process;
pub(crate) mod portal_session;
pub(crate) mod prompter;
pub(crate) mod region;
pub(crate) mod role_choice;
pub(crate) mod stop;
pub(crate) mod wanted_profiles;
