//! Mappings of line lists: which column is which fact. TOML; the README beside the built-in ones explains every field.

mod sense;

use crate::plain::plain;

use crate::mapping::{AreaRule, MappingError, file_text, from_toml, wrong};
use chrono::NaiveDate;
use joinedup_events::{Family, Slug};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The mappings that come with the product, by name.
const BUILT_IN: [(&str, &str); 2] = [
    (
        "spells",
        include_str!("../../../mappings/line-lists/spells.toml"),
    ),
    ("mdt", include_str!("../../../mappings/line-lists/mdt.toml")),
];

/// What the columns of a list mean that has a row a person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListMapping {
    /// Its name: part of the source and of the ids of events.
    pub name: Slug,
    /// What the lists are, in words.
    #[serde(default)]
    pub title: String,
    /// What a row is about: `transfer` or `referral`.
    pub family: Subject,
    /// The columns that together name the spell or referral.
    pub entity: Vec<String>,
    /// The columns that together name the person, by which an earlier spell is found.
    #[serde(default)]
    pub person: Vec<String>,
    /// The sheet of a workbook; needed where the header of several fits.
    #[serde(default)]
    pub sheet: Option<String>,
    /// Which area a row counts for.
    pub area: AreaRule,
    /// The list holds what is new, not all there is: what is not in it has not vanished.
    #[serde(default)]
    pub incremental: bool,
    /// How a list is compared with the one before.
    #[serde(default)]
    pub snapshot: SnapshotRule,
    /// How the entity of the same person before this one is found.
    #[serde(default)]
    pub previous: Option<PreviousRule>,
    /// Cells that say that nothing was recorded, beside empty ones.
    #[serde(default = "not_available")]
    pub missing: Vec<String>,
    /// Faults that are expected, as a kind or as `kind:column`: they are counted, and the import succeeds.
    #[serde(default)]
    pub known: BTreeSet<String>,
    /// What a row says.
    #[serde(rename = "fact")]
    pub facts: Vec<FactRule>,
    /// What cannot come before what.
    #[serde(default, rename = "order")]
    pub orders: Vec<OrderRule>,
}

fn not_available() -> Vec<String> {
    ["NA", "N/A", "#N/A", "NULL", "NaN", "NaT", "None", "-"]
        .map(str::to_owned)
        .into()
}

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A spell in hospital.
    Transfer,
    /// A referral.
    Referral,
}

impl Subject {
    /// The family of its events.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Transfer => Family::Transfer,
            Self::Referral => Family::Referral,
        }
    }
}

/// How a list is compared with the one before.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotRule {
    /// The share of the rows known before that may be gone, and that may be corrected, in one list.
    pub max_share: f64,
    /// The list holds what ended in so many days before it was made: what ended earlier has left it, and stands, as
    /// does what ended on the first of these days. Without it whatever is not in the list any more is taken back.
    pub window_days: Option<u16>,
    /// The fact that ends an entity.
    pub ended: Option<String>,
    /// The first day of which the first list holds everybody, also those who have left since. Where it is not said, the list
    /// shows it: by its window, or by the earliest end in it.
    pub begins: Option<NaiveDate>,
}

impl Default for SnapshotRule {
    fn default() -> Self {
        Self {
            max_share: 0.2,
            window_days: None,
            ended: None,
            begins: None,
        }
    }
}

/// How the entity of the same person before this one is found.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousRule {
    /// The fact that begins an entity, and that names the one before.
    pub fact: String,
    /// How many days after its end a new one counts as a return.
    pub within_days: u16,
}

/// One fact that a row may state. It is stated when its time and its fields are there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactRule {
    /// The fact, by its wire name.
    pub name: String,
    /// The column with when it happened; of several the first that is not empty.
    pub time: Columns,
    /// What another value in a later list means.
    #[serde(default)]
    pub changes: Changes,
    /// The field that says that only the date is known.
    #[serde(default)]
    pub date_only: Option<String>,
    /// Only rows of which this holds.
    #[serde(default)]
    pub when: Option<Condition>,
    /// Not stated while one of these facts of the row is not readable.
    #[serde(default)]
    pub withheld_with: Vec<String>,
    /// Its fields.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldRule>,
}

impl FactRule {
    /// The columns that it is read from.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let when = self.when.iter().map(|when| when.column.as_str());
        let fields = self.fields.values().flat_map(|field| match field {
            FieldRule::Column(rule) => Some(rule.column.iter()),
            FieldRule::Fixed(_) => None,
        });
        self.time.iter().chain(when).chain(fields.flatten())
    }

    /// The column by which one of several facts is chosen.
    fn chosen_by(&self) -> Option<&str> {
        self.when.as_ref().map(|when| when.column.as_str())
    }

    /// Those of them that are read as dates or times.
    fn date_columns(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.values().flat_map(|field| match field {
            FieldRule::Column(rule) if matches!(rule.read, Read::Date | Read::DateTime) => {
                Some(rule.column.iter())
            }
            _ => None,
        });
        self.time.iter().chain(fields.flatten())
    }
}

/// One column or several, of which the first that is not empty counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Columns {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Columns {
    /// The columns.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(column) => std::slice::from_ref(column),
            Self::Several(columns) => columns,
        }
        .iter()
        .map(String::as_str)
    }
}

/// What another value in a later list means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changes {
    /// The earlier one was wrong and is taken back.
    #[default]
    Correct,
    /// It was changed when the list was made; the earlier one stands for the time before.
    Add,
}

