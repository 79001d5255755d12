//! Segregation between surroundings: everybody is counted with the people around, nearer ones more.

use super::places::{Groups, choice, kernel, positive};
use crate::{
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params, Role},
        table::Table,
        value::{Output, Value},
    },
    geo::smooth,
};

const BANDWIDTH: Argument = Argument::option("bandwidth", 1000.0);
const KERNEL: Argument = Argument {
    name: "kernel",
    role: Role::Choice("biweight"),
};
const AREA: Argument = Argument::key("area");
const GROUP: Argument = Argument::key("group");
const EAST: Argument = Argument::number("east");
const NORTH: Argument = Argument::number("north");
const X: Argument = Argument::count("x");
const T: Argument = Argument::total("t");
const N: Argument = Argument::count("n");
const WIDE: &[Argument] = &[AREA, EAST, NORTH, X, T, BANDWIDTH, KERNEL];
const LONG: &[Argument] = &[AREA, GROUP, EAST, NORTH, N, BANDWIDTH, KERNEL];
const TWO: &[Argument] = &[AREA, EAST, NORTH, X, Argument::count("y"), T, BANDWIDTH, KERNEL];
const SOURCE: &str = "Reardon & O'Sullivan 2004, doi:10.1111/j.0081-1750.2004.00150.x";
const NULL_WHEN: &str = "a coordinate or count is NULL, or fewer than two groups have anybody";
const RANGE: &str = "0 (all surroundings have the same mix) to 1";

/// D̃.
pub(super) static SEG_SPATIAL_DISSIMILARITY: Definition = Definition {
    name: "seg_spatial_dissimilarity",
    family: Family::Spatial,
    formula: "ΣΣ t|p̃_k − P_k| / (2 T Σ P_k(1 − P_k)), p̃_k = Σ φ n_k / Σ φ t over the surroundings, φ a kernel of d/bandwidth: uniform, triangular 1 − u, quadratic 1 − u², quartic or biweight (1 − u²)², gaussian exp(−u²/2), exponential exp(−u)",
    reading: "how differently people's surroundings are mixed, as a share of the most that is possible; t is the area's own people",
    range: RANGE,
    null_when: NULL_WHEN,
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_spatial_dissimilarity(area, east, north, x, t, 2000), 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 25, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.591518",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale, Law::ZeroWhenEven, Law::GroupSymmetry],
    twins: &[],
    body: Body::Aggregate(&[Form::table(WIDE, dissimilarity), Form::table(LONG, dissimilarity)]),
};

/// H̃.
pub(super) static SEG_SPATIAL_INFORMATION_THEORY: Definition = Definition {
    name: "seg_spatial_information_theory",
    family: Family::Spatial,
    formula: "1 − Σ t Ẽ / (T E), Ẽ = −Σ p̃_k ln p̃_k of the surroundings; p̃ and kernels as in seg_spatial_dissimilarity",
    reading: "how much less diverse the average person's surroundings are than the whole",
    range: "0 (as diverse) to 1; below 0 when surroundings are more diverse than the whole",
    null_when: NULL_WHEN,
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_spatial_information_theory(area, east, north, x, t, 2000), 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 25, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.345005",
    },
    laws: &[
        Law::Within(-1.0, 1.0),
        Law::Scale,
        Law::ZeroWhenEven,
        Law::GroupSymmetry,
    ],
    twins: &[],
    body: Body::Aggregate(&[Form::table(WIDE, information), Form::table(LONG, information)]),
};

/// R̃.
pub(super) static SEG_SPATIAL_RELATIVE_DIVERSITY: Definition = Definition {
    name: "seg_spatial_relative_diversity",
    family: Family::Spatial,
    formula: "1 − Σ t Ĩ / (T I), Ĩ = Σ p̃_k(1 − p̃_k) of the surroundings; p̃ and kernels as in seg_spatial_dissimilarity",
    reading: "how much less often two people of the average surroundings differ than two people of the whole",
    range: "0 (as often) to 1; below 0 when surroundings are more diverse than the whole",
    null_when: NULL_WHEN,
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_spatial_relative_diversity(area, east, north, x, t, 2000), 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 25, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.392701",
    },
    laws: &[
        Law::Within(-1.0, 1.0),
        Law::Scale,
        Law::ZeroWhenEven,
        Law::GroupSymmetry,
    ],
    twins: &[],
    body: Body::Aggregate(&[Form::table(WIDE, diversity), Form::table(LONG, diversity)]),
};

