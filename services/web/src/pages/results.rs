//! `/frameworks/{id}/results`: what an assessment came to, as a radar and a table, two rounds or two places side by side;
//! and the same as CSV.

use super::layout::{self, Tab};
use super::sheet::rated_by;
use super::visit::Visit;
use super::{rounds, words};
use crate::door::problem::Problem;
use crate::files;
use axum::extract::Path;
use axum::response::Response;
use joinedup_drawing::radar::{self, Radar, Shape};
use joinedup_events::{AreaId, Slug};
use joinedup_views::catalogue::{Framework, Item, Scale};
use joinedup_views::ratings::all_rounds;
use joinedup_views::ratings::roll_up::lower_median;
use maud::{Markup, PreEscaped, html};

/// A column: a place's own ratings, or those of the places within it together, of one round.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    place: AreaId,
    is_together: bool,
    round: Slug,
}

impl Column {
    fn code(&self) -> String {
        let kind = if self.is_together { "together" } else { "own" };
        format!("{}~{}~{kind}", self.place, self.round)
    }

    fn place(&self, visit: &Visit) -> String {
        let place = visit.title_of(self.place.as_str());
        let together = if self.is_together {
            ", its places together"
        } else {
            ""
        };
        format!("{place}{together}")
    }

    fn title(&self, visit: &Visit) -> String {
        format!("{}, round {}", self.place(visit), self.round)
    }
}

/// What stands side by side, with names no longer than they must be: of one place the rounds alone are named.
fn heading(visit: &Visit, chosen: &[Column]) -> (String, Vec<String>) {
    match chosen {
        [one, other] if (&one.place, one.is_together) == (&other.place, other.is_together) => {
            let rounds = [&one.round, &other.round].map(|round| format!("Round {round}"));
            let heading = format!(
                "{}: round {} compared with round {}",
                one.place(visit),
                one.round,
                other.round
            );
            (heading, rounds.to_vec())
        }
        _ => {
            let titles: Vec<String> = chosen.iter().map(|column| column.title(visit)).collect();
            (titles.join(" compared with "), titles)
        }
    }
}

/// A framework with all that was rated by it here.
struct Results<'a> {
    visit: &'a Visit,
    framework: &'a Framework,
    scale: &'a Scale,
    items: Vec<&'a Item>,
    /// The places within; empty where the place has no parts.
    parts: Vec<AreaId>,
    found: rounds::Found,
}

impl<'a> Results<'a> {
    fn of(visit: &'a Visit, id: &str) -> Result<Self, Problem> {
        let (framework, scale) = rated_by(visit, id)?;
        let mut parts = rounds::places(visit);
        parts.retain(|part| *part != visit.area);
        let all: Vec<AreaId> = std::iter::once(visit.area.clone())
            .chain(parts.clone())
            .collect();
        let found = rounds::found(visit, &all, framework)?;
        let items = rounds::in_order(framework);
        Ok(Self {
            visit,
            framework,
            scale,
            items,
            parts,
            found,
        })
    }

    /// The level of a column's item, and whether it is published: what is published, else what stands.
    fn level(&self, column: &Column, item: &Item) -> Option<(u8, bool)> {
        if column.is_together {
            let of = |part: &AreaId| self.found.round(part, item, &column.round)?.published;
            let mut levels: Vec<u8> = self.parts.iter().filter_map(of).collect();
            return lower_median(&mut levels).map(|level| (level, true));
        }
        let round = self.found.round(&column.place, item, &column.round)?;
        let standing = round.level.map(|level| (level, false));
        round.published.map(|level| (level, true)).or(standing)
    }

    /// Every column that holds a level: places by name, the newest round first.
    fn columns(&self) -> Vec<Column> {
        let rounds = all_rounds(self.found.ratings());
        let of = |place: &AreaId, is_together| {
            let newest_first = rounds.iter().rev();
            let column = |round: &Slug| Column {
                place: place.clone(),
                is_together,
                round: round.clone(),
            };
            newest_first.map(column).collect::<Vec<_>>()
        };
        let area = &self.visit.area;
        let mut all = of(area, false);
        all.extend(of(area, true));
        all.extend(self.parts.iter().flat_map(|part| of(part, false)));
        all.retain(|column| {
            self.items
                .iter()
                .any(|item| self.level(column, item).is_some())
        });
        all
    }

    /// How many levels a column is made of.
    fn count(&self, column: &Column) -> usize {
        let places = match column.is_together {
            true => self.parts.as_slice(),
            false => std::slice::from_ref(&column.place),
        };
        let own = places.iter().map(|place| Column {
            place: place.clone(),
            is_together: false,
            round: column.round.clone(),
        });
        let of = |own: Column| self.items.iter().filter_map(move |i| self.level(&own, i));
        let levels = own.flat_map(of);
        levels
            .filter(|(_, published)| *published || !column.is_together)
            .count()
    }

