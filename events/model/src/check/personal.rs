//! Finds what would identify a person: NHS numbers and e-mail addresses anywhere in an event; in free text also
//! postcodes, dates of birth, long numbers and titles before a name.
//!
//! **NHS numbers.** Ten digits of which the last is a modulus-11 check digit. One in eleven numbers of ten digits
//! passes by chance, so what counts as *ten digits* decides how many honest events are refused:
//! - a run of exactly ten digits, or groups of 3-3-4, 3-7 or 6-4 with spaces, hyphens, dots, slashes or underscores
//!   between them; longer and shorter runs never count;
//! - a run with letters beside it counts (`pas9434765919`), except within a UUID, or within sixteen or more
//!   hexadecimal digits: such random ids have a run of ten now and then;
//! - a JSON number counts when it is whole. An honest amount of a thousand million or more is refused one time in
//!   eleven, and the way out is another unit; a column of NHS numbers mapped to an amount by mistake is refused;
//! - an id made of the seconds since 1970 is refused one time in eleven too. Use a random id.

use super::{Refusal, shape};
use serde_json::Value;

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

/// One run of digits in a text: where it starts and ends, by character.
struct Run {
    start: usize,
    end: usize,
}

fn digit(c: char) -> Option<u8> {
    let value = match c {
        '0'..='9' => u32::from(c) - u32::from('0'),
        // Full-width, Arabic-Indic and extended Arabic-Indic digits read as numbers too.
        '\u{ff10}'..='\u{ff19}' => u32::from(c) - 0xff10,
        '\u{660}'..='\u{669}' => u32::from(c) - 0x660,
        '\u{6f0}'..='\u{6f9}' => u32::from(c) - 0x6f0,
        _ => return None,
    };
    u8::try_from(value).ok()
}

fn runs(text: &[char]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, c) in text.iter().enumerate() {
        if digit(*c).is_some() {
            match runs.last_mut() {
                Some(run) if run.end == at => run.end = at + 1,
                _ => runs.push(Run {
                    start: at,
                    end: at + 1,
                }),
            }
        }
    }
    runs
}

/// What people put between the groups of a number.
fn joins(between: &[char]) -> bool {
    (1..=3).contains(&between.len())
        && between.iter().all(|c| {
            matches!(c, '-' | '.' | '/' | '_' | '\u{2010}'..='\u{2015}') || c.is_whitespace()
        })
}

/// Whether a text has a valid NHS number in it, as the module's description says.
#[must_use]
pub fn mentions_nhs_number(text: &str) -> bool {
    let chars: Vec<char> = without_uuids(text);
    let runs = runs(&chars);
    let passes = |parts: &[Run]| {
        let digits: Vec<u8> = parts
            .iter()
            .flat_map(|r| chars[r.start..r.end].iter().filter_map(|c| digit(*c)))
            .collect();
        <[u8; 10]>::try_from(digits).is_ok_and(|digits| is_nhs_number(&digits))
    };
    let lengths: Vec<usize> = runs.iter().map(|r| r.end - r.start).collect();
    let joined = |at: usize, parts: usize| {
        runs[at..at + parts]
            .windows(2)
            .all(|pair| joins(&chars[pair[0].end..pair[1].start]))
    };
    (0..runs.len()).any(|at| {
        let shape: &[&[usize]] = &[&[10], &[3, 3, 4], &[3, 7], &[6, 4]];
        shape.iter().any(|shape| {
            lengths[at..].starts_with(shape)
                && joined(at, shape.len())
                && !(shape.len() == 1 && in_long_hex(&chars, &runs[at]))
                && passes(&runs[at..at + shape.len()])
        })
    })
}

/// Whether a run stands within sixteen or more hexadecimal digits, letters among them.
fn in_long_hex(chars: &[char], run: &Run) -> bool {
    let start = chars[..run.start]
        .iter()
        .rposition(|c| !c.is_alphanumeric())
        .map_or(0, |at| at + 1);
    let end = chars[run.end..]
        .iter()
        .position(|c| !c.is_alphanumeric())
        .map_or(chars.len(), |at| run.end + at);
    let word = &chars[start..end];
    word.len() >= 16 && word.iter().all(char::is_ascii_hexdigit)
}

/// The text with every UUID put out of sight.
fn without_uuids(text: &str) -> Vec<char> {
    const LENGTH: usize = 36;
    let mut chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at + LENGTH <= chars.len() {
        let uuid = chars[at..at + LENGTH].iter().enumerate().all(|(i, c)| {
            if matches!(i, 8 | 13 | 18 | 23) {
                *c == '-'
            } else {
                c.is_ascii_hexdigit()
            }
        });
        if uuid {
            chars[at..at + LENGTH].fill('\u{fffd}');
            at += LENGTH;
        } else {
            at += 1;
        }
    }
    chars
}

/// Whether a text has an e-mail address in it.
pub(super) fn mentions_email(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    chars.iter().enumerate().any(|(at, c)| {
        matches!(c, '@' | '\u{ff20}')
            && at > 0
            && !chars[at - 1].is_whitespace()
            && chars.get(at + 1).is_some_and(|next| next.is_alphanumeric())
    })
}

/// Scans every key, text and number of a value.
pub(super) fn scan(value: &Value, path: &mut Vec<String>, found: &mut Vec<Refusal>) {
    match value {
        Value::String(text) => scan_text(text, path, found),
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
                path.push(index.to_string());
                scan(inner, path, found);
                path.pop();
            }
        }
        Value::Object(object) => {
            for (key, inner) in object {
                scan_text(key, path, found);
                path.push(key.clone());
                scan(inner, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Scans one text for what is refused everywhere.
pub(super) fn scan_text(text: &str, path: &[String], found: &mut Vec<Refusal>) {
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

    /// A valid number from nine digits, where there is one.
    fn valid(first: u32) -> Option<String> {
        (0..10)
            .map(|check| format!("{first:09}{check}"))
            .find(|text| is_nhs_number(&digits(text)))
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
            "９４３４７６５９１９",
        ] {
            assert!(mentions_nhs_number(text), "{text}");
        }
    }

    #[test]
    fn random_ids_dates_and_longer_numbers_are_let_be() {
        for text in [
            "94347659190",
            "943476591",
            "1234567890",
            "0a9434765919bcde",
            "3f2504e0-4f89-41d3-9a0c-ab9434765919",
            "2026-05-03",
            "E10000012/dtoc-delayed-days/month/2019-12-01",
            "9434.765919",
        ] {
            assert!(!mentions_nhs_number(text), "{text}");
        }
    }

    #[test]
    fn an_address_is_told_from_an_at_sign() {
        assert!(mentions_email("write to j.smith@example.org"));
        assert!(!mentions_email("3 @ 5 pounds"));
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
