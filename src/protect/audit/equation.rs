//! Why a hidden sum is known: published sums that give it, with their factors, for people to read.
//!
//! Neighbours are tried before what is far, and small sets before large ones, so that the equation is short; it need
//! not be the shortest. Factors are found modulo a prime, read back as fractions, and then checked in whole numbers: an
//! equation that is given holds. What can go wrong: a sum that follows only from very many others, or with factors of
//! more than nine digits, is given no equation though it can be derived.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, HashSet},
};

use super::rank::{PRIME, inverse, multiply, subtract};

/// Sums around the target that are tried one after the other.
const MOST_WHOLES: usize = 64;
/// Work that one attempt may take, in terms.
const MOST_WORK: usize = 60_000_000;
/// Numerators and denominators of factors are at most this.
const LARGEST: i128 = 1_000_000_000;

/// The published sets that add up to the target, with their factors: `target = Σ factor · published[number]`.
///
/// Sets are base rows, rising. None when there is no such equation, when its factors are not whole (see
/// [`equation_of_multiple`]), or when it could not be found in reasonable time.
pub fn equation(published: &[&[u32]], target: &[u32]) -> Option<Vec<(usize, i64)>> {
    let (times, terms) = equation_of_multiple(published, target)?;
    (times == 1).then_some(terms)
}

/// The same where factors may be fractions: a multiple of the target, as small as can be, with the terms that it is the
/// sum of. Three sums of two each give every one of three by half.
pub fn equation_of_multiple(published: &[&[u32]], target: &[u32]) -> Option<(i64, Vec<(usize, i64)>)> {
    if target.is_empty() {
        return Some((1, Vec::new()));
    }
    if let Some(same) = published.iter().position(|set| *set == target) {
        return Some((1, vec![(same, 1)]));
    }
    let mut of_row: HashMap<u32, Vec<usize>> = HashMap::new();
    let mut seen: HashSet<&[u32]> = HashSet::with_capacity(published.len());
    for (number, set) in published.iter().enumerate() {
        if !set.is_empty() && seen.insert(set) {
            for row in *set {
                of_row.entry(*row).or_default().push(number);
            }
        }
    }
    within_wholes(published, target, &of_row).or_else(|| by_rings(published, target, &of_row))
}

type Found = (i64, Vec<(usize, i64)>);

/// Tries each published whole around the target with what lies within it, the smallest first.
fn within_wholes(published: &[&[u32]], target: &[u32], of_row: &HashMap<u32, Vec<usize>>) -> Option<Found> {
    let mut wholes: Vec<usize> = of_row
        .get(target.first()?)?
        .iter()
        .copied()
        .filter(|number| holds(published[*number], target))
        .collect();
    wholes.sort_by_key(|number| published[*number].len());
    let mut best: Option<Found> = None;
    for whole in wholes.into_iter().take(MOST_WHOLES) {
        let rows = published[whole];
        let mut inside: Vec<usize> = rows
            .iter()
            .flat_map(|row| of_row.get(row).into_iter().flatten().copied())
            .filter(|number| published[*number].len() <= rows.len())
            .collect();
        inside.sort_unstable();
        inside.dedup();
        inside.retain(|number| holds(rows, published[*number]));
        if inside.len() > 20_000 {
            break;
        }
        let mut found = shortest(published, target, &mut inside);
        if let Some(found) = found.take()
            && best.as_ref().is_none_or(|best| found.1.len() < best.1.len())
        {
            let done = found.1.len() <= 3;
            best = Some(found);
            if done {
                break;
            }
        }
        if best.is_some() && rows.len() > 8 * target.len() {
            break;
        }
    }
    best
}

/// Tries the nearest sets, then twice as many, and so on to all.
fn by_rings(published: &[&[u32]], target: &[u32], of_row: &HashMap<u32, Vec<usize>>) -> Option<Found> {
    let mut order: Vec<usize> = Vec::new();
    let mut met: HashSet<usize> = HashSet::new();
    let mut reached: HashSet<u32> = HashSet::new();
    let mut front: Vec<u32> = target.to_vec();
    let mut tried = 0;
    let mut size = 64;
    loop {
        front.retain(|row| reached.insert(*row));
        let mut ring: Vec<usize> = front
            .iter()
            .flat_map(|row| of_row.get(row).into_iter().flatten().copied())
            .filter(|number| met.insert(*number))
            .collect();
        ring.sort_by_key(|number| (published[*number].len(), *number));
        let last = ring.is_empty();
        order.extend(&ring);
        while tried < order.len() && (order.len() >= size || last) {
            tried = size.min(order.len());
            if let Some(found) = shortest(published, target, &mut order[..tried].to_vec()) {
                return Some(found);
            }
            size = size.saturating_mul(2);
        }
        if last {
            return None;
        }
        front = ring
            .iter()
            .flat_map(|number| published[*number].iter().copied())
            .collect();
        front.sort_unstable();
        front.dedup();
    }
}

