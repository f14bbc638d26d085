//! Where entities lie that are not in memory: closed ones, which are seldom asked for. What it is made of is its maker's
//! business; here it is rows by key.

use crate::entities::EntityKey;

/// Why entities could not be fetched: a sentence. What was counted without them would be wrong, so a view that meets
/// this is to be built again from the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ShelfError(pub String);

/// A row of a shelf: whose it is, and the bytes of an [`crate::entity_row::EntityRow`].
pub type ShelfRow = (EntityKey, Vec<u8>);

/// Entities that are not in memory. One may have several rows: its facts are all of theirs together.
pub trait Shelf: std::fmt::Debug + Send + Sync {
    /// The rows of one entity.
    ///
    /// # Errors
    /// When they cannot be read.
    fn rows_of(&self, key: EntityKey) -> Result<Vec<Vec<u8>>, ShelfError>;

    /// All rows from a key on, by ascending key. An error ends the sequence.
    fn scan(&self, from: EntityKey) -> Box<dyn Iterator<Item = Result<ShelfRow, ShelfError>> + '_>;
}
