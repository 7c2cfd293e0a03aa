//! Requests to a server inside a sandbox, through every layer in between.

use crate::stats::Samples;
use crate::{Plan, cpu, say};
use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// Connections that ask at the same time, each kept alive.
const CONNECTIONS: usize = 16;
/// Where the server listens, inside.
const PORT: u16 = 8000;
/// Most characters of a file in one command: below the 1 MiB that arguments may have.
const PIECE: usize = 256 << 10;

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

/// What serves inside, and how it is started there.
struct Server {
    name: &'static str,
    file: &'static str,
    contents: Vec<u8>,
    command: String,
}

pub fn measure(platform: &Platform, plan: &Plan) {
    let servers = [
        Server {
            name: "asyncio in the sandbox's Python",
            file: "server.py",
            contents: SERVER.as_bytes().to_vec(),
            command: "python3 server.py".to_owned(),
        },
        Server {
            name: "a compiled program in the sandbox",
            file: "server.wasm",
            contents: compiled(),
            command: format!("./server.wasm {PORT}"),
        },
    ];
    for server in servers {
        served(platform, plan, &server);
    }
}

/// The server beside this file, compiled for a sandbox.
fn compiled() -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let out = directory.path().join("server.wasm");
    let status = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--target=wasm32-wasip2", "-Copt-level=3", "-o"])
        .arg(&out)
        .arg(sandbar_tests::root().join("tests/performance/guests/server.rs"))
        .status()
        .expect("rustc runs");
    assert!(status.success(), "rustup target add wasm32-wasip2");
    std::fs::read(out).expect("it was built")
}

/// Puts a file into the sandbox's home.
fn put(api: &Api, sandbox: &Value, name: &str, contents: &[u8]) {
    let digits: String = contents.iter().map(|byte| format!("{byte:02x}")).collect();
    let run = |command: String| assert_eq!(api.exec(sandbox, &command).json["exitCode"], 0, "uploading {name}");
    run("rm -f upload".to_owned());
    for piece in digits.as_bytes().chunks(PIECE) {
        run(format!("printf %s {} >> upload", String::from_utf8_lossy(piece)));
    }
    run(format!(
        "basenc -d --base16 -i < upload > {name}; rm upload; chmod +x {name}"
    ));
}

fn served(platform: &Platform, plan: &Plan, server: &Server) {
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us", "public": true }));
    put(&api, &sandbox, server.file, &server.contents);
    let start = format!("nohup {} > server.log 2>&1 &", server.command);
    assert_eq!(api.exec(&sandbox, &start).json["exitCode"], 0, "starting the server");
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
    say(&format!("preview requests to {}", server.name));
    one_by_one(plan, &origin, &host);
    all_at_once(plan, &origin, &host, platform.pid());
    // What it would do while the next is measured.
    api.delete(&format!("/sandbox/{id}"));
}

fn one_by_one(plan: &Plan, origin: &str, host: &str) {
    let mut samples = Samples::default();
    let mut one = Asking::connect(origin, host);
    for round in 0..plan.samples(2000) + 50 {
        let mut single = Samples::default();
        single.time(|| one.ask());
        if round >= 50 {
            samples.push(single.percentile(0.5));
        }
    }
    say(&format!("  one connection                    {samples}"));
}

fn all_at_once(plan: &Plan, origin: &str, host: &str, platform: u32) {
    let length = Duration::from_secs(if plan.divisor > 1 { 2 } else { 10 });
    let before = cpu::of_family(platform);
    let own = cpu::of(std::process::id());
    let end = Instant::now() + length;
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (origin, host) = (origin.to_owned(), host.to_owned());
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
    let total = total as f64;
    say(&format!(
        "  {CONNECTIONS} connections                    {:.0} requests per second",
        total / length.as_secs_f64()
    ));
    // On a machine that does other things as well, this is the figure that can be compared.
    let each = |used: Duration| used.as_secs_f64() * 1e6 / total;
    let mut parts: Vec<String> = cpu::of_family(platform)
        .into_iter()
        .map(|(name, used)| {
            let used = used.saturating_sub(before.get(&name).copied().unwrap_or_default());
            (name, each(used))
        })
        .filter(|(_, used)| *used >= 0.5)
        .map(|(name, used)| format!("{name} {used:.0}"))
        .collect();
    let clients = cpu::of(std::process::id()).saturating_sub(own);
    parts.push(format!("clients {:.0}", each(clients)));
    say(&format!("  CPU time of each, in us           {}", parts.join(", ")));
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
