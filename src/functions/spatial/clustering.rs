//! Clustering: whether a group's areas lie together.

use super::{
    places::{Groups, positive},
    proximity::{EDGES, PLACES, Proximity, TWO_PLACES},
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::Table,
    value::Value,
};
use crate::geo::smooth;

const MANY: &[Argument] = &[
    Argument::key("area"),
    Argument::key("group"),
    Argument::number("east"),
    Argument::number("north"),
    Argument::number("size"),
    Argument::count("n"),
    Argument::option("beta", 1.0),
    Argument::option("unit", 1000.0),
    Argument::option("alpha", 0.6),
];

/// ACL.
pub(super) static SEG_ABSOLUTE_CLUSTERING: Definition = Definition {
    name: "seg_absolute_clustering",
    family: Family::Spatial,
    formula: "(Σ(x/X) Σc x − (X/n²) ΣΣc) / (Σ(x/X) Σc t − (X/n²) ΣΣc), c = exp(−beta d/unit), dᵢᵢ = √(alpha a); or c = w of the edges, on the area itself too",
    reading: "how much of what an average member of the group is near to is the group, less what chance gives",
    range: "0 (no more than by chance) to below 1",
    null_when: "a number or count is NULL, nobody is in the group, or nobody is near to anybody",
    source: "Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_absolute_clustering(area, east, north, m2, x, t), 6) FROM (VALUES ('A', 0, 0, 1e6, 30, 40), ('B', 1000, 0, 1e6, 25, 40), ('C', 5000, 0, 1e6, 1, 40)) AS v(area, east, north, m2, x, t)",
        result: "0.449785",
    },
    laws: &[Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(EDGES, absolute).sees_nulls().sees_empty(),
        Form::table(PLACES, absolute).sees_empty(),
    ]),
};

/// SP.
pub(super) static SEG_SPATIAL_PROXIMITY: Definition = Definition {
    name: "seg_spatial_proximity",
    family: Family::Spatial,
    formula: "Σ N_k P_kk / (T P_tt) over the groups, P_kk = ΣΣ n_ik n_jk c / N_k²; c as in seg_absolute_clustering",
    reading: "how much nearer people live to their own group than to everybody",
    range: "1 (no clustering) and upwards; below 1 people live nearer to other groups",
    null_when: "a number or count is NULL, fewer than two groups have anybody, or nobody is near to anybody",
    source: "White 1983, doi:10.1086/227768; White 1986, doi:10.2307/3644339; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_spatial_proximity(area, east, north, m2, x, t), 6) FROM (VALUES ('A', 0, 0, 1e6, 30, 40), ('B', 1000, 0, 1e6, 25, 40), ('C', 5000, 0, 1e6, 1, 40)) AS v(area, east, north, m2, x, t)",
        result: "1.309821",
    },
    laws: &[Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(EDGES, spatial).sees_nulls(),
        Form::table(PLACES, spatial),
        Form::table(MANY, spatial_of_many),
    ]),
};

/// RCL.
pub(super) static SEG_RELATIVE_CLUSTERING: Definition = Definition {
    name: "seg_relative_clustering",
    family: Family::Spatial,
    formula: "P_xx/P_yy − 1, P_xx = ΣΣ xᵢ xⱼ c / X²; c as in seg_absolute_clustering",
    reading: "how much nearer to each other the group lives than the rest",
    range: "−1 and upwards, 0 when both are equally clustered",
    null_when: "a number or count is NULL, or one of the groups has nobody or is near to nobody",
    source: "Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_relative_clustering(area, east, north, m2, x, t), 6) FROM (VALUES ('A', 0, 0, 1e6, 30, 40), ('B', 1000, 0, 1e6, 25, 40), ('C', 5000, 0, 1e6, 1, 40)) AS v(area, east, north, m2, x, t)",
        result: "0.661269",
    },
    laws: &[Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(EDGES, relative).sees_nulls(), Form::table(PLACES, relative)]),
};

/// Pxy.
pub(super) static SEG_PROXIMITY: Definition = Definition {
    name: "seg_proximity",
    family: Family::Spatial,
    formula: "P_xy = ΣΣ xᵢ yⱼ c / (X Y), c = exp(−beta d/unit), dᵢᵢ = √(alpha a); P_xx when x is given twice",
    reading: "average proximity of a member of one group to a member of the other",
    range: "0 (far apart) to 1 (in one spot)",
    null_when: "a number or count is NULL, or one of the groups has nobody",
    source: "White 1983, doi:10.1086/227768; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_proximity(area, east, north, m2, x, t - x, t), 6) FROM (VALUES ('A', 0, 0, 1e6, 30, 40), ('B', 1000, 0, 1e6, 25, 40), ('C', 5000, 0, 1e6, 1, 40)) AS v(area, east, north, m2, x, t)",
        result: "0.170947",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TWO_PLACES, proximity)]),
};

/// DPxx.
pub(super) static SEG_DISTANCE_DECAY_ISOLATION: Definition = Definition {
    name: "seg_distance_decay_isolation",
    family: Family::Spatial,
    formula: "Σᵢ (x/X) Σⱼ K xⱼ/tⱼ with K = c tⱼ/Σⱼ c tⱼ; c as in seg_absolute_clustering",
    reading: "chance that the next person whom a member of the group meets is of the group, when nearer people are met more often",
    range: "0 to 1; 1 when the group is everybody",
    null_when: "a number or count is NULL, nobody is in the group, or somebody is near to nobody",
    source: "Morgan 1983, Area 15:211",
    example: Example {
        sql: "SELECT round(seg_distance_decay_isolation(area, east, north, m2, x, t), 6) FROM (VALUES ('A', 0, 0, 1e6, 30, 40), ('B', 1000, 0, 1e6, 25, 40), ('C', 5000, 0, 1e6, 1, 40)) AS v(area, east, north, m2, x, t)",
        result: "0.66766",
    },
    laws: &[Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(EDGES, isolation).sees_nulls(),
        Form::table(PLACES, isolation),
    ]),
};

