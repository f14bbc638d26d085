//! The choice of people: in whose words the logic model is read, or of whom alone numbers are shown.

use super::layout::kept;
use super::visit::Visit;
use joinedup_views::catalogue::model::Population;
use maud::{Markup, html};

/// A form that asks for whose words the logic model is shown in; nothing where it has words for one people only.
#[must_use]
pub fn in_words_for(visit: &Visit) -> Markup {
    let model = visit.app.definitions.catalogue.model();
    let Some(own) = model.population(&model.about().population) else {
        return html! {};
    };
    let others = model.populations().filter(|p| p.id != own.id);
    form(visit, "In words for", &own.title, others)
}

/// A form that asks for whom the numbers are shown: everybody, or the people of one population alone.
#[must_use]
pub fn numbers_of(visit: &Visit) -> Markup {
    let model = visit.app.definitions.catalogue.model();
    form(visit, "People", "Everybody", model.populations())
}

/// A choice of people; where nothing is chosen `usual` holds.
fn form<'a>(
    visit: &Visit,
    label: &str,
    usual: &str,
    others: impl Iterator<Item = &'a Population>,
) -> Markup {
    let chosen = chosen(visit).map_or("", |p| p.id.as_str());
    let others: Vec<&Population> = others.collect();
    let note = others.iter().find(|p| p.id == chosen);
    html! {
        @if !others.is_empty() {
            form.picker.people method="get" action=(visit.address.path()) {
                (kept(&visit.address, &["population", "node"]))
                label for="pick-people" { (label) }
                select #pick-people name="population" {
                    option value="" { (usual) }
                    @for p in &others { option value=(p.id) selected[p.id == chosen] { (p.title) } }
                }
                button.quiet type="submit" { "Show" }
                @if let Some(note) = note.and_then(|p| p.note.as_ref()) { span.small { (note) } }
            }
        }
    }
}

/// The people that the address asks for; none: it asks for none.
#[must_use]
pub fn chosen(visit: &Visit) -> Option<&Population> {
    let asked = visit.address.get("population")?;
    visit.app.definitions.catalogue.model().population(asked)
}
