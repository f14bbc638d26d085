//! Lines in a chain: each is a JSON object whose last member is the SHA-256 digest of the digest before it and of the
//! line without that member. So a line that is changed, taken out or put in breaks the chain there.

use super::Entry;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read};

/// What the first line follows.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The longest line, in bytes.
const MAX_LINE: u64 = 1 << 20;
/// What stands between a line's other members and its digest.
const BEFORE: &str = ",\"hash\":\"";
/// What ends a line.
const AFTER: &str = "\"}";
/// Of so many lines one has its place noted.
pub(super) const EACH: u64 = 256;

/// Where a chain ends: what the next line follows.
#[derive(Clone, Debug)]
pub struct End {
    /// The number of the last line; 0 when there is none.
    pub number: u64,
    hash: String,
}

impl Default for End {
    fn default() -> Self {
        Self {
            number: 0,
            hash: NOTHING.to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Numbered<'a> {
    n: u64,
    at: String,
    #[serde(flatten)]
    entry: &'a Entry,
}

#[derive(Deserialize)]
struct Number {
    n: u64,
    #[serde(default)]
    continues: Option<String>,
}

impl End {
    /// The next line, with its end, and where the chain then ends.
    ///
    /// # Errors
    /// When the entry is no JSON, which none is.
    pub fn next(&self, entry: &Entry, at: DateTime<Utc>) -> Result<(String, Self), io::Error> {
        let number = self.number + 1;
        let numbered = Numbered {
            n: number,
            at: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            entry,
        };
        let body = serde_json::to_string(&numbered).map_err(io::Error::other)?;
        let open = body.strip_suffix('}').unwrap_or(&body);
        let hash = digest(&self.hash, open);
        let line = format!("{open}{BEFORE}{hash}{AFTER}\n");
        Ok((line, Self { number, hash }))
    }

    /// The digest of the last line, to be noted elsewhere.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

fn digest(previous: &str, open: &str) -> String {
    let sum = Sha256::new()
        .chain_update(previous)
        .chain_update(open)
        .finalize();
    hexadecimal(&sum)
}

/// A digest as it is written.
pub(crate) fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The line in the file, from 1.
    pub line: u64,
    /// Why, in words.
    pub why: &'static str,
}

/// What a file of lines holds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Where its chain ends.
    pub end: End,
    /// The number of the line before its first; 0 unless it continues another file.
    pub before: u64,
    /// The digest of that line, where it continues another file.
    pub continues: Option<String>,
    /// How many lines it has.
    pub lines: u64,
    /// The bytes of whole lines.
    pub length: u64,
    /// The bytes after them, of a line without its end.
    pub rest: u64,
    /// The first place where the chain is broken.
    pub broken: Option<Broken>,
    /// Where each 256th line begins.
    pub(super) places: Vec<u64>,
}

/// Reads lines from the first on, and holds each against the one before.
///
/// # Errors
/// When they cannot be read.
pub fn check(mut lines: impl BufRead) -> Result<Checked, io::Error> {
    let mut checked = Checked {
        end: End::default(),
        before: 0,
        continues: None,
        lines: 0,
        length: 0,
        rest: 0,
        broken: None,
        places: Vec::new(),
    };
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = (&mut lines).take(MAX_LINE).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(checked);
        }
        if bytes.pop() != Some(b'\n') {
            checked.rest += read as u64;
            continue;
        }
        // What is too long to be a line is part of the one that ends here.
        let whole = read as u64 + std::mem::take(&mut checked.rest);
        if checked.lines.is_multiple_of(EACH) {
            checked.places.push(checked.length);
        }
        if checked.lines == 0
            && let Some(end) = continued(&bytes)
        {
            checked.before = end.number;
            checked.continues = Some(end.hash.clone());
            checked.end = end;
        }
        checked.lines += 1;
        checked.length += whole;
        if let Err(why) = follow(&mut checked.end, &bytes)
            && checked.broken.is_none()
        {
            let line = checked.lines;
            checked.broken = Some(Broken { line, why });
        }
    }
}

/// What the first line of a file says that it follows.
fn continued(bytes: &[u8]) -> Option<End> {
    let Number { n, continues } = serde_json::from_slice(bytes).ok()?;
    let (number, hash) = (n.checked_sub(1)?, continues?);
    (hash.len() == NOTHING.len()).then_some(End { number, hash })
}

/// Goes one line further, from what the line says of itself even when that is wrong, so that lines added later are
/// held against what they did follow.
fn follow(end: &mut End, bytes: &[u8]) -> Result<(), &'static str> {
    let read = std::str::from_utf8(bytes).ok().and_then(|line| {
        let Number { n, .. } = serde_json::from_str(line).ok()?;
        let (open, hash) = line.strip_suffix(AFTER)?.rsplit_once(BEFORE)?;
        (hash.len() == NOTHING.len()).then_some((n, open, hash))
    });
    let Some((number, open, hash)) = read else {
        end.number += 1;
        return Err("it is not a line of an audit log");
    };
    let expected = std::mem::replace(
        end,
        End {
            number,
            hash: hash.to_owned(),
        },
    );
    if number != expected.number + 1 {
        return Err("its number does not follow: lines are missing or were put in");
    }
    if digest(&expected.hash, open) != hash {
        return Err("it, or the line before it, was changed");
    }
    Ok(())
}
