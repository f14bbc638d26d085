//! Style, script and icon. Their addresses hold a digest of their content, so that a browser may keep them for ever.

use crate::door::Shared;
use axum::Router;
use axum::http::{HeaderName, header};
use axum::routing::get;
use joinedup_drawing::run_chart::STYLE as CHART;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const TOKENS: &str = include_str!("../assets/tokens.css");
const PAGES: &str = include_str!("../assets/pages.css");
const MODEL: &str = include_str!("../assets/model.css");
const SCORECARDS: &str = include_str!("../assets/scorecards.css");
const PLAN: &str = include_str!("../assets/plan.css");
const SHEET: &str = include_str!("../assets/sheet.css");
const FORMS: &str = include_str!("../assets/forms.css");
const PRINT: &str = include_str!("../assets/print.css");
const SCRIPT: &str = include_str!("../assets/app.js");
const ICON: &str = include_str!("../assets/icon.svg");

static STYLE: LazyLock<String> = LazyLock::new(|| {
    [
        TOKENS, CHART, PAGES, MODEL, SCORECARDS, PLAN, SHEET, FORMS, PRINT,
    ]
    .join(
        "
",
    )
});
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::new()
        .chain_update(STYLE.as_bytes())
        .chain_update(SCRIPT)
        .chain_update(ICON)
        .finalize();
    digest.iter().take(6).map(|b| format!("{b:02x}")).collect()
});

/// The address of an asset.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/assets/{name}?v={}", *DIGEST)
}

type Answer = ([(HeaderName, &'static str); 2], &'static str);

fn answer(kind: &'static str, body: &'static str) -> Answer {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ],
        body,
    )
}

/// The assets' routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route(
            "/assets/app.css",
            get(|| async { answer("text/css; charset=utf-8", STYLE.as_str()) }),
        )
        .route(
            "/assets/app.js",
            get(|| async { answer("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route(
            "/assets/icon.svg",
            get(|| async { answer("image/svg+xml", ICON) }),
        )
}
