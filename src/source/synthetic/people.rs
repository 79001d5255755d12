//! Persons in households, year by year.
//!
//! The unit of generation is the lineage: a household, and whatever households its children found. A lineage meets no
//! other lineage (partners move in from outside the county), so each is simulated alone from its own stream of draws,
//! and any range of lineages can be made on any thread. Three lineages are fixed: one-person households of persons born
//! outside Europe who are the only such persons in one DeSO, every year: a planted small cell.
//!
//! What can go wrong: changing the order of draws changes every file; raise [`super::spec::VERSION`] then.

use super::{
    draw::{Domain, Draw, pseudonym, round},
    spec::Spec,
    world::World,
};

/// Where a person was born, coarse as in the public tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BirthRegion {
    /// Sweden.
    Sverige,
    /// The Nordic countries without Sweden.
    Norden,
    /// The EU without the Nordic countries.
    Eu,
    /// All other countries.
    Ovriga,
}

impl BirthRegion {
    /// All, in the order of the files.
    pub const ALL: [Self; 4] = [Self::Sverige, Self::Norden, Self::Eu, Self::Ovriga];

    /// The words in the files.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sverige => "Sverige",
            Self::Norden => "Norden utom Sverige",
            Self::Eu => "EU utom Norden",
            Self::Ovriga => "Övriga världen",
        }
    }
}

/// Highest completed education.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Education {
    /// Under 16 years.
    EjAktuell,
    /// At most nine years of school.
    Forgymnasial,
    /// Upper secondary.
    Gymnasial,
    /// Post-secondary.
    Eftergymnasial,
    /// Not known to the register.
    Saknas,
}

impl Education {
    /// The words in the files.
    pub fn label(self) -> &'static str {
        match self {
            Self::EjAktuell => "Ej aktuell",
            Self::Forgymnasial => "Förgymnasial",
            Self::Gymnasial => "Gymnasial",
            Self::Eftergymnasial => "Eftergymnasial",
            Self::Saknas => "Uppgift saknas",
        }
    }
}

/// One person at the end of one year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonYear {
    /// The year; the state is that of 31 December.
    pub year: i32,
    /// Pseudonym, the same every year; unique.
    pub person: u64,
    /// Pseudonym of the household.
    pub household: u64,
    /// Uniform random number of the person for perturbation methods, the same every year.
    pub record_key: u32,
    /// Index in [`World::properties`].
    pub property: usize,
    /// Sex.
    pub female: bool,
    /// Completed years.
    pub age: u8,
    /// Birth region.
    pub birth: BirthRegion,
    /// Education; `EjAktuell` exactly when under 16.
    pub education: Education,
    /// Whether employed; NULL under 16 and from 75 years.
    pub employed: Option<bool>,
    /// Days in unemployment this year; NULL outside 20–64 years.
    pub unemployed_days: Option<u16>,
    /// Months with social assistance this year; NULL outside 20–64 years.
    pub assistance_months: Option<u8>,
    /// Disposable income of the household per consumption unit, in 100 kronor; NULL in the year when the household
    /// came from abroad.
    pub income: Option<u32>,
}

struct Member {
    number: u64,
    female: bool,
    age: u8,
    birth: BirthRegion,
    education: Education,
    /// Fixed position on the labour market, 0 strong … 1 weak.
    place: f64,
    child: bool,
}

struct Home {
    number: u64,
    property: usize,
    origin: BirthRegion,
    /// Fixed level of income around 1.
    level: f64,
    new_from_abroad: bool,
    members: Vec<Member>,
}

/// How many lineages carry planted facts and nothing else.
pub(super) const FIXED: u64 = 3;
/// Persons in a new household, times 100: measured, used to turn persons into lineages.
const PER_HOUSEHOLD: u64 = 203;
/// Numbers within a lineage.
const NUMBERS: u64 = 255;

/// The lineages of a spec.
#[derive(Debug)]
pub struct People<'a> {
    spec: &'a Spec,
    world: &'a World,
    /// Lineages that live there in the first year.
    settled: u64,
    /// All lineages, including those that move in later.
    total: u64,
    mortality: Vec<f64>,
}

