//! The rule of positions: in a log that forgets nothing each is one above the one before, so a hole is loss.

use crate::Position;

/// What is missing between two positions, both included, when `found` comes next after `last` in a log that forgets nothing
/// and begins at a position.
pub(crate) fn gap(begins: u64, last: Position, found: Position) -> Option<(u64, u64)> {
    let expected = next(begins, last);
    (found.0 > expected).then(|| (expected, found.0 - 1))
}

/// The position that has to come after another.
pub(crate) fn next(begins: u64, last: Position) -> u64 {
    last.0.saturating_add(1).max(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_named_from_its_first_position_to_its_last() {
        assert_eq!(gap(1, Position(4), Position(5)), None);
        assert_eq!(gap(1, Position(4), Position(8)), Some((5, 7)));
        assert_eq!(gap(10, Position(0), Position(10)), None);
        assert_eq!(gap(10, Position(0), Position(12)), Some((10, 11)));
    }
}
