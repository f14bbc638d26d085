//! Files to import, opened and known for what they are before anything is sent.

use super::Chunk;
use super::csv::{CsvFile, Import, LayoutError};
use super::detect::Kind;
use super::mapping::Mapping;
use super::ndjson::EventLines;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A reader that counts what was read of it.
type Counted = BufReader<Counting<Box<dyn Read + Send>>>;

/// Why a file was not opened. Nothing of any file was sent.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("{name} cannot be read: {source}")]
    Read {
        /// The file.
        name: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// Its columns are not the mapping's.
    #[error("{name}: {source}")]
    Layout {
        /// The file.
        name: String,
        /// What is wrong.
        source: LayoutError,
    },
    /// A JSON list.
    #[error(
        "{0} is a JSON list: write one event a line, or post it to /api/v1/events as application/cloudevents-batch+json"
    )]
    JsonList(String),
    /// A workbook of the kind from before 2007.
    #[error("{0} is a workbook from before 2007 (.xls): save it as .xlsx or .csv")]
    OldWorkbook(String),
}

/// A file that is open.
pub struct Input {
    /// What it is called in messages.
    pub name: String,
    /// How much of it was read, in bytes.
    pub read: Arc<AtomicU64>,
    /// How long it is, in bytes, where that is known.
    pub length: Option<u64>,
    /// What it holds.
    pub content: Content,
}

/// What a file holds.
pub enum Content {
    /// Observations.
    Csv(Box<CsvFile<Counted>>),
    /// Events.
    Events(EventLines<Counted>),
    /// An archive.
    Archive(Counted),
}

impl Input {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read, or is nothing that can be imported.
    pub fn open(
        path: &Path,
        mapping: Option<&Mapping>,
        import: &Import,
    ) -> Result<Self, OpenError> {
        let stdin = path == Path::new("-");
        let name = if stdin {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let failed = |source| OpenError::Read {
            name: name.clone(),
            source,
        };
        let (inner, length): (Box<dyn Read + Send>, _) = if stdin {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path).map_err(failed)?;
            let metadata = file.metadata().map_err(failed)?;
            if metadata.is_dir() {
                return Err(failed(io::Error::other("it is a folder")));
            }
            (Box::new(file), metadata.is_file().then_some(metadata.len()))
        };
        Self::of(inner, name, length, mapping, import)
    }

    /// Looks into what `inner` gives; `name` is what it is called, and may say the period.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub fn of(
        inner: Box<dyn Read + Send>,
        name: String,
        length: Option<u64>,
        mapping: Option<&Mapping>,
        import: &Import,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Read {
            name: name.clone(),
            source,
        };
        let read = Arc::new(AtomicU64::new(0));
        let mut reader = BufReader::with_capacity(
            256 << 10,
            Counting {
                inner,
                read: read.clone(),
            },
        );
        let kind = Kind::of(reader.fill_buf().map_err(failed)?);
        let content = match kind {
            Kind::JsonList => return Err(OpenError::JsonList(name)),
            Kind::Archive => Content::Archive(reader),
            Kind::Events => Content::Events(Self::lines(reader, false, import)),
            Kind::OldWorkbook => return Err(OpenError::OldWorkbook(name)),
            Kind::Csv | Kind::Workbook => {
                let (mapping, import) = (mapping.cloned(), import.clone());
                // Some mappings find the period in it.
                let base = Path::new(&name).file_name().unwrap_or_default();
                let base = base.to_string_lossy();
                let file = if kind == Kind::Workbook {
                    CsvFile::open_workbook(reader, &base, mapping, import)
                } else {
                    CsvFile::open_text(reader, &base, mapping, import)
                };
                Content::Csv(Box::new(file.map_err(|source| OpenError::Layout {
                    name: name.clone(),
                    source,
                })?))
            }
        };
        Ok(Self {
            name,
            read,
            length,
            content,
        })
    }

    fn lines(reader: Counted, archive: bool, import: &Import) -> EventLines<Counted> {
        EventLines::new(
            reader,
            archive,
            import.areas.clone(),
            import.now,
            import.recorded_at,
        )
    }

    /// An archive as events, for a server, which takes nothing but events.
    #[must_use]
    pub fn archive_as_events(self, import: &Import) -> Self {
        let content = match self.content {
            Content::Archive(reader) => Content::Events(Self::lines(reader, true, import)),
            other => other,
        };
        Self { content, ..self }
    }

    /// The next events; `None` at the end, and of an archive that is to be restored as it is.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn chunk(&mut self, most: usize) -> io::Result<Option<Chunk>> {
        match &mut self.content {
            Content::Csv(file) => file.chunk(most),
            Content::Events(lines) => lines.chunk(most),
            Content::Archive(_) => Ok(None),
        }
    }
}

/// Counts bytes.
pub struct Counting<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