impl<'a> People<'a> {
    /// Prepares the simulation.
    pub fn new(spec: &'a Spec, world: &'a World) -> Self {
        let settled = (spec.persons * 100 / PER_HOUSEHOLD).max(FIXED + 1);
        let later = u64::try_from(spec.year_count().saturating_sub(1)).unwrap_or(0);
        // Deaths rise by a tenth with each year of age.
        let mut risk = 0.000_03;
        let mortality = (0..=130)
            .map(|_| {
                risk *= 1.1;
                if risk < 0.5 { risk } else { 0.5 }
            })
            .collect();
        Self {
            spec,
            world,
            settled,
            total: settled + settled * 15 / 1000 * later,
            mortality,
        }
    }

    /// How many lineages there are; each can be generated by itself.
    pub fn lineages(&self) -> u64 {
        self.total
    }

    /// Generates the lineage number `number` and gives each person-year to `sink`, by year, household and person.
    pub fn lineage(&self, number: u64, sink: &mut impl FnMut(&PersonYear)) {
        let (first, last) = (*self.spec.years.start(), *self.spec.years.end());
        let mut draw = Draw::new(self.spec.seed, Domain::Lineage, number);
        let mut life = Life {
            people: self,
            draw: &mut draw,
            base: number << 8,
            next: 0,
        };
        let fixed = number < FIXED;
        let start = if number < self.settled {
            first
        } else {
            let span = u64::try_from(last - first).unwrap_or(1).max(1);
            first + 1 + i32::try_from((number - self.settled) % span).unwrap_or(0)
        };
        let mut homes = vec![if fixed {
            life.planted_home()
        } else {
            life.new_home(start > first)
        }];
        for year in start..=last {
            if year > start {
                if fixed {
                    homes[0].members[0].age += 1;
                } else {
                    life.pass_year(&mut homes);
                }
            }
            for home in &homes {
                life.record(home, year, sink);
            }
        }
    }
}

struct Life<'a, 'w> {
    people: &'a People<'w>,
    draw: &'a mut Draw,
    base: u64,
    next: u64,
}

