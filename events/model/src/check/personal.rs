//! Finds what would identify a person: NHS numbers and e-mail addresses anywhere in an event; in free text also
//! postcodes, dates of birth, long numbers and titles before a name. What names are asked beside is in `identifier.rs`.
//!
//! **NHS numbers.** Ten digits of which the last is a modulus-11 check digit, of the ranges that are given out or used in
//! tests. One in some twenty numbers of ten digits passes by chance, so what counts as *ten digits* matters:
//! - a run of exactly ten digits; one with a zero before or behind it, with 44 before it, with a date before or behind
//!   it, with three or more digits behind it where it begins with 4, 6, 7 or 9, or written twice; letters beside it make
//!   no difference;
//! - groups of 3-3-4, 3-7 or 6-4 with any signs that people put between them, and any other groups with the same sign
//!   between all of them, down to single digits; of 3-3-4 also with one word between all of them, or with single letters;
//! - not within a UUID, or within sixteen or more hexadecimal digits: such random ids have a run of ten now and then;
//! - a JSON number counts when it is whole. An honest amount of a thousand million or more is refused now and then, and
//!   the way out is another unit; a column of NHS numbers mapped to an amount by mistake is refused.

use super::{FREE_TEXT, Refusal, identifier, plain, shape};
use serde_json::Value;
use std::borrow::Cow;

mod marks;

pub(super) use marks::{Marks, digit};

const NHS_RULE: &str = "has ten digits that pass the check of an NHS number; leave it out (an honest number of that size can be given in another unit)";

/// Whether ten digits are a valid NHS number: weights 10 to 2, modulus 11.
///
/// Source: NHS Data Dictionary, NHS number.
#[must_use]
pub fn is_nhs_number(digits: &[u8; 10]) -> bool {
    let sum: u32 = digits
        .iter()
        .zip((2..=10).rev())
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum();
    // A remainder of 1 would need a check digit of ten, which no digit is.
    let wanted = (11 - sum % 11) % 11;
    digits.iter().all(|d| *d < 10) && u32::from(digits[9]) == wanted
}

/// Whether a number of ten digits is of a range that is given out, or used in tests: England and Wales from 4, 6 and 7,
/// Northern Ireland from 32 to 39, Scotland with a date of birth in front, tests from 9.
///
/// Source: NHS Data Dictionary, NHS number; Public Health Scotland, CHI number.
fn is_given_out(digits: &[u8; 10]) -> bool {
    let two = |at: usize| digits[at] * 10 + digits[at + 1];
    match digits[0] {
        4 | 6 | 7 | 9 => true,
        3 if (32..=39).contains(&two(0)) => true,
        0..=3 => {
            let is_date = (1..=31).contains(&two(0)) && (1..=12).contains(&two(2));
            is_date && !identifier::is_unix_second(digits)
        }
        _ => false,
    }
}

fn passes(digits: &[u8]) -> bool {
    <[u8; 10]>::try_from(digits).is_ok_and(|ten| is_nhs_number(&ten) && is_given_out(&ten))
}

/// Whether a run of digits is an NHS number, or one with something before or behind it.
fn is_disguised(digits: &[u8]) -> bool {
    let (first, last) = digits.split_at(digits.len().min(10));
    let from = digits.len().saturating_sub(10);
    let (before, ten) = digits.split_at(from);
    match digits.len() {
        10 => passes(digits),
        11 => (last == [0] && passes(first)) || (before == [0] && passes(ten)),
        12 => before == [4, 4] && passes(ten),
        // With something behind it. Of what is as long and honest, instants begin with 1 and written dates with 2.
        13..=17 | 19 => matches!(first[0], 4 | 6 | 7 | 9) && passes(first),
        18 => (is_date(last) && passes(first)) || (is_date(before) && passes(ten)),
        20 => first == last && passes(first),
        _ => false,
    }
}

/// Eight digits that are a day of the last or this century, the year first or last.
fn is_date(digits: &[u8]) -> bool {
    let two = |at: usize| digits[at] * 10 + digits[at + 1];
    let is = |century: usize, month: usize, day: usize| {
        matches!(two(century), 19 | 20)
            && (1..=12).contains(&two(month))
            && (1..=31).contains(&two(day))
    };
    digits.len() == 8 && (is(0, 4, 6) || is(4, 2, 0))
}

