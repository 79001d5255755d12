//! The SQL functions, as data and shells.
//!
//! A function is one [`Definition`]: what a user reads, the arguments with their roles, and a kernel with the formula. Two
//! shells run them: of rows (`udaf`, on the cells that `store` keeps and `gather` sums) and of the values of one row
//! (`scalar`). To add one: write the definition in a file of its family's folder and name it in the family's list;
//! registry, signatures, documentation, `system.functions` and the tests of example, laws, merging and edge cases
//! follow. To add a family: a folder with such a list, a [`Family`], and a line in [`FAMILIES`]. What can go wrong: a
//! kernel that depends on the order of rows (it gets cells in the order of their keys, keep it), parameters kept in a
//! function (they are SQL arguments, so that a plan can carry the function by name).

mod area;
mod call;
mod card;
mod def;
mod disclosure;
mod diversity;
mod exact;
mod forecast;
mod gap;
mod gather;
mod inequality;
mod keys;
mod rates;
mod scalar;
mod segregation;
mod spatial;
mod store;
mod table;
mod trend;
mod udaf;
mod value;

use std::sync::{Arc, LazyLock};

use datafusion::{
    execution::FunctionRegistry,
    logical_expr::{AggregateUDF, ScalarUDF},
};

pub use self::{
    card::Card,
    def::{Argument, Definition, Example, Family, Law, Role, Twin},
    disclosure::RecordKeys,
    value::Output,
};
use crate::error::{Error, Result};

/// The functions of every family.
static FAMILIES: &[&[&Definition]] = &[
    segregation::ALL,
    diversity::ALL,
    inequality::ALL,
    rates::ALL,
    area::ALL,
    gap::ALL,
    spatial::ALL,
    trend::ALL,
    forecast::ALL,
    disclosure::ALL,
];

/// Fields of struct results under their own names.
static TWINS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    FAMILIES
        .iter()
        .copied()
        .flatten()
        .flat_map(|definition| definition.twins.iter().map(|twin| definition.twin(twin)))
        .collect()
});

static CATALOGUE: LazyLock<Vec<&Definition>> = LazyLock::new(|| {
    let mut all: Vec<&Definition> = FAMILIES
        .iter()
        .copied()
        .flatten()
        .copied()
        .chain(TWINS.iter())
        .collect();
    all.sort_by_key(|definition| (definition.family, definition.name));
    all
});

/// Registers every function; the engine calls it for each session. A name that is taken is a defect.
pub fn register_all(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for definition in &*CATALOGUE {
        let taken = match scalar::ScalarShell::new(definition) {
            Some(shell) => registry
                .register_udf(Arc::new(ScalarUDF::new_from_impl(shell)))?
                .is_some(),
            None => registry
                .register_udaf(Arc::new(AggregateUDF::new_from_impl(udaf::AggregateShell::new(
                    definition,
                ))))?
                .is_some(),
        };
        if taken {
            return Err(Error::bug(
                9600,
                format!("the function name `{}` is taken", definition.name),
            ));
        }
    }
    Ok(())
}

/// Returns every function, by family and name.
pub fn catalogue() -> Vec<&'static Definition> {
    CATALOGUE.clone()
}

#[cfg(test)]
mod tests {
    use super::{Argument, Role, catalogue, table};

    #[test]
    fn names_are_unique_and_signatures_can_be_told_apart() {
        let all = catalogue();
        let mut names: Vec<_> = all.iter().map(|of| of.name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] < two[1]), "{names:?}");
        for definition in all {
            assert!(!definition.signatures().is_empty(), "{}", definition.name);
            for takes in definition.forms() {
                assert!(
                    takes.is_sorted_by_key(Argument::is_optional),
                    "{}: optional arguments come last",
                    definition.name
                );
                if definition.is_aggregate() {
                    assert!(
                        matches!(takes[0].role, Role::Key | Role::Number),
                        "{}: the first key is there",
                        definition.name
                    );
                    let keys = takes
                        .iter()
                        .filter(|of| matches!(of.role, Role::Key | Role::Number))
                        .count();
                    assert!(keys <= table::KEYS, "{}: at most six keys", definition.name);
                }
            }
        }
    }
}
