//! What was typed into a sheet that was not recorded as a whole: it stays on the page, with the reason at each field.

use super::super::{filling, words};
use axum::http::StatusCode;
use joinedup_application::execute::ExecuteError;
use maud::Markup;
use std::collections::BTreeSet;

/// Why something of a form was not recorded.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The id of its field on the page.
    pub field: String,
    /// Where that is, in words.
    pub at: String,
    /// Why, as a sentence.
    pub why: String,
}

/// A form as it came back.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Its fields.
    pub fields: Vec<(String, String)>,
    /// What was not recorded.
    pub refused: Vec<Refused>,
    /// What is recorded and waits for a second person to publish it: the ids of the fields.
    pub second: Vec<String>,
    /// What is recorded, and whose publication was refused for another reason.
    pub unpublished: Vec<Refused>,
    /// How many entries were recorded all the same.
    pub saved: usize,
    /// How many ratings were published.
    pub published: usize,
}

impl Typed {
    /// What was typed into a field; none when the page is new.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        fields.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Why a field was refused.
    pub fn why(&self, field: &str) -> Option<&str> {
        let mut refused = self.refused.iter();
        refused.find(|r| r.field == field).map(|r| r.why.as_str())
    }

    /// What is in the way of it: each refusal leads to its field, and a reason of several is said once. The sentence says what
    /// was saved all the same.
    pub fn problem(&self, saved: &str) -> Markup {
        let faults = listed(self.refused.iter()).into_iter();
        let faults = faults.map(|(field, sentence)| (Some(field), sentence));
        filling::problem("refused", saved, faults)
    }

    /// Nothing of the form was refused.
    pub fn is_whole(&self) -> bool {
        self.refused.is_empty() && self.second.is_empty() && self.unpublished.is_empty()
    }

    /// What is recorded and was not published: each sentence with the field it leads to. What waits for a second person does
    /// so for one reason, and is counted.
    pub fn waiting(&self) -> Vec<(String, String)> {
        let count = words::counted(self.second.len(), "rating waits", "ratings wait");
        let them = if self.second.len() == 1 { "it" } else { "them" };
        let wait = self.second.first().map(|first| {
            let why = format!("you proposed or last changed {them} yourself");
            let sentence = format!("{count} for a second person to publish {them}: {why}");
            (first.clone(), sentence)
        });
        wait.into_iter()
            .chain(listed(self.unpublished.iter()))
            .collect()
    }
}

/// Refusals as sentences, each with the field it leads to; a reason of several is said once.
fn listed<'a>(refused: impl Iterator<Item = &'a Refused>) -> Vec<(String, String)> {
    let mut listed = BTreeSet::new();
    let sentences = refused.map(|refusal| {
        let why = if listed.insert(refusal.why.as_str()) {
            refusal.why.as_str()
        } else {
            "for the same reason"
        };
        (refusal.field.clone(), format!("{}: {why}", refusal.at))
    });
    sentences.collect()
}

/// Why one entry of several was not recorded.
#[derive(Clone, Debug)]
pub struct Not {
    /// Why, as a sentence.
    pub why: String,
    /// What kind of reason that is.
    pub kind: Kind,
}

/// The kinds of reasons that a page treats in ways of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody else was first.
    Conflict,
    /// A second person has to agree.
    SecondPerson,
    /// Something of it is not as it should be.
    Refusal,
}

impl From<ExecuteError> for Not {
    fn from(error: ExecuteError) -> Self {
        let kind = match error {
            ExecuteError::Conflict { .. } => Kind::Conflict,
            ExecuteError::SamePerson => Kind::SecondPerson,
            _ => Kind::Refusal,
        };
        let why = match error {
            ExecuteError::Refused(refusal) => sentence(refusal.field(), &refusal.to_string()),
            ExecuteError::NotAdmitted(refusals) => {
                let all = refusals.0.iter().map(|r| sentence(&r.pointer, &r.rule));
                all.collect::<Vec<_>>().join(". ")
            }
            ExecuteError::Conflict { .. } => "Somebody else recorded something here since you opened the page. Compare with what stands now, and save again if you still mean it".to_owned(),
            ExecuteError::SamePerson => words::SAME_PERSON.to_owned(),
            other => other.to_string(),
        };
        Self { why, kind }
    }
}

/// The status of a page that comes back: what was recorded stays, so then it is not a failure.
pub fn status(recorded: &[u64], is_conflict: bool) -> StatusCode {
    match (recorded, is_conflict) {
        ([_, ..], _) => StatusCode::OK,
        ([], true) => StatusCode::CONFLICT,
        ([], false) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// A rule after the name of its field, as a sentence.
fn sentence(field: &str, rule: &str) -> String {
    let field = match field {
        "/level" => "The level",
        "/by" => "The date",
        "/on" => "The day",
        "/note" => "What is written",
        "/round" => "The round",
        _ => "This entry",
    };
    format!("{field} {rule}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_second_person_is_counted_and_all_else_is_listed() {
        let late = Refused {
            field: "c".to_owned(),
            at: "c".to_owned(),
            why: "Late".to_owned(),
        };
        let sentences = |second: &[&str], unpublished: Vec<Refused>| -> Vec<String> {
            let typed = Typed {
                second: second.iter().map(ToString::to_string).collect(),
                unpublished,
                ..Typed::default()
            };
            let waiting = typed.waiting().into_iter();
            waiting.map(|(_, sentence)| sentence).collect()
        };
        assert_eq!(
            sentences(&["a", "b"], vec![late]),
            [
                "2 ratings wait for a second person to publish them: you proposed or last changed them yourself",
                "c: Late"
            ]
        );
        assert_eq!(
            sentences(&["a"], Vec::new()),
            [
                "1 rating waits for a second person to publish it: you proposed or last changed it yourself"
            ]
        );
        assert_eq!(sentences(&[], Vec::new()), [] as [String; 0]);
    }
}
