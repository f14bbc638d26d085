//! Dates of birth.

use super::words;
use crate::local::MONTHS;

/// The years of which a full date is somebody's: no event is that old.
const OLD: std::ops::Range<u32> = 1880..2000;
/// So many words behind *born* may be its date.
const NEAR: usize = 5;

/// A full date before 2000, or words for a birth with a digit or a month near.
pub(super) fn is_in(text: &str) -> bool {
    let lower = text.to_lowercase();
    let spoken = [
        "dob",
        "d.o.b",
        "date of birth",
        "born on",
        "born in",
        "born:",
    ]
    .iter()
    .any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let before = lower.get(..at).and_then(|b| b.chars().next_back());
            !before.is_some_and(char::is_alphanumeric)
                && lower
                    .get(at + word.len()..)
                    .unwrap_or_default()
                    .chars()
                    .take(12)
                    .any(|c| c.is_ascii_digit())
        })
    });
    spoken || is_born(&lower) || has_old_date(text)
}

/// *born May 1934*: a year of old, or a month and a year.
fn is_born(lower: &str) -> bool {
    let words = telling(lower);
    let mut born = words.iter().enumerate().filter(|(_, w)| **w == "born");
    born.any(|(at, _)| {
        let near = words.iter().skip(at + 1).take(NEAR);
        let near: Vec<&str> = near.copied().collect();
        let any_year = 1880..2100;
        near.iter().any(|word| is_year(word, &OLD))
            || near
                .windows(2)
                .any(|two| names_month(two[0]) && is_year(two[1], &any_year))
    })
}

/// Whether a text has a full date from before 2000, however its month is written.
pub(in super::super) fn has_old_date(text: &str) -> bool {
    let number = |word: &str, most: u32| {
        word.trim_end_matches(|c: char| c.is_ascii_alphabetic())
            .parse::<u32>()
            .is_ok_and(|n| (1..=most).contains(&n))
    };
    let month = |word: &str| number(word, 12) || names_month(word) || is_roman(word);
    let year = |word: &str| is_year(word, &OLD);
    telling(text).windows(3).any(|three| {
        let [a, b, c] = [three[0], three[1], three[2]];
        (number(a, 31) && month(b) && year(c))
            || (month(a) && number(b, 31) && year(c))
            || (year(a) && month(b) && number(c, 31))
    })
}

/// The words of a text without those that stand within a date: *2nd of May*.
fn telling(text: &str) -> Vec<&str> {
    let words = words(text).into_iter().map(|(_, word)| word);
    words
        .filter(|word| !["of", "the", "in"].contains(word))
        .collect()
}

fn is_year(word: &str, years: &std::ops::Range<u32>) -> bool {
    word.len() == 4 && word.parse::<u32>().is_ok_and(|year| years.contains(&year))
}

/// The name of a month, or three letters and more of it.
fn names_month(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.len() >= 3 && MONTHS.iter().any(|month| month.starts_with(&word))
}

fn is_roman(word: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII",
    ];
    MONTHS.contains(&word)
}
