//! The connection loop: every wait for a client has an end, connections have places, and stopping lets open answers
//! finish.

use super::client::Peer;
use super::limits::{HEADER_TIMEOUT, Limits, SHUTDOWN_TIMEOUT, SPARE_TIMEOUT, WRITE_TIMEOUT};
use super::places::{Crowded, Place, Places};
use super::problem::Problem;
use super::watched::Watched;
use axum::Router;
use axum::http::{HeaderValue, Request, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use joinedup_application::app::App;
use std::net::IpAddr;
use tokio::net::{TcpListener, TcpStream};

/// What connections are answered by.
pub struct Routes {
    /// Everything.
    pub all: Router,
    /// Health, which is answered when there is no place for anything else.
    pub health: Router,
}

/// Serves until `stopped` is done.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    app: &App,
    routes: Routes,
    stopped: impl Future<Output = ()>,
) -> Result<(), std::io::Error> {
    let stopping = app.stopping.clone();
    let places = Places::new(Limits::of(&app.config));
    let server_crowded = spare(routes.health.clone(), Crowded::Server);
    let client_crowded = spare(routes.health, Crowded::Client);
    let router = routes.all;
    let graceful = GracefulShutdown::new();
    tokio::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, or a client that left: the next one may come through.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = places.enter(address.ip());
        let routes = match place.crowded {
            None => &router,
            Some(Crowded::Server) => &server_crowded,
            Some(Crowded::Client) => &client_crowded,
        };
        connection(stream, address.ip(), routes.clone(), place, &graceful);
    }
    drop(listener);
    // Live streams end by this; what else is open has its time to finish.
    stopping.cancel();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("answers that were not finished in time were cut off");
    }
    Ok(())
}

/// Serves one connection, until it ends or has to give way.
fn connection(
    stream: TcpStream,
    peer: IpAddr,
    routes: Router,
    place: Place,
    graceful: &GracefulShutdown,
) {
    // Without it small answers wait for the client's acknowledgement; the connection works either way.
    let _ = stream.set_nodelay(true);
    let activity = place.activity.clone();
    let handlers = TowerToHyperService::new(routes);
    let counted = service_fn(move |mut request: Request<Incoming>| {
        let working = activity.working();
        request.extensions_mut().insert(activity.clone());
        request.extensions_mut().insert(Peer(peer));
        let answer = handlers.call(request);
        async move {
            let answer = answer.await;
            drop(working);
            answer
        }
    });
    let header_timeout = match place.crowded {
        None => HEADER_TIMEOUT,
        Some(_) => SPARE_TIMEOUT,
    };
    let bytes = Watched::new(stream, place.activity.clone(), WRITE_TIMEOUT);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .serve_connection(TokioIo::new(bytes), counted);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            ended = watched => if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            },
            () = place.activity.gives_way() => tracing::debug!("a silent connection gave way"),
        }
    });
}

/// What is answered when there is no place: health, and when to come back for everything else.
fn spare(health: Router, crowded: Crowded) -> Router {
    let busy = move || async move {
        match crowded {
            Crowded::Server => Problem::unavailable(
                "The server has as many clients as it can take: ask again in a moment",
            ),
            Crowded::Client => Problem::too_many(
                "This client has as many connections as one may have: end some, or use them again",
            ),
        }
    };
    health
        .fallback(busy)
        .layer(axum::middleware::map_response(closing))
}

/// Frees the spare place for the next one.
async fn closing(answer: Response) -> Response {
    let mut answer = answer.into_response();
    answer
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

#[cfg(test)]
mod tests;