    /// The column before another of the same place.
    fn before<'c>(columns: &'c [Column], column: &Column) -> Option<&'c Column> {
        let from = columns.iter().skip_while(|c| *c != column).skip(1);
        let same = |c: &&Column| c.place == column.place && c.is_together == column.is_together;
        from.into_iter().find(same)
    }

    /// The column to begin with, and the newer one of the same place whose round has only begun.
    fn latest<'c>(&self, columns: &'c [Column]) -> Option<(&'c Column, Option<&'c Column>)> {
        let newest = columns.first()?;
        match Self::before(columns, newest) {
            Some(before) if rounds::has_only_begun(self.count(newest), self.count(before)) => {
                Some((before, Some(newest)))
            }
            _ => Some((newest, None)),
        }
    }

    /// The columns that the address asks for: the first, and the one before it of the same place.
    fn chosen(&self, columns: &[Column]) -> Vec<Column> {
        let asked = |name: &str| {
            let code = self.visit.address.get(name)?;
            columns.iter().find(|c| c.code() == code)
        };
        let latest = || self.latest(columns).map(|(latest, _)| latest);
        let Some(first) = asked("show").or_else(latest) else {
            return Vec::new();
        };
        let before = Self::before(columns, first);
        let second = match self.visit.address.get("with") {
            Some("none") => None,
            _ => asked("with").or(before),
        };
        std::iter::once(first)
            .chain(second.filter(|c| *c != first))
            .cloned()
            .collect()
    }
}

/// `GET /frameworks/{id}/results`.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    visit.render(move |visit| page(visit, &id)).await
}

fn page(visit: &Visit, id: &str) -> Result<Markup, Problem> {
    let results = Results::of(visit, id)?;
    let columns = results.columns();
    let chosen = results.chosen(&columns);
    let (heading, titles) = heading(visit, &chosen);
    let place = visit.title_of(visit.area.as_str());
    let title = &results.framework.title;
    let sheet = visit.address.elsewhere(format!("/frameworks/{id}/sheet"));
    let file = visit
        .address
        .elsewhere(format!("/frameworks/{id}/results.csv"));
    let body = html! {
        h1 { (title) span.place { ", " (place) } }
        p.note { (results.framework.note) }
        @if chosen.is_empty() {
            section.card #results data-live { p { "Nothing has been rated here yet. " a href=(sheet) { "Rate places" } } }
        } @else {
            (choice(&results, &columns, &chosen))
            @if let (None, Some((latest, Some(begun)))) = (visit.address.get("show"), results.latest(&columns)) {
                p.note #begun { "Round " (begun.round) " has only begun: " (results.count(begun)) " ratings, where round " (latest.round) " has " (results.count(latest)) ". " a href=(visit.address.clone().with("show", begun.code())) { "Show round " (begun.round) } }
            }
            section.card #results data-live aria-labelledby="results-name" {
                h2 #results-name { (heading) }
                div.side-by-side {
                    div { (picture(&results, &chosen, &titles)) }
                    (table(&results, &chosen, &titles))
                }
                figcaption { span.files { a href=(file) download { "CSV" } a href=(sheet) { "Rate places" } } }
            }
        }
    };
    let title = format!("{title}: results, {place}");
    Ok(layout::page(
        visit,
        Tab::Model,
        &title,
        &layout::place_picker(visit),
        &body,
    ))
}

