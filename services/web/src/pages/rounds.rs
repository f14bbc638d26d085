//! Ratings by any framework, round by round: whose they are, what was recorded, and how it is said.

use super::visit::Visit;
use crate::door::problem::Problem;
use joinedup_application::outcomes;
use joinedup_events::{Area, AreaId, AreaKind, Family, Slug};
use joinedup_views::catalogue::{Framework, FrameworkKind, Item, Scale};
use joinedup_views::decide::version;
use joinedup_views::ratings::roll_up::localities;
use joinedup_views::ratings::{
    Comparison, Rating, Round, Stage, compare, published_rounds, rating,
};
use std::collections::BTreeMap;

/// More places than this do not stand side by side: the place is then rated itself.
const MAX_PLACES: usize = 24;

/// A framework of a kind that has a scale; `otherwise` says what one of another kind is not for.
///
/// # Errors
/// 404 with the reason.
pub fn of_kind<'a>(
    visit: &'a Visit,
    id: &str,
    kind: FrameworkKind,
    otherwise: &str,
) -> Result<(&'a Framework, &'a Scale), Problem> {
    let framework = visit.app.definitions.catalogue.framework(id);
    let framework = framework.ok_or_else(|| {
        Problem::not_found("There is no such framework: choose one from the list")
    })?;
    match &framework.scale {
        Some(scale) if framework.kind == kind => Ok((framework, scale)),
        _ => Err(Problem::not_found(format!(
            "{otherwise}: the list of frameworks says what each is for"
        ))),
    }
}

/// The places that stand side by side: those that are asked to rate, else the parts of the place, else the place.
#[must_use]
pub fn places(visit: &Visit) -> Vec<AreaId> {
    let register = &visit.app.definitions.areas;
    let mut places: Vec<AreaId> = localities(register, &visit.area).into_iter().collect();
    places.sort_by_key(|id| visit.title_of(id.as_str()));
    if places.is_empty() {
        places = visit.parts();
    }
    if places.is_empty() || places.len() > MAX_PLACES {
        places = vec![visit.area.clone()];
    }
    places
}

/// Whether a place is rated itself rather than in its parts: by what was rated, and before anything was, because those who
/// are asked to rate are localities.
#[must_use]
pub fn is_itself(visit: &Visit, parts: &[AreaId], is_rated: impl Fn(&AreaId) -> bool) -> bool {
    let is_locality = |area: &Area| area.kind == AreaKind::Locality;
    let asked = visit.place().is_some_and(is_locality) || is_rated(&visit.area);
    asked
        && !parts
            .iter()
            .any(|part| *part != visit.area && is_rated(part))
}

/// A framework's items, group by group and each in its place.
#[must_use]
pub fn in_order(framework: &Framework) -> Vec<&Item> {
    let mut groups: Vec<&Option<String>> = Vec::new();
    for item in &framework.items {
        if !groups.contains(&&item.group) {
            groups.push(&item.group);
        }
    }
    let mut items: Vec<&Item> = framework.items.iter().collect();
    let group = |item: &Item| groups.iter().position(|g| **g == item.group);
    items.sort_by_key(|item| (group(item), item.order));
    items
}

/// What was recorded of some places by a framework, with its version, by place and item.
pub struct Found(BTreeMap<(AreaId, String), (Option<Rating>, u64)>);

impl Found {
    fn get(&self, place: &AreaId, item: &Item) -> Option<&(Option<Rating>, u64)> {
        self.0.get(&(place.clone(), item.id.clone()))
    }

    /// Whether a place was rated at all, in any round.
    #[must_use]
    pub fn is_rated(&self, place: &AreaId) -> bool {
        let of_place = self.0.iter().filter(|((of, _), _)| of == place);
        let mut ratings = of_place.filter_map(|(_, (rating, _))| rating.as_ref());
        ratings.any(|rating| !rating.rounds.is_empty())
    }

    /// Every rating.
    pub fn ratings(&self) -> impl Iterator<Item = &Rating> {
        self.0.values().filter_map(|(rating, _)| rating.as_ref())
    }

    /// Where a place stands with an item.
    #[must_use]
    pub fn rating(&self, place: &AreaId, item: &Item) -> Option<&Rating> {
        self.get(place, item)?.0.as_ref()
    }

    /// The same in one round.
    #[must_use]
    pub fn round(&self, place: &AreaId, item: &Item, round: &Slug) -> Option<&Round> {
        let rounds = &self.rating(place, item)?.rounds;
        rounds.iter().find(|r| r.round == *round)
    }

    /// The version that a form about it is made from; 0 when nothing was recorded.
    #[must_use]
    pub fn version(&self, place: &AreaId, item: &Item) -> u64 {
        self.get(place, item).map_or(0, |(_, version)| *version)
    }
}

