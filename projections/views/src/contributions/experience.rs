//! What a response, a batch of invitations or a coded comment adds to the cells.
//!
//! Scores are kept as they were given, so that a histogram of an item is what people ticked. Scale sums turn the
//! reverse-scored item round. Yes and no are written `yes` and `no`.

use crate::cell::Place;
use crate::contribution::{Sink, StoredFact};
use crate::quantity::Quantity;
use crate::tally::{Delta, Sums};
use joinedup_events::experience::{Answered, ExperienceFact};
use joinedup_events::{Fact, local};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// How an instrument that the product knows is scored in code. The catalogue's framework files say the same in
/// words for readers; a test holds the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring {
    /// The instrument.
    pub instrument: &'static str,
    /// Lowest and highest score of an item.
    pub lowest: u8,
    /// Highest score of an item.
    pub highest: u8,
    /// Scales with their items.
    pub scales: &'static [(&'static str, &'static [&'static str])],
    /// Items whose score counts the other way round in a sum.
    pub reversed: &'static [&'static str],
}

/// A score that one questionnaire comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Total {
    /// What it is of.
    pub name: &'static str,
    /// The lowest that it can be.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

/// I statements: 1 strongly disagree to 5 strongly agree; an item is the id of the outcome that it speaks of.
pub const I_STATEMENTS: Scoring = Scoring {
    instrument: "i-statements",
    lowest: 1,
    highest: 5,
    scales: &[],
    reversed: &[],
};

/// P3C-EQ: 0 to 3 an item, two scales.
pub const P3C_EQ: Scoring = Scoring {
    instrument: "p3c-eq",
    lowest: 0,
    highest: 3,
    scales: &[
        (
            "coordination",
            &[
                "had-to-repeat-information-reverse-scored",
                "care-joined-up",
                "one-named-coordinator",
                "one-care-plan",
            ],
        ),
        (
            "person-centred",
            &[
                "goals-discussed",
                "involved-in-decisions",
                "treated-as-a-whole-person",
                "support-to-self-manage",
                "useful-information-in-time",
                "family-or-carers-involved",
                "confidence-to-manage",
            ],
        ),
    ],
    reversed: &["had-to-repeat-information-reverse-scored"],
};

/// TCI-14: 1 to 5 an item, four subscales; reported as a team's mean.
pub const TCI_14: Scoring = Scoring {
    instrument: "tci-14",
    lowest: 1,
    highest: 5,
    scales: &[
        (
            "vision",
            &[
                "agree-with-the-aims",
                "aims-understood-by-others",
                "aims-can-be-met",
                "aims-worthwhile",
            ],
        ),
        (
            "participative-safety",
            &[
                "in-it-together",
                "kept-informed",
                "accepted-by-each-other",
                "real-attempts-to-share",
            ],
        ),
        (
            "task-orientation",
            &[
                "willing-to-question-the-basis",
                "weaknesses-appraised",
                "build-on-each-other",
            ],
        ),
        (
            "support-for-innovation",
            &[
                "look-for-fresh-views",
                "make-time-for-ideas",
                "help-apply-ideas",
            ],
        ),
    ],
    reversed: &[],
};

impl Scoring {
    /// The scoring of an instrument, when the product knows it.
    #[must_use]
    pub fn of(instrument: &str) -> Option<&'static Self> {
        [&I_STATEMENTS, &P3C_EQ, &TCI_14]
            .into_iter()
            .find(|s| s.instrument == instrument)
    }

    /// The scores that an item can have.
    #[must_use]
    pub fn range(&self) -> RangeInclusive<u8> {
        self.lowest..=self.highest
    }

    /// It is reported by team alone, so that an answer without one would count nowhere.
    #[must_use]
    pub fn is_by_team(&self) -> bool {
        *self == TCI_14
    }

    /// What one questionnaire is scored by: the sum of each scale, or the mean of all items where a team is reported by it.
    /// Nothing for an instrument that is read item by item.
    #[must_use]
    pub fn totals(&self) -> Vec<Total> {
        let ends = |items: usize| {
            let of = |score: u8| f64::from(score) * items as f64;
            (of(self.lowest), of(self.highest))
        };
        if *self == TCI_14 {
            return vec![Total {
                name: "mean of all questions",
                lowest: f64::from(self.lowest),
                highest: f64::from(self.highest),
            }];
        }
        let total = |(name, items): &(&'static str, &[&str])| Total {
            name,
            lowest: ends(items.len()).0,
            highest: ends(items.len()).1,
        };
        self.scales.iter().map(total).collect()
    }

    /// The scores of one questionnaire, in the order of [`Self::totals`]; none where an item of it was left out.
    #[must_use]
    pub fn of_one(&self, response: &Answered) -> Vec<Option<f64>> {
        let scores = scores(response);
        if *self == TCI_14 {
            let items = self.items();
            let sum = self.sum(&scores, &items);
            return vec![sum.map(|sum| f64::from(sum) / items.len() as f64)];
        }
        let sum = |(_, items): &(&str, &[&str])| self.sum(&scores, items).map(f64::from);
        self.scales.iter().map(sum).collect()
    }

    /// The items of all scales.
    fn items(&self) -> Vec<&'static str> {
        let of = |(_, items): &(&str, &'static [&'static str])| *items;
        self.scales.iter().flat_map(of).copied().collect()
    }

    /// The sum over some items, reversed ones turned round; none unless every item was answered.
    fn sum(&self, scores: &BTreeMap<&str, u8>, items: &[&str]) -> Option<i32> {
        items
            .iter()
            .map(|item| {
                let score = scores.get(item)?;
                let score = if self.reversed.contains(item) {
                    self.highest + self.lowest - score
                } else {
                    *score
                };
                Some(i32::from(score))
            })
            .sum()
    }
}

