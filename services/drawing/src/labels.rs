//! Names beside points, where there is room: a name over another is read as neither.

/// The width of a letter of a label, in the drawing's units, on average.
const LETTER: f64 = 6.6;
/// The height of a label.
const HIGH: f64 = 13.0;
/// How far from its point a label stands.
const AWAY: f64 = 10.0;

struct Box {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Box {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// Where a label goes: its horizontal place, and which end of it stands there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Where it begins or ends.
    pub x: f64,
    /// It ends there.
    pub ends: bool,
}

/// A place for the name of each point (its position, and its name), none where there is no room. Those that come first
/// are placed first. No label leaves the drawing's width or covers a point.
#[must_use]
pub fn place(points: &[((f64, f64), &str)], width: f64) -> Vec<Option<Placed>> {
    let marks: Vec<Box> = points
        .iter()
        .map(|((x, y), _)| Box {
            left: x - 6.0,
            right: x + 6.0,
            top: y - 6.0,
            bottom: y + 6.0,
        })
        .collect();
    let mut labels: Vec<Box> = Vec::new();
    points
        .iter()
        .enumerate()
        .map(|(own, ((x, y), name))| {
            let long = name.chars().count() as f64 * LETTER;
            [false, true].into_iter().find_map(|ends| {
                let at = if ends { x - AWAY } else { x + AWAY };
                let (left, right) = if ends {
                    (at - long, at)
                } else {
                    (at, at + long)
                };
                let here = Box {
                    left,
                    right,
                    top: y - HIGH / 2.0,
                    bottom: y + HIGH / 2.0,
                };
                let others = marks[..own].iter().chain(&marks[own + 1..]);
                let free =
                    left >= 0.0 && right <= width && !others.chain(&labels).any(|b| b.meets(&here));
                free.then(|| {
                    labels.push(here);
                    Placed { x: at, ends }
                })
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn in_one_place_two_are_named_and_at_the_edge_a_label_turns() {
        let points = [
            ((300.0, 50.0), "Hazelmoor"),
            ((302.0, 51.0), "Gullhaven"),
            ((301.0, 50.0), "Tidewell"),
            ((690.0, 50.0), "Stonebeck"),
        ];
        let ends: Vec<Option<bool>> = place(&points, 720.0)
            .into_iter()
            .map(|placed| placed.map(|p| p.ends))
            .collect();
        assert_eq!(ends, [Some(false), Some(true), None, Some(true)]);
    }

    proptest! {
        #[test]
        fn no_label_covers_another_or_a_point(points in prop::collection::vec(((60.0..700.0f64, 20.0..300.0f64), "[A-Z][a-z]{3,14}"), 0..40)) {
            let asked: Vec<_> = points.iter().map(|(at, name)| (*at, name.as_str())).collect();
            let placed = place(&asked, 720.0);
            let boxes: Vec<Box> = placed.iter().zip(&asked).filter_map(|(placed, ((_, y), name))| {
                let placed = (*placed)?;
                let long = name.len() as f64 * LETTER;
                let left = if placed.ends { placed.x - long } else { placed.x };
                Some(Box { left, right: left + long, top: y - HIGH / 2.0, bottom: y + HIGH / 2.0 })
            }).collect();
            for (i, one) in boxes.iter().enumerate() {
                prop_assert!(one.left >= 0.0 && one.right <= 720.0);
                prop_assert!(boxes[i + 1..].iter().all(|other| !one.meets(other)));
            }
        }
    }
}
