//! `sso-login credentials`, `exec` and `refresh`, whole: what programs get without anybody.

mod canary;
mod crowd;
mod exec;
mod faults;
mod handout;
mod kinds;
mod meanwhile;
mod peers;
mod refresh;
