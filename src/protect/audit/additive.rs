//! Whether published sums can hold together: an equation that follows from others must have their value.

use super::rank::Attacker;

/// The number of a sum whose value contradicts those of smaller sets. Values are compared modulo the prime of the rank
/// attack, in which two counts are equal only if they are.
pub fn contradiction(sums: &[(&[u32], u64)]) -> Option<usize> {
    let rows = sums.iter().flat_map(|(set, _)| *set).max();
    // one row more for the value
    let mut attacker = Attacker::new(rows.map_or(0, |row| *row as usize + 1) + 1);
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by_key(|number| (sums[*number].0.len(), *number));
    order.into_iter().find(|number| {
        attacker
            .learn_value(sums[*number].0, i128::from(sums[*number].1))
            .is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_that_is_not_its_parts_is_found_and_one_that_is_is_not() {
        let sums: [(&[u32], u64); 4] = [(&[0, 1, 2], 9), (&[0, 1], 5), (&[2], 4), (&[1], 3)];
        assert_eq!(contradiction(&sums), None);
        let wrong: [(&[u32], u64); 3] = [(&[0, 1, 2], 9), (&[0, 1], 5), (&[2], 3)];
        assert_eq!(contradiction(&wrong), Some(0));
        // nobody is in no part
        assert_eq!(contradiction(&[(&[], 0)]), None);
        assert_eq!(contradiction(&[(&[], 1)]), Some(0));
    }
}
