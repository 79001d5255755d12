//! A fictional county in the producers' own shapes: no network, no real person, the whole landing code exercised.
//!
//! [`deliveries`] gives files with names and bytes, as a statistical agency and a municipality would send them: register
//! extracts in ISO-8859-1 with preamble and footnotes, area keys, polygons, public tables with years in the headers. The
//! kommun codes 99xx belong to no real kommun, and every file says that it is fictional.
//!
//! Planted, so that what is computed can be checked: residential segregation by birth region (D ≈ 0.40 in the main
//! municipality), a DeSO with exactly three persons born outside Europe every year, a gap in employment and income
//! between areas that widens from year to year, one change of DeSO vintage, and one RegSO label with a stray blank.
//!
//! What can go wrong: a change that alters a single byte must raise `spec::VERSION`, because an unchanged
//! [`fingerprint`] lets a run skip generation.

mod draw;
mod files;
mod people;
mod spec;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use self::files::Part;
pub use self::{
    people::{BirthRegion, Education, People, PersonYear},
    spec::{Spec, VERSION, fingerprint},
    world::{Change, Deso, Property, Regso, Tenure, World},
};
use crate::error::{Error, Result};

/// One file as a producer would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// File name, `fiktiv_…`.
    pub name: String,
    /// Which dataset it belongs to: the table is `raw.<dataset>` and the contract `schemas/<dataset>.odcs.yaml`.
    pub dataset: String,
    /// The content.
    pub bytes: Bytes,
}

/// Lineages that one thread takes at a time; part of no result.
const CHUNK: u64 = 512;

/// Generates every file of `spec`, on as many threads as the machine has; the bytes do not depend on how many.
///
/// # Errors
/// SAMSYN-3801 when the spec is out of range.
pub fn deliveries(spec: &Spec) -> Result<Vec<Delivery>> {
    deliveries_on(spec, std::thread::available_parallelism().map_or(1, usize::from))
}

/// [`deliveries`] on `threads` threads (at least one).
///
/// # Errors
/// As [`deliveries`].
pub fn deliveries_on(spec: &Spec, threads: usize) -> Result<Vec<Delivery>> {
    spec.validate()?;
    let world = World::new(spec);
    let people = People::new(spec, &world);
    let parts = in_chunks(
        &people,
        threads,
        || Part::new(spec, &world),
        |part, row| part.add(&world, row),
    )?;
    files::all(spec, &world, parts)
}

/// Generates all person-years on `threads` threads and folds them: `start` makes an empty state for each chunk of
/// lineages, `add` takes one row into it. The states come back in the order of the lineages, whatever the threads did.
///
/// # Errors
/// SAMSYN-9801 when a thread dies, which is a defect.
pub fn in_chunks<T: Send>(
    people: &People<'_>,
    threads: usize,
    start: impl Fn() -> T + Sync,
    add: impl Fn(&mut T, &PersonYear) + Sync,
) -> Result<Vec<T>> {
    let next = AtomicU64::new(0);
    let chunks = people.lineages().div_ceil(CHUNK);
    let work = || {
        let mut done = Vec::new();
        loop {
            let chunk = next.fetch_add(1, Ordering::Relaxed);
            if chunk >= chunks {
                return done;
            }
            let mut state = start();
            for lineage in chunk * CHUNK..((chunk + 1) * CHUNK).min(people.lineages()) {
                people.lineage(lineage, &mut |row| add(&mut state, row));
            }
            done.push((chunk, state));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for thread in threads {
            all.extend(
                thread
                    .join()
                    .map_err(|_| Error::bug(9801, "a thread of the synthetic source died"))?,
            );
        }
        Ok::<_, Error>(all)
    })?;
    all.sort_by_key(|(chunk, _)| *chunk);
    Ok(all.into_iter().map(|(_, state)| state).collect())
}
