//! The whole way of a line through a worker, for every shipped pipeline: read, frame, parse, derive, encode.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logmill::command::bench::{Line, Stage, Workload};
use logmill::config::Diagnostics;
use logmill::pipeline::{HostWords, Library, compile};

/// Events of one iteration, at least: a few chunks.
const EVENTS: u64 = 4_000;

fn bench(criterion: &mut Criterion) {
    let library = Library::shipped();
    let mut group = criterion.benchmark_group("end_to_end");
    for name in library.names() {
        let mut diagnostics = Diagnostics::new();
        let file = library.pipeline(name, &mut diagnostics).expect(name);
        let pipeline = compile(&file, &library, &HostWords::default(), &mut diagnostics)
            .expect("shipped pipelines compile");
        let mut line = Line::new(pipeline).expect("their metrics are right");
        let workload = Workload::of_pipeline(&file).expect("they have tests that match");
        let mut input = workload.endless(line.frame_rule());
        let mut pass = || {
            line.pass(Stage::Encode, &mut input, EVENTS, drop)
                .expect("memory reads")
        };
        let events = pass().events;
        group.throughput(Throughput::Elements(events));
        group.bench_function(name, |bencher| bencher.iter(&mut pass));
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
