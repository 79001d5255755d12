//! Exact draws of people: binomial, over cells by lot, and dealt to places of fixed sizes.
//!
//! A binomial costs the same however many people it is about: by transformed rejection, or by inversion where few are
//! expected. Everything else is made of binomials. Numbers of people are whole and below 2⁵³, so that sums are exact.
//! What can go wrong: a stream used for two things; each replicate has its own.

use crate::functions::spatial::random::Stream;

/// Below so many expected successes inversion is faster, and above the rejection is exact.
const FEW: f64 = 10.0;

/// Returns how many of n people a lot with probability p falls on.
pub(super) fn binomial(stream: &mut Stream, n: f64, p: f64) -> f64 {
    if n <= 0.0 || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return n;
    }
    if p > 0.5 {
        return n - binomial(stream, n, 1.0 - p);
    }
    if n * p < FEW {
        inversion(stream, n, p)
    } else {
        rejection(stream, n, p)
    }
}

/// Goes up through the probabilities (Devroye 1986, Non-Uniform Random Variate Generation, Springer).
fn inversion(stream: &mut Stream, n: f64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let none = (n * (-p).ln_1p()).exp();
    loop {
        let (mut rest, mut k, mut chance) = (stream.uniform(), 0.0, none);
        // what rounding leaves above all probabilities is drawn again
        while k <= n && k < 120.0 {
            if rest <= chance {
                return k;
            }
            rest -= chance;
            k += 1.0;
            chance *= odds * ((n - k + 1.0) / k);
        }
    }
}

/// Transformed rejection with squeeze (BTRS: Hörmann 1993, doi:10.1080/00949659308811496).
fn rejection(stream: &mut Stream, n: f64, p: f64) -> f64 {
    let sd = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * sd;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let centre = n * p + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    loop {
        let u = stream.uniform() - 0.5;
        let v = stream.uniform();
        let side = 0.5 - u.abs();
        let k = ((2.0 * a / side + b) * u + centre).floor();
        if side >= 0.07 && v <= squeeze {
            return k;
        }
        if k < 0.0 || k > n {
            continue;
        }
        let mode = ((n + 1.0) * p).floor();
        let odds = p / (1.0 - p);
        let scaled = v * (2.83 + 5.1 / b) * sd / (a / (side * side) + b);
        let bound = (mode + 0.5) * ((mode + 1.0) / (odds * (n - mode + 1.0))).ln()
            + (n + 1.0) * ((n - mode + 1.0) / (n - k + 1.0)).ln()
            + (k + 0.5) * (odds * (n - k + 1.0) / (k + 1.0)).ln()
            + (tail(mode) + tail(n - mode) - tail(k) - tail(n - k));
        if scaled.ln() <= bound {
            return k;
        }
    }
}

/// Returns ln k! less Stirling's formula about k + 1: ½ ln 2π + (k + ½) ln(k + 1) − (k + 1).
fn tail(k: f64) -> f64 {
    const FIRST: [f64; 10] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_09,
        0.016_644_691_189_821_19,
        0.013_876_128_823_070_75,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_09,
        0.009_255_462_182_712_73,
        0.008_330_563_433_362_87,
    ];
    for (at, of) in FIRST.iter().enumerate() {
        if k < at as f64 + 0.5 {
            return *of;
        }
    }
    let square = (k + 1.0) * (k + 1.0);
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)
}

/// Lets n people fall on cells by lot, in proportion to the weights.
pub(super) fn lot(stream: &mut Stream, mut n: f64, weights: impl Iterator<Item = f64> + Clone, into: &mut Vec<f64>) {
    let mut left: f64 = weights.clone().sum();
    for weight in weights {
        // the last cell with a weight has all that is left of it
        let here = if weight >= left {
            n
        } else {
            binomial(stream, n, weight / left)
        };
        left -= weight;
        n -= here;
        into.push(here);
    }
}

/// Chances of a Poisson number, for drawing by a look at a table.
#[derive(Debug)]
struct Poisson {
    /// Smallest number that comes up: smaller and larger ones are rarer than the smallest step of a uniform number.
    least: f64,
    /// Where its chances are.
    from: usize,
    count: usize,
}

/// Entries of tables that are worth their memory.
const ENTRIES: f64 = 4_194_304.0;

/// As many people as there are, to fall on their cells by lot again and again.
///
/// Independent Poisson numbers of each cell are, given their sum, a draw of so many people. They are drawn of a few people
/// less than there are (if it becomes more, again), and those who are missing fall one by one: together an exact draw.
#[derive(Debug)]
pub(super) struct Lot {
    weights: Vec<f64>,
    people: f64,
    /// Which table each cell has; none when there would be too many, then people fall by binomials.
    tables: Vec<usize>,
    kinds: Vec<Poisson>,
    /// Chances of at most so many, table after table.
    up_to: Vec<f64>,
    /// Where to start looking, by the first digits of the chance.
    first: Vec<u32>,
    ends: Vec<usize>,
    /// The cell of every so many-th person.
    coarse: Vec<usize>,
    step: usize,
}

