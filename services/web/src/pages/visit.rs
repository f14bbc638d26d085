//! Who reads, about which place and time: what every page begins with.

use super::address::{Address, DONE};
use crate::door::Shared;
use crate::door::auth::Caller;
use crate::door::fields::fields;
use crate::door::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use joinedup_application::app::App;
use joinedup_application::charts::{self, ChartRequest, PARAMETERS, QuestionError};
use joinedup_application::config::Role;
use joinedup_application::overview::{Overview, overview, overview_of};
use joinedup_events::area::AreaKind;
use joinedup_events::{Area, AreaId, local};
use joinedup_projector::Views;
use joinedup_views::ask::AskError;
use joinedup_views::catalogue::Node;
use joinedup_views::catalogue::model::Population;
use joinedup_views::measure::Measure;
use joinedup_views::period::Grain;
use joinedup_views::suppression::Audience;
use maud::Markup;
use std::sync::Arc;

/// Parameters of a chart's page that are not part of the question.
const OF_PAGE: [&str; 3] = ["measure", "split", "audience"];

/// What a page is told of its reader and its address.
#[derive(Clone)]
pub struct Visit {
    /// The program's parts.
    pub app: App,
    /// Who reads.
    pub caller: Caller,
    /// The page's own address.
    pub address: Address,
    /// What was saved a moment ago: said once, and in none of the page's links and forms.
    pub done: Option<String>,
    /// The place.
    pub area: AreaId,
    /// The present instant, the same for the whole page.
    pub now: DateTime<Utc>,
    /// The logic model's nodes in the words for the people that the address asks for; none: in its own words.
    words: Option<Arc<Vec<Node>>>,
}

impl FromRequestParts<Shared> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Problem> {
        let caller = parts
            .extensions
            .get::<Caller>()
            .cloned()
            .ok_or_else(Problem::unauthorized)?;
        let pairs = fields(parts.uri.query().unwrap_or_default().as_bytes());
        let address = Address::of(parts.uri.path(), &pairs);
        Self::at(shared.app.clone(), caller, address)
    }
}

impl Visit {
    /// A reader at an address.
    ///
    /// # Errors
    /// 404 when the address names an area that is not registered, or this process has no views.
    pub fn at(app: App, caller: Caller, address: Address) -> Result<Self, Problem> {
        charts::views(&app)?;
        let done = address.get(DONE).map(ToOwned::to_owned);
        let address = address.without(&[DONE]);
        let area = match address.get("area") {
            Some(code) => charts::area(&app, code)?,
            None => match caller.first_area() {
                Some(own) => own.clone(),
                None => app
                    .home_area()
                    .ok_or_else(|| Problem::from(QuestionError::Ask(AskError::Area)))?,
            },
        };
        let now = app.now();
        let model = app.definitions.catalogue.model();
        // Of other people than were asked for numbers would mislead.
        if let Some(people) = address.get("numbers").filter(|people| !people.is_empty())
            && model.population(people).is_none()
        {
            return Err(Problem::not_found(
                "There are no numbers of these people: choose from the list",
            ));
        }
        let words = address.get("population").map(|population| {
            let words = model.nodes_for(population).map(Arc::new);
            words.ok_or_else(|| {
                Problem::not_found(
                    "The logic model has no words for these people: choose from the list",
                )
            })
        });
        let words = words.transpose()?;
        Ok(Self {
            words,
            app,
            caller,
            address,
            done,
            area,
            now,
        })
    }

    /// Makes a page of it in its turn, away from the threads that serve connections.
    ///
    /// # Errors
    /// What the page says, or 503 when it could not be made.
    pub async fn render(
        self,
        page: impl FnOnce(&Self) -> Result<Markup, Problem> + Send + 'static,
    ) -> Result<Response, Problem> {
        let turns = self.app.turns.clone();
        let made = turns.work(move || page(&self)).await?;
        made.map(IntoResponse::into_response)
    }

    /// The question that the address asks about a measure: without what only the page itself reads, and without a period
    /// that is another measure's.
    ///
    /// # Errors
    /// 400 for a parameter that makes no sense.
    pub fn question(&self, measure: &Measure) -> Result<ChartRequest, Problem> {
        let pairs = self.address.pairs().iter();
        let pairs = pairs.filter(|(name, _)| !OF_PAGE.contains(&name.as_str()));
        let pairs: Vec<(String, String)> = pairs.cloned().collect();
        let area = self.area.as_str();
        let request = ChartRequest::from_parameters(measure.id.as_str(), &pairs, area)?;
        Ok(ChartRequest {
            period: request
                .period
                .filter(|grain| self.lengths(measure).any(|g| g == *grain)),
            ..request
        })
    }