impl Life<'_, '_> {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.base + self.next
    }

    fn full(&self) -> bool {
        self.next + 8 > NUMBERS
    }

    fn settle(&mut self, origin: BirthRegion) -> usize {
        let world = self.people.world;
        let deso = self.draw.pick(&world.choice[origin as usize]);
        let block = deso * super::world::BLOCK;
        block + self.draw.pick(&world.homes[block..block + super::world::BLOCK])
    }

    fn exposure(&self, property: usize) -> f64 {
        self.people.world.exposure[self.people.world.properties[property].deso2018]
    }

    fn member(&mut self, age: u8, female: bool, birth: BirthRegion, exposure: f64) -> Member {
        let low = 0.13 + 0.07 * exposure + if birth == BirthRegion::Ovriga { 0.1 } else { 0.0 };
        let high = 0.40 - 0.16 * exposure;
        let luck = self.draw.unit();
        let unknown = birth != BirthRegion::Sverige && self.draw.chance(0.06);
        let education = if unknown {
            Education::Saknas
        } else if luck < low {
            Education::Forgymnasial
        } else if luck < 1.0 - high {
            Education::Gymnasial
        } else {
            Education::Eftergymnasial
        };
        let place = self.draw.unit();
        Member {
            number: self.number(),
            female,
            age,
            birth,
            education,
            place,
            child: false,
        }
    }

    fn planted_home(&mut self) -> Home {
        let property = self.people.world.planted * super::world::BLOCK + usize::try_from(self.base >> 8).unwrap_or(0);
        let age = 40 + u8::try_from(self.base >> 8).unwrap_or(0);
        let member = self.member(age, true, BirthRegion::Ovriga, -0.9);
        Home {
            number: self.number(),
            property,
            origin: BirthRegion::Ovriga,
            level: 1.0,
            new_from_abroad: false,
            members: vec![member],
        }
    }

    fn new_home(&mut self, moved_in: bool) -> Home {
        let luck = self.draw.unit();
        let origin = match luck / if moved_in { 2.0 } else { 1.0 } {
            x if x < 0.15 => BirthRegion::Ovriga,
            x if x < 0.21 => BirthRegion::Eu,
            x if x < 0.245 => BirthRegion::Norden,
            _ => BirthRegion::Sverige,
        };
        let property = self.settle(origin);
        let exposure = self.exposure(property);
        let kind = self.draw.unit() * if moved_in { 0.75 } else { 1.0 };
        let (low, high, couple, children) = match kind {
            x if x < 0.18 => (20, 34, false, 0),
            x if x < 0.35 => (35, 64, false, 0),
            x if x < 0.43 => (20, 34, true, 0),
            x if x < 0.68 => (25, 50, true, 1 + self.draw.below(3)),
            x if x < 0.75 => (25, 50, false, 1 + self.draw.below(2)),
            x if x < 0.88 => (65, 92, false, 0),
            _ => (50, 85, true, 0),
        };
        let age = self.draw.between(low, high);
        let female = self.draw.chance(0.5);
        let mut members = vec![self.member(age, female, origin, exposure)];
        if couple {
            members.push(self.partner(age, female, origin, exposure));
        }
        for _ in 0..children {
            let child_age = self.draw.between(0, (age - 19).min(18));
            let abroad = origin != BirthRegion::Sverige && self.draw.chance(if moved_in { 0.9 } else { 0.35 });
            let female = self.draw.chance(0.49);
            let birth = if abroad { origin } else { BirthRegion::Sverige };
            let mut child = self.member(child_age, female, birth, exposure);
            child.child = true;
            members.push(child);
        }
        let level = 0.6 + 0.8 * self.draw.bell();
        let new_from_abroad = moved_in && origin != BirthRegion::Sverige;
        Home {
            number: self.number(),
            property,
            origin,
            level,
            new_from_abroad,
            members,
        }
    }

    /// A partner of about the same age. Nobody born outside Europe joins a household that chose its home as another.
    fn partner(&mut self, age: u8, female: bool, origin: BirthRegion, exposure: f64) -> Member {
        let birth = if self.draw.chance(0.9) {
            origin
        } else {
            [BirthRegion::Sverige, BirthRegion::Norden, BirthRegion::Eu][self.draw.pick(&[8, 9, 10])]
        };
        let age = (age.saturating_sub(3) + self.draw.between(0, 6)).max(19);
        self.member(age, !female, birth, exposure)
    }

    fn pass_year(&mut self, homes: &mut Vec<Home>) {
        let mut founded = Vec::new();
        for home in homes.iter_mut() {
            home.new_from_abroad = false;
            for member in &mut home.members {
                member.age = member.age.saturating_add(1);
            }
            self.deaths(home);
            if home.members.is_empty() || self.draw.chance(0.008) {
                home.members.clear();
                continue;
            }
            self.births(home);
            self.leave_home(home, &mut founded);
            self.pair(home);
            let young = home.members.first().is_some_and(|member| member.age < 35);
            if self.draw.chance(if young { 0.17 } else { 0.06 }) {
                home.property = self.settle(home.origin);
            }
        }
        homes.append(&mut founded);
        homes.retain(|home| !home.members.is_empty());
    }

    /// The last adult of a home with minors does not die: the generator has no guardians elsewhere.
    fn deaths(&mut self, home: &mut Home) {
        let mut at = 0;
        while at < home.members.len() {
            let member = &home.members[at];
            let risk = self
                .people
                .mortality
                .get(usize::from(member.age))
                .copied()
                .unwrap_or(0.5);
            let needed = !member.child
                && home.members.iter().any(|other| other.child && other.age < 18)
                && home.members.iter().filter(|other| !other.child).count() == 1;
            if self.draw.chance(risk) && !needed {
                home.members.remove(at);
            } else {
                at += 1;
            }
        }
    }

    fn births(&mut self, home: &mut Home) {
        let couple = home.members.iter().filter(|member| !member.child).count() > 1;
        let mother = home
            .members
            .iter()
            .any(|m| !m.child && m.female && (20..=44).contains(&m.age));
        let risk = if couple { 0.13 } else { 0.015 };
        if mother && !self.full() && self.draw.chance(risk) {
            let female = self.draw.chance(0.486);
            let exposure = self.exposure(home.property);
            let mut child = self.member(0, female, BirthRegion::Sverige, exposure);
            child.child = true;
            home.members.push(child);
        }
    }

    fn leave_home(&mut self, home: &mut Home, founded: &mut Vec<Home>) {
        let mut at = 0;
        while at < home.members.len() {
            let member = &home.members[at];
            if member.child && member.age >= 19 && !self.full() && self.draw.chance(0.2) {
                let mut member = home.members.remove(at);
                member.child = false;
                let property = self.settle(home.origin);
                let level = 0.6 + 0.8 * self.draw.bell();
                let number = self.number();
                founded.push(Home {
                    number,
                    property,
                    origin: home.origin,
                    level,
                    new_from_abroad: false,
                    members: vec![member],
                });
            } else {
                at += 1;
            }
        }
    }

    fn pair(&mut self, home: &mut Home) {
        let alone = home.members.iter().filter(|member| !member.child).count() == 1;
        let Some(first) = home.members.first() else { return };
        let (age, female, grown) = (first.age, first.female, !first.child);
        if alone && grown && (22..=50).contains(&age) && !self.full() && self.draw.chance(0.05) {
            let exposure = self.exposure(home.property);
            let partner = self.partner(age, female, home.origin, exposure);
            home.members.insert(1, partner);
        }
    }

    fn record(&mut self, home: &Home, year: i32, sink: &mut impl FnMut(&PersonYear)) {
        let spec = self.people.spec;
        let exposure = self.exposure(home.property);
        let passed = f64::from(year - spec.years.start());
        let along = passed / f64::from((spec.years.end() - spec.years.start()).max(1));
        let working = 0.79 - (0.09 + spec.widening / 2.0 * along) * exposure;
        let mut earned = 0.0;
        let mut units = 0.0;
        let (mut adults, mut children) = (0, 0);
        let mut rows = Vec::with_capacity(home.members.len());
        for member in &home.members {
            let in_age = (20..65).contains(&member.age);
            let working = match member.age {
                0..=15 | 75.. => 0.0,
                16..=19 => 0.25,
                65..=74 => 0.16,
                _ if member.birth == BirthRegion::Ovriga => working - 0.06,
                _ => working + 0.01,
            };
            // One year in five is a new throw, otherwise the person stays in place: status is sticky, the share exact.
            let throw = if self.draw.chance(0.2) {
                self.draw.unit()
            } else {
                member.place
            };
            let employed = throw < working;
            let education = match member.age {
                0..=15 => Education::EjAktuell,
                16..=18 => Education::Forgymnasial,
                19..=24 if member.education == Education::Eftergymnasial => Education::Gymnasial,
                _ => member.education,
            };
            earned += income(member.age, employed, member.education, exposure, along);
            units += consumption(member.age, &mut adults, &mut children);
            let idle = in_age && !employed;
            let days = if idle && self.draw.chance(0.55) {
                self.draw.below(366)
            } else {
                0
            };
            let assisted = idle && self.draw.chance(0.2 + 0.18 * exposure);
            let months = if assisted { self.draw.between(1, 12) } else { 0 };
            rows.push(PersonYear {
                year,
                person: pseudonym(spec.seed ^ 0x0070_6572_736f_6e00, member.number),
                household: pseudonym(spec.seed ^ 0x0068_7573_6861_6c6c, home.number),
                record_key: u32::try_from(pseudonym(spec.seed ^ 0x6e79_636b_656c, member.number) >> 32).unwrap_or(0),
                property: home.property,
                female: member.female,
                age: member.age,
                birth: member.birth,
                education,
                employed: (16..75).contains(&member.age).then_some(employed),
                unemployed_days: in_age.then(|| u16::try_from(days).unwrap_or(0)),
                assistance_months: in_age.then_some(months),
                income: None,
            });
        }
        let per_unit = (!home.new_from_abroad).then(|| round(10.0 * earned * home.level / units));
        for row in &mut rows {
            row.income = per_unit;
            sink(row);
        }
    }
}

