//! The lower 5 % point of fair coin tosses, and binomial coefficients as logarithms.

/// Smallest k with P(X ≤ k) ≥ 0.05 for X ~ Binomial(`tosses`, ½).
///
/// Up to 120 tosses in whole numbers: 20·Σ C(tosses, i) ≥ 2^tosses, where equality cannot happen. Above that the
/// probabilities are summed outwards from the middle, where they are largest, so that no tail cancels.
pub(crate) fn lower_five_percent(tosses: usize) -> usize {
    if tosses <= 120 {
        whole_numbers(tosses)
    } else {
        from_the_middle(tosses)
    }
}

fn whole_numbers(tosses: usize) -> usize {
    let n = tosses as u128;
    let needed = 1_u128 << tosses;
    let (mut coefficient, mut sum) = (1_u128, 1_u128);
    let mut k = 0_u128;
    while sum * 20 < needed {
        // C(n, k + 1) = C(n, k)·(n − k)/(k + 1), divided before it can overflow.
        let (up, down) = (n - k, k + 1);
        let shared = gcd(coefficient, down);
        coefficient = (coefficient / shared) * (up / (down / shared));
        k += 1;
        sum += coefficient;
    }
    k as usize
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn from_the_middle(tosses: usize) -> usize {
    let middle = tosses / 2;
    let n = tosses as f64;
    // Weights relative to that of the median; below 1e-19 they no longer reach the sum.
    let mut weights = vec![1.0_f64];
    let mut i = middle;
    while i > 0 {
        let weight = weights[weights.len() - 1] * i as f64 / (n - i as f64 + 1.0);
        if weight < 1e-19 {
            break;
        }
        weights.push(weight);
        i -= 1;
    }
    let below: f64 = weights.iter().skip(1).rev().sum();
    // An even number of tosses has one middle value, an odd number two equal ones.
    let total = if tosses.is_multiple_of(2) {
        2.0 * below + 1.0
    } else {
        2.0 * below + 2.0
    };
    let mut sum = 0.0;
    for (steps, weight) in weights.iter().enumerate().rev() {
        sum += weight;
        if sum * 20.0 >= total {
            return middle - steps;
        }
    }
    middle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_find_the_five_percent_point_agree() {
        for tosses in 1..=120 {
            assert_eq!(
                whole_numbers(tosses),
                from_the_middle(tosses),
                "{tosses} tosses"
            );
        }
    }

    #[test]
    fn the_five_percent_point_follows_the_normal_law_for_many_tosses() {
        for tosses in [1_000_usize, 99_999, 1_000_000] {
            let n = tosses as f64;
            let normal = n / 2.0 - 1.644_853_627 * n.sqrt() / 2.0 - 0.5;
            let exact = lower_five_percent(tosses) as f64;
            assert!(
                (exact - normal).abs() <= 1.5,
                "{tosses}: {exact} against {normal}"
            );
        }
    }
}
