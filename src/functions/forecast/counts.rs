//! Coming counts of events, of which more are expected where more are exposed.

use nalgebra::{DMatrix, DVector};

use super::{
    TAILS,
    mixture::quantile,
    number,
    regression::{Data, Fit},
    text,
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    rates::limits::unknown,
    table::Table,
    trend::series::{Point, series},
    value::{Output, Value},
};

const PERIOD: Argument = Argument::key("period");
const EVENTS: Argument = Argument::count("events");
const EXPOSURE: Argument = Argument::count("exposure");
const METHOD: Argument = Argument::choice("method", "auto");
const TREND: Argument = Argument::choice("trend", "linear");

/// The forecast of counts.
pub(super) static FC_POISSON: Definition = Definition {
    name: "fc_poisson",
    family: Family::Forecast,
    formula: "ln μ = ln exposure + β₀ + β₁·time (+ β₂x₁ + β₃x₂) by Poisson or negative binomial regression (variance μ + αμ², α by maximum likelihood); 'auto' takes the negative binomial when the likelihood-ratio test against Poisson rejects at 5 per cent; limits are quantiles of the negative binomial with mean μ and variance μ + μ²((1 + α)(1 + s²) − 1), s² the variance of ln μ from the coefficients",
    reading: "list with period, mean, lo80, hi80, lo95, hi95, method that was used, dispersion α and reason, for UNNEST: a row each of the periods whose events are NULL, which must bring their exposure (population forecast) and covariates; limits are whole numbers of events and hold the chance of counts and the uncertainty of the coefficients, not that the trend may turn; trend 'none' leaves time out",
    range: "0 upwards",
    null_when: "exposure or a covariate is NULL, or there are no rows; all but reason when there is no period to forecast, too few periods, nothing ever happened, or the model cannot be fitted",
    source: "McCullagh & Nelder 1989, Generalized linear models, 2nd edition, doi:10.1007/978-1-4899-3242-6; Cameron & Trivedi 2013, Regression analysis of count data, doi:10.1017/CBO9781139013567",
    example: Example {
        sql: "SELECT round(fc_poisson(year, placed, children, 'poisson')[1]['mean'], 3) FROM (VALUES (2020, 10, 1000), (2021, 12, 1000), (2022, 14, 1000), (2023, NULL, 1200)) AS s(year, placed, children)",
        result: "19.941",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(&[PERIOD, EVENTS, EXPOSURE, METHOD, TREND], forecast)
            .gives(Output::List(&ITEM))
            .sees_nulls()
            .sees_empty(),
        Form::table(
            &[PERIOD, EVENTS, EXPOSURE, Argument::number("x1"), METHOD, TREND],
            forecast,
        )
        .gives(Output::List(&ITEM))
        .sees_nulls()
        .sees_empty(),
        Form::table(
            &[
                PERIOD,
                EVENTS,
                EXPOSURE,
                Argument::number("x1"),
                Argument::number("x2"),
                METHOD,
                TREND,
            ],
            forecast,
        )
        .gives(Output::List(&ITEM))
        .sees_nulls()
        .sees_empty(),
    ]),
};

const ITEM: Output = Output::Struct(&[
    ("period", Output::Text),
    ("mean", Output::Number),
    ("lo80", Output::Number),
    ("hi80", Output::Number),
    ("lo95", Output::Number),
    ("hi95", Output::Number),
    ("method", Output::Text),
    ("dispersion", Output::Number),
    ("reason", Output::Text),
]);

/// Which regression.
#[derive(Debug, Clone, Copy)]
enum Method {
    Poisson,
    NegativeBinomial,
    Auto,
}

/// How a number becomes a column of the design: away from its middle, in its own width, for the sake of digits.
#[derive(Debug, Clone, Copy)]
struct Scale {
    middle: f64,
    width: f64,
}

impl Scale {
    fn new(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let middle = values.iter().sum::<f64>() / n;
        let width = (values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / n).sqrt();
        (width > 1e-12 * middle.abs()).then_some(Self { middle, width })
    }

    fn of(self, value: f64) -> f64 {
        (value - self.middle) / self.width
    }
}

/// One item that says only why.
fn why(reason: &str) -> Value {
    let mut item = vec![Value::Null; 8];
    item.push(text(Some(reason)));
    Value::List(vec![Value::Struct(item)])
}

