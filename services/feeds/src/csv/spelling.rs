//! The spellings of periods in published tables, from `2026-05` to `MSitAE-JUNE-2026` and `Q1 2026/27`.

use chrono::{DateTime, Days, Months, NaiveDate, Weekday};
use joinedup_events::local::{self, MONTHS};
use joinedup_views::period::{Grain, Period};

/// Words that say nothing of which period it is.
const FILLING: [&str; 30] = [
    "msitae",
    "msitdt",
    "rtt",
    "to",
    "of",
    "the",
    "and",
    "period",
    "financial",
    "year",
    "fy",
    "provisional",
    "revised",
    "final",
    "monthly",
    "data",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
];

/// Which day of its period a spelling says that a date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    First,
    Last,
}

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    /// The first day that it names.
    pub first: NaiveDate,
    /// The last one; the same, when it names a day.
    pub last: NaiveDate,
    /// "Week ending" and the like.
    pub edge: Option<Edge>,
}

impl Spelled {
    /// Whether it is exactly one period of a length.
    pub fn is_one(&self, grain: Grain) -> bool {
        let period = Period::of(grain, self.first);
        period.start == self.first && period.last_day() == self.last
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// Digits, with their number.
    N(i32, usize),
    Month(u32),
    /// `Q`, of a quarter.
    Quarter,
    /// `W`, of an ISO week.
    Week,
    Edge(Edge),
    Other,
}
use Token::{Month, N, Quarter, Week};

/// What a whole cell says; `None` when that is not a period.
pub(super) fn spelled(text: &str, grain: Grain) -> Option<Spelled> {
    let text = text.trim();
    if text.contains(':') {
        return with_time(text, grain);
    }
    let tokens = tokens(text);
    short_years(text, &tokens, grain).or_else(|| of_tokens(&tokens, grain))
}

/// `25/26`, where a cell is to be a year. `11/12` may be a day or a month as well, and 25.26 is a number.
fn short_years(text: &str, tokens: &[Token], grain: Grain) -> Option<Spelled> {
    let [N(year, 2), N(next, 2)] = *tokens else {
        return None;
    };
    let is_joined = text.contains(['/', '-', '\u{2013}']) && !text.contains(['.', ',']);
    let is_plain = (13..99).contains(&year) && next == year + 1;
    (grain == Grain::Year && is_joined && is_plain).then(|| financial_year(2000 + year))?
}

/// Words of when a table was made, and not of which period it is.
const PUBLISHED: [&str; 12] = [
    "published",
    "publication",
    "publish",
    "extracted",
    "extract",
    "printed",
    "created",
    "updated",
    "released",
    "release",
    "run",
    "generated",
];

/// Whether a text speaks of when a table was made.
pub(super) fn is_of_publication(text: &str) -> bool {
    words(text).any(|word| PUBLISHED.contains(&word.as_str()))
}

/// The words of a text, in small letters.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphabetic());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// What is named in a text, in its order: no part of a date or span is taken for itself, nor what speaks of publication.
pub(super) fn mentions(text: &str, grain: Grain) -> Vec<Spelled> {
    let parts = parts_of(text).into_iter();
    let others = parts.filter(|part| !is_of_publication(part));
    others.flat_map(|part| mentions_in(part, grain)).collect()
}

/// The same, of publication too where nothing else is named.
pub(super) fn mentions_at_all(text: &str, grain: Grain) -> Vec<Spelled> {
    let others = mentions(text, grain);
    if !others.is_empty() {
        return others;
    }
    let parts = parts_of(text).into_iter();
    parts.flat_map(|part| mentions_in(part, grain)).collect()
}

/// The parts of a text over which no period reaches: the 3 of *Table 3, June 2026* is not a day.
fn parts_of(text: &str) -> Vec<&str> {
    let is_end = |before: &str, c: char, after: &str| match c {
        '(' | ')' | '[' | ']' | ';' | '|' | '\n' => true,
        ',' => {
            let word = before.rsplit(char::is_whitespace).next();
            let is_number = |word: &str| {
                (1..=2).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit())
            };
            let is_word = after.trim_start().starts_with(char::is_alphabetic);
            is_word && word.is_some_and(is_number)
        }
        _ => false,
    };
    let (mut parts, mut from) = (Vec::new(), 0);
    for (at, c) in text.char_indices() {
        let (before, behind) = (text.get(from..at), at + c.len_utf8());
        let (before, after) = (before.unwrap_or_default(), text.get(behind..));
        if is_end(before, c, after.unwrap_or_default()) {
            parts.push(before);
            from = behind;
        }
    }
    parts.extend(text.get(from..));
    parts
}

