//! A call of a function: which form its arguments fit, what they are cast to, and the literals among them.

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;

use super::def::{Argument, Definition, Params, Role};
use crate::error::{Error, Result};

fn is_text(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(_, of) => is_text(of),
        of => of.is_string(),
    }
}

fn is_number(of: &DataType) -> bool {
    match of {
        DataType::Dictionary(_, of) => is_number(of),
        of => of.is_numeric(),
    }
}

/// Returns whether an argument takes values of a type. An area code may be a whole number; a group may not, or
/// `(area, group, n)` could not be told from `(area, x, t)`.
fn takes(argument: &Argument, at: usize, of: &DataType) -> bool {
    let text = match argument.role {
        // a day is written as its text, YYYY-MM-DD
        Role::Key => is_text(of) || matches!(of, DataType::Date32) || (at == 0 && of.is_integer()),
        Role::Name | Role::Choice(_) => is_text(of),
        Role::Number | Role::Count | Role::Total | Role::Option(_) => is_number(of),
    };
    text || of.is_null()
}

/// Returns the place of the first form that arguments of these types fit.
pub(super) fn form(definition: &Definition, types: &[DataType]) -> Result<usize> {
    let fits = |form: &&[Argument]| {
        let least = form.iter().take_while(|argument| !argument.is_optional()).count();
        (least..=form.len()).contains(&types.len())
            && form
                .iter()
                .zip(types)
                .enumerate()
                .all(|(at, (argument, of))| takes(argument, at, of))
    };
    definition
        .forms()
        .iter()
        .position(fits)
        .ok_or_else(|| misfit(definition, types))
}

/// The error of arguments that fit no form: how many there may be, or the first one that the nearest form cannot take.
fn misfit(definition: &Definition, types: &[DataType]) -> Error {
    let forms = definition.forms();
    let counts = |form: &[Argument]| {
        let least = form.iter().filter(|argument| !argument.is_optional()).count();
        least..=form.len()
    };
    let signatures = definition.signatures().join("` or `");
    let fitting = |form: &[Argument]| {
        let fits = |(at, (argument, of))| takes(argument, at, of);
        form.iter().zip(types).enumerate().filter(|pair| fits(*pair)).count()
    };
    // of equally near forms the first
    let nearest = forms
        .iter()
        .filter(|form| counts(form).contains(&types.len()))
        .rev()
        .max_by_key(|form| fitting(form));
    let wrong = nearest.and_then(|form| {
        let mut pairs = form.iter().zip(types).enumerate();
        pairs.find(|(at, (argument, of))| !takes(argument, *at, of))
    });
    let Some((_, (argument, of))) = wrong else {
        let least = forms.iter().map(|form| *counts(form).start()).min().unwrap_or(0);
        let most = forms.iter().map(|form| *counts(form).end()).max().unwrap_or(0);
        let range = if least == most {
            format!("{most}")
        } else {
            format!("{least} to {most}")
        };
        return Error::invalid(
            6001,
            format!(
                "`{}` has no form with {} arguments; it takes {range}",
                definition.name,
                types.len()
            ),
        )
        .hint(format!("write `{signatures}`"));
    };
    let name = argument.name;
    let number = matches!(
        argument.role,
        Role::Number | Role::Count | Role::Total | Role::Option(_)
    );
    let is = match of {
        of if is_text(of) => "text".to_owned(),
        of if is_number(of) => "a number".to_owned(),
        of => format!("of type {of}"),
    };
    let (wants, cast) = if number {
        (
            "a number",
            format!("`CAST({name} AS DOUBLE)` where it is text that holds numbers"),
        )
    } else if argument.is_literal() {
        ("text", "a text stands in quotes".to_owned())
    } else {
        ("text", format!("`CAST({name} AS VARCHAR)` makes text of it"))
    };
    Error::invalid(
        6001,
        format!(
            "`{}` has no form with these arguments: `{name}` must be {wants} and is {is}",
            definition.name
        ),
    )
    .hint(format!("write `{signatures}`; {cast}"))
}

/// Returns the types that arguments are cast to.
pub(super) fn cast(form: &[Argument], types: &[DataType]) -> Vec<DataType> {
    form.iter()
        .zip(types)
        .map(|(argument, of)| match (argument.role, of) {
            (Role::Key, DataType::Utf8View) => DataType::Utf8View,
            (Role::Key, DataType::LargeUtf8) => DataType::Utf8View,
            (Role::Key, DataType::Dictionary(..)) if is_text(of) => of.clone(),
            (Role::Key | Role::Name | Role::Choice(_), _) => DataType::Utf8,
            _ => DataType::Float64,
        })
        .collect()
}

/// Returns the literals of an aggregate's call, with defaults for what is left out.
pub(super) fn literals(
    definition: &Definition,
    form: &[Argument],
    literal: impl Fn(usize) -> Option<ScalarValue>,
    given: usize,
) -> Result<Params> {
    let mut params = Params::default();
    for (at, argument) in form.iter().enumerate().filter(|(_, argument)| argument.is_literal()) {
        let value = if at < given {
            literal(at).filter(|value| !value.is_null()).ok_or_else(|| {
                Error::invalid(
                    6001,
                    format!(
                        "`{}` takes `{}` as a literal: one value for all rows",
                        definition.name, argument.name
                    ),
                )
                .hint(format!(
                    "write the value itself{}, as in `{}`",
                    if matches!(argument.role, Role::Option(_)) {
                        ""
                    } else {
                        " in quotes"
                    },
                    definition.signature(form)
                ))
            })?
        } else {
            ScalarValue::Null
        };
        match argument.role {
            Role::Option(default) => {
                let number = match value {
                    ScalarValue::Float64(Some(number)) => number,
                    _ => default,
                };
                if !number.is_finite() {
                    return Err(super::store::refused(definition.name, argument, true));
                }
                params.numbers.push(number);
            }
            Role::Choice(default) => params
                .texts
                .push(value.try_as_str().flatten().unwrap_or(default).to_owned()),
            _ => params
                .texts
                .push(value.try_as_str().flatten().unwrap_or_default().to_owned()),
        }
    }
    Ok(params)
}

/// What to write instead: the signatures of a function by its name.
pub(super) fn order(function: &str) -> String {
    super::catalogue()
        .into_iter()
        .find(|definition| definition.name == function)
        .map_or_else(
            || format!("see `samsyn functions {function}`"),
            |definition| format!("the order is `{}`", definition.signatures().join("` or `")),
        )
}
