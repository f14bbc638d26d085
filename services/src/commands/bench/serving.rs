//! What a reader waits for: a chart with its verdict and drawing, and the exposition of all run charts.

use super::Ground;
use super::table::{Bound, Table};
use crate::app::App;
use crate::charts::{ChartRequest, ask};
use crate::cli::Failure;
use crate::http::auth::Tokens;
use crate::import::http_client::Client;
use crate::{draw, http};
use chrono::Utc;
use joinedup_projector::Projector;
use joinedup_views::measure::Source;
use joinedup_views::suppression::Audience;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How often each chart is asked for.
const ROUNDS: usize = 20;

pub(super) async fn serving(
    ground: &Ground,
    projector: &Arc<Projector>,
    table: &mut Table,
) -> Result<(), Failure> {
    let app = App {
        config: Arc::new(ground.config.clone()),
        definitions: ground.definitions.clone(),
        log: ground.log.clone(),
        publisher: None,
        views: Some(projector.views()),
        projector: Some(projector.clone()),
        stopping: tokio_util::sync::CancellationToken::new(),
        started: Utc::now(),
    };
    let transfers = app.definitions.measures.iter().filter(|m| {
        matches!(m.source(), Some(Source::Coded(_))) && m.id.as_str().starts_with("tr-")
    });
    let ids: Vec<String> = transfers.map(|m| m.id.to_string()).collect();
    let (mut charts, mut points) = (0_usize, 0_usize);
    let started = Instant::now();
    for _ in 0..ROUNDS {
        for id in &ids {
            let request = ChartRequest::new(id, &ground.config.home_area);
            let Ok(answer) = ask(&app, &request, Audience::Operations) else {
                continue;
            };
            let drawn = draw::svg(&draw::of_answer(&answer, true));
            std::hint::black_box(drawn.len());
            charts += 1;
            points += answer.chart.points.len();
        }
    }
    let each = started.elapsed().as_secs_f64() * 1000.0 / charts.max(1) as f64;
    table.alone("a chart: query, verdict and SVG", each, "ms");
    table.target("S8", "a chart: query, verdict and SVG", Bound::AtMost(2.0));
    table.alone(
        "  its points, on average",
        points as f64 / charts.max(1) as f64,
        "points",
    );
    let [(text, spent), (_, again)] = scraped_twice(app).await?;
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    table.alone(
        "/metrics/run-charts over HTTP, charts computed",
        spent.as_secs_f64() * 1000.0,
        "ms",
    );
    table.alone("  its series", series as f64, "series");
    table.alone(
        "  each",
        spent.as_nanos() as f64 / series.max(1) as f64,
        "ns/series",
    );
    let name = "  each again, nothing new";
    let each = again.as_nanos() as f64 / series.max(1) as f64;
    table.alone(name, each, "ns/series");
    table.target("S8", name, Bound::AtMost(100.0));
    Ok(())
}

/// Two scrapes of a server in this process, the second with nothing new: the text and how long it took.
async fn scraped_twice(app: App) -> Result<[(String, Duration); 2], Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(Failure::new)?;
    let url = format!("http://{}", listener.local_addr().map_err(Failure::new)?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(http::serve(listener, app, Tokens::default(), async {
        // Dropped or told: either way it is over.
        let _ = stopped.await;
    }));
    let asked = tokio::task::spawn_blocking(move || -> Result<_, Failure> {
        let client = Client::new(&url, None).map_err(Failure::new)?;
        let scrape = || -> Result<(String, Duration), Failure> {
            let started = Instant::now();
            let mut text = String::new();
            client
                .get("/metrics/run-charts")
                .map_err(Failure::new)?
                .read_to_string(&mut text)
                .map_err(|error: io::Error| Failure::new(error))?;
            Ok((text, started.elapsed()))
        };
        Ok([scrape()?, scrape()?])
    });
    let scrapes = asked.await.map_err(Failure::new)?;
    drop(stop);
    server.await.map_err(Failure::new)?.map_err(Failure::new)?;
    scrapes
}