/// P̃.
pub(super) static SEG_SPATIAL_EXPOSURE: Definition = Definition {
    name: "seg_spatial_exposure",
    family: Family::Spatial,
    formula: "Σ (x/X) p̃_y, p̃_y = Σ φ y / Σ φ t of the surroundings; kernels as in seg_spatial_dissimilarity; isolation when x is given twice",
    reading: "the second group's share in the surroundings of the first group's average member; over all groups y it adds up to 1",
    range: "0 to 1",
    null_when: "a coordinate or count is NULL, or one of the groups has nobody",
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_spatial_exposure(area, east, north, x, t - x, t, 2000), 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 25, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.322768",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TWO, exposure)]),
};

/// PySAL's variant.
pub(super) static SEG_SMOOTHED_DISSIMILARITY: Definition = Definition {
    name: "seg_smoothed_dissimilarity",
    family: Family::Spatial,
    formula: "ΣΣ t̃|p̃_k − P̃_k| / (2 T̃ Σ P̃_k(1 − P̃_k)) where all counts, totals too, are the smoothed ones ñ_k = Σ φ n_k; with 'round' these are rounded to whole people first, as PySAL does",
    reading: "the spatial dissimilarity that PySAL's `segregation` prints: people with many neighbours weigh more; for the index of the literature see seg_spatial_dissimilarity",
    range: RANGE,
    null_when: NULL_WHEN,
    source: "PySAL segregation 2.6.0 (2025), BSD-3; after Reardon & O'Sullivan 2004, doi:10.1111/j.0081-1750.2004.00150.x",
    example: Example {
        sql: "SELECT round(seg_smoothed_dissimilarity(area, east, north, x, t, 2000), 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 25, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.488097",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale, Law::ZeroWhenEven, Law::GroupSymmetry],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[
                AREA,
                EAST,
                NORTH,
                X,
                T,
                BANDWIDTH,
                KERNEL,
                Argument {
                    name: "people",
                    role: Role::Choice("exact"),
                },
            ],
            smoothed,
        ),
        Form::table(
            &[
                AREA,
                GROUP,
                EAST,
                NORTH,
                N,
                BANDWIDTH,
                KERNEL,
                Argument {
                    name: "people",
                    role: Role::Choice("exact"),
                },
            ],
            smoothed,
        ),
    ]),
};

const SCALE: Output = Output::Struct(&[
    ("bandwidth", Output::Number),
    ("dissimilarity", Output::Number),
    ("information_theory", Output::Number),
    ("relative_diversity", Output::Number),
    ("macro_share", Output::Number),
]);

/// Indices at several bandwidths.
pub(super) static SEG_SPATIAL_PROFILE: Definition = Definition {
    name: "seg_spatial_profile",
    family: Family::Spatial,
    formula: "by bandwidth: D̃, H̃ and R̃ as in seg_spatial_dissimilarity and its relatives; macro_share = H̃ / H̃ at the first bandwidth; a bandwidth of 0 is the areas alone",
    reading: "list of bandwidths with the segregation between surroundings that large; what stays at wide ones is segregation of large patches; for UNNEST",
    range: RANGE,
    null_when: NULL_WHEN,
    source: "Reardon et al. 2008, doi:10.1353/dem.0.0019; Reardon & O'Sullivan 2004, doi:10.1111/j.0081-1750.2004.00150.x",
    example: Example {
        sql: "SELECT round(seg_spatial_profile(area, east, north, x, t, '0 2000')[2]['macro_share'], 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 25, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.976982",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(
            &[
                AREA,
                EAST,
                NORTH,
                X,
                T,
                Argument {
                    name: "bandwidths",
                    role: Role::Choice("500 1000 2000 4000"),
                },
                KERNEL,
            ],
            profile,
        )
        .gives(Output::List(&SCALE)),
        Form::table(
            &[
                AREA,
                GROUP,
                EAST,
                NORTH,
                N,
                Argument {
                    name: "bandwidths",
                    role: Role::Choice("500 1000 2000 4000"),
                },
                KERNEL,
            ],
            profile,
        )
        .gives(Output::List(&SCALE)),
    ]),
};

/// Returns the people around every area, by group; the area's own count fully.
fn around(groups: &Groups, kernel: crate::geo::Kernel, bandwidth: f64) -> Vec<f64> {
    let scale = 1.0 / (bandwidth * bandwidth);
    smooth(
        &groups.points(),
        &groups.counts,
        groups.width(),
        Some(kernel.reach() * bandwidth),
        |square| kernel.weight(square * scale),
        |_| 1.0,
    )
}

