//! A long text that is kept as gzip (RFC 1952): what most ask for as such, and a twentieth of its size.

use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use std::io::{self, Cursor, Read, Write};

/// The bytes of a piece of the text.
const PIECE: usize = 64 << 10;

/// A text, packed.
#[derive(Clone, Debug)]
pub struct Packed(Bytes);

impl From<&Bytes> for Packed {
    fn from(gzip: &Bytes) -> Self {
        Self(gzip.clone())
    }
}

impl Packed {
    /// Packs a text while it is written into the sink that `write` is given.
    #[expect(
        clippy::expect_used,
        reason = "only for writing into a vector, which takes every byte"
    )]
    pub fn of(write: impl FnOnce(&mut dyn FnMut(&str))) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let mut written = Ok(());
        write(&mut |piece| {
            if written.is_ok() {
                written = encoder.write_all(piece.as_bytes());
            }
        });
        let packed = written.and_then(|()| encoder.finish());
        Self(packed.expect("a vector takes every byte").into())
    }

    /// As it is packed.
    #[must_use]
    pub fn gzip(self) -> Bytes {
        self.0
    }

    /// The text, unpacked piece by piece.
    pub fn pieces(self) -> impl Iterator<Item = io::Result<Bytes>> + Send + 'static {
        let mut decoder = GzDecoder::new(Cursor::new(self.0));
        std::iter::from_fn(move || {
            let mut piece = Vec::with_capacity(PIECE);
            let read = decoder.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            match read {
                Ok(0) => None,
                read => Some(read.map(|_| piece.into())),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_out_as_it_went_in_and_in_small_pieces() {
        for times in [0, 1, 100_000] {
            let packed = Packed::of(|sink| (0..times).for_each(|n| sink(&format!("line {n}\n"))));
            let text: String = (0..times).map(|n| format!("line {n}\n")).collect();
            let pieces: Vec<Bytes> = packed.clone().pieces().collect::<Result<_, _>>().unwrap();
            assert_eq!(pieces.concat(), text.as_bytes());
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
            assert!(packed.gzip().len() <= 40 + text.len() / 2);
        }
    }
}
