//! Numbers as sentences about a chart give them.

use crate::series::Options;

/// A number for reading; a share in per cent with one decimal.
pub(super) fn figure(value: f64, options: &Options) -> String {
    if options.shares {
        let percent = format!("{:.1}", value * 100.0);
        return format!("{}%", percent.strip_suffix(".0").unwrap_or(&percent));
    }
    four_digits(value)
}

/// Four significant digits, no trailing zeros.
fn four_digits(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let before_point = if size < 1.0 {
        0
    } else {
        size.log10().floor() as i32 + 1
    };
    let leading_zeros = if size > 0.0 && size < 1.0 {
        (-size.log10()).floor() as i32
    } else {
        0
    };
    let digits = (4 + leading_zeros - before_point).max(0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{figure, four_digits};
    use crate::chart::Chart;
    use crate::series::{Direction, Options};

    #[test]
    fn figures_are_short_and_keep_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (12.0, "12"),
            (12.3456, "12.35"),
            (0.012_345_6, "0.01235"),
            (98_765.4, "98765"),
            (-3.5, "-3.5"),
        ] {
            assert_eq!(four_digits(value), text);
        }
        let shares = Options {
            shares: true,
            ..Options::new(Chart::P, Direction::Up)
        };
        assert_eq!(figure(0.8333, &shares), "83.3%");
        assert_eq!(figure(0.95, &shares), "95%");
    }
}