/// The surroundings of every area.
pub(super) static SEG_SURROUNDINGS: Definition = Definition {
    name: "seg_surroundings",
    family: Family::Spatial,
    formula: "by area: n = Σ φ t, x = Σ φ x, share = x/n over the surroundings; kernels as in seg_spatial_dissimilarity, with 'uniform' everybody within a radius",
    reading: "list of areas with the group's share in their surroundings; for UNNEST",
    range: "share from 0 to 1",
    null_when: "a coordinate or count is NULL, or there is nobody",
    source: SOURCE,
    example: Example {
        sql: "SELECT round(seg_surroundings(area, east, north, x, t, 2000)[1]['share'], 6) FROM (VALUES ('A', 0, 0, 30, 40), ('B', 1000, 0, 20, 40), ('C', 5000, 0, 1, 40)) AS v(area, east, north, x, t)",
        result: "0.66",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(WIDE, surroundings).gives(Output::List(&AROUND))]),
};

const AROUND: Output = Output::Struct(&[
    ("area", Output::Text),
    ("n", Output::Number),
    ("x", Output::Number),
    ("share", Output::Number),
]);

fn surroundings(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_surroundings";
    let bandwidth = positive(params, 0, function, "bandwidth")?;
    let kernel = kernel(params, 0, function)?;
    let groups = Groups::new(table, function, 2)?;
    if groups.total <= 0.0 {
        return Ok(Value::Null);
    }
    let near = around(&groups, kernel, bandwidth);
    let list = near.as_chunks::<2>().0.iter().enumerate().map(|(at, [x, y])| {
        Value::Struct(vec![
            Value::Text(table.text(0, at).to_owned()),
            Value::Number(x + y),
            Value::Number(*x),
            Value::Number(x / (x + y)),
        ])
    });
    Ok(Value::List(list.collect()))
}

/// Sums over areas: differences, entropies and interactions of surroundings, weighted by people.
struct Sums {
    /// ΣΣ t|p̃ − P|.
    apart: f64,
    /// Σ t Ẽ.
    entropy: f64,
    /// Σ t Ĩ.
    interaction: f64,
}

fn sums(groups: &Groups, around: &[f64], people: &[f64], all: &[f64], total: f64) -> Sums {
    let mut sums = Sums {
        apart: 0.0,
        entropy: 0.0,
        interaction: 0.0,
    };
    for (near, people) in around.chunks_exact(groups.width()).zip(people) {
        let everybody: f64 = near.iter().sum();
        if everybody <= 0.0 {
            continue;
        }
        for (near, n) in near.iter().zip(all) {
            sums.apart += people * (near / everybody - n / total).abs();
        }
        sums.entropy += people * entropy(near, everybody);
        sums.interaction += people * interaction(near, everybody);
    }
    sums
}

fn entropy(counts: &[f64], total: f64) -> f64 {
    let shares = counts.iter().map(|n| n / total).filter(|share| *share > 0.0);
    -shares.map(|share| share * share.ln()).sum::<f64>()
}

fn interaction(counts: &[f64], total: f64) -> f64 {
    counts.iter().map(|n| n / total * (1.0 - n / total)).sum()
}

/// Reads a call and walks the surroundings; nothing when there are not two groups.
fn walk(table: &Table<'_>, params: &Params, function: &str) -> crate::error::Result<Option<(Groups, Sums)>> {
    let bandwidth = positive(params, 0, function, "bandwidth")?;
    let kernel = kernel(params, 0, function)?;
    let groups = Groups::new(table, function, 2)?;
    if groups.present() < 2 {
        return Ok(None);
    }
    let near = around(&groups, kernel, bandwidth);
    let sums = sums(&groups, &near, &groups.people, &groups.all, groups.total);
    Ok(Some((groups, sums)))
}

fn dissimilarity(table: &Table<'_>, params: &Params) -> Outcome {
    Ok(match walk(table, params, "seg_spatial_dissimilarity")? {
        Some((of, sums)) => (sums.apart / (2.0 * of.total * interaction(&of.all, of.total)))
            .min(1.0)
            .into(),
        None => Value::Null,
    })
}

fn information(table: &Table<'_>, params: &Params) -> Outcome {
    Ok(match walk(table, params, "seg_spatial_information_theory")? {
        Some((of, sums)) => (1.0 - sums.entropy / (of.total * entropy(&of.all, of.total))).into(),
        None => Value::Null,
    })
}

