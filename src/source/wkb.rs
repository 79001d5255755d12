//! Is a geometry whole? A walk over well-known binary to its last coordinate.
//!
//! A geometry comes from a file, so nothing in it is trusted: counts are held against the bytes that are there, nesting is bounded.

/// Collections in collections beyond this are an attack, not a map.
const DEEPEST: u8 = 8;

/// Says what is wrong with a geometry.
///
/// # Errors
/// What is wrong: it ends too early, is empty, has a coordinate that is no number, a ring that is not closed, a type that there is not.
pub(super) fn check(bytes: &[u8]) -> Result<(), &'static str> {
    let mut walk = Walk { rest: bytes };
    walk.geometry(None, 0)?;
    if walk.rest.is_empty() {
        Ok(())
    } else {
        Err("it goes on behind its end")
    }
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl Walk<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or("it ends too early")?;
        self.rest = rest;
        Ok(*head)
    }

    fn number(&mut self, little: bool) -> Result<u32, &'static str> {
        let bytes = self.take::<4>()?;
        Ok(if little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    }

    /// One geometry; `part` is the type that a part of a multi-geometry has to have.
    fn geometry(&mut self, part: Option<u32>, depth: u8) -> Result<(), &'static str> {
        if depth > DEEPEST {
            return Err("it is nested too deep");
        }
        let little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err("it has no byte order"),
        };
        let code = self.number(little)?;
        // Z, M and a reference system are high bits in EWKB, thousands in ISO
        let (flags, plain) = (code >> 29, code & 0x1FFF_FFFF);
        if flags & 1 != 0 {
            self.number(little)?;
        }
        let iso = match plain / 1000 {
            0 => 0,
            1 | 2 => 1,
            3 => 2,
            _ => return Err("its type is not known"),
        };
        let size = 2 + usize::from(flags & 2 != 0) + usize::from(flags & 4 != 0);
        let size = size.max(2 + iso);
        let kind = plain % 1000;
        if part.is_some_and(|part| part != kind) {
            return Err("a part of it has another type");
        }
        match kind {
            1 => self.points(1, size, little).map(|_| ()),
            2 => self.counted_points(size, little, 2).map(|_| ()),
            3 => {
                let rings = self.count(little)?;
                (0..rings).try_for_each(|_| self.ring(size, little))
            }
            4..=7 => {
                let parts = self.count(little)?;
                let part = (kind < 7).then_some(kind.saturating_sub(3));
                (0..parts).try_for_each(|_| self.geometry(part, depth + 1))
            }
            _ => Err("its type is not known"),
        }
    }

    fn count(&mut self, little: bool) -> Result<u32, &'static str> {
        match self.number(little)? {
            0 => Err("it is empty"),
            count => Ok(count),
        }
    }

    fn ring(&mut self, size: usize, little: bool) -> Result<(), &'static str> {
        let (first, last) = self.counted_points(size, little, 4)?;
        // equal to the bit: a ring that is closed ends where it began
        if first.map(f64::to_bits) == last.map(f64::to_bits) {
            Ok(())
        } else {
            Err("a ring is not closed")
        }
    }

    fn counted_points(&mut self, size: usize, little: bool, least: u32) -> Result<([f64; 2], [f64; 2]), &'static str> {
        let count = self.count(little)?;
        if count < least {
            return Err("it has too few points");
        }
        self.points(count, size, little)
    }

    /// Walks over points; gives x and y of the first and the last.
    fn points(&mut self, count: u32, size: usize, little: bool) -> Result<([f64; 2], [f64; 2]), &'static str> {
        let mut ends = ([0.0; 2], [0.0; 2]);
        for at in 0..count {
            for axis in 0..size {
                let bytes = self.take::<8>()?;
                let value = if little {
                    f64::from_le_bytes(bytes)
                } else {
                    f64::from_be_bytes(bytes)
                };
                if axis >= 2 {
                    continue;
                }
                if !value.is_finite() {
                    return Err("a coordinate is no number");
                }
                ends.1[axis] = value;
                if at == 0 {
                    ends.0[axis] = value;
                }
            }
        }
        Ok(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(ring: &[[f64; 2]]) -> Vec<u8> {
        let mut bytes = vec![1, 3, 0, 0, 0, 1, 0, 0, 0];
        bytes.extend(u32::try_from(ring.len()).unwrap().to_le_bytes());
        bytes.extend(ring.iter().flatten().flat_map(|axis| axis.to_le_bytes()));
        bytes
    }

    #[test]
    fn whole_and_broken() {
        let square = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]];
        let whole = polygon(&square);
        assert_eq!(check(&whole), Ok(()));
        for cut in 0..whole.len() {
            assert!(check(&whole[..cut]).is_err(), "{cut}");
        }
        assert_eq!(check(&polygon(&square[..3])), Err("it has too few points"));
        assert_eq!(
            check(&polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.0]])),
            Err("a ring is not closed")
        );
        assert_eq!(check(&polygon(&[[f64::NAN, 0.0]; 4])), Err("a coordinate is no number"));
        assert_eq!(check(&[1, 3, 0, 0, 0, 0, 0, 0, 0]), Err("it is empty"));
        assert_eq!(check(&[&whole[..], b"x"].concat()), Err("it goes on behind its end"));
        // a count that the bytes do not hold, and collections without end
        assert_eq!(check(&[1, 2, 0, 0, 0, 255, 255, 255, 255]), Err("it ends too early"));
        assert_eq!(
            check(&[1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(1000)),
            Err("it is nested too deep")
        );
    }

    #[test]
    fn three_axes_in_both_dialects() {
        let point = |code: u32| {
            let mut bytes = vec![1];
            bytes.extend(code.to_le_bytes());
            bytes.extend([1.0_f64, 2.0, 3.0].iter().flat_map(|axis| axis.to_le_bytes()));
            bytes
        };
        assert_eq!(check(&point(1001)), Ok(()));
        assert_eq!(check(&point(0x8000_0001)), Ok(()));
        assert_eq!(check(&point(1)), Err("it goes on behind its end"));
    }
}
