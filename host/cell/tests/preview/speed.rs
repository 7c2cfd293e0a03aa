//! Figures of the preview path inside a cell: from the runner's HTTP/2 connection to a Wasm server and back.

use crate::client::Client;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Requests of each kind; enough for a median.
const REQUESTS: usize = 3000;
/// Clients at once.
const CLIENTS: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_previews() {
    let client = Arc::new(Client::new().await);
    client.serve("a", "loop").await;
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let started = Instant::now();
        assert_eq!(client.get("/").await.text(), "hello");
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let started = Instant::now();
    let many: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                for _ in 0..REQUESTS / CLIENTS * 8 {
                    assert_eq!(client.get("/").await.text(), "hello");
                }
            })
        })
        .collect();
    for one in many {
        one.await.expect("no panic");
    }
    let rate = (REQUESTS / CLIENTS * 8 * CLIENTS) as f64 / started.elapsed().as_secs_f64();
    let (median, p99) = (times[REQUESTS / 2], times[REQUESTS * 99 / 100]);
    eprintln!("one after the other: median {median:?}, p99 {p99:?}; {CLIENTS} at once: {rate:.0} requests/s");
    // A tenth of what is expected of a quiet machine: this is a guard, not a measurement.
    assert!(median < Duration::from_millis(5), "{median:?}");
    assert!(rate > 1000.0, "{rate} requests/s");
}
