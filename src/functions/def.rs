//! A function as data: what a user reads about it and what the shells need to run it, in one constant.
//!
//! The documentation, `system.functions`, the registry, the signatures in error messages and the tests of examples and
//! laws all come from here, so a function cannot be documented in one way and computed in another.

use std::fmt;

use super::{
    disclosure::RecordKeys,
    table::{Long, Table, Wide},
    value::{Output, Value},
};
use crate::error::Error;

/// What a kernel returns.
pub(super) type Outcome = Result<Value, Error>;

/// A group of functions that answer the same kind of question; the catalogue is ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// How unevenly groups live, work or go to school.
    Segregation,
    /// How mixed one place is.
    Diversity,
    /// How unequal a value is between people or areas.
    Inequality,
    /// Shares and rates with their uncertainty.
    Rates,
    /// Summaries and types of areas.
    Area,
    /// How far groups lie apart, and along which gradient.
    Gap,
    /// Where groups live: near each other, near the centre, in clusters.
    Spatial,
    /// Which way values and gaps go, and whether goals are met.
    Trend,
    /// What comes next, and what to do about it.
    Forecast,
    /// What may be shown of a figure about few people.
    Disclosure,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Segregation => "segregation",
            Self::Diversity => "diversity",
            Self::Inequality => "inequality",
            Self::Rates => "rates",
            Self::Area => "area",
            Self::Gap => "gap",
            Self::Spatial => "spatial",
            Self::Trend => "trend",
            Self::Forecast => "forecast",
            Self::Disclosure => "disclosure",
        })
    }
}

/// A query that runs as it stands, and what it prints: a test runs every one of them.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// One SELECT without tables, giving one row with one column.
    pub sql: &'static str,
    /// The value as text, as the engine prints it.
    pub result: &'static str,
}

/// What an argument is for; types, NULL and bounds are checked by it before a kernel sees anything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// Text that names an area, a group, …; rows whose keys are equal are summed. NULL is refused.
    Key,
    /// A finite number: of a scalar any argument, of an aggregate one more key, so equal on all rows of a unit.
    Number,
    /// A number from 0 upwards, summed over the rows of a unit. NULL makes the result NULL.
    Count,
    /// A count that none of the counts beside it may exceed, after summing.
    Total,
    /// A literal text: the name of a group.
    Name,
    /// A number that may be left out; a literal in aggregates.
    Option(f64),
    /// A text that may be left out; a literal in aggregates.
    Choice(&'static str),
}

/// One argument of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Argument {
    /// Name in the signature and in errors.
    pub name: &'static str,
    /// What it is for.
    pub role: Role,
}

impl Argument {
    /// A text key, as `area` or `group`.
    pub(super) const fn key(name: &'static str) -> Self {
        Self { name, role: Role::Key }
    }

    /// A finite number.
    pub(super) const fn number(name: &'static str) -> Self {
        Self {
            name,
            role: Role::Number,
        }
    }

    /// A count.
    pub(super) const fn count(name: &'static str) -> Self {
        Self {
            name,
            role: Role::Count,
        }
    }

    /// The total that counts are part of.
    pub(super) const fn total(name: &'static str) -> Self {
        Self {
            name,
            role: Role::Total,
        }
    }

    /// A literal group name.
    pub(super) const fn name(name: &'static str) -> Self {
        Self { name, role: Role::Name }
    }

    /// A number with a default.
    pub(super) const fn option(name: &'static str, default: f64) -> Self {
        Self {
            name,
            role: Role::Option(default),
        }
    }

    /// A text with a default.
    pub(super) const fn choice(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            role: Role::Choice(default),
        }
    }

    /// Whether a call may leave it out.
    pub fn is_optional(&self) -> bool {
        matches!(self.role, Role::Option(_) | Role::Choice(_))
    }

    /// Whether an aggregate takes it as a literal.
    pub fn is_literal(&self) -> bool {
        matches!(self.role, Role::Name | Role::Option(_) | Role::Choice(_))
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Role::Name => write!(f, "'{}'", self.name),
            Role::Option(default) => write!(f, "{} = {default}", self.name),
            Role::Choice(default) => write!(f, "{} = '{default}'", self.name),
            _ => f.write_str(self.name),
        }
    }
}

