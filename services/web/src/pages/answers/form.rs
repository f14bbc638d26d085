//! The form for one questionnaire: when, how and by whom, then a row for each question.

use super::super::sheet::ballot::{self, Ballot};
use super::super::sheet::typed::Typed;
use super::super::visit::Visit;
use super::super::words;
use super::{DONE, asks_a_team, questions};
use joinedup_events::experience::{Mode, Respondent};
use joinedup_views::catalogue::{Framework, Scale};

use maud::{Markup, html};

/// The name of a question's field.
pub(super) fn name(item: &str) -> String {
    format!("a|{item}")
}

/// The id of a question's field on the page.
pub(super) fn id(row: usize) -> String {
    format!("a-0-{row}")
}

/// A field beside the questions: as it was typed, else as the last questionnaire had it.
fn before<'a>(visit: &'a Visit, typed: &'a Typed, name: &str) -> Option<&'a str> {
    if typed.fields.is_empty() {
        visit.address.get(name)
    } else {
        typed.get(name)
    }
}

/// The form.
pub(super) fn form(visit: &Visit, framework: &Framework, scale: &Scale, typed: &Typed) -> Markup {
    let before = |name: &str| before(visit, typed, name);
    let today = visit.today().to_string();
    let action = visit.address.clone().without(&DONE);
    let saved = visit.address.get("saved").unwrap_or("0");
    // A team's questionnaire is answered by those who work in it.
    let by_team = asks_a_team(&framework.id);
    let invalid = |field: &str| typed.why(field).map(|_| "true");
    html! {
        form.answers method="post" action=(action) {
            input type="hidden" name="key" value=(uuid::Uuid::now_v7());
            input type="hidden" name="saved" value=(saved);
            div.about #form tabindex="-1" {
                label for="on" { "Answered on" input #on type="date" name="on" required max=(today) value=(before("on").unwrap_or(&today)) aria-invalid=[invalid("on")]; }
                label for="mode" { "How" select #mode name="mode" { @for mode in Mode::ALL { option value=(mode.code()) selected[before("mode").unwrap_or("paper") == mode.code()] { (words::sentence(mode.code())) } } } }
                @if by_team { input type="hidden" name="respondent" value=(Respondent::Staff.code()); }
                @else { label for="respondent" { "Who answered" select #respondent name="respondent" { @for who in Respondent::ALL { option value=(who.code()) selected[before("respondent") == Some(who.code())] { (respondent(*who)) } } } } }
                label for="team" { "Team (a code)" @if !by_team { ", where results are by team" } input #team type="text" name="team" size="12" maxlength="40" value=[before("team")] aria-invalid=[invalid("team")]; }
                @if !by_team { label.tick for="with-carer" { input #with-carer type="checkbox" name="with-carer" value="yes" checked[typed.get("with-carer").is_some()]; "A carer helped to answer" } }
            }
            @for field in ["on", "team", "form"] { @if let Some(why) = typed.why(field) { p.why id=(format!("{field}-why")) { (why) } } }
            (ballot::legend(scale, false, Some("not applicable")))
            @for (row, item) in questions(framework).into_iter().enumerate() {
                @let (id, name) = (id(row), name(&item.id));
                div.question {
                    p { (item.title) }
                    (ballot::field(&Ballot {
                        id: &id, name: &name, legend: &item.title, scale, chosen: typed.get(&name), none: Some("not applicable"),
                        coloured: false, why: typed.why(&id), closed: false, first: row == 0 && typed.refused.is_empty(),
                    }))
                }
            }
            div.save { button #save type="submit" { "Save, and the next one" } }
        }
    }
}

const fn respondent(who: Respondent) -> &'static str {
    match who {
        Respondent::Person => "The person who has the care",
        Respondent::Carer => "A carer, for themselves",
        Respondent::Staff => "A member of staff",
    }
}
