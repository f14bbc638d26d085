//! `POST /frameworks/{id}/answers/table`: many questionnaires pasted from a spreadsheet, one a row: all of them are taken
//! or, where one is refused, none.

use super::super::filling::Filling;
use super::super::pasted::{Pasted, all_or_none, day, refused, refused_whole};
use super::super::record::Form;
use super::super::sheet::typed::{Refused, Typed};
use super::super::visit::Visit;
use super::form::name;
use super::sent::{event, publish, saved};
use super::{answered_by, asks_a_team, page, questions};
use crate::door::problem::Problem;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use joinedup_events::Event;
use joinedup_events::experience::{Mode, Respondent};
use joinedup_views::catalogue::{Framework, Scale};
use maud::{Markup, html};

/// The most questionnaires of one table.
const MAX_ROWS: usize = 1_000;

/// The form for a table.
pub(super) fn form(visit: &Visit, framework: &Framework, typed: &Typed) -> Markup {
    let action = visit
        .address
        .elsewhere(format!("/frameworks/{}/answers/table", framework.id));
    let first = questions(framework)
        .first()
        .map_or("", |item| item.id.as_str());
    html! {
        details #many open[typed.get("text").is_some()] {
            summary { "Paste many from a spreadsheet" }
            form method="post" action=(action) {
                input type="hidden" name="key" value=(uuid::Uuid::now_v7());
                p.note { "One questionnaire a row. The first row names the columns: date, and each question by its title or its code (such as " code { (first) } "); mode, respondent, carer and team where you have them. Leave out names, numbers of people and what they wrote in words." }
                label for="text" { "Table" textarea #text name="text" rows="8" required aria-invalid=[typed.why("text").map(|_| "true")] { (typed.get("text").unwrap_or_default()) } }
                button type="submit" { "Save all of them" }
            }
        }
    }
}

