//! How large a statement may be: before it is parsed, by its words; after, by its plan.
//!
//! Parsing, planning, optimising and forgetting a statement all walk down its tree, some of it on the stack, and a stack that
//! overflows takes the whole server with it, which nothing can catch. A chain (`a OR b OR …`, `UNION ALL`, joins, one CTE upon the
//! other) is as deep as it is long. And a CTE that is used twice by the next, which is used twice by the next, doubles the plan with
//! every line; so does a column that is twice the one before. Lists (`IN (…)`, `VALUES`, columns) are flat and may be long.

use std::{collections::BTreeMap, ops::ControlFlow};

use datafusion::{
    common::tree_node::{TreeNode, TreeNodeRecursion},
    logical_expr::{Expr, LogicalPlan},
    sql::sqlparser::{
        ast::{Ident, ObjectName, Query, Statement, Visit, Visitor},
        dialect::GenericDialect,
        keywords::Keyword,
        tokenizer::{Token, Tokenizer},
    },
};

use crate::error::{Error, Result};

/// Longest text of a statement, in bytes.
const LONGEST: usize = 1 << 20;
/// Most operators one after the other without a comma, a clause or a parenthesis between them.
const LONGEST_CHAIN: usize = 1_000;
/// Most queries, joins and set operations together.
const MOST_PARTS: usize = 500;
/// A join, written as such or as EXCEPT or INTERSECT, takes so much more of the stack than a query or a UNION.
const PARTS_OF_A_JOIN: usize = 4;
/// Most steps of a plan, counted wherever they are used.
const MOST_STEPS: usize = 20_000;
/// Most terms of a column.
const LARGEST_COLUMN: usize = 100_000;

fn too_large(what: String) -> Error {
    Error::exhausted(2108, what).hint("split the statement; a long list of values belongs in IN (…)")
}

