//! The local hub as a process.
fn main() {}
