//! `measures`: lists, checks and explains measures.

use crate::cli::{Failure, Server};
use clap::{Args, Subcommand};
use joinedup_application::app::{Definitions, catalogue};
use joinedup_views::catalogue::Catalogue;
use joinedup_views::measure::explain;
use joinedup_views::measures::Measures;
use std::fmt::Write;
use std::path::PathBuf;

/// Flags of `measures`.
#[derive(Clone, Debug, Args)]
pub struct MeasuresCommand {
    /// A file of settings; `joinedup.toml` in this folder unless given.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// A file of measures of your own.
    #[arg(long, value_name = "FILE", global = true)]
    pub measures: Vec<PathBuf>,
    /// A file of your own that adds to the logic model and the frameworks.
    #[arg(long, value_name = "FILE", global = true)]
    pub catalogue: Vec<PathBuf>,
    /// What to do; list unless given.
    #[command(subcommand)]
    pub ask: Option<Ask>,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Ask {
    /// List all measures, yours among them.
    List,
    /// Check a file of measures and say everything that is wrong with it.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// List the quantities and series that measures can be made of.
    Quantities,
    /// Explain one measure in plain words.
    Show {
        /// Its id.
        id: String,
    },
}

/// Answers.
///
/// # Errors
/// Exit code 1 when a checked file has errors, 2 when it cannot be read or the measure is not there.
pub fn run(command: MeasuresCommand) -> Result<(), Failure> {
    let server = Server {
        config: command.config,
        measures: command.measures,
        catalogue: command.catalogue,
        ..Server::default()
    };
    let settings = server.settings()?;
    if let Some(Ask::Check { file }) = &command.ask {
        let text = std::fs::read_to_string(file)
            .map_err(|e| Failure::usage(format!("{} cannot be read: {e}", file.display())))?;
        let catalogue = catalogue(&settings).map_err(Failure::usage)?;
        println!("{}", check(&catalogue, &file.display().to_string(), &text)?);
        return Ok(());
    }
    let definitions = Definitions::read(&settings).map_err(Failure::usage)?;
    match command.ask {
        Some(Ask::Quantities) => {
            let mappings = joinedup_feeds::mapping::built_in().map_err(Failure::usage)?;
            print!(
                "{}",
                super::quantities::list(&definitions.measures, &mappings)
            );
        }
        Some(Ask::Show { id }) => print!("{}", show(&definitions.measures, &id)?),
        _ => print!("{}", list(&definitions.measures)),
    }
    Ok(())
}

/// One line a measure.
fn list(measures: &Measures) -> String {
    let width = measures
        .iter()
        .map(|m| m.id.as_str().len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for measure in measures.iter() {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{:width$}  {:7}  {}",
            measure.id.as_str(),
            measure.period.code(),
            measure.title
        );
    }
    text
}

fn show(measures: &Measures, id: &str) -> Result<String, Failure> {
    match measures.get(id) {
        Some(measure) => Ok(explain(measure)),
        None => {
            let near: Vec<&str> = measures
                .iter()
                .map(|m| m.id.as_str())
                .filter(|known| known.contains(id) || id.contains(known))
                .collect();
            let hint = if near.is_empty() {
                "`joinedup measures` lists them".to_owned()
            } else {
                format!("did you mean {}?", near.join(", "))
            };
            Err(Failure::usage(format!("`{id}` is not a measure; {hint}")))
        }
    }
}

/// What is wrong with a file of measures, one line each.
fn check(catalogue: &Catalogue, name: &str, text: &str) -> Result<String, Failure> {
    match Measures::parse(text, |outcome| catalogue.node(outcome).is_some()) {
        Ok(measures) => Ok(format!(
            "{name}: {}, nothing wrong",
            match measures.len() {
                1 => "1 measure".to_owned(),
                n => format!("{n} measures"),
            }
        )),
        Err(errors) => {
            let lines: Vec<String> = errors
                .iter()
                .map(|error| format!("{name}: {error}"))
                .collect();
            Err(Failure::new(format!(
                "the measures are not right:\n{}",
                lines.join("\n")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in() -> Measures {
        let catalogue = Catalogue::built_in().unwrap();
        Measures::built_in(|outcome| catalogue.node(outcome).is_some()).unwrap()
    }

    #[test]
    fn every_measure_is_listed_and_explained() {
        let measures = built_in();
        let listed = list(&measures);
        for measure in measures.iter() {
            assert!(listed.contains(measure.title.as_str()), "{}", measure.id);
            assert!(
                show(&measures, measure.id.as_str())
                    .unwrap()
                    .contains(measure.title.as_str())
            );
        }
    }

    #[test]
    fn a_measure_that_is_not_there_is_answered_with_the_nearest() {
        let error = show(&built_in(), "dtoc").unwrap_err();
        assert_eq!(error.code, 2);
        assert!(error.sentence.contains("dtoc-delayed-days"), "{error}");
        assert!(
            show(&built_in(), "nonsense")
                .unwrap_err()
                .sentence
                .contains("lists them")
        );
    }

    #[test]
    fn a_file_with_errors_is_told_all_of_them() {
        let built_in = Catalogue::built_in().unwrap();
        assert!(
            check(&built_in, "mine.toml", "")
                .unwrap()
                .contains("0 measures")
        );
        let error = check(
            &built_in,
            "mine.toml",
            "[[measure]]\nid = \"x\"\n[[measure]]\nid = \"y\"\n",
        )
        .unwrap_err();
        assert_eq!(error.code, 1);
        assert!(
            error
                .sentence
                .lines()
                .filter(|l| l.starts_with("mine.toml:"))
                .count()
                >= 2,
            "{error}"
        );
    }

    #[test]
    fn every_series_of_a_built_in_mapping_has_a_measure() {
        let measures = built_in();
        let taken: Vec<String> = measures
            .iter()
            .flat_map(|m| [Some(m.quantity.clone()), m.over.clone()])
            .flatten()
            .collect();
        for mapping in joinedup_feeds::mapping::built_in().unwrap() {
            for series in &mapping.series {
                let quantity = format!("observation.{}", series.id);
                assert!(taken.contains(&quantity), "{}: {quantity}", mapping.name);
            }
        }
    }
}
