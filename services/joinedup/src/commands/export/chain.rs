//! An archive in a folder, in files that continue one another: each run of the command adds what is new since the last. Nothing
//! else has to remember where it stopped.

use super::{Begin, events, unwritten};
use crate::cli::Failure;
use crate::commands::target::Target;
use joinedup_application::config::Config;
use joinedup_log::archive;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

/// What is being written; only a whole file gets its name.
const UNFINISHED: &str = "unfinished.part";

/// Writes what is new into one more file of the folder, named by its first and last position.
pub async fn lengthen(folder: &Path, target: &Target, config: &Config) -> Result<(), Failure> {
    let about = |e: io::Error| Failure::new(format!("{}: {e}", folder.display()));
    fs::create_dir_all(folder).map_err(about)?;
    let begin = match Files::of(folder).map_err(about)?.waiting.pop_back() {
        None => Begin::default(),
        Some(last) => after(&last)?,
    };
    let path = folder.join(UNFINISHED);
    let file = File::create(&path).map_err(unwritten)?;
    let out = Box::new(BufWriter::new(file.try_clone().map_err(unwritten)?));
    let summary = events(target, config, out, &begin).await?;
    let (Some(first), Some(last)) = (summary.first, summary.last) else {
        println!("nothing is new since position {}", begin.after);
        return fs::remove_file(&path).map_err(unwritten);
    };
    let name = folder.join(format!("{:012}-{:012}.ndjson", first.0, last.0));
    file.sync_all()
        .and_then(|()| fs::rename(&path, &name))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(unwritten)?;
    println!(
        "{}: {} events; keep the hash of the last one elsewhere: {}",
        name.display(),
        summary.events,
        summary.hash
    );
    Ok(())
}

/// What the file that continues this one begins after.
fn after(last: &Path) -> Result<Begin, Failure> {
    let whole = File::open(last)
        .map_err(|e| e.to_string())
        .and_then(|file| archive::verify(BufReader::new(file)).map_err(|e| e.to_string()));
    let summary = whole.map_err(|why| {
        Failure::new(format!(
            "{} cannot be continued: {why}; move the folder away, keep it, and begin a new one",
            last.display()
        ))
    })?;
    Ok(Begin {
        after: summary.last.map_or(0, |last| last.0),
        continues: Some(archive::End {
            hash: summary.hash,
            prev: summary.prev,
        }),
    })
}

/// The files of an archive, read as if they were one; one is open at a time.
pub struct Files {
    waiting: VecDeque<PathBuf>,
    open: Option<File>,
}

impl Files {
    /// Those of a folder, in the order of their positions.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "ndjson") {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(Self {
            waiting: paths.into(),
            open: None,
        })
    }
}

impl Read for Files {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(file) = &mut self.open {
                let read = file.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
            }
            match self.waiting.pop_front() {
                Some(next) => self.open = Some(File::open(next)?),
                None => return Ok(0),
            }
        }
    }
}
