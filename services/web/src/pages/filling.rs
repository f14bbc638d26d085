//! Forms that may come back: the fields with what was typed, a message at each field that was refused, and a summary with
//! links to them at the top, which has the focus.

mod reading;

pub use reading::Reading;

use super::record::Form;
use super::words;
use joinedup_views::decide::Refusal;
use maud::{Markup, html};

/// The longest line that a form takes; the door takes a little more.
const MAX_TEXT: usize = 400;

/// What is said of a form that came back.
pub const NOTHING_SAVED: &str = "Nothing was saved yet.";

/// What is wrong with a form: the name of each field, none for the form as a whole, and a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<(String, String)>);

impl Faults {
    /// One fault of a field.
    #[must_use]
    pub fn one(field: &str, sentence: impl Into<String>) -> Self {
        Self(vec![(field.to_owned(), sentence.into())])
    }

    /// A sentence about a field.
    pub fn note(&mut self, field: &str, sentence: impl Into<String>) {
        self.0.push((field.to_owned(), sentence.into()));
    }

    /// What was read from a field; or a sentence about it is noted.
    pub fn or_note<T>(&mut self, field: &str, read: Result<T, impl Into<String>>) -> Option<T> {
        read.map_err(|sentence| self.note(field, sentence)).ok()
    }

    /// The first of it.
    #[must_use]
    pub fn first(&self) -> Option<&str> {
        self.0.first().map(|(_, sentence)| sentence.as_str())
    }

    /// What is wrong, with links to the fields of that form.
    #[must_use]
    pub fn summary(&self, form: &str) -> Markup {
        self.summary_with(form, NOTHING_SAVED)
    }

    /// The same, with a note of what was saved and what is still in the form.
    #[must_use]
    pub fn summary_with(&self, form: &str, note: &str) -> Markup {
        let faults = self.0.iter().map(|(field, sentence)| {
            let id = (!field.is_empty()).then(|| format!("{form}-{field}"));
            (id, sentence.clone())
        });
        problem("faults", note, faults)
    }

    /// The rule that a command's field broke.
    pub fn add(&mut self, pointer: &str, rule: &str) {
        let field = pointer.trim_start_matches('/').replace('/', "-");
        let list = field.split('-').next().unwrap_or_default();
        let known = LABELS.iter().find(|(name, _)| *name == list);
        // What people are not asked for is not a field of theirs.
        let (field, label) = match known {
            Some((_, label)) => (field, *label),
            None => (String::new(), "This"),
        };
        self.note(&field, format!("{label} {}", words::for_people(rule)));
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn at(&self, field: &str) -> impl Iterator<Item = &str> {
        let of_field = move |(name, _): &&(String, String)| name == field;
        self.0
            .iter()
            .filter(of_field)
            .map(|(_, text)| text.as_str())
    }
}

impl From<Refusal> for Faults {
    fn from(refusal: Refusal) -> Self {
        let mut faults = Self::default();
        faults.add(refusal.field(), &refusal.to_string());
        faults
    }
}

/// How sentences about a field begin.
const LABELS: [(&str, &str); 25] = [
    ("title", "The name"),
    ("aim", "The aim"),
    ("prediction", "The prediction"),
    ("led_by", "The role that leads"),
    ("measures", "The measure"),
    ("learnt", "What was learnt"),
    ("decision", "The decision"),
    ("target", "The target"),
    ("from", "The first day"),
    ("reason", "The reason"),
    ("on", "The date"),
    ("owner", "The owner"),
    ("by", "The date"),
    ("progress", "The progress"),
    ("tested_by", "The change"),
    ("pathway", "The pathway"),
    ("note", "What was found"),
    ("nodes", "The part of the logic model"),
    ("about", "What it is about"),
    ("concept", "The change concept"),
    ("count", "The number of people"),
    ("days", "The time"),
    ("mode", "How people answer"),
    ("team", "The team’s code"),
    ("link", "The link"),
];

/// One form of a page, as it was sent or as it stands empty.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// Which form of the page, for the ids of its fields.
    pub form: String,
    /// What was typed; none where it was not sent.
    pub typed: Option<Form>,
    /// What is wrong with it.
    pub faults: Faults,
}

