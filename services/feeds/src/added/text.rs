//! Titles as codes, and titles compared.

use joinedup_events::Slug;

/// The longest code that is made of a title.
const MAX_CODE: usize = 48;

/// Small letters and digits with one space between words: what two spellings of a title have in common.
pub(super) fn alike(text: &str) -> String {
    let small: String = text
        .to_lowercase()
        .replace('&', " and ")
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    small.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A title as a code: letters and digits joined by hyphens. `otherwise` where nothing of it can be in a code.
pub(super) fn code(title: &str, otherwise: &str) -> Option<Slug> {
    let mut code: String = alike(title)
        .chars()
        .map(|c| if c == ' ' { '-' } else { c })
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(MAX_CODE)
        .collect();
    // A long number in a title may be somebody's: a code would carry it into subjects and labels.
    if code.bytes().filter(u8::is_ascii_digit).count() >= 8 {
        code.retain(|c| !c.is_ascii_digit());
    }
    let code = code.trim_matches('-');
    Slug::new(code).or_else(|_| Slug::new(otherwise)).ok()
}
