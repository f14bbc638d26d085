//! The first step: a file, or pasted text.

use super::super::filling::Faults;
use super::super::visit::Visit;
use super::PATH;
use maud::{Markup, html};

/// What the ids of the fields begin with.
const FORM: &str = "table";

/// The page, with what was wrong with the file that was sent.
pub fn page(visit: &Visit, faults: &Faults) -> Markup {
    let wrong = (!faults.is_empty()).then_some("true");
    let body = html! {
        h1 { "Add data from a spreadsheet" }
        (faults.summary(FORM))
        p.lead { "Add a table with a row for each period, such as a month. You can check what we understood before anything is saved." }
        form.card.steps method="post" action=(visit.address.elsewhere(PATH)) enctype="multipart/form-data" {
            label { "Choose a CSV or XLSX file, up to 4 MiB" input #table-file type="file" name="file" accept=".csv,.tsv,.txt,.xlsx" aria-invalid=[wrong]; }
            label { "Or paste a table" textarea name="text" rows="8" spellcheck="false" {} }
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
