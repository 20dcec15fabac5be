//! Services that need credentials, whole: one command starts them, and each way to choose a profile is the same. The
//! numbers in comments (B4 …) are the lines of the Backlog toolkit's document, in its order.

mod account;
mod aws;
mod choice;
mod ci;
mod place;
mod recipe;
mod renewal;
mod terminal;
mod unit;
mod warning;