/// Adds what one response, batch of invitations or comment contributes. Of several facts of one kind the one
/// recorded last stands.
pub fn contribute(facts: &[StoredFact], sink: &mut dyn Sink) {
    let (mut answered, mut invited, mut coded) = (None, None, None);
    for stored in facts {
        match &stored.fact {
            Fact::Experience(ExperienceFact::Answered(f)) => answered = Some((stored, f)),
            Fact::Experience(ExperienceFact::Invited(f)) => invited = Some((stored, f)),
            Fact::Experience(ExperienceFact::CommentCoded(f)) => coded = Some((stored, f)),
            _ => {}
        }
    }
    if let Some((stored, response)) = answered {
        answers(stored, response, sink);
    }
    if let Some((stored, batch)) = invited {
        let sent = Sums {
            value: i64::from(batch.count),
            denominator: 0,
            n: 1,
        };
        sink.add(
            Quantity::Invitations.name(),
            stored.area.as_str().into(),
            &[("instrument", batch.instrument.as_str())],
            local::date(stored.occurred_at),
            Delta::Sums(sent),
        );
    }
    if let Some((stored, comment)) = coded {
        let date = local::date(stored.occurred_at);
        let (area, instrument) = (
            Place::from(stored.area.as_str()),
            comment.instrument.as_str(),
        );
        sink.add(
            Quantity::Comments.name(),
            area,
            &[("instrument", instrument)],
            date,
            Delta::ONE,
        );
        let themes: BTreeSet<&str> = comment.themes.iter().map(|t| t.as_str()).collect();
        for theme in themes {
            let breakdown = [("instrument", instrument), ("theme", theme)];
            sink.add(Quantity::Themes.name(), area, &breakdown, date, Delta::ONE);
        }
    }
}

/// The scores of a response by item: not-applicable left out, as is a score that is not on the scale of an
/// instrument we know (it would spoil every mean); of an item answered twice, the last.
fn scores(response: &Answered) -> BTreeMap<&str, u8> {
    let range = Scoring::of(response.instrument.as_str()).map_or(0..=u8::MAX, Scoring::range);
    let mut scores = BTreeMap::new();
    for answer in &response.answers {
        match answer.score.filter(|score| range.contains(score)) {
            Some(score) => scores.insert(answer.item.as_str(), score),
            None => scores.remove(answer.item.as_str()),
        };
    }
    scores
}

fn answers(stored: &StoredFact, response: &Answered, sink: &mut dyn Sink) {
    let date = local::date(stored.occurred_at);
    let area = Place::from(stored.area.as_str());
    let instrument = response.instrument.as_str();
    let carer = if response.with_carer { "yes" } else { "no" };
    let mode = response.mode.code();
    let scores = scores(response);

    sink.add(
        Quantity::Responses.name(),
        area,
        &[
            ("carer", carer),
            ("instrument", instrument),
            ("mode", mode),
            ("respondent", response.respondent.code()),
        ],
        date,
        Delta::ONE,
    );
    for (item, score) in &scores {
        let breakdown = [
            ("carer", carer),
            ("instrument", instrument),
            ("item", *item),
            ("mode", mode),
        ];
        let delta = Delta::Value(i32::from(*score));
        sink.add(Quantity::Answers.name(), area, &breakdown, date, delta);
    }
    let Some(scoring) = Scoring::of(instrument) else {
        return;
    };
    if *scoring == P3C_EQ {
        for (scale, items) in scoring.scales {
            if let Some(sum) = scoring.sum(&scores, items) {
                let breakdown = [("instrument", instrument), ("scale", *scale)];
                let quantity = Quantity::ScaleScores.name();
                sink.add(quantity, area, &breakdown, date, Delta::Value(sum));
            }
        }
    }
    if *scoring == TCI_14
        && let Some(team) = &response.team
    {
        team_climate(stored, scoring, &scores, team.as_str(), sink);
    }
}

/// One member of a team, by the mean of all items. A member who left one out is not counted: the mean of the rest
/// would be of another questionnaire.
fn team_climate(
    stored: &StoredFact,
    scoring: &Scoring,
    scores: &BTreeMap<&str, u8>,
    team: &str,
    sink: &mut dyn Sink,
) {
    let items = scoring.items();
    let (Some(sum), Ok(n)) = (scoring.sum(scores, &items), i64::try_from(items.len())) else {
        return;
    };
    let member = Sums {
        // To the nearest hundredth, halves up.
        value: (i64::from(sum) * 100 + n / 2) / n,
        denominator: 1,
        n: 1,
    };
    sink.add(
        Quantity::TeamClimate.name(),
        stored.area.as_str().into(),
        &[("team", team)],
        local::date(stored.occurred_at),
        Delta::Sums(member),
    );
}

#[cfg(test)]
mod tests;
