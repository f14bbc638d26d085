//! How much of one period is left in a later one.

use crate::numerics::summary;

/// The correlation of values `lag` periods apart, about the mean of each part; pairs with a missing value are left out.
/// `None` with fewer than 8 pairs, or without any variation.
///
/// From n values about their own mean the correlation comes out too small by about (1 + 4r)/n (Kendall 1954,
/// doi:10.1093/biomet/41.3-4.403), which is added; n is that of one part on average, of values `lag` apart.
pub(crate) fn lagged(parts: &[Vec<Option<f64>>], lag: usize) -> Option<f64> {
    let (mut together, mut alone, mut pairs, mut values) = (0.0, 0.0, 0_usize, 0_usize);
    for part in parts {
        let mean = summary::mean(part.iter().flatten().copied());
        let away: Vec<Option<f64>> = part.iter().map(|v| v.map(|v| v - mean)).collect();
        for (first, second) in away.iter().zip(away.iter().skip(lag)) {
            if let (Some(first), Some(second)) = (first, second) {
                together += first * second;
                pairs += 1;
            }
        }
        alone += away.iter().flatten().map(|v| v * v).sum::<f64>();
        values += part.iter().flatten().count();
    }
    if pairs < 8 || alone <= 0.0 {
        return None;
    }
    // Each pair stands for its share of the values, so that gaps do not make the correlation smaller.
    let r = together / pairs as f64 / (alone / values as f64);
    let apart = (values / (lag * parts.len()).max(1)).max(1) as f64;
    Some((r + (1.0 + 4.0 * r) / apart).clamp(-0.99, 0.99))
}
