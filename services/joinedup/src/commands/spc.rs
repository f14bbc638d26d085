//! `spc`: judges a chart: a case as JSON, or a CSV of one's own.

mod gaps;
mod report;
mod table;

use crate::cli::Failure;
use clap::{Args, ValueEnum};
use joinedup_spc::{Chart, Direction, Method, Options, Point, Quantity, case, choose_chart, judge};
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use table::Table;

/// Flags of `spc`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  joinedup spc case.json\n  joinedup spc --csv waits.csv --direction down --target 28\n  joinedup spc --csv falls.csv --chart u --direction down --format svg > falls.svg\n\nThe CSV has a date, a value and perhaps a denominator; a header is not needed. An empty value is a gap, and so is a period without a row."
)]
pub struct Spc {
    /// A case as JSON, with `method`, `options`, `x` and `y`; standard input unless given.
    #[arg(value_name = "FILE", conflicts_with = "csv")]
    pub case: Option<PathBuf>,
    /// A CSV: date, value[, denominator]; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// The chart: auto, run, xmr, mr, i_prime, p, p_prime, u, u_prime, c, g or t.
    #[arg(long, default_value = "auto", requires = "csv")]
    pub chart: String,
    /// Which way is better.
    #[arg(long, value_enum, default_value_t = Better::Neutral, requires = "csv")]
    pub direction: Better,
    /// The value to reach, on the scale that is drawn.
    #[arg(long, requires = "csv", allow_negative_numbers = true)]
    pub target: Option<f64>,
    /// Centre and limits from the first so many values, and then fixed.
    #[arg(long, value_name = "N", requires = "csv")]
    pub baseline: Option<usize>,
    /// The date from which centre and limits are reckoned anew; may be given more than once.
    #[arg(long, value_name = "DATE", requires = "csv")]
    pub phase: Vec<String>,
    /// What is printed.
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "csv")]
    pub format: Format,
    /// The chart's name; the file's unless given.
    #[arg(long, requires = "csv")]
    pub title: Option<String>,
    /// The unit of the values, e.g. days.
    #[arg(long, requires = "csv", default_value = "")]
    pub unit: String,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Better {
    /// Higher.
    Up,
    /// Lower.
    Down,
    /// Neither.
    Neutral,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A verdict for reading.
    Text,
    /// The whole verdict, point by point.
    Json,
    /// A drawing.
    Svg,
}

/// Judges and prints.
///
/// # Errors
/// Exit code 2 and a sentence when there is nothing that can be judged, 1 when the answer cannot be written.
pub fn run(spc: Spc) -> Result<(), Failure> {
    let text = match &spc.csv {
        Some(path) => of_csv(&spc, &name_of(path), &read(Some(path))?)?,
        None => format!("{}\n", of_case(&read(spc.case.as_deref())?)?),
    };
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Failure::new(format!("the answer cannot be written: {e}")))
}

fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn read(path: Option<&Path>) -> Result<String, Failure> {
    let path = path.filter(|path| *path != Path::new("-"));
    let mut text = String::new();
    let outcome = match path {
        None => io::stdin().read_to_string(&mut text).map(|_| ()),
        Some(path) => std::fs::read_to_string(path).map(|read| text = read),
    };
    outcome.map_err(|e| {
        Failure::usage(format!(
            "{} cannot be read: {e}",
            path.map_or_else(|| "standard input".to_owned(), name_of)
        ))
    })?;
    Ok(text)
}

fn of_case(text: &str) -> Result<Value, Failure> {
    let input: Value = serde_json::from_str(text)
        .map_err(|e| Failure::usage(format!("the case is not JSON: {e}")))?;
    case::run_case(&input).map_err(Failure::usage)
}

/// A series, how it is judged, and the verdict on it.
struct Judged {
    title: String,
    table: Table,
    chart: Chart,
    why_chart: Option<String>,
    options: Options,
    verdict: joinedup_spc::Verdict,
}

