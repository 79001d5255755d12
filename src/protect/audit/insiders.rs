//! The linear attacker who also knows base rows of its own.

use std::collections::BTreeMap;

use super::rank::{Attacker, inverse, multiply, subtract};

/// Of every insider how many of `attacked` follow from published sets and its own rows; sets of its own rows only, and
/// of rows that everybody knows, are no secret to it and are left out. Gives how many were attacked, and how many of
/// them found.
pub fn derivable_by_insiders(
    published: &[&[u32]],
    attacked: &[&[u32]],
    known: &[bool],
    insiders: &[Vec<u32>],
) -> (u64, u64) {
    let mut attacker = Attacker::new(known.len());
    let everybody: Vec<[u32; 1]> = (0_u32..)
        .zip(known)
        .filter(|(_, known)| **known)
        .map(|(row, _)| [row])
        .collect();
    let mut published = published.to_vec();
    published.extend(everybody.iter().map(<[u32; 1]>::as_slice));
    attacker.learn_all(&published);
    let rests: Vec<BTreeMap<u32, u64>> = attacked
        .iter()
        .map(|set| attacker.rest(set).0.into_iter().collect())
        .collect();
    let (mut checked, mut found) = (0, 0);
    for own in insiders {
        // what is left of its own rows, each without the first rows of those before it
        let mut solved: Vec<(u32, Vec<(u32, u64)>)> = Vec::new();
        for row in own {
            let mut rest: BTreeMap<u32, u64> = attacker.rest(&[*row]).0.into_iter().collect();
            subtract_all(&mut rest, &solved);
            if let Some((first, lead)) = rest.first_key_value() {
                let (first, scale) = (*first, inverse(*lead));
                let scaled = rest.iter().map(|(row, value)| (*row, multiply(*value, scale)));
                solved.push((first, scaled.collect()));
            }
        }
        for (set, rest) in attacked.iter().zip(&rests) {
            if set.iter().all(|row| known[*row as usize] || own.contains(row)) {
                continue;
            }
            checked += 1;
            let mut rest = rest.clone();
            subtract_all(&mut rest, &solved);
            found += u64::from(rest.is_empty());
        }
    }
    (checked, found)
}

/// Frees a vector of the first rows of what is solved.
fn subtract_all(vector: &mut BTreeMap<u32, u64>, solved: &[(u32, Vec<(u32, u64)>)]) {
    for (first, with) in solved {
        let Some(value) = vector.get(first).copied() else {
            continue;
        };
        for (row, entry) in with {
            let here = vector.entry(*row).or_insert(0);
            *here = subtract(*here, multiply(value, *entry));
            if *here == 0 {
                vector.remove(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alone_in_a_cell_finds_the_other_gap() {
        let (total, shown): (&[u32], &[u32]) = (&[0, 1, 2], &[2]);
        let gaps: [&[u32]; 2] = [&[0], &[1]];
        let known = [false; 3];
        // who knows 0 finds 1, and the other way round; its own is no secret
        assert_eq!(
            derivable_by_insiders(&[total, shown], &gaps, &known, &[vec![0], vec![1]]),
            (2, 2)
        );
        assert_eq!(derivable_by_insiders(&[total], &gaps, &known, &[vec![0]]), (1, 0));
        assert_eq!(
            derivable_by_insiders(&[total, shown], &gaps, &known, &[vec![0, 1]]),
            (0, 0)
        );
        // what everybody knows is no gap
        let known = [false, true, false];
        assert_eq!(
            derivable_by_insiders(&[total, shown], &gaps, &known, &[vec![0]]),
            (0, 0)
        );
    }
}