    /// The names of the address by which the chart is filtered.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        let names = self.address.pairs().iter().map(|(name, _)| name.as_str());
        names.filter(|name| !OF_PAGE.contains(name) && !PARAMETERS.contains(name))
    }

    /// The lengths of period by which this visitor may see a measure.
    pub fn lengths<'a>(&self, measure: &'a Measure) -> impl Iterator<Item = Grain> + use<'a> {
        let audience = self.audience();
        let all = Grain::ALL.iter().copied();
        all.filter(move |grain| measure.allows(*grain) && audience.sees(measure, *grain))
    }

    /// The same visit without some parameters in its address.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let address = self.address.clone().without(names);
        Self {
            address,
            ..self.clone()
        }
    }

    /// The same visit to another place.
    #[must_use]
    pub fn to_place(&self, area: AreaId) -> Self {
        Self {
            area,
            ..self.clone()
        }
    }

    /// The same visit to another page.
    #[must_use]
    pub fn elsewhere(&self, path: String) -> Self {
        let address = self.address.elsewhere(path);
        Self {
            address,
            ..self.clone()
        }
    }

    /// The nodes of the logic model, in the words for the people that the address asks for.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        let own = self.app.definitions.catalogue.model().nodes();
        self.words.as_ref().map_or(own, |words| words.as_slice())
    }

    /// The views.
    ///
    /// # Errors
    /// 404 when this process has none.
    pub fn views(&self) -> Result<&Views, Problem> {
        Ok(charts::views(&self.app)?)
    }

    /// Every chart of the place and of its parts, in a line each.
    #[must_use]
    pub fn overview(&self) -> Arc<Overview> {
        // A reader is only made where there are views.
        overview(&self.app, &self.area, self.audience()).unwrap_or_default()
    }

    /// The same of the people of one population alone.
    #[must_use]
    pub fn overview_of(&self, people: Option<&Population>) -> Arc<Overview> {
        let people = people.map(|people| people.id.as_str());
        overview_of(&self.app, &self.area, self.audience(), people).unwrap_or_default()
    }

    /// The place's entry in the register.
    #[must_use]
    pub fn place(&self) -> Option<&Area> {
        self.app.definitions.areas.get(self.area.as_str())
    }

    /// The name of an area.
    #[must_use]
    pub fn title_of(&self, area: &str) -> String {
        self.app
            .definitions
            .areas
            .get(area)
            .map_or_else(|| area.to_owned(), |a| a.title.clone())
    }

    /// The parts of the place, by name: what is directly within it.
    #[must_use]
    pub fn parts(&self) -> Vec<AreaId> {
        let mut parts = self.app.definitions.areas.children(&self.area).to_vec();
        parts.sort_by_key(|id| self.title_of(id.as_str()));
        parts
    }

    /// What the reader may see.
    #[must_use]
    pub fn audience(&self) -> Audience {
        self.caller.audience_of(self.area.as_str())
    }

    /// Today's local date.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        local::date(self.now)
    }

    /// Whether the reader may record ratings, changes and decisions of the place in this process.
    #[must_use]
    pub fn may_decide(&self) -> bool {
        self.may_decide_in(&self.area)
    }

    /// The same of another area: what a page shows may be of a part of its place, and no form is offered whose answer would
    /// be that the area is not the reader's.
    #[must_use]
    pub fn may_decide_in(&self, area: &AreaId) -> bool {
        let may = self.caller.has(Role::Assessor) && self.app.publisher.is_some();
        may && self.caller.covers(area.as_str())
    }
}

/// A kind of area, in the plural.
#[must_use]
pub const fn kinds(kind: AreaKind) -> &'static str {
    match kind {
        AreaKind::Country => "Countries",
        AreaKind::Region => "Regions",
        AreaKind::Icb => "Integrated care boards",
        AreaKind::County => "Counties",
        AreaKind::Unitary => "Unitary councils",
        AreaKind::Commissioner => "Commissioners",
        AreaKind::Locality => "Localities",
        AreaKind::Neighbourhood => "Neighbourhoods",
        AreaKind::Trust => "Trusts",
        AreaKind::Hospital => "Hospitals",
        AreaKind::Other => "Other places",
    }
}
