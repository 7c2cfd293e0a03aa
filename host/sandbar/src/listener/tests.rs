//! Clients that mean no good, beside one that does.

use super::*;
use axum::routing::any;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

struct Running {
    address: SocketAddr,
    _stop: watch::Sender<bool>,
}

async fn running(limits: Limits) -> Running {
    let mut listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    listener.limits = limits;
    let address = listener.address();
    let (stop, stopped) = watch::channel(false);
    let router = Router::new().route("/", any(|| async { "fine" }));
    tokio::spawn(listener.serve(router, stopped));
    Running { address, _stop: stop }
}

fn usual() -> Limits {
    Limits {
        connections: MAX_CONNECTIONS,
        idle: HEAD_TIMEOUT,
        pressed_idle: PRESSED_TIMEOUT,
    }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes, gives what comes back until the end or for a while.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The other side may end in the middle of what is too much.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_millis(500), stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    async fn healthy(&self) -> Duration {
        let since = Instant::now();
        let answer = tokio::time::timeout(Duration::from_secs(10), async {
            let mut stream = self.connect().await;
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
                .await
                .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        });
        let answer = answer.await.expect("an answer in time");
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("fine"),
            "{answer}"
        );
        since.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_have_limits_and_only_one_meaning() {
    let running = running(usual()).await;
    let many: String = (0..200).map(|number| format!("x-{number}: y\r\n")).collect();
    let large = format!("x-large: {}\r\n", "y".repeat(1 << 20));
    for (what, lines, refusal) in [
        ("too many headers", many.as_str(), "431"),
        ("a head too large", large.as_str(), "431"),
        ("two lengths", "content-length: 1\r\ncontent-length: 2\r\n", "400"),
        ("no coding", "transfer-encoding: nonsense\r\n", "400"),
        ("a space before the colon", "x : y\r\n", "400"),
    ] {
        let head = format!("POST / HTTP/1.1\r\nhost: h\r\n{lines}\r\n");
        let answer = running.exchange(head.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {refusal}")),
            "{what}: {answer:.100}"
        );
    }
    running.healthy().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_slow_heads_slow_nobody_down() {
    let running = running(usual()).await;
    let mut alone: Vec<Duration> = Vec::new();
    for _ in 0..50 {
        alone.push(running.healthy().await);
    }
    let mut slow = Vec::new();
    for _ in 0..500 {
        let mut stream = running.connect().await;
        stream.write_all(b"GET / HT").await.unwrap();
        slow.push(stream);
    }
    let mut beside: Vec<Duration> = Vec::new();
    for round in 0..50 {
        for stream in slow.iter_mut().skip(round * 10).take(10) {
            stream.write_all(b"T").await.unwrap();
        }
        beside.push(running.healthy().await);
    }
    alone.sort();
    beside.sort();
    // A shared machine has its own hiccups; a slow-loris that works makes it seconds.
    let most = alone[48] * 2 + Duration::from_millis(50);
    assert!(beside[48] < most, "alone {:?}, beside {:?}", alone[48], beside[48]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_give_way_when_places_run_short() {
    let limits = Limits {
        connections: 32,
        idle: Duration::from_secs(600),
        pressed_idle: Duration::from_millis(400),
    };
    let running = running(limits).await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(running.connect().await);
    }
    let waited = running.healthy().await;
    assert!(waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_resets_ends_its_own_connection_only() {
    let running = running(usual()).await;
    let mut stream = running.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    // SETTINGS, empty.
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    // GET / of http://h, from the static table, and a literal authority.
    let block = [0x82, 0x84, 0x86, 0x01, 0x01, b'h'];
    let (mut reader, mut writer) = stream.into_split();
    let flood = tokio::spawn(async move {
        for number in 0..20_000_u32 {
            let stream = (number * 2 + 1).to_be_bytes();
            let mut frames = vec![0, 0, 6, 1, 5];
            frames.extend(stream);
            frames.extend(block);
            frames.extend([0, 0, 4, 3, 0]);
            frames.extend(stream);
            // CANCEL
            frames.extend([0, 0, 0, 8]);
            if writer.write_all(&frames).await.is_err() {
                return number;
            }
        }
        20_000
    });
    let ended = async {
        let mut buffer = [0; 4096];
        while !matches!(reader.read(&mut buffer).await, Ok(0) | Err(_)) {}
    };
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .expect("the flood is cut off");
    flood.await.unwrap();
    running.healthy().await;
}
