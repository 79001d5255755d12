//! Indices by their names: any function of the family that gives one number, run on people who are not in the rows.

use super::super::ALL;
use crate::{
    error::Error,
    functions::{
        def::{Body, Definition, Form, Kernel, Params, Role},
        table::{Long, Wide},
        value::{Output, Value},
    },
};

/// An index and its parameters, which have their defaults.
#[derive(Debug)]
pub(super) struct Index {
    kernel: Kernel,
    params: Params,
}

/// Returns the form that is about one group and the rest, or about all groups of `(area, group, n)`.
fn form(definition: &'static Definition, long: bool) -> Option<&'static Form> {
    let Body::Aggregate(forms) = definition.body else {
        return None;
    };
    let keys = |form: &Form| form.takes.iter().filter(|of| of.role == Role::Key).count();
    forms.iter().find(|form| {
        form.gives == Output::Number
            && match form.kernel {
                Kernel::Wide(_) => !long && keys(form) == 1,
                Kernel::Long(_) => long,
                Kernel::Table(_) => false,
            }
    })
}

impl Index {
    /// Returns the index of a name, for one group and the rest or for all groups.
    pub(super) fn find(function: &str, name: &str, long: bool) -> Result<Self, Error> {
        let found = ALL.iter().find(|of| of.name == name).and_then(|of| form(of, long));
        let Some(form) = found else {
            let known: Vec<String> = ALL
                .iter()
                .filter(|of| form(of, long).is_some())
                .map(|of| format!("'{}'", of.name))
                .collect();
            let of = if long { "several groups" } else { "one group" };
            return Err(
                Error::invalid(6005, format!("`{function}` does not know this `index` of {of}"))
                    .hint(format!("one of {}", known.join(", "))),
            );
        };
        let mut params = Params::default();
        for argument in form.takes {
            match argument.role {
                Role::Option(default) => params.numbers.push(default),
                Role::Choice(default) => params.texts.push(default.to_owned()),
                _ => {}
            }
        }
        Ok(Self {
            kernel: form.kernel,
            params,
        })
    }

    /// Returns the index of one group and the rest; nothing where it says nothing.
    pub(super) fn wide(&self, areas: &Wide) -> Result<Option<f64>, Error> {
        match self.kernel {
            Kernel::Wide(kernel) => Self::number(&kernel(areas, &self.params)?),
            _ => Err(Error::bug(9605, "an index of several groups got one")),
        }
    }

    /// Returns the index of all groups; nothing where it says nothing.
    pub(super) fn long(&self, cells: &Long<'_>) -> Result<Option<f64>, Error> {
        match self.kernel {
            Kernel::Long(kernel) => Self::number(&kernel(cells, &self.params)?),
            _ => Err(Error::bug(9605, "an index of one group got several")),
        }
    }

    fn number(value: &Value) -> Result<Option<f64>, Error> {
        match value {
            Value::Number(value) => Ok(Some(*value)),
            Value::Null => Ok(None),
            _ => Err(Error::bug(9605, "an index is one number")),
        }
    }
}
