//! What a reader knows of who is counted where: the published cells as sets of atoms.
//!
//! An atom is a combination of codes, one for each column that tables are broken down by, that somebody may have as far
//! as published tables tell: in every table its cell is there and is no published zero. It is finer than any cell, and
//! cells are sets of atoms. Only what may hold somebody is built: the tables are joined one after the other, from the
//! one with most cells outwards. A column that says nothing of an atom, because the tables with it leave the atom out,
//! stays open.

use std::collections::{BTreeMap, HashMap};

use super::{super::CountTable, certificate::Correspondence, published::PublishedTable};

/// So many atoms are taken at most.
const MOST_ATOMS: usize = 30_000_000;
/// The value of a column that is open.
const OPEN: u32 = u32::MAX;

/// Why there are no atoms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoAtoms {
    /// There would be too many.
    TooMany,
    /// The tables use columns together, and no correspondence says which codes of them belong together.
    NoCorrespondence(Vec<String>),
}

/// Columns that belong together and the combinations of codes that they have.
#[derive(Debug)]
struct Group {
    columns: Vec<String>,
    /// The combinations; a code is none where a column is only filtered by, and has no code that a filter names.
    values: Vec<Vec<Option<String>>>,
    /// Of every column the values that have a code.
    with: Vec<HashMap<String, Vec<u32>>>,
}

impl Group {
    fn new(columns: Vec<String>, values: Vec<Vec<Option<String>>>) -> Self {
        let mut with = vec![HashMap::<String, Vec<u32>>::new(); columns.len()];
        for (number, value) in (0_u32..).zip(&values) {
            for (with, code) in with.iter_mut().zip(value) {
                if let Some(code) = code {
                    with.entry(code.clone()).or_default().push(number);
                }
            }
        }
        Self { columns, values, with }
    }
}

/// The published cells of a population as sets of atoms.
#[derive(Debug)]
pub(super) struct Atoms {
    groups: Vec<Group>,
    /// How many atoms there are.
    count: usize,
    /// The values of every atom, one for each group.
    values: Vec<u32>,
    /// Of every table and cell its atoms, rising.
    pub(super) sets: Vec<Vec<Vec<u32>>>,
}

/// A table as the join needs it.
struct Part<'a> {
    table: &'a PublishedTable,
    definition: &'a CountTable,
    /// Of every dimension its group and, of every level, the column in it.
    dimensions: Vec<(usize, Vec<usize>)>,
    /// Group, column in it and codes of every filter.
    filters: Vec<(usize, usize, &'a [String])>,
    cells: HashMap<u128, u32>,
    /// Of every dimension what one coordinate more adds to the number of a cell.
    strides: Vec<u128>,
    /// Of every dimension and level the coordinate of a code.
    coordinates: Vec<Vec<HashMap<&'a str, u32>>>,
    totals: Vec<Option<u32>>,
    /// Of every dimension the level with most codes.
    finest: Vec<usize>,
}

impl<'a> Part<'a> {
    fn new(definition: &'a CountTable, table: &'a PublishedTable, groups: &[Group]) -> Option<Self> {
        let place = |column: &str| {
            groups
                .iter()
                .enumerate()
                .find_map(|(group, all)| Some((group, all.columns.iter().position(|name| name == column)?)))
        };
        let mut dimensions = Vec::with_capacity(definition.dimensions.len());
        for dimension in &definition.dimensions {
            let places = dimension
                .levels
                .iter()
                .map(|level| place(&level.column))
                .collect::<Option<Vec<_>>>()?;
            dimensions.push((places.first()?.0, places.iter().map(|(_, column)| *column).collect()));
        }
        let filters = definition
            .filters
            .iter()
            .map(|(column, codes)| place(column).map(|(group, at)| (group, at, codes.as_slice())))
            .collect::<Option<Vec<_>>>()?;
        let mut coordinates = Vec::with_capacity(definition.dimensions.len());
        let mut totals = Vec::with_capacity(definition.dimensions.len());
        for (dimension, of) in definition.dimensions.iter().zip(&table.coordinates) {
            let mut levels = vec![HashMap::new(); dimension.levels.len()];
            let mut total = None;
            for (number, coordinate) in (0_u32..).zip(of) {
                match coordinate.level {
                    Some(level) => {
                        levels[level].insert(coordinate.code.as_str(), number);
                    }
                    None => total = Some(number),
                }
            }
            coordinates.push(levels);
            totals.push(total);
        }
        let finest = coordinates
            .iter()
            .map(|levels| {
                let most = levels.iter().enumerate().max_by_key(|(at, level)| (level.len(), *at));
                most.map_or(0, |(at, _)| at)
            })
            .collect();
        let mut strides = Vec::with_capacity(table.coordinates.len());
        let mut size = 1_u128;
        for of in &table.coordinates {
            strides.push(size);
            size = size.checked_mul(of.len() as u128 + 1)?;
        }
        let number = |key: &[u32]| -> u128 {
            key.iter()
                .zip(&strides)
                .map(|(at, stride)| u128::from(*at) * stride)
                .sum()
        };
        let cells = (0_u32..)
            .zip(&table.cells)
            .map(|(place, cell)| (number(&cell.key), place))
            .collect();
        Some(Self {
            table,
            definition,
            dimensions,
            filters,
            cells,
            strides,
            coordinates,
            totals,
            finest,
        })
    }