/// Refuses a text that is too long, or whose tree would be too deep. A text that is no SQL passes: the parser says why.
pub(super) fn check_text(sql: &str) -> Result<()> {
    if sql.len() > LONGEST {
        return Err(too_large("the statement is longer than 1 MiB".to_owned()));
    }
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else {
        return Ok(());
    };
    let mut parts = 0;
    // for every open parenthesis: the length of the chain now, and whether this is a list of tables
    let mut open = vec![(0_usize, false)];
    for token in &tokens {
        let Some((chain, tables)) = open.last_mut() else {
            return Ok(());
        };
        match token {
            Token::Whitespace(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::SemiColon
            | Token::EOF => {}
            Token::LParen | Token::LBrace => open.push((0, false)),
            Token::RParen | Token::RBrace => {
                let inner = *chain;
                open.pop();
                match open.last_mut() {
                    Some((outer, _)) => *outer = (*outer).max(inner + 1),
                    // one too many; the parser says so
                    None => return Ok(()),
                }
            }
            Token::Comma => {
                *chain = 0;
                parts += usize::from(*tables);
            }
            Token::Word(word) => match word.keyword {
                Keyword::FROM => {
                    parts += 1;
                    (*chain, *tables) = (0, true);
                }
                Keyword::SELECT | Keyword::VALUES | Keyword::TABLE => {
                    parts += 1;
                    (*chain, *tables) = (0, false);
                }
                Keyword::UNION => parts += 1,
                // the parser goes one level deeper for each, without a limit of its own
                Keyword::EXPLAIN => parts += MOST_PARTS / 4,
                Keyword::JOIN | Keyword::APPLY | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::MINUS => {
                    parts += PARTS_OF_A_JOIN;
                }
                Keyword::WHERE
                | Keyword::GROUP
                | Keyword::HAVING
                | Keyword::QUALIFY
                | Keyword::WINDOW
                | Keyword::ORDER
                | Keyword::LIMIT => (*chain, *tables) = (0, false),
                Keyword::WHEN | Keyword::THEN | Keyword::ELSE | Keyword::ON => *chain = 0,
                Keyword::AND
                | Keyword::OR
                | Keyword::XOR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::SIMILAR
                | Keyword::RLIKE
                | Keyword::REGEXP
                | Keyword::BETWEEN
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::DIV
                | Keyword::OVERLAPS
                | Keyword::NOTNULL => *chain += 1,
                _ => {}
            },
            Token::VerticalBarRightAngleBracket => parts += 1,
            // an operator, a cast, an index
            _ => *chain += 1,
        }
        if open.last().is_some_and(|(chain, _)| *chain > LONGEST_CHAIN) {
            return Err(too_large(format!(
                "more than {LONGEST_CHAIN} operators stand in one chain"
            )));
        }
        if parts > MOST_PARTS {
            return Err(too_large(format!(
                "the statement has more than {MOST_PARTS} queries, joins and set operations"
            )));
        }
    }
    Ok(())
}

/// Refuses a statement whose CTEs, each written out wherever it is used, would be too many. The planner walks all of them for every
/// clause, so this cannot wait for the plan.
pub(super) fn check_tree(statement: &Statement) -> Result<()> {
    let mut weights = Weights {
        names: BTreeMap::new(),
        queries: BTreeMap::new(),
        open: vec![0],
    };
    if statement.visit(&mut weights).is_break() {
        return Err(too_large(format!(
            "the statement has more than {MOST_STEPS} steps with every CTE written out"
        )));
    }
    Ok(())
}

/// Sums up queries and tables, from the inside out.
struct Weights {
    /// What a CTE weighs, by its name as it is used.
    names: BTreeMap<String, usize>,
    /// Queries that are CTEs, by where they are in memory, with their name.
    queries: BTreeMap<usize, String>,
    /// For every query around: its weight so far.
    open: Vec<usize>,
}

impl Weights {
    fn add(&mut self, weight: usize) -> ControlFlow<()> {
        let Some(now) = self.open.last_mut() else {
            return ControlFlow::Break(());
        };
        *now = now.saturating_add(weight);
        if *now > MOST_STEPS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

fn place(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

fn name(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

impl Visitor for Weights {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.queries.insert(place(&cte.query), name(&cte.alias.name));
        }
        self.open.push(1);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let weight = self.open.pop().unwrap_or(0);
        match self.queries.get(&place(query)) {
            Some(name) => {
                // the heaviest of a name, whichever is meant
                let known = self.names.entry(name.clone()).or_default();
                *known = (*known).max(weight);
                ControlFlow::Continue(())
            }
            None => self.add(weight),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let cte = match relation.0.as_slice() {
            [part] => part.as_ident().and_then(|ident| self.names.get(&name(ident))),
            _ => None,
        };
        self.add(cte.copied().unwrap_or(1))
    }
}

/// Refuses a plan with too many steps, or whose columns would become too large.
pub(super) fn check_plan(plan: &LogicalPlan) -> Result<()> {
    let mut steps = 0;
    plan.apply_with_subqueries(|_| {
        steps += 1;
        Ok(if steps > MOST_STEPS {
            TreeNodeRecursion::Stop
        } else {
            TreeNodeRecursion::Continue
        })
    })?;
    if steps > MOST_STEPS {
        return Err(too_large(format!("the plan has more than {MOST_STEPS} steps")));
    }
    let mut largest = 0;
    columns(plan, &mut largest)?;
    if largest > LARGEST_COLUMN {
        return Err(too_large(format!(
            "a column has more than {LARGEST_COLUMN} terms when the columns that it is computed from are written out"
        )));
    }
    Ok(())
}

/// Most characters or items that a call may make out of nothing.
const MOST_MADE: u64 = 10_000;
/// Functions that make as much as they are told, and the place of the argument that says how much; None: all of them.
const MAKERS: &[(&str, Option<usize>)] = &[
    ("repeat", Some(1)),
    ("lpad", Some(1)),
    ("rpad", Some(1)),
    ("array_repeat", Some(1)),
    ("array_resize", Some(1)),
    ("range", None),
    ("generate_series", None),
];

/// Refuses calls that make long texts or lists out of nothing: one such call fills the memory outside of any limit, and cannot be stopped.
pub(super) fn check_amounts(plan: &LogicalPlan) -> Result<()> {
    let small = |expr: &Expr| {
        matches!(expr, Expr::Literal(value, _)
            if value.is_null() || value.to_string().parse::<i64>().is_ok_and(|number| number.unsigned_abs() <= MOST_MADE))
    };
    let mut large = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                if let Expr::ScalarFunction(call) = part
                    && let Some((name, at)) = MAKERS.iter().find(|(name, _)| *name == call.func.name())
                {
                    let amounts = match at {
                        Some(at) => call.args.get(*at).into_iter().collect::<Vec<_>>(),
                        None => call.args.iter().collect(),
                    };
                    if !amounts.into_iter().all(small) {
                        large = Some(*name);
                        return Ok(TreeNodeRecursion::Stop);
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    match large {
        None => Ok(()),
        Some(name) => Err(Error::exhausted(
            2109,
            format!("`{name}` may make {MOST_MADE} at most, said as a literal number"),
        )
        .hint("join a table that has the rows, or make them where the result is read")),
    }
}

/// How many terms each column of `plan` has when written out down to the tables, and the `largest` of all below.
///
/// The optimiser moves conditions below the projections that they are about, and writes them out by that: `n + n` of `n + n` of …
/// doubles with each.
fn columns(plan: &LogicalPlan, largest: &mut usize) -> datafusion::error::Result<Vec<usize>> {
    plan.apply_subqueries(|inner| columns(inner, largest).map(|_| TreeNodeRecursion::Continue))?;
    let inputs = plan.inputs();
    let below = inputs
        .iter()
        .map(|input| columns(input, largest))
        .collect::<datafusion::error::Result<Vec<_>>>()?;
    let mut terms = |expr: &Expr| -> datafusion::error::Result<usize> {
        let mut sum = 0_usize;
        expr.apply(|part| {
            let weight = match part {
                Expr::Column(column) => inputs
                    .iter()
                    .zip(&below)
                    .find_map(|(input, known)| known.get(input.schema().maybe_index_of_column(column)?).copied())
                    .unwrap_or(1),
                _ => 1,
            };
            sum = sum.saturating_add(weight);
            Ok(TreeNodeRecursion::Continue)
        })?;
        *largest = sum.max(*largest);
        Ok(sum)
    };
    let width = plan.schema().fields().len();
    let known: Vec<usize> = match (plan, below.as_slice()) {
        (LogicalPlan::Projection(projection), _) => projection.expr.iter().map(terms).collect::<Result<_, _>>()?,
        (LogicalPlan::Aggregate(aggregate), _) => {
            let mut known: Vec<usize> = aggregate.group_expr.iter().map(&mut terms).collect::<Result<_, _>>()?;
            for expr in &aggregate.aggr_expr {
                terms(expr)?;
                known.push(1);
            }
            known
        }
        (LogicalPlan::Union(_), [first, rest @ ..]) => rest.iter().fold(first.clone(), |known, other| {
            known.iter().zip(other).map(|(one, other)| *one.max(other)).collect()
        }),
        _ => {
            plan.apply_expressions(|expr| terms(expr).map(|_| TreeNodeRecursion::Continue))?;
            below.concat()
        }
    };
    // what adds columns of its own (a window, an unnested list) adds them at the end, and conditions stay above them
    Ok(known.into_iter().chain(std::iter::repeat(1)).take(width).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctes_that_double_are_refused() {
        use datafusion::sql::sqlparser::parser::Parser;
        let doubling = |levels: usize| {
            let ctes: Vec<_> = (1..=levels)
                .map(|i| format!("a{i} AS (SELECT x.n FROM a{} x, A{} y)", i - 1, i - 1))
                .collect();
            format!(
                "WITH a0 AS (SELECT 1 AS n), {} SELECT * FROM a{levels}",
                ctes.join(", ")
            )
        };
        let check = |sql: &str| check_tree(&Parser::parse_sql(&GenericDialect {}, sql).unwrap()[0]);
        assert!(check(&doubling(5)).is_ok());
        assert_eq!(check(&doubling(40)).unwrap_err().code(), 2108);
        // an inner one of the same name does not hide how heavy the outer one is
        let hidden = doubling(40).replace(
            "SELECT * FROM a40",
            "SELECT * FROM (WITH a40 AS (SELECT 1) SELECT * FROM a40) x, a40",
        );
        assert!(check(&hidden).is_err());
        assert!(check("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t").is_ok());
    }

    #[test]
    fn lists_may_be_long_and_chains_may_not() {
        let list = vec!["'9901'"; 20_000].join(", ");
        let columns = vec!["a + b * c"; 2_000].join(", ");
        check_text(&format!("SELECT {columns} FROM t WHERE code IN ({list})")).unwrap();
        let pairs = vec!["(a = 1 AND b = 2)"; 200].join(" OR ");
        check_text(&format!("SELECT 1 FROM t WHERE {pairs}")).unwrap();
        let chain = |what: &str, with: &str, count| format!("SELECT {}", vec![what; count].join(with));
        for (text, fine) in [
            (chain("a", " OR ", 900), true),
            (chain("a", " OR ", 1_100), false),
            (chain("1", "+", 1_100), false),
            (format!("SELECT 1{}", "::int".repeat(1_100)), false),
            (format!("SELECT {}1{}", "(".repeat(60), "+1)".repeat(60)), true),
            (chain("1", " UNION ALL SELECT ", 600), false),
            (format!("SELECT 1 FROM {}", vec!["t"; 600].join(", ")), false),
            (format!("SELECT 1 FROM t {}", "CROSS JOIN u ".repeat(120)), true),
            (format!("SELECT 1 FROM t {}", "CROSS JOIN u ".repeat(130)), false),
            (format!("FROM t {}", "|> WHERE true ".repeat(600)), false),
            (format!("SELECT '{}'", "+".repeat(2_000)), true),
            ("SELECT 1))))".to_owned(), true),
            ("EXPLAIN EXPLAIN SELECT 1".to_owned(), true),
            (format!("{}SELECT 1", "EXPLAIN ".repeat(240)), false),
            (" ".repeat(2 << 20), false),
        ] {
            assert_eq!(check_text(&text).is_ok(), fine, "{}", &text[..60]);
        }
    }
}
