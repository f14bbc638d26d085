//! Says of most keys that they are not in a set, and never wrongly: a Bloom filter of ten bits and seven probes a key,
//! which is wrong of one absent key in a hundred. Keys are hashes already.

/// Bits for each key.
const BITS_A_KEY: u64 = 10;
/// Probes for each key.
const PROBES: u64 = 7;

/// A set of keys, in a few bits each.
#[derive(Debug)]
pub(super) struct Filter(Vec<u64>);

impl Filter {
    /// An empty one with room for some keys; more only make it wrong more often.
    pub fn with_room_for(keys: u64) -> Self {
        let words = (keys.saturating_mul(BITS_A_KEY) / 64).saturating_add(1);
        Self(vec![0; usize::try_from(words).unwrap_or(1)])
    }

    pub fn add(&mut self, key: u128) {
        for (word, bit) in places(self.0.len(), key) {
            self.0[word] |= bit;
        }
    }

    /// False only where the key was not added.
    pub fn may_have(&self, key: u128) -> bool {
        places(self.0.len(), key).all(|(word, bit)| self.0[word] & bit != 0)
    }

    pub fn words(&self) -> &[u64] {
        &self.0
    }
}

impl From<Vec<u64>> for Filter {
    fn from(words: Vec<u64>) -> Self {
        Self(words)
    }
}

/// Which bits of which words stand for a key. Of no words, none: then every key may be there.
fn places(words: usize, key: u128) -> impl Iterator<Item = (usize, u64)> {
    let bits = words as u64 * 64;
    let (first, step) = ((key >> 64) as u64, key as u64 | 1);
    let probes = if bits == 0 { 0 } else { PROBES };
    (0..probes).map(move |probe| {
        let bit = first.wrapping_add(probe.wrapping_mul(step)) % bits;
        ((bit / 64) as usize, 1 << (bit % 64))
    })
}
