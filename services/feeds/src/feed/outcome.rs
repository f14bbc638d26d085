//! The answer to who sent resources: an OperationOutcome that names what was not taken by its path, and never by its value.

use super::report::FileReport;
use serde_json::{Value, json};

/// The media type of the answer.
pub const MEDIA_TYPE: &str = "application/fhir+json";

/// So many issues are listed one by one; the others are counted.
const MAX_ISSUES: usize = 100;

/// An OperationOutcome of a report; `refused` says why nothing was taken.
#[must_use]
pub fn of(report: &FileReport, refused: Option<&str>) -> Value {
    let mut issues = Vec::new();
    if let Some(why) = refused {
        issues.push(json!({ "severity": "error", "code": "invalid", "diagnostics": why }));
    }
    issues.extend(report.bad.iter().take(MAX_ISSUES).map(|bad| {
        json!({
            "severity": "warning",
            "code": "incomplete",
            "diagnostics": format!("{} {}", bad.column, bad.sentence).trim(),
            "expression": [bad.column],
        })
    }));
    let more = report.rejects - issues_of(report);
    if more > 0 {
        let text = format!("and {more} more");
        issues.push(json!({ "severity": "warning", "code": "incomplete", "diagnostics": text }));
    }
    if refused.is_none() {
        let text = format!(
            "{} resources read, {} facts stored, {} known already{}",
            report.rows, report.facts, report.repeats, report.contradicting
        );
        let issue =
            json!({ "severity": "information", "code": "informational", "diagnostics": text });
        issues.push(issue);
    }
    json!({ "resourceType": "OperationOutcome", "issue": issues })
}

fn issues_of(report: &FileReport) -> u64 {
    report.bad.len().min(MAX_ISSUES) as u64
}
