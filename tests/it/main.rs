//! Integration tests, one module per part.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::default_trait_access,
    clippy::type_complexity,
    reason = "a test that cannot go on should stop"
)]

mod architecture;
mod bounds;
mod cases;
mod cli;
mod demo;
mod deps;
mod evidence;
mod flight;
mod forecast;
mod functions;
mod golden;
mod golden_town;
mod golden_trend;
mod identities;
mod inference;
mod kill;
mod lake;
mod leak;
mod ledger;
mod oracles;
mod oracles_around;
mod oracles_spatial;
mod pipeline;
mod protect;
mod ranks;
mod readme;
mod rollup;
mod s3;
mod schema;
mod segregation;
mod shared;
mod source;
mod sverige;
mod synthetic;