/// Whether a cell is one of some.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// What it may hold; capitals and marks do not matter.
    pub is: Vec<String>,
}

impl Condition {
    /// Whether a cell is one of them.
    #[must_use]
    pub fn holds(&self, cell: &str) -> bool {
        let cell = plain(cell);
        self.is.iter().any(|is| plain(is) == cell)
    }
}

/// Where a field's value comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "must be a text, true or false, or a table with `column` and perhaps `read`, `values`, `otherwise`, `empty`, `optional`"
)]
pub enum FieldRule {
    /// It is always the same.
    Fixed(Scalar),
    /// It stands in a column.
    Column(Box<ColumnRule>),
}

/// A constant.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Bool(bool),
    /// A code.
    Text(String),
}

impl Scalar {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Text(text) => Value::String(text.clone()),
        }
    }
}

/// A field's value from a column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// The column, or several of which the first that is not empty counts.
    pub column: Columns,
    /// How a cell is read that is not among `values`.
    #[serde(default)]
    pub read: Read,
    /// What a cell says → the value; capitals and marks do not matter.
    #[serde(default)]
    pub values: BTreeMap<String, Scalar>,
    /// The value of other cells; without it such a cell is a fault.
    #[serde(default)]
    pub otherwise: Option<Scalar>,
    /// The value of an empty cell.
    #[serde(default)]
    pub empty: Option<Scalar>,
    /// The fact is stated without this field where the cell is empty or not known.
    #[serde(default)]
    pub optional: bool,
}

/// How a cell becomes a value. None of them lets a text through as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Read {
    /// It must be among `values`.
    #[default]
    Values,
    /// A local date.
    Date,
    /// An instant.
    DateTime,
    /// A national code of one or two digits, written with two.
    Code,
    /// One of the 37 reasons of the discharge return, by its code or its words.
    DelayReason,
    /// An area of the register.
    Area,
    /// Yes or no.
    YesNo,
    /// Several of `values`, with `,`, `;`, `/`, `+` or a line's end between them.
    List,
}

/// What cannot come before what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRule {
    /// What the fault is called.
    pub fault: Slug,
    /// The fact that is first.
    pub first: String,
    /// The fact that is not before it.
    pub then: String,
    /// The later fact is not taken; otherwise both are, and the fault is counted.
    #[serde(default)]
    pub refuse: bool,
}

impl ListMapping {
    /// The mapping of a built-in name, or of a file; `None` when there is no such, or it is one of another kind.
    ///
    /// # Errors
    /// When it is a mapping of a list and not right.
    pub fn named(name: &str) -> Result<Option<Self>, MappingError> {
        if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            return Self::parse(name, text).map(Some);
        }
        let Some(text) = file_text(name)? else {
            return Ok(None);
        };
        let table: toml::Table = toml::from_str(&text).unwrap_or_default();
        let is_list = table.contains_key("fact") || table.contains_key("family");
        is_list.then(|| Self::parse(name, &text)).transpose()
    }

    /// Reads a mapping; `name` is what errors call it.
    ///
    /// # Errors
    /// When the text is not TOML of a mapping's shape, or asks for what cannot be.
    pub fn parse(name: &str, text: &str) -> Result<Self, MappingError> {
        let mut mapping: Self = from_toml(name, text)?;
        for field in mapping.facts.iter_mut().flat_map(|f| f.fields.values_mut()) {
            if let FieldRule::Column(rule) = field {
                let values = std::mem::take(&mut rule.values);
                rule.values = values.into_iter().map(|(k, v)| (plain(&k), v)).collect();
            }
        }
        mapping.sense().map_err(|what| wrong(name, what))?;
        Ok(mapping)
    }

    /// The `source` of its events.
    #[must_use]
    pub fn source(&self) -> String {
        format!("/import/{}", self.name)
    }

    /// Every column that it reads. Nothing else of a file reaches an event.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<&str> {
        let mut columns: BTreeSet<&str> = self.entity.iter().map(String::as_str).collect();
        columns.extend(self.person.iter().map(String::as_str));
        columns.extend(self.area.looked_at());
        for fact in &self.facts {
            columns.extend(fact.columns());
        }
        columns
    }

    /// The columns that are read as dates or times: numbers of people and spells may look like dates, and are none.
    #[must_use]
    pub fn date_columns(&self) -> BTreeSet<&str> {
        self.facts.iter().flat_map(FactRule::date_columns).collect()
    }

    /// Whether a fact's time is that of no other fact, but for those among which a column chooses: then it says by itself that
    /// one of them happened.
    #[must_use]
    pub fn has_own_time(&self, fact: &FactRule) -> bool {
        let others = self.facts.iter().filter(|other| other.name != fact.name);
        let mut others =
            others.filter(|other| other.time.iter().any(|c| fact.time.iter().any(|t| t == c)));
        others.all(|other| fact.when.is_some() && other.chosen_by() == fact.chosen_by())
    }

    /// Whether any fact is chosen by a text in a column.
    #[must_use]
    pub fn chooses(&self, column: &str, text: &str) -> bool {
        let when = self.facts.iter().filter_map(|fact| fact.when.as_ref());
        let mut when = when.filter(|when| when.column == column);
        when.any(|when| when.holds(text))
    }

    /// Whether a fault is expected.
    #[must_use]
    pub fn knows(&self, kind: &str, column: &str) -> bool {
        self.known.contains(kind) || self.known.contains(&format!("{kind}:{column}"))
    }
}
