//! The subcommands of `key`.

mod list;
mod sessions;

pub use list::list;
pub use sessions::sessions;
