//! Texts as they read: one letter or digit can be written in many ways, and the rules know the plain one.

use icu_normalizer::ComposingNormalizerBorrowed;
use std::borrow::Cow;

/// So often an address is looked through that was encoded again and again.
const MAX_DECODED: usize = 3;

/// A text in plain letters and digits: full-width, bold, circled and raised ones are those that they stand for (NFKC).
pub(super) fn letters(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfkc().normalize(text)
}

/// A text in plain letters and, where it holds percent-encoded ones as addresses do, also without these: `943%20476`.
pub(super) fn readings(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let once = |text: &Cow<'_, str>| decoded(text).map(Cow::Owned);
    std::iter::successors(Some(letters(text)), once).take(MAX_DECODED + 1)
}

/// A text whose percent-encoded characters of ASCII are those characters; none where it has none.
fn decoded(text: &str) -> Option<String> {
    let (before, encoded) = text.split_once('%')?;
    let mut plain = before.to_owned();
    let mut any = false;
    for part in encoded.split('%') {
        let code = part
            .get(..2)
            .filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        if let Some(character) = code.filter(u8::is_ascii) {
            any = true;
            plain.push(char::from(character));
            plain.push_str(&part[2..]);
        } else {
            plain.push('%');
            plain.push_str(part);
        }
    }
    any.then_some(plain)
}
