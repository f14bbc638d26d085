//! Short ways to write series down.

use joinedup_spc::Point;

/// Points named by their index; not a number stands for a period without a value.
pub fn series(values: &[f64]) -> Vec<Point> {
    values
        .iter()
        .enumerate()
        .map(|(i, v)| {
            if v.is_nan() {
                Point::missing(i.to_string())
            } else {
                Point::new(i.to_string(), *v)
            }
        })
        .collect()
}
