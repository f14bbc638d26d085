//! What can be asked of the API: every operation with its parameters, its body and its answer.

use super::problems::{
    BAD, CONFLICT, FORBIDDEN, FULL, MEDIA_TYPE, NOT_BUILT, REFUSED, STRANGER, UNAVAILABLE, UNKNOWN,
};
use super::schemas::{Schemas, event};
use crate::{answer, parameter, request};
use joinedup_application::waiting::Waiting;
use joinedup_views::ask::Answer as Chart;
use serde_json::{Value, json};

/// Who may ask. A test holds it against the list that the door asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Nobody,
    Any,
    Reader,
    Publisher,
    Assessor,
    Operator,
    Admin,
}

impl Role {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Nobody => "Open to everybody.",
            Self::Any => "Any role will do.",
            Self::Reader => "Needs the role `reader`.",
            Self::Publisher => "Needs the role `publisher`.",
            Self::Assessor => "Needs the role `assessor`.",
            Self::Operator => "Needs the role `operator`.",
            Self::Admin => "Needs the role `admin`.",
        }
    }
}

/// A body in one media type.
pub struct Part {
    pub media_type: &'static str,
    pub schema: Value,
}

/// The answer when all is well.
pub struct Answer {
    pub status: &'static str,
    pub what: &'static str,
    pub parts: Vec<Part>,
}

/// One operation.
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    /// Which part of the API it belongs to.
    pub tag: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    pub role: Role,
    pub parameters: Vec<Value>,
    pub body: Option<Vec<Part>>,
    pub answer: Answer,
    more: &'static [usize],
}

const JSON: &str = "application/json";
const PARQUET: &str = "application/vnd.apache.parquet";

impl Operation {
    fn new(
        method: &'static str,
        path: &'static str,
        id: &'static str,
        role: Role,
        summary: &'static str,
    ) -> Self {
        let answer = Answer {
            status: "200",
            what: "The answer.",
            parts: Vec::new(),
        };
        Self {
            method,
            path,
            id,
            tag: "",
            summary,
            description: "",
            role,
            parameters: Vec::new(),
            body: None,
            answer,
            more: &[],
        }
    }

    fn get(path: &'static str, id: &'static str, role: Role, summary: &'static str) -> Self {
        Self::new("get", path, id, role, summary)
    }

    fn post(path: &'static str, id: &'static str, role: Role, summary: &'static str) -> Self {
        Self::new("post", path, id, role, summary)
    }

