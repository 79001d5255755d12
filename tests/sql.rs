//! SQL logic tests.

fn main() {}
