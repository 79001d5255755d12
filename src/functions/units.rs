//! What an index is computed from: one entry per area, in the order of the area keys, already summed.

/// Counts per area for the wide form. Areas whose total is zero are left out already.
#[derive(Debug)]
pub(super) struct Wide {
    /// Counts of each area; unused places are 0.
    pub(super) areas: Vec<[f64; 3]>,
    /// Sums of the counts over the areas, exact when the counts are integers.
    pub(super) total: [f64; 3],
}

/// Counts of groups in areas for the long form. Cells, areas and groups with nobody are left out already.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// Cells that are not zero, ordered by area key and group name: places of area and group in the lists below.
    pub(super) cells: Vec<(usize, usize, f64)>,
    /// Total of each area.
    pub(super) areas: Vec<f64>,
    /// Name and total of each group, in the order of the names.
    pub(super) groups: Vec<(&'a str, f64)>,
    /// Everybody.
    pub(super) total: f64,
}

impl Table<'_> {
    /// Returns the counts of one or two named groups and of all per area: the long form as the wide one.
    pub(super) fn wide(&self, names: &[String]) -> Wide {
        let mut areas = vec![[0.0; 3]; self.areas.len()];
        let mut total = [0.0; 3];
        let last = names.len().min(2);
        for (place, name) in names.iter().take(2).enumerate() {
            if let Some(group) = self.groups.iter().position(|(found, _)| found == name) {
                total[place] = self.groups[group].1;
                for (area, of, n) in &self.cells {
                    if *of == group {
                        areas[*area][place] = *n;
                    }
                }
            }
        }
        for (area, t) in areas.iter_mut().zip(&self.areas) {
            area[last] = *t;
        }
        total[last] = self.total;
        Wide { areas, total }
    }
}
