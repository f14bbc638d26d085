//! Drawings without a style sheet. A file is opened by programs that read no style sheets, or only the simplest rules of
//! them (office suites draw all else black), so each element carries what the style sheet says of it.

use super::run_chart::escape;
use resvg::usvg::roxmltree::{Document, Node};
use simplecss::{AttributeOperator, Element, PseudoClass, StyleSheet};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The typefaces of a file: the NHS's second one, which every office machine has, and what stands for it elsewhere.
const TYPEFACES: &str = "Arial, Liberation Sans, DejaVu Sans, sans-serif";

/// A drawing with the rules of a plain style sheet ([`style`]) as attributes of its elements. What is no XML stays as it is.
pub(super) fn literal(drawing: &str, sheet: &StyleSheet<'_>) -> String {
    let Ok(document) = Document::parse(drawing) else {
        return drawing.to_owned();
    };
    let mut out = String::with_capacity(2 * drawing.len());
    write(document.root_element(), sheet, &mut out);
    out
}

fn write(node: Node<'_, '_>, sheet: &StyleSheet<'_>, out: &mut String) {
    if let Some(text) = node.text().filter(|_| node.is_text()) {
        out.push_str(&escape(text));
        return;
    }
    let name = node.tag_name().name();
    let mut attributes = attributes(node, sheet);
    if attributes.remove("paint-order").is_some() {
        // Words with a rim below them: some programs draw the rim over the words, so it goes first.
        let mut rim = attributes.clone();
        rim.extend([
            ("fill", "none".to_owned()),
            ("aria-hidden", "true".to_owned()),
        ]);
        open(name, &rim, out);
        out.push_str(&escape(node.text().unwrap_or_default()));
        let _ = write!(out, "</{name}>");
        attributes.retain(|name, _| !name.starts_with("stroke"));
    }
    open(name, &attributes, out);
    for child in node.children() {
        write(child, sheet, out);
    }
    let _ = write!(out, "</{name}>");
}

fn open(name: &str, attributes: &Attributes<'_>, out: &mut String) {
    let _ = write!(out, "<{name}");
    for (name, value) in attributes {
        let _ = write!(out, " {name}=\"{}\"", escape(value));
    }
    out.push('>');
}

/// The attributes of an element and their values.
type Attributes<'n> = BTreeMap<&'n str, String>;

/// An element's own attributes, and what the style sheet says where they say nothing.
fn attributes<'n>(node: Node<'n, '_>, sheet: &StyleSheet<'_>) -> Attributes<'n> {
    let mut attributes = Attributes::new();
    // The rules come in the order of their weight.
    let rules = sheet.rules.iter();
    for rule in rules.filter(|rule| rule.selector.matches(&Styled(node))) {
        for declared in &rule.declarations {
            attributes.extend(attribute(declared.name, declared.value));
        }
    }
    attributes.extend(node.attributes().map(|a| (a.name(), a.value().to_owned())));
    let namespace = node.tag_name().namespace();
    if node.parent_element().is_none()
        && let Some(namespace) = namespace
    {
        attributes.insert("xmlns", namespace.to_owned());
    }
    attributes
}

/// What a declaration is as attributes of an element; nothing where a drawing has none.
fn attribute(name: &str, value: &str) -> Vec<(&'static str, String)> {
    const SAME: [&str; 8] = [
        "fill",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "stroke-linejoin",
        "font-size",
        "text-anchor",
        "paint-order",
    ];
    match (name, value) {
        // Still there for a pointer.
        ("fill", "transparent") => vec![
            ("fill", "#fff".to_owned()),
            ("fill-opacity", "0".to_owned()),
        ],
        ("font", _) => {
            let size = value.split(['/', ' ']).next().unwrap_or_default();
            vec![
                ("font-size", size.to_owned()),
                ("font-family", TYPEFACES.to_owned()),
            ]
        }
        ("font-weight", _) => vec![("font-weight", "bold".to_owned())],
        _ => {
            let same = SAME.into_iter().find(|same| *same == name);
            same.map(|same| (same, value.to_owned()))
                .into_iter()
                .collect()
        }
    }
}

/// An element as selectors look at it.
struct Styled<'a, 'input>(Node<'a, 'input>);

impl Element for Styled<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(Self)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(Self)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        let value = self.0.attribute(name);
        value.is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, _: PseudoClass<'_>) -> bool {
        false
    }
}

/// The rules in their light colours: no variables, no media, no states of a pointer.
pub(super) fn style(sheet: &str) -> String {
    let rules: Vec<&str> = sheet
        .lines()
        .filter(|rule| !rule.starts_with("@media") && !pointed(rule))
        .collect();
    let mut plain = rules.join("\n");
    // The variables are all in the first rule, `--name:value;`.
    let variables: Vec<(String, String)> = rules
        .first()
        .and_then(|first| first.split_once('{'))
        .map(|(_, body)| body)
        .into_iter()
        .flat_map(|body| body.split(';'))
        .filter_map(|setting| setting.strip_prefix("--")?.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in variables {
        plain = plain
            .replace(&format!("--{name}:{value};"), "")
            .replace(&format!("var(--{name})"), &value);
    }
    plain
}

/// A rule for a pointer or the keyboard's focus.
fn pointed(rule: &str) -> bool {
    rule.split('{')
        .next()
        .is_some_and(|selector| selector.contains(":hover") || selector.contains(":focus"))
}

#[cfg(test)]
mod tests {
    use super::StyleSheet;

    #[test]
    fn the_style_of_a_file_has_no_variables_and_no_media() {
        let style = super::style(crate::run_chart::STYLE);
        assert!(
            !style.contains("--") && !style.contains("@media"),
            "{style}"
        );
        assert!(style.contains("fill:#212b32"));
    }

    #[test]
    fn each_element_carries_what_the_style_sheet_says_of_it() {
        let sheet = ".chart{--ink:#102030;font:13px/1.3 Nobody,sans-serif;display:block}\n.chart .point{fill:var(--ink)}\n\
                     .chart .rimmed{paint-order:stroke;stroke:#fff}\n.chart .point.high{fill:#f00}\n.chart .point .reach{fill:transparent}\n.chart .point:hover{fill:red}\n";
        let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\"><g class=\"point\"><title>1 &lt; 2</title></g>\
                       <g class=\"point high\"><circle class=\"reach\" r=\"3\"></circle></g><text class=\"rimmed\">two</text></svg>";
        let sheet = super::style(sheet);
        let sheet = &StyleSheet::parse(&sheet);
        assert_eq!(
            super::literal(drawing, sheet),
            "<svg class=\"chart\" font-family=\"Arial, Liberation Sans, DejaVu Sans, sans-serif\" font-size=\"13px\" xmlns=\"http://www.w3.org/2000/svg\">\
             <g class=\"point\" fill=\"#102030\"><title>1 &lt; 2</title></g>\
             <g class=\"point high\" fill=\"#f00\"><circle class=\"reach\" fill=\"#fff\" fill-opacity=\"0\" r=\"3\"></circle></g>\
             <text aria-hidden=\"true\" class=\"rimmed\" fill=\"none\" stroke=\"#fff\">two</text><text class=\"rimmed\">two</text></svg>"
        );
        assert_eq!(super::literal("<svg", sheet), "<svg");
    }
}
