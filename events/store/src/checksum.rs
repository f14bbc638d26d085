//! The checksum before every value, and the digest over all rows.

/// Bytes in front of every stored value.
pub(crate) const CHECKSUM_LEN: usize = 4;

/// A value with its checksum in front: CRC32C of key and value, big-endian. The key is covered so that a sound value
/// under the wrong key is found as well.
pub(crate) fn seal(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(CHECKSUM_LEN + value.len());
    stored.extend_from_slice(&of(key, value).to_be_bytes());
    stored.extend_from_slice(value);
    stored
}

/// The value out of a stored one; none if the checksum is wrong or missing.
pub(crate) fn open<'a>(key: &[u8], stored: &'a [u8]) -> Option<&'a [u8]> {
    let (head, value) = stored.split_first_chunk::<CHECKSUM_LEN>()?;
    (u32::from_be_bytes(*head) == of(key, value)).then_some(value)
}

fn of(key: &[u8], value: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), value)
}

/// The count and the sum of all rows of a store, kept up to date with every batch.
///
/// Adding is commutative, so neither the order of the changes nor the history matters: equal rows, equal digest. It
/// guards against faults, not against somebody who forges rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) rows: u64,
    pub(crate) sum: u64,
}

impl Digest {
    pub(crate) fn add(&mut self, key: &[u8], stored: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(weight(key, stored));
    }

    pub(crate) fn remove(&mut self, key: &[u8], stored: &[u8]) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(weight(key, stored));
    }
}

/// What one row adds: its two checksums, mixed (the finaliser of splitmix64) so that similar rows do not cancel out.
fn weight(key: &[u8], stored: &[u8]) -> u64 {
    let value = stored
        .first_chunk::<CHECKSUM_LEN>()
        .map_or(0, |head| u32::from_be_bytes(*head));
    let mut mixed = (u64::from(crc32c::crc32c(key)) << 32 | u64::from(value))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_single_changed_bit_is_found(
            key in proptest::collection::vec(any::<u8>(), 1..20),
            value in proptest::collection::vec(any::<u8>(), 0..200),
            bit in any::<prop::sample::Index>(),
        ) {
            let mut stored = seal(&key, &value);
            prop_assert_eq!(open(&key, &stored), Some(value.as_slice()));
            let bit = bit.index(stored.len() * 8);
            stored[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&key, &stored), None);
        }

        #[test]
        fn the_digest_depends_on_the_rows_and_not_on_how_they_came_about(
            rows in proptest::collection::btree_map(
                proptest::collection::vec(any::<u8>(), 1..8), proptest::collection::vec(any::<u8>(), 0..8), 1..20),
        ) {
            let mut forwards = Digest::default();
            let mut backwards = Digest::default();
            for (key, value) in &rows {
                forwards.add(key, &seal(key, value));
            }
            for (key, value) in rows.iter().rev() {
                backwards.add(key, &seal(key, b"an older value"));
                backwards.add(key, &seal(key, value));
                backwards.remove(key, &seal(key, b"an older value"));
            }
            prop_assert_eq!(forwards, backwards);
            let (key, value) = rows.first_key_value().unwrap();
            forwards.remove(key, &seal(key, value));
            prop_assert_ne!(forwards, backwards);
        }
    }

    #[test]
    fn a_value_moved_under_another_key_is_found() {
        assert_eq!(open(b"b", &seal(b"a", b"value")), None);
    }
}
