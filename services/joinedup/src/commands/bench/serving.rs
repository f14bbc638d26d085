//! What a reader waits for: a chart with its verdict and drawing, and the exposition of all run charts.

use super::Ground;
use super::table::{Bound, Table};
use crate::cli::Failure;

use joinedup_application::app::App;
use joinedup_application::charts::{ChartRequest, ask};
use joinedup_exposition::collector::Held;
use joinedup_exposition::run_charts::Made;
use joinedup_feeds::http_client::Client;
use joinedup_projector::Projector;
use joinedup_simulator::COUNTY;
use joinedup_views::measure::Source;
use joinedup_views::suppression::Audience;
use joinedup_web::door::Access;
use std::io;
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
    let (config, definitions) = (Arc::new(ground.config.clone()), ground.definitions.clone());
    let app = App {
        views: Some(projector.views()),
        projector: Some(projector.clone()),
        ..App::new(config, definitions, ground.log.clone())
    };
    let transfers = app.definitions.measures.iter().filter(|m| {
        matches!(m.source(), Some(Source::Coded(_))) && m.id.as_str().starts_with("tr-")
    });
    let ids: Vec<String> = transfers.map(|m| m.id.to_string()).collect();
    let (mut charts, mut points) = (0_usize, 0_usize);
    let started = Instant::now();
    for _ in 0..ROUNDS {
        for id in &ids {
            let request = ChartRequest::new(id, COUNTY);
            let Ok(answer) = ask(&app, &request, Audience::Operations) else {
                continue;
            };
            let drawn = joinedup_drawing::svg(&joinedup_drawing::of_answer(&answer, true));
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
    exposition(&app, table)?;
    let [first, again] = scraped_twice(app).await?;
    let name = "/metrics/run-charts over HTTP, charts computed";
    table.alone(name, first.as_secs_f64() * 1000.0, "ms");
    table.add(
        "  again, nothing new",
        again.as_secs_f64() * 1000.0,
        "ms",
        name,
    );
    Ok(())
}

/// The text of the run charts: our writer beside the `prometheus` crate, which gathers, sorts, checks and encodes the
/// same series.
fn exposition(app: &App, table: &mut Table) -> Result<(), Failure> {
    let Some(made) = Made::of(app, Audience::Operations) else {
        return Ok(());
    };
    let mut text = String::new();
    made.write(&mut |piece| text.push_str(piece));
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    let held = Held::of(&text).map_err(Failure::new)?;
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        made.write(&mut |piece| _ = std::hint::black_box(piece.len()));
        ours = ours.min(started.elapsed());
        let started = Instant::now();
        let encoded = held.text();
        theirs = theirs.min(started.elapsed());
        std::hint::black_box(encoded.map_err(Failure::new)?.len());
    }
    let each = |spent: Duration| spent.as_nanos() as f64 / series.max(1) as f64;
    let name = "run charts as text, written";
    table.alone(name, each(ours), "ns/series");
    table.target("S8", name, Bound::AtMost(100.0));
    let other = "  by the prometheus crate";
    table.add(other, each(theirs), "ns/series", name);
    table.target("S8", other, Bound::AtLeast(10.0));
    table.alone("  series", series as f64, "series");
    Ok(())
}

/// Two scrapes of a server in this process, the second with nothing new: how long each took.
async fn scraped_twice(app: App) -> Result<[Duration; 2], Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(Failure::new)?;
    let url = format!("http://{}", listener.local_addr().map_err(Failure::new)?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(joinedup_web::serve(
        listener,
        app,
        Access::default(),
        async {
            // Dropped or told: either way it is over.
            let _ = stopped.await;
        },
    ));
    let asked = tokio::task::spawn_blocking(move || -> Result<_, Failure> {
        let client = Client::new(&url, None, None).map_err(Failure::new)?;
        let scrape = || -> Result<Duration, Failure> {
            let started = Instant::now();
            let mut text = client.get("/metrics/run-charts").map_err(Failure::new)?;
            io::copy(&mut text, &mut io::sink()).map_err(Failure::new)?;
            Ok(started.elapsed())
        };
        Ok([scrape()?, scrape()?])
    });
    let scrapes = asked.await.map_err(Failure::new)?;
    drop(stop);
    server.await.map_err(Failure::new)?;
    scrapes
}
