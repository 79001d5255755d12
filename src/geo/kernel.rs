//! How much a neighbour counts at a distance.

/// A kernel of bandwidth 1; constants that make it a density are left out, since only ratios are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// 1 up to the bandwidth.
    Uniform,
    /// 1 − u.
    Triangular,
    /// 1 − u² (Epanechnikov).
    Quadratic,
    /// (1 − u²)², also called biweight: the default of Reardon & O'Sullivan.
    Quartic,
    /// exp(−u²/2).
    Gaussian,
    /// exp(−u).
    Exponential,
}

impl Kernel {
    /// Names that [`Self::parse`] knows.
    pub const NAMES: &'static [&'static str] = &[
        "uniform",
        "triangular",
        "quadratic",
        "quartic",
        "biweight",
        "gaussian",
        "exponential",
    ];

    /// Returns the kernel with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "uniform" => Self::Uniform,
            "triangular" => Self::Triangular,
            "quadratic" => Self::Quadratic,
            "quartic" | "biweight" => Self::Quartic,
            "gaussian" => Self::Gaussian,
            "exponential" => Self::Exponential,
            _ => return None,
        })
    }

    /// Returns how many bandwidths it reaches: beyond, it is 0, or less than 10⁻³¹ of what the own place counts.
    pub fn reach(self) -> f64 {
        match self {
            Self::Gaussian => 12.0,
            Self::Exponential => 72.0,
            _ => 1.0,
        }
    }

    /// Returns the weight at a distance whose square, in bandwidths, is given.
    #[inline]
    pub fn weight(self, square: f64) -> f64 {
        let inside = (1.0 - square).max(0.0);
        match self {
            Self::Uniform => {
                if square <= 1.0 {
                    1.0
                } else {
                    0.0
                }
            }
            Self::Triangular => (1.0 - square.sqrt()).max(0.0),
            Self::Quadratic => inside,
            Self::Quartic => inside * inside,
            Self::Gaussian => (-0.5 * square).exp(),
            Self::Exponential => (-square.sqrt()).exp(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kernel;

    #[test]
    fn kernels_start_at_one_fall_and_end() {
        for name in Kernel::NAMES {
            let kernel = Kernel::parse(name).unwrap();
            let mut last = 1.0;
            for step in 0..200 {
                let weight = kernel.weight((f64::from(step) * kernel.reach() / 199.0).powi(2));
                assert!((0.0..=last).contains(&weight), "{name} at {step}: {weight}");
                last = weight;
            }
            assert!(kernel.weight(0.0) >= 1.0 && kernel.weight((1.001 * kernel.reach()).powi(2)) < 1e-30);
        }
        assert_eq!(Kernel::parse("epanechnikov"), None);
    }
}
