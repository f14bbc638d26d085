//! The text a program shows to Prometheus, taken apart.

use std::collections::{BTreeMap, BTreeSet};

use crate::http;

/// One line of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The metric's name, with `_bucket`, `_sum` or `_count` where the line has them.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

/// A whole scrape.
#[derive(Clone, Debug, PartialEq)]
pub struct Scrape {
    /// The text as it came.
    pub text: String,
    /// Its lines.
    pub series: Vec<Series>,
}

impl Scrape {
    /// Scrapes an address.
    ///
    /// # Errors
    /// When it does not answer with status 200, or a line is none of the format.
    pub fn of(url: &str) -> Result<Self, String> {
        Self::parse(&http::get_ok(url)?.text())
    }

    /// Takes a text apart.
    ///
    /// # Errors
    /// The first line that is none of the format.
    pub fn parse(text: &str) -> Result<Self, String> {
        let series = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| series(line).ok_or_else(|| format!("no line of the text format: {line}")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            series,
        })
    }

    /// The names of all metrics.
    pub fn names(&self) -> BTreeSet<&str> {
        self.series
            .iter()
            .map(|series| series.name.as_str())
            .collect()
    }

    /// The series of a name that have at least the given labels.
    pub fn matching(&self, name: &str, labels: &[(&str, &str)]) -> Vec<&Series> {
        self.series
            .iter()
            .filter(|series| series.name == name)
            .filter(|series| {
                labels
                    .iter()
                    .all(|(label, value)| series.labels.get(*label).is_some_and(|v| v == value))
            })
            .collect()
    }

    /// The value of the one series of a name that has at least the given labels.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Result<f64, String> {
        match self.matching(name, labels).as_slice() {
            [one] => Ok(one.value),
            other => Err(format!("{name}{labels:?} has {} series", other.len())),
        }
    }
}

fn series(line: &str) -> Option<Series> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(mut inside) = rest.strip_prefix('{') {
        loop {
            inside = inside.trim_start_matches([',', ' ']);
            if let Some(after) = inside.strip_prefix('}') {
                rest = after;
                break;
            }
            let (label, quoted) = inside.split_once("=\"")?;
            let (value, after) = unquote(quoted)?;
            labels.insert(label.to_owned(), value);
            inside = after;
        }
    }
    // A time stamp may follow the value.
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Series {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// The text up to the closing quote with its escapes resolved, and what follows the quote.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_quotes_commas_and_braces_come_apart_as_they_were() {
        let text =
            "# HELP a b\na{x=\"1,}\",y=\"say \\\"hi\\\"\\n\"} 2.5 1700000000\nb 3\nc{} +Inf\n";
        let scrape = Scrape::parse(text).unwrap();
        assert_eq!(scrape.names(), BTreeSet::from(["a", "b", "c"]));
        assert_eq!(scrape.value("a", &[("x", "1,}")]), Ok(2.5));
        assert_eq!(scrape.series[0].labels["y"], "say \"hi\"\n");
        assert_eq!(scrape.value("c", &[]), Ok(f64::INFINITY));
        assert!(scrape.value("b", &[("x", "1")]).is_err());
    }

    #[test]
    fn a_line_of_another_format_is_named() {
        let error = Scrape::parse("a 1\n<html>\n").unwrap_err();
        assert!(error.contains("<html>"), "{error}");
    }
}
