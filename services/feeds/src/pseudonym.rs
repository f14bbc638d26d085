//! Keyed hashes in place of the numbers of people: HMAC-SHA-256 with a key that lies in a file of its own.

use crate::identity::letters;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::path::{Path, PathBuf};

/// The fewest bytes of a key: as many as the hash has.
const MIN_KEY_BYTES: usize = 32;
/// The most: a file that is larger is not a key.
const MAX_KEY_BYTES: u64 = 4096;
/// Bytes of a hash that are written: 128 bits, so that two people share one by no chance that matters.
const WRITTEN_BYTES: usize = 16;

/// What a hash is for. Hashes of different purposes cannot be compared, even of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Names a spell or a referral, in events.
    Entity,
    /// Tells that two spells are of one person. It stays in the feed's own store.
    Person,
    /// Remembers what a fact or a date was. It stays in the feed's own store.
    Content,
    /// Names an event.
    Event,
    /// Tells one key from another, without telling the key.
    KeyItself,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Entity => b"joinedup/1/entity",
            Self::Person => b"joinedup/1/person",
            Self::Content => b"joinedup/1/content",
            Self::Event => b"joinedup/1/event",
            Self::KeyItself => b"joinedup/1/key",
        }
    }
}

/// Why a key was not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("the pseudonym key {} cannot be read: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Others may read or change it.
    #[error("the pseudonym key {} is open to others: let its owner alone use it (chmod 600)", .0.display())]
    Open(PathBuf),
    /// It is shorter than a key may be, or longer.
    #[error("the pseudonym key {} must have 32 to 4096 bytes: make one with `openssl rand -hex 32`", .0.display())]
    Length(PathBuf),
    /// It lies with the data that it protects.
    #[error("the pseudonym key {} lies in the data folder: keep it elsewhere, so that a copy of the data does not hold the key", .0.display())]
    WithData(PathBuf),
}

/// A key. Every purpose has one of its own, derived from it.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Reads a key's file; `data` is the folder that it must not lie in.
    ///
    /// # Errors
    /// When it cannot be read, is open to others, too short or too long, or lies with the data.
    pub fn read(path: &Path, data: Option<&Path>) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Read {
            path: path.to_owned(),
            source,
        };
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if is_open_to_others(&metadata) {
            return Err(KeyError::Open(path.to_owned()));
        }
        let real = path.canonicalize().map_err(failed)?;
        let data = data.and_then(|folder| folder.canonicalize().ok());
        if data.is_some_and(|folder| real.starts_with(folder)) {
            return Err(KeyError::WithData(path.to_owned()));
        }
        if metadata.len() > MAX_KEY_BYTES {
            return Err(KeyError::Length(path.to_owned()));
        }
        let bytes = std::fs::read(path).map_err(failed)?;
        // A key in letters has perhaps a line's end behind it; one of random bytes is taken as it is.
        let secret = if bytes.is_ascii() {
            bytes.trim_ascii()
        } else {
            &bytes
        };
        Self::of(secret).ok_or_else(|| KeyError::Length(path.to_owned()))
    }

    /// A key of these bytes; `None` when they are too few.
    #[must_use]
    pub fn of(secret: &[u8]) -> Option<Self> {
        if secret.len() < MIN_KEY_BYTES {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// The keyed hash of some parts, in letters: digits could look like somebody's number.
    #[must_use]
    pub fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> String {
        let mut derived = self.0.clone();
        derived.update(purpose.label());
        let derived = derived.finalize().into_bytes();
        // A key of any length is taken, so there is always one.
        let mut hash = Hmac::<Sha256>::new_from_slice(&derived).unwrap_or_else(|_| self.0.clone());
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        letters(&hash.finalize().into_bytes()[..WRITTEN_BYTES])
    }

    /// Names the key without telling it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.hash(Purpose::KeyItself, &[])
    }
}

#[cfg(unix)]
fn is_open_to_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    // A group may read: that is how orchestrators hand a secret to a service.
    metadata.mode() & 0o037 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn written(folder: &Path, bytes: &[u8], mode: u32) -> PathBuf {
        let path = folder.join("key");
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn hashes_of_one_number_differ_by_key_purpose_and_where_parts_end() {
        let (a, b) = (Key::of(&[1; 32]).unwrap(), Key::of(&[2; 32]).unwrap());
        let number = [b"D100000".as_slice()];
        let hash = a.hash(Purpose::Entity, &number);
        assert_eq!(hash, a.hash(Purpose::Entity, &number));
        assert_ne!(hash, a.hash(Purpose::Person, &number));
        assert_ne!(hash, b.hash(Purpose::Entity, &number));
        assert_ne!(
            a.hash(Purpose::Entity, &[b"ab", b"c"]),
            a.hash(Purpose::Entity, &[b"a", b"bc"])
        );
        assert!(hash.len() == 32 && hash.bytes().all(|c| c.is_ascii_lowercase()));
    }

    #[test]
    fn a_purpose_is_the_hmac_that_anybody_can_compute() {
        // Python: k = hmac.new(b"k"*32, b"joinedup/1/entity", "sha256").digest()
        //         hmac.new(k, (7).to_bytes(8,"big") + b"D100000", "sha256").digest()[:16]
        let key = Key::of(&[b'k'; 32]).unwrap();
        assert_eq!(
            key.hash(Purpose::Entity, &[b"D100000"]),
            "gfgoilldiijbognbjhblaagafnjmhccp"
        );
    }

    #[test]
    fn a_key_must_be_long_closed_to_others_and_away_from_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let long = [7_u8; 32];
        let at = |mode| Key::read(&written(folder.path(), &long, mode), None);
        assert!(at(0o600).is_ok() && at(0o440).is_ok());
        assert!(matches!(at(0o644), Err(KeyError::Open(_))));
        assert!(matches!(at(0o660), Err(KeyError::Open(_))));
        let short = written(folder.path(), &[b'a'; 31], 0o600);
        assert!(matches!(Key::read(&short, None), Err(KeyError::Length(_))));
        let inside = written(folder.path(), &long, 0o600);
        assert!(matches!(
            Key::read(&inside, Some(folder.path())),
            Err(KeyError::WithData(_))
        ));
        assert!(matches!(
            Key::read(Path::new("/no/such/key"), None),
            Err(KeyError::Read { .. })
        ));
    }

    #[test]
    fn the_end_of_a_line_is_not_part_of_a_key_in_letters() {
        let folder = tempfile::tempdir().unwrap();
        let plain = Key::read(&written(folder.path(), &[b'a'; 64], 0o600), None).unwrap();
        let mut line = vec![b'a'; 64];
        line.extend_from_slice(b"\r\n");
        let ended = Key::read(&written(folder.path(), &line, 0o600), None).unwrap();
        assert_eq!(plain.fingerprint(), ended.fingerprint());
    }
}
