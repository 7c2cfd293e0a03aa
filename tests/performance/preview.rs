//! Requests to a server inside a sandbox, through every layer in between.

use crate::stats::Samples;
use crate::{Plan, say};
use sandbar_tests::{Api, Platform};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Connections that ask at the same time, each kept alive.
const CONNECTIONS: usize = 16;
/// Where the server listens, inside.
const PORT: u16 = 8000;

/// A small server in the sandbox's Python: as an agent would start one.
const SERVER: &str = r#"
import asyncio
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 8000)
    await server.serve_forever()
asyncio.run(main())
"#;

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us", "public": true }));
    let upload = format!("cat > server.py <<'END'\n{SERVER}\nEND\nnohup python3 server.py > server.log 2>&1 &");
    assert_eq!(api.exec(&sandbox, &upload).json["exitCode"], 0, "starting the server");
    let id = sandbox["id"].as_str().unwrap_or_default();
    let url = format!("{}/proxy/{PORT}/", Api::toolbox(&sandbox));
    let ready = Instant::now() + Duration::from_secs(20);
    while api.get(&url).text != "ok" {
        assert!(
            Instant::now() < ready,
            "the server does not answer: {:?}",
            api.exec(&sandbox, "cat server.log")
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let preview = api.get(&format!("/sandbox/{id}/ports/{PORT}/preview-url"));
    assert_eq!(preview.status, 200, "{}", preview.text);
    let host = preview.json["url"]
        .as_str()
        .unwrap_or_default()
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let origin = platform
        .api_url
        .trim_start_matches("http://")
        .trim_end_matches("/api")
        .to_owned();

    let mut samples = Samples::default();
    let mut one = Asking::connect(&origin, &host);
    for round in 0..plan.samples(2000) + 50 {
        let mut single = Samples::default();
        single.time(|| one.ask());
        if round >= 50 {
            samples.push(single.percentile(0.5));
        }
    }
    say(&format!("preview request, one connection     {samples}"));

    let length = Duration::from_secs(if plan.divisor > 1 { 2 } else { 10 });
    let end = Instant::now() + length;
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (origin, host) = (origin.clone(), host.clone());
            std::thread::spawn(move || {
                let mut asking = Asking::connect(&origin, &host);
                let mut count = 0_u64;
                while Instant::now() < end {
                    asking.ask();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let total: u64 = threads.into_iter().map(|thread| thread.join().expect("a client")).sum();
    say(&format!(
        "  {CONNECTIONS} connections                    {:.0} requests per second (server: asyncio in the sandbox)",
        total as f64 / length.as_secs_f64()
    ));
}

/// One kept-alive connection.
struct Asking {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Asking {
    fn connect(origin: &str, host: &str) -> Asking {
        let stream = TcpStream::connect(origin).expect("the platform listens");
        stream.set_nodelay(true).expect("a socket");
        Asking {
            stream: BufReader::new(stream),
            request: format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes(),
        }
    }

    fn ask(&mut self) {
        self.stream
            .get_mut()
            .write_all(&self.request)
            .expect("the request is taken");
        let (mut line, mut length, mut first) = (String::new(), 0, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("an answer");
            if first.is_empty() {
                first.clone_from(&line);
            }
            let Some((name, value)) = line.trim_end().split_once(':') else {
                if line.trim_end().is_empty() {
                    break;
                }
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
        }
        assert!(first.starts_with("HTTP/1.1 200"), "{first}");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the body");
    }
}