    /// Whether an atom is counted, once the columns that are filtered by have values.
    fn holds(&self, groups: &[Group], atom: &[u32]) -> bool {
        self.filters.iter().all(|(group, column, codes)| {
            let value = atom[*group];
            value != OPEN
                && groups[*group].values[value as usize][*column]
                    .as_ref()
                    .is_some_and(|code| codes.contains(code))
        })
    }

    /// The cells that an atom is part of, or nothing when one of them is not there or holds nobody.
    fn cells_of(&self, groups: &[Group], atom: &[u32]) -> Option<Vec<u32>> {
        let mut numbers: Vec<u128> = vec![0];
        let mut next: Vec<u128> = Vec::new();
        for (at, (group, columns)) in self.dimensions.iter().enumerate() {
            let value = groups[*group].values.get(atom[*group] as usize)?;
            next.clear();
            let mut add = |place: u32| {
                let step = u128::from(place) * self.strides[at];
                next.extend(numbers.iter().map(|number| number + step));
            };
            for (level, column) in columns.iter().enumerate() {
                add(*self.coordinates[at][level].get(value[*column].as_deref()?)?);
            }
            if let Some(total) = self.totals[at] {
                add(total);
            }
            std::mem::swap(&mut numbers, &mut next);
        }
        numbers
            .iter()
            .map(|number| {
                let cell = *self.cells.get(number)?;
                (self.table.cells[cell as usize].figure != Some(0)).then_some(cell)
            })
            .collect()
    }
}

