//! The picture of the logic model: four columns of boxes, each a link, and the lines between them.

use super::model::{Knowledge, LAYERS};
use super::rounds;
use super::visit::Visit;
use joinedup_drawing::lines;
use joinedup_drawing::run_chart::escape;
use joinedup_events::AreaId;
use joinedup_views::catalogue::{Layer, Strength};
use joinedup_views::outcomes::NodeState;
use joinedup_views::priorities::Trend;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How many places a box shows.
const MAX_PLACES: usize = 6;
const BOX_WIDTH: f64 = 252.0;
const BOX_HEIGHT: f64 = 66.0;
/// Letters on a line of a box, of a bold and wide typeface.
const LETTERS: usize = 27;
const BETWEEN: f64 = 8.0;
const COLUMN: f64 = 344.0;
const HEAD: f64 = 34.0;

/// The places whose published levels stand in a box, left to right.
pub struct Rated {
    /// The places.
    pub places: Vec<AreaId>,
    /// How many there are with those for which a box has no room.
    pub all: usize,
}

impl Rated {
    /// The levels stand where somebody rated: of the place itself, where it has any, and of its parts, where one of them has
    /// any or nobody does. What is cut last has ratings.
    #[must_use]
    pub fn of(area: &AreaId, parts: Vec<AreaId>, is_rated: impl Fn(&AreaId) -> bool) -> Self {
        let itself = is_rated(area);
        let (rated, others): (Vec<AreaId>, Vec<AreaId>) = parts.into_iter().partition(&is_rated);
        let has_parts = !rated.is_empty() || (!itself && !others.is_empty());
        let own = (itself || !has_parts).then(|| area.clone());
        let parts = rated.into_iter().chain(others).filter(|_| has_parts);
        let mut places: Vec<AreaId> = own.into_iter().chain(parts).collect();
        let all = places.len();
        places.truncate(MAX_PLACES);
        Self { places, all }
    }
}

struct Place {
    x: f64,
    y: f64,
}

/// Draws the model.
#[must_use]
pub fn svg(visit: &Visit, known: &Knowledge, chosen: Option<&str>) -> String {
    let columns: Vec<Vec<&NodeState>> = LAYERS
        .iter()
        .map(|(layer, _)| {
            let mut nodes: Vec<&NodeState> = known
                .standing
                .nodes
                .iter()
                .filter(|n| n.node.layer == *layer)
                .collect();
            nodes.sort_by_key(|n| n.node.order);
            nodes
        })
        .collect();
    let most = columns.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let height = HEAD + most * (BOX_HEIGHT + BETWEEN);
    let width = COLUMN * 3.0 + BOX_WIDTH + 4.0;
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    for (column, nodes) in columns.iter().enumerate() {
        // Short columns are spread over the whole height, so that lines stay short.
        let step = (height - HEAD) / nodes.len().max(1) as f64;
        for (row, node) in nodes.iter().enumerate() {
            let y = HEAD + step * row as f64 + (step - BOX_HEIGHT) / 2.0;
            places.insert(
                &node.node.id,
                Place {
                    x: 2.0 + COLUMN * column as f64,
                    y,
                },
            );
        }
    }
    let lit = chosen.map(|id| lit(known, id)).unwrap_or_default();
    let mut out = String::with_capacity(64 << 10);
    let tracing = if chosen.is_some() { " tracing" } else { "" };
    let _ = write!(
        out,
        "<svg class=\"model{tracing}\" data-model data-chosen=\"{}\" viewBox=\"0 0 {width} {height}\" role=\"group\" aria-label=\"Logic model: enablers, components, outcomes, impacts\">",
        escape(chosen.unwrap_or_default())
    );
    for (column, (_, name)) in LAYERS.iter().enumerate() {
        let _ = write!(
            out,
            "<text class=\"layer\" x=\"{:.0}\" y=\"20\">{name}</text>",
            2.0 + COLUMN * column as f64
        );
    }
    out.push_str("<g class=\"edges\" aria-hidden=\"true\">");
    for state in &known.standing.nodes {
        for edge in &state.feeds {
            let (Some(from), Some(to)) = (
                places.get(state.node.id.as_str()),
                places.get(edge.node.as_str()),
            ) else {
                continue;
            };
            let (x1, y1, x2, y2) = (
                from.x + BOX_WIDTH,
                from.y + BOX_HEIGHT / 2.0,
                to.x,
                to.y + BOX_HEIGHT / 2.0,
            );
            let strength = if edge.strength == Strength::Main {
                "main"
            } else {
                "contributing"
            };
            let on = if lit.contains(state.node.id.as_str()) && lit.contains(edge.node.as_str()) {
                " lit"
            } else {
                ""
            };
            let _ = write!(
                out,
                "<path class=\"{strength}{on}\" data-from=\"{}\" data-to=\"{}\" d=\"M{x1:.0} {y1:.0}C{:.0} {y1:.0} {:.0} {y2:.0} {x2:.0} {y2:.0}\"/>",
                escape(&state.node.id),
                escape(&edge.node),
                x1 + 46.0,
                x2 - 46.0
            );
        }
    }
    out.push_str("</g>");
    for state in columns.iter().flatten() {
        if let Some(place) = places.get(state.node.id.as_str()) {
            node(
                visit,
                known,
                state,
                place,
                &lit,
                chosen == Some(state.node.id.as_str()),
                &mut out,
            );
        }
    }
    out.push_str("</svg>");
    out
}

