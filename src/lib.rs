//! samsyn — a shared view: a data-lake batch engine with a SQL surface for the statistics of social sustainability.
//!
//! ```text
//! source ──▶ lake (raw, immutable) ──▶ engine.sql(models) ──▶ contract check, quarantine
//!                                            │ core, mart
//!                                            ▼
//!                              protect(tables, policy) ──▶ audit ──▶ Protected
//!                                            ▼
//!                       publish(Protected) ──▶ Delta version + release (one conditional put)
//!                                            ▼
//!        serve ◀── engine (session of one identity, guard, catalog at a release) ◀── policy
//! ```
//!
//! A module may import only what stands above it here; `tests/it/architecture.rs` holds that.

pub mod error;
pub mod model;

pub mod config;
pub mod contract;
pub mod policy;

pub mod functions;
pub mod geo;
pub mod protect;

pub mod lake;
pub mod source;

pub mod catalog;
pub mod engine;

pub mod pipeline;
pub mod serve;

pub mod cli;
