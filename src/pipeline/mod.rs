//! Pipelines: definitions → checked graph → plan (a value) → run → one release.
//!
//! Definitions are YAML and SQL files of a project. A check plans every model without data; a plan says what a run would do and why; a run
//! does exactly that. What can go wrong: a step that is skipped although it should not be, so a fingerprint covers the definition and the
//! content of everything that a step reads.

mod certify;
mod check;
mod graph;
mod land;
mod ledger;
mod model;
mod plan;
mod project;
mod publish;
mod run;
mod spec;

pub use certify::certificate_name;
pub use check::{Checked, check};
pub use graph::{Graph, Step, Work};
pub use plan::{Action, Plan, Planned, plan};
pub use project::{Defined, Project};
pub use run::{Progress, RunResult, StepResult, run};
pub use spec::Pipeline;
