//! What stands in the place of a name: ids, sources, short codes and attributes. People are not named there, and not by
//! their numbers either, so these rules ask less of a text than to be a person's number before they refuse it.
//!
//! **Forms that are always let in** (a test sends thousands of each): UUIDs; words of sixteen or more hexadecimal digits,
//! such as a keyed hash; words of sixteen or more letters and digits with four letters among them (ULID, base 32 and 62);
//! at most eight digits in a row; dates; Unix time in seconds, and in thirteen digits and more that begin with 1.
//!
//! **What is refused**: nine to twelve digits in a row, whatever they mean: the numbers of patients, telephones and
//! properties look so, and a source that counts in them learns it from its first event, not from one in twenty. A local
//! number of that size is sent as a UUID (v5) or a keyed hash of it.

use super::personal::{self, Marks};
use super::{plain, text};

/// The rule that a number that could be a person's breaks.
pub(super) const NUMBER_RULE: &str = "has digits that read as a number of a person or a property (NHS, telephone, record); send a local number as a UUID or as a keyed hash of sixteen or more hexadecimal digits, or with at most eight digits in a row; instants may be Unix seconds";

const DIGITS_IN_A_ROW: std::ops::RangeInclusive<usize> = 9..=12;

/// Every rule that a name breaks.
pub(super) fn rules(name: &str) -> Vec<&'static str> {
    let mut broken: Vec<&'static str> = plain::readings(name).flat_map(|name| of(&name)).collect();
    broken.sort_unstable();
    broken.dedup();
    broken
}

/// Every rule that a name breaks in one reading of it.
fn of(name: &str) -> Vec<&'static str> {
    let mut broken = Vec::new();
    // Each of the rules about digits needs two of them at least. Most names have none but those of a date, and every event
    // has many names.
    let has_two = name.chars().filter_map(personal::digit).nth(1).is_some();
    let marks = has_two.then(|| Marks::of(name));
    if let Some(marks) = marks.filter(|marks| marks.digits_in_sight() > 1) {
        if personal::has_nhs_number(&marks)
            || has_number(&marks)
            || has_national_insurance(&marks.chars)
        {
            broken.push(NUMBER_RULE);
        }
        let visible: String = marks.chars.iter().collect();
        if text::has_postcode(&short_words(&visible)) {
            broken.push("has a postcode; leave it out");
        }
        if text::has_old_date(&visible) {
            broken.push("has what reads as a date of birth; leave it out");
        }
    }
    if personal::mentions_email(name) {
        broken.push("has an e-mail address; leave it out");
    }
    broken
}

/// A text without its longer words: in an id made at random one reads as a whole postcode now and then, so a postcode is
/// seen where it stands in its two parts.
fn short_words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let short = words.filter(|word| word.chars().count() < 5);
    short.collect::<Vec<_>>().join("-")
}

/// Whether a run of digits, or digits with one separator between them, could be a number of a person.
fn has_number(marks: &Marks) -> bool {
    let in_a_row = marks.runs.iter().any(|run| {
        let digits = marks.digits(run);
        // What is counted is often written with zeros in front.
        let length = digits.iter().skip_while(|digit| **digit == 0).count();
        DIGITS_IN_A_ROW.contains(&length) && !marks.is_random(run) && !is_unix_second(&digits)
    });
    in_a_row || marks.joined().any(|digits| is_telephone(&digits))
}

/// From September 2017, as long as thirty-two bits last. Nothing that a patient has begins so, but for numbers of
/// Scotland that begin with a day of birth.
pub(super) fn is_unix_second(digits: &[u8]) -> bool {
    const FIRST: u64 = 1_500_000_000;
    const LAST: u64 = i32::MAX as u64;
    let number = digits.iter().fold(0, |n, digit| n * 10 + u64::from(*digit));
    digits.len() == 10 && (FIRST..=LAST).contains(&number)
}

/// A number of the United Kingdom with its area, as it is dialled there or from elsewhere.
fn is_telephone(digits: &[u8]) -> bool {
    match digits {
        [0, 1..=3 | 7, ..] => digits.len() == 11,
        [4, 4, 1..=3 | 7, ..] => digits.len() == 12,
        _ => false,
    }
}

/// Two letters, six digits and a letter from A to D, in one word or in groups of two with the same sign between them.
pub(super) fn has_national_insurance(chars: &[char]) -> bool {
    let is_word = |at: Option<usize>| {
        at.and_then(|at| chars.get(at))
            .is_some_and(|c| c.is_alphanumeric())
    };
    (0..chars.len()).any(|from| {
        let sign = chars.get(from + 2).filter(|c| !c.is_alphanumeric());
        let step = 2 + usize::from(sign.is_some());
        let end = from + 4 * step + 1;
        let Some(number) = chars.get(from..end) else {
            return false;
        };
        let fits = number
            .iter()
            .enumerate()
            .all(|(at, c)| match (at / step, at % step) {
                (_, 2) => Some(c) == sign,
                (0, _) => c.is_ascii_alphabetic(),
                (4, _) => matches!(c.to_ascii_uppercase(), 'A'..='D'),
                _ => personal::digit(*c).is_some(),
            });
        fits && !is_word(from.checked_sub(1)) && !is_word(Some(end))
    })
}

#[cfg(test)]
mod tests;