/// A node with all that it reaches and all that reaches it.
fn lit<'a>(known: &'a Knowledge, id: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::from([id]);
    for onwards in [true, false] {
        let mut open = vec![id];
        while let Some(state) = open.pop().and_then(|id| known.node(id)) {
            for next in if onwards { &state.feeds } else { &state.fed_by } {
                found.insert(&next.node);
                open.push(&next.node);
            }
        }
    }
    found
}

fn node(
    visit: &Visit,
    known: &Knowledge,
    state: &NodeState,
    place: &Place,
    lit: &BTreeSet<&str>,
    chosen: bool,
    out: &mut String,
) {
    let id = state.node.id.as_str();
    let (inside, words) = match state.node.layer {
        Layer::Enabler | Layer::Component => levels(visit, known, state, place),
        Layer::Outcome => verdict(state, place),
        Layer::Impact => (
            String::new(),
            "in the long run; not measured here".to_owned(),
        ),
    };
    let class = match (state.node.layer, state.trend, state.dark) {
        (Layer::Outcome, _, true) => " dark",
        (Layer::Outcome, Trend::Improving, _) => " improving",
        (Layer::Impact, ..) => " impact",
        _ => "",
    };
    let _ = write!(
        out,
        "<a class=\"node{class}{}{}\" data-node=\"{id}\" href=\"{}#node\"{}><rect class=\"box\" x=\"{:.0}\" y=\"{:.0}\" width=\"{BOX_WIDTH}\" height=\"{BOX_HEIGHT}\" rx=\"5\"><title>{}: {}</title></rect>",
        if lit.contains(id) { " lit" } else { "" },
        if chosen { " chosen" } else { "" },
        escape(&visit.address.clone().with("node", id).to_string()),
        if chosen { " aria-current=\"true\"" } else { "" },
        place.x,
        place.y,
        escape(&state.node.title),
        escape(&words),
    );
    for (i, line) in lines(&state.node.title, LETTERS, 2).iter().enumerate() {
        let _ = write!(
            out,
            "<text class=\"name\" x=\"{:.0}\" y=\"{:.0}\">{}</text>",
            place.x + 9.0,
            place.y + 18.0 + 15.0 * i as f64,
            escape(line)
        );
    }
    out.push_str(&inside);
    out.push_str("</a>");
}

/// The published levels of the places, left to right.
fn levels(visit: &Visit, known: &Knowledge, state: &NodeState, place: &Place) -> (String, String) {
    let framework = visit.app.definitions.catalogue.model().id();
    let item = state.node.id.as_str();
    let (mut out, mut words) = (String::new(), Vec::new());
    for (i, area) in known.rated.places.iter().enumerate() {
        let level = known
            .rating(area.as_str(), framework, item)
            .and_then(|r| r.level);
        let (x, y) = (place.x + 9.0 + 26.0 * i as f64, place.y + BOX_HEIGHT - 21.0);
        let sign = level.map_or_else(|| "–".to_owned(), |l| l.to_string());
        let _ = write!(
            out,
            "<rect class=\"level l{}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"22\" height=\"15\" rx=\"2\"/><text class=\"digit l{}\" x=\"{:.0}\" y=\"{:.0}\">{sign}</text>",
            level.unwrap_or(0),
            level.unwrap_or(0),
            x + 11.0,
            y + 11.5
        );
        words.push(format!(
            "{} {}",
            visit.title_of(area.as_str()),
            rounds::level(visit, framework, level)
        ));
    }
    (out, words.join(", "))
}

fn verdict(state: &NodeState, place: &Place) -> (String, String) {
    let count = |trend: Trend| {
        state
            .measures
            .iter()
            .filter(|m| m.verdict.as_ref().is_some_and(|v| v.trend == trend))
            .count()
    };
    let (up, known) = (
        count(Trend::Improving),
        state
            .measures
            .iter()
            .filter(|m| m.verdict.is_some())
            .count(),
    );
    let text = if known == 0 {
        "no data here".to_owned()
    } else {
        format!("{up} of {known} improving")
    };
    let aloud = if known == 0 {
        "no data for it here".to_owned()
    } else {
        format!("{up} of {known} measures improving")
    };
    let drawn = format!(
        "<text class=\"verdict-line\" x=\"{:.0}\" y=\"{:.0}\">{text}</text>",
        place.x + 9.0,
        place.y + BOX_HEIGHT - 9.0
    );
    (drawn, aloud)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_stand_where_somebody_rated_and_what_is_cut_last_has_them() {
        let id = |name: &str| AreaId::new(name).unwrap();
        let shown = |parts: &[&str], rated: &[&str]| {
            let parts = parts.iter().map(|part| id(part)).collect();
            let found = Rated::of(&id("own"), parts, |area| rated.contains(&area.as_str()));
            let places: Vec<String> = found.places.iter().map(ToString::to_string).collect();
            (places.join(" "), found.all)
        };
        let parts = ["a", "b"];
        assert_eq!(shown(&[], &[]), ("own".to_owned(), 1));
        assert_eq!(shown(&parts, &[]), ("a b".to_owned(), 2));
        assert_eq!(shown(&parts, &["b"]), ("b a".to_owned(), 2));
        assert_eq!(shown(&parts, &["own"]), ("own".to_owned(), 1));
        assert_eq!(shown(&parts, &["own", "b"]), ("own b a".to_owned(), 3));
        let many = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(shown(&many, &["h"]), ("h a b c d e".to_owned(), 8));
    }
}
