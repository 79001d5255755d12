//! The fictional county: kommuner, RegSO, DeSO of two vintages, NYKO and properties on a grid.
//!
//! Every DeSO 2018 is a block of 6 × 6 properties of 100 m; NYKO are tiles of 4 × 4 properties over the same grid, so
//! neither level contains the other. Consecutive DeSO (in a snake through the kommun, so that neighbours in number are
//! neighbours on the map) form a RegSO. On 1 January 2025 two DeSO of the main kommun are split, two are merged, and a
//! strip of six properties moves over a border between two DeSO, and two RegSO, that both keep their codes.
//! The ground lies in the open Baltic Sea (SWEREF 99 TM), where no real property can be.

use super::{
    draw::{Domain, Draw, exp, round},
    spec::Spec,
};

/// Properties along one side of a DeSO block.
const SIDE: usize = 6;
/// Properties of one DeSO 2018.
pub(super) const BLOCK: usize = SIDE * SIDE;
/// Properties along one side of a NYKO tile.
const TILE: usize = 4;

/// Code, name and share of the population in percent; the first is the main municipality.
pub(super) const KOMMUNER: [(&str, &str, u64); 4] = [
    ("9901", "Fiktiva", 60),
    ("9902", "Östra Påhitt", 16),
    ("9903", "Sagvik", 14),
    ("9904", "Låtsasås", 10),
];

/// Name and exposure of the RegSO, in order; −1 is best off, 1 worst. They repeat with a number behind.
const PLACES: [(&str, f64); 12] = [
    ("Centrum-Hamnen", 0.0),
    ("Norrhöjden", 0.9),
    ("Ängsbacken", -0.7),
    ("Kvarnåsen", 0.3),
    ("Björkliden", 0.8),
    ("Solviken", -0.95),
    ("Gamla Bruket", 0.2),
    ("Östra Fältet", 0.6),
    ("Tallbacken", -0.5),
    ("Sjöstaden", -0.3),
    ("Lillåker-Byarna", -0.6),
    ("Västermalm", 0.1),
];

/// How many DeSO the RegSO hold, in turn.
const REGSO_SIZES: [usize; 5] = [3, 2, 4, 2, 3];

/// The form of tenure of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tenure {
    /// Rented.
    Hyresratt,
    /// Tenant-owned.
    Bostadsratt,
    /// Owned.
    Aganderatt,
}

impl Tenure {
    /// The word in the files.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hyresratt => "hyresrätt",
            Self::Bostadsratt => "bostadsrätt",
            Self::Aganderatt => "äganderätt",
        }
    }
}

/// A RegSO; it keeps its code in both vintages.
#[derive(Debug, Clone)]
pub struct Regso {
    /// For example `9901R002`.
    pub code: String,
    /// Unique only within the kommun.
    pub name: String,
    /// Index in the list of kommuner.
    pub kommun: usize,
}

/// A DeSO of one vintage.
#[derive(Debug, Clone)]
pub struct Deso {
    /// For example `9901C1030`.
    pub code: String,
    /// Index in [`World::regso`].
    pub regso: usize,
}

/// A property.
#[derive(Debug, Clone)]
pub struct Property {
    /// Nine digits, the first four are the kommun's.
    pub fnr: String,
    /// Designation: kommun, tract and number.
    pub name: String,
    /// South-west corner in EPSG:3006, metres east.
    pub east: usize,
    /// South-west corner in EPSG:3006, metres north.
    pub north: usize,
    /// Index in [`World::deso2018`].
    pub deso2018: usize,
    /// Index in [`World::deso2025`].
    pub deso2025: usize,
    /// Index in [`World::nyko`].
    pub nyko: usize,
    /// Form of tenure of the dwellings on it.
    pub tenure: Tenure,
}

/// One line of the change log between the vintages.
#[derive(Debug, Clone)]
pub struct Change {
    /// Code in 2018.
    pub from: String,
    /// Code in 2025.
    pub to: String,
    /// The producer's words for the kind of change.
    pub kind: &'static str,
}

/// The geography, the same for every year and lineage.
#[derive(Debug)]
pub struct World {
    /// RegSO, by kommun and number.
    pub regso: Vec<Regso>,
    /// DeSO of vintage 2018.
    pub deso2018: Vec<Deso>,
    /// DeSO of vintage 2025.
    pub deso2025: Vec<Deso>,
    /// NYKO: six digits, unique in the county, and the index of the kommun; sorted by code.
    pub nyko: Vec<(String, usize)>,
    /// Properties; those of DeSO 2018 number `d` are `36 d … 36 d + 35`.
    pub properties: Vec<Property>,
    /// The change log 2018 → 2025.
    pub changes: Vec<Change>,
    /// Exposure of each DeSO 2018, −1 (best off) … 1.
    pub(super) exposure: Vec<f64>,
    /// The DeSO 2018 in which exactly three persons born outside Europe live, every year.
    pub(super) planted: usize,
    /// Rising weights of the DeSO 2018, one list per birth region.
    pub(super) choice: [Vec<u32>; 4],
    /// Rising weights of the properties within each DeSO 2018.
    pub(super) homes: Vec<u32>,
}

