//! Keep the "login required" signals and what the user decided about them.

fn main() {}
