//! The outcomes matrix: each outcome by one measure, in the place and in its parts, with the icons of Making Data Count;
//! and what got worse or better since the last board.

use super::layout;
use super::visit::Visit;
use super::{whose, words};
use chrono::{Days, NaiveDate};
use joinedup_application::charts::{self, ChartRequest};
use joinedup_application::overview::{Line, NoVerdict, Overview};
use joinedup_drawing::{axis, icon};
use joinedup_events::AreaId;
use joinedup_spc::Variation;
use joinedup_views::catalogue::Node;
use joinedup_views::catalogue::model::Population;
use joinedup_views::measure::{Measure, Role};
use joinedup_views::period::{Grain, Period};
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most parts of a place that have a column.
const MAX_PARTS: usize = 8;
/// How long ago the last board is taken to have met where nobody says.
const A_MONTH: Days = Days::new(30);

/// The order in which measures stand for an outcome, the same in every place of one home area, so that no two pages give a
/// place two verdicts: those that the home area itself has come first, then those that its parts have; what people get
/// before how it is done. A stock by day turns with every weekday, and leads only where nothing else is there; a measure that
/// no rule judges says of no outcome how it stands, and comes last of all.
pub struct Order {
    home: AreaId,
    known: Arc<Overview>,
}

impl Order {
    /// The order of the home area or, for a place elsewhere, of the place.
    #[must_use]
    pub fn of(visit: &Visit, people: Option<&Population>) -> Self {
        let register = &visit.app.definitions.areas;
        let home = visit.app.home_area();
        let home = home.filter(|home| register.within(home).contains(&visit.area));
        let home = home.unwrap_or_else(|| visit.area.clone());
        let known = visit.to_place(home.clone()).overview_of(people);
        Self { home, known }
    }

    fn rank(&self, measure: &Measure) -> impl Ord + use<> {
        let in_home = self.known.line(measure.id.as_str(), self.home.as_str());
        let mut lines = self.known.lines.keys();
        let is_known = lines.any(|(known, _)| *known == measure.id.as_str());
        (
            !measure.chart.is_judged(),
            in_home.is_none(),
            !is_known,
            measure.period == Grain::Day,
            measure.kind != Role::Outcome,
            measure.id.clone(),
        )
    }

    /// The measures of an outcome.
    #[must_use]
    pub fn measures<'a>(&self, visit: &'a Visit, outcome: &'a str) -> Vec<&'a Measure> {
        let measures = visit.app.definitions.measures.of_outcome(outcome);
        let mut measures: Vec<&Measure> = measures.collect();
        measures.sort_by_cached_key(|m| self.rank(m));
        measures
    }
}

/// The lines of measures in a place, in the order in which they stand for it: what gets worse there first, so that nothing
/// on a page calls an outcome better or unchanged of which a measure gets worse.
#[must_use]
pub fn lines<'o>(overview: &'o Overview, measures: &[&Measure], area: &AreaId) -> Vec<&'o Line> {
    let measures = measures.iter();
    let mut lines: Vec<&Line> = measures
        .filter_map(|m| overview.line(m.id.as_str(), area.as_str()))
        .collect();
    lines.sort_by_key(|line| !line.worsens());
    lines
}

/// An outcome with the measure that stands for it.
pub struct Led<'a> {
    /// The outcome.
    pub node: &'a Node,
    /// The measure that stands for it in the place, or in a part of it that alone has data; none where no measure has.
    pub measure: Option<&'a Measure>,
    measures: Vec<&'a Measure>,
}

impl Led<'_> {
    /// The line that stands for the outcome in a place.
    #[must_use]
    pub fn line<'o>(&self, overview: &'o Overview, area: &AreaId) -> Option<&'o Line> {
        lines(overview, &self.measures, area).into_iter().next()
    }
}

/// Each outcome with the measure that stands for it.
#[must_use]
pub fn led<'a>(
    visit: &'a Visit,
    order: &Order,
    overview: &Overview,
    outcomes: &[&'a Node],
) -> Vec<Led<'a>> {
    let areas = [vec![visit.area.clone()], visit.parts()].concat();
    let of = |node: &&'a Node| {
        let measures = order.measures(visit, &node.id);
        let mut lines = areas
            .iter()
            .filter_map(|area| lines(overview, &measures, area).into_iter().next());
        let first = lines.next();
        let measure = first.and_then(|line| visit.app.definitions.measures.get(&line.measure));
        Led {
            node,
            measure,
            measures,
        }
    };
    outcomes.iter().map(of).collect()
}

/// The day of the last board: as asked for, or a month ago.
#[must_use]
pub fn last_board(visit: &Visit) -> NaiveDate {
    asked_board(visit)
        .ok()
        .flatten()
        .unwrap_or(visit.today() - A_MONTH)
}

