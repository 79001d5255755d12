//! Where groups live and whether neighbours are alike. Each file is one question: its formulas and definitions.
//!
//! Three shapes of rows: areas with their people and a number or two (coordinates, land, a distance to the centre);
//! areas and groups with coordinates; and areas with edges, where a row whose neighbour is the area itself says what the
//! area has, and every other row is an edge (see [`network`]). Coordinates are planar and in the caller's unit. What can
//! go wrong: the published implementations of distance decay and clustering, most of which are wrong (proximity that
//! grows with distance, rows that do not add up to one); the laws that tell are in `tests/it/oracles_spatial.rs`.

mod adjusted;
mod autocorrelation;
mod bespoke;
mod centralization;
mod clustering;
mod concentration;
mod gi_star;
mod lisa;
mod moran;
mod neighbours;
mod network;
mod places;
mod proximity;
pub(super) mod random;
mod smoothed;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &adjusted::SEG_ADJUSTED_DISSIMILARITY,
    &adjusted::SEG_SHAPE_ADJUSTED_DISSIMILARITY,
    &bespoke::SEG_NEIGHBOURHOODS,
    &bespoke::SEG_NEIGHBOURHOOD_ISOLATION,
    &bespoke::SEG_NEIGHBOURHOOD_PROFILE,
    &centralization::SEG_ABSOLUTE_CENTRALIZATION,
    &centralization::SEG_LOCAL_CENTRALIZATION,
    &centralization::SEG_RELATIVE_CENTRALIZATION,
    &clustering::SEG_ABSOLUTE_CLUSTERING,
    &clustering::SEG_DISTANCE_DECAY_EXPOSURE,
    &clustering::SEG_DISTANCE_DECAY_ISOLATION,
    &clustering::SEG_PROXIMITY,
    &clustering::SEG_RELATIVE_CLUSTERING,
    &clustering::SEG_SPATIAL_PROXIMITY,
    &concentration::SEG_ABSOLUTE_CONCENTRATION,
    &concentration::SEG_DELTA,
    &concentration::SEG_RELATIVE_CONCENTRATION,
    &gi_star::GI_STAR,
    &lisa::LISA,
    &moran::MORAN,
    &moran::MORAN_EB,
    &neighbours::AREA_NEIGHBOURS,
    &smoothed::SEG_SMOOTHED_DISSIMILARITY,
    &smoothed::SEG_SPATIAL_DISSIMILARITY,
    &smoothed::SEG_SPATIAL_EXPOSURE,
    &smoothed::SEG_SPATIAL_INFORMATION_THEORY,
    &smoothed::SEG_SPATIAL_PROFILE,
    &smoothed::SEG_SPATIAL_RELATIVE_DIVERSITY,
    &smoothed::SEG_SURROUNDINGS,
];