/// The shorter of the equations that come of learning small sets first and large sets first.
fn shortest(published: &[&[u32]], target: &[u32], numbers: &mut [usize]) -> Option<Found> {
    numbers.sort_by_key(|number| (published[*number].len(), *number));
    let small = solve(published, target, numbers)?;
    if small.1.len() <= 3 {
        return Some(small);
    }
    numbers.reverse();
    match solve(published, target, numbers) {
        Some(large) if large.1.len() < small.1.len() => Some(large),
        _ => Some(small),
    }
}

fn holds(rows: &[u32], part: &[u32]) -> bool {
    rows.len() >= part.len() && part.iter().all(|row| rows.binary_search(row).is_ok())
}

/// A row and its value.
type Entry = (u32, u64);
/// The number of a vector or a set, and its factor.
type Factor = (usize, u64);

/// A vector in echelon form and how it came about: its set, less others before it, over its first entry.
struct Solved {
    set: usize,
    /// The vector's other entries.
    rest: Vec<Entry>,
    /// Vectors before it that were subtracted, with their factors.
    less: Vec<Factor>,
    /// One over the first entry.
    scale: u64,
}

struct Elimination {
    solved: Vec<Solved>,
    /// The vector that has a row as its first.
    of_row: Vec<Option<usize>>,
    values: Vec<u64>,
    queue: BinaryHeap<Reverse<u32>>,
    work: usize,
}

impl Elimination {
    fn new(rows: usize) -> Self {
        Self {
            solved: Vec::new(),
            of_row: vec![None; rows],
            values: vec![0; rows],
            queue: BinaryHeap::new(),
            work: 0,
        }
    }

    /// Subtracts what is solved from a set: what is left, and what was subtracted.
    fn reduce(&mut self, set: &[u32]) -> (Vec<Entry>, Vec<Factor>) {
        for row in set {
            self.values[*row as usize] = 1;
            self.queue.push(Reverse(*row));
        }
        let (mut rest, mut less) = (Vec::new(), Vec::new());
        while let Some(Reverse(row)) = self.queue.pop() {
            let value = std::mem::take(&mut self.values[row as usize]);
            if value == 0 {
                continue;
            }
            let Some(vector) = self.of_row[row as usize] else {
                rest.push((row, value));
                continue;
            };
            less.push((vector, value));
            self.work += self.solved[vector].rest.len() + 1;
            for (at, with) in &self.solved[vector].rest {
                let old = self.values[*at as usize];
                self.values[*at as usize] = subtract(old, multiply(value, *with));
                // what was there is in the queue already
                if old == 0 {
                    self.queue.push(Reverse(*at));
                }
            }
        }
        (rest, less)
    }

    fn learn(&mut self, number: usize, set: &[u32]) {
        let (rest, less) = self.reduce(set);
        let Some(((first, lead), others)) = rest.split_first() else {
            return;
        };
        let scale = inverse(*lead);
        self.of_row[*first as usize] = Some(self.solved.len());
        self.solved.push(Solved {
            set: number,
            rest: others
                .iter()
                .map(|(row, value)| (*row, multiply(*value, scale)))
                .collect(),
            less,
            scale,
        });
    }

    /// The factors of the learnt sets that give the target, if they do.
    fn factors(&mut self, target: &[u32]) -> Option<Vec<Factor>> {
        let (rest, less) = self.reduce(target);
        if !rest.is_empty() {
            return None;
        }
        let mut weights = vec![0; self.solved.len()];
        for (vector, factor) in less {
            weights[vector] = factor;
        }
        let mut factors = Vec::new();
        // a vector is its set less vectors before it
        for (at, vector) in self.solved.iter().enumerate().rev() {
            if weights[at] == 0 {
                continue;
            }
            let factor = multiply(weights[at], vector.scale);
            factors.push((vector.set, factor));
            for (before, with) in &vector.less {
                weights[*before] = subtract(weights[*before], multiply(factor, *with));
            }
        }
        factors.retain(|(_, factor)| *factor != 0);
        factors.sort_unstable();
        Some(factors)
    }
}

/// Eliminates the sets of these numbers in their order and reads the target's factors back.
fn solve(published: &[&[u32]], target: &[u32], numbers: &[usize]) -> Option<Found> {
    let mut rows: Vec<u32> = target.to_vec();
    rows.extend(numbers.iter().flat_map(|number| published[*number].iter().copied()));
    rows.sort_unstable();
    rows.dedup();
    let local = |set: &[u32]| -> Vec<u32> {
        set.iter()
            .filter_map(|row| rows.binary_search(row).ok().and_then(|at| u32::try_from(at).ok()))
            .collect()
    };
    let mut elimination = Elimination::new(rows.len());
    for number in numbers {
        elimination.learn(*number, &local(published[*number]));
        if elimination.work > MOST_WORK {
            return None;
        }
    }
    let factors = elimination.factors(&local(target))?;
    let fractions = factors
        .iter()
        .map(|(_, factor)| fraction(*factor))
        .collect::<Option<Vec<_>>>()?;
    let mut times = 1_i128;
    for (_, below) in &fractions {
        times = times / divisor(times, *below) * below;
        if times > LARGEST {
            return None;
        }
    }
    let terms = factors
        .iter()
        .zip(&fractions)
        .map(|((number, _), (above, below))| Some((*number, i64::try_from(above * (times / below)).ok()?)))
        .collect::<Option<Vec<_>>>()?;
    let times = i64::try_from(times).ok()?;
    is_true(published, target, times, &terms).then_some((times, terms))
}

