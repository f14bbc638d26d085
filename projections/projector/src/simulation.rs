//! The projector in a simulated world: a log and stores in memory that fail in every way the real ones were seen to, under a
//! clock that does not wait. A seed decides what happens and when; the same seed always takes the same way.
//!
//! After every step the cells must be those of an independent fold of what the log really has up to the view's position,
//! whatever the view says of itself. A while after every step, a view that says it is ready must be at the end of the log that
//! is there. When all faults have ended the view must come to be ready by itself, or with the rebuild that it asks for.
//!
//! `cargo test -p joinedup-projector --lib simulation` runs the seeds from 0 to 199. `JOINEDUP_SEEDS=200..5000` before it runs
//! others, and `JOINEDUP_SEEDS=17` one of them with all that happens in it.
//!
//! That it finds faults was tried by taking out one mending after another and running the 200 seeds:
//!
//! | Taken out | Seeds that failed |
//! | --- | --- |
//! | the rule that positions follow on each other (`sequence::gap`) | 61 |
//! | the fence | 83 |
//! | the fence before what was set aside is tried again | 50 |
//! | the order of a commit's batches, and the end of the journal that counts | 72 |
//! | saying that a view is not saved while the disk is full | 85 |

mod disk;
mod history;
mod rebuilds;
mod room;
mod steps;
mod world;

use std::ops::Range;
use world::World;

/// The seeds that are run, and whether what happens is printed.
fn seeds() -> (Range<u64>, bool) {
    let Ok(text) = std::env::var("JOINEDUP_SEEDS") else {
        return (0..200, false);
    };
    match text.split_once("..") {
        Some((from, to)) => (from.parse().unwrap()..to.parse().unwrap(), false),
        None => {
            let seed = text.parse().unwrap();
            (seed..seed + 1, true)
        }
    }
}

/// Lets something happen under a clock that does not wait.
fn in_no_time<T>(what: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(what)
}

/// What happened under a seed; it panics where something is wrong.
fn simulate(seed: u64, aloud: bool) -> Vec<String> {
    in_no_time(async {
        let mut world = World::new(seed, aloud);
        world.live().await;
        world.trace()
    })
}

#[test]
fn whatever_fails_no_number_is_wrong_and_every_fault_is_said_and_ends() {
    let (seeds, aloud) = seeds();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let failed: Vec<u64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                let seeds = seeds.clone().skip(worker).step_by(workers);
                scope.spawn(move || {
                    let fails = |seed: &u64| {
                        let run = || simulate(*seed, aloud);
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
                    };
                    seeds.filter(fails).collect::<Vec<_>>()
                })
            })
            .collect();
        let failed = workers.into_iter().map(|worker| worker.join().unwrap());
        failed.flatten().collect()
    });
    let commands = failed.iter().map(|seed| {
        format!("JOINEDUP_SEEDS={seed} cargo test -p joinedup-projector --lib simulation")
    });
    let commands: Vec<String> = commands.collect();
    assert!(
        failed.is_empty(),
        "{} of {} seeds failed; to see one:\n{}",
        failed.len(),
        seeds.end - seeds.start,
        commands.join("\n")
    );
}

#[test]
fn the_same_seed_takes_the_same_way_twice() {
    let mut different = Vec::new();
    for seed in [1, 2, 3, 5, 8, 13] {
        let trace = simulate(seed, false);
        assert!(trace.len() > 10, "{trace:?}");
        assert_eq!(trace, simulate(seed, false), "seed {seed}");
        different.push(trace);
    }
    different.dedup();
    assert_eq!(different.len(), 6, "other seeds take other ways");
}
