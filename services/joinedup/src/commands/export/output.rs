//! Where an export goes: to standard output, or into a file that has its name only once it is whole.

use crate::cli::Failure;
use joinedup_store::put_in_place;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Where an export goes. What was not finished leaves no file, or one whose name says so.
pub struct Output(Option<Part>);

/// A file that is being written, under a name of its own.
struct Part {
    file: File,
    path: PathBuf,
    name: Option<PathBuf>,
}

impl Output {
    /// A file, or standard output. A file is never overwritten: it may be the only copy.
    pub fn to(name: Option<&Path>) -> Result<Self, Failure> {
        let Some(name) = name else {
            return Ok(Self(None));
        };
        let mut path = name.as_os_str().to_owned();
        path.push(".part");
        Self::open(path.into(), Some(name.to_owned()))
    }

    /// A file that gets its name when it is known what is in it.
    pub fn unnamed(path: PathBuf) -> Result<Self, Failure> {
        Self::open(path, None)
    }

    fn open(path: PathBuf, name: Option<PathBuf>) -> Result<Self, Failure> {
        let failed =
            |e: io::Error| Failure::usage(format!("{} cannot be made: {e}", path.display()));
        is_free(name.as_deref())?;
        let mut options = File::options();
        let opened = options.write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(failed)?;
        if held(&file) {
            return Err(Failure::new(format!(
                "another run is writing {}",
                path.display()
            )));
        }
        // That run may just have ended, and what is open here be its whole file.
        is_free(name.as_deref())?;
        file.set_len(0).map_err(failed)?;
        Ok(Self(Some(Part { file, path, name })))
    }

    /// What is written into; the writer is to be flushed before [`Output::done`].
    pub fn writer(&self) -> Result<Box<dyn Write + Send>, Failure> {
        Ok(match &self.0 {
            None => Box::new(BufWriter::new(io::stdout())),
            Some(part) => Box::new(BufWriter::new(part.file.try_clone().map_err(unwritten)?)),
        })
    }

    /// All is written: the file is on the disk, and gets its name.
    pub fn done(mut self) -> Result<(), Failure> {
        let name = self.0.as_mut().and_then(|part| part.name.take());
        name.map_or(Ok(()), |name| self.done_as(&name))
    }

    /// The export failed: its whole lines stay, in a file beside it whose name says that it is not whole. None where there are
    /// no lines, or where they went elsewhere.
    pub fn kept(mut self) -> Result<Option<PathBuf>, Failure> {
        let named = self.0.as_ref().and_then(|part| part.name.as_deref());
        let (Some(part), Some(name)) = (&self.0, named) else {
            return Ok(None);
        };
        let written = whole_lines(&part.path).map_err(unwritten)?;
        if written == 0 {
            return Ok(None);
        }
        part.file.set_len(written).map_err(unwritten)?;
        // Those of earlier runs may hold more.
        let numbered = (1..).map(|run| {
            let mut kept = name.as_os_str().to_owned();
            kept.push(format!(".not-whole-{run}"));
            PathBuf::from(kept)
        });
        let free = numbered.take(9999).find(|kept| !kept.exists());
        let Some(kept) = free else { return Ok(None) };
        put_in_place(&part.file, &part.path, &kept).map_err(unwritten)?;
        self.0 = None;
        Ok(Some(kept))
    }

    /// As [`Output::done`], with the name for a file that had none.
    pub fn done_as(mut self, name: &Path) -> Result<(), Failure> {
        let Some(part) = &self.0 else { return Ok(()) };
        put_in_place(&part.file, &part.path, name).map_err(unwritten)?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(part) = &self.0 {
            // What is left is in nobody's way: the next run writes over it.
            let _ = fs::remove_file(&part.path);
        }
    }
}

/// How many bytes of a file are whole lines.
fn whole_lines(path: &Path) -> io::Result<u64> {
    let (mut read, mut whole) = (0, 0);
    let mut file = BufReader::with_capacity(64 << 10, File::open(path)?);
    loop {
        let bytes = file.fill_buf()?;
        if bytes.is_empty() {
            return Ok(whole);
        }
        if let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') {
            whole = read + end as u64 + 1;
        }
        let length = bytes.len();
        read += length as u64;
        file.consume(length);
    }
}

/// Whether another process holds a file or folder. Some file systems know no locks; there the answer is no.
pub fn held(file: &File) -> bool {
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

fn is_free(name: Option<&Path>) -> Result<(), Failure> {
    match name.filter(|name| name.exists()) {
        Some(name) => Err(Failure::usage(format!(
            "{} is there already, and is never written over: name another file",
            name.display()
        ))),
        None => Ok(()),
    }
}

/// The disk did not take what was written.
pub fn unwritten(error: io::Error) -> Failure {
    Failure::new(format!("the export could not be written: {error}"))
}

/// Copies what a server answers, and says which of the two failed.
pub fn copied(from: &mut dyn io::Read, to: &mut dyn Write) -> Result<(), Failure> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return to.flush().map_err(unwritten),
            Ok(read) => to.write_all(&buffer[..read]).map_err(unwritten)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(Failure::new(format!(
                    "the server's answer broke off: {error}; run the same command again"
                )));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_once_it_is_whole_and_a_failed_run_leaves_none() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("all.ndjson");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let first = Output::to(Some(&name)).unwrap();
        first.writer().unwrap().write_all(b"half").unwrap();
        assert!(!name.exists());
        assert!(Output::to(Some(&name)).is_err(), "two write the same file");
        drop(first);
        assert_eq!(names(), 0);
        // What a killed run left is written over.
        fs::write(folder.path().join("all.ndjson.part"), "a longer half").unwrap();
        let again = Output::to(Some(&name)).unwrap();
        again.writer().unwrap().write_all(b"whole").unwrap();
        again.done().unwrap();
        assert_eq!(fs::read_to_string(&name).unwrap(), "whole");
        assert_eq!(names(), 1);
        let refused = Output::to(Some(&name)).err().unwrap();
        assert_eq!(refused.code, 2);
        assert_eq!(fs::read_to_string(&name).unwrap(), "whole");
    }

    #[test]
    fn of_an_export_that_fails_the_whole_lines_stay_under_a_name_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("archive.ndjson");
        for run in 1..3 {
            let out = Output::to(Some(&name)).unwrap();
            out.writer().unwrap().write_all(b"one\ntwo\nthr").unwrap();
            let kept = out.kept().unwrap().unwrap();
            assert!(kept.ends_with(format!("archive.ndjson.not-whole-{run}")));
            assert_eq!(fs::read(kept).unwrap(), b"one\ntwo\n");
        }
        let nothing = Output::to(Some(&name)).unwrap();
        nothing.writer().unwrap().write_all(b"hal").unwrap();
        assert_eq!(nothing.kept().unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_server_that_breaks_off_and_a_full_disk_are_told_apart() {
        struct Fails;
        impl io::Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        impl Write for Fails {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::other("full"))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let server = copied(&mut Fails, &mut Vec::new()).unwrap_err().to_string();
        assert!(
            server.contains("server's answer broke off: gone"),
            "{server}"
        );
        let disk = copied(&mut &b"rows"[..], &mut Fails).unwrap_err();
        assert!(disk.sentence.contains("could not be written: full"));
    }
}
