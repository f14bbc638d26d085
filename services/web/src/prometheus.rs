//! `/prometheus/api/v1/…`: the part of Prometheus's API that its clients read with, over event time. Errors have
//! Prometheus's form here, because its clients show it.

mod listing;
mod parameters;
mod refusal;

use crate::door::auth::Caller;
use crate::door::{Shared, body};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router, middleware};
use joinedup_application::app::App;
use joinedup_application::config::Role;
use joinedup_exposition::event_time;
use joinedup_promql::answer;
use joinedup_promql::eval::Question;
use joinedup_promql::plan::plan;
use joinedup_promql::time;
use joinedup_promql::tree::Kind;
use joinedup_views::suppression::Audience;
use parameters::Parameters;
use refusal::Refused;
use std::time::{Duration, Instant};

/// How long a query may take.
const WITHIN: Duration = Duration::from_secs(10);
/// The most instants of a query over a range, which is Prometheus's own bound.
const MAX_INSTANTS: i64 = 11_000;

/// The routes.
pub fn routes(shared: &Shared) -> Router<Shared> {
    let api = Router::new()
        .route("/query", get(query).post(query))
        .route("/query_range", get(query_range).post(query_range))
        .route("/query_exemplars", get(exemplars).post(exemplars))
        .route("/labels", get(labels).post(labels))
        .route("/label/{name}/values", get(values))
        .route("/series", get(series).post(series))
        .route("/metadata", get(metadata))
        .route("/status/buildinfo", get(build))
        .route("/{*call}", any(other))
        .method_not_allowed_fallback(|| async { Refused::method() })
        .layer(middleware::from_fn_with_state(shared.clone(), body::whole))
        .layer(middleware::from_fn(readers));
    Router::new().nest("/prometheus/api/v1", api)
}

/// Asks for the role, before a body is read and in the form that clients of Prometheus show.
async fn readers(
    Extension(caller): Extension<Caller>,
    request: axum::extract::Request,
    next: Next,
) -> Result<Response, Refused> {
    caller.must(Role::Reader).map_err(|_| Refused::role())?;
    Ok(next.run(request).await)
}

/// What every handler is given.
type Asking = (
    State<App>,
    Extension<Caller>,
    Method,
    RawQuery,
    HeaderMap,
    Bytes,
);

/// A question: who asks, and what.
struct Request {
    app: App,
    audience: Audience,
    parameters: Parameters,
}

impl Request {
    fn of(
        (State(app), Extension(caller), method, RawQuery(query), headers, body): Asking,
        call: &'static str,
        known: &'static [&'static str],
    ) -> Result<Self, Refused> {
        let body = if method == Method::POST { &*body } else { &[] };
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok());
        let parameters = Parameters::read(call, known, query.as_deref(), kind, body)?;
        Ok(Self {
            audience: caller.audience_everywhere(),
            app,
            parameters,
        })
    }

    /// Works out an answer on a thread of its own, when it is its turn.
    async fn answer(
        self,
        work: impl FnOnce(&Self) -> Result<String, Refused> + Send + 'static,
    ) -> Result<Response, Refused> {
        let turns = self.app.turns.clone();
        let data = turns.work(move || work(&self)).await??;
        Ok(success(data))
    }
}

