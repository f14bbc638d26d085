//! The id by which a log recognises a repeated event, made in this one place.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The message id of an event: the first 32 hexadecimal digits of the SHA-256 of its payload.
///
/// The payload holds the event's source and id, so equal payloads are one event sent again, and the same id with other
/// content is another message: the fold, which sees both, decides.
#[must_use]
pub fn message_id(payload: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(payload)[..16])
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn the_id_is_the_beginning_of_the_digest_of_the_payload() {
        // The digest of "abc" as FIPS 180-4's examples give it.
        assert_eq!(message_id(b"abc"), "ba7816bf8f01cfea414140de5dae2223");
        assert_ne!(message_id(b"abc"), message_id(b"abd"));
    }
}
