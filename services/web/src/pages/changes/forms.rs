//! The forms of a change: its plan, its start, what was learnt, and what was decided.

use super::super::address::Address;
use super::super::filling::{Field, Filling, Group, Kind};
use super::super::layout;
use super::super::record::{back_to, hidden};
use super::super::visit::Visit;
use super::{Known, path};
use joinedup_views::catalogue::FrameworkKind;
use joinedup_views::changes::Change;
use maud::{Markup, html};

/// How many measures a form asks for.
pub(super) const MAX_MEASURES: usize = 4;
/// How a study compares with the prediction, as the form asks.
pub(super) const COMPARED: [(&str, &str); 3] = [
    ("as-predicted", "As predicted"),
    ("in-part", "Some of it"),
    ("otherwise", "Something else happened"),
];
/// What can be decided, as the form asks.
pub(super) const DECISIONS: [(&str, &str); 3] = [
    ("adopt", "Adopt: keep the change"),
    ("adapt", "Adapt: change it and test again"),
    ("abandon", "Abandon: stop it"),
];

/// The card that plans a new change.
pub(super) fn new_plan(visit: &Visit, filling: &Filling) -> Markup {
    let filling = filling.of("plan");
    let asked = visit.address.get("plan").unwrap_or_default();
    let again = visit.address.get("again").unwrap_or_default();
    let before = super::known(visit, again).ok().flatten();
    let mut first = before.map(|known| known.change);
    // What was learnt belongs to the cycle before; the next one is predicted anew.
    if let Some(change) = &mut first {
        change.prediction = None;
    }
    let list = visit.address.elsewhere("/changes");
    html! {
        section.card #plan aria-labelledby="plan-name" {
            h2 #plan-name { "Plan a change" }
            form.steps method="post" action="/changes" {
                input type="hidden" name="back" value=(visit.address.clone().with("plan", if asked.is_empty() { "new" } else { asked }));
                input type="hidden" name="key" value=(uuid::Uuid::now_v7());
                div.field { (layout::own_place_field(visit, "plan-area", filling.value("area", visit.area.as_str()))) }
                (plan_fields(visit, &filling, first.as_ref(), asked))
                (filling.field(&Field {
                    name: "begun",
                    label: "Where does it stand?",
                    hint: "",
                    kind: Kind::OneOf(&[("", "It is a plan"), ("yes", "The test has begun on the date below")]),
                    value: "",
                    required: true,
                }))
                (date(visit, &filling, "Date"))
                div.actions { button type="submit" { "Save the plan" } " " a href=(list) { "Cancel" } }
            }
        }
    }
}

/// The form that corrects a plan.
pub(super) fn plan_again(visit: &Visit, known: &Known, filling: &Filling) -> Markup {
    let filling = filling.of("plan");
    let planned = known.change.planned.unwrap_or_else(|| visit.today());
    html! {
        details #form-plan open[filling.came_back()] { summary { "Edit the plan" }
            form method="post" action=(path(&known.id)) {
                (unseen(visit, known, &filling, "plan"))
                input type="hidden" name="on" value=(planned);
                (plan_fields(visit, &filling, Some(&known.change), ""))
                button type="submit" { "Save the plan" }
            }
        }
    }
}

