//! The SQL functions, as data and shells.
//!
//! A function is one constant [`Definition`]: what a user reads and a kernel with the formula. Two shells run them: of
//! rows that belong to areas (`udaf`, on the cells that `store` keeps) and of numbers (`scalar`). To add one: write the
//! definition in its family's folder and name it in `DEFINITIONS`; registry, documentation and the test of its example
//! follow. What can go wrong: a kernel that depends on the order of rows (it gets areas in the order of their keys,
//! keep it), parameters kept in a function (they are SQL arguments, so that a plan can carry the function by name).

mod area;
mod def;
mod rates;
mod scalar;
mod segregation;
mod store;
mod udaf;
mod units;

use std::sync::Arc;

use datafusion::{
    execution::FunctionRegistry,
    logical_expr::{AggregateUDF, ScalarUDF},
};

use self::def::Body;
pub use self::def::{Definition, Example, Family};
use crate::error::{Error, Result};

/// Every function, by family and name.
static DEFINITIONS: [Definition; 11] = [
    segregation::dissimilarity::SEG_DISSIMILARITY,
    segregation::exposure::SEG_EXPOSURE,
    segregation::information::SEG_INFORMATION_THEORY,
    segregation::exposure::SEG_ISOLATION,
    segregation::quotient::SEG_LOCATION_QUOTIENT,
    segregation::information::SEG_MUTUAL_INFORMATION,
    rates::CI_WILSON,
    rates::CI_WILSON_HI,
    rates::CI_WILSON_LO,
    area::AREA_TYPE,
    area::SOCIOECONOMIC_INDEX,
];

/// Registers every function; the engine calls it for each session. A name that is taken is a defect.
pub fn register_all(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for definition in &DEFINITIONS {
        let taken = match definition.body {
            Body::Areas(forms) => registry
                .register_udaf(Arc::new(AggregateUDF::new_from_impl(udaf::AreaShell::new(
                    definition, forms,
                ))))?
                .is_some(),
            Body::Scalar(of) => registry
                .register_udf(Arc::new(ScalarUDF::new_from_impl(scalar::ScalarShell::new(
                    definition, of,
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
    DEFINITIONS.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::catalogue;

    #[test]
    fn names_are_ordered_and_unique() {
        let all: Vec<_> = catalogue().into_iter().map(|of| (of.family, of.name)).collect();
        assert!(all.windows(2).all(|two| two[0] < two[1]), "{all:?}");
    }
}
