//! The runbook as a page: what `runbook_url` of an alert leads to. Prometheus serves it by itself
//! (`--web.user-assets`), because who sends an alert is up when joinedup or Grafana may not be.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::fmt::Write;

/// `grafana/runbook.html`, from the text of `grafana/runbook.md`.
///
/// Of Markdown it knows what the runbook uses: headings, paragraphs, `**bold**`, `*emphasis*` and code.
#[must_use]
pub fn page(markdown: &str) -> String {
    let blocks: Vec<String> = markdown
        .split("\n\n")
        .map(|block| block.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let headings: Vec<&str> = blocks
        .iter()
        .filter_map(|b| b.strip_prefix("## "))
        .collect();
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
                @for block in &blocks { (part(block)) }
                nav {
                    h2 { "All alerts" }
                    ul { @for heading in headings { li { a href={ "#" (anchor(heading)) } { (heading) } } } }
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
#[must_use]
pub fn anchor(heading: &str) -> String {
    heading.to_lowercase()
}

fn part(block: &str) -> Markup {
    if let Some(title) = block.strip_prefix("# ") {
        return html! { h1 { (title) } };
    }
    match block.strip_prefix("## ") {
        Some(heading) => html! { h2 id=(anchor(heading)) { (heading) } },
        None if block.is_empty() => html! {},
        None => html! { p { (PreEscaped(inline(block))) } },
    }
}

/// A paragraph with its marks as elements; everything else is escaped.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['*', '`']) {
        let (before, marked) = rest.split_at(at);
        let (mark, element) = match marked {
            m if m.starts_with("**") => ("**", "b"),
            m if m.starts_with('*') => ("*", "em"),
            _ => ("`", "code"),
        };
        let Some((inside, after)) = marked[mark.len()..].split_once(mark) else {
            break;
        };
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "{}<{element}>{}</{element}>",
            html! { (before) }.into_string(),
            html! { (inside) }.into_string()
        );
        rest = after;
    }
    out + &html! { (rest) }.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_file_is_what_is_made_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../grafana");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(
            read("runbook.html") == page(&read("runbook.md")),
            "grafana/runbook.html is old: cargo run -p joinedup --example dashboards"
        );
    }

    #[test]
    fn a_heading_has_an_anchor_marks_are_elements_and_nothing_else_is_markup() {
        let page = page("# A\n\n## JoinedupDown\n\n**For:** `a<b` is\n*one* line & 2 * 3\n");
        assert!(page.contains("<h2 id=\"joinedupdown\">JoinedupDown</h2>"));
        let line = "<p><b>For:</b> <code>a&lt;b</code> is <em>one</em> line &amp; 2 * 3</p>";
        assert!(page.contains(line), "{page}");
    }
}
