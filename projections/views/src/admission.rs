//! Whether what somebody reports fits the catalogue: ratings, scores, items and instruments by its frameworks, parts of a
//! whole by the measures. Asked at the door; the fold stays tolerant, because the log may hold anything.

use crate::catalogue::{Catalogue, Framework, FrameworkKind};
use crate::checklists::point_of;
use crate::contributions::experience::TCI_14;
use crate::decide::Refusal;
use crate::measure::Source;
use crate::measures::Measures;
use joinedup_events::assessment::AssessmentFact;
use joinedup_events::experience::{Answered, ExperienceFact};
use joinedup_events::observation::{ObservationFact, Observed};
use joinedup_events::{Fact, Slug};

/// A field that does not fit, and why, to be read after its name. The value is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactProblem {
    /// The field within the fact: `answers/2/score`.
    pub field: String,
    /// What it must be.
    pub rule: String,
}

impl FactProblem {
    fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            rule: rule.into(),
        }
    }
}

impl Catalogue {
    /// Everything that does not fit the scales and parts that a fact is reported by.
    #[must_use]
    pub fn problems(&self, measures: &Measures, fact: &Fact) -> Vec<FactProblem> {
        let mut problems = self.parts_that_do_not_fit(measures, fact);
        problems.extend(self.unknown_population(fact));
        problems
    }

    /// A misspelt population would pass no filter, and its people would be missing from a chart of their own.
    fn unknown_population(&self, fact: &Fact) -> Option<FactProblem> {
        let stated = fact.population()?;
        let model = self.model();
        model.population(stated.as_str()).is_none().then(|| {
            let known: Vec<&str> = model.populations().map(|p| p.id.as_str()).collect();
            let rule = format!(
                "must be a population of the catalogue: {}; a local file of the model adds others",
                known.join(", ")
            );
            FactProblem::new("population", rule)
        })
    }

