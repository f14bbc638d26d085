//! What was typed into a sheet that was not recorded as a whole: it stays on the page, with the reason at each field.

use super::super::filling;
use axum::http::StatusCode;
use joinedup_application::execute::ExecuteError;
use maud::Markup;

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
    /// What was refused.
    pub refused: Vec<Refused>,
    /// How many entries were recorded all the same.
    pub saved: usize,
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

    /// What is in the way of it: each refusal leads to its field. The sentence says what was saved all the same.
    pub fn problem(&self, saved: &str) -> Markup {
        let faults = self.refused.iter().map(|refusal| {
            let sentence = format!("{}: {}", refusal.at, refusal.why);
            (Some(refusal.field.clone()), sentence)
        });
        filling::problem("refused", saved, faults)
    }
}

/// Why one entry of several was not recorded.
#[derive(Clone, Debug)]
pub struct Not {
    /// Why, as a sentence.
    pub why: String,
    /// Somebody else was first.
    pub is_conflict: bool,
}

impl From<ExecuteError> for Not {
    fn from(error: ExecuteError) -> Self {
        let is_conflict = matches!(error, ExecuteError::Conflict { .. });
        let why = match error {
            ExecuteError::Refused(refusal) => sentence(refusal.field(), &refusal.to_string()),
            ExecuteError::NotAdmitted(refusals) => {
                let all = refusals.0.iter().map(|r| sentence(&r.pointer, &r.rule));
                all.collect::<Vec<_>>().join(". ")
            }
            ExecuteError::Conflict { .. } => "Somebody else recorded something here since you opened the page. Compare with what stands now, and save again if you still mean it".to_owned(),
            other => other.to_string(),
        };
        Self { why, is_conflict }
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