/// Something that holds for all data; a property test tries it on every form of the function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// Every value lies between these two.
    Within(f64, f64),
    /// The same number of times as many people everywhere change nothing.
    Scale,
    /// An area split into parts with the same mix changes nothing (organisational equivalence).
    Division,
    /// An index of evenness: 0 when every area has the same mix.
    ZeroWhenEven,
    /// An index of evenness: 1 when no area has more than one group.
    OneWhenApart,
    /// The group and the rest may change places, groups may change names.
    GroupSymmetry,
    /// Areas and groups may change places (long form).
    RoleSymmetry,
    /// People of two groups who change places, so that both areas become more alike, do not raise it.
    Exchange,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Within(lo, hi) if hi.is_infinite() => return write!(f, "never below {lo}"),
            Self::Within(lo, hi) => return write!(f, "from {lo} to {hi}"),
            Self::Scale => "as many times more people everywhere change nothing",
            Self::Division => "an area split into parts with the same mix changes nothing",
            Self::ZeroWhenEven => "0 when every area has the same mix",
            Self::OneWhenApart => "1 when no area has more than one group",
            Self::GroupSymmetry => "groups may change places",
            Self::RoleSymmetry => "areas and groups may change places",
            Self::Exchange => "an exchange that makes two areas more alike does not raise it",
        })
    }
}

/// A field of a struct result under its own name: BI clients handle numbers better than structs.
#[derive(Debug)]
pub struct Twin {
    /// Name in SQL.
    pub name: &'static str,
    /// Place of the field.
    pub field: usize,
    /// How to read a value.
    pub reading: &'static str,
    /// Smallest and largest value.
    pub range: &'static str,
    /// A runnable example with its number.
    pub example: Example,
}

/// One function.
#[derive(Debug)]
pub struct Definition {
    /// Name in SQL.
    pub name: &'static str,
    /// Family, by which the catalogue is ordered.
    pub family: Family,
    /// The formula, with x, y, t per area and X, Y, T in all.
    pub formula: &'static str,
    /// How to read a value.
    pub reading: &'static str,
    /// Smallest and largest value.
    pub range: &'static str,
    /// When the result is NULL.
    pub null_when: &'static str,
    /// Where the formula comes from, with DOI where there is one.
    pub source: &'static str,
    /// A runnable example with its number.
    pub example: Example,
    /// What holds for all data.
    pub laws: &'static [Law],
    /// Fields of a struct result that are functions of their own.
    pub twins: &'static [Twin],
    pub(super) body: Body,
}

impl Definition {
    /// The arguments of every form of call.
    pub fn forms(&self) -> Vec<&'static [Argument]> {
        match self.body {
            Body::Aggregate(forms) => forms.iter().map(|form| form.takes).collect(),
            Body::Scalar(of) => vec![of.takes],
            Body::Field(of, _) => of.forms(),
        }
    }

    /// Every form of call as text: `name(area, x, t)`, optional arguments in brackets.
    pub fn signatures(&self) -> Vec<String> {
        self.forms().into_iter().map(|takes| self.signature(takes)).collect()
    }

    /// One form of call as text.
    pub(super) fn signature(&self, takes: &[Argument]) -> String {
        let arguments: Vec<String> = takes
            .iter()
            .enumerate()
            .map(|(at, argument)| match (argument.is_optional(), at) {
                (true, 0) => format!("[{argument}]"),
                (true, _) => format!("[, {argument}]"),
                (false, 0) => argument.to_string(),
                (false, _) => format!(", {argument}"),
            })
            .collect();
        format!("{}({})", self.name, arguments.concat())
    }

    /// The type of the result of every form.
    pub fn returns(&self) -> Vec<Output> {
        match self.body {
            Body::Aggregate(forms) => forms.iter().map(|form| form.gives).collect(),
            Body::Scalar(of) => vec![of.gives],
            Body::Field(of, field) => of.returns().into_iter().map(|output| output.field(field)).collect(),
        }
    }

    /// Whether it sums up rows, and so may stand with GROUP BY and OVER.
    pub fn is_aggregate(&self) -> bool {
        match self.body {
            Body::Aggregate(_) => true,
            Body::Scalar(_) => false,
            Body::Field(of, _) => of.is_aggregate(),
        }
    }

    /// The function under a twin's name.
    pub(super) fn twin(&'static self, twin: &'static Twin) -> Self {
        Self {
            name: twin.name,
            reading: twin.reading,
            range: twin.range,
            example: twin.example,
            laws: &[],
            twins: &[],
            body: Body::Field(self, twin.field),
            ..*self
        }
    }
}

/// How a function is computed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    /// Over rows; the first form whose arguments fit is taken.
    Aggregate(&'static [Form]),
    /// Row by row.
    Scalar(Scalar),
    /// One field of another function's struct.
    Field(&'static Definition, usize),
}

/// One way to call an aggregate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// The arguments in order: at most six keys and numbers, optional ones last.
    pub(super) takes: &'static [Argument],
    /// What comes out.
    pub(super) gives: Output,
    /// The formula.
    pub(super) kernel: Kernel,
    /// Whether the kernel deals with NULL counts itself; otherwise they make the result NULL.
    pub(super) sees_nulls: bool,
    /// Whether the kernel gets cells without people too: where land counts, not only people.
    pub(super) sees_empty: bool,
}