/// Whether a text has a valid NHS number in it, as the module's description says.
#[must_use]
pub fn mentions_nhs_number(text: &str) -> bool {
    plain::readings(text).any(|text| {
        // Most texts have too few digits, and every event has many texts.
        text.chars().filter_map(digit).count() >= 10 && has_nhs_number(&Marks::of(&text))
    })
}

/// Whether there is one among the digits of a text.
pub(super) fn has_nhs_number(marks: &Marks) -> bool {
    let alone = |run: &marks::Run| !marks.is_long_hex(run) && is_disguised(&marks.digits(run));
    marks.runs.iter().any(alone)
        || marks.grouped().any(|digits| passes(&digits))
        || marks.spoken().any(|digits| passes(&digits))
        || marks.joined().any(|digits| passes(&digits))
}

/// Whether a text has an e-mail address in it.
pub(super) fn mentions_email(text: &str) -> bool {
    plain::readings(text).any(|text| {
        text.match_indices('@').any(|(at, sign)| {
            let before = text.get(..at).unwrap_or_default();
            let after = text.get(at + sign.len()..).unwrap_or_default();
            let is_near = before.ends_with(|c: char| !c.is_whitespace());
            (is_near && after.starts_with(char::is_alphanumeric))
                || (before.trim_end().ends_with(char::is_alphanumeric) && begins_with_domain(after))
        })
    })
}

/// Whether a text begins with the name of a server: `example.org`.
fn begins_with_domain(text: &str) -> bool {
    let is_of_it = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let domain = text.trim_start().split(|c| !is_of_it(c)).next();
    let domain = domain.map(|domain| domain.trim_end_matches('.'));
    domain
        .and_then(|domain| domain.rsplit_once('.'))
        .is_some_and(|(name, top)| {
            name.starts_with(char::is_alphanumeric)
                && top.chars().count() >= 2
                && top.chars().all(char::is_alphabetic)
        })
}

