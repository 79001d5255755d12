//! Areas and the areas that they are part of, of any depth.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Areas with their parents. A parent without a row of its own is the top of its branch.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    /// Names, in their order.
    pub(super) names: Vec<&'a str>,
    /// Place of the parent.
    pub(super) parent: Vec<Option<usize>>,
    /// Places of the parts, in the order of names.
    pub(super) parts: Vec<Vec<usize>>,
    /// Every place after the places of its parts.
    pub(super) upwards: Vec<usize>,
}

impl<'a> Tree<'a> {
    /// Builds a tree of areas and parents; an area whose parent is empty or its own name has none.
    pub(super) fn new(function: &str, rows: &[(&'a str, &'a str)]) -> Result<Self> {
        let mut places: BTreeMap<&str, usize> = rows.iter().map(|(area, _)| (*area, 0)).collect();
        for (area, parent) in rows {
            if !parent.is_empty() && parent != area {
                places.insert(parent, 0);
            }
        }
        let names: Vec<&str> = places.keys().copied().collect();
        for (at, place) in places.values_mut().enumerate() {
            *place = at;
        }
        let mut parent = vec![None; names.len()];
        let mut parts = vec![Vec::new(); names.len()];
        for (area, of) in rows {
            if let (Some(area), Some(of), true) = (places.get(area), places.get(of), area != of) {
                parent[*area] = Some(*of);
                parts[*of].push(*area);
            }
        }
        for parts in &mut parts {
            parts.sort_unstable();
        }
        let mut left: Vec<usize> = parts.iter().map(Vec::len).collect();
        let mut upwards: Vec<usize> = (0..names.len()).filter(|at| left[*at] == 0).collect();
        let mut next = 0;
        while let Some(at) = upwards.get(next).copied() {
            next += 1;
            if let Some(above) = parent[at] {
                left[above] -= 1;
                if left[above] == 0 {
                    upwards.push(above);
                }
            }
        }
        if upwards.len() < names.len() {
            return Err(Error::invalid(
                6070,
                format!("`{function}` got areas that are part of each other in a circle"),
            )
            .hint("the parent of the top is its own name or ''; every other area leads up to a top"));
        }
        Ok(Self {
            names,
            parent,
            parts,
            upwards,
        })
    }

    /// Returns how many areas without parts lie below each place, itself among them.
    pub(super) fn leaves(&self) -> Vec<f64> {
        let mut leaves = vec![1.0; self.names.len()];
        for at in &self.upwards {
            if !self.parts[*at].is_empty() {
                leaves[*at] = self.parts[*at].iter().map(|part| leaves[*part]).sum();
            }
        }
        leaves
    }

    /// Makes the value of every area with parts the sum of them.
    pub(super) fn sum_up(&self, values: &mut [f64]) {
        for at in &self.upwards {
            if !self.parts[*at].is_empty() {
                values[*at] = self.parts[*at].iter().map(|part| values[*part]).sum();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn sums_go_upwards_and_circles_are_refused() {
        let tree = Tree::new("f", &[("b", "a"), ("c", "a"), ("d", "c"), ("e", "c"), ("a", "")]).unwrap();
        assert_eq!(tree.names, ["a", "b", "c", "d", "e"]);
        assert_eq!(tree.leaves().clone(), vec![3.0, 1.0, 2.0, 1.0, 1.0]);
        let mut values = [0.0, 1.0, 0.0, 2.0, 4.0];
        tree.sum_up(&mut values);
        assert_eq!(values.to_vec(), vec![7.0, 1.0, 6.0, 2.0, 4.0]);
        assert!(Tree::new("f", &[("a", "b"), ("b", "a")]).is_err());
        assert_eq!(Tree::new("f", &[("a", "b")]).unwrap().names, ["a", "b"]);
    }
}
