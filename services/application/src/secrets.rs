//! Files that hold secrets: tokens and the keys of certificates.

use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often they are read again: what was taken away or replaced holds at once.
const REREAD: Duration = Duration::from_secs(2);

/// Reads files again and again, until the process stops. `what` says in the log what they hold.
pub async fn follow(
    stopping: CancellationToken,
    what: &'static str,
    reread: impl Fn() + Clone + Send + 'static,
) {
    while stopping
        .run_until_cancelled(tokio::time::sleep(REREAD))
        .await
        .is_some()
    {
        // A slow disk holds up no thread that serves.
        if let Err(error) = tokio::task::spawn_blocking(reread.clone()).await {
            tracing::error!(%error, "{what} not read again");
        }
    }
}

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
