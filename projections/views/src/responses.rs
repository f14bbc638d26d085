//! A response as its facts stand: what of it counts, and what does not and why. Nothing here holds words of a person.

use crate::contribution::StoredFact;
use crate::contributions::experience::Scoring;
use chrono::NaiveDate;
use joinedup_events::experience::{Answered, ExperienceFact, Mode, Respondent};
use joinedup_events::{AreaId, Fact, Slug, local};
use serde::Serialize;
use std::collections::BTreeSet;

/// What of a set of answers counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// Items with a score that counts.
    pub scored: Vec<String>,
    /// Items answered with not-applicable.
    pub not_applicable: Vec<String>,
    /// Items whose score is not on the instrument's scale; they do not count.
    pub off_scale: Vec<String>,
    /// Items that the instrument does not have; they count under their own name.
    pub unknown: Vec<String>,
    /// Items of the instrument without an answer.
    pub missing: Vec<String>,
    /// Scales with every item scored: only these have a sum.
    pub complete_scales: Vec<String>,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Response {
    /// The area.
    pub area: AreaId,
    /// The instrument.
    pub instrument: Slug,
    /// The local date.
    pub date: NaiveDate,
    /// A carer helped.
    pub with_carer: bool,
    /// How it was given.
    pub mode: Mode,
    /// Who gave it.
    pub respondent: Respondent,
    /// The team.
    pub team: Option<Slug>,
    /// What of it counts.
    pub completeness: Completeness,
    /// Themes of the comment that came with it.
    pub themes: BTreeSet<Slug>,
}

/// Reads a response from its facts as they stand, in the order of recording; none when nobody answered.
#[must_use]
pub fn response(facts: &[StoredFact]) -> Option<Response> {
    let (stored, answered) = facts.iter().rev().find_map(|stored| match &stored.fact {
        Fact::Experience(ExperienceFact::Answered(answered)) => Some((stored, answered)),
        _ => None,
    })?;
    let themes = facts.iter().rev().find_map(|stored| match &stored.fact {
        Fact::Experience(ExperienceFact::CommentCoded(comment)) => Some(&comment.themes),
        _ => None,
    });
    Some(Response {
        area: stored.area.clone(),
        instrument: answered.instrument.clone(),
        date: local::date(stored.occurred_at),
        with_carer: answered.with_carer,
        mode: answered.mode,
        respondent: answered.respondent,
        team: answered.team.clone(),
        completeness: completeness(answered),
        themes: themes.into_iter().flatten().cloned().collect(),
    })
}

/// What of a set of answers counts. Of an item answered twice the last answer does.
#[must_use]
pub fn completeness(answered: &Answered) -> Completeness {
    let scoring = Scoring::of(answered.instrument.as_str());
    let range = scoring.map_or(0..=u8::MAX, Scoring::range);
    let known: Vec<&str> = scoring
        .into_iter()
        .flat_map(|s| s.scales.iter().flat_map(|(_, items)| *items))
        .copied()
        .collect();
    let mut found = Completeness::default();
    let mut seen = BTreeSet::new();
    for answer in answered.answers.iter().rev() {
        let item = answer.item.as_str();
        if !seen.insert(item) {
            continue;
        }
        let list = match answer.score {
            None => &mut found.not_applicable,
            Some(score) if !range.contains(&score) => &mut found.off_scale,
            Some(_) => &mut found.scored,
        };
        list.push(item.to_owned());
        if !known.is_empty() && !known.contains(&item) {
            found.unknown.push(item.to_owned());
        }
    }
    for list in [
        &mut found.scored,
        &mut found.not_applicable,
        &mut found.off_scale,
        &mut found.unknown,
    ] {
        list.reverse();
    }
    found.missing = known
        .iter()
        .filter(|item| !seen.contains(**item))
        .map(|item| (*item).to_owned())
        .collect();
    for (scale, items) in scoring.map_or(&[][..], |s| s.scales) {
        if items.iter().all(|i| found.scored.iter().any(|s| s == i)) {
            found.complete_scales.push((*scale).to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ratings::told::{slug, told};
    use joinedup_events::experience::{Answer, CommentCoded};

    #[test]
    fn a_response_tells_what_counts_and_what_does_not() {
        let answer = |item: &str, score| Answer {
            item: slug(item),
            score,
        };
        let answered = Fact::Experience(ExperienceFact::Answered(Answered {
            instrument: slug("p3c-eq"),
            answers: vec![
                answer("had-to-repeat-information-reverse-scored", Some(1)),
                answer("care-joined-up", Some(9)),
                answer("care-joined-up", Some(2)),
                answer("one-named-coordinator", Some(0)),
                answer("one-care-plan", Some(3)),
                answer("goals-discussed", None),
                answer("involved-in-decisions", Some(7)),
                answer("a-question-of-our-own", Some(1)),
            ],
            with_carer: false,
            mode: Mode::Online,
            respondent: Respondent::Person,
            team: None,
        }));
        let comment = Fact::Experience(ExperienceFact::CommentCoded(CommentCoded {
            instrument: slug("p3c-eq"),
            themes: vec![slug("kindness")],
        }));
        let area = "havenshire-north";
        let response = response(&[
            told(area, "2026-05-01", "2026-05-01", answered),
            told(area, "2026-05-02", "2026-05-02", comment),
        ])
        .unwrap();
        let counts = &response.completeness;
        assert_eq!(counts.complete_scales, ["coordination"]);
        assert_eq!(counts.not_applicable, ["goals-discussed"]);
        assert_eq!(counts.off_scale, ["involved-in-decisions"]);
        assert_eq!(counts.unknown, ["a-question-of-our-own"]);
        assert_eq!(counts.missing.len(), 5);
        assert_eq!(response.themes.len(), 1);
    }

    #[test]
    fn a_batch_of_invitations_is_no_response() {
        assert_eq!(response(&[]), None);
    }
}
