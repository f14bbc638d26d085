//! Regular expressions as Prometheus has them: anchored, in the syntax of RE2. The `regex` crate reads nearly the same
//! syntax; where it would read another meaning into the same text, the text is translated or refused.

use super::Refusal;
use regex::{Regex, RegexBuilder};

/// The longest expression, in bytes.
const MAX_PATTERN_LENGTH: usize = 16_000;
/// The largest compiled expression, in bytes.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// An anchored expression.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is none, is too large, or would not mean the same as in Prometheus.
    pub fn new(text: &str) -> Result<Self, Refusal> {
        let refused = |why: &str| {
            let shown: String = text.chars().take(60).collect();
            Refusal::query(format!("the regular expression {shown:?} {why}"))
        };
        if text.len() > MAX_PATTERN_LENGTH {
            return Err(refused(&format!(
                "has more than {MAX_PATTERN_LENGTH} bytes"
            )));
        }
        let translated = translate(text).map_err(&refused)?;
        // Since Prometheus 3 a dot takes line ends too.
        RegexBuilder::new(&format!("^(?s:{translated})$"))
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_COMPILED_BYTES)
            .build()
            .map(Self)
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => refused("is too large when compiled"),
                _ => refused("cannot be read; the syntax is RE2's"),
            })
    }

    /// Whether it matches the whole of a value.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.0.is_match(value)
    }

    /// The groups of a match of the whole of a value.
    #[must_use]
    pub fn captures<'v>(&self, value: &'v str) -> Option<regex::Captures<'v>> {
        self.0.captures(value)
    }
}

/// The same meaning in the crate's syntax, or what cannot be translated.
fn translate(text: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let escaped = chars.next().ok_or("ends with a backslash")?;
                out.push_str(&escape(escaped, in_class)?);
            }
            '[' if in_class && chars.peek() != Some(&':') => {
                return Err("has a bracket in brackets: escape it with a backslash");
            }
            '[' if in_class => {
                // A named class such as [:alpha:].
                out.push('[');
                for inner in chars.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' => {
                in_class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.push('^');
                    chars.next();
                }
                if chars.peek() == Some(&']') {
                    // First in a class it stands for itself.
                    out.push_str("\\]");
                    chars.next();
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' | '-' if in_class && chars.peek() == Some(&c) => {
                return Err("has a doubled sign in brackets, which is read in more than one way");
            }
            '(' if chars.peek() == Some(&'?') => {
                let mut ahead = chars.clone();
                ahead.next();
                let flags: String = ahead
                    .by_ref()
                    .take_while(|c| c.is_ascii_alphabetic() || *c == '-')
                    .collect();
                if flags.chars().any(|c| !"imsUP-".contains(c)) {
                    return Err("has a flag that is not one of i, m, s and U");
                }
                out.push('(');
            }
            '{' if !in_class && !is_repetition(chars.clone()) => out.push_str("\\{"),
            _ => out.push(c),
        }
    }
    Ok(out)
}

/// Whether what follows a brace makes it a repetition, and no brace.
fn is_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inner: String = rest
        .take_while(|c| c.is_ascii_digit() || *c == ',' || *c == '}')
        .collect();
    let Some((inner, _)) = inner.split_once('}') else {
        return false;
    };
    // RE2 takes a brace without a least number for itself.
    !inner.starts_with(',') && !inner.is_empty() && inner.matches(',').count() <= 1
}

fn escape(escaped: char, in_class: bool) -> Result<String, &'static str> {
    Ok(match escaped {
        // Of ASCII only, as RE2 has them.
        'd' => "[0-9]".into(),
        'D' => "[^0-9]".into(),
        'w' => "[0-9A-Za-z_]".into(),
        'W' => "[^0-9A-Za-z_]".into(),
        's' => "[\\t\\n\\x0C\\r ]".into(),
        'S' => "[^\\t\\n\\x0C\\r ]".into(),
        'b' if !in_class => "(?-u:\\b)".into(),
        'A' | 'z' if !in_class => format!("\\{escaped}"),
        'n' | 'r' | 't' | 'f' | 'v' | 'a' | 'x' | 'p' | 'P' => format!("\\{escaped}"),
        '<' | '>' => escaped.to_string(),
        _ if escaped.is_ascii_punctuation() => format!("\\{escaped}"),
        _ => return Err("has an escape that is not read here"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_anchored_and_classes_are_of_ascii() {
        let matches = |pattern: &str, value: &str| Pattern::new(pattern).unwrap().matches(value);
        assert!(matches("a|b", "a") && !matches("a|b", "ab") && !matches("a", "xa"));
        assert!(matches("", "") && !matches("", "a"));
        assert!(
            matches("\\w+", "cafe") && !matches("\\w+", "caf\u{e9}") && matches(".+", "caf\u{e9}")
        );
        assert!(matches("[\\w-]+", "a-b") && !matches("\\d", "\u{663}"));
        assert!(matches("a{2}", "aa") && matches("a{b}", "a{b}") && matches("a{,2}", "a{,2}"));
        assert!(matches("[]a]+", "a]") && matches("[^]]", "b") && matches("[[:alpha:]]+", "ab"));
        assert!(matches("(?i)ab", "AB") && matches("(?i:a)b", "Ab") && matches("a.b", "a\nb"));
    }

    #[test]
    fn what_would_mean_something_else_is_refused() {
        for text in [
            "(",
            "[a&&b]",
            "[a--b]",
            "[[a]b]",
            "(?x)a b",
            "\\B",
            "\\u{61}",
            "\\Qa\\E",
            "a\\",
            "(?u)a",
            "\\1",
            "(a{1000}){1000}",
            "(?<=a)b",
        ] {
            let refused = Pattern::new(text).unwrap_err().to_string();
            assert!(
                refused.starts_with("the regular expression"),
                "{text}: {refused}"
            );
        }
        assert!(Pattern::new(&"a".repeat(MAX_PATTERN_LENGTH + 1)).is_err());
    }
}
