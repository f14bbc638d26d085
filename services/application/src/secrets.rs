//! Files that hold secrets: tokens and the keys of certificates.

use std::path::Path;
use std::time::Duration;

/// How often they are read again: what was taken away or replaced holds at once.
pub const REREAD: Duration = Duration::from_secs(2);

/// Whether every user of the machine may read or change a file. Its group may: that is how secrets reach a service.
///
/// # Errors
/// When the file cannot be looked at.
#[cfg(unix)]
pub fn is_open_to_others(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o006 != 0)
}

/// Whether every user of the machine may read or change a file, which is not known here.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn is_open_to_others(_: &Path) -> std::io::Result<bool> {
    Ok(false)
}