impl Lot {
    /// Prepares to draw Σ weights people in proportion to whole weights.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let weights: Vec<f64> = weights.into_iter().collect();
        let people: f64 = weights.iter().sum();
        let mut end = 0;
        let ends: Vec<usize> = weights
            .iter()
            .map(|weight| {
                end += whole(*weight);
                end
            })
            .collect();
        let step = end.div_ceil(ends.len().max(1)).max(1);
        let mut of = Self {
            coarse: (0..end.div_ceil(step))
                .map(|at| ends.partition_point(|end| *end <= at * step))
                .collect(),
            weights,
            people,
            tables: Vec::new(),
            kinds: Vec::new(),
            up_to: Vec::new(),
            first: Vec::new(),
            ends,
            step,
        };
        let fewer = (1.0 - 1.5 / people.sqrt()).max(0.0);
        let mut kinds: Vec<f64> = of.weights.clone();
        kinds.sort_by(f64::total_cmp);
        kinds.dedup_by(|left, right| left.total_cmp(right).is_eq());
        let entries: f64 = kinds.iter().map(|weight| 18.0 * weight.sqrt() + 30.0).sum();
        if entries <= ENTRIES {
            for weight in &kinds {
                of.tabulate(weight * fewer);
            }
            let table = |weight: &f64| kinds.partition_point(|kind| kind < weight);
            of.tables = of.weights.iter().map(table).collect();
        }
        of
    }

    /// Adds the table of a mean.
    fn tabulate(&mut self, mean: f64) {
        let width = 9.0 * mean.sqrt() + 10.0;
        let least = (mean - width).floor().max(0.0);
        let count = whole((mean + width).ceil() - least) + 1;
        // up and down from the likeliest, in units of its chance
        let mode = whole(mean.floor() - least);
        let mut chances = vec![0.0; count];
        chances[mode] = 1.0;
        for at in mode + 1..count {
            chances[at] = chances[at - 1] * mean / (least + at as f64);
        }
        for at in (0..mode).rev() {
            chances[at] = chances[at + 1] * (least + at as f64 + 1.0) / mean;
        }
        let all: f64 = chances.iter().sum();
        let from = self.up_to.len();
        let mut sum = 0.0;
        self.up_to.extend(chances.iter().map(|chance| {
            sum += chance / all;
            sum
        }));
        // no uniform number is above the last
        self.up_to[from + count - 1] = 1.0;
        let mut number = 0;
        for at in 0..count {
            while self.up_to[from + number as usize] * (count as f64) < at as f64 {
                number += 1;
            }
            self.first.push(number);
        }
        self.kinds.push(Poisson { least, from, count });
    }

    /// Adds a draw: how many fall on each cell.
    pub(super) fn draw(&self, stream: &mut Stream, into: &mut Vec<f64>) {
        if self.tables.is_empty() {
            lot(stream, self.people, self.weights.iter().copied(), into);
            return;
        }
        let start = into.len();
        let mut placed;
        loop {
            placed = 0.0;
            for table in &self.tables {
                let kind = &self.kinds[*table];
                let chance = stream.uniform();
                let up_to = &self.up_to[kind.from..kind.from + kind.count];
                let mut number = self.first[kind.from + whole(chance * kind.count as f64)] as usize;
                while up_to[number] < chance {
                    number += 1;
                }
                let number = kind.least + number as f64;
                placed += number;
                into.push(number);
            }
            if placed <= self.people {
                break;
            }
            into.truncate(start);
        }
        let everybody = self.ends.last().copied().unwrap_or(0);
        while placed < self.people {
            let person = stream.below(everybody);
            let mut cell = self.coarse[person / self.step];
            while self.ends[cell] <= person {
                cell += 1;
            }
            into[start + cell] += 1.0;
            placed += 1.0;
        }
    }
}

/// Places of fixed sizes.
#[derive(Debug)]
pub(super) struct Places {
    sizes: Vec<f64>,
    /// Where the people of a place end among everybody.
    ends: Vec<usize>,
}

impl Places {
    /// The places of these sizes.
    pub(super) fn new(sizes: &[f64]) -> Self {
        let mut end = 0;
        Self {
            ends: sizes
                .iter()
                .map(|size| {
                    end += whole(*size);
                    end
                })
                .collect(),
            sizes: sizes.to_vec(),
        }
    }

