//! Compact bytes after those that are there.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Adds a value to bytes. Where it cannot be packed, they stay as they were.
///
/// # Errors
/// When the value refuses to be serialized; a vector takes all it is given.
pub(crate) fn append<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> postcard::Result<()> {
    let before = bytes.len();
    let packed = postcard::serialize_with_flavor(value, Appended(bytes));
    if packed.is_err() {
        bytes.truncate(before);
    }
    packed
}

struct Appended<'a>(&'a mut Vec<u8>);

impl Flavor for Appended<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