fn plan_fields(visit: &Visit, filling: &Filling, change: Option<&Change>, asked: &str) -> Markup {
    let definitions = &visit.app.definitions;
    let title_of = |id: &str| {
        definitions
            .measures
            .get(id)
            .map_or("", |m| m.title.as_str())
    };
    let stands = |of: fn(&Change) -> Option<&str>| change.and_then(of).unwrap_or_default();
    let mut measures: Vec<&str> = match change {
        Some(change) => change
            .measures
            .iter()
            .map(|m| title_of(m.as_str()))
            .collect(),
        None => vec![title_of(asked)],
    };
    measures.resize(MAX_MEASURES.max(measures.len()), "");
    let text = |name, label, hint, value, kind, required| {
        filling.field(&Field {
            name,
            label,
            hint,
            kind,
            value,
            required,
        })
    };
    let concept = stands(|c| c.concept.as_ref().map(joinedup_events::Slug::as_str));
    let concepts = definitions.catalogue.frameworks();
    let concepts = concepts.filter(|f| f.kind == FrameworkKind::Tags).map(|f| {
        let items = f.items.iter().map(|i| (i.id.clone(), i.title.clone()));
        (f.title.clone(), items.collect())
    });
    let none = (String::new(), vec![(String::new(), "None".to_owned())]);
    let concepts: Vec<Group> = std::iter::once(none).chain(concepts).collect();
    html! {
        (text("title", "Name", "Short, as it should stand on charts", stands(|c| c.title.as_deref()), Kind::Line, true))
        (text("aim", "Aim", "What are we trying to accomplish?", stands(|c| c.aim.as_deref()), Kind::Text, false))
        (text("prediction", "Prediction", "What do you expect to see on the charts, and by when?", stands(|c| c.prediction.as_deref()), Kind::Text, false))
        (text("led_by", "Led by", "A role, such as discharge lead; never a person's name", stands(|c| c.led_by.as_deref()), Kind::Line, false))
        datalist #measure-names { @for m in definitions.measures.iter() { option value=(m.title) {} } }
        fieldset.choice {
            legend { "Measures that it should move" }
            span.hint { "Type part of a name and choose from the list. The first is the one shown with the change." }
            div.measures-of { @for (i, title) in measures.iter().enumerate() {
                (filling.plain(&format!("measures-{i}"), &format!("Measure {}", i + 1), Kind::Proposed("measure-names"), title, i == 0))
            } }
        }
        (text("concept", "Change concept", "", concept, Kind::Menu(&concepts), false))
        @for item in change.iter().flat_map(|c| &c.items) { input type="hidden" name="items" value=(item); }
    }
}

fn date(visit: &Visit, filling: &Filling, label: &str) -> Markup {
    let today = visit.today();
    filling.plain("on", label, Kind::Date(today), &today.to_string(), true)
}

/// A step with a date and nothing else.
pub(super) fn dated(
    visit: &Visit,
    known: &Known,
    filling: &Filling,
    step: &'static str,
    label: &str,
    button: &str,
) -> Markup {
    let filling = filling.of(step);
    html! {
        form.row-form method="post" action=(path(&known.id)) {
            (unseen(visit, known, &filling, step))
            (date(visit, &filling, label))
            button.quiet[step == "pause"] type="submit" { (button) }
        }
    }
}

/// What was learnt, held against the prediction.
pub(super) fn study(visit: &Visit, known: &Known, filling: &Filling) -> Markup {
    let filling = filling.of("study");
    html! {
        details #form-study open[filling.came_back()] { summary { "Record what you have learnt" }
            form method="post" action=(path(&known.id)) {
                (unseen(visit, known, &filling, "study"))
                (filling.field(&Field { name: "learnt", label: "What have you learnt?", hint: "About the change, never about a person", kind: Kind::Text, value: "", required: true }))
                @if known.change.prediction.is_some() {
                    (filling.plain("compared", "How does it compare with the prediction?", Kind::OneOf(&COMPARED), "", false))
                }
                (date(visit, &filling, "Date"))
                button type="submit" { "Save" }
            }
        }
    }
}

/// The decision that ends the test.
pub(super) fn finish(visit: &Visit, known: &Known, filling: &Filling) -> Markup {
    let filling = filling.of("finish");
    html! {
        details #form-finish open[filling.came_back()] { summary { "Decide: adopt, adapt or abandon" }
            form method="post" action=(path(&known.id)) {
                (unseen(visit, known, &filling, "finish"))
                (filling.plain("decision", "Decision", Kind::OneOf(&DECISIONS), "", true))
                (filling.plain("learnt", "What was learnt?", Kind::Text, "", false))
                (date(visit, &filling, "Last day of the test"))
                button type="submit" { "Save the decision" }
            }
        }
    }
}

/// Takes the last step back.
pub(super) fn undo(visit: &Visit, known: &Known) -> Markup {
    html! {
        form.inline method="post" action=(path(&known.id)) {
            (unseen(visit, known, &Filling::default(), "undo"))
            button.quiet type="submit" { "Undo" }
        }
    }
}

/// What a form carries unseen, with its step.
fn unseen(visit: &Visit, known: &Known, filling: &Filling, step: &str) -> Markup {
    let own = Address::new(path(&known.id));
    let kept = visit
        .address
        .pairs()
        .iter()
        .filter(|(name, _)| name != "area");
    let own = kept.fold(own, |own, (name, value)| own.with(name, value));
    html! {
        input type="hidden" name="do" value=(step);
        (hidden(&back_to(&own, ""), &known.change.area, filling.version(known.version)))
    }
}
