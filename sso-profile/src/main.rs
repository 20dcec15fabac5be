//! Read and write profiles in the AWS config file, byte-preserving.

fn main() {}
