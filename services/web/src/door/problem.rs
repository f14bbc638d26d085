//! Errors over HTTP: RFC 9457 problem documents. The one place that decides a status.

use super::audit::OfOthers;
use super::limits::MAX_ERRORS;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use joinedup_application::charts::QuestionError;
use joinedup_application::columnar::TableError;
use joinedup_application::execute::ExecuteError;
use joinedup_application::turns::NotDone;
pub use joinedup_contract::FieldError;
use joinedup_contract::Problem as Document;
use joinedup_contract::answer::Assessment;
use joinedup_log::AppendError;
use joinedup_views::ask::AskError;
use joinedup_views::decide::Refusal;
use joinedup_views::ratings::Round;

/// How a client that is asked who it is may say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Challenge {
    None,
    /// With a token, which a browser asks for as a password.
    Password,
    /// With a token.
    Token,
}

/// A problem.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    document: Box<Document>,
    challenge: Challenge,
    /// Nobody said who they are.
    stranger: bool,
    /// What was asked for is there, and is not the caller's to see.
    of_others: bool,
    retry_after: Option<u32>,
}

impl From<QuestionError> for Problem {
    fn from(error: QuestionError) -> Self {
        let detail = error.to_string();
        match error {
            QuestionError::NoViews | QuestionError::Ask(AskError::Measure | AskError::Area) => {
                Self::not_found(detail)
            }
            QuestionError::Parameter { .. } | QuestionError::Ask(_) => Self::bad_request(detail),
        }
    }
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Self {
        let mut detail = error.to_string();
        if let Some(first) = detail.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        match error {
            TableError::NotBuilt => Self::new(
                StatusCode::NOT_IMPLEMENTED,
                "This program writes no Parquet",
                detail,
            ),
            TableError::Log(_) | TableError::Write(_) => Self::unavailable(detail),
        }
    }
}

/// The title of a request that makes no sense, where nothing more is known.
pub(crate) const BAD_REQUEST: &str = "This request cannot be answered";
/// The title of what is not there.
pub(crate) const NOT_FOUND: &str = "Not found";

/// What is asked of whoever sent no token.
pub(crate) const SEND_TOKEN: &str = "Send a token: `Authorization: Bearer …`, or in a browser any user name with the token as password";

impl Problem {
    /// A problem of a status, with a sentence that says what to do.
    #[must_use]
    pub fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        let document = Document {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            ..Document::default()
        };
        Self {
            status,
            document: Box::new(document),
            challenge: Challenge::None,
            stranger: false,
            of_others: false,
            retry_after: None,
        }
    }

    /// 400: the question makes no sense.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, BAD_REQUEST, detail)
    }

    /// 404: the measure is not known.
    #[must_use]
    pub fn no_measure() -> Self {
        Self::not_found(AskError::Measure.to_string())
    }

    /// 404.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, NOT_FOUND, detail)
    }

    /// The same answer, which the audit log holds as one of a right that was refused.
    #[must_use]
    pub fn of_others(self) -> Self {
        Self {
            of_others: true,
            ..self
        }
    }

    /// 422: the events were not let in.
    #[must_use]
    pub fn refused(errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        Self::refused_among(errors, count)
    }

    /// 422, with the first of `count` errors.
    #[must_use]
    pub fn refused_among(mut errors: Vec<FieldError>, count: usize) -> Self {
        errors.truncate(MAX_ERRORS);
        let more = count.saturating_sub(errors.len());
        let detail = match errors.as_slice() {
            [one] if more == 0 => {
                let field = if one.pointer.is_empty() {
                    "the event"
                } else {
                    &one.pointer
                };
                format!("{field} {}", one.detail)
            }
            _ if more == 0 => format!("{count} fields break a rule; nothing was stored"),
            listed => format!(
                "{count} fields break a rule; nothing was stored. The first {} are listed, and {more} more are not",
                listed.len()
            ),
        };
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The event was refused",
            detail,
        );
        problem.document.errors = errors;
        problem.document.more = Some(more).filter(|more| *more > 0);
        problem
    }

    /// 401: a token is needed.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self {
            challenge: Challenge::Password,
            ..Self::new(StatusCode::UNAUTHORIZED, "A token is needed", SEND_TOKEN)
        }
    }

    /// 401: a token was sent, and nobody has it.
    #[must_use]
    pub fn unknown_token() -> Self {
        let mut problem = Self::unauthorized();
        problem.document.detail = "The token that was sent is not one of this server's: it may be another server's, or another may \
                                   have taken its place"
            .to_owned();
        problem
    }

    /// 401: a token is needed, and none was sent.
    #[must_use]
    pub fn stranger() -> Self {
        Self {
            stranger: true,
            ..Self::unauthorized()
        }
    }

    /// Whether nobody said who they are.
    #[must_use]
    pub fn is_stranger(&self) -> bool {
        self.stranger
    }

    /// The same, without having a browser ask for a password.
    #[must_use]
    pub fn without_password(mut self) -> Self {
        if self.challenge == Challenge::Password {
            self.challenge = Challenge::Token;
            // What else is wrong stays said.
            if self.document.detail == SEND_TOKEN {
                self.document.detail =
                    "Sign in at /sign-in, or send a token: `Authorization: Bearer …`".to_owned();
            }
        }
        self
    }

    /// 403: whoever asks may not do this.
    #[must_use]
    pub fn forbidden(role: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "You may not do that",
            format!("The role `{role}` is needed: ask whoever runs this service for it"),
        )
    }

    /// 401: the token was good once.
    #[must_use]
    pub fn expired() -> Self {
        let detail = "The token's last day has passed: ask whoever runs this server for a new one";
        Self {
            challenge: Challenge::Password,
            ..Self::new(StatusCode::UNAUTHORIZED, "The token has expired", detail)
        }
    }

    /// 403: whoever asks may do this, but not with these fields.
    #[must_use]
    pub fn forbidden_fields(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::refused(errors);
        problem.status = StatusCode::FORBIDDEN;
        problem.document.status = problem.status.as_u16();
        problem.document.title = "You may not do that".to_owned();
        problem
    }

    /// 409: somebody else was first, and this is the version that stands now.
    fn conflict(version: u64, detail: String) -> Self {
        let mut problem = Self::new(StatusCode::CONFLICT, "Somebody else was first", detail);
        problem.document.version = Some(version);
        problem
    }

    /// Adds to a conflict what stands now of the item that was to be rated, and of its round.
    #[must_use]
    pub fn with_rating(mut self, round: Option<&Round>, stands: Assessment) -> Self {
        self.document.level = round.and_then(|round| round.level);
        self.document.round = round.cloned();
        self.document.stands = Some(Box::new(stands));
        self
    }

    /// 429 with a time to come back.
    #[must_use]
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self {
            retry_after: Some(2),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many at a time", detail)
        }
    }

    /// The same, with another time to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// 503 with a time to come back.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self {
            retry_after: Some(2),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available now", detail)
        }
    }
}