/// The form that chooses what stands side by side.
fn choice(results: &Results<'_>, columns: &[Column], chosen: &[Column]) -> Markup {
    let visit = results.visit;
    let is = |at: usize, column: &Column| chosen.get(at) == Some(column);
    html! {
        form.picker.search method="get" action=(visit.address.path()) {
            (layout::kept(&visit.address, &["show", "with"]))
            span.pair { label for="show" { "Show" } select #show name="show" { @for c in columns { option value=(c.code()) selected[is(0, c)] { (c.title(visit)) } } } }
            span.pair { label for="with" { "Compare with" } select #with name="with" { option value="none" { "nothing" } @for c in columns { option value=(c.code()) selected[is(1, c)] { (c.title(visit)) } } } }
            button.quiet type="submit" { "Show" }
        }
    }
}

fn picture(results: &Results<'_>, chosen: &[Column], titles: &[String]) -> Markup {
    let shapes = chosen.iter().zip(titles).map(|(column, title)| {
        let levels = results
            .items
            .iter()
            .map(|item| results.level(column, item).map(|(level, _)| level));
        Shape {
            name: title.clone(),
            levels: levels.collect(),
        }
    });
    let radar = Radar {
        title: results.framework.title.clone(),
        items: results
            .items
            .iter()
            .map(|item| item.title.clone())
            .collect(),
        lowest: results.scale.lowest,
        highest: results.scale.highest,
        shapes: shapes.collect(),
    };
    html! {
        @if let Some(svg) = radar::svg(&radar) {
            (PreEscaped(svg))
            ul.legend aria-hidden="true" {
                @for (title, class) in titles.iter().zip(["one", "two"]) {
                    li { svg.chart.sample.radar viewBox="0 0 30 12" width="30" height="12" { line class=(class) x1="0" x2="30" y1="6" y2="6" {} } (title) }
                }
            }
        }
    }
}

fn table(results: &Results<'_>, chosen: &[Column], titles: &[String]) -> Markup {
    let (visit, framework) = (results.visit, results.framework);
    let coloured = framework.id == visit.app.definitions.catalogue.model().id();
    let own = chosen.first().filter(|column| !column.is_together);
    let ambition = |item: &Item| results.found.rating(&own?.place, item)?.ambition.as_ref();
    let has_ambition = results.items.iter().any(|item| ambition(item).is_some());
    let level = |level: u8| {
        let class = if coloured { level } else { 0 };
        html! { span.level.(format!("l{class}")) { (level) } " " @if let Some(title) = results.scale.level(level) { (title) } }
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Results as a table" {
            table.stack #as-levels {
                thead { tr {
                    th scope="col" { "Item" }
                    @for title in titles { th scope="col" { (title) } }
                    @if chosen.len() == 2 { th scope="col" { "Difference" } }
                    @if has_ambition { th scope="col" { "Ambition" } }
                } }
                tbody {
                    @for (i, item) in results.items.iter().enumerate() {
                        tr {
                            th.whole scope="row" { (i + 1) " " (item.title) }
                            @for (column, title) in chosen.iter().zip(titles) {
                                td data-label=(title) { @match results.level(column, item) { Some((l, published)) => { (level(l)) @if !published { " " span.small { "not published" } } }, None => span.small { "not rated" } } }
                            }
                            @if let [a, b] = chosen { td data-label="Difference" { (difference(results.level(a, item), results.level(b, item))) } }
                            @if has_ambition { td data-label="Ambition" { @if let Some(a) = ambition(item) { (level(a.level)) " by " (words::day_month_year(a.by)) } } }
                        }
                    }
                }
            }
        }
    }
}

fn difference(one: Option<(u8, bool)>, other: Option<(u8, bool)>) -> String {
    match (one, other) {
        (Some((one, _)), Some((other, _))) => match i16::from(one) - i16::from(other) {
            0 => "same".to_owned(),
            up if up > 0 => format!("▲ {up} higher"),
            down => format!("▼ {} lower", -down),
        },
        _ => "–".to_owned(),
    }
}

/// `GET /frameworks/{id}/results.csv`: every place, item and round.
pub async fn csv(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let turns = visit.app.turns.clone();
    let write = move || Results::of(&visit, &id).and_then(|r| rows(&r));
    turns.work(write).await?
}

fn rows(results: &Results<'_>) -> Result<Response, Problem> {
    let titles = [
        "area",
        "place",
        "framework",
        "item",
        "title",
        "round",
        "stage",
        "level",
        "level_title",
        "published",
        "raters",
        "ambition",
        "by",
    ];
    let text = |level: Option<u8>| level.map(|l| l.to_string()).unwrap_or_default();
    let mut rows = Vec::new();
    for place in std::iter::once(&results.visit.area).chain(&results.parts) {
        for item in &results.items {
            let Some(rating) = results.found.rating(place, item) else {
                continue;
            };
            let ambition = rating.ambition.as_ref();
            for round in &rating.rounds {
                let title = round.level.and_then(|l| results.scale.level(l));
                rows.push([
                    place.to_string(),
                    results.visit.title_of(place.as_str()),
                    results.framework.id.clone(),
                    item.id.clone(),
                    item.title.clone(),
                    round.round.to_string(),
                    rounds::stage_word(round.stage).to_owned(),
                    text(round.level),
                    title.unwrap_or_default().to_owned(),
                    text(round.published),
                    round.raters.len().to_string(),
                    text(ambition.map(|a| a.level)),
                    ambition.map(|a| a.by.to_string()).unwrap_or_default(),
                ]);
            }
        }
    }
    files::csv(titles, rows)
}
