//! `POST /findings/table`: many findings from a file or pasted from a spreadsheet, one a row: all of them are taken or, where
//! one is refused, none.

use super::super::filling::Filling;
use super::super::pasted::{Pasted, all_or_none, day, refused, refused_whole};
use super::super::record::{Form, SOURCE, hidden, instant_of, let_in, must_be_own, publish};
use super::super::sheet::typed::{Refused, Typed};
use super::super::visit::Visit;
use super::{frameworks, page};
use crate::door::audit;
use crate::door::problem::Problem;
use axum::extract::Multipart;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use joinedup_events::assessment::{AssessmentFact, Found};
use joinedup_events::id::hash_two;
use joinedup_events::{EntityId, Event, Fact, Slug};
use joinedup_views::catalogue::{Catalogue, Framework};
use maud::{Markup, html};
use std::time::Duration;

/// The most findings of one table.
const MAX_ROWS: usize = 500;
/// How long the page waits for what was saved.
const SEEN_TIMEOUT: Duration = Duration::from_secs(3);

/// The form for a table.
pub(super) fn form(visit: &Visit, typed: &Typed) -> Markup {
    html! {
        details #many open[!typed.refused.is_empty()] { summary { "Many, from a file or a spreadsheet" }
            form method="post" action="/findings/table" enctype="multipart/form-data" {
                (hidden(&visit.address.elsewhere("/findings").to_string(), &visit.area, 0))
                p.note { "One finding a row. The first row names the columns: date, pathway and finding; place and nodes where you have them (codes or names, with a semicolon between nodes). Without a place a row is of " (visit.title_of(visit.area.as_str())) "." }
                label for="file" { "File (CSV)" input #file type="file" name="file" accept=".csv,text/csv"; }
                label for="text" { "Or paste the table" textarea #text name="text" rows="6" aria-invalid=[typed.why("text").map(|_| "true")] { (typed.get("text").unwrap_or_default()) } }
                button type="submit" { "Save all of them" }
            }
        }
    }
}

/// Records a table of findings.
///
/// # Errors
/// 403 for a place that is not the caller's, 503 when the log does not take them.
pub async fn send(
    mut visit: Visit,
    headers: HeaderMap,
    parts: Multipart,
) -> Result<Response, Problem> {
    must_be_own(&headers)?;
    let form = read(parts).await?;
    visit.area = joinedup_application::charts::area(&visit.app, form.must("area", "The place")?)?;
    visit.caller.must_cover(&visit.area)?;
    visit.address = visit.address.on("/findings").with("area", &visit.area);
    match events(&visit, form.get("text").unwrap_or_default())? {
        Ok(events) => {
            let appended = publish(&visit.app, &events, SEEN_TIMEOUT).await?;
            let to = visit.address.with("saved", events.len());
            let answer = Redirect::to(&to.to_string()).into_response();
            let positions = appended.iter().map(|a| a.position.0);
            Ok(audit::recorded_of(
                answer,
                &visit.area,
                "findings",
                positions,
            ))
        }
        Err(refused) => {
            let typed = Typed {
                fields: form.fields().to_vec(),
                refused,
                ..Typed::default()
            };
            let page = visit
                .render(move |visit| page(visit, &typed, &Filling::default()))
                .await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The fields of the form; a file takes the place of what was pasted.
async fn read(mut parts: Multipart) -> Result<Form, Problem> {
    let broken = |_| Problem::bad_request("The form could not be read: open its page again");
    let mut fields: Vec<(String, String)> = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(broken)?;
        // Spreadsheets on Windows still write Latin 1.
        let text = String::from_utf8(bytes.to_vec())
            .unwrap_or_else(|e| e.into_bytes().into_iter().map(char::from).collect());
        let text = text.trim_start_matches('\u{feff}').to_owned();
        match name.as_str() {
            "file" if text.trim().is_empty() => {}
            "file" => fields.insert(0, ("text".to_owned(), text)),
            _ => fields.push((name, text)),
        }
    }
    Ok(Form::of(fields))
}

/// A row: its line and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    line: u64,
    on: NaiveDate,
    framework: String,
    pathway: String,
    place: Option<String>,
    nodes: Vec<String>,
    text: String,
}

/// The events of a table, let in by the door, or what is wrong with it.
fn events(visit: &Visit, text: &str) -> Result<Result<Vec<Event>, Vec<Refused>>, Problem> {
    let catalogue = &visit.app.definitions.catalogue;
    let of_findings: Vec<&Framework> = frameworks(visit).collect();
    let rows = match rows(catalogue, &of_findings, text) {
        Ok(rows) => rows,
        Err(refused) => return Ok(Err(refused)),
    };
    let (mut events, mut wrong) = (Vec::new(), Vec::new());
    for row in rows {
        let line = row.line;
        let let_in = match written(visit, row) {
            Ok(written) => let_in(visit, &written)?.map_err(|refusals| {
                let rules = refusals.0.iter();
                rules.map(|r| sentence(&r.pointer, &r.rule)).collect()
            }),
            Err(why) => Err(why),
        };
        match let_in {
            Ok(event) => events.push(event),
            Err(why) => wrong.extend(
                why.into_iter()
                    .map(|why| refused(format!("Line {line}"), why)),
            ),
        }
    }
    Ok(all_or_none(events, wrong))
}

/// The event of a row, as the page writes it.
fn written(visit: &Visit, row: Row) -> Result<Event, Vec<String>> {
    let register = &visit.app.definitions.areas;
    let area = match &row.place {
        None => visit.area.clone(),
        Some(name) => {
            let mut all = register.iter();
            let named = |a: &&joinedup_events::Area| {
                a.id.as_str() == name || a.title.to_lowercase() == name.to_lowercase()
            };
            let found = all.find(named).map(|a| a.id.clone());
            found.ok_or_else(|| {
                vec!["The place is not in the register: write its code or its name".to_owned()]
            })?
        }
    };
    if visit.caller.must_cover(&area).is_err() {
        return Err(vec!["The place is not one of yours".to_owned()]);
    }
    let name = |text: &str| Slug::new(text).map_err(|rule| vec![format!("A code {rule}")]);
    // The same row pasted again is the same finding.
    let content = format!("{area}\0{}\0{}\0{}", row.framework, row.pathway, row.text);
    let id = format!("f-{:032x}", hash_two(&row.on.to_string(), &content));
    let entity = format!("{area}/{}/{}", row.framework, row.pathway);
    let found = Found {
        framework: name(&row.framework)?,
        item: name(&row.pathway)?,
        finding: name(&id)?,
        note: Some(row.text),
        nodes: row
            .nodes
            .iter()
            .map(|n| name(n))
            .collect::<Result<_, _>>()?,
    };
    Ok(Event {
        source: SOURCE.to_owned(),
        id,
        occurred_at: instant_of(visit, row.on),
        recorded_at: visit.now,
        actor: None,
        entity: EntityId::new(&entity)
            .map_err(|rule| vec![format!("The codes together: {rule}")])?,
        area,
        fact: Fact::Assessment(AssessmentFact::Found(found)),
    })
}

fn sentence(pointer: &str, rule: &str) -> String {
    match pointer {
        "/data/note" => format!("What was found {rule}"),
        "/time" => format!("The date {rule}"),
        _ => format!("This row {rule}"),
    }
}

/// The rows of a table.
fn rows(
    catalogue: &Catalogue,
    frameworks: &[&Framework],
    text: &str,
) -> Result<Vec<Row>, Vec<Refused>> {
    let table = Pasted::read(text, "It cannot be read as a table: save it as CSV again")?;
    let column = |names: &[&str]| {
        let mut titles = table.titles.iter();
        titles.position(|title| names.contains(&title.to_lowercase().as_str()))
    };
    let on = column(&["date", "published", "published on"]);
    let pathway = column(&["pathway", "area of care"]);
    let found = column(&["finding", "findings", "text"]);
    let (place, nodes) = (column(&["place", "area"]), column(&["node", "nodes"]));
    let (Some(on), Some(pathway), Some(found)) = (on, pathway, found) else {
        return Err(refused_whole(
            "Its first row must have the columns date, pathway and finding",
        ));
    };
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (line, record) in table.rows(MAX_ROWS, "send it in parts")? {
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let mut not = |why: &str| wrong.push(refused(format!("Line {line}"), why));
        let day = day(cell(on));
        let asked = cell(pathway).to_lowercase();
        let known = frameworks.iter().find_map(|f| {
            let mut items = f.items.iter();
            let item = items.find(|i| i.id == asked || i.title.to_lowercase() == asked)?;
            Some((f.id.clone(), item.id.clone()))
        });
        let named = nodes
            .map_or("", cell)
            .split(';')
            .map(str::trim)
            .filter(|n| !n.is_empty());
        let named: Option<Vec<String>> = named
            .map(|name| {
                let lower = name.to_lowercase();
                let mut all = catalogue.model().nodes().iter();
                let node = all.find(|n| n.id == lower || n.title.to_lowercase() == lower)?;
                Some(node.id.clone())
            })
            .collect();
        match (day, known, named) {
            (Some(on), Some((framework, pathway)), Some(nodes)) if !cell(found).is_empty() => {
                rows.push(Row {
                    line,
                    on,
                    framework,
                    pathway,
                    place: place
                        .map(cell)
                        .filter(|p| !p.is_empty())
                        .map(ToOwned::to_owned),
                    nodes,
                    text: cell(found).to_owned(),
                });
            }
            (None, ..) => not("The date must be a day such as 2026-11-22 or 22/11/2026"),
            (_, None, _) => not("The pathway must be one that the form above lists"),
            (_, _, None) => not(
                "What it is about (node) must be a title or a code of the logic model, such as a step or an outcome",
            ),
            _ => not("What was found is needed"),
        }
    }
    all_or_none(rows, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<Row>, Vec<String>> {
        let catalogue = Catalogue::built_in().unwrap();
        let framework = catalogue.framework("cqc-local-system-reviews").unwrap();
        rows(&catalogue, &[framework], text).map_err(|r| {
            r.into_iter()
                .map(|r| format!("{}: {}", r.at, r.why))
                .collect()
        })
    }

    #[test]
    fn days_pathways_and_nodes_are_read_as_people_write_them() {
        let table = "Date,Pathway,Finding,Nodes\n02/03/2026,Crisis,\"Calls, twice\",Safe transfers on time; en-shared-records\n\n2026-03-03,step-down-and-return,Waits,\n";
        let rows = read(table).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].on.to_string(), "2026-03-02");
        assert_eq!(
            (rows[0].pathway.as_str(), rows[0].text.as_str()),
            ("crisis", "Calls, twice")
        );
        assert_eq!(rows[0].nodes, ["co-timely-transfers", "en-shared-records"]);
        assert_eq!(rows[1].nodes, [] as [&str; 0]);
    }

    #[test]
    fn each_wrong_row_is_named_by_its_line_and_not_by_its_words() {
        let wrong = read(
            "date;pathway;finding\nCanary;crisis;x\n2026-01-01;Canary;x\n2026-01-01;crisis;\n",
        );
        let wrong = wrong.unwrap_err().join(" ");
        for line in [
            "Line 2: The date",
            "Line 3: The pathway",
            "Line 4: What was found",
        ] {
            assert!(wrong.contains(line), "{wrong}");
        }
        assert!(!wrong.contains("Canary"), "{wrong}");
        assert!(read("date,finding\n").unwrap_err()[0].contains("pathway"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail_otherwise_than_in_words(text in "(?s)(date,pathway,finding\n)?.{0,200}") {
            let _ = read(&text);
        }
    }
}
