//! Where things are: the repository, the material beside it, the pictures a run leaves behind.

use std::path::{Path, PathBuf};

use crate::OrFail;

/// The root of the repository (the folder of the workspace manifest).
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .or_fail("the tests crate lies in the repository")
        .to_path_buf()
}

/// The folder cargo builds into for the running test, found from the test's own path (`TARGET/debug/deps/NAME`).
///
/// Cargo's own mark (`CACHEDIR.TAG`) is no help: it is written only where cargo made the folder itself, and `tests/run.sh`
/// makes it first, for its tools.
pub fn target() -> PathBuf {
    let exe = std::env::current_exe().or_fail("a running test has a path");
    exe.ancestors()
        .find(|folder| folder.ends_with("deps"))
        .and_then(|deps| deps.ancestors().nth(2))
        .or_fail("the running test lies in the deps folder of a profile")
        .to_path_buf()
}

/// Whether this is a CI run (`CI=true`), where nothing may be passed over.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// A file or folder of the reference material beside the repository (`../shared`).
///
/// Elsewhere than in CI, a checkout without that material is fine: the caller gets `None` after one line that says the
/// test was passed over.
///
/// # Panics
/// In CI, when it is missing.
#[track_caller]
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = repository();
    let found = root
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("shared").join(path))
        .find(|candidate| candidate.exists());
    if found.is_none() {
        assert!(
            !in_ci(),
            "shared/{path} is not beside the repository, and in CI it has to be"
        );
        println!("passed over: shared/{path} is not beside this checkout");
    }
    found
}

/// The folder for screenshots and printed pages of this run, `test-pictures` in the target folder; made when missing.
pub fn pictures() -> PathBuf {
    let folder = target().join("test-pictures");
    std::fs::create_dir_all(&folder).or_fail("cannot make the folder for pictures");
    folder
}

/// Writes files (path below `folder`, and content), making the folders they lie in.
///
/// # Panics
/// When one cannot be written.
pub fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, content) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).or_fail("cannot make a folder");
        }
        std::fs::write(&path, content).or_fail(&format!("cannot write {}", path.display()));
        // Tokens are among them, and are not taken from files that everybody reads.
        let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, closed).or_fail("cannot close a file to others");
    }
}

/// Copies a folder with everything in it; the target folder is made.
///
/// # Panics
/// When a file cannot be read or written.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).or_fail("cannot make the folder to copy to");
    for entry in std::fs::read_dir(from).or_fail("cannot list the folder to copy") {
        let entry = entry.or_fail("cannot list the folder to copy");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).or_fail("cannot copy a file");
        }
    }
}
