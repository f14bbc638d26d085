//! The connection loop: every wait for a client has an end, connections have places, and stopping lets open answers
//! finish.

use super::client::{self, Peer};
use super::finish::Unfinished;
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
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use joinedup_application::app::App;
use joinedup_application::tls::Tls;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What connections are answered by.
pub struct Routes {
    /// Everything.
    pub all: Router,
    /// Health, which is answered when there is no place for anything else.
    pub health: Router,
    /// Answers that are finished before the server ends, also when nobody waits for them.
    pub unfinished: Unfinished,
}

/// How often it is logged that connections cannot be accepted.
const WARNING_EVERY: Duration = Duration::from_secs(60);

/// Serves until `stopped` is done. A connection that cannot be accepted ends nothing: the next one may come through.
pub async fn serve(
    listener: TcpListener,
    app: &App,
    tls: Option<Tls>,
    routes: Routes,
    stopped: impl Future<Output = ()>,
) {
    let stopping = app.stopping.clone();
    let places = Places::new(Limits::of(&app.config));
    let proxies: Arc<[IpAddr]> = app.config.proxies.clone().into();
    let server_crowded = spare(routes.health.clone(), Crowded::Server);
    let client_crowded = spare(routes.health.clone(), Crowded::Client);
    let graceful = GracefulShutdown::new();
    let mut warned = None;
    tokio::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, or a client that left.
                let is_due = warned.is_none_or(|at: Instant| at.elapsed() >= WARNING_EVERY);
                if is_due {
                    tracing::warn!(%error, "a connection was not accepted");
                    warned = Some(Instant::now());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = places.enter(address.ip());
        let answers = match place.crowded {
            None => &routes.all,
            Some(Crowded::Server) => &server_crowded,
            Some(Crowded::Client) => &client_crowded,
        };
        // Without it small answers wait for the client's acknowledgement; the connection works either way.
        let _ = stream.set_nodelay(true);
        let client = Client {
            places: places.clone(),
            proxies: proxies.clone(),
            peer: address.ip(),
            routes: answers.clone(),
            place: Arc::new(place),
            watcher: graceful.watcher(),
        };
        let tls = tls.as_ref().map(Tls::acceptor);
        tokio::spawn(async move { client.served(stream, tls).await });
    }
    drop(listener);
    // Live streams end by this; what else is open has its time to finish.
    stopping.cancel();
    let answered = async {
        graceful.shutdown().await;
        routes.unfinished.ended().await;
    };
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, answered)
        .await
        .is_err()
    {
        tracing::warn!("answers that were not finished in time were cut off");
    }
}

/// One connection, and by what it is answered.
struct Client {
    places: Arc<Places>,
    proxies: Arc<[IpAddr]>,
    peer: IpAddr,
    routes: Router,
    place: Arc<Place>,
    watcher: Watcher,
}

impl Client {
    /// Serves it until it ends or has to give way.
    async fn served(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let activity = self.place.activity.clone();
        let stream = Watched::new(stream, activity.clone(), WRITE_TIMEOUT);
        let patience = self.patience();
        let answered = async {
            match tls {
                None => self.answered(stream).await,
                Some(tls) => {
                    let shaken = tokio::time::timeout(patience, tls.accept(stream)).await;
                    match shaken {
                        Ok(Ok(stream)) => self.answered(stream).await,
                        Ok(Err(error)) => tracing::debug!(%error, "a client does not speak TLS"),
                        Err(_) => tracing::debug!("a client did not begin to speak TLS in time"),
                    }
                }
            }
        };
        tokio::select! {
            () = answered => {}
            () = activity.gives_way() => tracing::debug!("a silent connection gave way"),
        }
    }

    /// How long it may take to begin.
    fn patience(&self) -> Duration {
        match self.place.crowded {
            None => HEADER_TIMEOUT,
            Some(_) => SPARE_TIMEOUT,
        }
    }

    async fn answered(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let (place, peer) = (self.place.clone(), self.peer);
        let (places, proxies) = (self.places.clone(), self.proxies.clone());
        let patience = self.patience();
        let handlers = TowerToHyperService::new(self.routes);
        let counted = service_fn(move |mut request: Request<Incoming>| {
            let working = place.activity.working();
            request.extensions_mut().insert(place.activity.clone());
            request.extensions_mut().insert(place.clone());
            request.extensions_mut().insert(Peer(peer));
            let by_proxy = proxies.contains(&peer.to_canonical());
            let asks = by_proxy.then(|| client::address(&request, &proxies));
            let asking = asks.flatten().map(|address| places.ask(address));
            let answer = match asking {
                Some(None) => None,
                _ => Some(handlers.call(request)),
            };
            async move {
                let answered = match answer {
                    Some(answer) => answer.await,
                    None => Ok(client_crowded().into_response()),
                };
                drop((working, asking));
                answered
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience)
            .serve_connection(TokioIo::new(stream), counted);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended");
        }
    }
}

/// What is answered when there is no place: health, and when to come back for everything else.
fn spare(health: Router, crowded: Crowded) -> Router {
    let busy = move || async move {
        match crowded {
            Crowded::Server => Problem::unavailable(
                "The server has as many clients as it can take: ask again in a moment",
            ),
            Crowded::Client => client_crowded(),
        }
    };
    health
        .fallback(busy)
        .layer(axum::middleware::map_response(closing))
}

fn client_crowded() -> Problem {
    Problem::too_many(
        "This client has as many connections as one may have: end some, or use them again",
    )
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
