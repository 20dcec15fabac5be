//! Say how good the cached tokens and credentials are.

fn main() {}
