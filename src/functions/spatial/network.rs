//! Areas and edges in one table: the rows that functions of neighbours take.
//!
//! A row whose neighbour is the area itself says what the area has (counts, values); its weight is that of the area on
//! itself. Every other row is an edge: only its weight counts, so counts may be NULL or repeated there. An edge to an
//! area without a row of its own leads out of the map and is left out.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    functions::table::{Table, Unit},
    geo::Weights,
};

/// Areas with their edges.
#[derive(Debug)]
pub(super) struct Network {
    /// Number of each area among the first keys.
    areas: Vec<usize>,
    /// The cell of each area's own row.
    pub(super) cells: Vec<usize>,
    /// Weight of each area on itself, 0 when none is given.
    pub(super) own: Vec<f64>,
    /// Edges between different areas.
    pub(super) weights: Weights,
}

impl Network {
    /// Reads a table whose first two keys are area and neighbour; `weight` is the place of the weight among the counts.
    /// Nothing when the own row or the weight of something is NULL.
    pub(super) fn new(table: &Table<'_>, function: &str, weight: usize) -> Result<Option<Self>> {
        if Self::hidden(table, weight) {
            return Ok(None);
        }
        // both keys are in the order of their texts
        let mut same = vec![None; table.distinct(1)];
        let mut area = 0;
        for (neighbour, same) in same.iter_mut().enumerate() {
            let name = table.text(1, neighbour);
            while area < table.distinct(0) && table.text(0, area) < name {
                area += 1;
            }
            if area < table.distinct(0) && table.text(0, area) == name {
                *same = Some(area);
            }
        }
        let mut units = vec![None; table.distinct(0)];
        let mut network = Self {
            areas: Vec::new(),
            cells: Vec::new(),
            own: Vec::new(),
            weights: Weights::default(),
        };
        let rows = || table.key(0).iter().zip(table.key(1)).enumerate();
        for (cell, (area, neighbour)) in rows() {
            let area = *area as usize;
            if same[*neighbour as usize] != Some(area) {
                continue;
            }
            if units[area].is_some() {
                return Err(
                    Error::invalid(6011, format!("`{function}` got an area with two different values"))
                        .hint("the row where `neighbour` is the area itself says what the area has; there may be one"),
                );
            }
            units[area] = Some(network.areas.len());
            network.areas.push(area);
            network.cells.push(cell);
            network.own.push(table.count(weight)[cell]);
        }
        let edges = rows()
            .filter_map(|(cell, (area, neighbour))| {
                let from = units[*area as usize]?;
                let to = units[same[*neighbour as usize]?]?;
                let weight = table.count(weight)[cell];
                (from != to && weight > 0.0).then_some((from, to, weight))
            })
            .collect();
        network.weights = Weights::new(network.areas.len(), edges);
        Ok(Some(network))
    }

    /// Returns whether an own row has a NULL, or any row a NULL weight.
    fn hidden(table: &Table<'_>, weight: usize) -> bool {
        let keys = table.keys.len();
        let mut rows = BTreeMap::new();
        for row in table.unknown {
            let own = table.keys[0].text(row.keys[0]) == table.keys[1].text(row.keys[1]);
            if own || row.nulls & (1 << (keys + weight)) != 0 {
                *rows.entry((row.keys, row.nulls)).or_insert(0) += row.times;
            }
        }
        rows.values().any(|times| *times > 0)
    }

    /// Returns how many areas there are.
    pub(super) fn len(&self) -> usize {
        self.areas.len()
    }

    /// Returns the name of an area.
    pub(super) fn name<'a>(&self, table: &Table<'a>, unit: usize) -> &'a str {
        table.text(0, self.areas[unit])
    }

    /// Returns a number of each area.
    pub(super) fn numbers(&self, table: &Table<'_>, key: usize) -> Vec<f64> {
        self.cells
            .iter()
            .map(|cell| table.number(key, table.key(key)[*cell] as usize))
            .collect()
    }

    /// Returns group, rest and total of each area, from the first two counts.
    pub(super) fn units(&self, table: &Table<'_>, function: &str) -> Result<Vec<Unit>> {
        self.cells
            .iter()
            .map(|cell| {
                let (x, t) = (table.count(0)[*cell], table.count(1)[*cell]);
                if x > t {
                    return Err(Error::invalid(
                        6004,
                        format!("`{function}` got an area whose group is larger than its total"),
                    )
                    .hint("the arguments are `area, neighbour, …, x, t, w`"));
                }
                Ok(Unit { x, y: t - x, t })
            })
            .collect()
    }

    /// Leaves out some areas and the edges to them.
    pub(super) fn drop(&mut self, gone: &[bool]) {
        fn keep<T>(column: &mut Vec<T>, gone: &[bool]) {
            let mut each = gone.iter();
            column.retain(|_| each.next().is_some_and(|gone| !gone));
        }
        keep(&mut self.areas, gone);
        keep(&mut self.cells, gone);
        keep(&mut self.own, gone);
        self.weights = self.weights.without(gone);
    }

    /// Returns which areas have no neighbour.
    pub(super) fn islands(&self) -> Vec<bool> {
        (0..self.len()).map(|unit| self.weights.degree(unit) == 0).collect()
    }
}
