//! The watcher and the monitor as people run them: by recipes and tasks, in a loop that nothing stops.
#![cfg(target_os = "linux")]

mod by_itself;
mod commands;
mod containers;
mod dashboard;
mod day;
mod installed;
mod loops;
mod recipes;
pub mod running;
