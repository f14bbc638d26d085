//! How much faster several partitions fold than one: `cargo run --release -p joinedup-projector --example partitions FILE`,
//! with the events of an archive or of `joinedup simulate --output FILE`. The events are decoded before; each number of partitions
//! is measured in turn, three times, so that all have the same weather.

use joinedup_events::{Envelope, Event};
use joinedup_views::view::View;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::time::Instant;

/// How many events are folded at once, as by the embedded log's reader.
const RUN: usize = 8192;
const ROUNDS: usize = 3;
const PARTITIONS: [usize; 5] = [1, 2, 4, 8, 16];

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give a file of events")?;
    let lines = BufReader::new(std::fs::File::open(path)?).lines();
    let mut events: Vec<(u64, Event)> = Vec::new();
    for (line, position) in lines.zip(1..) {
        events.push((
            position,
            Event::decode(&Envelope::from_json(line?.as_bytes())?)?,
        ));
    }
    println!("{} events", events.len());
    let mut first: Option<String> = None;
    for _ in 0..ROUNDS {
        let mut one = 0.0;
        for partitions in PARTITIONS {
            let runs: Vec<Vec<_>> = events.chunks(RUN).map(<[_]>::to_vec).collect();
            let mut view = View::partitioned(partitions);
            let started = Instant::now();
            for run in runs {
                view.fold(run);
            }
            let seconds = started.elapsed().as_secs_f64();
            if partitions == 1 {
                one = seconds;
            }
            println!(
                "{partitions:>2} partitions {seconds:.3} s, {:.2} x one",
                one / seconds
            );
            let export = view.cells().export();
            if first.get_or_insert_with(|| export.clone()) != &export {
                return Err("another number of partitions came to other cells".into());
            }
        }
    }
    Ok(())
}
