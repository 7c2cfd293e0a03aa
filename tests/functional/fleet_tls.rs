//! A platform behind something that ends TLS with a certificate of one's own authority: runners and commands reach it.

use sandbar_tests::{Cli, Platform, RunnerProcess, make_region};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Ends TLS and passes bytes on, both ways; prints its port.
const RELAY: &str = r#"
import socket, ssl, sys, threading
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try: end.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def serve(raw):
    try:
        client = context.wrap_socket(raw, server_side=True)
    except OSError:
        return
    behind = socket.create_connection(("127.0.0.1", int(sys.argv[3])))
    threading.Thread(target=pump, args=(behind, client), daemon=True).start()
    pump(client, behind)
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"#;

struct Relay(Child);

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn runners_and_commands_trust_an_authority_of_ones_own_and_no_other() {
    let platform = Platform::start();
    let directory = tempfile::tempdir().expect("a directory");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let behind = platform
        .api_url
        .trim_end_matches("/api")
        .rsplit(':')
        .next()
        .unwrap_or_default();
    let mut relay = Command::new("python3")
        .args(["-c", RELAY])
        .args([&cert, &key])
        .arg(behind)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map(Relay)
        .expect("python3 of this machine");
    let mut line = String::new();
    let stdout = relay.0.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).expect("its port");
    let url = format!("https://localhost:{}/api", line.trim());

    let cert = cert.display().to_string();
    let cli = Cli::of_url(&url, &platform.api_key);
    assert!(cli.ok(&["region", "list", "--ca-file", &cert]).contains("us"));
    let distrusted = cli.refused(3, &["region", "list"]);
    assert!(distrusted.to_lowercase().contains("certificate"), "{distrusted}");

    let api = platform.api();
    let region = make_region(&api, "lab");
    let runner = RunnerProcess::start(&platform, &region, "machine", &["--api-url", &url, "--ca-file", &cert]);
    let sandbox = api.create(&json!({ "target": region }));
    let answer = api.exec(&sandbox, "echo over TLS");
    assert_eq!(
        answer.json["result"],
        "over TLS\n",
        "{} {}",
        answer.text,
        runner.log_tail()
    );
}
