//! The insider: somebody who is alone in a base row knows that row, and what follows from it.
//!
//! A person who is the only one in his row knows a count that is hidden from all others; he learns every hidden sum that
//! follows from it and the published ones. Coalitions pool what they know. The worst case is taken: that each knows that
//! he is alone. What follows is found by linear algebra, so it is exact knowledge; intervals that become narrow are a
//! question for the interval attacker, with the persons' rows as known sums.

use std::collections::{BTreeMap, HashMap};

use super::rank::{Attacker, inverse, multiply, subtract};

/// What insiders learn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Insiders {
    /// Coalitions that were looked at.
    pub coalitions: u64,
    /// Whether those are all of that size; otherwise they are a sample, spread evenly.
    pub complete: bool,
    /// Who learns what: the rows of a coalition, and the number of an attacked sum. Sums that a part of the coalition
    /// learns already are left out.
    pub learned: Vec<(Vec<u32>, usize)>,
}

type Vector = BTreeMap<u32, u64>;

/// What coalitions of `size` persons, each alone in one of `persons`, learn of attacked sums that do not follow for
/// everybody and are not their own. At most so many coalitions are looked at; `size` 1 is always complete.
///
/// All sets are base rows, rising.
pub fn insiders(published: &[&[u32]], attacked: &[&[u32]], persons: &[u32], size: usize, most: u64) -> Insiders {
    let rows = published
        .iter()
        .chain(attacked)
        .flat_map(|set| *set)
        .chain(persons)
        .max();
    let mut attacker = Attacker::new(rows.map_or(0, |row| *row as usize + 1));
    let mut sets: Vec<&[u32]> = published.to_vec();
    sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    for set in sets {
        attacker.learn(set);
    }
    let sums: Vec<Vec<(u32, u64)>> = attacked.iter().map(|set| attacker.rest(set).0).collect();
    let own: Vec<Vec<(u32, u64)>> = persons.iter().map(|row| attacker.rest(&[*row]).0).collect();
    let one = alone(&sums, &own, attacked, persons);
    if size <= 1 {
        return Insiders {
            coalitions: persons.len() as u64,
            complete: true,
            learned: one,
        };
    }
    let mut known_before: HashMap<usize, Vec<u32>> = HashMap::new();
    for (who, sum) in &one {
        known_before.entry(*sum).or_default().extend(who);
    }
    let all = choices(persons.len() as u128, size as u128);
    let most = u128::from(most);
    let step = if all <= most { 1 } else { all.div_ceil(most.max(1)) };
    let mut result = Insiders {
        complete: all <= most,
        ..Insiders::default()
    };
    let mut number = 0;
    while number < all && most > 0 {
        let members = coalition(number, persons.len(), size);
        number += step;
        result.coalitions += 1;
        let who: Vec<u32> = members.iter().map(|member| persons[*member]).collect();
        let basis = basis(members.iter().map(|member| &own[*member]));
        for (at, sum) in sums.iter().enumerate() {
            let mine = |row: &u32| who.contains(row);
            let before = known_before.get(&at).is_some_and(|persons| persons.iter().any(mine));
            if !sum.is_empty() && !before && !attacked[at].iter().all(mine) && follows(sum, &basis) {
                result.learned.push((who.clone(), at));
            }
        }
    }
    result
}

/// What single persons learn: sums whose rest is the same as their row's.
fn alone(
    sums: &[Vec<(u32, u64)>],
    own: &[Vec<(u32, u64)>],
    attacked: &[&[u32]],
    persons: &[u32],
) -> Vec<(Vec<u32>, usize)> {
    let mut by_rest: HashMap<&[(u32, u64)], Vec<usize>> = HashMap::new();
    for (at, sum) in sums.iter().enumerate() {
        if !sum.is_empty() {
            by_rest.entry(sum).or_default().push(at);
        }
    }
    let mut learned = Vec::new();
    for (person, rest) in persons.iter().zip(own) {
        for sum in by_rest.get(rest.as_slice()).into_iter().flatten() {
            if attacked[*sum] != [*person] {
                learned.push((vec![*person], *sum));
            }
        }
    }
    learned
}

/// Vectors in echelon form, by their first entry, which is 1.
fn basis<'a>(vectors: impl Iterator<Item = &'a Vec<(u32, u64)>>) -> Vec<Vector> {
    let mut basis: Vec<Vector> = Vec::new();
    for vector in vectors {
        let mut vector: Vector = vector.iter().copied().collect();
        reduce(&mut vector, &basis);
        if let Some((_, lead)) = vector.first_key_value() {
            let scale = inverse(*lead);
            for value in vector.values_mut() {
                *value = multiply(*value, scale);
            }
            basis.push(vector);
        }
    }
    basis
}

/// Subtracts what the basis has at each first entry, in the order in which it was built.
fn reduce(vector: &mut Vector, basis: &[Vector]) {
    for with in basis {
        let Some((first, _)) = with.first_key_value() else {
            continue;
        };
        let Some(factor) = vector.get(first).copied() else {
            continue;
        };
        for (row, value) in with {
            let entry = vector.entry(*row).or_insert(0);
            *entry = subtract(*entry, multiply(factor, *value));
            if *entry == 0 {
                vector.remove(row);
            }
        }
    }
}

fn follows(sum: &[(u32, u64)], basis: &[Vector]) -> bool {
    let mut vector: Vector = sum.iter().copied().collect();
    reduce(&mut vector, basis);
    vector.is_empty()
}

/// How many sets of `size` out of so many.
fn choices(of: u128, size: u128) -> u128 {
    if size > of {
        return 0;
    }
    (0..size).fold(1_u128, |all, at| all.saturating_mul(of - at) / (at + 1))
}

/// The set with this number among all sets of `size`.
fn coalition(number: u128, of: usize, size: usize) -> Vec<usize> {
    let (mut number, mut members) = (number, Vec::with_capacity(size));
    let mut next = 0;
    while members.len() < size && next < of {
        let with = choices((of - next - 1) as u128, (size - members.len() - 1) as u128);
        if number < with {
            members.push(next);
        } else {
            number -= with;
        }
        next += 1;
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_alone_learns_the_other_hidden_cell_of_his_row() {
        // a + b and c + d + e are published
        let published: &[&[u32]] = &[&[0, 1], &[2, 3, 4]];
        let attacked: &[&[u32]] = &[&[0], &[1], &[2], &[3], &[4], &[3, 4]];
        let one = insiders(published, attacked, &[0, 2], 1, 10);
        assert_eq!(one.learned, [(vec![0], 1), (vec![2], 5)]);
        assert!(one.complete);
        // two of three learn the third
        let two = insiders(published, attacked, &[2, 3], 2, 10);
        assert_eq!(two.learned, [(vec![2, 3], 4)]);
        assert_eq!((two.coalitions, two.complete), (1, true));
        // a sample says that it is one
        let few = insiders(published, attacked, &[0, 1, 2, 3, 4], 2, 3);
        assert!(!few.complete && few.coalitions <= 3);
    }

    #[test]
    fn coalitions_are_numbered_without_gaps() {
        let all: Vec<Vec<usize>> = (0..choices(5, 3)).map(|number| coalition(number, 5, 3)).collect();
        assert_eq!(all.len(), 10);
        assert_eq!((all[0].as_slice(), all[9].as_slice()), (&[0, 1, 2][..], &[2, 3, 4][..]));
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