/// Disposable income of one person in thousand kronor.
fn income(age: u8, employed: bool, education: Education, exposure: f64, along: f64) -> f64 {
    let grown = |amount: f64, growth: f64| amount * (1.0 + growth * along);
    match (age, employed) {
        (0..=15, _) => 0.0,
        (16..=19, _) => grown(30.0, 0.2),
        (65.., false) => grown(225.0 * (1.0 - 0.12 * exposure), 0.2),
        (_, false) => grown(140.0, 0.15),
        (_, true) => {
            let schooling = match education {
                Education::Forgymnasial | Education::EjAktuell | Education::Saknas => 0.86,
                Education::Gymnasial => 1.0,
                Education::Eftergymnasial => 1.22,
            };
            grown(310.0 * schooling * (1.0 - 0.24 * exposure), 0.32 - 0.16 * exposure)
        }
    }
}

/// The weight of one more member in the consumption scale: 1 the first adult, 0.51 the second, 0.6 further ones; 0.52
/// the first child, 0.42 further ones. Adults are those from 20 years.
fn consumption(age: u8, adults: &mut u32, children: &mut u32) -> f64 {
    if age >= 20 || *adults == 0 {
        *adults += 1;
        match *adults {
            1 => 1.0,
            2 => 0.51,
            _ => 0.6,
        }
    } else {
        *children += 1;
        if *children == 1 { 0.52 } else { 0.42 }
    }
}
