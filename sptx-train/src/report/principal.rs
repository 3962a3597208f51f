//! Principal components: the two directions in which rows vary most.

/// The most rounds of iteration. Directions that need more vary so nearly alike that any of them will do.
const MOST_ROUNDS: usize = 100;

/// A round that adds less than this share to the variance of the two directions is the last.
const LEAST_GAIN: f32 = 1e-5;

/// Rows seen along their two principal directions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plane {
    /// Each row's place.
    pub(super) points: Vec<[f32; 2]>,
    /// The shares of the rows' variance that each direction has.
    pub(super) shares: [f64; 2],
}

/// Projects rows of one length, of which `rows` is used up; `None` where a number is not finite.
///
/// The directions come from orthogonal iteration with the covariance, which is never formed: a round costs two passes
/// over the rows. Its beginning is fixed, so that the same rows give the same picture.
pub(super) fn project(mut rows: Vec<f32>, row_len: usize) -> Option<Plane> {
    if rows.iter().any(|value| !value.is_finite()) {
        return None;
    }
    centre(&mut rows, row_len);
    let directions = iterate(&rows, row_len);
    let place = |row: &[f32]| directions.each_ref().map(|direction| dot(row, direction));
    let points = turned(rows.chunks_exact(row_len).map(place).collect());
    let whole: f64 = rows.iter().map(|value| f64::from(*value).powi(2)).sum();
    let along = |axis: usize| points.iter().map(|point| f64::from(point[axis]).powi(2)).sum::<f64>();
    let shares = [0, 1].map(|axis| if whole > 0.0 { along(axis) / whole } else { 0.0 });
    Some(Plane { points, shares })
}

/// Directions that span, nearly, the plane of the most variance.
fn iterate(rows: &[f32], row_len: usize) -> [Vec<f32>; 2] {
    let mut directions = orthonormal([0, 1].map(|which| beginning(row_len, which)));
    let mut before = 0.0;
    for _ in 0..MOST_ROUNDS {
        let products = directions.each_ref().map(|direction| covary(rows, direction));
        let variance: f32 = directions.iter().zip(&products).map(|(direction, product)| dot(direction, product)).sum();
        directions = orthonormal(products);
        if variance <= before * (1.0 + LEAST_GAIN) {
            break;
        }
        before = variance;
    }
    directions
}

/// Turns the points so that they vary most along the first axis, and the axes do not vary together.
fn turned(points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    let sum = |term: fn([f64; 2]) -> f64| points.iter().map(|point| term(point.map(f64::from))).sum::<f64>();
    let (across, up, both) = (sum(|[x, _]| x * x), sum(|[_, y]| y * y), sum(|[x, y]| x * y));
    let (sine, cosine) = (0.5 * (2.0 * both).atan2(across - up)).sin_cos();
    let (sine, cosine) = (sine as f32, cosine as f32);
    points.iter().map(|[x, y]| [cosine * x + sine * y, cosine * y - sine * x]).collect()
}

/// Takes the mean from the rows, and scales them so that the largest number is 1: sums of squares then stay finite.
fn centre(rows: &mut [f32], row_len: usize) {
    let count = (rows.len() / row_len).max(1) as f64;
    let mut mean = vec![0.0; row_len];
    for row in rows.chunks_exact(row_len) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value) / count);
    }
    let mut largest = 0.0f64;
    for row in rows.chunks_exact(row_len) {
        let far = row.iter().zip(&mean).map(|(value, mean)| (f64::from(*value) - mean).abs());
        largest = far.fold(largest, f64::max);
    }
    let scale = if largest > 0.0 { largest.recip() } else { 0.0 };
    for row in rows.chunks_exact_mut(row_len) {
        row.iter_mut().zip(&mean).for_each(|(value, mean)| *value = ((f64::from(*value) - mean) * scale) as f32);
    }
}

/// A direction to begin with: ones with signs that follow no pattern, so that it is square to no direction of interest.
fn beginning(row_len: usize, which: usize) -> Vec<f32> {
    let sign =
        |index: usize| if (index * 2 + which + 1).wrapping_mul(0x9E37_79B9) & 0x8_0000 == 0 { 1.0 } else { -1.0 };
    (0..row_len).map(sign).collect()
}

/// The covariance times a direction, but for a factor.
fn covary(rows: &[f32], direction: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; direction.len()];
    for row in rows.chunks_exact(direction.len()) {
        let along = dot(row, direction);
        out.iter_mut().zip(row).for_each(|(sum, value)| *sum += along * value);
    }
    out
}

