//! Facts for tests, each made in one line.

use crate::contribution::{SourceKey, StoredFact};
use chrono::{DateTime, Utc};
use joinedup_events::assessment::{
    AmbitionSet, AssessmentFact, Confirmed, Moderated, Noted, Proposed,
};
use joinedup_events::{AreaId, EventKey, Fact, Slug};

pub(crate) fn slug(text: &str) -> Slug {
    Slug::new(text).unwrap()
}

/// An instant: `2026-01-05` is nine in the morning of that day.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    if text.len() == 10 {
        format!("{text}T09:00:00Z").parse().unwrap()
    } else {
        text.parse().unwrap()
    }
}

/// A fact that happened and was recorded at two instants.
pub(crate) fn stored(area: &str, occurred: &str, recorded: &str, fact: Fact) -> StoredFact {
    let name = format!("{area} {occurred} {recorded} {fact:?}");
    StoredFact {
        key: EventKey::of("test", &name).into(),
        source: SourceKey::of("test"),
        position: 0,
        occurred_at: at(occurred),
        recorded_at: at(recorded),
        area: AreaId::new(area).unwrap(),
        linked: None,
        fact,
    }
}

/// As a set of facts stands that came in this order: in the order of recording.
pub(crate) fn standing(mut facts: Vec<StoredFact>) -> Vec<StoredFact> {
    for (position, fact) in (1..).zip(&mut facts) {
        fact.position = position;
    }
    facts.sort_by_key(|f| (f.recorded_at, f.position));
    facts
}

/// The item that one-line facts speak of.
pub(crate) const ITEM: &str = "co-crisis-response";

/// The area proposes a level.
pub(crate) fn proposed(round: &str, level: Option<u8>) -> Fact {
    rated_by(round, level, None)
}

/// One rater, or the area, rates.
pub(crate) fn rated_by(round: &str, level: Option<u8>, rater: Option<&str>) -> Fact {
    Fact::Assessment(AssessmentFact::Proposed(Proposed {
        framework: slug("scie"),
        item: slug(ITEM),
        round: slug(round),
        level,
        rater: rater.map(slug),
        note: None,
    }))
}

/// The round moderates.
pub(crate) fn moderated(round: &str, from: Option<u8>, to: Option<u8>) -> Fact {
    Fact::Assessment(AssessmentFact::Moderated(Moderated {
        framework: slug("scie"),
        item: slug(ITEM),
        round: slug(round),
        from,
        to,
        note: Some("criteria read alike".to_owned()),
    }))
}

/// The level is published.
pub(crate) fn confirmed(round: &str) -> Fact {
    Fact::Assessment(AssessmentFact::Confirmed(Confirmed {
        framework: slug("scie"),
        item: slug(ITEM),
        round: slug(round),
    }))
}

/// A level is wanted.
pub(crate) fn ambition(level: u8, by: &str) -> Fact {
    Fact::Assessment(AssessmentFact::AmbitionSet(AmbitionSet {
        framework: slug("scie"),
        item: slug(ITEM),
        level,
        by: by.parse().unwrap(),
    }))
}

/// Evidence in words.
pub(crate) fn noted(words: &str) -> Fact {
    Fact::Assessment(AssessmentFact::Noted(Noted {
        framework: slug("scie"),
        item: slug(ITEM),
        note: words.to_owned(),
    }))
}

/// Everything that a family's function contributes, as lines: quantity, breakdown, date, amount.
pub(crate) fn lines(
    contribute: impl Fn(&[StoredFact], &mut dyn crate::contribution::Sink),
    facts: &[StoredFact],
) -> Vec<String> {
    cells(contribute, facts)
        .export()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The cells that facts make, with every contribution's dimensions checked against its quantity's.
pub(crate) fn cells(
    contribute: impl Fn(&[StoredFact], &mut dyn crate::contribution::Sink),
    facts: &[StoredFact],
) -> crate::Cells {
    let mut cells = crate::Cells::default();
    contribute(facts, &mut |quantity: &str,
                            place: crate::cell::Place<'_>,
                            breakdown: &[(&str, &str)],
                            date,
                            delta| {
        let known = crate::Quantity::from_name(quantity).unwrap();
        let dimensions: Vec<&str> = breakdown.iter().map(|(d, _)| *d).collect();
        assert_eq!(dimensions, known.dimensions(), "{quantity}");
        cells.apply(quantity, place, breakdown, date, delta, 1);
    });
    cells
}
