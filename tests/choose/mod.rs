//! What `sso-profile choose` promises to a person at a terminal, and where there is none.

mod endings;
mod keys;
mod pick;
mod pty;