fn mentions_in(text: &str, grain: Grain) -> Vec<Spelled> {
    let tokens = tokens(text);
    let mut taken = vec![false; tokens.len()];
    let mut found = Vec::new();
    for length in (1..=6.min(tokens.len())).rev() {
        for at in 0..=tokens.len() - length {
            let (Some(window), Some(places)) =
                (tokens.get(at..at + length), taken.get_mut(at..at + length))
            else {
                continue;
            };
            // A number of one piece is as likely something else.
            let is_number = matches!(window, [N(..)]) && grain != Grain::Year;
            if is_number || places.contains(&true) {
                continue;
            }
            if let Some(spelled) = of_tokens(window, grain) {
                places.fill(true);
                found.push((at, spelled));
            }
        }
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, spelled)| spelled).collect()
}

/// A date with a time behind it. With an offset from UTC it is the date that it is in London.
fn with_time(text: &str, grain: Grain) -> Option<Spelled> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(day(local::date(at.to_utc())));
    }
    let colon = text.find(':')?;
    let before = &text[..colon];
    let hour = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let date = hour.strip_suffix([' ', 'T'])?;
    let time = &text[hour.len()..];
    let plain = time
        .chars()
        .all(|c| c.is_ascii_digit() || c == ':' || c == '.');
    of_tokens(&tokens(date), grain).filter(|s| plain && s.first == s.last)
}

fn tokens(text: &str) -> Vec<Token> {
    let mut words: Vec<String> = Vec::new();
    let mut kind = None;
    for c in text.to_lowercase().chars() {
        let now = match c {
            c if c.is_ascii_digit() => Some(true),
            c if c.is_alphanumeric() => Some(false),
            _ => None,
        };
        match (now, now == kind) {
            (None, _) => {}
            (Some(_), true) => {
                if let Some(last) = words.last_mut() {
                    last.push(c);
                }
            }
            (Some(_), false) => words.push(c.to_string()),
        }
        kind = now;
    }
    let mut tokens = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or_default();
        let edge = match (word, next) {
            ("week", "ending" | "ended" | "ends" | "end") | ("w", "e") => Some(Edge::Last),
            ("week", "commencing" | "beginning" | "starting" | "begins" | "starts" | "start")
            | ("w", "c") => Some(Edge::First),
            _ => None,
        };
        if let Some(edge) = edge {
            words.next();
            tokens.push(Token::Edge(edge));
            continue;
        }
        let behind_a_number = matches!(tokens.last(), Some(N(..)));
        let token = match word {
            _ if word.bytes().all(|b| b.is_ascii_digit()) => word
                .parse()
                .map_or(Token::Other, |value| N(value, word.len())),
            "q" | "qtr" | "quarter" => Quarter,
            "w" => Week,
            "st" | "nd" | "rd" | "th" if behind_a_number => continue,
            _ if FILLING.contains(&word) => continue,
            _ => month(word).map_or(Token::Other, Month),
        };
        tokens.push(token);
    }
    tokens
}

/// Which day of its week a date is below a title such as *Week ending*.
pub(super) fn edge_in_title(title: &str) -> Option<Edge> {
    tokens(title).into_iter().find_map(|token| match token {
        Token::Edge(edge) => Some(edge),
        _ => None,
    })
}

fn month(word: &str) -> Option<u32> {
    let at = MONTHS
        .iter()
        .position(|m| word.len() >= 3 && m.starts_with(word))?;
    u32::try_from(at).ok().map(|n| n + 1)
}