/// What was recorded of some places by a framework, by place and item, with the versions of one moment: a form must not
/// carry a later version than its page shows.
///
/// # Errors
/// 404 when this process has no views.
pub fn found(visit: &Visit, places: &[AreaId], framework: &Framework) -> Result<Found, Problem> {
    Ok(visit.views()?.read(|view| {
        let of = |place: &AreaId, item: &Item| {
            let id = format!("{place}/{}/{}", framework.id, item.id);
            let facts = &view.entity(Family::Assessment, &id)?.facts;
            // Where every fact was taken back there is no rating, and still a version.
            Some((
                (place.clone(), item.id.clone()),
                (rating(&facts.standing()), version(&facts.all())),
            ))
        };
        let cells = places
            .iter()
            .flat_map(|place| framework.items.iter().map(move |item| (place, item)));
        Found(cells.filter_map(|(place, item)| of(place, item)).collect())
    }))
}

/// The round that is being worked on: the last in which anything was recorded, else this year's.
///
/// # Errors
/// Never: the year of today is the name of a round.
pub fn newest<'a>(
    visit: &Visit,
    ratings: impl Iterator<Item = &'a Rating>,
) -> Result<Slug, Problem> {
    let latest = ratings.flat_map(|r| &r.rounds).max_by_key(|round| {
        let proposed = round.proposed.as_ref().map(|given| given.at);
        let agreed = round.moderated.as_ref().map(|moderated| moderated.at);
        (proposed.max(agreed).max(round.confirmed_at), &round.round)
    });
    match latest {
        Some(round) => Ok(round.round.clone()),
        None => Slug::new(&visit.today().format("%Y").to_string())
            .map_err(|_| Problem::bad_request("The round is needed")),
    }
}

/// How far a round is, in a word.
#[must_use]
pub const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Rating => "being rated",
        Stage::Proposed => "proposed",
        Stage::Moderated => "moderated",
        Stage::Published => "published",
    }
}

/// A round that is being published: it is compared with no other before it is whole.
pub struct Open {
    /// The round.
    pub round: Slug,
    /// Ratings published in it.
    pub published: usize,
    /// Ratings published in the round before.
    pub before: usize,
}

/// Whether a round has only begun: it has fewer than four in five of the ratings of the round before.
#[must_use]
pub const fn has_only_begun(ratings: usize, before: usize) -> bool {
    5 * ratings < 4 * before
}

/// The rounds that can be compared, and the last one where it is still open: fewer than four in five of what was
/// published in the round before are published in it.
#[must_use]
pub fn closed_and_open(ratings: &[Rating]) -> (Vec<Slug>, Option<Open>) {
    let mut rounds = published_rounds(ratings);
    let count = |round: &Slug| {
        let all = ratings.iter().flat_map(|r| &r.rounds);
        all.filter(|r| r.round == *round && r.confirmed_at.is_some())
            .count()
    };
    let open = match rounds.as_slice() {
        [.., before, last] => Some(Open {
            round: last.clone(),
            published: count(last),
            before: count(before),
        }),
        _ => None,
    };
    let open = open.filter(|o| has_only_begun(o.published, o.before));
    if open.is_some() {
        rounds.pop();
    }
    (rounds, open)
}

impl Open {
    /// How far it is, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "Round {} is in progress: {} of {} ratings published.",
            self.round, self.published, self.before
        )
    }
}

/// The ratings by the logic model, or all where there are none of those: rounds of another framework are not later ones of
/// the model's.
#[must_use]
pub fn by_model(visit: &Visit, ratings: &[Rating]) -> Vec<Rating> {
    let model = visit.app.definitions.catalogue.model().id();
    let of_model = |rating: &&Rating| rating.framework.as_str() == model;
    let found: Vec<Rating> = ratings.iter().filter(of_model).cloned().collect();
    match found.is_empty() {
        true => ratings.to_vec(),
        false => found,
    }
}

/// What moved between the last two rounds that are whole, and the round in progress.
#[must_use]
pub fn latest_moves(visit: &Visit) -> (Option<Comparison>, Option<Open>) {
    let within = visit.app.definitions.areas.within(&visit.area);
    let ratings = outcomes::ratings(&visit.app, &within).unwrap_or_default();
    let ratings = by_model(visit, &ratings);
    let (rounds, open) = closed_and_open(&ratings);
    let moves = match rounds.as_slice() {
        [.., earlier, later] => Some(compare(&ratings, earlier, later)),
        _ => None,
    };
    (moves, open)
}

/// An item's title.
#[must_use]
pub fn item_title(visit: &Visit, framework: &str, item: &str) -> String {
    let framework = visit.app.definitions.catalogue.framework(framework);
    framework
        .and_then(|f| f.item(item))
        .map_or_else(|| item.to_owned(), |i| i.title.clone())
}

/// A level in the words of its framework.
#[must_use]
pub fn level(visit: &Visit, framework: &str, level: Option<u8>) -> String {
    let Some(level) = level else {
        return "not rated".to_owned();
    };
    let scale = visit
        .app
        .definitions
        .catalogue
        .framework(framework)
        .and_then(|f| f.scale.as_ref());
    scale
        .and_then(|s| s.level(level))
        .map_or_else(|| level.to_string(), ToOwned::to_owned)
}
