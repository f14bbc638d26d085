//! What to believe among all charts of the home area and of everything within it: one list for pages, API, scrapes and
//! alerts.

use crate::app::App;
use crate::places::{Places, with_data};
use joinedup_views::ask::{Basis, CellsOf, Discoveries, Question, ask};
use joinedup_views::suppression::Audience;
use std::time::Duration;

/// How long a list is given although the view has moved: verdicts are about whole periods, so one more event seldom
/// changes one.
const TOLERATED: Duration = Duration::from_secs(5);

/// What to believe among all charts that an audience may see; none where this process has no views.
#[must_use]
pub fn discoveries(app: &App, audience: Audience) -> Option<Discoveries> {
    let views = app.views.as_ref()?;
    let make = {
        let app = app.clone();
        move || make(&app, audience)
    };
    let memo = &app.memos.discoveries;
    Some(*memo.get_soon(audience, views, TOLERATED, make))
}

fn make(app: &App, audience: Audience) -> Discoveries {
    let mut p_values = Vec::new();
    if let (Some(views), Some(home)) = (&app.views, app.home_area()) {
        let definitions = app.definitions.for_asking();
        let edition = app.edition(audience);
        let charts = views.read(|view| {
            let cells = CellsOf::view(view, edition.as_deref());
            let places = Places::of(&app.definitions, &home, cells, audience);
            with_data(&definitions, &places.all, cells)
        });
        for (measure, areas) in charts {
            // A measure at a time, so that folding need not wait for all of them.
            let question = Question::new(measure.id.as_str(), &areas, audience, app.now());
            let edition = app.edition(audience);
            let answers = views.read(|view| {
                let basis = Basis::of(view, definitions.expectations, edition, [measure]);
                ask(&basis, &definitions, &question)
            });
            // Every measure allows its own period, and the places are of the register.
            p_values.extend(answers.unwrap_or_default().iter().map(Discoveries::p_value));
        }
    }
    Discoveries::among(&p_values)
}
