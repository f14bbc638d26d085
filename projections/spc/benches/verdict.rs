//! Verdict per chart against the number of points, and bringing one up to date after a new point.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use joinedup_spc::{Chart, Direction, Options, Point, judge, rejudge};
use std::hint::black_box;

const CHARTS: [(&str, Chart); 6] = [
    ("run", Chart::Run),
    ("xmr", Chart::Xmr),
    ("p", Chart::P),
    ("p_prime", Chart::PPrime),
    ("c", Chart::C),
    ("t", Chart::T),
];

fn series(n: usize) -> Vec<Point> {
    (0..n)
        .map(|i| Point::new(format!("2024-{i:04}"), ((i * 7919) % 41 + 20) as f64).out_of(100.0))
        .collect()
}

fn verdict(c: &mut Criterion) {
    let mut group = c.benchmark_group("verdict");
    for (name, chart) in CHARTS {
        let options = Options::new(chart, Direction::Down);
        for n in [20, 50, 100, 200, 500, 1000] {
            let points = series(n);
            group.throughput(Throughput::Elements(n as u64));
            group.bench_with_input(BenchmarkId::new(name, n), &points, |b, points| {
                b.iter(|| judge(black_box(points), &options));
            });
        }
    }
    group.finish();
}

fn one_new_point(c: &mut Criterion) {
    // Ten phases of 24 points: only the last is recomputed.
    let points = series(240);
    let options = Options {
        phases: (1..10).map(|k| 24 * k).collect(),
        ..Options::new(Chart::Xmr, Direction::Down)
    };
    let before = judge(&points, &options).ok();
    c.bench_function("one corrected point in the last of ten phases", |b| {
        let Some(mut verdict) = before.clone() else {
            return;
        };
        b.iter(|| rejudge(&mut verdict, black_box(&points), 239, &options));
    });
}

criterion_group!(benches, verdict, one_new_point);
criterion_main!(benches);
