//! Files that are there whole or not at all, also after a power cut.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Gives a file that was written whole under another name its own, durably. What had the name before is gone then.
///
/// # Errors
/// When the disk does not take it; the name then has what it had, or the new file whole.
pub fn put_in_place(file: &File, written: &Path, name: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(written, name)?;
    let folder = name.parent().filter(|above| !above.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Writes a small file, whole or not at all. Until it is, it has an ending of its own (`.part`).
///
/// # Errors
/// As [`put_in_place`].
pub fn write_in_place(name: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut written = name.as_os_str().to_owned();
    written.push(".part");
    let written = Path::new(&written);
    let mut file = File::create(written)?;
    file.write_all(bytes)?;
    put_in_place(&file, written, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("kept.json");
        for text in ["a first and longer text", "second"] {
            write_in_place(&name, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&name).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_in_place(&folder.path().join("none/kept"), b"").is_err());
    }
}