/// Two directions of length 1, square to each other; one that vanishes is 0.
fn orthonormal([first, mut second]: [Vec<f32>; 2]) -> [Vec<f32>; 2] {
    let first = normal(first);
    // Twice, for the first time leaves an error where the two are nearly alike.
    for _ in 0..2 {
        let along = dot(&first, &second);
        second.iter_mut().zip(&first).for_each(|(value, first)| *value -= along * first);
    }
    [first, normal(second)]
}

fn normal(mut direction: Vec<f32>) -> Vec<f32> {
    let norm = direction.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    let scale = if norm > 1e-30 { norm.recip() } else { 0.0 };
    direction.iter_mut().for_each(|value| *value = (f64::from(*value) * scale) as f32);
    direction
}

/// An inner product in lanes, as a processor of vectors does it.
fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut sums = [0.0; 16];
    let (left, left_rest) = left.as_chunks::<16>();
    let (right, right_rest) = right.as_chunks::<16>();
    for (left, right) in left.iter().zip(right) {
        for lane in 0..16 {
            sums[lane] += left[lane] * right[lane];
        }
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of an ellipse with half axes 3 and 1 in the plane of two directions of 40 columns, off the origin.
    fn ellipse() -> Vec<f32> {
        let one = |column: usize| if column.is_multiple_of(2) { 1.0 } else { -1.0 };
        let two = |column: usize| if column % 4 < 2 { 1.0 } else { -1.0 };
        let point = |index: usize| {
            let (sine, cosine) = (index as f32 * std::f32::consts::TAU / 60.0).sin_cos();
            (0..40).map(move |column| 5.0 + 3.0 * cosine * one(column) + sine * two(column))
        };
        (0..60).flat_map(point).collect()
    }

    #[test]
    fn the_axes_of_an_ellipse_are_found() {
        let plane = project(ellipse(), 40).expect("finite");
        assert!((plane.shares[0] - 0.9).abs() < 1e-4 && (plane.shares[1] - 0.1).abs() < 1e-4, "{:?}", plane.shares);
        let ratio = plane.points[0][0].abs() / plane.points[15][1].abs();
        assert!((ratio - 3.0).abs() < 1e-2, "{ratio}");
        assert!(plane.points[0][1].abs() < 1e-2 && plane.points[15][0].abs() < 1e-2);
    }

    #[test]
    fn directions_that_are_nearly_alike_are_told_apart() {
        // Two rows along each axis; the variance along an axis is nine tenths of that along the one before.
        let row = |axis: usize, sign: f32| {
            (0..50).map(move |x| if x == axis { sign * 0.9f32.powi(axis as i32).sqrt() } else { 0.0 })
        };
        let rows = (0..50).flat_map(|axis| row(axis, 1.0).chain(row(axis, -1.0))).collect();
        let whole: f64 = (0..50).map(|axis| 0.9f64.powi(axis)).sum();
        let [first, second] = project(rows, 50).expect("finite").shares.map(|share| share * whole);
        assert!((first - 1.0).abs() < 0.01 && (second - 0.9).abs() < 0.01, "{first} {second}");
    }

    #[test]
    fn the_first_direction_has_the_most_even_of_noise() {
        let noise = |index: u32| (index.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0;
        let plane = project((0..12_800).map(noise).collect(), 64).expect("finite");
        assert!(plane.shares[0] >= plane.shares[1] && plane.shares[1] > 1.0 / 64.0, "{:?}", plane.shares);
        let together: f32 = plane.points.iter().map(|[x, y]| x * y).sum();
        assert!(together.abs() < 1e-2, "{together}");
    }

    #[test]
    fn rows_that_hardly_vary_have_a_plane_too() {
        let flat = project(vec![2.5; 30], 3).expect("finite");
        assert_eq!((flat.points, flat.shares), (vec![[0.0; 2]; 10], [0.0; 2]));
        let line = project((0..10).map(|x| x as f32).collect(), 1).expect("finite");
        assert!((line.shares[0] - 1.0).abs() < 1e-6 && line.shares[1] < 1e-6, "{:?}", line.shares);
        let huge = project(vec![f32::MAX, -f32::MAX, 1.0, f32::MAX / 2.0], 2).expect("finite");
        assert!(huge.points.iter().flatten().all(|value| value.is_finite()));
    }

    #[test]
    fn numbers_that_are_not_finite_have_no_plane() {
        assert_eq!(project(vec![1.0, f32::NAN], 1), None);
    }
}
