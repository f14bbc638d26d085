//! What a source says of itself: a list without changes is a report, an old list is none of today, and the time before the first
//! list is not judged.

use super::*;
use joinedup_events::change::SourceReported;
use joinedup_views::ask::{Definitions, Question, Span, ask};
use joinedup_views::chart::Chart;

/// The source's own word that it has reported everything up to nine o'clock.
fn reported(source: &str, day: i64, begins: Option<i64>) -> Event {
    said(source, day, begins, false)
}

fn said(source: &str, day: i64, begins: Option<i64>, live: bool) -> Event {
    let begins = begins.map(date);
    let fact = Fact::Change(ChangeFact::SourceReported(SourceReported { begins, live }));
    let entity = format!("source{source}");
    event(
        source,
        &format!("{day}-reported"),
        hour(day, 9),
        &entity,
        fact,
    )
}

/// The weekly chart of nights of an area, on a day at noon.
fn chart(events: impl IntoIterator<Item = Event>, area: &str, day: i64) -> Chart {
    let measures = Measures::built_in(|_| true).unwrap();
    let areas = Areas::built_in().unwrap();
    let expectations = Expectations::default();
    let definitions = Definitions {
        areas: &areas,
        measures: &measures,
        policy: &Policy::default(),
        expectations: &expectations,
    };
    let view = view(events);
    let basis = Basis::of(&view, &expectations, None, measures.iter());
    let area = [AreaId::new(area).unwrap()];
    let weeks = Span::Periods {
        grain: Some(Grain::Week),
        from: None,
        to: None,
    };
    let question = Question {
        span: weeks,
        ..Question::new(
            "tr-delayed-nights",
            &area,
            Audience::Operations,
            hour(day, 12),
        )
    };
    ask(&basis, &definitions, &question)
        .unwrap()
        .remove(0)
        .chart
}

#[test]
fn a_list_without_changes_is_a_report_and_an_old_list_is_none() {
    let list = feed("/a", 0..84);
    let daily = |days: std::ops::Range<i64>| days.map(|day| reported("/a", day, None));
    // Nothing happened for a fortnight, and the source said so each morning.
    let quiet: Vec<Event> = list.iter().cloned().chain(daily(0..98)).collect();
    assert_eq!(heard(&view(quiet.clone())), Some(date(97)));
    let state = |events: Vec<Event>| {
        let chart = chart(events, PLACE, 98);
        let mut points = chart.points.iter().map(|p| &p.point);
        points.find(|p| p.period_start == date(84)).unwrap().state
    };
    assert_eq!(state(quiet), State::Final, "a week without news");
    assert_eq!(state(list.clone()), State::Missing, "a week without a word");
    // A list of four weeks ago that is read today is no word of today.
    let mut late = feed("/a", 84..90);
    late.iter_mut().for_each(|e| e.recorded_at = hour(120, 9));
    let mut word = reported("/a", 89, None);
    word.recorded_at = hour(120, 9);
    let read_late = view(
        list.into_iter()
            .chain(daily(0..84))
            .chain(late)
            .chain([word]),
    );
    assert_eq!(heard(&read_late), Some(date(89)));
}

#[test]
fn what_a_first_list_still_held_of_the_time_before_is_not_judged() {
    let states = |chart: &Chart, days: std::ops::Range<i64>| {
        let (from, to) = (date(days.start), date(days.end));
        let points = chart.points.iter().map(|p| &p.point);
        let within = points.filter(|p| from <= p.period_start && p.period_start < to);
        within.map(|p| p.state).collect::<BTreeSet<State>>()
    };
    let joined = |chart: &Chart| {
        let phases = chart.phases.iter().filter(|phase| phase.joined);
        phases.map(|phase| phase.start).collect::<Vec<_>>()
    };
    let says = (0..210).map(|day| reported("/a", day, Some(105)));
    let new = [feed("/a", 0..210), says.collect()].concat();
    let alone = chart(new.clone(), PLACE, 210);
    assert_eq!(states(&alone, 0..105), BTreeSet::from([State::Incomplete]));
    assert_eq!(states(&alone, 105..203), BTreeSet::from([State::Final]));
    let drawn = alone.points.iter().filter(|p| p.point.value.is_some());
    assert_eq!(
        drawn.count(),
        30,
        "what is known of the time before is drawn"
    );
    assert!(joined(&alone).is_empty());
    // It joins a neighbour that has always been there: the larger area is judged, and its centre line starts afresh.
    let mut other = feed("/b", 0..210);
    for event in &mut other {
        event.area = AreaId::new("hv-north-2").unwrap();
    }
    let both = chart([new, other].concat(), "havenshire-north", 210);
    assert_eq!(states(&both, 7..203), BTreeSet::from([State::Final]));
    assert_eq!(joined(&both), [date(105)]);
    assert!(both.warnings.iter().any(|w| w.contains("starts afresh")));
    let verdict = both.verdict.unwrap();
    assert!(
        !verdict.alert,
        "a further place is no change: {}",
        verdict.why
    );
}

#[test]
fn what_reports_live_says_once_when_it_begins_and_is_heard_by_its_events() {
    let begins = said("/a", 0, Some(7), true);
    let events = [vec![begins], feed("/a", 0..98)].concat();
    assert_eq!(heard(&view(events.clone())), Some(date(97)));
    let chart = chart(events, PLACE, 98);
    let states: Vec<State> = chart.points.iter().map(|p| p.point.state).collect();
    assert_eq!(states[..2], [State::Incomplete, State::Final]);
}
