//! What a message holds, whoever published it: our own publishers write the whole event into the body; others may put
//! its attributes into headers, and leave out when it was recorded.

use async_nats::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, Utc};

/// Makes the bytes of an event out of a message's headers, its body and the time at which the stream stored it; none when
/// the body is the whole event already, or is not readable. The same message must always give the same bytes: it is read
/// again after every restart.
pub type Structure = for<'h> fn(
    &mut dyn Iterator<Item = (&'h str, &'h str)>,
    &[u8],
    Option<DateTime<Utc>>,
) -> Option<Vec<u8>>;

/// The event of a message.
pub(super) fn event_of(
    structure: Option<Structure>,
    headers: Option<&HeaderMap>,
    body: Bytes,
    stored: Option<DateTime<Utc>>,
) -> Bytes {
    let Some(structure) = structure else {
        return body;
    };
    let mut headers = headers
        .into_iter()
        .flat_map(HeaderMap::iter)
        .flat_map(|(name, values)| values.iter().map(move |v| (name.as_ref(), v.as_str())))
        // The server's own are not the sender's.
        .filter(|(name, _): &(&str, &str)| !name.starts_with("Nats-"));
    structure(&mut headers, &body, stored).map_or(body, Bytes::from)
}