    /// Deals groups of these sizes, as many people as there are places for, so that every deal is as likely; returns
    /// counts by place, and in it by group.
    ///
    /// Whoever is in a group is so by a lot first, with a probability that leaves the group a little too small nearly
    /// always (if not, it is drawn again); all sets of that size are then as likely, and remain so when others are added
    /// one by one.
    pub(super) fn deal(&self, stream: &mut Stream, groups: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|left, right| groups[*left].total_cmp(&groups[*right]).then(left.cmp(right)));
        let mut dealt = vec![0.0; self.sizes.len() * groups.len()];
        let mut free = self.sizes.clone();
        let mut left: f64 = free.iter().sum();
        let everybody = self.ends.last().copied().unwrap_or(0);
        let mut here = vec![0.0; free.len()];
        for (at, group) in order.iter().enumerate() {
            let n = groups[*group];
            if at + 1 == order.len() {
                here.copy_from_slice(&free);
            } else {
                let few = n < 2.0 * free.len() as f64;
                let chance = (n - 1.5 * (n * (1.0 - n / left)).max(0.0).sqrt()) / left;
                let mut placed = 0.0;
                here.fill(0.0);
                if !few {
                    loop {
                        placed = 0.0;
                        for (here, free) in here.iter_mut().zip(&free) {
                            *here = binomial(stream, *free, chance);
                            placed += *here;
                        }
                        if placed <= n {
                            break;
                        }
                    }
                }
                while placed < n {
                    let person = stream.below(everybody);
                    let place = self.ends.partition_point(|end| *end <= person);
                    // the first of a place are those who are free
                    let before = self.ends[place] - person;
                    if before as f64 <= free[place] - here[place] {
                        here[place] += 1.0;
                        placed += 1.0;
                    }
                }
            }
            left -= n;
            for (place, (here, free)) in here.iter().zip(&mut free).enumerate() {
                *free -= here;
                dealt[place * groups.len() + group] = *here;
            }
        }
        dealt
    }
}

/// Returns the whole part of a number from 0 and below 2⁵³.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 and below 2⁵³"
)]
fn whole(of: f64) -> usize {
    of as usize
}

#[cfg(test)]
mod tests {
    use super::{Lot, Places, Stream, binomial, lot, tail};

    fn ln_factorial(n: u32) -> f64 {
        (2..=n).map(|of| f64::from(of).ln()).sum()
    }

    #[test]
    fn the_tail_of_stirling() {
        for n in 0..40_u32 {
            let k = f64::from(n);
            let formula = 0.5 * std::f64::consts::TAU.ln() + (k + 0.5) * (k + 1.0).ln() - (k + 1.0);
            assert!((ln_factorial(n) - formula - tail(k)).abs() < 1e-9, "{n}");
        }
    }

    /// χ² of draws against the probabilities, cells of fewer than five expected added to the next.
    #[test]
    fn binomials_have_their_probabilities() {
        const DRAWS: usize = 200_000;
        for (case, (n, p)) in [
            (1_u32, 0.3),
            (7, 0.5),
            (30, 0.2),
            (60, 0.25),
            (200, 0.1),
            (200, 0.93),
            (1000, 0.5),
        ]
        .into_iter()
        .enumerate()
        {
            let mut stream = Stream::seeded(5.0, case);
            let mut counts = vec![0.0; n as usize + 1];
            for _ in 0..DRAWS {
                counts[super::whole(binomial(&mut stream, f64::from(n), p))] += 1.0;
            }
            let (mut square, mut cells, mut seen, mut expected) = (0.0, 0.0, 0.0, 0.0);
            for k in 0..=n {
                let ln = ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
                    + f64::from(k) * f64::ln(p)
                    + f64::from(n - k) * f64::ln(1.0 - p);
                seen += counts[k as usize];
                expected += DRAWS as f64 * ln.exp();
                if expected >= 5.0 {
                    square += f64::powi(seen - expected, 2) / expected;
                    cells += 1.0;
                    (seen, expected) = (0.0, 0.0);
                }
            }
            // χ² beyond its mean by four standard deviations
            let freedom: f64 = f64::max(cells - 1.0, 1.0);
            assert!(
                square < freedom + 4.0 * (2.0 * freedom).sqrt() + 4.0,
                "{n}, {p}: {square} of {freedom}"
            );
        }
    }

