//! Where somebody lives: a number, a name and a word for a street.

use super::words;

/// Words that stand behind the name of a street.
const STREETS: [&str; 19] = [
    "street", "st", "road", "rd", "avenue", "ave", "lane", "close", "drive", "crescent", "terrace",
    "mews", "gardens", "grove", "court", "place", "square", "row", "way",
];
/// Words before a number that is not of a house.
const NUMBERED: [&str; 26] = [
    "ward", "wards", "team", "teams", "level", "phase", "pathway", "band", "tier", "site",
    "locality", "group", "cycle", "unit", "bay", "bed", "room", "floor", "stage", "step", "week",
    "day", "month", "version", "plan", "top",
];
/// The most words of a street's name.
const MAX_NAME: usize = 4;

/// Whether a text has an address: `12 High Street`; in small letters only behind *at* or *address*.
pub(super) fn is_in(text: &str) -> bool {
    let words = words(text);
    words.iter().enumerate().any(|(at, (_, number))| {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        let before = before.map_or(String::new(), |(_, word)| word.to_lowercase());
        if !is_house(number) || NUMBERED.contains(&before.as_str()) {
            return false;
        }
        let is_place = ["at", "address"].contains(&before.as_str());
        let is_name = |word: &str| {
            let first = word.chars().next();
            // The `s` of `St Peter's`.
            word == "s"
                || first.is_some_and(|c| c.is_uppercase() || (is_place && c.is_alphabetic()))
        };
        let street = |word: &str| STREETS.contains(&word.to_lowercase().as_str());
        let behind = words.get(at + 1..).unwrap_or_default();
        let name = behind.iter().take(MAX_NAME + 1);
        let joined = behind.first().is_some_and(|(joined, _)| *joined);
        let length = name.take_while(|(_, word)| is_name(word)).count();
        let named = behind.get(..length).unwrap_or_default();
        joined && named.iter().skip(1).any(|(_, word)| street(word))
    })
}

/// Up to three digits, perhaps with a letter behind them.
fn is_house(word: &str) -> bool {
    let digits = word.strip_suffix(|c: char| c.is_ascii_alphabetic());
    let digits = digits.unwrap_or(word);
    (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}
