//! Installing a small npm package from a registry on loopback, in a sandbox and by the machine's own npm.

use crate::starts::beside;
use crate::stats::Samples;
use crate::{Plan, generous, native, say};
use sandbar_tests::Platform;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The package that is installed.
const NAME: &str = "small-package";
/// A client that says nothing is let go after this.
const PATIENCE: Duration = Duration::from_secs(5);

/// The package as the machine's npm packs it: its archive, and its integrity.
fn pack(directory: &Path) -> Option<(Vec<u8>, String)> {
    let manifest = json!({ "name": NAME, "version": "1.0.0", "main": "index.js", "license": "MIT" });
    std::fs::write(directory.join("package.json"), manifest.to_string()).ok()?;
    std::fs::write(directory.join("index.js"), "module.exports = () => 42;\n".repeat(100)).ok()?;
    let told: Value = serde_json::from_str(&native::output("npm", &["pack", "--json"], directory)).ok()?;
    // A list of packages, or since npm 12 an object by name.
    let told = told.get(0).or_else(|| told.get(NAME))?;
    let file = told["filename"].as_str()?;
    Some((
        std::fs::read(directory.join(file)).ok()?,
        told["integrity"].as_str()?.to_owned(),
    ))
}

/// A registry with one package. It lives as long as the benchmark.
fn serve(archive: Vec<u8>, integrity: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let dist = json!({ "tarball": format!("http://{address}/{NAME}-1.0.0.tgz"), "integrity": integrity });
    let version = json!({ "name": NAME, "version": "1.0.0", "main": "index.js", "dist": dist });
    let document = json!({ "name": NAME, "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": version } });
    let files = Arc::new((document.to_string().into_bytes(), archive));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let files = Arc::clone(&files);
            // A client that goes away is its own business.
            std::thread::spawn(move || answer(stream, &files));
        }
    });
    address
}

fn answer(mut stream: TcpStream, files: &(Vec<u8>, Vec<u8>)) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut input = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    input.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    while !line.trim().is_empty() {
        line.clear();
        input.read_line(&mut line)?;
    }
    let (status, kind, body) = match target.as_str() {
        path if path == format!("/{NAME}") => ("200 OK", "application/json", files.0.as_slice()),
        path if path.ends_with(".tgz") => ("200 OK", "application/octet-stream", files.1.as_slice()),
        _ => ("404 Not Found", "application/json", b"{}".as_slice()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

pub fn measure(plan: &Plan) {
    let directory = tempfile::tempdir().expect("a directory");
    let Some((archive, integrity)) = pack(directory.path()) else {
        return say("npm: this machine has no npm to pack the package, so nothing is measured");
    };
    let address = serve(archive, &integrity);
    let mut settings = generous(None);
    settings
        .arguments
        .extend(["--egress-allow".to_owned(), address.to_string()]);
    let platform = Platform::start_with(settings);
    let api = platform.api();
    let sandbox = api.create(&json!({ "target": "us" }));
    let (mut ours, mut theirs) = (Samples::default(), Samples::default());
    let here = directory.path().join("native");
    std::fs::create_dir(&here).expect("a directory");
    let registry = format!("http://{address}/");
    let command = format!("npm install --registry={registry} --no-audit --no-fund {NAME}");
    for round in 0..plan.samples(20) + 1 {
        let mut one = Samples::default();
        let inside = format!("mkdir p{round} && cd p{round} && echo '{{}}' > package.json && {command}");
        let answer = one.time(|| api.exec(&sandbox, &inside));
        assert_eq!(answer.json["exitCode"], 0, "{command}: {}", answer.text);
        let used = api.exec(&sandbox, &format!("cd p{round} && node -p \"require('{NAME}')()\""));
        assert_eq!(used.json["result"], "42\n", "{}", used.text);
        let mut other = Samples::default();
        let script = format!("mkdir p{round} && cd p{round} && echo '{{}}' > package.json && {command}");
        assert!(
            other.time(|| native::run("sh", &["-c", &script], &here)),
            "the native npm installs"
        );
        if round > 0 {
            ours.push(one.percentile(0.5));
            theirs.push(other.percentile(0.5));
        }
    }
    beside("npm install of a small package", &ours, "npm", &theirs);
}
