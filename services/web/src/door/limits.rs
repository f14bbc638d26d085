//! What one request, one client and all of them together may take. Senders are told these numbers when they meet them.

use joinedup_application::config::Config;
use std::time::Duration;

/// The largest body, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// The largest file that is added on a page, in bytes.
pub const MAX_FILE: usize = 4 << 20;
/// The largest body of a form with a file: the file, or as much pasted text, and what a browser puts around it.
pub const MAX_FILE_FORM: usize = MAX_FILE + (64 << 10);
/// The most events of one batch.
pub const MAX_BATCH: usize = 1_000;
/// The most broken rules that one answer lists; the others are counted.
pub const MAX_ERRORS: usize = 20;
/// All bodies that are held at a time, in bytes: what is parsed of them is a small multiple.
pub const MAX_BODIES: usize = 16 << 20;
/// The same of forms with a file: four of them.
pub const MAX_FILES: usize = 4 * MAX_FILE_FORM;
/// The largest form that is answered by a link, in bytes: a questionnaire has a few KiB.
pub const MAX_ANSWER: usize = 64 << 10;
/// All of these that are held at a time, in bytes.
pub const MAX_ANSWERS: usize = 1 << 20;
/// How long a body may wait for room among the others.
pub const BODY_ROOM_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take to send its headers, and may be idle between two requests.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take to send a body.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a person may take to send a form with a file: lines of surgeries and homes are slow.
pub const FILE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a client that does not read holds up an answer.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// What a client must read in that time to count as reading, in bytes.
pub const MIN_READ: usize = 16 << 10;
/// How long open answers are waited for when the process stops.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a live stream lasts; a browser opens the next one by itself.
pub const STREAM_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// The connections beyond the others that are answered about health, and told to come back for everything else.
pub const SPARE_CONNECTIONS: usize = 64;
/// How long such a connection may take to ask.
pub const SPARE_TIMEOUT: Duration = Duration::from_secs(2);
/// What has to move on a connection for that to count, in bytes: a client that sends or reads drop by drop is silent.
pub const MIN_MOVED: usize = 1 << 10;
/// A connection on which nothing has moved for this long, and is not waited for by a handler, gives way to a new one when
/// all places are taken.
pub const STALLED_AFTER: Duration = Duration::from_secs(1);

/// The limits that are settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at a time.
    pub connections: usize,
    /// The most connections of one client at a time; this machine's own are not counted by client.
    pub connections_per_client: usize,
    /// The most live streams at a time.
    pub streams: usize,
}

impl Limits {
    /// The limits of the settings.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            connections: config.max_connections,
            connections_per_client: config.max_connections_per_client,
            streams: config.max_streams,
        }
    }
}
