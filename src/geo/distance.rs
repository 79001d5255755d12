//! Planar points and how far apart they are.

/// East and north, in metres or another unit of length.
pub type Point = [f64; 2];

/// Returns the square of the distance of two points.
pub fn square(left: Point, right: Point) -> f64 {
    let (east, north) = (left[0] - right[0], left[1] - right[1]);
    east * east + north * north
}

/// Returns the distance of two points.
pub fn distance(left: Point, right: Point) -> f64 {
    square(left, right).sqrt()
}
