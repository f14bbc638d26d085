//! The runbook as a page: what `runbook_url` of an alert leads to. Prometheus serves it by itself
//! (`--web.user-assets`), because who sends an alert is up when joinedup or Grafana may not be.

use maud::{DOCTYPE, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Parser, Tag, TagEnd};

/// `grafana/runbook.html`, from the text of `grafana/runbook.md`.
#[must_use]
pub fn page(markdown: &str) -> String {
    let mut events: Vec<Event> = Parser::new(markdown)
        .map(|event| match event {
            // The runbook is text: what looks like an element is meant to be read.
            Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
            event => event,
        })
        .collect();
    let headings = name_headings(&mut events);
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, events.into_iter());
    let page = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "joinedup: runbook" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (PreEscaped(body))
                nav {
                    h2 { "All alerts" }
                    ul { @for heading in headings { li { a href={ "#" (anchor(&heading)) } { (heading) } } } }
                }
            }
        }
    };
    page.into_string() + "\n"
}

const STYLE: &str = "body{font:1.1rem/1.5 sans-serif;max-width:44rem;margin:auto;padding:1rem}\
h2{margin-top:3rem;border-top:1px solid #888}:target{background:#ffe08a;color:#000}\
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}a{color:#8ab4f8}}";

/// What a heading is found by: as in a repository that shows Markdown.
fn anchor(heading: &str) -> String {
    heading.to_lowercase()
}

/// Gives each alert's heading its anchor, and answers the headings.
fn name_headings(events: &mut [Event]) -> Vec<String> {
    let mut headings = Vec::new();
    for start in 0..events.len() {
        let (before, after) = events.split_at_mut(start + 1);
        if let Some(Event::Start(Tag::Heading {
            level: HeadingLevel::H2,
            id,
            ..
        })) = before.last_mut()
        {
            let heading: String = after
                .iter()
                .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
                .filter_map(|event| match event {
                    Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                    _ => None,
                })
                .collect();
            *id = Some(CowStr::from(anchor(&heading)));
            headings.push(heading);
        }
    }
    headings
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_file_is_what_is_made_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../grafana");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            read("runbook.html") == page(&read("runbook.md")),
            "grafana/runbook.html is old: cargo run -p joinedup-boards"
        );
    }

    #[test]
    fn an_alert_is_found_by_its_name_and_the_text_holds_no_markup_of_its_own() {
        let page = page("# A\n\n## JoinedupDown\n\n**For:** `a<b`, <script> & 2 * 3\n");
        assert!(page.contains("<h2 id=\"joinedupdown\">JoinedupDown</h2>"));
        assert!(page.contains("<a href=\"#joinedupdown\">JoinedupDown</a>"));
        assert!(page.contains("<code>a&lt;b</code>"));
        assert!(!page.contains("<script>"), "{page}");
    }
}
