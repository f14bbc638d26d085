//! The first step: a file, or pasted text.

use super::super::filling::{Faults, NOTHING_SAVED};
use super::super::visit::Visit;
use super::PATH;
use maud::{Markup, html};

/// What the ids of the fields begin with.
const FORM: &str = "table";

/// The page, with what was wrong with a field that was sent, and with what was pasted.
pub fn page(visit: &Visit, wrong: Option<(&str, &str)>, pasted: &str) -> Markup {
    let faults = wrong.map(|(field, why)| Faults::one(field, why));
    let is_wrong = |of: &str| wrong.filter(|(field, _)| *field == of).map(|_| "true");
    let note = match pasted {
        "" => NOTHING_SAVED,
        _ => "Nothing was saved yet. What you pasted is still in the form.",
    };
    let body = html! {
        h1 { "Add data from a spreadsheet" }
        @if let Some(faults) = faults { (faults.summary_with(FORM, note)) }
        p.lead { "Add a table with a row for each period, such as a month. You can check what we understood before anything is saved." }
        form.card.steps method="post" action=(visit.address.elsewhere(PATH)) enctype="multipart/form-data" {
            label { "Choose a CSV or XLSX file, up to 4 MiB" input #table-file type="file" name="file" accept=".csv,.tsv,.txt,.xlsx" aria-invalid=[is_wrong("file")]; }
            label { "Or paste a table" textarea #table-text name="text" rows="8" spellcheck="false" aria-invalid=[is_wrong("text")] { (pasted) } }
            button type="submit" { "Continue" }
        }
        h2 { "What the table needs" }
        ul {
            li { "a column with the date or period, such as " code { "2026-05" } ", " code { "May 2026" } " or " code { "31/05/2026" } }
            li { "a column with the place, or one place for all rows" }
            li { "one or more columns with numbers" }
        }
        p.note { "Do not add names, NHS numbers or other details of people. We keep the file in memory for 20 minutes and never store it: only the numbers that you choose are saved." }
    };
    super::page(visit, "Add data", &body)
}
