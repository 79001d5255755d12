//! The whole numbers that an elimination computes with: every step says when it does not fit.

/// A signed whole number with checked steps.
pub(super) trait Number: Copy + Eq + Ord {
    /// Nothing.
    const ZERO: Self;
    /// One base row, once.
    const ONE: Self;

    /// The number, unless it does not fit.
    fn new(value: i64) -> Option<Self>;
    /// `self · scale − with · factor`, unless it does not fit.
    fn combine(self, scale: Self, with: Self, factor: Self) -> Option<Self>;
    /// The greatest common divisor, not negative; None for the one number whose size does not fit.
    fn gcd(self, other: Self) -> Option<Self>;
    /// The quotient by a divisor above zero.
    fn over(self, divisor: Self) -> Self;
    /// The number with the other sign, unless it does not fit.
    fn negated(self) -> Option<Self>;
    /// Some bits of it, for a hash.
    fn bits(self) -> u64;
}

macro_rules! number {
    ($type:ty, $bits:expr) => {
        impl Number for $type {
            const ZERO: Self = 0;
            const ONE: Self = 1;

            fn new(value: i64) -> Option<Self> {
                Self::try_from(value).ok()
            }

            fn combine(self, scale: Self, with: Self, factor: Self) -> Option<Self> {
                self.checked_mul(scale)?.checked_sub(with.checked_mul(factor)?)
            }

            fn gcd(self, other: Self) -> Option<Self> {
                let (mut a, mut b) = (self.checked_abs()?, other.checked_abs()?);
                while b != 0 {
                    (a, b) = (b, a % b);
                }
                Some(a)
            }

            fn over(self, divisor: Self) -> Self {
                self / divisor
            }

            fn negated(self) -> Option<Self> {
                self.checked_neg()
            }

            fn bits(self) -> u64 {
                $bits(self)
            }
        }
    };
}

number!(i64, i64::cast_unsigned);
number!(i128, |value: i128| {
    u64::try_from(value.cast_unsigned() & u128::from(u64::MAX)).unwrap_or_default()
});
#[cfg(test)]
number!(i8, |value: i8| i64::from(value).cast_unsigned());