fn success(data: String) -> Response {
    let body = format!("{{\"status\":\"success\",{data}}}");
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

async fn query(asking: Asking) -> Result<Response, Refused> {
    let known = &[
        "query",
        "time",
        "timeout",
        "lookback_delta",
        "stats",
        "limit",
    ];
    let request = Request::of(asking, "query", known)?;
    request
        .answer(|request| {
            let parameters = &request.parameters;
            let at = parameters.instant("time")?;
            let at = at.unwrap_or_else(|| request.app.now().timestamp_millis());
            let plan = plan(parameters.required("query")?)?;
            let value = evaluate(request, &plan, vec![at])?;
            Ok(format!("\"data\":{}", answer::of_instant(&value, at)))
        })
        .await
}

async fn query_range(asking: Asking) -> Result<Response, Refused> {
    let known = &[
        "query",
        "start",
        "end",
        "step",
        "timeout",
        "lookback_delta",
        "stats",
        "limit",
    ];
    let request = Request::of(asking, "query_range", known)?;
    request
        .answer(|request| {
            let instants = instants(&request.parameters)?;
            let plan = plan(request.parameters.required("query")?)?;
            if !matches!(plan.root.kind(), Kind::Scalar | Kind::Vector) {
                return Err(Refused::bad(
                    "invalid parameter \"query\": a query over a range must be a number or an instant vector",
                ));
            }
            let value = evaluate(request, &plan, instants.clone())?;
            Ok(format!("\"data\":{}", answer::of_range(&value, &instants)))
        })
        .await
}

/// The instants from `start` to `end`.
fn instants(parameters: &Parameters) -> Result<Vec<i64>, Refused> {
    let required = |name: &str| {
        parameters.required(name)?;
        parameters.instant(name)
    };
    let start = required("start")?.unwrap_or_default();
    let end = required("end")?.unwrap_or_default();
    if end < start {
        return Err(Refused::bad(
            "invalid parameter \"end\": end timestamp must not be before start time",
        ));
    }
    let text = parameters.required("step")?;
    let step = time::duration_or_seconds(text).ok_or_else(|| {
        Refused::bad("invalid parameter \"step\": it must be a duration such as 1d, or seconds")
    })?;
    if step <= 0 {
        return Err(Refused::bad(
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer",
        ));
    }
    if (end - start) / step > MAX_INSTANTS {
        return Err(Refused::bad(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ));
    }
    let count = (end - start) / step;
    Ok((0..=count).map(|n| start + n * step).collect())
}

fn evaluate(
    request: &Request,
    plan: &joinedup_promql::tree::Plan,
    instants: Vec<i64>,
) -> Result<joinedup_promql::eval::Value, Refused> {
    let began = Instant::now();
    let parameters = &request.parameters;
    for name in ["stats", "limit"] {
        if parameters.one(name)?.is_some() {
            let text = format!("the parameter `{name}` is not answered here: leave it out");
            return Err(Refused::bad(text));
        }
    }
    let positive = |name: &'static str| match parameters.one(name)? {
        None => Ok(None),
        Some(text) => match time::duration_or_seconds(text).filter(|ms| *ms > 0) {
            Some(ms) => Ok(Some(ms)),
            None => Err(Refused::bad(format!(
                "invalid parameter \"{name}\": it must be a duration such as 30s, or seconds"
            ))),
        },
    };
    let lookback = positive("lookback_delta")?;
    let within = positive("timeout")?
        .and_then(|ms| u64::try_from(ms).ok())
        .map_or(WITHIN, |ms| WITHIN.min(Duration::from_millis(ms)));
    let found = if plan.selectors.is_empty() {
        Vec::new()
    } else {
        event_time::known(&plan.selectors)?;
        event_time::select(&request.app, request.audience, &plan.selectors)?
    };
    let question = Question {
        instants,
        lookback,
        selectors: &plan.selectors,
        found: &found,
        clock: (began, within),
    };
    Ok(question.answer(&plan.root)?)
}

async fn exemplars(asking: Asking) -> Result<Response, Refused> {
    let request = Request::of(asking, "query_exemplars", &["query", "start", "end"])?;
    plan(request.parameters.required("query")?)?;
    Ok(success("\"data\":[]".to_owned()))
}

async fn labels(asking: Asking) -> Result<Response, Refused> {
    let request = Request::of(asking, "labels", &["match[]", "start", "end", "limit"])?;
    request.answer(listing::labels).await
}

async fn values(Path(name): Path<String>, asking: Asking) -> Result<Response, Refused> {
    let request = Request::of(
        asking,
        "label values",
        &["match[]", "start", "end", "limit"],
    )?;
    request
        .answer(move |request| listing::values(request, &name))
        .await
}

async fn series(asking: Asking) -> Result<Response, Refused> {
    let request = Request::of(asking, "series", &["match[]", "start", "end", "limit"])?;
    request.answer(listing::series).await
}

async fn metadata(asking: Asking) -> Result<Response, Refused> {
    let request = Request::of(asking, "metadata", &["metric", "limit", "limit_per_metric"])?;
    listing::metadata(&request.parameters).map(success)
}

async fn build(asking: Asking) -> Result<Response, Refused> {
    Request::of(asking, "status/buildinfo", &[])?;
    let data = serde_json::json!({
        "application": "joinedup",
        // Whose API and whose PromQL this is a part of.
        "version": "3.0.0",
        "revision": format!(
            "joinedup-{}-{}",
            env!("CARGO_PKG_VERSION"),
            option_env!("JOINEDUP_REVISION").unwrap_or("unknown")
        ),
        "branch": "joinedup",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    Ok(success(format!("\"data\":{data}")))
}

async fn other(Path(call): Path<String>) -> Refused {
    Refused::call(&call)
}
