//! Figures, printed and not judged: run with `--nocapture`.

use std::time::Instant;

use sandbar_process::Limits;

use crate::world::{guest, sandbox, world};

#[test]
fn figures() {
    let fixture = sandbox(Limits::default());
    let mut times: Vec<_> = (0..1000)
        .map(|_| {
            let start = Instant::now();
            let outcome = fixture.exec(guest(&["exit", "0"])).expect("starts");
            assert!(outcome.status.success());
            start.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    println!("exec from the host, µs (p50 p99): {} {}", times[500], times[990]);
    let (code, text) = fixture.run(&["bench", "1000"]);
    assert_eq!(code, 0);
    println!("spawn and wait from a guest, µs (p50 p99): {}", text.trim());
    for stages in 2..=5_u32 {
        let start = Instant::now();
        let bytes = 64_u64 << 20;
        assert_eq!(fixture.run(&["pipeline", &stages.to_string(), &bytes.to_string()]).0, 0);
        println!(
            "64 MiB through {stages} stages: {:.0} MB/s",
            bytes as f64 / 1e6 / start.elapsed().as_secs_f64()
        );
    }
    let start = Instant::now();
    world().runtime.block_on(async {
        let all = (0..100).map(|_| fixture.sandbox.exec(guest(&["exit", "0"])));
        assert!(
            futures::future::join_all(all)
                .await
                .into_iter()
                .all(|outcome| outcome.is_ok())
        );
    });
    println!("100 execs at once: {:?}", start.elapsed());
}
