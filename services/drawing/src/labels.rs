//! Names beside points, where there is room: a name over another is read as neither.

/// The width of a letter of a label, in the drawing's units, on average.
const LETTER: f64 = 6.6;
/// The height of a label.
const HIGH: f64 = 13.0;
/// How far from its point a label stands.
const AWAY: f64 = 10.0;
/// How far below its point a label may stand: beside it, or else a line higher or lower, nearer to it.
const LOWER: [f64; 3] = [0.0, -16.0, 16.0];

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

/// Where a label goes, and which end of it stands there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Where it begins or ends.
    pub x: f64,
    /// The height of its middle, in pixels from the top.
    pub y: f64,
    /// It ends there.
    pub ends: bool,
}

/// A place for the name of each point (its position, and its name), none where there is no room. Those that come first
/// are placed first. No label leaves the drawing's width or its floor, or covers a point.
#[must_use]
pub fn place(points: &[((f64, f64), &str)], width: f64, floor: f64) -> Vec<Option<Placed>> {
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
            let places = LOWER
                .into_iter()
                .flat_map(|lower| [(lower, false), (lower, true)]);
            places.into_iter().find_map(|(lower, ends)| {
                let away = if lower == 0.0 { AWAY } else { 0.0 };
                let (x, y) = (if ends { x - away } else { x + away }, y + lower);
                let left = if ends { x - long } else { x };
                let here = Box {
                    left,
                    right: left + long,
                    top: y - HIGH / 2.0,
                    bottom: y + HIGH / 2.0,
                };
                let others = marks[..own].iter().chain(&marks[own + 1..]);
                let free = here.left >= 0.0
                    && here.right <= width
                    && (lower == 0.0 || here.bottom <= floor)
                    && !others.chain(&labels).any(|b| b.meets(&here));
                free.then(|| {
                    labels.push(here);
                    Placed { x, y, ends }
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
    fn in_one_place_six_are_named_and_at_the_edge_a_label_turns() {
        let mut points = vec![((300.0, 50.0), "Hazelmoor"); 7];
        points.push(((690.0, 150.0), "Stonebeck"));
        let placed: Vec<Option<(f64, bool)>> = place(&points, 720.0, 80.0)
            .into_iter()
            .map(|placed| placed.map(|p| (p.y, p.ends)))
            .collect();
        let beside = [50.0, 34.0, 66.0].map(|y| [Some((y, false)), Some((y, true))]);
        assert_eq!(placed[..6], beside.concat());
        assert_eq!(placed[6..], [None, Some((150.0, true))]);
    }

    proptest! {
        #[test]
        fn no_label_covers_another_or_a_point(points in prop::collection::vec(((60.0..700.0f64, 20.0..300.0f64), "[A-Z][a-z]{3,14}"), 0..40)) {
            let asked: Vec<_> = points.iter().map(|(at, name)| (*at, name.as_str())).collect();
            let placed = place(&asked, 720.0, 300.0);
            let boxes: Vec<Box> = placed.iter().zip(&asked).filter_map(|(placed, (_, name))| {
                let placed = (*placed)?;
                let y = placed.y;
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