/// The day that the address asks for, or an error where that is not a day before today.
fn asked_board(visit: &Visit) -> Result<Option<NaiveDate>, ()> {
    let asked = visit.address.get("since").map(str::trim);
    let day = |text: &str| text.parse().ok().filter(|day| *day < visit.today());
    match asked.filter(|text| !text.is_empty()) {
        Some(text) => day(text).map(Some).ok_or(()),
        None => Ok(None),
    }
}

/// The matrix.
#[must_use]
pub fn table(visit: &Visit, overview: &Overview, led: &[Led<'_>]) -> Markup {
    let mut parts = visit.parts();
    let has = |part: &AreaId, fits: fn(&Line) -> bool| {
        let mut lines = led.iter().filter_map(|l| l.line(overview, part));
        lines.any(fits)
    };
    // Beside places with numbers of their own, one that is shown by those of who serves it would count them twice.
    let own = |part: &AreaId| has(part, |line| line.footprint.is_none());
    let are_own = parts.iter().any(own);
    parts.retain(|part| {
        if are_own {
            own(part)
        } else {
            has(part, |_| true)
        }
    });
    let left_out = parts.split_off(parts.len().min(MAX_PARTS));
    let areas = std::iter::once(&visit.area).chain(&parts);
    let cells: Vec<&Line> = areas
        .flat_map(|area| led.iter().filter_map(|l| l.line(overview, area)))
        .collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Outcomes by place" {
            table.matrix {
                caption.sr { "Each outcome by one measure: in the place and in its parts" }
                thead { tr {
                    th scope="col" { "Outcome" }
                    th.cell scope="col" { (visit.title_of(visit.area.as_str())) }
                    @for part in &parts { th.cell scope="col" { (visit.title_of(part.as_str())) } }
                    th.number.hide-mid scope="col" { "Latest" }
                } }
                @for (group, title) in [("people", "People"), ("services", "Services"), ("system", "System")] {
                    tbody {
                        tr.section { th scope="rowgroup" colspan=(parts.len() + 3) { (title) } }
                        @for l in led.iter().filter(|l| l.node.group == group) {
                            tr {
                                th scope="row" {
                                    a href=(visit.address.elsewhere("/model").with("node", &l.node.id)) { (l.node.title) }
                                    @if let Some(m) = l.measure.filter(|m| m.title != l.node.title) { br; span.small { (m.title) } }
                                }
                                (cell(visit, overview, l, &visit.area))
                                @for part in &parts { (cell(visit, overview, l, part)) }
                                td.number.hide-mid { (latest(l.line(overview, &visit.area))) }
                            }
                        }
                    }
                }
            }
        }
        p.note { "Each outcome is shown by one of its measures: in a place where one is getting worse, by that one. A cell that shows another measure or period than its row says so." }
        @if !left_out.is_empty() {
            p.note { "Not shown here for room: " (layout::place_links(visit, &left_out)) "." }
        }
        (key(&cells))
    }
}

fn latest(line: Option<&Line>) -> Markup {
    html! {
        @match line.and_then(|l| Some((l, l.latest?))) {
            Some((line, (start, value))) => { strong { (axis::amount(value, &line.unit)) } br; span.small { (words::period(line.period, start)) } }
            None => "–",
        }
    }
}

fn cell(visit: &Visit, overview: &Overview, led: &Led<'_>, area: &AreaId) -> Markup {
    let Some(line) = led.line(overview, area) else {
        return html! { td.cell { span.place aria-hidden="true" { "–" } span.sr { "no data" } } };
    };
    let link = whose::chart_of(visit, &line.measure).with("area", area);
    let row = led.line(overview, &visit.area);
    let (title, period) = beside_row(line, led.measure, row);
    let aloud = aloud(line, title);
    html! {
        td.cell {
            a.icons href=(link) title=(aloud) {
                (PreEscaped(icon::variation(line.variation)))
                @if let Some(assurance) = line.assurance { (PreEscaped(icon::assurance(assurance))) }
                span.sr { (aloud) }
            }
            // What the words of the link say already.
            @for word in title.map(str::to_owned).into_iter().chain(period) { br; span.small aria-hidden="true" { (word) } }
        }
    }
}

/// The measure and the period of a cell, each where it is not that of its row.
fn beside_row<'a>(
    line: &'a Line,
    measure: Option<&Measure>,
    row: Option<&Line>,
) -> (Option<&'a str>, Option<String>) {
    let is_other = measure.is_some_and(|m| m.id.as_str() != line.measure);
    let of = |line: &Line| line.latest.map(|(start, _)| (line.period, start));
    let is_older = row.is_none_or(|row| of(row) != of(line));
    let period = of(line).filter(|_| is_older);
    (
        is_other.then_some(line.title.as_str()),
        period.map(|(grain, start)| words::period(grain, start)),
    )
}