fn diversity(table: &Table<'_>, params: &Params) -> Outcome {
    Ok(match walk(table, params, "seg_spatial_relative_diversity")? {
        Some((of, sums)) => (1.0 - sums.interaction / (of.total * interaction(&of.all, of.total))).into(),
        None => Value::Null,
    })
}

fn exposure(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_spatial_exposure";
    let bandwidth = positive(params, 0, function, "bandwidth")?;
    let kernel = kernel(params, 0, function)?;
    let areas = super::places::wide(table, function, "east or north")?;
    if areas.all.x <= 0.0 || areas.all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let values: Vec<f64> = areas.units.iter().flat_map(|of| [of.y, of.t]).collect();
    let scale = 1.0 / (bandwidth * bandwidth);
    let near = smooth(
        &super::places::points(table, 1),
        &values,
        2,
        Some(kernel.reach() * bandwidth),
        |square| kernel.weight(square * scale),
        |_| 1.0,
    );
    let met: f64 = areas
        .units
        .iter()
        .zip(near.as_chunks::<2>().0)
        .map(|(of, [y, t])| of.x * y / t)
        .sum();
    Ok((met / areas.all.x).min(1.0).into())
}

fn smoothed(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_smoothed_dissimilarity";
    let bandwidth = positive(params, 0, function, "bandwidth")?;
    let kernel = kernel(params, 0, function)?;
    let round = choice(params, 1, function, "people", &["exact", "round"])? == 1;
    let groups = Groups::new(table, function, 2)?;
    if groups.present() < 2 {
        return Ok(Value::Null);
    }
    let mut near = around(&groups, kernel, bandwidth);
    if round {
        for n in &mut near {
            *n = n.round_ties_even();
        }
    }
    let width = groups.width();
    let people: Vec<f64> = near.chunks_exact(width).map(|of| of.iter().sum()).collect();
    let mut all = vec![0.0; width];
    for row in near.chunks_exact(width) {
        for (all, n) in all.iter_mut().zip(row) {
            *all += n;
        }
    }
    let total: f64 = all.iter().sum();
    if all.iter().filter(|n| **n > 0.0).count() < 2 {
        return Ok(Value::Null);
    }
    let sums = sums(&groups, &near, &people, &all, total);
    Ok((sums.apart / (2.0 * total * interaction(&all, total))).min(1.0).into())
}

/// Reads a list of numbers that are written in one text.
pub(super) fn scales(text: &str, function: &str, name: &str) -> crate::error::Result<Vec<f64>> {
    let wrong = || {
        super::places::option(
            function,
            name,
            "a text of one to 100 numbers from 0 upwards, as '500 1000 2000'",
        )
    };
    let numbers = text
        .split([' ', ',', ';'])
        .filter(|word| !word.is_empty())
        .map(|word| word.parse::<f64>().map_err(|_| wrong()))
        .collect::<crate::error::Result<Vec<_>>>()?;
    if numbers.is_empty() || numbers.len() > 100 || numbers.iter().any(|of| !(of.is_finite() && *of >= 0.0)) {
        return Err(wrong());
    }
    Ok(numbers)
}

fn profile(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_spatial_profile";
    let bandwidths = scales(params.text(0), function, "bandwidths")?;
    let kernel = kernel(params, 1, function)?;
    let groups = Groups::new(table, function, 2)?;
    if groups.present() < 2 {
        return Ok(Value::Null);
    }
    let (entropy, interaction) = (
        entropy(&groups.all, groups.total),
        interaction(&groups.all, groups.total),
    );
    let mut first = None;
    let list = bandwidths.into_iter().map(|bandwidth| {
        let near = if bandwidth > 0.0 {
            around(&groups, kernel, bandwidth)
        } else {
            groups.counts.clone()
        };
        let sums = sums(&groups, &near, &groups.people, &groups.all, groups.total);
        let theory = 1.0 - sums.entropy / (groups.total * entropy);
        let first = *first.get_or_insert(theory);
        Value::Struct(vec![
            Value::Number(bandwidth),
            Value::Number((sums.apart / (2.0 * groups.total * interaction)).min(1.0)),
            Value::Number(theory),
            Value::Number(1.0 - sums.interaction / (groups.total * interaction)),
            if first > 0.0 {
                Value::Number(theory / first)
            } else {
                Value::Null
            },
        ])
    });
    Ok(Value::List(list.collect()))
}
