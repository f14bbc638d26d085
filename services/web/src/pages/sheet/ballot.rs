//! The field for one level: radio buttons in a row, which a digit on the keyboard chooses too.

use joinedup_views::catalogue::Scale;
use maud::{Markup, html};

/// What is asked for in one field.
pub struct Ballot<'a> {
    /// The id of the field.
    pub id: &'a str,
    /// The name of what is sent.
    pub name: &'a str,
    /// What the level is of, read aloud.
    pub legend: &'a str,
    /// The levels.
    pub scale: &'a Scale,
    /// What is chosen: a level, or `-` for none.
    pub chosen: Option<&'a str>,
    /// What choosing none is called; none: there is no such choice.
    pub none: Option<&'a str>,
    /// The levels go from red to green.
    pub coloured: bool,
    /// Why what was chosen is refused.
    pub why: Option<&'a str>,
    /// Nobody may choose here.
    pub closed: bool,
    /// It has the focus when the page is opened.
    pub first: bool,
}

/// The field.
#[must_use]
pub fn field(ballot: &Ballot<'_>) -> Markup {
    let Ballot {
        id, name, scale, ..
    } = ballot;
    let is_chosen = |value: &str| ballot.chosen == Some(value);
    let error = format!("{id}-why");
    html! {
        fieldset.ballot.wrong[ballot.why.is_some()] id=(id) disabled[ballot.closed] aria-describedby=[ballot.why.map(|_| error.as_str())] tabindex=[ballot.why.map(|_| "-1")] {
            legend.sr { (ballot.legend) }
            @for level in scale.lowest..=scale.highest {
                @let (value, words) = (level.to_string(), words(scale, level));
                label title=(words) {
                    input type="radio" name=(name) value=(value) checked[is_chosen(&value)] aria-label=(words) autofocus[ballot.first && level == scale.lowest];
                    span class=(if ballot.coloured { format!("l{level}") } else { String::new() }) aria-hidden="true" { (value) }
                }
            }
            @if let Some(none) = ballot.none {
                label title=(none) {
                    input type="radio" name=(name) value="-" checked[is_chosen("-")] aria-label=(none);
                    span aria-hidden="true" { "–" }
                }
            }
            @if let Some(why) = ballot.why { p.why id=(error) { (why) } }
        }
    }
}

/// A level with its name, where it has one.
fn words(scale: &Scale, level: u8) -> String {
    match scale.level(level) {
        Some(title) => format!("{level} {title}"),
        None => level.to_string(),
    }
}

/// What the ends of a scale are called, where they have names.
#[must_use]
pub fn ends(scale: &Scale) -> Option<String> {
    let (low, high) = (scale.level(scale.lowest)?, scale.level(scale.highest)?);
    Some(format!(
        "{} means {low}, {} means {high}",
        scale.lowest, scale.highest
    ))
}

/// What the levels are called, as a legend, and what none is called where it can be chosen.
#[must_use]
pub fn legend(scale: &Scale, coloured: bool, none: Option<&str>) -> Markup {
    html! {
        @if scale.levels.is_empty() { p.note { "Levels go from " (scale.lowest) " to " (scale.highest) "." @if let Some(none) = none { " – means: " (none) "." } } }
        @else {
            ul.legend aria-label="Levels" {
                @for level in scale.lowest..=scale.highest {
                    li { span.level.(if coloured { format!("l{level}") } else { "l0".to_owned() }) { (level) } (scale.level(level).unwrap_or_default()) }
                }
                @if let Some(none) = none { li { span.level.l0 { "–" } (none) } }
            }
        }
    }
}
