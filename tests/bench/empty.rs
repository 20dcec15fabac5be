//! A Rust program that does nothing: what starting a process costs here.

fn main() {}