fn of_tokens(tokens: &[Token], grain: Grain) -> Option<Spelled> {
    if let [Token::Edge(edge), rest @ ..] = tokens {
        let spelled = of_tokens(rest, grain)?;
        let day = spelled.first == spelled.last && spelled.edge.is_none();
        return day.then_some(Spelled {
            edge: Some(*edge),
            ..spelled
        });
    }
    let year = grain == Grain::Year;
    // 2026/27, 2026-27 and 2026/2027: only where years are asked for, because 2011-12 is December otherwise.
    let follows = |y: i32, b: i32, length: usize| match length {
        2 => b == (y + 1) % 100,
        4 => b == y + 1,
        _ => false,
    };
    match *tokens {
        [N(y, 4)] if year => financial_year(y),
        [N(v, 6)] => whole_month(v / 100, positive(v % 100)?),
        [N(v, 8)] if v % 10_000 == 0 && year => financial_year(v / 10_000),
        [N(v, 8)] => date(v / 10_000, positive(v / 100 % 100)?, positive(v % 100)?),
        [N(y, 4), N(b, length)] if year && follows(y, b, length) => financial_year(y),
        [N(y, 4), N(m, 2)] | [N(m, 2), N(y, 4)] => whole_month(y, positive(m)?),
        [N(y, 4), N(m, 2), N(d, 2)] => date(y, positive(m)?, positive(d)?),
        [N(d, 1 | 2), N(m, 1 | 2), N(y, 4)] => date(y, positive(m)?, positive(d)?),
        [N(d, 1 | 2), N(m, 1 | 2), N(y, 2)] => date(2000 + y, positive(m)?, positive(d)?),
        [Month(m), N(d, 1 | 2), N(y, 4)] => date(y, m, positive(d)?),
        [N(d, 1 | 2), Month(m), N(y, length)] => date(full_year(y, length)?, m, positive(d)?),
        [Month(m), N(y, length)] => whole_month(full_year(y, length)?, m),
        [N(y, 4), Month(m)] => whole_month(y, m),
        [N(y, 4), N(b, length), Month(m), N(z, 4)] if follows(y, b, length) => whole_month(z, m),
        // A month below its financial year.
        [N(y, 4), N(b, length), Month(m)] if follows(y, b, length) => {
            whole_month(if m < 4 { y + 1 } else { y }, m)
        }
        [Month(a), Month(b), N(y, 4)] if a < b => span(whole_month(y, a)?, whole_month(y, b)?),
        [Month(a), N(y, 4), Month(b), N(z, 4)] => span(whole_month(y, a)?, whole_month(z, b)?),
        [
            N(d, 1 | 2),
            Month(a),
            N(y, 4),
            N(e, 1 | 2),
            Month(b),
            N(z, 4),
        ] => span(date(y, a, positive(d)?)?, date(z, b, positive(e)?)?),
        [N(d, 1 | 2), N(e, 1 | 2), Month(m), N(y, 4)] => {
            span(date(y, m, positive(d)?)?, date(y, m, positive(e)?)?)
        }
        [Quarter, N(q, 1), N(y, 4), N(b, length)] | [N(y, 4), N(b, length), Quarter, N(q, 1)]
            if follows(y, b, length) =>
        {
            // Financial quarters: the first is April to June.
            quarter(y, q)?.shifted(3)
        }
        [Quarter, N(q, 1), N(y, 2), N(b, 2)] | [N(y, 2), N(b, 2), Quarter, N(q, 1)]
            if follows(y, b, 2) =>
        {
            quarter(2000 + y, q)?.shifted(3)
        }
        [Quarter, N(q, 1), N(y, 4)] | [N(y, 4), Quarter, N(q, 1)] => quarter(y, q),
        [N(y, 4), Week, N(w, 2)] => {
            let monday = NaiveDate::from_isoywd_opt(y, positive(w)?, Weekday::Mon)?;
            Some(Spelled {
                last: monday.checked_add_days(Days::new(6))?,
                ..day(monday)
            })
        }
        _ => None,
    }
}

impl Spelled {
    fn shifted(self, months: u32) -> Option<Self> {
        let after = self.last.checked_add_days(Days::new(1))?;
        Some(Self {
            first: self.first.checked_add_months(Months::new(months))?,
            last: after.checked_add_months(Months::new(months))?.pred_opt()?,
            edge: None,
        })
    }
}

fn day(date: NaiveDate) -> Spelled {
    Spelled {
        first: date,
        last: date,
        edge: None,
    }
}

fn date(year: i32, month: u32, of_month: u32) -> Option<Spelled> {
    NaiveDate::from_ymd_opt(year, month, of_month).map(day)
}

fn months(year: i32, month: u32, how_many: u32) -> Option<Spelled> {
    let first = NaiveDate::from_ymd_opt(year, month, 1).filter(|_| (1900..2200).contains(&year))?;
    let after = first.checked_add_months(Months::new(how_many))?;
    Some(Spelled {
        first,
        last: after.pred_opt()?,
        edge: None,
    })
}

fn whole_month(year: i32, month: u32) -> Option<Spelled> {
    months(year, month, 1)
}

/// A quarter of a calendar year.
fn quarter(year: i32, number: i32) -> Option<Spelled> {
    let number = positive(number).filter(|n| (1..=4).contains(n))?;
    months(year, number * 3 - 2, 3)
}

fn financial_year(year: i32) -> Option<Spelled> {
    months(year, 4, 12)
}

fn span(from: Spelled, to: Spelled) -> Option<Spelled> {
    (from.first <= to.last).then_some(Spelled {
        first: from.first,
        last: to.last,
        edge: None,
    })
}

fn positive(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}

fn full_year(year: i32, length: usize) -> Option<i32> {
    match length {
        4 => Some(year),
        2 => Some(2000 + year),
        _ => None,
    }
}