/// A formula, by what it wants to see.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kernel {
    /// One entry an area with group, rest and total: from `(area, x, t)`, `(area, x, y, t)`, and from
    /// `(area, group, n, 'group'[, 'other group'])`.
    Wide(fn(&Wide, &Params) -> Outcome),
    /// Cells of areas and groups with their margins: from `(area, group, n)`.
    Long(fn(&Long<'_>, &Params) -> Outcome),
    /// Everything, as it was summed.
    Table(fn(&Table<'_>, &Params) -> Outcome),
}

impl Form {
    const fn new(takes: &'static [Argument], kernel: Kernel) -> Self {
        Self {
            takes,
            gives: Output::Number,
            kernel,
            sees_nulls: false,
            sees_empty: false,
        }
    }

    /// Arguments of its own, and everything as it was summed.
    pub(super) const fn table(takes: &'static [Argument], kernel: fn(&Table<'_>, &Params) -> Outcome) -> Self {
        Self::new(takes, Kernel::Table(kernel))
    }

    /// The same for a kernel that deals with NULL counts itself.
    pub(super) const fn sees_nulls(mut self) -> Self {
        self.sees_nulls = true;
        self
    }

    /// The same for a kernel that gets cells without people too.
    pub(super) const fn sees_empty(mut self) -> Self {
        self.sees_empty = true;
        self
    }

    /// The same with another type of result.
    pub(super) const fn gives(mut self, gives: Output) -> Self {
        self.gives = gives;
        self
    }

    /// The same with other arguments of the same kinds, as with a parameter after them.
    pub(super) const fn takes(mut self, takes: &'static [Argument]) -> Self {
        self.takes = takes;
        self
    }

    /// `(area, x, t)`: a group and the total.
    pub(super) const fn wide(kernel: fn(&Wide, &Params) -> Outcome) -> Self {
        const TAKES: &[Argument] = &[Argument::key("area"), Argument::count("x"), Argument::total("t")];
        Self::new(TAKES, Kernel::Wide(kernel))
    }

    /// `(area, x, y, t)`: two groups and the total.
    pub(super) const fn two(kernel: fn(&Wide, &Params) -> Outcome) -> Self {
        const TAKES: &[Argument] = &[
            Argument::key("area"),
            Argument::count("x"),
            Argument::count("y"),
            Argument::total("t"),
        ];
        Self::new(TAKES, Kernel::Wide(kernel))
    }

    /// `(area, group, n)`: all groups.
    pub(super) const fn long(kernel: fn(&Long<'_>, &Params) -> Outcome) -> Self {
        const TAKES: &[Argument] = &[Argument::key("area"), Argument::key("group"), Argument::count("n")];
        Self::new(TAKES, Kernel::Long(kernel))
    }

    /// `(area, group, n, 'group')`: one group against the rest.
    pub(super) const fn one_of(kernel: fn(&Wide, &Params) -> Outcome) -> Self {
        const TAKES: &[Argument] = &[
            Argument::key("area"),
            Argument::key("group"),
            Argument::count("n"),
            Argument::name("group"),
        ];
        Self::new(TAKES, Kernel::Wide(kernel))
    }

    /// `(area, group, n, 'group', 'other group')`: two groups of several.
    pub(super) const fn two_of(kernel: fn(&Wide, &Params) -> Outcome) -> Self {
        const TAKES: &[Argument] = &[
            Argument::key("area"),
            Argument::key("group"),
            Argument::count("n"),
            Argument::name("group"),
            Argument::name("other group"),
        ];
        Self::new(TAKES, Kernel::Wide(kernel))
    }
}

/// A function of the values of one row: NULL in any argument gives NULL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar {
    /// The arguments in order, optional ones last.
    pub(super) takes: &'static [Argument],
    /// What comes out.
    pub(super) gives: Output,
    /// The function; it gets finite numbers, counts from 0 upwards, and defaults where arguments were left out.
    pub(super) kernel: fn(&Params) -> Outcome,
}

/// Numbers and texts of a call in the order of the signature, left-out ones with their defaults: of an aggregate the
/// literals, of a scalar all arguments.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    pub(super) numbers: Vec<f64>,
    pub(super) texts: Vec<String>,
    /// What makes record keys, of a scalar in a session that has it.
    pub(super) keys: Option<RecordKeys>,
}

impl Params {
    /// Returns a text by its place among the texts.
    pub(super) fn text(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", String::as_str)
    }

    /// Returns a number by its place among the numbers. A place that the signature does not have gives NaN, which the
    /// shell refuses as a result.
    pub(super) fn number(&self, at: usize) -> f64 {
        self.numbers.get(at).copied().unwrap_or(f64::NAN)
    }
}
