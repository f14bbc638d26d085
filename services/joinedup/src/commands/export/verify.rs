//! `export --verify`: whether an archive is as it was written, and whether it is the whole.

use super::Export;
use super::chain::Files;
use crate::cli::Failure;
use joinedup_log::archive;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Checks an archive and says what it holds.
pub(super) fn run(file: &Path, export: &Export) -> Result<(), Failure> {
    let unread = |e| Failure::usage(format!("{} cannot be read: {e}", file.display()));
    let opened: Box<dyn Read> = if file.is_dir() {
        Box::new(Files::of(file).map_err(unread)?)
    } else {
        Box::new(File::open(file).map_err(unread)?)
    };
    let summary = archive::verify(BufReader::new(opened))
        .map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
    let name = file.display();
    // A backup that never wrote a file must not look like one that did.
    if summary.events == 0 {
        return Err(Failure::new(format!(
            "{name} holds no archive: there is no event in it"
        )));
    }
    if let Some(expected) = &export.expect
        && *expected != summary.hash
    {
        return Err(Failure::new(format!(
            "{name}: its last line has the hash {}, and not the one that was kept: lines are missing at its end, or it is \
             another archive",
            summary.hash
        )));
    }
    if let Some(first) = summary.begins_late()
        && summary.starts_from == archive::BEGIN
        && !export.with_gaps
    {
        return Err(Failure::new(format!(
            "{name}: it begins at position {first}, so it is not the whole: it was made with --after and without --continues, or \
             its log had lost what was before, or was set up to forget; --with-gaps passes that"
        )));
    }
    if let Some((first, last)) = summary.first_missing.filter(|_| !export.with_gaps) {
        return Err(Failure::new(format!(
            "{name}: every line is as it was written, and {} events are missing, the first from position {first} to \
             {last}: the log had lost them, or was set up to forget; --with-gaps passes that",
            summary.missing
        )));
    }
    if summary.starts_from != export.continues.as_deref().unwrap_or(archive::BEGIN) {
        return Err(Failure::new(format!(
            "{name}: it continues an archive that is not here, so what is here is not the whole; --continues HASH passes it, with \
             the hash of the last line of that archive"
        )));
    }
    let span = match (summary.first, summary.last) {
        (Some(first), Some(last)) => format!(" from position {first} to {last}"),
        _ => String::new(),
    };
    println!(
        "{name}: {}; {} events{span}, the hash of the last one is {}",
        extent(&summary),
        summary.events,
        summary.hash
    );
    Ok(())
}

/// What an archive that is passed holds: the whole, or what is not in it.
fn extent(summary: &archive::Summary) -> String {
    let missing = summary.first_missing.map(|(first, last)| {
        let missing = summary.missing;
        format!(
            "{missing} events are missing, the first from position {first} to {last} (--with-gaps passes that)"
        )
    });
    let begin = summary.begins_late().map(|first| {
        if summary.starts_from == archive::BEGIN {
            let before = first.0 - 1;
            format!("the first {before} events are not in it (--with-gaps passes that)")
        } else {
            "it continues the archive that --continues names".to_owned()
        }
    });
    let lacks: Vec<String> = begin.into_iter().chain(missing).collect();
    if lacks.is_empty() {
        return "whole".to_owned();
    }
    format!(
        "every line is as it was written, and it is not the whole: {}",
        lacks.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_log::Position;

    #[test]
    fn only_what_lacks_nothing_is_called_whole() {
        let all = archive::Summary {
            events: 9,
            first: Some(Position(1)),
            last: Some(Position(9)),
            missing: 0,
            first_missing: None,
            starts_from: archive::BEGIN.to_owned(),
            hash: String::new(),
            prev: None,
        };
        assert_eq!(extent(&all), "whole");
        let late = archive::Summary {
            first: Some(Position(4)),
            ..all.clone()
        };
        assert!(extent(&late).contains("the first 3 events are not in it (--with-gaps passes"));
        let gaps = archive::Summary {
            missing: 5,
            first_missing: Some((Position(3), Position(4))),
            ..all
        };
        let says = extent(&gaps);
        assert!(
            says.contains(
                "not the whole: 5 events are missing, the first from position 3 to 4 (--with-gaps"
            ),
            "{says}"
        );
    }
}
