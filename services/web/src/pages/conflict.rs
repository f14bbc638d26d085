//! Somebody else was first: what stands now beside what was typed, and the choice between the two.

use super::layout::{self, Tab};
use super::record::Filled;
use super::visit::Visit;
use chrono::NaiveDate;
use joinedup_drawing::axis;
use maud::{Markup, html};

/// Fields that a person types, with the words for them. The others travel unseen.
const TYPED: [(&str, &str); 15] = [
    ("title", "Name"),
    ("aim", "Aim"),
    ("prediction", "Prediction"),
    ("led_by", "Led by"),
    ("measures", "Measure"),
    ("learnt", "Learnt"),
    ("compared", "Against the prediction"),
    ("decision", "Decision"),
    ("on", "Date"),
    ("target", "Target"),
    ("from", "From"),
    ("reason", "Why"),
    ("owner", "Owner"),
    ("by", "By"),
    ("text", "What was found"),
];

/// What was typed, a date as people write it.
fn shown(value: &str) -> String {
    let day = value.parse::<NaiveDate>();
    day.map_or_else(|_| value.to_owned(), axis::date)
}

/// The page of a conflict. Sending the form on it records what was typed on top of what it shows.
#[must_use]
pub fn page(visit: &Visit, filled: &Filled, version: u64, stands: &Markup) -> Markup {
    let form = &filled.form;
    let (back, action) = (form.back(), &filled.action);
    let typed = TYPED
        .iter()
        .filter_map(|(name, words)| Some((words, form.get(name)?)));
    let hidden = form
        .fields()
        .iter()
        .filter(|(name, _)| name != "version" && name != "key");
    let body = html! {
        h1 { "Somebody else was first" }
        p.lead { "Nothing of yours was recorded yet: since you opened the page, something else was recorded here." }
        div.columns {
            section.card #stands aria-labelledby="stands-name" { h2 #stands-name { "What stands now" } (stands) }
            section.card #typed aria-labelledby="typed-name" {
                h2 #typed-name { "What you typed" }
                dl { @for (words, value) in typed { dt { (words) } dd { (shown(value)) } } }
                form method="post" action=(action) {
                    @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
                    input type="hidden" name="version" value=(version);
                    input type="hidden" name="key" value=(uuid::Uuid::now_v7());
                    button type="submit" { "Record mine as well" }
                }
                p { a href=(back) { "Leave it as it stands" } }
            }
        }
    };
    let picker = layout::place_picker(visit);
    layout::page(
        visit,
        Tab::Measures,
        "Somebody else was first",
        &picker,
        &body,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_shown_as_people_write_them() {
        assert_eq!(shown("2026-11-30"), "30 Nov 2026");
        assert_eq!(shown("By 2026"), "By 2026");
    }
}
