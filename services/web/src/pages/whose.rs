//! The choice of people: in whose words the logic model is read, or of whom alone numbers are shown.

use super::address::Address;
use super::layout::kept;
use super::visit::Visit;
use joinedup_views::catalogue::model::Population;
use maud::{Markup, html};

/// The parameter that chooses people.
const WORDS: &str = "population";
/// The one that chooses of whom numbers are shown, where words are chosen as well.
const NUMBERS: &str = "numbers";

/// A form that asks for whose words the logic model is shown in; nothing where it has words for one people only.
#[must_use]
pub fn in_words_for(visit: &Visit) -> Markup {
    let model = visit.app.definitions.catalogue.model();
    let Some(own) = model.population(&model.about().population) else {
        return html! {};
    };
    let others = model.populations().filter(|p| p.id != own.id);
    let note = chosen(visit).and_then(|people| people.note.as_ref());
    html! {
        (form(visit, (WORDS, "In words for"), &own.title, others))
        @if let Some(note) = note { p.note { (note) } }
    }
}

/// A form that asks for whom the numbers are shown: everybody, or the people of one population alone.
#[must_use]
pub fn numbers_of(visit: &Visit) -> Markup {
    let model = visit.app.definitions.catalogue.model();
    form(visit, (WORDS, "People"), "Everybody", model.populations())
}

/// Both: in whose words, and of whom.
#[must_use]
pub fn in_words_with_numbers_of(visit: &Visit) -> Markup {
    let model = visit.app.definitions.catalogue.model();
    html! {
        div.whose {
            div { (in_words_for(visit)) }
            div {
                (form(visit, (NUMBERS, "Numbers of"), "Everybody", model.populations()))
                @if counted(visit).is_some() { p.note { "Numbers that do not say which people they are of are left out." } }
            }
        }
    }
}

/// The people of whom alone numbers are shown beside a choice of words; none: everybody's are.
#[must_use]
pub fn counted(visit: &Visit) -> Option<&Population> {
    asked(visit, NUMBERS)
}

/// The chart behind a number of a page: of the people of whom the page shows numbers.
#[must_use]
pub fn chart_of(visit: &Visit, measure: &str) -> Address {
    let to = visit.address.elsewhere(format!("/measures/{measure}"));
    match counted(visit) {
        Some(people) => to.with(WORDS, &people.id),
        None => to,
    }
}

/// A choice of people; where nothing is chosen `usual` holds.
fn form<'a>(
    visit: &Visit,
    (name, label): (&str, &str),
    usual: &str,
    others: impl Iterator<Item = &'a Population>,
) -> Markup {
    let chosen = asked(visit, name).map_or("", |p| p.id.as_str());
    let id = format!("pick-{name}");
    let others: Vec<&Population> = others.collect();
    html! {
        @if !others.is_empty() {
            form.picker.people method="get" action=(visit.address.path()) {
                (kept(&visit.address, &[name, "node"]))
                label for=(id) { (label) }
                select id=(id) name=(name) {
                    option value="" { (usual) }
                    @for p in &others { option value=(p.id) selected[p.id == chosen] { (p.title) } }
                }
                button.quiet type="submit" { "Show" }
            }
        }
    }
}

/// The people that the address asks for; none: it asks for none.
#[must_use]
pub fn chosen(visit: &Visit) -> Option<&Population> {
    asked(visit, WORDS)
}

fn asked<'a>(visit: &'a Visit, name: &str) -> Option<&'a Population> {
    let asked = visit.address.get(name)?;
    visit.app.definitions.catalogue.model().population(asked)
}