fn of_csv(spc: &Spc, name: &str, text: &str) -> Result<String, Failure> {
    let table = Table::read(name, text).map_err(Failure::usage)?;
    let points: Vec<Point> = table.points();
    let (chart, why_chart) = chart(&spc.chart, &points)?;
    let direction = match spc.direction {
        Better::Up => Direction::Up,
        Better::Down => Direction::Down,
        Better::Neutral => Direction::Neutral,
    };
    let mut phases = spc
        .phase
        .iter()
        .map(|date| table.first_from(date))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::usage)?;
    phases.sort_unstable();
    let options = Options {
        target: spc.target,
        baseline: spc.baseline,
        phases,
        unit: match chart {
            Chart::P | Chart::PPrime => "proportion".to_owned(),
            _ => spc.unit.clone(),
        },
        ..Options::new(chart, direction)
    };
    // A header is a row too, and rows are sorted by date: so the row is named by its label as well.
    let verdict = judge(&points, &options).map_err(|error| {
        let row = error.point().and_then(|at| table.rows.get(at));
        let row = row.map_or_else(String::new, |row| format!("{}: ", row.label));
        Failure::usage(format!("{name}: {row}{error}"))
    })?;
    let title = spc.title.clone().unwrap_or_else(|| {
        Path::new(name)
            .file_stem()
            .map_or_else(|| name.to_owned(), |s| s.to_string_lossy().into_owned())
    });
    let judged = Judged {
        title,
        table,
        chart,
        why_chart,
        options,
        verdict,
    };
    match spc.format {
        Format::Text => Ok(report::text(&judged)),
        Format::Svg => report::svg(&judged).map_err(Failure::usage),
        Format::Json => {
            let labels: Vec<&str> = judged.table.rows.iter().map(|r| r.label.as_str()).collect();
            let answer = json!({ "chart": judged.chart, "why_chart": judged.why_chart, "x": labels, "verdict": judged.verdict });
            Ok(format!("{answer}\n"))
        }
    }
}

/// The chart asked for, or the one that suits the data, with the reason.
fn chart(name: &str, points: &[Point]) -> Result<(Chart, Option<String>), Failure> {
    if name == "auto" {
        let with_n = points.iter().any(|p| p.n.is_some());
        let pairs = || points.iter().filter_map(|p| p.value.zip(p.n));
        // One slip among many shares is left out by the chart; of rates more than one in twenty lie above one.
        let shares = 20 * pairs().filter(|(value, n)| value > n).count() <= pairs().count();
        let quantity = match (with_n, shares) {
            (true, true) => Quantity::Proportion,
            (true, false) => Quantity::Rate,
            (false, _) => Quantity::Measurement,
        };
        let choice = choose_chart(quantity, points);
        return match choice.method {
            Method::Chart(chart) => Ok((chart, Some(choice.why))),
            _ => Ok((
                Chart::Run,
                Some("A run chart works for any series over time.".to_owned()),
            )),
        };
    }
    let written = name
        .to_lowercase()
        .replace(['-', '\''], "_")
        .replace('′', "_");
    let known = match written.trim_end_matches('_') {
        "i" => "xmr",
        "pp" => "p_prime",
        "up" => "u_prime",
        other if written.ends_with('_') => return chart(&format!("{other}-prime"), points),
        other => other,
    };
    match serde_json::from_value::<Chart>(Value::from(known)) {
        Ok(Chart::Xbar | Chart::S) => Err(Failure::usage(
            "an Xbar or S chart needs several measurements for every point: give them as a case in JSON, method product.xbar or product.s, with one x for each subgroup",
        )),
        Ok(chart) => Ok((chart, None)),
        Err(_) => Err(Failure::usage(format!(
            "there is no chart `{name}`: choose auto, run, xmr, mr, i_prime, p, p_prime, u, u_prime, c, g or t"
        ))),
    }
}

#[cfg(test)]
mod tests;
