//! Numbers that a workbook shows as percentages: the cell holds 0.125, and everybody who looks at it sees 12.5%.

/// How a format shows the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// `0.0%`: a hundred times what the cell holds.
    OfOne,
    /// `0.0"%"`: behind what the cell holds.
    Behind,
}

impl Sign {
    /// Of the code of a format, by its section for positive numbers.
    pub fn of(code: &str) -> Option<Self> {
        let (mut quoted, mut last) = (false, None);
        let mut letters = code.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => quoted = !quoted,
                // The letter behind is shown as it is, or as a space of its width.
                '\\' if !quoted => last = letters.next(),
                '_' | '*' if !quoted => {
                    letters.next();
                }
                '%' if !quoted => return Some(Self::OfOne),
                ';' if !quoted => break,
                ' ' => {}
                _ => last = Some(letter),
            }
        }
        (last == Some('%')).then_some(Self::Behind)
    }

    /// A number as it is shown, with all its decimals.
    pub fn shown(self, number: &str) -> String {
        let has_digits = number.bytes().any(|b| b.is_ascii_digit());
        match self {
            Self::OfOne if has_digits => format!("{}%", a_hundred_times(number)),
            Self::Behind if has_digits => format!("{number}%"),
            _ => number.to_owned(),
        }
    }
}

/// Moves the point, because a product has decimals that nobody wrote: 0.57 by a hundred is 56.99999999999999.
fn a_hundred_times(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let (moved, rest) = decimals.split_at_checked(2).unwrap_or((decimals, ""));
    let whole = format!("{whole}{moved:0<2}");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    match rest {
        "" => format!("{sign}{whole}"),
        rest => format!("{sign}{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_what_is_shown() {
        for (code, sign) in [
            ("0%", Some(Sign::OfOne)),
            ("0.00%", Some(Sign::OfOne)),
            ("#,##0.0%;[Red]-#,##0.0%", Some(Sign::OfOne)),
            ("0.0\"%\"", Some(Sign::Behind)),
            ("0.0\\%", Some(Sign::Behind)),
            ("0.0_%", None),
            ("\"95% by \"0", None),
            ("General", None),
            ("0;-0%", None),
        ] {
            assert_eq!(Sign::of(code), sign, "{code}");
        }
        for (number, shown) in [
            ("0.125", "12.5%"),
            ("0.57", "57%"),
            ("1", "100%"),
            ("-1.5", "-150%"),
            ("0.001", "0.1%"),
            ("0", "0%"),
            ("12.345678", "1234.5678%"),
            ("NaN", "NaN"),
        ] {
            assert_eq!(Sign::OfOne.shown(number), shown);
        }
        assert_eq!(Sign::Behind.shown("12.5"), "12.5%");
    }
}