/// DPxy.
pub(super) static SEG_DISTANCE_DECAY_EXPOSURE: Definition = Definition {
    name: "seg_distance_decay_exposure",
    family: Family::Spatial,
    formula: "Σᵢ (x/X) Σⱼ K yⱼ/tⱼ with K = c tⱼ/Σⱼ c tⱼ, c = exp(−beta d/unit), dᵢᵢ = √(alpha a); over all groups y it adds up to 1",
    reading: "chance that the next person whom a member of the first group meets is of the second, when nearer people are met more often",
    range: "0 to 1",
    null_when: "a number or count is NULL, or one of the groups has nobody",
    source: "Morgan 1983, Area 15:211",
    example: Example {
        sql: "SELECT round(seg_distance_decay_exposure(area, east, north, m2, x, t - x, t), 6) FROM (VALUES ('A', 0, 0, 1e6, 30, 40), ('B', 1000, 0, 1e6, 25, 40), ('C', 5000, 0, 1e6, 1, 40)) AS v(area, east, north, m2, x, t)",
        result: "0.33234",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TWO_PLACES, exposure)]),
};

fn some(value: f64) -> Value {
    if value.is_finite() { value.into() } else { Value::Null }
}

fn absolute(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(of) = Proximity::new(table, params, "seg_absolute_clustering")? else {
        return Ok(Value::Null);
    };
    if of.all.x <= 0.0 {
        return Ok(Value::Null);
    }
    let count = of.units.len() as f64;
    let chance = of.all.x / (count * count) * of.near.iter().map(|near| near.areas).sum::<f64>();
    let (group, all) = (
        of.mean(|unit| unit.x, |near| near.x),
        of.mean(|unit| unit.x, |near| near.t),
    );
    // one area, or everybody as near to all: nothing above chance
    if all - chance <= 1e-12 * all {
        return Ok(Value::Null);
    }
    Ok(some((group - chance) / (all - chance)))
}

fn spatial(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(of) = Proximity::new(table, params, "seg_spatial_proximity")? else {
        return Ok(Value::Null);
    };
    if of.all.x <= 0.0 || of.all.y <= 0.0 {
        return Ok(Value::Null);
    }
    // X·P_xx is the mean over x of what it is near to
    let (x, y) = (
        of.mean(|unit| unit.x, |near| near.x),
        of.mean(|unit| unit.y, |near| near.y),
    );
    let t = of.mean(|unit| unit.t, |near| near.t);
    Ok(some((x + y) / t))
}

fn spatial_of_many(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_spatial_proximity";
    let scale = positive(params, 0, function, "beta")? / positive(params, 1, function, "unit")?;
    let alpha = params.number(2);
    if alpha < 0.0 {
        return Err(super::places::option(function, "alpha", "a number from 0 upwards"));
    }
    let groups = Groups::new(table, function, 3)?;
    let sizes = super::places::land(&groups.numbers[2], function)?;
    if groups.present() < 2 {
        return Ok(Value::Null);
    }
    let width = groups.width();
    let near = smooth(
        &groups.points(),
        &groups.counts,
        width,
        (scale.is_finite() && scale > 0.0).then_some(746.0 / scale),
        |square| (-scale * square.sqrt()).exp(),
        |at| (-scale * (alpha * sizes[at]).sqrt()).exp(),
    );
    let mut own = vec![0.0; width];
    let mut all = 0.0;
    for ((counts, near), people) in groups
        .counts
        .chunks_exact(width)
        .zip(near.chunks_exact(width))
        .zip(&groups.people)
    {
        for ((own, n), near) in own.iter_mut().zip(counts).zip(near) {
            *own += n * near;
        }
        all += people * near.iter().sum::<f64>();
    }
    let mean: f64 = own
        .iter()
        .zip(&groups.all)
        .filter(|(_, n)| **n > 0.0)
        .map(|(own, n)| own / n)
        .sum();
    Ok(some(mean / (all / groups.total)))
}

fn relative(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(of) = Proximity::new(table, params, "seg_relative_clustering")? else {
        return Ok(Value::Null);
    };
    if of.all.x <= 0.0 || of.all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let (x, y) = (
        of.mean(|unit| unit.x, |near| near.x),
        of.mean(|unit| unit.y, |near| near.y),
    );
    Ok(some((x / of.all.x) / (y / of.all.y) - 1.0))
}

fn proximity(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(of) = Proximity::new(table, params, "seg_proximity")? else {
        return Ok(Value::Null);
    };
    if of.all.x <= 0.0 || of.all.y <= 0.0 {
        return Ok(Value::Null);
    }
    Ok(some((of.mean(|unit| unit.x, |near| near.y) / of.all.y).min(1.0)))
}

fn isolation(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(of) = Proximity::new(table, params, "seg_distance_decay_isolation")? else {
        return Ok(Value::Null);
    };
    if of.all.x <= 0.0 {
        return Ok(Value::Null);
    }
    Ok(some(of.mean(|unit| unit.x, |near| near.x / near.t).min(1.0)))
}

fn exposure(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(of) = Proximity::new(table, params, "seg_distance_decay_exposure")? else {
        return Ok(Value::Null);
    };
    if of.all.x <= 0.0 || of.all.y <= 0.0 {
        return Ok(Value::Null);
    }
    Ok(some(of.mean(|unit| unit.x, |near| near.y / near.t).min(1.0)))
}
