//! What to generate: seed, size, years and the strength of what is planted.

use std::{fmt::Write as _, ops::RangeInclusive};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Raised whenever the generator would give other bytes for the same [`Spec`].
pub const VERSION: u32 = 1;

/// What to generate. The defaults are the demo: about 8,000 persons in the first year, ten years.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// About how many persons live in the county at the end of the first year: 200 to 10,000,000.
    pub persons: u64,
    /// The first and the last year, both included; at most 30 years. In YAML `{start: 2015, end: 2024}`.
    pub years: RangeInclusive<i32>,
    /// How unevenly birth regions live, 0 (evenly) to 1.5; the default 1 plants D ≈ 0.40 between persons born abroad
    /// and born in Sweden over the DeSO of the main municipality.
    pub segregation: f64,
    /// By how much the gap in employment (20–64 years) between the strongest and the weakest areas grows from the
    /// first to the last year, as a share: 0 to 0.3.
    pub widening: f64,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            seed: 1,
            persons: 8_000,
            years: 2015..=2024,
            segregation: 1.0,
            widening: 0.12,
        }
    }
}

impl Spec {
    /// Checks every field.
    ///
    /// # Errors
    /// SAMSYN-3801 when a value lies outside what its documentation says.
    pub fn validate(&self) -> Result<()> {
        let wrong = |what: &str, hint: &str| {
            Err(Error::invalid(3801, format!("the synthetic source cannot take {what}")).hint(hint))
        };
        if !(200..=10_000_000).contains(&self.persons) {
            return wrong("that number of `persons`", "give between 200 and 10000000");
        }
        if self.years.is_empty()
            || self.years.end() - self.years.start() >= 30
            || !(1900..=2100).contains(self.years.start())
        {
            return wrong("these `years`", "give 1 to 30 years, the first between 1900 and 2100");
        }
        if !(0.0..=1.5).contains(&self.segregation) {
            return wrong("that `segregation`", "give a number from 0 to 1.5");
        }
        if !(0.0..=0.3).contains(&self.widening) {
            return wrong("that `widening`", "give a number from 0 to 0.3");
        }
        Ok(())
    }

    /// How many years are generated.
    pub(super) fn year_count(&self) -> usize {
        usize::try_from(self.years.end() - self.years.start() + 1).unwrap_or(0)
    }
}

/// A text that changes when the spec or the generator changes, and at no other time. Costs a microsecond: a run whose
/// fingerprint is known need not generate anything.
pub fn fingerprint(spec: &Spec) -> String {
    let text = format!(
        "samsyn synthetic {VERSION} {} {} {} {} {:016x} {:016x}",
        spec.seed,
        spec.persons,
        spec.years.start(),
        spec.years.end(),
        spec.segregation.to_bits(),
        spec.widening.to_bits()
    );
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_change_with_every_field() {
        let spec = Spec::default();
        let others = [
            Spec {
                seed: 2,
                ..spec.clone()
            },
            Spec {
                persons: 8_001,
                ..spec.clone()
            },
            Spec {
                years: 2015..=2023,
                ..spec.clone()
            },
            Spec {
                segregation: 0.9,
                ..spec.clone()
            },
            Spec {
                widening: 0.1,
                ..spec.clone()
            },
        ];
        let mut seen: Vec<_> = others.iter().map(fingerprint).collect();
        seen.push(fingerprint(&spec));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn wrong_values_are_refused_and_unknown_keys_too() {
        for wrong in [
            Spec {
                persons: 3,
                ..Spec::default()
            },
            Spec {
                years: RangeInclusive::new(2020, 2019),
                ..Spec::default()
            },
            Spec {
                segregation: f64::NAN,
                ..Spec::default()
            },
            Spec {
                widening: 2.0,
                ..Spec::default()
            },
        ] {
            assert_eq!(wrong.validate().unwrap_err().code(), 3801);
        }
        assert!(serde_json::from_str::<Spec>(r#"{"sead": 1}"#).is_err());
        assert_eq!(serde_json::from_str::<Spec>("{}").unwrap(), Spec::default());
    }
}