impl World {
    /// Builds the county; milliseconds even for the largest.
    pub fn new(spec: &Spec) -> Self {
        let mut world = Self {
            regso: Vec::new(),
            deso2018: Vec::new(),
            deso2025: Vec::new(),
            nyko: Vec::new(),
            properties: Vec::new(),
            changes: Vec::new(),
            exposure: Vec::new(),
            planted: 0,
            choice: Default::default(),
            homes: Vec::new(),
        };
        let total = (spec.persons / 200).clamp(30, 600);
        let mut tiles = Vec::new();
        for (kommun, (code, name, share)) in KOMMUNER.iter().enumerate() {
            let count = usize::try_from((total * share / 100).max(3)).unwrap_or(3);
            world.add_areas(spec.seed, kommun, code, count);
            world.add_properties(spec.seed, kommun, code, name, count, &mut tiles);
        }
        world.number_nyko(tiles);
        world.redraw_2025();
        world.set_weights(spec);
        world
    }

    fn add_areas(&mut self, seed: u64, kommun: usize, code: &str, count: usize) {
        let mut left = count;
        let mut ordinal = 0;
        while left > 0 {
            let size = REGSO_SIZES[ordinal % REGSO_SIZES.len()].min(left);
            let place = ordinal + kommun * 3;
            let (name, exposure) = PLACES[place % PLACES.len()];
            let round_no = ordinal / PLACES.len();
            self.regso.push(Regso {
                code: format!("{code}R{:03}", ordinal + 1),
                name: if round_no == 0 {
                    name.to_owned()
                } else {
                    format!("{name} {}", round_no + 1)
                },
                kommun,
            });
            if kommun == 0 && ordinal == 5 {
                self.planted = self.deso2018.len();
            }
            for _ in 0..size {
                let number = self.deso2018.len();
                let in_kommun = count - left;
                let letter_and_number = if name.ends_with("Byarna") {
                    format!("A{:04}", 10 + 10 * in_kommun)
                } else {
                    format!("C{:04}", 1010 + 10 * in_kommun)
                };
                self.deso2018.push(Deso {
                    code: format!("{code}{letter_and_number}"),
                    regso: self.regso.len() - 1,
                });
                let noise = Draw::new(seed, Domain::Area, number as u64).unit() * 0.2 - 0.1;
                self.exposure.push((exposure + noise).clamp(-1.0, 1.0));
                left -= 1;
            }
            ordinal += 1;
        }
    }

    fn add_properties(
        &mut self,
        seed: u64,
        kommun: usize,
        code: &str,
        name: &str,
        count: usize,
        tiles: &mut Vec<(usize, usize, usize)>,
    ) {
        let first = self.deso2018.len() - count;
        let columns = columns(count);
        let name = name.to_uppercase();
        for in_kommun in 0..count {
            let deso = first + in_kommun;
            let (column, row) = block_at(in_kommun, columns);
            let tract = self.regso[self.deso2018[deso].regso].name.to_uppercase();
            for local in 0..BLOCK {
                let number = self.properties.len();
                let (x, y) = (column * SIDE + local % SIDE, row * SIDE + local / SIDE);
                let mut draw = Draw::new(seed, Domain::Property, number as u64);
                let exposure = self.exposure[deso];
                let kind = draw.unit();
                let rented = (0.34 + 0.5 * exposure).clamp(0.04, 0.85);
                let owned = (0.36 - 0.5 * exposure).clamp(0.02, 0.85);
                let (tenure, homes) = if kind < rented {
                    (Tenure::Hyresratt, 6 + draw.below(15))
                } else if kind < rented + owned {
                    (Tenure::Aganderatt, 1)
                } else {
                    (Tenure::Bostadsratt, 4 + draw.below(11))
                };
                let before = if local == 0 { 0 } else { self.homes[number - 1] };
                self.homes.push(before + homes);
                tiles.push((kommun, x / TILE, y / TILE));
                self.properties.push(Property {
                    fnr: format!("{code}{:05}", in_kommun * BLOCK + local + 1),
                    name: format!("{name} {tract} {}:{}", in_kommun + 1, local + 1),
                    east: 800_000 + kommun * 20_000 + x * 100,
                    north: 6_400_000 + y * 100,
                    deso2018: deso,
                    deso2025: 0,
                    nyko: 0,
                    tenure,
                });
            }
        }
    }

