//! Amounts as people write them, wherever they are read: on pages, in drawings and in the sentences beside them.

/// A value in words, with as many decimals as it needs: shares as percentages.
#[must_use]
pub fn number(value: f64, unit: &str) -> String {
    finer(value, unit, 0)
}

/// A value in words with so many decimals more than it needs.
fn finer(value: f64, unit: &str, more: usize) -> String {
    if unit == "proportion" {
        let percent = value * 100.0;
        return trimmed(percent, seen(percent, 1) + more) + "%";
    }
    let decimals = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 || unit == "people" {
        1
    } else {
        2
    };
    trimmed(value, seen(value, decimals) + more)
}

/// So many decimals, or as many as what is more than a slip of a sum needs in order not to read as zero.
fn seen(value: f64, decimals: usize) -> usize {
    let enough = |&d: &usize| value.abs() * 10_f64.powi(d as i32) >= 0.5;
    (decimals..=6).find(enough).unwrap_or(decimals)
}

/// A value with its unit.
#[must_use]
pub fn amount(value: f64, unit: &str) -> String {
    with_unit(number(value, unit), unit)
}

/// Two values with their unit, which do not read alike where one is called higher than the other.
#[must_use]
pub fn compared(one: f64, other: f64, unit: &str) -> [String; 2] {
    let both = |more| [one, other].map(|value| finer(value, unit, more));
    let differ = |[one, other]: &[String; 2]| one != other;
    let apart = (0..3).map(both).find(differ);
    apart
        .unwrap_or_else(|| both(0))
        .map(|number| with_unit(number, unit))
}

fn with_unit(number: String, unit: &str) -> String {
    match unit {
        "proportion" | "count" | "" => number,
        // What explains itself is read beside the number and not as its noun.
        unit if unit.contains(", ") => format!("{number} ({unit})"),
        unit => {
            let unit = if number == "1" { singular(unit) } else { unit };
            format!("{number} {unit}")
        }
    }
}

/// A unit of one: measures name theirs in the plural.
fn singular(unit: &str) -> &str {
    match unit {
        "people" => "person",
        per if per.starts_with("per ") => per,
        other => other.strip_suffix('s').unwrap_or(other),
    }
}

/// A value with so many decimals at most, its thousands set apart.
#[must_use]
pub fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some("0") => ("", "0"),
        Some(digits) => ("\u{2212}", digits),
        None => ("", text),
    };
    let (whole, rest) = digits
        .split_once('.')
        .map_or((digits, String::new()), |(w, r)| (w, format!(".{r}")));
    let mut grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_does_not_read_alike() {
        assert_eq!(compared(104.4, 104.1, "days"), ["104.4 days", "104.1 days"]);
        assert_eq!(compared(0.9724, 0.9716, "proportion"), ["97.24%", "97.16%"]);
        assert_eq!(compared(0.5, 0.25, "proportion"), ["50%", "25%"]);
        assert_eq!(compared(7.0, 7.0, "days"), ["7 days", "7 days"]);
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(amount(1.0, "days"), "1 day");
        assert_eq!(amount(1.0, "people"), "1 person");
        assert_eq!(amount(4.613, "people"), "4.6 people");
        assert_eq!(amount(1.2, "days"), "1.2 days");
        assert_eq!(amount(1.0, "per 100 comments"), "1 per 100 comments");
        assert_eq!(amount(1.0, "proportion"), "100%");
        assert_eq!(amount(3.5, "level, 1 to 5"), "3.5 (level, 1 to 5)");
        assert_eq!(amount(3.5, "per 100,000"), "3.5 per 100,000");
        assert_eq!(number(4217.0, "days"), "4,217");
        assert_eq!(number(1_234_567.0, ""), "1,234,567");
        assert_eq!(amount(12.0, "count"), "12");
        assert_eq!(number(0.125, "proportion"), "12.5%");
        assert_eq!(number(2.5, "days"), "2.5");
        assert_eq!(number(-3.0, "days"), "\u{2212}3");
        assert_eq!(number(100.0, "days"), "100");
    }

    #[test]
    fn what_is_small_is_not_called_zero() {
        assert_eq!(number(0.000_42, "proportion"), "0.04%");
        assert_eq!(number(0.003_2, ""), "0.003");
        assert_eq!(number(0.012, ""), "0.01");
        assert_eq!(number(1e-15, "days"), "0");
        assert_eq!(number(0.0, "days"), "0");
    }
}
