//! Keys unlocked and relocked by the recipes, with the real AWS CLI v2 and beside a watcher at work.
#![cfg(target_os = "linux")]

mod logins;
mod ring;
mod watched;
