//! Integration tests, one module per part.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::default_trait_access,
    reason = "a test that cannot go on should stop"
)]

mod architecture;
mod deps;
mod flight;
mod functions;
mod lake;
mod s3;
mod schema;
mod segregation;
mod shared;
mod synthetic;