fn forecast(table: &Table<'_>, params: &Params) -> Outcome {
    let method = match params.text(0) {
        "poisson" => Method::Poisson,
        "negbin" => Method::NegativeBinomial,
        "auto" => Method::Auto,
        _ => return Err(unknown("fc_poisson", "method", "'auto', 'poisson', 'negbin'")),
    };
    let trend = match params.text(1) {
        "linear" => true,
        "none" => false,
        _ => return Err(unknown("fc_poisson", "trend", "'linear', 'none'")),
    };
    // only the events, the second argument, may be unknown
    if table.nulls() & !0b10 != 0 {
        return Ok(Value::Null);
    }
    let covariates = table.keys.len() - 1;
    let points = series("fc_poisson", table, covariates)?;
    if points.is_empty() {
        return Ok(Value::Null);
    }
    let exposure = |point: &Point| table.count(1)[point.cell];
    let events = |point: &Point| table.count(0)[point.cell];
    let (coming, mut known): (Vec<&Point>, Vec<&Point>) = points.iter().partition(|point| point.unknown);
    // where nobody is exposed nothing is to be learned
    known.retain(|point| exposure(point) > 0.0 || events(point) > 0.0);
    if coming.is_empty() {
        return Ok(why(
            "no period to forecast: give its row with NULL events and its exposure",
        ));
    }
    if known.iter().any(|point| exposure(point) <= 0.0) {
        return Ok(why("events without exposure"));
    }
    let explaining: Vec<Vec<f64>> = known.iter().map(|point| numbers(point, trend)).collect();
    let columns = covariates + usize::from(trend);
    if known.len() < columns + 2 {
        return Ok(why("too few periods with events known for so many coefficients"));
    }
    if known.iter().all(|point| events(point) <= 0.0) {
        return Ok(why("no events in any period: the rate is not known to be above 0"));
    }
    let scales: Option<Vec<Scale>> = (0..columns)
        .map(|column| Scale::new(&explaining.iter().map(|of| of[column]).collect::<Vec<_>>()))
        .collect();
    let Some(scales) = scales else {
        return Ok(why("a covariate is the same in all periods with events known"));
    };
    let row = |numbers: &[f64]| {
        DVector::from_iterator(
            columns + 1,
            std::iter::once(1.0).chain(numbers.iter().zip(&scales).map(|(number, scale)| scale.of(*number))),
        )
    };
    let rows: Vec<_> = explaining.iter().map(|of| row(of).transpose()).collect();
    let data = Data {
        design: DMatrix::from_rows(&rows),
        counts: DVector::from_iterator(known.len(), known.iter().map(|point| events(point))),
        offset: DVector::from_iterator(known.len(), known.iter().map(|point| exposure(point).ln())),
    };
    let fit = match method {
        Method::Poisson => data.poisson(),
        Method::NegativeBinomial => data.poisson().and_then(|poisson| data.overdispersed(&poisson)),
        Method::Auto => data.best(),
    };
    let Some(fit) = fit else {
        return Ok(why(
            "the model cannot be fitted: covariates that say the same, or counts that run to 0",
        ));
    };
    let items = coming
        .into_iter()
        .map(|point| item(table, point, exposure(point), &fit, &row(&numbers(point, trend))));
    Ok(Value::List(items.collect()))
}

/// Returns what a period is explained by.
fn numbers(point: &Point, trend: bool) -> Vec<f64> {
    trend
        .then_some(point.at)
        .into_iter()
        .chain(point.numbers.iter().copied())
        .collect()
}

fn item(table: &Table<'_>, point: &Point, exposure: f64, fit: &Fit, row: &DVector<f64>) -> Value {
    let (log, variance) = fit.at(row, 0.0);
    let mean = exposure * log.exp();
    let spread = (1.0 + fit.alpha) * (1.0 + variance) - 1.0;
    let [narrow, wide] = TAILS.map(|tail| [tail, 1.0 - tail].map(|p| number(quantile(p, mean, spread))));
    let ([lo80, hi80], [lo95, hi95]) = (narrow, wide);
    let known = mean.is_finite();
    Value::Struct(vec![
        text(Some(table.text(0, table.key(0)[point.cell] as usize))),
        number(Some(mean).filter(|_| known)),
        lo80,
        hi80,
        lo95,
        hi95,
        text(Some(if fit.alpha > 0.0 { "negbin" } else { "poisson" })),
        fit.alpha.into(),
        text((!known).then_some("the trend leads beyond all numbers")),
    ])
}