/// How a field is filled in.
#[derive(Clone, Copy, Debug)]
pub enum Kind<'a> {
    /// A line of text.
    Line,
    /// A line of text, with proposals from the list of that id.
    Proposed(&'a str),
    /// Several lines.
    Text,
    /// A date, up to this one.
    Date(chrono::NaiveDate),
    /// Any date.
    Day,
    /// A number, from 0 or from anything, up to a highest.
    Number(Option<f64>, Option<f64>),
    /// One of some values, each with its words.
    OneOf(&'a [(&'a str, &'a str)]),
    /// One of a menu, in groups with names or without one.
    Menu(&'a [Group]),
}

/// A part of a menu: its name, and values with their words.
pub type Group = (String, Vec<(String, String)>);

/// A field.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its name in the form.
    pub name: &'a str,
    /// Its label.
    pub label: &'a str,
    /// What helps to fill it in.
    pub hint: &'a str,
    /// How it is filled in.
    pub kind: Kind<'a>,
    /// What stands in it at first.
    pub value: &'a str,
    /// Whether it has to be filled in.
    pub required: bool,
}

impl Filling {
    /// A form that nobody has sent.
    #[must_use]
    pub fn empty(form: &str) -> Self {
        Self {
            form: form.to_owned(),
            ..Self::default()
        }
    }

    /// The same where it is the form of that name, else one that nobody has sent.
    #[must_use]
    pub fn of(&self, form: &str) -> Self {
        if self.form == form {
            self.clone()
        } else {
            Self::empty(form)
        }
    }

    /// Whether it came back.
    #[must_use]
    pub fn came_back(&self) -> bool {
        self.typed.is_some()
    }

    /// What stands in a field: what was typed, or else what stood there at first.
    #[must_use]
    pub fn value<'a>(&'a self, name: &str, first: &'a str) -> &'a str {
        match &self.typed {
            Some(form) => form.get(name).unwrap_or_default(),
            None => first,
        }
    }

    /// The version that the form carries: what came back is still made from what its sender had read, so that what
    /// others recorded meanwhile is found.
    #[must_use]
    pub fn version(&self, stands: u64) -> u64 {
        let typed = self.typed.as_ref().and_then(|form| form.version().ok());
        typed.unwrap_or(stands)
    }

    /// A field that explains itself: its name, its label, how it is filled in, what stands in it at first, and whether it has to be
    /// filled in.
    #[must_use]
    pub fn plain(
        &self,
        name: &str,
        label: &str,
        kind: Kind<'_>,
        value: &str,
        required: bool,
    ) -> Markup {
        self.field(&Field {
            name,
            label,
            hint: "",
            kind,
            value,
            required,
        })
    }

    /// What is wrong, with links to the fields.
    #[must_use]
    pub fn summary(&self) -> Markup {
        self.faults.summary(&self.form)
    }

    fn id(&self, field: &str) -> String {
        format!("{}-{field}", self.form)
    }

    /// A field with its label and what is wrong with it.
    #[must_use]
    pub fn field(&self, field: &Field<'_>) -> Markup {
        let id = self.id(field.name);
        let (hint, fault) = (format!("{id}-hint"), format!("{id}-fault"));
        let faults: Vec<&str> = self.faults.at(field.name).collect();
        let described: Vec<&str> = [
            (!field.hint.is_empty()).then_some(hint.as_str()),
            (!faults.is_empty()).then_some(fault.as_str()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let described = Some(described.join(" ")).filter(|d| !d.is_empty());
        let wrong = (!faults.is_empty()).then_some("true");
        let value = self.value(field.name, field.value);
        // What was recorded by another way may be longer than what people type here.
        let longest = MAX_TEXT.max(value.encode_utf16().count());
        let messages = html! {
            @if !field.hint.is_empty() { span.hint id=(hint) { (field.hint) } }
            @if !faults.is_empty() { span.fault id=(fault) { @for text in &faults { "Problem: " (text) ". " } } }
        };
        let label = html! { (field.label) @if !field.required { span.hint { " (optional)" } } };
        if let Kind::OneOf(choices) = field.kind {
            return html! {
                fieldset.choice.faulty[wrong.is_some()] aria-describedby=[described] {
                    legend { (label) }
                    (messages)
                    @for (i, (code, words)) in choices.iter().enumerate() {
                        label.radio { input id=[(i == 0).then_some(&id)] type="radio" name=(field.name) value=(code) required[field.required] checked[value == *code]; " " (words) }
                    }
                }
            };
        }
        html! {
            div.field.faulty[wrong.is_some()] {
                label for=(id) { (label) }
                (messages)
                @match field.kind {
                    Kind::Line => { input id=(id) type="text" name=(field.name) value=(value) required[field.required] maxlength=(longest) aria-invalid=[wrong] aria-describedby=[described]; }
                    Kind::Proposed(list) => { input id=(id) type="text" name=(field.name) value=(value) list=(list) required[field.required] maxlength=(longest) autocomplete="off" aria-invalid=[wrong] aria-describedby=[described]; }
                    Kind::Text => { textarea id=(id) name=(field.name) rows="2" required[field.required] maxlength=(longest) aria-invalid=[wrong] aria-describedby=[described] { (value) } }
                    Kind::Date(until) => { input id=(id) type="date" name=(field.name) value=(value) max=(until) required[field.required] aria-invalid=[wrong] aria-describedby=[described]; }
                    Kind::Day => { input id=(id) type="date" name=(field.name) value=(value) required[field.required] aria-invalid=[wrong] aria-describedby=[described]; }
                    Kind::Number(least, most) => { input id=(id) type="number" name=(field.name) value=(value) step="any" min=[least] max=[most] required[field.required] aria-invalid=[wrong] aria-describedby=[described]; }
                    Kind::Menu(groups) => { select id=(id) name=(field.name) required[field.required] aria-invalid=[wrong] aria-describedby=[described] {
                        @for (name, options) in groups {
                            @let options = html! { @for (code, words) in options { option value=(code) selected[value == code] { (words) } } };
                            @if name.is_empty() { (options) } @else { optgroup label=(name) { (options) } }
                        }
                    } }
                    Kind::OneOf(_) => {}
                }
            }
        }
    }
}

/// All that is in the way of a form: sentences, each with the id of its field. The note says what was saved all the same.
#[must_use]
pub fn problem(
    id: &str,
    note: &str,
    faults: impl Iterator<Item = (Option<String>, String)>,
) -> Markup {
    let faults: Vec<_> = faults.collect();
    let name = format!("{id}-name");
    html! {
        @if !faults.is_empty() {
            div.summary id=(id) role="alert" tabindex="-1" autofocus aria-labelledby=(name) {
                h2 id=(name) { "There is a problem" }
                ul.plain { @for (field, text) in faults {
                    li { @if let Some(field) = field { a href=(format!("#{field}")) { (text) } } @else { (text) } }
                } }
                p.small { (note) }
            }
        }
    }
}

/// That something was saved, with the focus on it; `more` is what can be done about it.
#[must_use]
pub fn saved(words: &str, more: &Markup) -> Markup {
    html! { div.summary.good #saved role="status" tabindex="-1" autofocus { p { strong { (words) } } (more) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_still_made_from_what_was_read() {
        let fields = [("version", "7")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let filling = Filling {
            form: "correct-f-1".to_owned(),
            typed: Some(Form::of(fields.to_vec())),
            ..Filling::default()
        };
        assert_eq!(filling.of("correct-f-1").version(9), 7);
        assert_eq!(filling.of("correct-f-2").version(9), 9);
    }

    #[test]
    fn a_refusal_is_said_at_its_field_in_words_of_the_form() {
        let mut faults = Faults::from(Refusal::UnknownMeasure("/measures/1".to_owned()));
        faults.add("/version", "is old");
        let typed = Form::of(vec![("measures-1".to_owned(), "tr-what".to_owned())]);
        let filling = Filling {
            form: "plan".to_owned(),
            typed: Some(typed),
            faults,
        };
        let summary = filling.summary().into_string();
        assert!(
            summary
                .contains("<a href=\"#plan-measures-1\">The measure must be a known measure</a>"),
            "{summary}"
        );
        assert!(summary.contains("<li>This is old</li>"), "{summary}");
        let field = filling.field(&Field {
            name: "measures-1",
            label: "Measure",
            hint: "",
            kind: Kind::Proposed("measure-names"),
            value: "at first",
            required: false,
        });
        let field = field.into_string();
        for part in [
            "id=\"plan-measures-1\"",
            "value=\"tr-what\"",
            "aria-invalid=\"true\"",
            "aria-describedby=\"plan-measures-1-fault\"",
        ] {
            assert!(field.contains(part), "{part}: {field}");
        }
    }
}