/// Scans every key, text and number of a value.
pub(super) fn scan<'v>(value: &'v Value, path: &mut Vec<Cow<'v, str>>, found: &mut Vec<Refusal>) {
    match value {
        Value::String(text) if is_free_text(path) => scan_text(text, path, found),
        Value::String(text) => {
            for rule in identifier::rules(text) {
                found.push(Refusal::new(shape::pointer(path), rule));
            }
        }
        Value::Number(number) => {
            let whole = number.as_u64().or_else(|| {
                number
                    .as_f64()
                    .filter(|n| n.fract() == 0.0 && (0.0..1e10).contains(n))
                    .map(|n| n as u64)
            });
            if whole.is_some_and(|n| n >= 1_000_000_000 && mentions_nhs_number(&n.to_string())) {
                found.push(Refusal::new(shape::pointer(path), NHS_RULE));
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                path.push(index.to_string().into());
                scan(inner, path, found);
                path.pop();
            }
        }
        Value::Object(object) => {
            for (key, inner) in object {
                scan_text(key, path, found);
                path.push(key.into());
                scan(inner, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Whether a field is one that people write sentences into; all others hold names.
fn is_free_text(path: &[Cow<'_, str>]) -> bool {
    matches!(path, [data, field] if data == "data" && (FREE_TEXT.contains(&&**field) || field == "reason"))
}

/// Scans one text for what is refused everywhere.
fn scan_text(text: &str, path: &[Cow<'_, str>], found: &mut Vec<Refusal>) {
    if mentions_nhs_number(text) {
        found.push(Refusal::new(shape::pointer(path), NHS_RULE));
    }
    if mentions_email(text) {
        found.push(Refusal::new(
            shape::pointer(path),
            "has an e-mail address; leave it out",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits(text: &str) -> [u8; 10] {
        let digits: Vec<u8> = text.bytes().map(|b| b - b'0').collect();
        digits.try_into().unwrap()
    }

    /// A valid number from nine digits, where there is one that is given out.
    fn valid(first: u32) -> Option<String> {
        (0..10)
            .map(|check| format!("{first:09}{check}"))
            .find(|text| is_nhs_number(&digits(text)) && is_given_out(&digits(text)))
    }

    #[test]
    fn the_check_digit_follows_the_data_dictionary() {
        for good in [
            "9434765919",
            "9434765870",
            "9990000018",
            "9990000050",
            "4010232137",
        ] {
            assert!(is_nhs_number(&digits(good)), "{good}");
        }
        assert!(!is_nhs_number(&digits("1234567890")));
        for check in 0..10 {
            assert!(!is_nhs_number(&digits(&format!("999000000{check}"))));
        }
    }

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for text in [
            "9434765919",
            "943 476 5919",
            "943-476-5919",
            "943\u{a0}476\u{2011}5919",
            "943476 5919",
            "943 4765919",
            "nhs:9434765919",
            "NHS9434765919",
            "t-9434765919",
            "9434765919x",
            "see 9434765919, please",
            "943/476/5919",
            "943:476:5919",
            "943,476,5919",
            "943~476~5919",
            "943 - 476 - 5919",
            "94347 65919",
            "9434-76-5919",
            "94.34.76.59.19",
            "9 4 3 4 7 6 5 9 1 9",
            "9-4-3-4-7-6-5-9-1-9",
            "09434765919",
            "94347659190",
            "449434765919",
            "+44 9434765919",
            "943476591920260503",
            "943476591903051948",
            "202605039434765919",
            "94347659199434765919",
            "9434765919001",
            "9434765919123456789",
            "９４３４７６５９１９",
            "𝟗𝟒𝟑𝟒𝟕𝟔𝟓𝟗𝟏𝟗",
            "943%20476%205919",
            "943%2520476%25205919",
            "%39434765919",
            "943a476b5919",
            "943 and 476 and 5919",
        ] {
            assert!(mentions_nhs_number(text), "{text}");
        }
    }

    #[test]
    fn random_ids_dates_and_longer_numbers_are_let_be() {
        for text in [
            "94347659191",
            "1764338400123",
            "1764338400123456789",
            "943476591",
            "1764338400",
            "5123456785",
            "1234567890",
            "0a9434765919bcde",
            "3f2504e0-4f89-41d3-9a0c-ab9434765919",
            "2026-05-03",
            "E10000012/dtoc-delayed-days/month/2019-12-01",
            "2026-11-28/12",
            "28/11/2026 10 of 12",
            "943 to 476 in 5919",
            "943 and 476 and 2026",
            "0a9b943a476b5919",
        ] {
            assert!(!mentions_nhs_number(text), "{text}");
        }
    }

    #[test]
    fn an_address_is_told_from_an_at_sign() {
        assert!(mentions_email("write to j.smith@example.org"));
        assert!(mentions_email("j.smith @ example.org."));
        assert!(mentions_email("j.smith%40example.org"));
        for text in ["3 @ 5 pounds", "beds @ 1.50 each", "meet @ Broomfield"] {
            assert!(!mentions_email(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_valid_number_is_found(first in 0u32..1_000_000_000, before in "[ a-z(:-]{0,5}", after in "[ ,.;)]{0,5}") {
            if let Some(number) = valid(first) {
                prop_assert!(mentions_nhs_number(&number));
                let spaced = format!("{before}{} {} {}{after}", &number[..3], &number[3..6], &number[6..]);
                prop_assert!(mentions_nhs_number(&spaced));
            }
        }

        #[test]
        fn a_uuid_is_never_taken_for_one(uuid in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9]{4}-[0-9a-f]{4}-[0-9]{10}[0-9a-f]{2}") {
            prop_assert!(!mentions_nhs_number(&uuid));
        }
    }

    #[test]
    fn of_random_text_almost_none_is_refused() {
        let mut state = 11_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let letters = b"abcdefghij klmnop qrstuv wxyz 0123456789 0123456789 .,-/";
        let refused = (0..5_000)
            .filter(|_| {
                let text: String = (0..80)
                    .map(|_| char::from(letters[next() as usize % letters.len()]))
                    .collect();
                mentions_nhs_number(&text)
            })
            .count();
        assert!(refused < 50, "{refused} of 5,000");
    }

    #[test]
    fn of_random_ids_almost_none_is_refused() {
        // A plain linear congruence is random enough to make ids, and the same ones each time.
        let mut state = 7_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 32
        };
        let refused = (0..20_000)
            .filter(|_| {
                let id: String = (0..22)
                    .map(|_| {
                        char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[(next() % 32) as usize])
                    })
                    .collect();
                mentions_nhs_number(&id)
            })
            .count();
        assert!(refused < 20, "{refused} of 20,000");
    }
}