    /// NYKO codes are hierarchical: kommun (1), super tile of 3 × 3 tiles (2), tile (3).
    fn number_nyko(&mut self, tiles: Vec<(usize, usize, usize)>) {
        let codes: Vec<(String, usize)> = tiles
            .into_iter()
            .map(|(kommun, x, y)| {
                let code = format!("{}{}{}{:03}", kommun + 1, x / 3, y / 3, 10 * (x % 3 + 1) + (y % 3 + 1));
                (code, kommun)
            })
            .collect();
        self.nyko.clone_from(&codes);
        self.nyko.sort();
        self.nyko.dedup();
        for (property, code) in self.properties.iter_mut().zip(&codes) {
            property.nyko = self.nyko.partition_point(|nyko| nyko < code);
        }
    }

    /// Splits number 3 and 9, merges 5 with 6, and moves a strip from 10 to 11 (numbers within the main kommun).
    fn redraw_2025(&mut self) {
        const SPLIT: [usize; 2] = [3, 9];
        const MERGE: [usize; 2] = [5, 6];
        const MOVE: [usize; 2] = [10, 11];
        let main = self
            .deso2018
            .iter()
            .filter(|deso| self.regso[deso.regso].kommun == 0)
            .count();
        let variant = |code: &str, last: u32| format!("{}{last}", &code[..code.len() - 1]);
        let mut first_of = Vec::new();
        for (number, deso) in self.deso2018.iter().enumerate() {
            first_of.push(self.deso2025.len());
            let mut add = |code: String, kind: Option<&'static str>| {
                if let Some(kind) = kind {
                    self.changes.push(Change {
                        from: deso.code.clone(),
                        to: code.clone(),
                        kind,
                    });
                }
                self.deso2025.push(Deso {
                    code,
                    regso: deso.regso,
                });
            };
            if SPLIT.contains(&number) {
                add(variant(&deso.code, 1), Some("Upphör; till nybildad"));
                add(variant(&deso.code, 2), Some("Upphör; till nybildad"));
            } else if number == MERGE[0] {
                add(variant(&deso.code, 3), Some("Upphör; till nybildad"));
            } else if number == MERGE[1] {
                first_of[number] = first_of[MERGE[0]];
                let to = self.deso2025[first_of[number]].code.clone();
                self.changes.push(Change {
                    from: deso.code.clone(),
                    to,
                    kind: "Upphör; till nybildad",
                });
            } else if number == MOVE[0] {
                add(
                    deso.code.clone(),
                    Some("Minskas och ger del till befintlig eller nybildad"),
                );
                let to = self.deso2018[MOVE[1]].code.clone();
                self.changes.push(Change {
                    from: deso.code.clone(),
                    to,
                    kind: "Ger del/delar till befintlig",
                });
            } else {
                add(deso.code.clone(), (number == MOVE[1]).then_some("Utvidgas"));
            }
        }
        let columns = columns(main);
        let (giver, taker) = (block_at(MOVE[0], columns), block_at(MOVE[1], columns));
        for (number, property) in self.properties.iter_mut().enumerate() {
            let (x, y) = (number % BLOCK % SIDE, number % BLOCK / SIDE);
            let old = property.deso2018;
            let moved = old == MOVE[0]
                && if giver.1 == taker.1 {
                    x == if taker.0 > giver.0 { SIDE - 1 } else { 0 }
                } else {
                    y == SIDE - 1
                };
            property.deso2025 = if moved {
                first_of[MOVE[1]]
            } else {
                first_of[old] + usize::from(SPLIT.contains(&old) && x >= SIDE / 2)
            };
        }
    }

    fn set_weights(&mut self, spec: &Spec) {
        // How strongly each birth region seeks (or is referred to) exposed areas.
        const PULL: [f64; 4] = [-0.75, 0.1, 0.5, 1.4];
        let mut per_kommun = [0_u32; 4];
        for deso in &self.deso2018 {
            per_kommun[self.regso[deso.regso].kommun] += 1;
        }
        for (origin, pull) in PULL.iter().enumerate() {
            let mut sum = 0;
            for (number, deso) in self.deso2018.iter().enumerate() {
                let kommun = self.regso[deso.regso].kommun;
                let size = KOMMUNER[kommun].2 as f64 / f64::from(per_kommun[kommun]);
                let weight = size * exp(pull * spec.segregation * self.exposure[number]) * 10_000.0;
                if !(origin == 3 && number == self.planted) {
                    sum += round(weight);
                }
                self.choice[origin].push(sum);
            }
        }
    }

    /// The kommun (index) of a property.
    pub fn kommun_of(&self, property: usize) -> usize {
        self.regso[self.deso2018[self.properties[property].deso2018].regso].kommun
    }

    /// The RegSO 2020 (index) of a property.
    pub fn regso_of(&self, property: usize) -> usize {
        self.deso2018[self.properties[property].deso2018].regso
    }
}

fn columns(count: usize) -> usize {
    (1..=count).find(|side| side * side >= count).unwrap_or(1)
}

/// Column and row of the block number `number`, in a snake.
fn block_at(number: usize, columns: usize) -> (usize, usize) {
    let (row, along) = (number / columns, number % columns);
    (if row % 2 == 1 { columns - 1 - along } else { along }, row)
}