fn aloud(line: &Line, title: Option<&str>) -> String {
    let mut aloud = words::stands(line).to_owned();
    if let Some(assurance) = line.assurance {
        aloud = format!(
            "{aloud}; {}",
            icon::assurance_words(assurance).to_lowercase()
        );
    }
    match line.latest {
        Some((start, value)) => {
            let title = title.map(|title| format!("{title}, ")).unwrap_or_default();
            let (amount, period) = (
                axis::amount(value, &line.unit),
                words::period(line.period, start),
            );
            format!("{aloud}: {title}{amount}, {period}")
        }
        None => aloud,
    }
}

/// What the icons mean that stand in the matrix. Of a run chart the target has one only where every value is the same.
fn key(cells: &[&Line]) -> Markup {
    use joinedup_spc::Assurance::{Fail, HitOrMiss, Pass};
    let variations = [
        Variation::ConcernHigh,
        Variation::ImprovementLow,
        Variation::NeitherHigh,
        Variation::CommonCause,
    ];
    let words = |v: Variation| icon::variation_word(Some(v));
    let shown = |v: &Variation| {
        let mut others = cells.iter().filter(|l| l.no_verdict.is_none());
        others.any(|l| icon::variation_word(l.variation) == words(*v))
    };
    // One icon for all that have no verdict, and why each has none.
    let whys = cells.iter().filter(|l| l.no_verdict.is_some());
    let whys: BTreeSet<(Option<NoVerdict>, &str)> =
        whys.map(|l| (l.no_verdict, words::stands(l))).collect();
    let assured = |a: &joinedup_spc::Assurance| cells.iter().any(|l| l.assurance == Some(*a));
    html! {
        ul.legend.matrix-key aria-label="Icons" {
            @for v in variations.into_iter().filter(shown) { li { (PreEscaped(icon::variation(Some(v)))) (words(v)) } }
            @for (_, why) in whys { li { (PreEscaped(icon::variation(None))) (why) } }
            @for a in [Pass, HitOrMiss, Fail].into_iter().filter(assured) { li { (PreEscaped(icon::assurance(a))) (icon::assurance_words(a)) } }
        }
    }
}

/// How a verdict stands: worse, neither, better.
const fn standing(variation: Option<Variation>) -> i8 {
    match variation {
        Some(Variation::ConcernHigh | Variation::ConcernLow) => -1,
        Some(Variation::ImprovementHigh | Variation::ImprovementLow) => 1,
        _ => 0,
    }
}

/// What the chart rules made of a line's chart when the last board met: of the periods that were over then. None where they
/// could not judge it.
fn then(visit: &Visit, line: &Line, board: NaiveDate) -> Option<Variation> {
    let before = Period::of(line.period, board).start.pred_opt()?;
    let people = whose::counted(visit).map(|people| people.id.as_str());
    let request = ChartRequest {
        period: Some(line.period),
        to: Some(before),
        ..ChartRequest::new(&line.measure, &line.area).of_people(people)
    };
    let answer = charts::ask(&visit.app, &request, visit.audience()).ok()?;
    answer.chart.verdict.map(|v| v.variation)
}

/// What got worse and better since the last board, outcome by outcome.
#[must_use]
pub fn since(visit: &Visit, overview: &Overview, led: &[Led<'_>]) -> Markup {
    let board = last_board(visit);
    let mut worse = Vec::new();
    let mut better = Vec::new();
    let mut compared = 0;
    for l in led {
        let Some(line) = l.line(overview, &visit.area) else {
            continue;
        };
        let before = then(visit, line, board).filter(|v| *v != Variation::NotJudged);
        compared += usize::from(before.is_some() && line.is_judged());
        // What was better and is so no longer may have become usual; what was worse may have too few points.
        match standing(line.variation) {
            now if now == standing(before) => {}
            -1 => worse.push((l.node, line)),
            1 => better.push((l.node, line)),
            _ => {}
        }
    }
    let list = |found: &[(&Node, &Line)]| {
        html! { @for (i, (node, line)) in found.iter().enumerate() { @if i > 0 { "; " } strong { (node.title) } " (" (line.title) ": " (icon::variation_word(line.variation).to_lowercase()) ")" } }
    };
    html! {
        @if asked_board(visit).is_err() { p.concern #no-day { "The address does not name a day before today for the last board, so a month ago is taken." } }
        p #since-board {
            "Since the board of " (words::day_month_year(board)) ": "
            @if worse.is_empty() && better.is_empty() { @if compared > 0 { "no outcome became worse or better." } @else { "too few data to compare." } }
            @if !worse.is_empty() { span.concern { "worse: " } (list(&worse)) ". " }
            @if !better.is_empty() { span.improvement { "better: " } (list(&better)) "." }
        }
        form.picker.board-date method="get" action=(visit.address.path()) {
            (super::layout::kept(&visit.address, &["since"]))
            label for="since" { "Last board" } input #since type="date" name="since" value=(board);
            button.quiet type="submit" { "Compare" }
        }
    }
}