    #[test]
    fn large_binomials_have_their_moments() {
        let (n, p) = (3e9, 0.2);
        let mut stream = Stream::seeded(6.0, 0);
        let draws: Vec<f64> = (0..20_000)
            .map(|_| (binomial(&mut stream, n, p) - n * p) / (n * p * 0.8).sqrt())
            .collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|of| of * of).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean}, {variance}");
    }

    #[test]
    fn everybody_falls_somewhere() {
        let weights = [3.0, 0.0, 5.0, 2.0];
        let mut sums = [0.0; 4];
        for at in 0..2_000 {
            let mut cells = Vec::new();
            lot(&mut Stream::seeded(7.0, at), 20.0, weights.iter().copied(), &mut cells);
            assert!((cells.iter().sum::<f64>() - 20.0).abs() < 1e-12);
            sums.iter_mut().zip(cells).for_each(|(sum, cell)| *sum += cell);
        }
        for (sum, weight) in sums.iter().zip(weights) {
            assert!((sum - 4_000.0 * weight).abs() < 500.0, "{sums:?}");
        }
    }

    #[test]
    fn people_fall_on_their_cells_multinomially() {
        // several of one weight, none, one person, many
        for weights in [
            vec![3.0, 0.0, 5.0, 2.0, 5.0],
            vec![1.0],
            vec![400.0, 90.0, 1.0, 9.0, 2_500.0, 0.0],
        ] {
            let people: f64 = weights.iter().sum();
            let prepared = Lot::new(weights.iter().copied());
            let (mut sums, mut squares) = (vec![0.0; weights.len()], vec![0.0; weights.len()]);
            let mut both = 0.0;
            for at in 0..20_000 {
                let mut drawn = vec![7.0];
                prepared.draw(&mut Stream::seeded(9.0, at), &mut drawn);
                let drawn = &drawn[1..];
                assert!((drawn.iter().sum::<f64>() - people).abs() < 1e-12);
                for (at, n) in drawn.iter().enumerate() {
                    sums[at] += n;
                    squares[at] += n * n;
                }
                both += drawn[0] * drawn[weights.len() - 1];
            }
            for (at, weight) in weights.iter().enumerate() {
                let mean = sums[at] / 20_000.0;
                let variance = squares[at] / 20_000.0 - mean * mean;
                let expected = weight * (1.0 - weight / people);
                assert!(
                    (mean - weight).abs() <= 5.0 * (expected / 20_000.0).sqrt(),
                    "{mean} of {weight}"
                );
                assert!(
                    (variance - expected).abs() <= 0.06 * expected,
                    "{variance} of {expected}"
                );
            }
            if weights.len() == 5 {
                // two cells of one draw take from each other
                let covariance = both / 20_000.0 - sums[0] * sums[4] / 4e8;
                assert!((covariance + 3.0 * 5.0 / 15.0).abs() < 0.1, "{covariance}");
            }
        }
    }

    #[test]
    fn tables_and_binomials_draw_alike() {
        let prepared = Lot::new([2.0, 6.0, 1.0]);
        let (mut one, mut other) = ([0.0; 10], [0.0; 10]);
        for at in 0..40_000 {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            prepared.draw(&mut Stream::seeded(10.0, at), &mut left);
            lot(
                &mut Stream::seeded(11.0, at),
                9.0,
                [2.0, 6.0, 1.0].into_iter(),
                &mut right,
            );
            one[super::whole(left[1])] += 1.0;
            other[super::whole(right[1])] += 1.0;
        }
        for (left, right) in one.iter().zip(other) {
            assert!(
                f64::abs(left - right) < 5.0 * f64::sqrt(left + right + 1.0),
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn deals_keep_both_margins_and_are_hypergeometric() {
        // many to a place, where lots are drawn, and few, where people are picked
        for (case, (sizes, groups)) in [
            (vec![40.0, 10.0, 50.0], vec![30.0, 60.0, 10.0]),
            (vec![4.0, 1.0, 5.0], vec![3.0, 6.0, 1.0]),
        ]
        .into_iter()
        .enumerate()
        {
            let places = Places::new(&sizes);
            let total: f64 = sizes.iter().sum();
            let (mut sum, mut squares) = (0.0, 0.0);
            for at in 0..20_000 {
                let dealt = places.deal(&mut Stream::seeded(8.0 + case as f64, at), &groups);
                for (place, size) in sizes.iter().enumerate() {
                    assert!((dealt[3 * place..3 * place + 3].iter().sum::<f64>() - size).abs() < 1e-12);
                }
                for (group, n) in groups.iter().enumerate() {
                    let all: f64 = (0..3).map(|place| dealt[3 * place + group]).sum();
                    assert!((all - n).abs() < 1e-12);
                }
                sum += dealt[0];
                squares += dealt[0] * dealt[0];
            }
            let (mean, p) = (sum / 20_000.0, groups[0] / total);
            let variance = squares / 20_000.0 - mean * mean;
            let expected = sizes[0] * p * (1.0 - p) * (total - sizes[0]) / (total - 1.0);
            assert!((mean - sizes[0] * p).abs() < 0.05, "{mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{variance} of {expected}");
        }
    }
}
