//! HTTP: one router over the API, the scrapes and the pages.

pub mod api;
pub mod door;
mod files;
pub mod pages;
mod prometheus;
mod scrapes;
mod stale;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::routing::get;
use door::auth;
use door::limits::MAX_BODY;
use door::{Access, Shared, audit, body, origin, routes, server};
use joinedup_application::app::App;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Serves until `stopped` is done.
pub async fn serve(
    listener: TcpListener,
    app: App,
    access: Access,
    stopped: impl Future<Output = ()>,
) {
    app.expiries.note_settings(&app.config);
    tokio::spawn(access.tokens.clone().follow(app.stopping.clone()));
    let tls = access.tls.clone();
    if let Some(tls) = tls.clone() {
        let (stopping, expiries) = (app.stopping.clone(), app.expiries.clone());
        tokio::spawn(tls.follow(stopping, expiries, "server".to_owned()));
    }
    let shared = Shared::new(app.clone(), access);
    let served = server::Routes {
        all: router(shared.clone()),
        health: health(shared.clone()),
        unfinished: shared.unfinished,
    };
    server::serve(listener, &app, tls, served, stopped).await;
}

/// What answers without a token, and also when there is no place for anything else.
fn health<S: Clone + Send + Sync + 'static>(shared: Shared) -> Router<S> {
    Router::new()
        .route("/livez", get(api::health::live))
        .route("/readyz", get(api::health::ready))
        .with_state(shared)
}

/// All routes.
fn router(shared: Shared) -> Router {
    let is_secure = shared.is_secure;
    let closed = Router::new()
        .nest("/api/v1", api::routes())
        .merge(scrapes::routes())
        .layer(middleware::from_fn_with_state(shared.clone(), body::whole))
        .layer(middleware::from_fn(routes::enforce))
        .merge(prometheus::routes(&shared))
        .merge(pages::routes(&shared))
        .layer(middleware::from_fn_with_state(
            shared.app.clone(),
            stale::mark,
        ))
        .nest("/api/v1", api::publishing(&shared))
        .merge(pages::adding(&shared))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            auth::identify,
        ))
        .layer(middleware::from_fn(pages::unknown))
        .merge(pages::sign_in::routes())
        .merge(pages::by_link(&shared))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            origin::check,
        ))
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            audit::record,
        ))
        .layer(middleware::from_fn(routes::known_method))
        // What is asked for is of people, or depends on who asks: it stays in no cache.
        .layer(default_header(header::CACHE_CONTROL, "no-store"));
    let router = Router::new()
        .merge(health(shared.clone()))
        .merge(pages::assets())
        .merge(closed)
        .fallback(pages::nothing_here)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CompressionLayer::new())
        .layer(default_header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(default_header(header::REFERRER_POLICY, "no-referrer"))
        .layer(default_header(header::CONTENT_SECURITY_POLICY, POLICY))
        .with_state(shared);
    if is_secure {
        // A browser that was here once does not come back without TLS, for a year.
        router.layer(default_header(
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000",
        ))
    } else {
        router
    }
}

/// Everything from ourselves, nothing in line, nothing from outside.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'self'";

fn default_header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
