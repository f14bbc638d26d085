//! Numbers as tables write them.

/// Reads a plain decimal number, with or without commas between thousands (`1,234.5`). No exponents, no infinities, no
/// percent signs: what is not plainly a number is a misread column more often than a number.
///
/// # Errors
/// A sentence that does not repeat the cell.
pub fn number(cell: &str) -> Result<f64, &'static str> {
    const PLAIN: &str = "is not a plain number (digits, perhaps a sign and a decimal point)";
    let (sign, digits) = match cell.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (-1.0, rest),
        None => (1.0, cell.strip_prefix('+').unwrap_or(cell)),
    };
    if digits.ends_with('%') {
        return Err(
            "is a percentage: leave the sign out, and put `multiply = 0.01` into the mapping if it is to be a share",
        );
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = if whole.contains(',') {
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        // `0,125` is a number of another country.
        if !(1..=3).contains(&first.len())
            || first.starts_with('0')
            || !groups.all(|g| g.len() == 3)
        {
            return Err("has commas that do not stand between thousands");
        }
        whole.replace(',', "")
    } else {
        whole.to_owned()
    };
    if !all_digits(&whole) || !all_digits(fraction) {
        return Err(PLAIN);
    }
    format!("{whole}.{fraction}")
        .parse::<f64>()
        .map(|n| sign * n)
        .map_err(|_| PLAIN)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn plain_numbers_are_read_and_nothing_else() {
        for (text, value) in [
            ("0", 0.0),
            ("3000.0", 3000.0),
            ("1,234,567.25", 1_234_567.25),
            ("-3", -3.0),
            ("\u{2212}3", -3.0),
            ("+7", 7.0),
        ] {
            assert_eq!(number(text), Ok(value), "{text}");
        }
        for text in [
            "", "NA", "1e5", "inf", "NaN", "1,23", "0,125", "012,345", "12%", "1.2.3", ".", "--1",
            "0x10", "1 000", "٣",
        ] {
            assert!(number(text).is_err(), "{text}");
        }
    }
}
