//! Group disclosure: who knows that somebody is in a group learns what all of the group, or all but few, have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a part of a group is all of it, or all but at most `coalition`, and the part is not empty, the rest of the
/// group is protected like an unsafe cell: 0 < part and whole − part ≤ coalition.
///
/// With coalition 0: «all six in the village are unemployed» tells of each of them. With coalition 1: «five of six»
/// tells the sixth, who knows that it is not them, of the five others; and so on for so many who put together what
/// they know. Also called k-disclosure. It holds for every pair of a cell and a part of it, whatever their tables. The
/// rest must not be derivable, so zeros must be hideable: a policy that publishes all zeros cannot have this rule.
///
/// With `largest`, a part of more than so many persons tells nothing of anyone that was not known; without it every
/// part counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupDisclosure {
    /// How many of the group may be outside the part.
    pub coalition: u64,
    /// Largest part that is protected.
    #[serde(default)]
    pub largest: Option<u64>,
}

impl GroupDisclosure {
    /// Whether the part tells of the group.
    pub fn is_unsafe(&self, part: u64, whole: u64) -> bool {
        part > 0 && whole >= part && whole - part <= self.coalition && self.largest.is_none_or(|most| part <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_and_all_but_few_are_unsafe() {
        let rule = |coalition, largest| GroupDisclosure { coalition, largest };
        assert_eq!(
            [4, 5, 6].map(|part| rule(1, None).is_unsafe(part, 6)),
            [false, true, true]
        );
        assert_eq!([5, 6].map(|part| rule(0, None).is_unsafe(part, 6)), [false, true]);
        assert_eq!([0, 1].map(|part| rule(1, None).is_unsafe(part, 1)), [false, true]);
        assert!(!rule(0, Some(5)).is_unsafe(6, 6));
    }
}
