//! What is written of a function, field by field: the same in `system.functions`, in JSON and in print.

use serde::Serialize;

use super::def::Definition;

/// A function as its users read it. The names of the fields are kept: programs read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// Name in SQL.
    pub name: &'static str,
    /// The kind of question that it answers.
    pub family: String,
    /// `aggregate` over rows, with GROUP BY and OVER, or `scalar` of one row.
    pub kind: &'static str,
    /// Every way to call it.
    pub signature: Vec<String>,
    /// The type of the result, one for each signature.
    pub returns: Vec<String>,
    /// The formula.
    pub formula: &'static str,
    /// How to read a value.
    pub reading: &'static str,
    /// Smallest and largest value.
    pub range: &'static str,
    /// When the result is NULL.
    pub null_when: &'static str,
    /// Where the formula comes from.
    pub source: &'static str,
    /// A query that runs as it stands.
    pub example: &'static str,
    /// What it prints.
    pub example_result: &'static str,
    /// What holds for all data.
    pub laws: Vec<String>,
}

impl Card {
    /// Writes the card of a function.
    pub fn new(of: &Definition) -> Self {
        Self {
            name: of.name,
            family: of.family.to_string(),
            kind: if of.is_aggregate() { "aggregate" } else { "scalar" },
            signature: of.signatures(),
            returns: of.returns().iter().map(ToString::to_string).collect(),
            formula: of.formula,
            reading: of.reading,
            range: of.range,
            null_when: of.null_when,
            source: of.source,
            example: of.example.sql,
            example_result: of.example.result,
            laws: of.laws.iter().map(ToString::to_string).collect(),
        }
    }

    /// Returns the fields in order as texts; of several in one field there is a line each.
    pub fn fields(&self) -> [(&'static str, String); 13] {
        [
            ("name", self.name.to_owned()),
            ("family", self.family.clone()),
            ("kind", self.kind.to_owned()),
            ("signature", self.signature.join("\n")),
            ("returns", self.returns.join("\n")),
            ("formula", self.formula.to_owned()),
            ("reading", self.reading.to_owned()),
            ("range", self.range.to_owned()),
            ("null_when", self.null_when.to_owned()),
            ("source", self.source.to_owned()),
            ("example", self.example.to_owned()),
            ("example_result", self.example_result.to_owned()),
            ("laws", self.laws.join("\n")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Card;
    use crate::functions::catalogue;

    #[test]
    fn a_program_and_a_table_have_the_same_fields() {
        for definition in catalogue() {
            let card = Card::new(definition);
            let json = serde_json::to_value(&card).unwrap();
            let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
            let fields = card.fields();
            assert_eq!(names, fields.each_ref().map(|(name, _)| *name));
            assert_eq!(card.signature.len(), card.returns.len(), "{}", card.name);
            for (name, text) in &fields[..12] {
                assert!(!text.is_empty(), "{}: {name}", card.name);
            }
        }
    }
}