    fn parts_that_do_not_fit(&self, measures: &Measures, fact: &Fact) -> Vec<FactProblem> {
        match fact {
            Fact::Experience(ExperienceFact::Answered(response)) => self.answered(response),
            Fact::Experience(ExperienceFact::Invited(batch)) => self
                .instrument(batch.instrument.as_str())
                .err()
                .into_iter()
                .collect(),
            Fact::Experience(ExperienceFact::CommentCoded(comment)) => self
                .instrument(comment.instrument.as_str())
                .err()
                .into_iter()
                .collect(),
            Fact::Assessment(rated) => self.rated(rated).into_iter().collect(),
            Fact::Observation(ObservationFact::Observed(observed)) => {
                part_of_whole(measures, observed).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether areas can be rated by an item of a framework, and at this level.
    ///
    /// # Errors
    /// What is in the way.
    pub fn check_rating(
        &self,
        framework: &Slug,
        item: &Slug,
        level: Option<u8>,
    ) -> Result<(), Refusal> {
        let framework = self.framework(framework.as_str());
        let framework = framework.ok_or(Refusal::UnknownFramework)?;
        if framework.kind != FrameworkKind::Rating {
            return Err(Refusal::NotForRating);
        }
        if framework.item(item.as_str()).is_none() {
            return Err(Refusal::UnknownItem);
        }
        match (&framework.scale, level) {
            (Some(scale), Some(level)) if !scale.holds(level) => Err(Refusal::OffTheScale {
                lowest: scale.lowest,
                highest: scale.highest,
            }),
            _ => Ok(()),
        }
    }

    /// Checks that an item has a point on its checklist.
    ///
    /// # Errors
    /// What is in the way.
    pub fn check_point(&self, framework: &Slug, item: &Slug, point: &Slug) -> Result<(), Refusal> {
        self.check_item(framework, item)?;
        let mut points = self.checklist(framework.as_str(), item.as_str()).iter();
        if points.any(|words| point_of(words).as_ref() == Some(point)) {
            return Ok(());
        }
        Err(Refusal::UnknownPoint)
    }

    /// Checks that a framework holds findings, and has such a pathway and nodes.
    ///
    /// # Errors
    /// What is in the way.
    pub fn check_finding(
        &self,
        framework: &Slug,
        item: &Slug,
        nodes: &[Slug],
    ) -> Result<(), Refusal> {
        self.check_item(framework, item)?;
        let known = self.framework(framework.as_str());
        if known.is_none_or(|f| f.kind != FrameworkKind::Findings) {
            return Err(Refusal::NotForFindings);
        }
        match nodes.iter().position(|n| self.node(n.as_str()).is_none()) {
            Some(at) => Err(Refusal::UnknownNode(format!("/nodes/{at}"))),
            None => Ok(()),
        }
    }

    /// Checks that a framework has an item.
    ///
    /// # Errors
    /// What is in the way.
    pub fn check_item(&self, framework: &Slug, item: &Slug) -> Result<(), Refusal> {
        if self.framework(framework.as_str()).is_none() {
            return Err(Refusal::UnknownFramework);
        }
        if self.has_item(framework.as_str(), item.as_str()) {
            Ok(())
        } else {
            Err(Refusal::UnknownItem)
        }
    }

    fn rated(&self, fact: &AssessmentFact) -> Option<FactProblem> {
        let (framework, item) = fact.item()?;
        let beside = match fact {
            AssessmentFact::Ticked(f) => Some(self.check_point(framework, item, &f.point)),
            AssessmentFact::Found(f) => Some(self.check_finding(framework, item, &f.nodes)),
            _ => None,
        };
        if let Some(checked) = beside {
            let refusal = checked.err()?;
            let field = refusal.field().trim_start_matches('/');
            return Some(FactProblem::new(field, refusal.to_string()));
        }
        let (field, level) = match fact {
            AssessmentFact::Moderated(moderated) => ("to", moderated.to),
            AssessmentFact::Proposed(proposed) => ("level", proposed.level),
            AssessmentFact::AmbitionSet(ambition) => ("level", Some(ambition.level)),
            _ => ("level", None),
        };
        let refusal = self.check_rating(framework, item, level).err()?;
        let field = match &refusal {
            Refusal::OffTheScale { .. } => field,
            other => other.field().trim_start_matches('/'),
        };
        Some(FactProblem::new(field, refusal.to_string()))
    }

    fn instrument(&self, id: &str) -> Result<&Framework, FactProblem> {
        let is_instrument = |f: &&Framework| f.kind == FrameworkKind::Instrument;
        self.framework(id).filter(is_instrument).ok_or_else(|| {
            let known: Vec<&str> = self
                .frameworks()
                .filter(is_instrument)
                .map(|f| f.id.as_str())
                .collect();
            FactProblem::new(
                "instrument",
                format!(
                    "must be an instrument of the catalogue: {}",
                    known.join(", ")
                ),
            )
        })
    }

    fn answered(&self, response: &Answered) -> Vec<FactProblem> {
        let instrument = match self.instrument(response.instrument.as_str()) {
            Ok(instrument) => instrument,
            Err(problem) => return vec![problem],
        };
        let mut problems = Vec::new();
        for (at, answer) in response.answers.iter().enumerate() {
            if instrument.item(answer.item.as_str()).is_none() {
                let items: Vec<&str> = instrument.items.iter().map(|i| i.id.as_str()).collect();
                problems.push(FactProblem::new(
                    format!("answers/{at}/item"),
                    format!("must be an item of {}: {}", instrument.id, items.join(", ")),
                ));
            }
            if let (Some(score), Some(scale)) = (answer.score, &instrument.scale)
                && !scale.holds(score)
            {
                problems.push(FactProblem::new(
                    format!("answers/{at}/score"),
                    format!(
                        "must be from {} to {}, the scale of {}",
                        scale.lowest, scale.highest, instrument.id
                    ),
                ));
            }
        }
        if instrument.id == TCI_14.instrument && response.team.is_none() {
            let rule = format!("must be given: {} is reported by team", instrument.id);
            problems.push(FactProblem::new("team", rule));
        }
        problems
    }
}

/// A numerator that is more than the whole that it is a part of.
fn part_of_whole(measures: &Measures, observed: &Observed) -> Option<FactProblem> {
    let series = Source::Observed(observed.series.as_str());
    let measure = measures
        .iter()
        .find(|m| m.part_of_whole && m.source() == Some(series))?;
    let whole = observed.denominator?;
    observed.value.is_some_and(|part| part > whole).then(|| {
        let rule = format!(
            "must not be more than `denominator`, of which it is a part ({})",
            measure.id
        );
        FactProblem::new("value", rule)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_events::referral::ReferralFact;
    use serde_json::{Value, json};

    fn problems(family: &str, name: &str, data: Value) -> Vec<(String, String)> {
        let data = data.to_string();
        let fact = match family {
            "experience" => Fact::Experience(ExperienceFact::decode(name, &data).unwrap().unwrap()),
            "assessment" => Fact::Assessment(AssessmentFact::decode(name, &data).unwrap().unwrap()),
            "referral" => Fact::Referral(ReferralFact::decode(name, &data).unwrap().unwrap()),
            _ => Fact::Observation(ObservationFact::decode(name, &data).unwrap().unwrap()),
        };
        let measures = Measures::built_in(|_| true).unwrap();
        let found = Catalogue::built_in().unwrap().problems(&measures, &fact);
        found.into_iter().map(|p| (p.field, p.rule)).collect()
    }

    fn answered(
        instrument: &str,
        item: &str,
        score: u8,
        team: Option<&str>,
    ) -> Vec<(String, String)> {
        let answers = json!([{ "item": item, "score": score }]);
        let data = json!({ "instrument": instrument, "answers": answers, "mode": "paper", "respondent": "person", "team": team });
        problems("experience", "answered", data)
    }

    #[test]
    fn people_that_the_catalogue_does_not_know_are_refused_with_those_it_knows() {
        let received = |population: &str| {
            let data = json!({ "service": "mdt", "priority": "routine", "trigger": "crisis", "population": population });
            problems("referral", "received", data)
        };
        assert_eq!(received("mental-health"), []);
        let (field, rule) = received("mental-helth").remove(0);
        assert_eq!(field, "population");
        assert!(
            rule.contains("older-people") && !rule.contains("helth"),
            "{rule}"
        );
    }

    #[test]
    fn a_score_outside_the_scale_is_refused_with_the_scale() {
        for (instrument, item, good, bad, scale) in [
            (
                "p3c-eq",
                "goals-discussed",
                3,
                9,
                "from 0 to 3, the scale of p3c-eq",
            ),
            ("i-statements", "pe-carers-supported", 1, 10, "from 1 to 5"),
            ("i-statements", "pe-carers-supported", 5, 0, "from 1 to 5"),
        ] {
            assert_eq!(answered(instrument, item, good, None), []);
            let refused = answered(instrument, item, bad, None);
            assert_eq!(refused[0].0, "answers/0/score");
            assert!(refused[0].1.contains(scale), "{refused:?}");
        }
    }

    #[test]
    fn ratings_of_unknown_frameworks_and_items_and_levels_off_the_scale_are_refused() {
        let rated = |framework: &str, item: &str, level: u8| {
            let data =
                json!({ "framework": framework, "item": item, "round": "2026", "level": level });
            problems("assessment", "proposed", data)
        };
        assert_eq!(rated("scie", "co-holistic-support", 3), []);
        for (framework, item, level, field, rule) in [
            (
                "smiley",
                "co-holistic-support",
                3,
                "framework",
                "GET /api/v1/frameworks",
            ),
            ("p3c-eq", "care-joined-up", 3, "framework", "not rated"),
            ("scie", "co-nonsense", 3, "item", "an item of the framework"),
            ("scie", "co-holistic-support", 9, "level", "between 1 and 5"),
        ] {
            let refused = rated(framework, item, level);
            assert_eq!(refused[0].0, field);
            assert!(refused[0].1.contains(rule), "{refused:?}");
        }
        let moderated = json!({ "framework": "scie", "item": "co-holistic-support", "round": "2026", "from": 3, "to": 6 });
        assert_eq!(problems("assessment", "moderated", moderated)[0].0, "to");
    }

    #[test]
    fn unknown_instruments_and_items_are_refused_with_those_there_are() {
        let unknown = answered("smiley", "face", 1, None);
        assert!(
            unknown[0].0 == "instrument" && unknown[0].1.contains("p3c-eq"),
            "{unknown:?}"
        );
        let unknown = answered("p3c-eq", "face", 1, None);
        assert!(unknown[0].0 == "answers/0/item" && unknown[0].1.contains("care-joined-up"));
        let invited = problems(
            "experience",
            "invited",
            json!({ "instrument": "scie", "count": 4 }),
        );
        assert_eq!(
            invited[0].0, "instrument",
            "a framework that nobody answers"
        );
    }

    #[test]
    fn a_team_answer_needs_its_team() {
        assert_eq!(answered("tci-14", "in-it-together", 4, Some("team-1")), []);
        assert_eq!(answered("tci-14", "in-it-together", 4, None)[0].0, "team");
    }

    #[test]
    fn more_than_all_is_refused_where_the_number_is_a_part() {
        let observed = |series: &str, value: u32| {
            let data = json!({ "series": series, "period_start": "2026-10-01", "grain": "month", "value": value, "denominator": 100 });
            problems("observation", "observed", data)
        };
        assert_eq!(observed("ae-within-4h", 150)[0].0, "value");
        assert_eq!(observed("ae-within-4h", 100), []);
        // More patients than beds is possible, and a local series may be anything.
        assert_eq!(observed("beds-occupied", 116), []);
        assert_eq!(observed("occ", 116), []);
    }
}