impl From<NotDone> for Problem {
    fn from(why: NotDone) -> Self {
        Self::unavailable(why.to_string())
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        let detail = error.to_string();
        match error {
            AppendError::Conflict { actual, .. } => Self::conflict(actual.0, detail),
            AppendError::Unconfirmed(_) | AppendError::Unavailable(_) => Self::unavailable(detail),
            AppendError::Refused(_) => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "The log refused the event",
                detail,
            ),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        if refusal == Refusal::UnknownChange {
            return Self::not_found("There is no such change; plan it first");
        }
        Self::refused(vec![FieldError {
            index: None,
            pointer: refusal.field().to_owned(),
            detail: refusal.to_string(),
        }])
    }
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        let detail = error.to_string();
        match error {
            ExecuteError::NoPublisher | ExecuteError::NoViews => Self::not_found(detail),
            ExecuteError::Refused(refusal) => refusal.into(),
            ExecuteError::NotAdmitted(refusals) => {
                let field = |r: joinedup_events::Refusal| FieldError {
                    index: None,
                    pointer: r.pointer,
                    detail: r.rule,
                };
                Self::refused(refusals.0.into_iter().map(field).collect())
            }
            ExecuteError::Conflict { version, .. } => Self::conflict(version, detail),
            ExecuteError::SamePerson => {
                Self::new(StatusCode::FORBIDDEN, "Two people are needed", detail)
            }
            ExecuteError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "The key was used before",
                detail,
            ),
            ExecuteError::Behind | ExecuteError::Busy | ExecuteError::Unreadable(_) => {
                Self::unavailable(detail)
            }
            ExecuteError::Append(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.document)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        let challenge = match self.challenge {
            Challenge::None => None,
            Challenge::Password => Some("Basic realm=\"joinedup\", charset=\"UTF-8\""),
            Challenge::Token => Some("Bearer realm=\"joinedup\""),
        };
        if let Some(challenge) = challenge {
            let challenge = HeaderValue::from_static(challenge);
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.of_others {
            response.extensions_mut().insert(OfOthers);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_token_is_said_where_people_sign_in_too() {
        let detail = |problem: Problem| problem.without_password().document.detail;
        assert!(detail(Problem::unknown_token()).contains("not one of this server's"));
        assert!(detail(Problem::expired()).contains("last day has passed"));
        assert!(detail(Problem::stranger()).contains("/sign-in"));
    }
}