impl Atoms {
    /// Builds the atoms of all tables of a population. Combinations of codes that cannot be are left out.
    ///
    /// # Errors
    /// When there are too many, or a correspondence is missing.
    pub(super) fn new(
        definitions: &[CountTable],
        tables: &[PublishedTable],
        correspondences: &[Correspondence],
        impossible: &[BTreeMap<String, Vec<String>>],
    ) -> Result<Self, NoAtoms> {
        let groups = groups(definitions, tables, correspondences)?;
        let mut parts: Vec<(usize, Part<'_>)> = definitions
            .iter()
            .zip(tables)
            .enumerate()
            .map(|(number, (definition, table))| Some((number, Part::new(definition, table, &groups)?)))
            .collect::<Option<_>>()
            .ok_or(NoAtoms::TooMany)?;
        // without filters first, the finest of them before all
        parts.sort_by_key(|(number, part)| {
            (
                part.definition.filters.len(),
                usize::MAX - part.table.cells.len(),
                *number,
            )
        });
        let mut atoms: Vec<Vec<u32>> = vec![vec![OPEN; groups.len()]];
        for (_, part) in &parts {
            atoms = split_by_filters(&groups, part, atoms)?;
            atoms = join(&groups, part, &atoms)?;
        }
        atoms.retain(|atom| !impossible.iter().any(|codes| matches(&groups, atom, codes)));
        atoms.sort_unstable();
        let mut sets: Vec<Vec<Vec<u32>>> = tables.iter().map(|table| vec![Vec::new(); table.cells.len()]).collect();
        for (number, part) in &parts {
            for (row, atom) in (0_u32..).zip(&atoms) {
                if part.holds(&groups, atom) {
                    for cell in part.cells_of(&groups, atom).unwrap_or_default() {
                        sets[*number][cell as usize].push(row);
                    }
                }
            }
        }
        Ok(Self {
            count: atoms.len(),
            values: atoms.concat(),
            groups,
            sets,
        })
    }

    /// How many atoms there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The value of an atom in the group that a column belongs to; nothing when it is open.
    pub(super) fn value(&self, atom: u32, column: &str) -> Option<u32> {
        let group = self
            .groups
            .iter()
            .position(|group| group.columns.iter().any(|name| name == column))?;
        let value = self.values[atom as usize * self.groups.len() + group];
        (value != OPEN).then_some(value)
    }
}

fn matches(groups: &[Group], atom: &[u32], codes: &BTreeMap<String, Vec<String>>) -> bool {
    codes.iter().all(|(name, list)| {
        groups.iter().zip(atom).any(|(group, value)| {
            let column = group.columns.iter().position(|column| column == name);
            let code = column.and_then(|column| group.values.get(*value as usize)?[column].as_ref());
            code.is_some_and(|code| list.contains(code))
        })
    })
}

/// Columns that are levels of one dimension, in groups; a dimension is known by its name in all tables.
pub fn columns_together(definitions: &[CountTable]) -> Vec<Vec<String>> {
    let mut groups: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for dimension in definitions.iter().flat_map(|table| &table.dimensions) {
        let columns: Vec<&String> = dimension.levels.iter().map(|level| &level.column).collect();
        let (mut names, mut all) = (vec![dimension.name.as_str()], Vec::new());
        let (touched, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(names, of)| {
            names.contains(&dimension.name.as_str()) || columns.iter().any(|column| of.contains(*column))
        });
        for (more_names, more) in touched {
            names.extend(more_names);
            all.extend(more);
        }
        for column in columns {
            if !all.contains(column) {
                all.push(column.clone());
            }
        }
        groups = others;
        groups.push((names, all));
    }
    for (column, _) in definitions.iter().flat_map(|table| &table.filters) {
        if !groups.iter().any(|(_, columns)| columns.contains(column)) {
            groups.push((Vec::new(), vec![column.clone()]));
        }
    }
    let mut columns: Vec<Vec<String>> = groups
        .into_iter()
        .map(|(_, mut columns)| {
            columns.sort_unstable();
            columns
        })
        .collect();
    columns.sort_unstable();
    columns
}

fn groups(
    definitions: &[CountTable],
    tables: &[PublishedTable],
    correspondences: &[Correspondence],
) -> Result<Vec<Group>, NoAtoms> {
    columns_together(definitions)
        .into_iter()
        .map(|columns| {
            if columns.len() > 1 {
                let mut sorted = columns.clone();
                sorted.sort_unstable();
                let found = correspondences.iter().find(|other| {
                    let mut names = other.columns.clone();
                    names.sort_unstable();
                    names == sorted
                });
                let Some(found) = found else {
                    return Err(NoAtoms::NoCorrespondence(columns));
                };
                let values = found
                    .codes
                    .iter()
                    .map(|codes| codes.iter().cloned().map(Some).collect())
                    .collect();
                return Ok(Group::new(found.columns.clone(), values));
            }
            let name = &columns[0];
            let mut codes: Vec<Option<String>> = Vec::new();
            for (definition, table) in definitions.iter().zip(tables) {
                for (dimension, coordinates) in definition.dimensions.iter().zip(&table.coordinates) {
                    if dimension.levels.iter().any(|level| level.column == *name) {
                        let own = coordinates.iter().filter(|coordinate| coordinate.level.is_some());
                        codes.extend(own.map(|coordinate| Some(coordinate.code.clone())));
                    }
                }
            }
            // where a table leaves codes out, somebody may have another one
            let filters: Vec<&Vec<String>> = definitions
                .iter()
                .flat_map(|table| &table.filters)
                .filter(|(column, _)| column == name)
                .map(|(_, codes)| codes)
                .collect();
            if !filters.is_empty() {
                codes.extend(filters.into_iter().flatten().cloned().map(Some));
                codes.push(None);
            }
            codes.sort_unstable();
            codes.dedup();
            Ok(Group::new(columns, codes.into_iter().map(|code| vec![code]).collect()))
        })
        .collect()
}

/// Gives the columns that a table is filtered by values, where they are open.
fn split_by_filters(groups: &[Group], part: &Part<'_>, mut atoms: Vec<Vec<u32>>) -> Result<Vec<Vec<u32>>, NoAtoms> {
    for (group, _, _) in &part.filters {
        let mut next = Vec::with_capacity(atoms.len());
        for atom in atoms {
            if atom[*group] != OPEN {
                next.push(atom);
                continue;
            }
            for value in (0_u32..).take(groups[*group].values.len()) {
                let mut atom = atom.clone();
                atom[*group] = value;
                next.push(atom);
            }
            if next.len() > MOST_ATOMS {
                return Err(NoAtoms::TooMany);
            }
        }
        atoms = next;
    }
    Ok(atoms)
}

/// Coordinates of some dimensions → those of the others.
type Index = HashMap<Vec<u32>, Vec<Vec<u32>>>;

/// Gives the open columns of a table the values that its cells allow.
fn join(groups: &[Group], part: &Part<'_>, atoms: &[Vec<u32>]) -> Result<Vec<Vec<u32>>, NoAtoms> {
    // by which dimensions have a value: their coordinates on the finest level → those of the others
    let mut indices: HashMap<Vec<bool>, Index> = HashMap::new();
    let is_finest = |key: &[u32]| {
        key.iter()
            .zip(&part.table.coordinates)
            .zip(&part.finest)
            .all(|((place, coordinates), level)| coordinates[*place as usize].level == Some(*level))
    };
    let mut found = Vec::new();
    for atom in atoms {
        if !part.holds(groups, atom) {
            found.push(atom.clone());
            continue;
        }
        let set: Vec<bool> = part.dimensions.iter().map(|(group, _)| atom[*group] != OPEN).collect();
        let index = indices.entry(set.clone()).or_insert_with(|| {
            let mut index = Index::new();
            for cell in &part.table.cells {
                if cell.figure != Some(0) && is_finest(&cell.key) {
                    let side = |wanted: bool| {
                        let places = cell.key.iter().zip(&set);
                        places
                            .filter(|(_, set)| **set == wanted)
                            .map(|(place, _)| *place)
                            .collect()
                    };
                    index.entry(side(true)).or_default().push(side(false));
                }
            }
            index
        });
        let known = part
            .dimensions
            .iter()
            .enumerate()
            .filter(|(at, _)| set[*at])
            .map(|(at, (group, columns))| {
                let level = part.finest[at];
                let code = groups[*group].values[atom[*group] as usize][columns[level]].as_deref()?;
                part.coordinates[at][level].get(code).copied()
            })
            .collect::<Option<Vec<u32>>>();
        let Some(rest) = known.and_then(|known| index.get(&known)) else {
            continue;
        };
        for places in rest {
            let mut more: Vec<Vec<u32>> = vec![atom.clone()];
            let mut places = places.iter();
            for (at, (group, columns)) in part.dimensions.iter().enumerate().filter(|(at, _)| !set[*at]) {
                let Some(place) = places.next() else { continue };
                let level = part.finest[at];
                let code = &part.table.coordinates[at][*place as usize].code;
                let values = groups[*group].with[columns[level]]
                    .get(code)
                    .map_or(&[][..], Vec::as_slice);
                more = more
                    .iter()
                    .flat_map(|atom| {
                        // two dimensions of a table may be of one group
                        let fits = |value: &&u32| atom[*group] == OPEN || atom[*group] == **value;
                        values.iter().filter(fits).map(|value| {
                            let mut atom = atom.clone();
                            atom[*group] = *value;
                            atom
                        })
                    })
                    .collect();
            }
            more.retain(|atom| part.cells_of(groups, atom).is_some());
            found.extend(more);
            if found.len() > MOST_ATOMS {
                return Err(NoAtoms::TooMany);
            }
        }
    }
    Ok(found)
}
