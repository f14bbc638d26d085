//! What is looked at before the grammar sees a query: its size, and the few things that the grammar's crate would drop
//! or stumble over.
//!
//! - Regular expressions are taken out and read by `Pattern`, with a bound on their size and with RE2's meaning; the
//!   crate sees a place-holder.
//! - A plain number for a duration would end the crate in a panic when it is too large, and a part of a duration with
//!   too many digits would be taken for nothing.
//! - Nesting and length are bounded, because the tree is walked by recursion.

use super::Refusal;
use super::pattern::Pattern;
use super::time;

/// The longest query, in bytes.
pub const MAX_QUERY_LENGTH: usize = 32_768;
/// How deep brackets may be nested.
pub const DEEPEST: usize = 32;
/// How many operators there may be.
pub const OPERATORS: usize = 200;
/// How many regular expressions there may be.
pub const PATTERNS: usize = 48;

/// A query without its regular expressions.
#[derive(Debug)]
pub struct Guarded {
    /// The text: the nth regular expression reads `"n"`.
    pub text: String,
    /// The regular expressions.
    pub patterns: Vec<Pattern>,
}

/// Looks at a query.
///
/// # Errors
/// A sentence that says what is too much, or what is not read here.
pub fn guard(query: &str) -> Result<Guarded, Refusal> {
    if query.len() > MAX_QUERY_LENGTH {
        return Err(Refusal::query(format!(
            "the query has {} bytes and may have {MAX_QUERY_LENGTH}",
            query.len()
        )));
    }
    let mut walk = Walk {
        rest: query,
        out: String::with_capacity(query.len()),
        patterns: Vec::new(),
        open: Vec::new(),
        operators: 0,
        before: Before::Else,
    };
    walk.whole()?;
    Ok(Guarded {
        text: walk.out,
        patterns: walk.patterns,
    })
}

/// What the last token was, as far as it matters for the next one.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// `=~` or `!~`: a regular expression follows.
    Regex,
    /// `[`, a colon in brackets, or `offset`: a duration follows.
    Duration,
    Else,
}

struct Walk<'q> {
    rest: &'q str,
    out: String,
    patterns: Vec<Pattern>,
    open: Vec<char>,
    operators: usize,
    before: Before,
}

impl<'q> Walk<'q> {
    fn whole(&mut self) -> Result<(), Refusal> {
        while let Some(c) = self.rest.chars().next() {
            match c {
                '#' => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    self.take(end);
                    // A comment is not needed any more.
                    self.out.push(' ');
                }
                '"' | '\'' | '`' => self.string(c)?,
                c if c.is_ascii_alphanumeric() || c == '_' || c == '.' => self.word()?,
                c if c.is_whitespace() => {
                    self.take(c.len_utf8());
                    self.out.push(c);
                }
                _ => self.sign(c)?,
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: usize) -> &'q str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn string(&mut self, quote: char) -> Result<(), Refusal> {
        let mut escaped = false;
        let end = self.rest[1..].char_indices().find_map(|(at, c)| {
            let ends = c == quote && !escaped;
            escaped = quote != '`' && c == '\\' && !escaped;
            ends.then_some(at + 2)
        });
        let end = end.ok_or_else(|| Refusal::query("the query has a string without an end"))?;
        let text = self.take(end);
        let inner = &text[1..text.len() - 1];
        if self.before == Before::Regex {
            if self.patterns.len() == PATTERNS {
                let text = format!("a query may have {PATTERNS} regular expressions");
                return Err(Refusal::query(text));
            }
            self.out.push_str(&format!("\"{}\"", self.patterns.len()));
            let unquoted = if quote == '`' {
                inner.to_owned()
            } else {
                unquoted(inner)?
            };
            self.patterns.push(Pattern::new(&unquoted)?);
        } else {
            if !inner.is_ascii() && inner.contains('\\') {
                let text = "a string holds either escapes or letters beyond ASCII here, not both";
                return Err(Refusal::query(text));
            }
            self.out.push_str(text);
        }
        self.before = Before::Else;
        Ok(())
    }

    fn word(&mut self) -> Result<(), Refusal> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let word = self.take(end);
        if word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let parts: Vec<&str> = word.split(|c: char| c.is_ascii_alphabetic()).collect();
            let is_duration =
                word.ends_with(|c: char| "smhdwy".contains(c)) && !word.starts_with("0x");
            if is_duration && parts.iter().any(|p| p.len() > 9) {
                let text = format!("the duration {word} has a part of more than 9 digits");
                return Err(Refusal::query(text));
            }
        }
        if self.before == Before::Duration && time::duration(word).is_none() {
            let text = format!(
                "{word:?} is not a duration that is read here: write a number with a unit, such as 26w"
            );
            return Err(Refusal::query(text));
        }
        let low = word.to_ascii_lowercase();
        if ["and", "or", "unless", "atan2"].contains(&low.as_str()) {
            self.operator()?;
        }
        self.out.push_str(word);
        self.before = if low == "offset" {
            Before::Duration
        } else {
            Before::Else
        };
        Ok(())
    }

    fn operator(&mut self) -> Result<(), Refusal> {
        self.operators += 1;
        if self.operators > OPERATORS {
            let text = format!("a query may have {OPERATORS} operators");
            return Err(Refusal::query(text));
        }
        Ok(())
    }

    fn sign(&mut self, c: char) -> Result<(), Refusal> {
        self.take(c.len_utf8());
        let mut before = Before::Else;
        match c {
            '(' | '[' | '{' => {
                self.open.push(c);
                if self.open.len() > DEEPEST {
                    let text = format!("brackets may be nested {DEEPEST} deep");
                    return Err(Refusal::query(text));
                }
                if c == '[' {
                    before = Before::Duration;
                }
            }
            ')' | ']' | '}' => {
                self.open.pop();
            }
            ':' if self.open.last() == Some(&'[') => before = Before::Duration,
            '~' if self.out.ends_with(['=', '!']) => before = Before::Regex,
            '+' | '-' => {
                self.operator()?;
                // `offset -1w`
                before = self.before;
            }
            '*' | '/' | '%' | '^' | '=' | '!' | '<' | '>' if self.open.last() != Some(&'{') => {
                self.operator()?;
            }
            _ => {}
        }
        self.before = before;
        self.out.push(c);
        Ok(())
    }
}

/// What a quoted regular expression says.
fn unquoted(inner: &str) -> Result<String, Refusal> {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c == '\n' {
            return Err(Refusal::query(
                "a quoted string cannot hold the end of a line",
            ));
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some(c @ ('\\' | '"' | '\'')) => text.push(c),
            _ => {
                return Err(Refusal::query(
                    "in a quoted regular expression write a backslash as two, as in \"\\\\d+\"",
                ));
            }
        }
    }
    Ok(text)
}
