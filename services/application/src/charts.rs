//! The application's door to charts: reads a question from an address, takes the view's lock for no longer than it
//! must, and asks `joinedup_views::ask`, which makes every answer.

use crate::app::App;
use crate::discoveries::discoveries;
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_events::{AreaId, local};
use joinedup_projector::Views;
use joinedup_views::Filter;
pub use joinedup_views::ask::Answer;
use joinedup_views::ask::{AskError, Basis, Edition, Question, Span, ask as ask_view};
use joinedup_views::measure::{ChartKind, Measure};
use joinedup_views::period::Grain;
use joinedup_views::quantity::{POPULATION, with_marks};
use joinedup_views::suppression::Audience;
use std::collections::BTreeSet;

/// Why a question has no answer here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// This process projects nothing.
    #[error("This process has no views; ask the one that projects")]
    NoViews,
    /// A parameter of the address is wrong.
    #[error("`{name}` {rule}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What it must be.
        rule: &'static str,
    },
    /// The question itself.
    #[error(transparent)]
    Ask(#[from] AskError),
}

/// A question for a chart.
#[derive(Clone, Debug)]
pub struct ChartRequest {
    /// The measure.
    pub measure: String,
    /// The area.
    pub area: String,
    /// The length of the periods, where not the measure's own.
    pub period: Option<Grain>,
    /// First date.
    pub from: Option<NaiveDate>,
    /// Last date.
    pub to: Option<NaiveDate>,
    /// The chart as it was known at this instant.
    pub as_known_at: Option<DateTime<Utc>>,
    /// How it is drawn, where not as the measure says.
    pub kind: Option<ChartKind>,
    /// Dimensions and values.
    pub filter: Filter,
}

/// The parameters of a question that are not dimensions.
pub const PARAMETERS: [&str; 6] = ["area", "period", "from", "to", "as_known_at", "chart"];

impl ChartRequest {
    /// A measure in an area, all else as usual.
    #[must_use]
    pub fn new(measure: &str, area: &str) -> Self {
        Self {
            measure: measure.into(),
            area: area.into(),
            period: None,
            from: None,
            to: None,
            as_known_at: None,
            kind: None,
            filter: Filter::default(),
        }
    }

    /// The same of the people of one population alone, where one is named.
    #[must_use]
    pub fn of_people(self, people: Option<&str>) -> Self {
        let filter = people.map(|people| Filter::one(POPULATION, people));
        Self {
            filter: filter.unwrap_or(self.filter),
            ..self
        }
    }

    /// Reads the parameters of an address. What is not a parameter of ours is a dimension: `responsible=nhs`.
    ///
    /// # Errors
    /// A sentence that names the parameter.
    pub fn from_parameters(
        measure: &str,
        parameters: &[(String, String)],
        home: &str,
    ) -> Result<Self, QuestionError> {
        let mut request = Self::new(measure, home);
        for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
            let wrong = |rule| QuestionError::Parameter {
                name: name.clone(),
                rule,
            };
            let date = || {
                value
                    .parse()
                    .map_err(|_| wrong("must be a date such as 2026-11-22"))
            };
            match name.as_str() {
                "area" => request.area.clone_from(value),
                "period" => {
                    let grain = Grain::from_code(value);
                    request.period = Some(
                        grain.ok_or_else(|| wrong("must be day, week, month, quarter or year"))?,
                    );
                }
                "from" => request.from = Some(date()?),
                "to" => request.to = Some(date()?),
                "as_known_at" => {
                    request.as_known_at = Some(instant(value).ok_or_else(|| {
                        wrong("must be a date or an instant such as 2026-11-22T09:00:00Z")
                    })?)
                }
                "chart" => {
                    let kind = serde_json::from_value(serde_json::Value::String(value.clone()));
                    request.kind = Some(kind.map_err(|_| wrong("must be run, xmr or auto"))?);
                }
                dimension => {
                    let values: BTreeSet<String> =
                        value.split(',').map(ToOwned::to_owned).collect();
                    request
                        .filter
                        .0
                        .entry(dimension.to_owned())
                        .or_default()
                        .extend(values);
                }
            }
        }
        Ok(request)
    }
}

/// An instant, or the end of a local date.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(local::midnight(date.succ_opt()?));
    }
    // In an address a plus sign may have become a space.
    text.replace(' ', "+").parse().ok()
}

/// Answers a question about one area.
///
/// # Errors
/// When this process has no views, or the question has no answer.
pub fn ask(app: &App, request: &ChartRequest, audience: Audience) -> Result<Answer, QuestionError> {
    let area = area(app, &request.area)?;
    let mut answers = ask_many(app, request, &[area], audience)?;
    // A question about one known area has one answer.
    answers.pop().ok_or(QuestionError::Ask(AskError::Area))
}

/// Answers a question about several areas, all of one moment. The request's own area is not looked at.
///
/// # Errors
/// As [`ask`].
pub fn ask_many(
    app: &App,
    request: &ChartRequest,
    areas: &[AreaId],
    audience: Audience,
) -> Result<Vec<Answer>, QuestionError> {
    let definitions = app.definitions.for_asking();
    let measure = definitions.measures.get(&request.measure);
    let measure = measure.ok_or(AskError::Measure)?;
    let question = Question {
        span: Span::Periods {
            grain: request.period,
            from: request.from,
            to: request.to,
        },
        filter: &request.filter,
        kind: request.kind,
        among: is_of_now(request)
            .then(|| discoveries(app, audience))
            .flatten(),
        ..Question::new(&request.measure, areas, audience, app.now())
    };
    let views = views(app)?;
    let edition = app.edition(audience);
    let answers = match request.as_known_at.map(|at| match audience {
        Audience::Operations => at,
        Audience::Public | Audience::Neighbours => {
            Edition::known_at(edition.as_deref(), at, app.now())
        }
    }) {
        None => views.read(|view| {
            ask_view(
                &Basis::of(view, definitions.expectations, edition, [measure]),
                &definitions,
                &question,
            )
        }),
        Some(at) => {
            let known = views.known_at(&quantities(measure), at);
            let basis = views.read(|view| {
                Basis::as_known_at(view, definitions.expectations, [measure], at, known)
            });
            ask_view(&basis, &definitions, &question)
        }
    };
    Ok(answers?)
}

/// Whether a chart is one of those that are looked at every day, among which chance marks some. One of the past or of a part
/// of the people is looked at alone.
fn is_of_now(request: &ChartRequest) -> bool {
    request.as_known_at.is_none() && request.filter.0.is_empty()
}

/// The quantities that a measure is made of, with the marks that their publishers set.
fn quantities(measure: &Measure) -> Vec<String> {
    std::iter::once(measure.quantity.as_str())
        .chain(measure.over.as_deref())
        .flat_map(with_marks)
        .collect()
}

/// The area of a code.
///
/// # Errors
/// When it is not registered.
pub fn area(app: &App, code: &str) -> Result<AreaId, QuestionError> {
    let area = AreaId::new(code).map_err(|_| AskError::Area)?;
    let known = app.definitions.areas.get(area.as_str());
    known.ok_or(AskError::Area)?;
    Ok(area)
}

/// The views of this process.
///
/// # Errors
/// When it has none.
pub fn views(app: &App) -> Result<&Views, QuestionError> {
    app.views.as_ref().ok_or(QuestionError::NoViews)
}