    fn saying(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    fn with(mut self, parameters: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    fn sending(mut self, parts: Vec<Part>) -> Self {
        self.body = Some(parts);
        self
    }

    fn answering(self, schema: Value) -> Self {
        self.answering_in(JSON, schema)
    }

    fn answering_in(mut self, media_type: &'static str, schema: Value) -> Self {
        self.answer.parts.push(Part { media_type, schema });
        self
    }

    fn created(mut self, status: &'static str, what: &'static str) -> Self {
        (self.answer.status, self.answer.what) = (status, what);
        self
    }

    fn failing(mut self, problems: &'static [usize]) -> Self {
        self.more = problems;
        self
    }

    /// The problems that it may be answered with, as indices of [`super::problems::PROBLEMS`].
    pub fn problems(&self) -> Vec<usize> {
        let mut all = match self.role {
            Role::Nobody => Vec::new(),
            Role::Any => vec![STRANGER],
            _ => vec![STRANGER, FORBIDDEN],
        };
        all.extend(self.more);
        if self.path.contains('{') && !all.contains(&UNKNOWN) {
            all.push(UNKNOWN);
        }
        all.sort_unstable();
        all
    }
}

fn binary() -> Value {
    json!({ "type": "string", "format": "binary" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn in_path(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema })
}

fn in_query(name: &str, description: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

fn idempotency_key() -> Value {
    json!({ "name": "Idempotency-Key", "in": "header", "description": "The same write sent again with the same key is answered as before.", "schema": { "type": "string", "minLength": 1, "maxLength": 255 } })
}

fn of_area() -> Value {
    in_query(
        "area",
        "The code of an area of the register; the home area unless given.",
        text(),
    )
}

fn period() -> Value {
    let periods = ["day", "week", "month", "quarter", "year"];
    in_query(
        "period",
        "Length of the periods, where not the measure's own.",
        json!({ "type": "string", "enum": periods }),
    )
}

/// What a chart is asked with, in whichever form.
fn of_chart() -> Vec<Value> {
    let date = || json!({ "type": "string", "format": "date" });
    vec![
        in_path("measure", "The id of a measure.", text()),
        of_area(),
        period(),
        in_query("from", "First date.", date()),
        in_query("to", "Last date.", date()),
        in_query(
            "as_known_at",
            "The chart as it was known at this instant, or at the end of this date.",
            text(),
        ),
        in_query(
            "chart",
            "How it is drawn, where not as the measure says.",
            json!({ "type": "string", "enum": ["run", "xmr", "auto"] }),
        ),
        audience(),
        json!({
            "name": "dimensions", "in": "query", "style": "form", "explode": true,
            "description": "Any dimension of the measure with one or more values, such as `responsible=nhs` or `reason=a,b`.",
            "schema": { "type": "object", "additionalProperties": { "type": "string" } },
        }),
    ]
}

fn audience() -> Value {
    in_query(
        "audience",
        "`public`: as everybody sees it, also for an operator.",
        json!({ "type": "string", "enum": ["public"] }),
    )
}

/// All of them.
pub fn all(schemas: &mut Schemas) -> Vec<Operation> {
    let parts = [
        ("events", events(schemas)),
        ("charts", charts(schemas)),
        ("decisions", decisions(schemas)),
        ("running", running(schemas)),
    ];
    let tagged = |(tag, operations): (&'static str, Vec<Operation>)| {
        let operations = operations.into_iter();
        operations.map(move |operation| Operation { tag, ..operation })
    };
    parts.into_iter().flat_map(tagged).collect()
}

fn events(schemas: &mut Schemas) -> Vec<Operation> {
    vec![
        Operation::post("/api/v1/events", "publishEvents", Role::Publisher, "Publish CloudEvents")
            .saying("A list of CloudEvents, at most 1,000 and 1 MiB; one alone is also taken in structured mode (`application/cloudevents+json`) and in binary mode (`ce-` headers). All of a request is stored, or nothing of it when one event is refused. The answer comes when the events are durable. Where one contradicts another, or what is known of the same entity, it is stored, and `warnings` names it by its index and kind, never by a value. Assessments and changes need the role `assessor` instead.")
            .with([idempotency_key(), json!({ "name": "Prefer", "in": "header", "description": "`handling=lenient`: events that break a rule are left out and counted, and the others are stored.", "schema": text() }), json!({ "name": "If-Match", "in": "header", "description": "For one event: store it only if the last event on its subject stands at this position, in quotes.", "schema": text() })])
            .sending(vec![Part { media_type: "application/cloudevents-batch+json", schema: json!({ "type": "array", "items": event() }) }])
            .created("202", "The events are durable.")
            .answering(schemas.answer::<answer::Published>())
            .failing(&[BAD, CONFLICT, MEDIA_TYPE, REFUSED, UNAVAILABLE, FULL]),
        Operation::get("/api/v1/events/{position}", "readEvent", Role::Operator, "One event as it was written")
            .with([in_path("position", "Where it stands in the log.", json!({ "type": "integer", "minimum": 1 }))])
            .answering(schemas.answer::<answer::StoredEvent>())
            .failing(&[BAD]),
        Operation::get("/api/v1/entities/{family}/{id}", "readEntity", Role::Operator, "What is known of one entity")
            .with([
                in_path("family", "transfer, referral, assessment, experience, change or observation.", text()),
                in_path("id", "The random id; it may hold slashes.", text()),
            ])
            .answering(schemas.answer::<answer::Entity>())
            .failing(&[BAD]),
    ]
}

fn charts(schemas: &mut Schemas) -> Vec<Operation> {
    let chart = |suffix: &'static str, id, what| {
        Operation::get(suffix, id, Role::Reader, what)
            .with(of_chart())
            .failing(&[BAD])
    };
    vec![
        Operation::get("/api/v1/measures", "listMeasures", Role::Reader, "All measures").answering(schemas.answer::<answer::Measures>()),
        Operation::get("/api/v1/measures/{id}", "readMeasure", Role::Reader, "One measure, explained")
            .with([in_path("id", "The id of a measure.", text())])
            .answering(schemas.answer::<answer::Measure>()),
        Operation::get("/api/v1/areas", "listAreas", Role::Reader, "The register of areas").answering(schemas.answer::<answer::Areas>()),
        chart("/api/v1/charts/{measure}", "readChart", "A chart").answering(schemas.answer::<Chart>()),
        chart("/api/v1/charts/{measure}.csv", "readChartAsCsv", "A chart's points as a table").answering_in("text/csv", text()),
        chart("/api/v1/charts/{measure}.parquet", "readChartAsParquet", "A chart's points as a table in Parquet")
            .saying("With dates as dates, and the state of each point, so that suppressed and missing are told apart; for whom and as of when is in the file's metadata. Needs a program built with the feature `parquet`.")
            .answering_in(PARQUET, binary())
            .failing(&[BAD, NOT_BUILT]),
        chart("/api/v1/charts/{measure}.svg", "readChartAsSvg", "A chart as a drawing").answering_in("image/svg+xml", text()),
        chart("/api/v1/charts/{measure}.png", "readChartAsPng", "A chart as a picture").answering_in("image/png", binary()),
        Operation::get("/api/v1/charts/{measure}/trace", "traceChart", Role::Operator, "The entities behind one point")
            .with([
                in_path("measure", "The id of a measure.", text()),
                json!({ "name": "from", "in": "query", "required": true, "description": "A date of the period.", "schema": { "type": "string", "format": "date" } }),
                of_area(),
                period(),
            ])
            .answering(schemas.answer::<answer::Trace>())
            .failing(&[BAD]),
        Operation::get("/api/v1/funnel/{measure}", "readFunnel", Role::Reader, "Areas of different size side by side")
            .saying("Limits of 95 % and 99.8 %, by chance alone. It is not a league table.")
            .with([in_path("measure", "A measure that is a share, or counts events by people.", text())])
            .with(schemas.query::<parameter::OfFunnel>())
            .answering(schemas.answer::<answer::Funnel>())
            .failing(&[BAD]),
        Operation::get("/api/v1/scorecards", "listScorecards", Role::Reader, "All scorecards: named lists of measures")
            .answering(schemas.answer::<answer::Scorecards>()),
        Operation::get("/api/v1/scorecards/{id}", "readScorecard", Role::Reader, "One scorecard in a place: values, verdicts and what is missing")
            .with([in_path("id", "The id of a scorecard.", text())])
            .with(schemas.query::<parameter::OfPeople>())
            .answering(schemas.answer::<answer::ScorecardInPlace>())
            .failing(&[BAD]),
        Operation::get("/api/v1/scorecards/{id}.csv", "readScorecardAsCsv", Role::Reader, "One scorecard in a place as a table")
            .with([in_path("id", "The id of a scorecard.", text())])
            .with(schemas.query::<parameter::OfPeople>())
            .answering_in("text/csv", text())
            .failing(&[BAD]),
        Operation::get("/api/v1/outcomes", "readOutcomes", Role::Reader, "The logic model with what is known of an area")
            .saying("Every enabler, component, outcome and impact with its ratings (own and rolled up by the lower median, with the spread), its measures' latest verdicts, what feeds it and what it feeds.")
            .with(schemas.query::<parameter::OfPopulation>())
            .answering(schemas.answer::<answer::Outcomes>())
            .failing(&[BAD, UNKNOWN]),
        Operation::get("/api/v1/priorities", "readPriorities", Role::Reader, "What to work on first")
            .saying("Need × gap × outcomes that are not improving, with the arithmetic in a sentence. Where outcomes are heading is read in the area asked for.")
            .with(schemas.query::<parameter::OfFramework>())
            .answering(schemas.answer::<answer::Priorities>())
            .failing(&[BAD, UNKNOWN]),
    ]
}

fn decisions(schemas: &mut Schemas) -> Vec<Operation> {
    let json_body = |schema| {
        vec![Part {
            media_type: JSON,
            schema,
        }]
    };
    vec![
        Operation::get("/api/v1/assessments", "listAssessments", Role::Reader, "Ratings of an area and the areas within it")
            .saying("With `framework`, the items that the area itself has not rated are listed too, with version 0.")
            .with(schemas.query::<parameter::OfRatings>())
            .answering(schemas.answer::<answer::Assessments>())
            .failing(&[BAD, UNKNOWN]),
        Operation::post("/api/v1/assessments", "recordAssessment", Role::Assessor, "Propose, moderate, confirm, set an ambition, add evidence, tick a point, record a finding")
            .saying("`version` is the one that was read. When somebody else was first the answer is 409 with what stands now.")
            .with([idempotency_key()])
            .sending(json_body(schemas.request::<request::RatingRequest>()))
            .created("201", "Recorded.")
            .answering(schemas.answer::<answer::RecordedRating>())
            .failing(&[BAD, UNKNOWN, CONFLICT, REFUSED, UNAVAILABLE, FULL]),
        Operation::get("/api/v1/assessments/compare", "compareRounds", Role::Reader, "Two rounds compared")
            .with(schemas.query::<parameter::OfRounds>())
            .answering(schemas.answer::<answer::ComparedRounds>())
            .failing(&[BAD, UNKNOWN]),
        Operation::get("/api/v1/changes", "listChanges", Role::Reader, "Improvement changes and decisions about charts")
            .saying("A change that has begun is shown with its measures' points before, during and after, in words that claim no cause.")
            .with(schemas.query::<parameter::OfChanges>())
            .answering(schemas.answer::<answer::Changes>())
            .failing(&[BAD, UNKNOWN]),
        Operation::post("/api/v1/changes", "recordChange", Role::Assessor, "Plan, start, pause, study or finish a change, or undo its last step; set a target; propose, accept or decline a baseline; withdraw either")
            .saying("With `version`, the answer is 409 when somebody else was first.")
            .with([idempotency_key()])
            .sending(json_body(schemas.request::<request::ChangeRequest>()))
            .created("201", "Recorded.")
            .answering(schemas.answer::<answer::RecordedChange>())
            .failing(&[BAD, UNKNOWN, CONFLICT, REFUSED, UNAVAILABLE, FULL]),
        Operation::get("/api/v1/plan", "readPlan", Role::Reader, "The improvement plan, and where a place stands")
            .saying("Items of the area and the areas within it. `one_page` says what goes well, what is in the way, where the gaps are, and what became of the ambitions of a year ago.")
            .with(schemas.query::<parameter::OfArea>())
            .answering(schemas.answer::<answer::Plan>())
            .failing(&[BAD, UNKNOWN]),
        Operation::post("/api/v1/plan", "recordPlanItem", Role::Assessor, "Set an item of the plan, or record how far it is")
            .saying("With `version`, the answer is 409 when somebody else was first.")
            .with([idempotency_key()])
            .sending(json_body(schemas.request::<request::PlanRequest>()))
            .created("201", "Recorded.")
            .answering(schemas.answer::<answer::RecordedPlanItem>())
            .failing(&[BAD, UNKNOWN, CONFLICT, REFUSED, UNAVAILABLE, FULL]),
        Operation::get("/api/v1/checklists", "readChecklists", Role::Reader, "The checklists of a framework in an area, with signposts")
            .saying("A point is ticked at `/api/v1/assessments` with the action `tick`.")
            .with(schemas.query::<parameter::OfFramework>())
            .answering(schemas.answer::<answer::Checklists>())
            .failing(&[BAD, UNKNOWN]),
        Operation::get("/api/v1/findings", "listFindings", Role::Reader, "Findings of reviews in an area and the areas within it")
            .saying("A finding is recorded at `/api/v1/assessments` with the action `finding`; the pathway is its item.")
            .with(schemas.query::<parameter::OfArea>())
            .answering(schemas.answer::<answer::Findings>())
            .failing(&[BAD, UNKNOWN]),
        Operation::get("/api/v1/lenses", "listLenses", Role::Reader, "All lenses: ways to group measures, changes and ratings")
            .answering(schemas.answer::<answer::Lenses>()),
        Operation::get("/api/v1/lenses/{id}", "readLens", Role::Reader, "One lens in a place, with the holes named")
            .with([in_path("id", "The id of a lens.", text())])
            .with(schemas.query::<parameter::OfArea>())
            .answering(schemas.answer::<answer::LensInPlace>())
            .failing(&[BAD]),
        Operation::get("/api/v1/frameworks", "listFrameworks", Role::Reader, "All frameworks").answering(schemas.answer::<answer::Frameworks>()),
        Operation::get("/api/v1/frameworks/{id}", "readFramework", Role::Reader, "One framework with its items, scale and mappings")
            .with([in_path("id", "The id of a framework.", text())])
            .answering(schemas.answer::<answer::FrameworkWhole>()),
        Operation::get("/api/v1/waiting", "readWaiting", Role::Operator, "Who is waiting now")
            .with(schemas.query::<parameter::OfArea>())
            .answering(schemas.answer::<Waiting>())
            .failing(&[BAD, UNKNOWN]),
    ]
}

fn running(schemas: &mut Schemas) -> Vec<Operation> {
    let lines = "application/x-ndjson";
    let plain = "text/plain";
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    vec![
        Operation::get("/api/v1/feeds", "listFeeds", Role::Operator, "How the feeds that the server runs are doing")
            .saying("Counts are since the server started.")
            .answering(schemas.answer::<answer::Feeds>()),
        Operation::post("/api/v1/feeds/{name}", "sendFile", Role::Publisher, "Import a file through a feed that takes files so")
            .saying("A token that is bound to sources or areas must be for the feed's. The body is a table as CSV or XLSX, or FHIR resources where the feed takes those, of at most 1 MiB. FHIR is answered with an OperationOutcome (application/fhir+json), also with 422.")
            .with([
                in_path("name", "The feed.", text()),
                in_query("accept", "`large-change`: the list is whole, though much of the one before is gone.", json!({ "type": "string", "enum": ["large-change"] })),
            ])
            .sending(vec![Part { media_type: "text/csv", schema: text() }, Part { media_type: sheet, schema: binary() }, Part { media_type: "application/fhir+json", schema: json!({ "type": "object" }) }])
            .answering_in(plain, text())
            .failing(&[REFUSED, UNAVAILABLE]),
        Operation::get("/api/v1/contradictions", "listContradictions", Role::Reader, "Where the records of sources contradict each other")
            .saying("Such as a discharge before the admission or a retraction of something that was not reported, by source and kind; never a value of a person. What a later record resolves is gone. Operators see exact counts, of their own areas when they are bound to some.")
            .with([audience()])
            .answering(schemas.answer::<answer::Contradictions>())
            .failing(&[UNKNOWN]),
        Operation::get("/api/v1/quarantine", "listQuarantine", Role::Admin, "Events set aside, and why")
            .answering(schemas.answer::<answer::Quarantine>())
            .failing(&[UNKNOWN]),
        Operation::post("/api/v1/rebuild", "rebuildViews", Role::Admin, "Build the views again beside the ones in use")
            .answering(schemas.answer::<answer::Rebuilt>())
            .failing(&[UNKNOWN, UNAVAILABLE]),
        Operation::get("/api/v1/export/cells", "exportCells", Role::Admin, "What the views hold")
            .answering_in(plain, text())
            .failing(&[UNKNOWN, UNAVAILABLE]),
        Operation::get("/api/v1/export/cells.parquet", "exportCellsAsParquet", Role::Admin, "What the views hold, as a table in Parquet")
            .saying("A row for each cell, or for each value of a cell that is a histogram. Needs a program built with the feature `parquet`.")
            .answering_in(PARQUET, binary())
            .failing(&[UNKNOWN, NOT_BUILT, UNAVAILABLE]),
        Operation::get("/api/v1/export/facts.parquet", "exportFactsAsParquet", Role::Admin, "The facts of the log, as a table in Parquet")
            .saying("A row for each event that can be read. Needs a program built with the feature `parquet`.")
            .with([in_query("after", "Events after this position.", json!({ "type": "integer", "minimum": 0 }))])
            .answering_in(PARQUET, binary())
            .failing(&[BAD, NOT_BUILT, UNAVAILABLE]),
        Operation::get("/api/v1/export/events", "exportEvents", Role::Admin, "The log as an archive")
            .saying("The header `joinedup-log` names the log that it was made from: an archive is continued from the same log only.")
            .with([
                in_query("after", "Events after this position.", json!({ "type": "integer", "minimum": 0 })),
                in_query("continues", "The hash of the last line of the archive that this one continues.", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })),
                in_query("prev", "The hash of the line before that one. With it the log must still have the event of that last line.", json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })),
            ])
            .answering_in(lines, text())
            .failing(&[BAD, CONFLICT, UNAVAILABLE]),
        Operation::get("/api/v1/audit", "readAudit", Role::Admin, "The audit log, by pages")
            .saying("One JSON object a line, from the first on; the next page is asked for with the last `n` as `after`.")
            .with([
                in_query("after", "Lines after this one.", json!({ "type": "integer", "minimum": 0 })),
                in_query("limit", "How many lines at most.", json!({ "type": "integer", "minimum": 1, "maximum": 1000 })),
            ])
            .answering_in(lines, text())
            .failing(&[BAD, UNKNOWN, UNAVAILABLE]),
        Operation::get("/api/v1/stream", "stream", Role::Any, "A word whenever the views have moved")
            .saying("Server-sent events `hello`, `moved` and `heartbeat`, without any number of a measure.")
            .answering_in("text/event-stream", text())
            .failing(&[UNKNOWN]),
        Operation::get("/api/v1/openapi.json", "readDescription", Role::Any, "This document").answering(json!({ "type": "object" })),
        Operation::get("/livez", "live", Role::Nobody, "The process is alive").answering_in(plain, text()),
        Operation::get("/readyz", "ready", Role::Nobody, "The views are at the head of the log and saved, and the log answers, takes events and is whole")
            .with([in_query("verbose", "Every check in a line, for who asks on the server's own machine, and for operators and admins of all areas; others are told the one word.", text())])
            .answering_in(plain, text())
            .failing(&[UNAVAILABLE]),
    ]
}