/// Whether an equation holds in whole numbers, row for row.
fn is_true(published: &[&[u32]], target: &[u32], times: i64, terms: &[(usize, i64)]) -> bool {
    let mut sums: BTreeMap<u32, i128> = BTreeMap::new();
    for (number, factor) in terms {
        for row in published[*number] {
            *sums.entry(*row).or_default() += i128::from(*factor);
        }
    }
    for row in target {
        *sums.entry(*row).or_default() -= i128::from(times);
    }
    sums.values().all(|sum| *sum == 0)
}

fn divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The fraction that a residue stands for: numerator and positive denominator, both small.
fn fraction(residue: u64) -> Option<(i128, i128)> {
    let (mut before, mut now) = (i128::from(PRIME), i128::from(residue));
    let (mut factor_before, mut factor) = (0_i128, 1_i128);
    while now > LARGEST {
        let quotient = before / now;
        (before, now) = (now, before - quotient * now);
        (factor_before, factor) = (factor, factor_before - quotient * factor);
    }
    if factor < 0 {
        (now, factor) = (-now, -factor);
    }
    (factor > 0 && factor <= LARGEST).then_some((now, factor))
}

#[cfg(test)]
mod tests {
    use super::{super::derivable, *};

    #[test]
    fn what_is_published_needs_no_more() {
        assert_eq!(equation(&[&[0, 1], &[2]], &[2]), Some(vec![(1, 1)]));
    }

    #[test]
    fn a_part_is_the_whole_less_the_others() {
        let published: [&[u32]; 4] = [&[0, 1, 2], &[7], &[1], &[2]];
        assert_eq!(equation(&published, &[0]), Some(vec![(0, 1), (2, -1), (3, -1)]));
        assert_eq!(equation(&published[..3], &[0]), None);
    }

    #[test]
    fn non_nested_areas_need_no_whole() {
        // 0 1 | 2 3 by one division, 0 | 1 2 | 3 by the other: 0 1 − 1 2 + 2 3 is 0 and 3
        let published: [&[u32]; 3] = [&[0, 1], &[1, 2], &[2, 3]];
        assert_eq!(equation(&published, &[0, 3]), Some(vec![(0, 1), (1, -1), (2, 1)]));
    }

    #[test]
    fn halves_are_given_as_a_multiple() {
        let published: [&[u32]; 3] = [&[0, 1], &[1, 2], &[0, 2]];
        assert_eq!(equation(&published, &[0]), None);
        assert_eq!(
            equation_of_multiple(&published, &[0]),
            Some((2, vec![(0, 1), (1, -1), (2, 1)]))
        );
    }

    #[test]
    fn there_is_an_equation_exactly_where_the_attacker_finds_one() {
        // a generator of its own, so that the cases are the same everywhere
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let (mut some, mut none) = (0, 0);
        for _ in 0..400 {
            let rows = 3 + next(10);
            let sets: Vec<Vec<u32>> = (0..2 + next(12))
                .map(|_| {
                    (0_u32..)
                        .zip(0..rows)
                        .map(|(row, _)| row)
                        .filter(|_| next(3) == 0)
                        .collect()
                })
                .filter(|set: &Vec<u32>| !set.is_empty())
                .collect();
            let Some((target, published)) = sets.split_first() else {
                continue;
            };
            let published: Vec<&[u32]> = published.iter().map(Vec::as_slice).collect();
            let known = derivable(&published, &[target])[0];
            let found = equation_of_multiple(&published, target);
            assert_eq!(found.is_some(), known, "{target:?} from {published:?}");
            match found {
                Some((times, terms)) => {
                    assert!(is_true(&published, target, times, &terms));
                    some += 1;
                }
                None => none += 1,
            }
        }
        assert!(some > 50 && none > 50, "{some} {none}");
    }

    #[test]
    fn the_equation_is_short_among_many_cells() {
        // 400 areas in 20 regions, three sexes with their total, all published but one area's
        let row = |area: u32, sex: u32| area * 3 + sex;
        let mut sets: Vec<Vec<u32>> = Vec::new();
        for area in 0..400 {
            sets.push((0..3).map(|sex| row(area, sex)).collect());
            sets.extend(
                (0..3)
                    .filter(|sex| (area, *sex) != (7, 1))
                    .map(|sex| vec![row(area, sex)]),
            );
        }
        for region in 0..20 {
            sets.push((region * 60..(region + 1) * 60).collect());
        }
        sets.push((0..1200).collect());
        let published: Vec<&[u32]> = sets.iter().map(Vec::as_slice).collect();
        let terms = equation(&published, &[row(7, 1)]).unwrap();
        assert_eq!(terms.len(), 3);
        // and without its total, by the region
        let without: Vec<&[u32]> = published.iter().copied().filter(|set| *set != [21, 22, 23]).collect();
        assert_eq!(equation(&without, &[row(7, 1)]).unwrap().len(), 22);
    }
}