/// Publishes a table of questionnaires.
///
/// # Errors
/// As for a single one.
pub async fn send(
    mut visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let form = Form::read(&headers, &body)?;
    visit.caller.must_cover(&visit.area)?;
    // What follows is the page that the table was pasted on.
    visit.address = visit.address.on(format!("/frameworks/{id}/answers"));
    let asked = visit.clone();
    let (given, framework) = (form.clone(), id.clone());
    let read = tokio::task::spawn_blocking(move || events(&asked, &framework, &given));
    let read = read
        .await
        .map_err(|_| Problem::unavailable("The table could not be read"))??;
    match read {
        Ok(events) => {
            let count = events.len();
            let given = events.iter().map(|(_, answers)| answers).sum();
            let events: Vec<Event> = events.into_iter().map(|(event, _)| event).collect();
            let positions = publish(&visit, &events).await?;
            let to = visit.address.clone();
            Ok(saved(to, &visit, &id, (count, given, 0), positions))
        }
        Err(refused) => {
            let typed = Typed {
                fields: form.fields().to_vec(),
                refused,
                ..Typed::default()
            };
            let page = visit
                .render(move |visit| page(visit, &id, &typed, &Filling::default()))
                .await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The events of a table with how many answers each holds, or what is wrong with it.
fn events(
    visit: &Visit,
    id: &str,
    form: &Form,
) -> Result<Result<Vec<(Event, usize)>, Vec<Refused>>, Problem> {
    let (framework, scale) = answered_by(visit, id)?;
    let rows = match rows(framework, scale, form.get("text").unwrap_or_default()) {
        Ok(rows) => rows,
        Err(refused) => return Ok(Err(refused)),
    };
    let key = form.get("key").unwrap_or_default();
    let (mut events, mut wrong) = (Vec::new(), Vec::new());
    for (line, mut fields) in rows {
        fields.push(("key".to_owned(), format!("{key} {line}")));
        match event(visit, id, &Form::of(fields))? {
            Ok((event, response)) => {
                let given = response.answers.iter().filter(|a| a.score.is_some());
                events.push((event, given.count()));
            }
            Err(found) => wrong.extend(
                found
                    .into_iter()
                    .map(|r| refused(format!("Line {line}, {}", r.at), r.why)),
            ),
        }
    }
    Ok(all_or_none(events, wrong))
}

/// A row: its line, and the fields that a form for it would have.
type Row = (u64, Vec<(String, String)>);

/// The rows of a table.
fn rows(framework: &Framework, scale: &Scale, text: &str) -> Result<Vec<Row>, Vec<Refused>> {
    let again = "It cannot be read as a table: copy it from the spreadsheet again";
    let table = Pasted::read(text, again)?;
    let titles = table.titles.iter();
    let columns: Vec<Option<String>> = titles.map(|title| column(framework, title)).collect();
    let unknown = columns
        .iter()
        .zip(1..)
        .filter(|(column, _)| column.is_none());
    let unknown: Vec<Refused> = unknown
        .map(|(_, n)| refused(format!("Column {n}"), "Its title is neither a question of this instrument nor date, mode, respondent, carer or team: correct it, or leave the column out"))
        .collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let columns: Vec<String> = columns.into_iter().flatten().collect();
    if !columns.iter().any(|column| column == "on") {
        return Err(refused_whole("It has no column with the title date"));
    }
    let respondent = if asks_a_team(&framework.id) {
        "staff"
    } else {
        "person"
    };
    let mut rows = Vec::new();
    for (line, record) in table.rows(MAX_ROWS, "paste it in parts")? {
        let cells = columns.iter().zip(record.iter());
        let mut fields: Vec<(String, String)> = cells
            .filter(|(_, cell)| !cell.is_empty())
            .filter_map(|(column, cell)| value(scale, column, cell))
            .collect();
        for (name, usual) in [("mode", "paper"), ("respondent", respondent)] {
            if !fields.iter().any(|(n, _)| n == name) {
                fields.push((name.to_owned(), usual.to_owned()));
            }
        }
        rows.push((line, fields));
    }
    Ok(rows)
}

/// The field of a form that a column stands for.
fn column(framework: &Framework, title: &str) -> Option<String> {
    let title = title.to_lowercase();
    let known = match title.as_str() {
        "date" | "on" | "answered on" => "on",
        "mode" | "how" => "mode",
        "respondent" | "who answered" => "respondent",
        "carer" | "with carer" => "with-carer",
        "team" => "team",
        _ => {
            let mut items = framework.items.iter();
            let item = items.find(|i| i.id == title || i.title.to_lowercase() == title)?;
            return Some(name(&item.id));
        }
    };
    Some(known.to_owned())
}

/// A cell as its field would hold it: answers by number or by name, days as people write them.
fn value(scale: &Scale, column: &str, cell: &str) -> Option<(String, String)> {
    let lower = cell.to_lowercase();
    let written = match column {
        "with-carer" => match lower.as_str() {
            "no" | "n" | "0" | "false" => return None,
            "yes" | "y" | "1" | "true" => "yes".to_owned(),
            _ => lower,
        },
        "on" => day(cell).map_or_else(|| cell.to_owned(), |day| day.to_string()),
        "mode" => match lower.as_str() {
            "phone" | "by phone" | "by telephone" => Mode::Telephone.code().to_owned(),
            "in person" => Mode::FaceToFace.code().to_owned(),
            "post" | "by post" | "on paper" => Mode::Paper.code().to_owned(),
            "web" | "internet" => Mode::Online.code().to_owned(),
            _ => lower.replace(' ', "-"),
        },
        "respondent" => match lower.as_str() {
            "patient" | "service user" | "client" | "resident" => {
                Respondent::Person.code().to_owned()
            }
            "family" | "relative" => Respondent::Carer.code().to_owned(),
            _ => lower,
        },
        "team" => cell.to_owned(),
        _ if ["n/a", "na", "not applicable", "-"].contains(&lower.as_str()) => "-".to_owned(),
        _ => (scale.lowest..=scale.highest)
            .find(|level| {
                scale
                    .level(*level)
                    .is_some_and(|name| name.to_lowercase() == lower)
            })
            .map_or_else(|| cell.to_owned(), |level| level.to_string()),
    };
    Some((column.to_owned(), written))
}

#[cfg(test)]
mod tests {
    use super::*;
    use joinedup_views::catalogue::Catalogue;
    use proptest::prelude::*;

    fn scale() -> Scale {
        let catalogue = Catalogue::built_in().unwrap();
        let framework = catalogue.framework("i-statements").unwrap();
        framework.scale.clone().unwrap()
    }

    fn read(text: &str) -> Result<Vec<Row>, Vec<String>> {
        let catalogue = Catalogue::built_in().unwrap();
        let framework = catalogue.framework("i-statements").unwrap();
        rows(framework, &scale(), text).map_err(|r| {
            r.into_iter()
                .map(|r| format!("{}: {}", r.at, r.why))
                .collect()
        })
    }

    #[test]
    fn titles_names_of_answers_and_days_are_read_as_people_write_them() {
        let read_as = |column, cell| value(&scale(), column, cell).map(|(_, written)| written);
        for date in [
            "14/11/2026",
            "14/11/26",
            "14 Nov 2026",
            "14-Nov-26",
            "2026-11-14",
        ] {
            assert_eq!(read_as("on", date).as_deref(), Some("2026-11-14"), "{date}");
        }
        assert_eq!(read_as("mode", "Phone").as_deref(), Some("telephone"));
        assert_eq!(read_as("respondent", "Patient").as_deref(), Some("person"));
        assert_eq!(
            read_as("with-carer", "maybe").as_deref(),
            Some("maybe"),
            "for a refusal"
        );
        let table = "Date\tA say in decisions\tpe-carers-supported\tCarer\n02/03/2026\tAgree\tn/a\tyes\n\n2026-03-03\t5\t\tno\n";
        let rows = read(table).unwrap();
        let has = |row: &Row, name: &str| {
            row.1
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(has(&rows[0], "on"), some("2026-03-02"));
        assert_eq!(has(&rows[0], "a|pe-involved-in-decisions"), some("4"));
        assert_eq!(has(&rows[0], "a|pe-carers-supported"), some("-"));
        assert_eq!(has(&rows[0], "with-carer"), some("yes"));
        assert_eq!(has(&rows[0], "mode"), some("paper"));
        assert_eq!(has(&rows[1], "a|pe-carers-supported"), None);
        assert_eq!(has(&rows[1], "with-carer"), None);
    }

    #[test]
    fn a_column_that_is_not_known_is_refused_by_its_number_and_not_by_its_title() {
        let refused = read("date,Mrs Canary\n2026-03-02,4\n")
            .unwrap_err()
            .join(" ");
        assert!(
            refused.starts_with("Column 2: ") && !refused.contains("Canary"),
            "{refused}"
        );
        assert!(read("A say in decisions\n4\n").unwrap_err()[0].contains("date"));
        assert!(read("date\n").unwrap_err()[0].contains("no row"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail_otherwise_than_in_words(text in "(?s)(date[,;\t])?.{0,200}") {
            let _ = read(&text);
        }
    }
}
